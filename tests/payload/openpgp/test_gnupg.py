"""Both directions with GnuPG's own command, row by row."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from payload.openpgp.kit import DATA, Rings

from zeep_wssec.errors import PayloadAlgorithmError
from zeep_wssec.payload.openpgp import OpenPgp
from zeep_wssec.payload.openpgp.algorithms import CIPHERS_BY_NAME

USERS = "alice@send.example"


def test_o1_protect(rings: Rings) -> None:
    """O-01 to O-08: both keys of the name are encrypted to, AES-256, SHA-512, compressed, with an MDC."""
    with rings.alice() as alice:
        made = alice.protect(DATA)
    assert len(made.recipients) == 2
    assert rings.peer.run("--decrypt", data=made.content or b"") == DATA
    status = rings.peer.status
    assert sum(line.startswith("ENC_TO ") for line in status) == 2
    assert any(line.startswith("DECRYPTION_INFO 2 9") for line in status)
    assert rings.peer.has("GOODSIG")
    assert rings.peer.has("GOODMDC")
    valid = next(line for line in status if line.startswith("VALIDSIG")).split()
    assert (valid[1], valid[8]) == (rings.fingerprints["alice"], "10")
    packets = rings.peer.run("--list-packets", data=made.content or b"", code=None)
    assert b":compressed packet: algo=1" in packets


@pytest.fixture(scope="module")
def loaded(rings: Rings) -> Iterator[tuple[OpenPgp, OpenPgp]]:
    """Alice and bob with their rings read, which takes GnuPG a while."""
    with rings.alice() as alice, rings.bob() as bob:
        assert alice.ring_keys()
        assert bob.ring_keys()
        yield alice, bob


def other(pgp: OpenPgp, **settings: Any) -> OpenPgp:
    """Give the same keys with other settings."""
    made = OpenPgp(replace(pgp.settings, **settings))
    made._state = pgp._state
    return made


@pytest.mark.parametrize("compression", ["zip", "zlib", "bzip2", "none"])
@pytest.mark.parametrize("cipher", CIPHERS_BY_NAME)
def test_o2_cipher_and_compression(
    rings: Rings, loaded: tuple[OpenPgp, OpenPgp], cipher: str, compression: str
) -> None:
    """O-04, O-05: GnuPG's number is that of the row, in both directions; weak ones need an opt-in."""
    alice, bob = loaded
    row = CIPHERS_BY_NAME[cipher]
    legacy = {"legacy": {row.legacy: "an old gateway"}} if row.legacy else {}
    made = other(alice, cipher=cipher, compression=compression, **legacy).protect(DATA).content
    assert rings.peer.run("--decrypt", data=made or b"") == DATA
    assert rings.peer.has(f"DECRYPTION_INFO 2 {row.number}")
    assert other(bob, **legacy).open(made or b"").encryption == cipher
    if row.legacy and compression == "zip":
        with pytest.raises(PayloadAlgorithmError, match=cipher):
            bob.open(made or b"")


def test_o3_two_signers(rings: Rings) -> None:
    """O-03: every key that is named signs the same data."""
    settings = {"secret_rings": [rings.path("two.sec")], "signers": ["alice", "carol"]}
    with rings.alice(**settings) as alice:
        made = alice.protect(DATA)
    assert len(made.signers) == 2
    rings.peer.run("--decrypt", data=made.content or b"")
    assert sum(line.startswith("GOODSIG") for line in rings.peer.status) == 2
    with rings.bob() as bob:
        opened = bob.open(made.content or b"")
    assert [item.trusted for item in opened.signers] == [True, False]


@pytest.mark.parametrize("armor", [False, True])
def test_o4_what_gnupg_writes_by_default(rings: Rings, armor: bool) -> None:
    """O-10: compressed and signed, as GnuPG writes it unasked."""
    options = ["--armor"] if armor else []
    made = rings.peer.run(
        *options, "-u", USERS, "-r", rings.fingerprints["bob"], "-s", "-e", data=DATA
    )
    for signatures in ("required", "optional"):
        with rings.bob(signatures=signatures) as bob:
            opened = bob.open(made)
        assert (opened.content, opened.signed_by) == (DATA, ("Alice <alice@send.example>",))


def test_signed_only(rings: Rings) -> None:
    """Signed data in both directions, with the content inside."""
    with rings.alice() as alice:
        ours = alice.sign(DATA).content or b""
    assert rings.peer.run("--decrypt", data=ours) == DATA
    assert rings.peer.has("GOODSIG")
    theirs = rings.peer.run("-u", USERS, "--sign", data=DATA)
    with rings.bob() as bob:
        for made in (ours, theirs):
            assert bob.verify(made).content == DATA


def test_detached(rings: Rings, tmp_path: Path) -> None:
    """A signature alone, in both directions; what is verified is given back."""
    with rings.alice(detached=True, armor=True) as alice:
        ours = alice.sign(DATA).content or b""
    (tmp_path / "sig").write_bytes(ours)
    rings.peer.run("--verify", str(tmp_path / "sig"), "-", data=DATA)
    assert rings.peer.has("GOODSIG")
    theirs = rings.peer.run("-u", USERS, "--detach-sign", data=DATA)
    with rings.bob() as bob:
        for made in (ours, theirs):
            found = bob.verify(made, content=io.BytesIO(DATA), to=tmp_path / "out")
            assert (found.content, (tmp_path / "out").read_bytes()) == (None, DATA)


def test_encrypted_only(rings: Rings) -> None:
    """Encrypted data in both directions."""
    with rings.alice() as alice:
        ours = alice.encrypt(DATA).content or b""
    assert rings.peer.run("--decrypt", data=ours) == DATA
    theirs = rings.peer.run("-r", rings.fingerprints["bob"], "-e", data=DATA)
    with rings.bob(signatures="optional") as bob:
        for made in (ours, theirs):
            assert bob.decrypt(made).content == DATA
            assert bob.open(made).signed_by == ()


def test_large_data_is_streamed(rings: Rings, tmp_path: Path) -> None:
    """Files go through pipes: what is larger than any buffer comes back octet for octet."""
    source, made, back = (tmp_path / name for name in ("in", "pgp", "out"))
    source.write_bytes(DATA * 10_000)
    with rings.alice() as alice, rings.bob() as bob:
        alice.protect(source, to=made)
        result = bob.open(made, to=back)
    assert result.size == source.stat().st_size
    assert back.read_bytes() == source.read_bytes()


def test_o3_elgamal(rings: Rings) -> None:
    """O-09: DSA keys sign with an opt-in, ElGamal keys are encrypted to."""
    peer = rings.peer
    kind = ("Key-Type: DSA", "Key-Length: 2048", "Subkey-Type: ELG-E", "Subkey-Length: 2048")
    dan = peer.make_key("Dan <dan@recv.example>", *kind)
    ring, secret = rings.path("dan.gpg"), rings.path("dan.sec")
    ring.write_bytes(peer.export(dan))
    secret.write_bytes(peer.export_secret(dan))
    with rings.alice(public_rings=[ring], recipients=["dan@"]) as alice:
        made = alice.encrypt(DATA).content or b""
    legacy = {"legacy": {"dsa": "their key is ten years old"}}
    with rings.bob(secret_rings=[secret], **legacy) as reader:
        assert reader.decrypt(made).content == DATA
        signed = reader.sign(DATA).content or b""
    receiver = {"public_rings": [ring], "signed_by": ["dan@"]}
    with rings.bob(**receiver, **legacy) as bob:
        assert bob.verify(signed).signers[0].algorithm == "dsa"
