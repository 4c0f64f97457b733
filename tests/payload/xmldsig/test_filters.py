"""XPath Filter 2.0: accepted as it is stated, and given back is what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from payload.xmldsig.kit import INVOICE, Sides, changed, find, signed, verified
from payload.xmldsig.test_xmlsec1 import files, xmlsec1

from zeep_wssec import ProfileError
from zeep_wssec.errors import PayloadMalformedError, PayloadSignatureError
from zeep_wssec.payload.xmldsig import XmlDsigSettings
from zeep_wssec.xmlcrypto.signature_model import XPATH_FILTER

NAMES = {"i": "urn:invoice"}
LEAVE: dict[str, Any] = {"xpath_filters": ["subtract //i:Buyer"], "namespaces": NAMES}
ONLY: dict[str, Any] = {"xpath_filters": ["intersect //i:Total"], "namespaces": NAMES}


def test_what_is_left_out_is_not_given_back(sides: Sides) -> None:
    """What a filter subtracts may change, and is no part of the content."""
    document = signed(sides.sender(**LEAVE)).replace("café".encode(), b"tea")
    content = verified(sides.receiver(**LEAVE), document).content or b""
    assert b"12.50" in content
    assert b"Buyer" not in content
    with pytest.raises(PayloadSignatureError):
        verified(sides.receiver(**LEAVE), document.replace(b"12.50", b"12.51"))


def test_what_is_intersected_is_all(sides: Sides) -> None:
    """What a filter intersects is all that is signed."""
    document = signed(sides.sender(**ONLY)).replace("café".encode(), b"tea")
    content = verified(sides.receiver(**ONLY), document).content or b""
    assert content.startswith(b"<i:Total ")
    assert content.endswith(b">12.50</i:Total>")


def test_filter_that_is_not_stated(sides: Sides) -> None:
    """A filter is never taken because it is there, nor passed over where it is stated."""
    for made, taken in ((LEAVE, {}), ({}, LEAVE), (LEAVE, ONLY), (ONLY, LEAVE)):
        with pytest.raises(PayloadMalformedError, match="filters"):
            verified(sides.receiver(**taken), signed(sides.sender(**made)))


def test_prefix_that_means_something_else(sides: Sides) -> None:
    """XSW-17: the prefixes of an expression mean what is stated."""
    document = signed(sides.sender(**LEAVE))
    rebound = document.replace(
        b'xmlns:f2="' + XPATH_FILTER.encode() + b'"',
        b'xmlns:f2="' + XPATH_FILTER.encode() + b'" xmlns:i="urn:other"',
    )
    assert rebound != document
    with pytest.raises(PayloadMalformedError, match="prefix"):
        verified(sides.receiver(**LEAVE), rebound)


@pytest.mark.parametrize("operation", ["union", "", "Subtract"])
def test_operations(sides: Sides, operation: str) -> None:
    """A filter adds nothing: union, and what is none, are refused."""
    document = signed(sides.sender(**LEAVE))
    with pytest.raises(PayloadMalformedError, match="filter"):
        verified(
            sides.receiver(**LEAVE),
            changed(
                document,
                lambda root: find(root, "//*[local-name()='XPath']").set("Filter", operation),
            ),
        )


def test_nothing_is_left(sides: Sides) -> None:
    """A filter that leaves nothing signs nothing."""
    with pytest.raises(PayloadMalformedError, match="leave nothing"):
        signed(sides.sender(xpath_filters=["subtract /i:Invoice"], namespaces=NAMES))


@pytest.mark.parametrize(
    "filters", [["union //x"], ["subtract //["], ["subtract //a", "intersect //b"], ["//a"]]
)
def test_filters_that_cannot_be_stated(filters: list[str]) -> None:
    """A wrong filter is named when the settings are made."""
    with pytest.raises(ProfileError, match=r"xpath_filters\[[01]\]"):
        XmlDsigSettings(xpath_filters=filters)


@pytest.mark.parametrize("settings", [LEAVE, ONLY], ids=["subtract", "intersect"])
def test_xmlsec1_reads(settings: dict[str, Any], tmp_path: Path) -> None:
    """xmlsec1 reads the same in our filters: what is left out may change, what is left may not."""
    sides = Sides.create(now=None)
    document = sides.sender(**settings).sign(INVOICE).content or b""
    root, middle, _ = files(sides, tmp_path)
    path = tmp_path / "signed.xml"
    for octets, code in (
        (document.replace("café".encode(), b"tea"), 0),
        (document.replace(b"12.50", b"12.51"), 1),
    ):
        path.write_bytes(octets)
        done = xmlsec1("--verify", "--trusted-pem", root, "--untrusted-pem", middle, path)
        assert done.returncode == code, done.stderr
