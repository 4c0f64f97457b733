"""Attacks on OpenPGP that need keys or messages of their own, each beside its accepted twin."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from payload.openpgp.kit import DATA, MODERN, Gnupg, Rings

from zeep_wssec import KeyNotFoundError, KeyUsageError
from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignerError,
    PayloadUnsignedError,
)
from zeep_wssec.payload.openpgp import flow, gpg
from zeep_wssec.payload.openpgp.flow import Flow
from zeep_wssec.payload.openpgp.gpg import _read_status
from zeep_wssec.payload.openpgp.packets import key_packets, message_packets
from zeep_wssec.payload.openpgp.rings import read_listing
from zeep_wssec.payload.streams import open_source

ALICE = "alice@send.example"
SIGNING = (*MODERN[:2], "Key-Usage: sign", "Subkey-Type: eddsa", "Subkey-Curve: ed25519")


@pytest.fixture
def peer() -> Iterator[Gnupg]:
    """A sender with keys of its own."""
    with Gnupg.create() as peer:
        yield peer


def test_pg_02_relabelled(rings: Rings) -> None:
    """PG-02: protected data that is relabelled as unprotected is refused, with the opt-in as well."""
    with rings.alice() as alice:
        made = alice.protect(DATA).content or b""
    with open_source(made) as reader:
        *_, container = message_packets(reader)
    at = made.rindex(b"\xd2", 0, container.start)
    relabelled = made[:at] + b"\xc9" + made[at + 1 :]
    with rings.bob() as bob, pytest.raises(PayloadAlgorithmError):
        bob.open(relabelled)
    with rings.bob(legacy={"no-mdc": "an old gateway"}) as bob:
        assert bob.open(made).content == DATA
        # It decrypts to noise, which now and then reads as packets that nobody signed.
        with pytest.raises((PayloadDecryptionError, PayloadUnsignedError)):
            bob.open(relabelled)


def test_pg_06_expired(rings: Rings, peer: Gnupg, tmp_path: Path) -> None:
    """PG-06: what a key signed counts while the key is valid, and not after."""
    made = peer.make_key(
        "Ends <ends@send.example>", *MODERN, "Expire-Date: 20250601T000000", at="20250101T000000"
    )
    signed = peer.run("--faked-system-time=20250301T000000", "-u", made, "--sign", data=DATA)
    ring = tmp_path / "ends.gpg"
    ring.write_bytes(peer.export(made))
    with rings.bob(public_rings=[ring], signed_by=["ends@"]) as bob:
        assert bob.verify(signed, now=datetime(2025, 3, 2, tzinfo=UTC)).content == DATA
        with pytest.raises(PayloadSignerError) as caught:
            bob.verify(signed)
    assert caught.value.reason == "expired"


def test_pg_06_revoked(rings: Rings, peer: Gnupg, tmp_path: Path) -> None:
    """PG-06, PG-12: a key that is revoked proves nobody, and nothing is encrypted to it."""
    made = peer.make_key("Gone <gone@send.example>", *MODERN)
    signed, ring = peer.run("-u", made, "--sign", data=DATA), tmp_path / "gone.gpg"
    ring.write_bytes(peer.export(made))
    settings = {"public_rings": [ring], "signed_by": ["gone@"], "recipients": ["gone@"]}
    with rings.bob(**settings) as bob:
        assert bob.verify(signed).content == DATA
        assert bob.encrypt(DATA).size
    text = (peer.home / "openpgp-revocs.d" / f"{made}.rev").read_text().replace(":-----", "-----")
    peer.run("--import", data=text.encode())
    ring.write_bytes(peer.export(made))
    with rings.bob(**settings) as bob:
        with pytest.raises(PayloadSignerError) as refused:
            bob.verify(signed)
        with pytest.raises(KeyUsageError) as unfit:
            bob.encrypt(DATA)
    assert (refused.value.reason, unfit.value.reason) == ("revoked", "revoked")


def test_pg_07_subkey_of_another(rings: Rings, peer: Gnupg, tmp_path: Path) -> None:
    """PG-07: a subkey that is put under another's key signs for nobody."""
    maker = peer.make_key("Maker <maker@send.example>", *SIGNING)
    victim = peer.make_key("Victim <victim@send.example>", *MODERN)
    signed = peer.run("-u", maker, "--sign", data=DATA)
    genuine, other = peer.export(maker), peer.export(victim)
    subkey = next(at for at, tag in offsets(genuine) if tag == 14)
    for name, octets in (("genuine", genuine), ("forged", other + genuine[subkey:])):
        (tmp_path / f"{name}.gpg").write_bytes(octets)
    with rings.bob(public_rings=[tmp_path / "genuine.gpg"], signed_by=["maker@"]) as bob:
        assert bob.verify(signed).content == DATA
    forged = {"public_rings": [tmp_path / "forged.gpg"], "signed_by": ["victim@"]}
    with rings.bob(**forged) as bob, pytest.raises(PayloadSignerError) as caught:
        bob.verify(signed)
    assert caught.value.reason == "unknown_signer"


