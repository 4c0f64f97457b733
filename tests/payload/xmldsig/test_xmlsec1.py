"""xmlsec1, the program, verifies what we sign; we verify what it signs."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from payload.matrix import Direction, words
from payload.xmldsig.kit import INVOICE, KINDS, Sides
from peers import require_program

from zeep_wssec.xmlcrypto.algorithms import CANONICALIZATIONS_BY_NAME, SIGNATURE_METHODS_BY_NAME
from zeep_wssec.xmlcrypto.signature_model import DS

ALGORITHMS = {"rsa-sha256": "rsa-2048", "rsa-sha512": "rsa-2048", "ecdsa-sha256": "ec-p256"}


def each(direction: Direction) -> pytest.MarkDecorator:
    """The rows of the table, as kind, canonical form and algorithm."""
    return pytest.mark.parametrize(
        ("kind", "form", "algorithm"), words("xmldsig", "xmlsec1", direction)
    )


def test_x1_every_case_is_in_the_table() -> None:
    """54 cells each way: every kind, canonical form and algorithm."""
    expected = set(itertools.product(KINDS, CANONICALIZATIONS_BY_NAME, ALGORITHMS))
    assert len(expected) == 54
    assert set(words("xmldsig", "xmlsec1", "to_peer")) == expected
    assert set(words("xmldsig", "xmlsec1", "from_peer")) == expected


IDS = [
    part
    for name in ("Total", "Buyer", "Invoice")
    for part in ("--id-attr:Id", f"urn:invoice:{name}")
]


def xmlsec1(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [require_program("xmlsec1"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(sides: Sides, folder: Path) -> tuple[Path, Path, Path]:
    """Write root, intermediate, and alice's key with her certificate."""
    (folder / "root.pem").write_bytes(sides.authority.pem)
    (folder / "middle.pem").write_bytes(sides.alice.chain[0].pem)
    (folder / "key.pem").write_bytes(sides.alice.key_pem())
    (folder / "cert.pem").write_bytes(sides.alice.certificate_pem)
    return folder / "root.pem", folder / "middle.pem", folder / "key.pem"


@each("to_peer")
def test_x1_it_reads(kind: str, form: str, algorithm: str, tmp_path: Path) -> None:
    """X-01, X-03, X-06: 54 cells, with chain; one changed character fails."""
    sides = Sides.create(ALGORITHMS[algorithm], now=None)
    sender = sides.sender(**KINDS[kind], canonicalization=form, algorithm=algorithm)
    document = sender.sign(INVOICE).content or b""
    root, middle, _ = files(sides, tmp_path)
    for octets, code in ((document, 0), (document.replace(b"12.50", b"12.51"), 1)):
        (tmp_path / "signed.xml").write_bytes(octets)
        done = xmlsec1(
            "--verify",
            "--trusted-pem",
            root,
            "--untrusted-pem",
            middle,
            *IDS,
            tmp_path / "signed.xml",
        )
        assert done.returncode == code, done.stderr


@each("from_peer")
def test_x1_it_writes(kind: str, form: str, algorithm: str, tmp_path: Path) -> None:
    """X-09: we verify what xmlsec1 signs, in each of the 54 cells; one changed character is refused."""
    sides = Sides.create(ALGORITHMS[algorithm], now=None)
    _, _, key = files(sides, tmp_path)
    (tmp_path / "template.xml").write_bytes(template(kind, form, algorithm))
    made = tmp_path / "made.xml"
    done = xmlsec1(
        "--sign",
        "--privkey-pem",
        f"{key},{tmp_path / 'cert.pem'}",
        *IDS,
        "--output",
        made,
        tmp_path / "template.xml",
    )
    assert done.returncode == 0, done.stderr
    receiver = sides.receiver(**KINDS[kind])
    assert receiver.verify(made).signed_by == ("alice",)
    with pytest.raises(Exception, match="does not match"):
        receiver.verify(made.read_bytes().replace(b"12.50", b"12.51"))


def template(kind: str, form: str, algorithm: str) -> bytes:
    """Give a document that xmlsec1 fills in."""
    uri = CANONICALIZATIONS_BY_NAME[form].uri
    method = SIGNATURE_METHODS_BY_NAME[algorithm].uri
    target = {"enveloped": "", "enveloping": "#content", "detached": "#total"}[kind]
    enveloped = f'<ds:Transform Algorithm="{DS}enveloped-signature"/>' if not target else ""
    invoice = INVOICE.split(b"\n", 1)[1].decode().strip()
    held = f'<ds:Object Id="content">{invoice}</ds:Object>' if kind == "enveloping" else ""
    signature = (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{uri}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="{target}"><ds:Transforms>'
        f'{enveloped}<ds:Transform Algorithm="{uri}"/></ds:Transforms>'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/>'
        "</ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate/></ds:X509Data></ds:KeyInfo>{held}</ds:Signature>"
    )
    if kind == "enveloping":
        return signature.encode()
    return invoice.replace("</i:Invoice>", f"{signature}</i:Invoice>").encode()
