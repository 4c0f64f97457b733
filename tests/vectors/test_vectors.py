"""Messages that other implementations once made, and our own: what they prove must never change."""

from __future__ import annotations

from collections import Counter

import pytest
from vectors.corpus import Vector, vectors

from zeep_wssec import errors

SHAPES = (
    "encrypt-sign", "encrypted-signature", "context", "derived", "username", "confirmation", "request-",
    "who", "headers", "soap1.2", "endorsing", "agreement", "xpath",
)  # fmt: skip
"""Words that names of good messages have."""


@pytest.mark.parametrize("vector", vectors(), ids=str)
def test_vector(vector: Vector) -> None:
    """Accepted, or refused with the class that the case names."""
    if vector.is_good:
        vector.check()
        return
    expected = vector.case["expect"]
    with pytest.raises(getattr(errors, expected)) as caught:
        vector.check()
    assert caught.type.__name__ == expected


def test_every_case_says_why() -> None:
    """A vector without its origin and reason is of no use to later readers."""
    for vector in vectors():
        assert vector.case["origin"]
        assert vector.case["why"]


def test_every_peer_and_every_shape() -> None:
    """Every peer has good messages, and every way to protect one is there in both directions."""
    good = Counter(vector.peer for vector in vectors() if vector.is_good)
    assert min(good[peer] for peer in ("wss4j", "zeep-wssec", "cxf", "node-soap", "xmlsec1")) >= 5
    assert min(good[peer] for peer in ("libxmlsec", "signxml")) >= 2
    for peer in ("wss4j", "zeep-wssec"):
        names = " ".join(vector.folder.name for vector in vectors() if vector.peer == peer)
        assert [shape for shape in SHAPES if shape not in names] == []