def offsets(octets: bytes) -> Iterator[tuple[int, int]]:
    """Give where each packet of a ring begins, and its tag."""
    at = 0
    for tag, body in key_packets(octets):
        yield at, tag
        at = octets.index(body, at) + len(body)


def test_pg_09_short_names(rings: Rings) -> None:
    """PG-09: a key is named by its whole fingerprint: anybody can make one with the same short id."""
    whole = rings.fingerprints["bob"]
    with rings.alice(recipients=[whole]) as alice:
        assert len(alice.encrypt(DATA).recipients) == 1
    for short in (whole[-16:], whole[-8:], f"0x{whole[-16:]}"):
        with rings.alice(recipients=[short]) as alice, pytest.raises(KeyNotFoundError):
            alice.encrypt(DATA)


def test_pg_12_many_recipients(rings: Rings) -> None:
    """PG-12: recipients are counted before a key is used."""
    with rings.alice(recipients=[rings.fingerprints["bob"]]) as alice:
        made = alice.protect(DATA).content or b""
    with open_source(made) as reader:
        first, _ = message_packets(reader)
    session = made[: first.end]
    with rings.bob() as bob:
        assert bob.open(session * 2 + made).content == DATA
        with pytest.raises(PayloadMalformedError, match="packets"):
            bob.open(session * 70 + made)


def test_pg_14_file_name(rings: Rings, tmp_path: Path) -> None:
    """PG-14: the name that a message brings names no file."""
    bob_ = ("-r", rings.fingerprints["bob"], "-s", "-e")
    made = rings.peer.run("--set-filename", "../../taken", "-u", ALICE, *bob_, data=DATA)
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    with rings.bob() as bob:
        result = bob.open(made, to=inside / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "out"]
    assert "taken" not in repr(result)


def test_pg_15_errors_tell_no_place(rings: Rings) -> None:
    """PG-15: what a sender causes tells neither folders nor what GnuPG says."""
    with rings.bob() as bob:
        home = bob.ring_keys() and bob._state.home._folder  # type: ignore[union-attr]
        with rings.alice(recipients=["carol"]) as alice:
            made = alice.protect(DATA).content or b""
        with pytest.raises(PayloadDecryptionError) as caught:
            bob.open(made)
    assert str(home) not in str(caught.value)
    assert "gpg" not in str(caught.value).lower()


