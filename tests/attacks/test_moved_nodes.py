"""Any structural change to a good message of any peer: it is refused, or what is read is what was signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fuzz.moves import OPERATIONS, Move, Tree, changed, wrap_signed
from fuzz.oracle import Finding, Original, assert_harmless
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from vectors.corpus import Vector, good_vectors

PEERS = sorted({vector.peer for vector in good_vectors()})
NUMBERS = st.integers(0, 65535)
MOVES = st.lists(
    st.builds(
        Move,
        st.integers(0, len(OPERATIONS) - 1),
        st.integers(0, 255),
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
    ),
    min_size=1,
    max_size=6,
)
EXAMPLES = 60
"""For each peer; the fuzz targets try many more."""


def of_peer(peer: str) -> Sequence[Vector]:
    """The good messages of a peer."""
    return [vector for vector in good_vectors() if vector.peer == peer]


@pytest.mark.parametrize("peer", PEERS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_moved_nodes(peer: str, data: st.DataObject) -> None:
    """Moves, copies, deletions, new names, prefixes and Ids, other attributes and texts, several at once."""
    vector = data.draw(st.sampled_from(of_peer(peer)), label="message")
    root = changed(vector.message, data.draw(MOVES, label="moves"))
    as_octets = etree.tostring(root)

    from_tree = assert_harmless(vector, root)
    from_octets = assert_harmless(vector, as_octets)

    assert (from_tree is None) is (from_octets is None)


@pytest.mark.parametrize("vector", good_vectors(), ids=str)
def test_unchanged(vector: Vector) -> None:
    """The twin: the message as it came, and a copy of its tree, are accepted."""
    assert assert_harmless(vector, vector.message) is not None
    assert assert_harmless(vector, changed(vector.message, [])) is not None


@pytest.mark.parametrize("vector", good_vectors(), ids=str)
def test_every_signed_node_wrapped(vector: Vector) -> None:
    """Each node with an Id moved into the header, and a forged one put in its place, with its Id or without."""
    for index in range(8):
        for target in (1, 2):
            for mode in (0, 2):
                root = changed(vector.message, [Move(15, mode, index, target, 0)])
                assert_harmless(vector, root)


def test_wrapping_is_number_15() -> None:
    """What the test above relies on."""
    assert OPERATIONS[15] is wrap_signed


def test_every_operation_changes_something() -> None:
    """No operation has become idle: each changes some good message."""
    vector = next(item for item in good_vectors() if item.folder.name == "encrypted-signature-who")
    before = etree.tostring(Tree(vector.message).root)
    for kind, operation in enumerate(OPERATIONS):
        moves = [Move(kind, mode, a, 9, 5, 3) for mode in range(8) for a in (7, 20, 33)]
        made = {etree.tostring(changed(vector.message, [move])) for move in moves}
        assert made - {before}, operation.__name__


def test_the_oracle_sees_a_changed_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Body that is not the signed one is a finding: accepted here because another message is given out."""
    one, other = (
        next(item for item in of_peer("wss4j") if item.folder.name == name)
        for name in ("sign-soap1.1", "sign-soap1.2")
    )
    swapped = replace(Original.of(one), seen=Original.of(other).seen)
    monkeypatch.setattr(Original, "of", lambda vector: swapped)
    with pytest.raises(Finding, match="not the one that was signed"):
        assert_harmless(one, one.message)
