"""Whatever octets a key file has, it is read or refused with an error of ours."""

from __future__ import annotations

import contextlib
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from java_files import authentic, header, jks_file, key_entry

from zeep_wssec.errors import KeyMaterialError
from zeep_wssec.keys.java_stream import read_object
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STREAM = bytes.fromhex("aced0005")
"""How a stream of Java objects begins."""


def load(data: bytes) -> None:
    with contextlib.suppress(KeyMaterialError):
        Keystore.from_bytes(data, password="x")


@cache
def issued() -> Issued:
    return Authority.create("Root").issue("x")


@SLOW
@given(data=st.binary(max_size=400), start=st.sampled_from((0xFEEDFEED, 0xCECECECE)))
def test_any_octets(data: bytes, start: int) -> None:
    """Behind a right digest may stand anything."""
    load(authentic(start.to_bytes(4, "big") + data))
    load(authentic(header(count=1, magic=start) + data))
    load(authentic(header(count=1) + key_entry(data)))


@SLOW
@given(place=st.integers(min_value=0, max_value=2000), octet=st.integers(0, 255))
def test_one_octet_changed(place: int, octet: int) -> None:
    """A file that is almost right is read or refused, too."""
    body = bytearray(jks_file(issued(), "a", "x")[:-20])
    body[place % len(body)] = octet
    load(authentic(bytes(body)))


@SLOW
@given(data=st.binary(max_size=300))
def test_any_java_object(data: bytes) -> None:
    """Reading a stream ends, and with no other error."""
    for start in (b"", b"\x73\x72\x00\x01a" + bytes(8) + b"\x02\x00\x01"):
        try:
            read_object(STREAM + start + data, 0)
        except ValueError:
            continue


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
RSA_MEMBERS = ("n", "e", "d", "p", "q", "dp", "dq", "qi")
MEMBERS = ("kty", "kid", "x", "y", "k", "crv", "x5c", "x5t", "use", "key_ops", *RSA_MEMBERS)


@SLOW
@given(
    table=st.dictionaries(st.sampled_from(MEMBERS), JSON),
    kind=st.sampled_from(("RSA", "EC", "OKP", "oct")),
)
def test_any_json_web_key(table: dict[str, Any], kind: str) -> None:
    """Members of any type and value."""
    load(json.dumps({**table, "kty": kind}).encode())
    load(json.dumps({"keys": [{**table, "kty": kind, "d": "AA", "crv": "P-256"}]}).encode())


@pytest.mark.parametrize("depth", [100, 100_000])
def test_depth_of_objects(depth: int) -> None:
    """Java objects in each other, as deep as a file allows."""
    nested = (b"\x73\x72\x00\x01a" + bytes(8) + b"\x02\x00\x00") * depth
    with pytest.raises(ValueError, match=r".*"):
        read_object(STREAM + nested, 0)
