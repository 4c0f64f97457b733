"""The matrix of OpenPGP: GnuPG's command, Bouncy Castle and Sequoia; each row of the table is a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import pytest
from interop.cxf.peer import PeerMissing
from payload.bouncycastle.peer import BouncyCastle, Refused
from payload.matrix import Cell, read_cells
from payload.openpgp.cases import Case, cases, possible
from payload.openpgp.kit import DATA, PASSPHRASE, Rings
from peers import miss, require_module

from zeep_wssec import PayloadError
from zeep_wssec.payload.openpgp import OpenPgp
from zeep_wssec.payload.openpgp.algorithms import CIPHERS_BY_NAME, COMPRESSIONS

pytestmark = pytest.mark.interop
CELLS = read_cells("openpgp")
CASES = cases()
FAILURES = (AssertionError, Refused, PayloadError, RuntimeError)


class Peer(Protocol):
    """What protects and reads in place of us."""

    def protect(self, case: Case) -> bytes:
        """Protect the data: signed by alice, encrypted to bob."""

    def read(self, case: Case, data: bytes) -> bytes:
        """Give the content that bob reads, once alice's signature is found to be right."""


class Command:
    """``gpg``."""

    def __init__(self, rings: Rings) -> None:
        self._rings = rings

    def protect(self, case: Case) -> bytes:
        bob = ("-r", self._rings.fingerprints["bob"], "-e")
        alice = ("-u", self._rings.fingerprints["alice"])
        how = {
            "protect": (*alice, *bob, "-s"),
            "encrypt": bob,
            "sign": (*alice, "-s"),
            "detached": (*alice, "-b"),
        }
        options = [
            f"--cipher-algo={CIPHERS_BY_NAME[case.cipher].uri}",
            f"--compress-algo={COMPRESSIONS[case.compression]}",
            *(["--armor"] if case.armor else []),
        ]
        return self._rings.peer.run(*options, *how[case.verb], data=DATA)

    def read(self, case: Case, data: bytes) -> bytes:
        peer = self._rings.peer
        if case.verb == "detached":
            path = peer.home / "signature"
            path.write_bytes(data)
            peer.run("--verify", str(path), "-", data=DATA)
            content = DATA
        else:
            content = peer.run("--decrypt", data=data)
        assert case.verb == "encrypt" or peer.has("GOODSIG")
        assert case.verb not in ("encrypt", "protect") or peer.has("GOODMDC")
        return content


class Castle:
    """Bouncy Castle, as a gateway has it."""

    def __init__(self, castle: BouncyCastle, rings: Rings) -> None:
        self._castle, self._rings = castle, rings

    def protect(self, case: Case) -> bytes:
        number = str(CIPHERS_BY_NAME[case.cipher].number)
        given = {"cipher": number, "compression": case.compression}
        (self._rings.path("in")).write_bytes(DATA)
        found = self._do("pgp-protect", secret="alice.sec", public="bobs.gpg", **given)
        assert found["recipients"] == "2"
        return self._rings.path("out").read_bytes()

    def read(self, case: Case, data: bytes) -> bytes:
        (self._rings.path("in")).write_bytes(data)
        found = self._do("pgp-open", secret="bob.sec", public="senders.gpg")
        assert found == {"integrity": "true", "verify": "true"}
        return self._rings.path("out").read_bytes()

    def _do(self, verb: str, **given: str) -> dict[str, str]:
        more = {"folder": str(self._rings.folder), "passphrase": PASSPHRASE}
        return self._castle.do(verb, **{"in": "in", "out": "out"}, **more, **given)


class Sequoia:
    """Sequoia, through pysequoia: whole messages, without a choice of cipher and compression."""

    def __init__(self, rings: Rings) -> None:
        self._pgp: Any = require_module("pysequoia")
        self._rings = rings

    def protect(self, case: Case) -> bytes:
        signer, bob = self._secret("alice").signer(PASSPHRASE), self._certificate("bob")
        made: bytes
        if case.verb == "encrypt":
            made = self._pgp.encrypt(DATA, recipients=[bob], armor=case.armor)
        elif case.verb == "protect":
            made = self._pgp.encrypt(DATA, recipients=[bob], signer=signer, armor=case.armor)
        else:
            modes = self._pgp.SignatureMode
            mode = modes.DETACHED if case.verb == "detached" else modes.INLINE
            made = self._pgp.sign(signer, DATA, mode=mode, armor=case.armor)
        return bytes(made)

    def read(self, case: Case, data: bytes) -> bytes:
        alice = self._certificate("alice")
        how = {"store": lambda names: [alice]}
        if case.verb == "detached":
            found = self._pgp.verify(DATA, signature=self._pgp.Sig.from_bytes(data), **how)
        elif case.verb == "sign":
            found = self._pgp.verify(data, **how)
        else:
            bob = self._secret("bob").decryptor(PASSPHRASE)
            more = how if case.verb == "protect" else {}
            found = self._pgp.decrypt(data, decryptor=bob, **more)
        assert case.verb == "encrypt" or len(found.valid_sigs) == 1
        return DATA if case.verb == "detached" else bytes(found.bytes)

    def _secret(self, name: str) -> Any:
        return self._pgp.Tsk.from_bytes(self._rings.path(f"{name}.sec").read_bytes())

    def _certificate(self, name: str) -> Any:
        return self._secret(name).extract_certificate()