@pytest.mark.parametrize("end", ["\u2028", "\n"], ids=["2028", "000a"])
def test_pg_14_name_that_looks_like_a_verdict(rings: Rings, end: str) -> None:
    """PG-01, PG-14: a file name that holds status lines of GnuPG signs nothing, whatever ends its lines."""
    alice = rings.fingerprints["alice"]
    valid = f"VALIDSIG {alice} 2026-01-01 1767225600 0 4 0 22 10 00 {alice}"
    name = f"x{end}[GNUPG:] GOODSIG {alice[-16:]} Alice{end}[GNUPG:] {valid}{end}"
    message = literal(name.encode(), DATA)
    made = rings.peer.run("-r", rings.fingerprints["bob"], "--no-literal", "-e", data=message)
    with rings.bob() as bob, pytest.raises(PayloadUnsignedError):
        bob.open(made)
    with rings.bob(signatures="optional") as bob:
        opened = bob.open(made)
    assert (opened.content, opened.signed_by) == (DATA, ())


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_only_a_line_feed_ends_a_line(end: str) -> None:
    """PG-14: whatever of a message stands in a status line or in a list of keys, it begins no other one."""
    status = f"[GNUPG:] PLAINTEXT 62 0 x{end}[GNUPG:] GOODSIG 1 Alice\n"
    assert [name for name, _ in _read_status(status.encode())] == ["PLAINTEXT"]
    primary = "pub:u:255:22:0123456789ABCDEF:1767225600:::u:::scESC:"
    listed = f"{primary}\nfpr:::::::::{'A' * 40}:\nuid:u::::::::x{end}uid:u::::::::Alice:\n"
    (key,) = read_listing(listed)
    assert len(key.user_ids) == 1


def literal(name: bytes, content: bytes) -> bytes:
    """Give a literal packet with a file name."""
    body = b"b" + bytes([len(name)]) + name + bytes(4) + content
    return b"\xcb\xff" + len(body).to_bytes(4, "big") + body


def test_user_id_that_looks_like_a_key(rings: Rings, peer: Gnupg, tmp_path: Path) -> None:
    """PG-09: a user id that holds lines of a list of keys adds no key, and takes no name."""
    lines = "\u2028uid:u::::::::Alice <alice@send.example>:\u2028"
    evil = peer.make_key(f"Evil{lines} <evil@send.example>", *MODERN)
    ring = tmp_path / "evil.gpg"
    ring.write_bytes(peer.export(evil))
    with rings.bob(public_rings=[ring], signed_by=["evil@send.example"]) as bob:
        (key, _) = bob.ring_keys()
        assert (key.fingerprint, len(key.user_ids)) == (evil, 1)


STRANGER = bytes.fromhex("c217 04000108 0000 000a 0910 1111111111111111 0000 0008ff")
"""A signature packet that names a key which nobody has."""


def with_strangers(rings: Rings, count: int) -> bytes:
    """Give what alice signed, with so many signatures of strangers beside hers; compressed it is small."""
    with rings.alice(detached=True) as alice:
        mine = alice.sign(DATA).content or b""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(mine + STRANGER * count + literal(b"", DATA)) + packer.flush()
    return b"\xc8\xff" + (1 + len(packed)).to_bytes(4, "big") + b"\x01" + packed


def test_pg_17_packets_without_end(rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    """PG-17: a small message that keeps GnuPG busy is given up; one with a few such packets is read."""
    many, few = with_strangers(rings, 40_000), with_strangers(rings, 20)
    assert len(many) < 10_000
    with rings.bob() as bob:
        found = bob.verify(few)
        assert (found.content, len(found.signed_by)) == (DATA, 1)
        monkeypatch.setattr(flow, "SILENT_SECONDS", 1.0)
        with pytest.raises(PayloadLimitError, match="busy"):
            bob.verify(many)


def test_pg_17_status_without_end(rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    """PG-17: what GnuPG says about a message is bounded."""
    made = with_strangers(rings, 20)
    with rings.bob() as bob:
        assert bob.verify(made).content == DATA
        monkeypatch.setattr(gpg, "_MAX_STATUS_BYTES", 100)
        with pytest.raises(PayloadLimitError, match="without end"):
            bob.verify(made)


class Waiting:
    """A selector that finds something at its third look."""

    looks = 0

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def register(self, stream: object, events: int) -> None:
        pass

    def select(self, seconds: float) -> bool:
        self.looks += 1
        return self.looks == 3


def test_pg_17_slow_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """PG-17: GnuPG may stand still for as long as what it reads is not there yet."""
    monkeypatch.setattr(flow.selectors, "DefaultSelector", Waiting)
    with Path(os.devnull).open("rb") as stream:
        moving = Flow(0.0)
        with moving.aside():
            assert moving.wait(stream)
        assert not moving.wait(stream)
        assert Flow(None).wait(stream)
