"""Messages that other implementations once made: what they prove must never change.

Each case is a folder ``<peer>/<case>`` with ``message.xml``, the certificate of its ``signer.pem``, and
``case.toml``: where the message comes from, the time to check it at, ``accept`` or the error, and why.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec import Inbound, Keystore, Profile, errors

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/*/case.toml"))


def read(folder: Path) -> dict[str, Any]:
    """What a case says of itself."""
    return tomllib.loads((folder / "case.toml").read_text("utf-8"))


def check(folder: Path) -> None:
    """Check the message as a client that knows the signer."""
    case = read(folder)
    keystore = Keystore().with_partner("signer", folder / "signer.pem")
    profile = Profile(keystore=keystore, inbound=Inbound(legacy=case.get("legacy", {})))
    profile.check((folder / "message.xml").read_bytes(), now=case["time"])


@pytest.mark.parametrize("folder", CASES, ids=lambda item: f"{item.parent.name}/{item.name}")
def test_vector(folder: Path) -> None:
    """Accepted, or refused with the class that the case names."""
    expected = read(folder)["expect"]
    if expected == "accept":
        check(folder)
        return
    with pytest.raises(getattr(errors, expected)) as caught:
        check(folder)
    assert caught.type.__name__ == expected


def test_every_case_says_why() -> None:
    """A vector without its origin and reason is of no use to later readers."""
    assert len(CASES) >= 10
    for folder in CASES:
        case = read(folder)
        assert case["origin"]
        assert case["why"]