@pytest.fixture(scope="module")
def castle() -> Iterator[BouncyCastle]:
    """One process for all cells."""
    with suppress(PeerMissing):
        with BouncyCastle() as running:
            yield running
        return
    miss("Bouncy Castle needs Maven and Java 17")


@pytest.fixture(scope="module")
def sides(rings: Rings) -> Iterator[tuple[OpenPgp, OpenPgp]]:
    """Alice and bob, whose rings are read once."""
    partners = rings.peer.export(rings.fingerprints["bob"], rings.fingerprints["bob2"])
    rings.path("bobs.gpg").write_bytes(partners)
    with rings.alice(public_rings=[rings.path("bobs.gpg")]) as alice, rings.bob() as bob:
        yield alice, bob


@pytest.fixture
def peer(request: pytest.FixtureRequest, rings: Rings, sides: tuple[OpenPgp, OpenPgp]) -> Peer:
    """The peer of a row."""
    del sides  # their rings are files by now
    cell: Cell = request.param
    if cell.peer == "gpg":
        return Command(rings)
    if cell.peer == "pysequoia":
        return Sequoia(rings)
    return Castle(request.getfixturevalue("castle"), rings)


def other(pgp: OpenPgp, **settings: Any) -> OpenPgp:
    """Give the same keys with other settings."""
    made = OpenPgp(replace(pgp.settings, **settings))
    made._state = pgp._state
    return made


def ours(bob: OpenPgp, case: Case, data: bytes) -> bytes:
    """Read it ourselves."""
    reader = other(bob, legacy=case.legacy)
    if case.verb == "encrypt":
        found = reader.decrypt(data)
    elif case.verb == "protect":
        found = reader.open(data)
    else:
        found = reader.verify(data, content=DATA if case.verb == "detached" else None)
    assert case.verb == "encrypt" or found.signed_by == ("Alice <alice@send.example>",)
    assert found.content is not None
    return found.content


def made_by_us(alice: OpenPgp, case: Case) -> bytes:
    """Protect it ourselves."""
    verb = "sign" if case.verb == "detached" else case.verb
    content = getattr(other(alice, **case.settings()), verb)(DATA).content
    assert isinstance(content, bytes)
    return content


def changed(case: Case, data: bytes) -> bytes:
    """One octet near the end, or one letter of the armor, is another one."""
    if not case.armor:
        return data[:-24] + bytes([data[-24] ^ 1]) + data[-23:]
    lines = data.split(b"\n")
    at = len(lines) - 5  # of the content; what is above may be for somebody else
    lines[at] = (b"B" if lines[at][:1] == b"A" else b"A") + lines[at][1:]
    return b"\n".join(lines)


@pytest.mark.parametrize(("cell", "peer"), [(cell, cell) for cell in CELLS], indirect=["peer"],
                         ids=[cell.id for cell in CELLS])  # fmt: skip
def test_cell(cell: Cell, peer: Peer, sides: tuple[OpenPgp, OpenPgp]) -> None:
    """The reader gives the content, and does not give it once an octet was changed."""
    case, (alice, bob) = CASES[cell.case], sides

    def read(data: bytes) -> bytes:
        return peer.read(case, data) if cell.direction == "to_peer" else ours(bob, case, data)

    if cell.outcome == "refused":
        with pytest.raises(FAILURES):
            read(made_by_us(alice, case) if cell.direction == "to_peer" else peer.protect(case))
        return
    data = made_by_us(alice, case) if cell.direction == "to_peer" else peer.protect(case)
    assert read(data) == DATA
    with suppress(*FAILURES):
        assert read(changed(case, data)) == DATA
        pytest.fail("it was changed, and read all the same")


def test_every_case_is_in_the_table() -> None:
    """No case that a peer can do is left out, and no row is about another."""
    assert {(cell.peer, cell.direction, cell.case) for cell in CELLS} == set(possible())


def test_o7_gateway(rings: Rings, castle: BouncyCastle, sides: tuple[OpenPgp, OpenPgp]) -> None:
    """O-12: what a gateway writes, ZIP, SHA-512 and two recipients, is opened; and the other way round."""
    alice, bob = sides
    peer, case = Castle(castle, rings), CASES["protect aes256 zip"]
    opened = bob.open(peer.protect(case))
    assert (opened.content, opened.signers[0].digest) == (DATA, "sha512")
    assert len(opened.recipients) == 2
    assert peer.read(case, made_by_us(alice, case)) == DATA
