"""The page of the documentation about the matrix: a function of the table, and of the peer's version."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from interop.cxf.peer import PROJECT
from interop.matrix import AXES, DIRECTIONS, Cell, values_of

PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
TITLES = {
    "order": "Order",
    "keys": "Keys",
    "derived": "Derived keys, by version of WS-SecureConversation",
    "extra": "Further tokens and exchanges",
    "soap": "SOAP",
    "signature": "Signature method",
    "sign_key": "Key that signs",
    "digest": "Digest of the parts",
    "canonicalization": "Canonicalization of SignedInfo",
    "part_canonicalization": "Canonicalization of the parts",
    "sign_reference": "Key reference of a signature",
    "signed": "Signed parts",
    "cipher": "Content cipher",
    "transport": "Key transport and agreement",
    "encrypt_key": "Key that is encrypted to",
    "oaep": "OAEP: digest and MGF1",
    "agreement": "Key agreement: key and derivation",
    "derivation": "Key derivation",
    "derivation_digest": "Digest of the derivation",
    "key_wrap": "Key wrap",
    "recipient_reference": "Key reference of an EncryptedKey",
    "encrypt_reference": "Reference to a symmetric key of encrypted data",
    "encrypted": "Encrypted parts",
    "twin": "What the refused twin changes",
}
"""Headings by axis, in the page's order."""
HEAD = """# Interoperability

Messages that one implementation protects and another reads, in both directions, with keys made for the
run. This page is written by the run: `tests/interop/test_matrix.py`.

## The matrix with WSS4J

The cells are declared in `tests/interop/matrix.csv`, a row each, before anything runs. In a cell one side
protects a SOAP message and the other reads it: WSS4J's DOM classes in one Java process, and
`profile.secure` and `profile.check`. A cell passes if

1. the **reader** reports what its row declares: the text of the Body, the user, the signer (none for a
   symmetric key), the signature method, the digests, exactly the signed parts, the content cipher, how the
   content key came, exactly the encrypted parts;
2. the algorithms and the forms of key reference that a reader does not report stand in the message;
3. the same message with **one other character** is refused by the same reader.

"""
OTHERS = """
## Other peers

| Peer | What runs | Where |
| --- | --- | --- |
| Apache CXF {cxf} | live services: zeep clients call them, sync and async | `tests/interop/test_cxf.py` |
| xmlsec1 | verifies our signatures on the command line | `tests/interop/test_xmlsec1.py` |
| node-soap, xml-crypto | live clients and verification | `tests/interop/test_node.py` |

What is protected outside of messages has [a table of its own](interop-payload.md).
"""


def page(cells: Sequence[Cell]) -> str:
    """Give the page for cells that all did what the table says."""
    return "".join(
        (
            HEAD,
            *_summary(cells),
            *_counts(cells),
            *_listed(cells),
            OTHERS.format(cxf=_version("cxf.version")),
        )
    )


def _version(name: str) -> str:
    """Give a version as the peer's project pins it."""
    match = re.search(rf"<{re.escape(name)}>([^<]+)<", (PROJECT / "pom.xml").read_text("utf-8"))
    assert match is not None, f"pom.xml has no {name}"
    return match[1]


def _summary(cells: Sequence[Cell]) -> Iterator[str]:
    passing = [cell for cell in cells if not cell.refused_by]
    yield f"WSS4J {_version('wss4j.version')}, in Apache CXF {_version('cxf.version')}.\n\n"
    yield "| | zeep-wssec to WSS4J | WSS4J to zeep-wssec | Together |\n| --- | --- | --- | --- |\n"
    listed = [cell for cell in cells if cell.refused_by]
    off = [cell for cell in passing if cell.bsp == "off"]
    for title, chosen in (
        ("Cells that pass", passing),
        ("Changed messages refused", passing),
        ("Of these, read by WSS4J with its BSP rules off", off),
        ("Cells listed as not supported, run and refused", listed),
    ):
        found = [sum(cell.direction == direction for cell in chosen) for direction in DIRECTIONS]
        yield f"| {title} | {found[0]} | {found[1]} | {len(chosen)} |\n"


def _counts(cells: Sequence[Cell]) -> Iterator[str]:
    """Give a table for each axis: how many cells pass with a value, in each direction."""
    yield (
        "\n## Cells that pass, by value\n\nA cell counts for each of its parts. A dash: none; "
        "the list below says why.\n"
    )
    for axis, title in TITLES.items():
        counts = Counter(
            (value, cell.direction)
            for cell in cells
            if not cell.refused_by
            for value in values_of(cell, axis)
        )
        values = AXES.get(axis) or sorted({value for value, _ in counts})
        more = sorted({value for value, _ in counts} - set(values))
        yield f"\n### {title}\n\n| Value | to WSS4J | from WSS4J |\n| --- | --- | --- |\n"
        for value in (*values, *more):
            found = [str(counts[value, direction] or "–") for direction in DIRECTIONS]
            yield f"| `{value}` | {found[0]} | {found[1]} |\n"


def _listed(cells: Sequence[Cell]) -> Iterator[str]:
    yield (
        "\n## Not supported\n\nThese cells run, too, and the run fails when one of them passes or is "
        "answered otherwise.\nWhat WSS4J has no setting for, the tool around it refuses to write.\n\n"
        "| Cell | Refused by | Answer | Reason |\n| --- | --- | --- | --- |\n"
    )
    for cell in cells:
        if cell.refused_by:
            answer = cell.answered.replace("|", "\\|")
            yield f"| {cell.id} | {cell.refused_by} | {answer} | {cell.reason} |\n"
