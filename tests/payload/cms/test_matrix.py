"""The matrix of CMS: openssl, Bouncy Castle and libcrypto, both ways; each row of the table is a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

import pytest
from interop.cxf.peer import PeerMissing
from payload.bouncycastle.peer import BouncyCastle, Refused
from payload.cms.cases import Case, cases, settings_of
from payload.cms.libcrypto import LibCrypto
from payload.cms.people import DATA, NOW, OLD, OpenSsl, people
from payload.matrix import Cell, read_cells
from peers import miss

from zeep_wssec import PayloadError

pytestmark = pytest.mark.interop
CELLS = read_cells("cms")
CASES = cases()
Protected = tuple[bytes, dict[str, Any]]


class Peer(Protocol):
    """What protects and reads in place of us; whatever goes wrong is an ``AssertionError`` or ``Refused``."""

    def protect(self, case: Case) -> bytes:
        """Protect ``data.bin``."""

    def read(self, case: Case, data: bytes, name: str) -> bytes:
        """Give the content that ``name`` reads, once signatures are found to be right."""


class Command:
    """``openssl cms``."""

    def __init__(self, openssl: OpenSsl) -> None:
        self._openssl = openssl

    def protect(self, case: Case) -> bytes:
        if case.verb == "sign":
            return self._openssl.sign(*case.who, more=case.openssl)
        if case.verb == "encrypt":
            return self._openssl.encrypt(*case.who, more=case.openssl)
        self._openssl.write("inner", self._openssl.sign("alice", more=("-nodetach",)))
        who = ("-recip", f"{case.who[0]}.pem")
        return self._openssl.make(
            "cms", "-encrypt", "-in", "inner", "-binary", "-outform", "DER", *who, *case.openssl
        )

    def read(self, case: Case, data: bytes, name: str) -> bytes:
        if case.verb == "sign":
            more = ("-content", "data.bin") if case.detached else ()
            return self._openssl.verify(data, *more, *self._along(case))
        inner = self._openssl.decrypt(data, name)
        return self._openssl.verify(inner) if case.verb == "protect" else inner

    def is_of_the_table(self) -> bool:
        """Whether this is the release that what is not supported was seen with."""
        return self._openssl.run("version").stdout.startswith(b"OpenSSL 3.0.")

    def _along(self, case: Case) -> tuple[str, ...]:
        """What the verifier has besides the root, where no certificates are in the data."""
        if case.ours.get("certificates") != "none":
            return ()
        both = self._openssl.read("ca.pem") + self._openssl.read("int.pem")
        self._openssl.write("both.pem", both)
        return ("-certfile", f"{case.who[0]}.pem", "-CAfile", "both.pem")


class Castle:
    """Bouncy Castle."""

    def __init__(self, castle: BouncyCastle, openssl: OpenSsl) -> None:
        self._castle = castle
        self._files = openssl

    def protect(self, case: Case) -> bytes:
        given = {"in": "data.bin", "out": "out", "type": "1.2.840.113549.1.7.1", **case.castle}
        named = "signers" if case.verb == "sign" else "recipients"
        given[named] = ",".join(case.who)
        self._castle.do(case.verb, folder=str(self._files.folder), **given)
        return self._files.read("out")

    def read(self, case: Case, data: bytes, name: str) -> bytes:
        given = {"in": self._files.write("in", data), "out": "out"}
        if case.verb == "sign":
            given["signers"] = ",".join(case.who)
            if case.detached:
                given["content"] = "data.bin"
            verified = self._castle.do("verify", folder=str(self._files.folder), **given)
            assert verified["signers"] == str(len(case.who))
            return self._files.read("data.bin" if case.detached else "out")
        self._castle.do("decrypt", folder=str(self._files.folder), name=name, **given)
        return self._files.read("out")


class Library:
    """libcrypto, for what no command has."""

    def protect(self, case: Case) -> bytes:
        signer = people().issued["alice"]
        recipients = [people().issued[name].certificate_pem for name in case.who]
        pair = (signer.certificate_pem, signer.key_pem())
        return LibCrypto().make(DATA, signer=pair, recipients=recipients)

    def read(self, case: Case, data: bytes, name: str) -> bytes:
        issued = people().issued[name]
        content, good = LibCrypto().open(
            data,
            certificate=issued.certificate_pem,
            key=issued.key_pem(),
            signer=people().issued["alice"].certificate_pem,
        )
        assert good, "libcrypto finds the signature wrong"
        return content


@pytest.fixture(scope="module")
def castle() -> Iterator[BouncyCastle]:
    """One process for all cells."""
    with suppress(PeerMissing):
        with BouncyCastle() as running:
            yield running
        return
    miss("Bouncy Castle needs Maven and Java 17")


@pytest.fixture
def peer(request: pytest.FixtureRequest, openssl: OpenSsl) -> Peer:
    """The peer of a row."""
    cell: Cell = request.param
    if cell.peer == "openssl":
        return Command(openssl)
    if cell.peer == "libcrypto":
        return Library()
    return Castle(request.getfixturevalue("castle"), openssl)


def ours(case: Case, data: bytes, name: str) -> bytes:
    """Read it ourselves, as ``name``."""
    signers = case.who if case.verb == "sign" else ("alice",)
    own = "max" if case.verb == "sign" else name
    cms = people().cms(own, " ".join(item for item in signers if item != own), legacy=OLD)
    if case.verb == "sign":
        seen = cms.verify(data, content=DATA if case.detached else None, now=NOW)
        assert set(seen.signed_by) == set(case.who)
    elif case.verb == "encrypt":
        seen = cms.decrypt(data, now=NOW)
    else:
        seen = cms.open(data, now=NOW)
        assert seen.signed_by == ("alice",)
    assert seen.content is not None
    return seen.content


def made_by_us(case: Case) -> bytes:
    """Protect it ourselves."""
    own = " ".join(case.who) if case.verb == "sign" else "alice"
    partners = "" if case.verb == "sign" else " ".join(name for name in case.who if name != "alice")
    cms = people().cms(own, partners, **settings_of(case))
    content = getattr(cms, case.verb)(DATA, now=NOW).content
    assert isinstance(content, bytes)
    return content


def changed(case: Case, data: bytes) -> bytes:
    """One octet of the content, of the ciphertext or of a detached signature is another one."""
    at = data.find(DATA[:5])
    if at < 0:
        at = len(data) - 24
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(("cell", "peer"), [(cell, cell) for cell in CELLS], indirect=["peer"],
                         ids=[cell.id for cell in CELLS])  # fmt: skip
def test_cell(cell: Cell, peer: Peer) -> None:
    """The reader gives the content, and does not give it once an octet was changed.

    What openssl 3.0 cannot do a later release may be able to; then it has to be right.
    """
    case = CASES[cell.case]
    failures = (AssertionError, Refused, PayloadError)
    if cell.outcome == "refused":
        if peer_refuses(cell, case, peer):
            return
        assert isinstance(peer, Command)
        assert not peer.is_of_the_table()
    data = exchange(cell, case, peer)
    other = changed(case, data)
    for name in readers(case):
        with suppress(*failures):
            read = peer.read if cell.direction == "to_peer" else ours
            assert read(case, other, name) == DATA
            pytest.fail("it was changed, and read all the same")


def peer_refuses(cell: Cell, case: Case, peer: Peer) -> bool:
    """Whether the peer cannot do its part; ours is done in any case."""
    data = made_by_us(case)
    try:
        if cell.direction == "from_peer":
            peer.protect(case)
        else:
            for name in readers(case):
                peer.read(case, data, name)
    except (AssertionError, Refused):
        return True
    return False


def exchange(cell: Cell, case: Case, peer: Peer) -> bytes:
    """One side protects, the other reads; give what went between them."""
    to_peer = cell.direction == "to_peer"
    data = made_by_us(case) if to_peer else peer.protect(case)
    for name in readers(case):
        assert (peer.read if to_peer else ours)(case, data, name) == DATA
    return data


def readers(case: Case) -> tuple[str, ...]:
    """Who reads it: each recipient, or anybody."""
    return ("anybody",) if case.verb == "sign" else case.who


def test_every_case_is_in_the_table() -> None:
    """No case that a peer can do is left out, and no row is about another."""
    listed = {(cell.peer, cell.direction, cell.case) for cell in CELLS}
    assert listed == set(possible())


def possible() -> Iterator[tuple[str, str, str]]:
    """Every peer, direction and case that there is a way to run."""
    for name, case in CASES.items():
        if name.startswith("protect pkcs7"):
            yield "libcrypto", "to_peer", name
            if case.ours.get("signed_attributes") is False:
                yield "libcrypto", "from_peer", name
            continue
        yield "openssl", "to_peer", name
        if case.openssl or case.detached:
            yield "openssl", "from_peer", name
        if case.verb == "protect":
            continue
        yield "bouncycastle", "to_peer", name
        if case.castle:
            yield "bouncycastle", "from_peer", name
