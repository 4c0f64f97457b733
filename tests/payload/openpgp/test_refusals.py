"""Refused messages and keys, each beside its accepted twin; no octet leaves before the check is done."""

from __future__ import annotations

import errno
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from payload.openpgp.kit import DATA, MODERN, Rings

from zeep_wssec import KeyLoadError, KeyNotFoundError, KeyUsageError, ProfileError, Secret
from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
    PayloadUsageError,
    WrongPasswordError,
)
from zeep_wssec.payload.openpgp import OpenPgpSettings
from zeep_wssec.payload.openpgp.packets import message_packets
from zeep_wssec.payload.streams import PayloadReader

ALICE = "alice@send.example"


@pytest.fixture(scope="session")
def protected(rings: Rings) -> bytes:
    with rings.alice() as alice:
        return alice.protect(DATA).content or b""


def encrypted_by_peer(rings: Rings, *options: str, user: str = ALICE) -> bytes:
    return rings.peer.run(
        *options, "-u", user, "-r", rings.fingerprints["bob"], "-s", "-e", data=DATA
    )


def test_o4_unsigned(rings: Rings) -> None:
    """PG-01, O-10: data that nobody signed is refused, unless that is stated."""
    made = rings.peer.run("-r", rings.fingerprints["bob"], "-e", data=DATA)
    with rings.bob() as bob, pytest.raises(PayloadUnsignedError):
        bob.open(made)
    for signatures in ("optional", "none"):
        with rings.bob(signatures=signatures) as bob:
            assert bob.open(made).content == DATA


def test_o4_signed_where_no_signature_is_expected(rings: Rings, protected: bytes) -> None:
    """O-10: a signature that nobody looks at is not passed over."""
    with rings.bob(signatures="none") as bob:
        with pytest.raises(PayloadSignerError):
            bob.open(protected)
        with pytest.raises(PayloadUsageError, match="open"):
            bob.decrypt(protected)


def test_o5_other_signer(rings: Rings) -> None:
    """O-11, PG-08: good is not enough: it must be one of those who may sign."""
    made = encrypted_by_peer(rings, user="mallory@other.example")
    with rings.bob() as bob, pytest.raises(PayloadSignerError) as caught:
        bob.open(made)
    assert caught.value.reason == "wrong_peer"
    with rings.bob(signed_by=["mallory"]) as bob:
        assert bob.open(made).signed_by == ("Mallory <mallory@other.example>",)


def test_unknown_signer(rings: Rings) -> None:
    """A key that is in no ring proves nobody."""
    made = encrypted_by_peer(rings, user="carol@other.example")
    for signatures in ("required", "optional"):
        with rings.bob(signatures=signatures) as bob, pytest.raises(PayloadSignerError) as caught:
            bob.open(made)
        assert caught.value.reason == "unknown_signer"


def test_o5_sha1(rings: Rings) -> None:
    """PG-10: a signature over SHA-1 needs an opt-in."""
    made = encrypted_by_peer(rings, "--digest-algo", "SHA1")
    with rings.bob() as bob, pytest.raises(PayloadAlgorithmError, match="sha1"):
        bob.open(made)
    with rings.bob(legacy={"sha1": "their gateway"}) as bob:
        assert bob.open(made).signers[0].digest == "sha1"


def test_o5_without_mdc(rings: Rings) -> None:
    """PG-02, O-07: data that nothing protects against changes needs an opt-in."""
    made = encrypted_by_peer(
        rings, "--rfc2440", "--cipher-algo", "AES256", "--digest-algo", "SHA256"
    )
    with rings.bob() as bob, pytest.raises(PayloadAlgorithmError, match="protects"):
        bob.open(made)
    with rings.bob(legacy={"no-mdc": "their gateway"}) as bob:
        assert bob.open(made).content == DATA


def places(message: bytes, key_id: str) -> tuple[list[int], list[int]]:
    """Give octets of what bob's key reads, and one of what is for the other key alone."""
    packets = message_packets(PayloadReader(io.BytesIO(message), name="the message"))
    ours = [item for item in packets if message[item.start + 1 : item.start + 9].hex() == key_id]
    *sessions, container = packets
    start, end = container.start, container.end
    inside = [start + 1, start + 20, (start + end) // 2, end - 30, end - 1]
    return [ours[0].end - 20, *inside], [item.end - 20 for item in sessions if item not in ours]


def test_o6_changed(rings: Rings, protected: bytes, tmp_path: Path) -> None:
    """PG-02: one error for every change of what is read, and no file; what is for others is not ours."""
    texts = set()
    with rings.bob() as bob:
        found = bob.ring_keys()
        (key,) = [item for item in found if item.is_named("bob@")]
        read, others = places(protected, key.subkeys[0].key_id.lower())
        assert len(others) == 1
        for place in read:
            with pytest.raises(PayloadDecryptionError) as caught:
                bob.open(flipped(protected, place), to=tmp_path / "out")
            texts.add(str(caught.value))
        assert list(tmp_path.iterdir()) == []
        assert bob.open(flipped(protected, others[0])).content == DATA
        assert bob.open(protected, to=tmp_path / "out").size == len(DATA)
    assert len(texts) == 1


def flipped(message: bytes, place: int) -> bytes:
    changed = bytearray(message)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_truncated(rings: Rings, protected: bytes, cut: int, tmp_path: Path) -> None:
    """A message that is cut off gives nothing of its start."""
    with rings.bob() as bob, pytest.raises((PayloadMalformedError, PayloadDecryptionError)):
        bob.open(protected[:-cut], to=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_not_for_us(rings: Rings) -> None:
    """A message for somebody else is the same error."""
    with rings.alice(recipients=["carol"]) as alice:
        made = alice.protect(DATA).content or b""
    with rings.bob() as bob, pytest.raises(PayloadDecryptionError):
        bob.open(made)


def test_passphrase_message(rings: Rings) -> None:
    """PG-11, O-13: what is encrypted under a passphrase is refused, even under that of our keys."""
    made = rings.peer.run("--symmetric", data=DATA)
    both = rings.peer.run("--symmetric", "-r", rings.fingerprints["bob"], "-e", data=DATA)
    with rings.bob(signatures="optional") as bob:
        for message in (made, both):
            with pytest.raises(PayloadMalformedError):
                bob.open(message)


def test_two_messages(rings: Rings, protected: bytes) -> None:
    """PG-03: one message is one message; a second one, or anything, behind it is refused."""
    literal = bytes([0xCB, 8]) + b"b\x00\0\0\0\0hi"
    with rings.bob() as bob:
        for made in (protected + protected, protected + literal, literal + protected):
            with pytest.raises(PayloadMalformedError):
                bob.open(made)


def test_two_literals(rings: Rings) -> None:
    """PG-03: of signed data, exactly one content is read."""
    with rings.alice(compression="none") as alice:
        signed = alice.sign(DATA).content or b""
    literal = bytes([0xCB, 8]) + b"b\x00\0\0\0\0hi"
    with rings.bob() as bob:
        assert bob.verify(signed).content == DATA
        for made in (signed + literal, literal + signed, signed + signed):
            with pytest.raises((PayloadMalformedError, PayloadUnsignedError)):
                bob.verify(made)


def test_cleartext(rings: Rings) -> None:
    """PG-04: cleartext signatures are not read: what of them is signed is too easily mistaken."""
    made = rings.peer.run("-u", ALICE, "--clear-sign", data=b"pay 5\n")
    with rings.bob() as bob, pytest.raises(PayloadMalformedError, match="cleartext"):
        bob.verify(made)


def test_text_signature(rings: Rings) -> None:
    """PG-05: a signature over text covers no line ends."""
    made = rings.peer.run("-u", ALICE, "--textmode", "--sign", data=b"pay 5\n")
    with rings.bob() as bob, pytest.raises(PayloadSignerError, match="text"):
        bob.verify(made)


def test_confusions(rings: Rings, protected: bytes) -> None:
    """PG-05: each verb reads its own kind of data."""
    with rings.alice(detached=True) as alice:
        alone = alice.sign(DATA).content or b""
    with rings.alice() as alice:
        inside = alice.sign(DATA).content or b""
    with rings.bob() as bob:
        assert bob.verify(alone, content=DATA).size == len(DATA)
        for made, how in ((alone, {}), (inside, {"content": DATA}), (protected, {})):
            with pytest.raises(PayloadMalformedError):
                bob.verify(made, **how)
        with pytest.raises(PayloadMalformedError):
            bob.open(inside)
        with pytest.raises(PayloadSignatureError):
            bob.verify(alone, content=DATA + b"x")


def test_text_around_the_armor(rings: Rings) -> None:
    """PG-04: armored data is one block, with nothing beside it."""
    with rings.alice(armor=True) as alice:
        made = alice.protect(DATA).content or b""
    with rings.bob() as bob:
        assert bob.open(b"\n" + made + b"\n").content == DATA
        for text in (made + b"more", made + made):
            with pytest.raises(PayloadMalformedError, match="beside the one block"):
                bob.open(text)


def test_armor_that_is_cut_off(rings: Rings) -> None:
    """A file that came only in part is said to be that; whole, it opens."""
    with rings.alice(armor=True) as alice:
        made = alice.protect(DATA).content or b""
    with rings.bob() as bob:
        with pytest.raises(PayloadMalformedError, match="cut off"):
            bob.open(made[: len(made) // 2])
        assert bob.open(made).content == DATA


def test_wrong_passphrase_says_where_it_came_from(
    rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its source is named, so that one knows what to correct; its value is not."""
    monkeypatch.setenv("PGP", "hunter-2222")
    with (
        rings.alice(passphrase=Secret.env("PGP")) as alice,
        pytest.raises(WrongPasswordError, match=r"env\('PGP'\)") as caught,
    ):
        alice.protect(DATA)
    assert "hunter" not in str(caught.value)


def test_bomb(rings: Rings) -> None:
    """PG-13: what becomes too large is given up."""
    with rings.alice() as alice:
        made = alice.protect(bytes(3_000_000)).content or b""
    assert len(made) < 30_000
    with rings.bob(max_output_bytes=3_000_000) as bob:
        assert bob.open(made).size == 3_000_000
    with rings.bob(max_output_bytes=2_999_999) as bob, pytest.raises(PayloadLimitError):
        bob.open(made)


def test_o6_rings(rings: Rings, tmp_path: Path) -> None:
    """O-15: a ring of the other kind, something else, and a wrong passphrase are three errors."""
    text = tmp_path / "notes.txt"
    text.write_text("no keys here")
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"secret_rings": [rings.path("partners.gpg")]}, KeyLoadError, "public keys"),
        ({"public_rings": [rings.path("alice.sec")]}, KeyLoadError, "secret keys"),
        ({"secret_rings": [text]}, KeyLoadError, "no key ring"),
        ({"passphrase": Secret.of("wrong")}, WrongPasswordError, "is wrong"),
        ({"passphrase": None}, WrongPasswordError, "is missing"),
    ]
    for settings, kind, words in cases:
        with rings.alice(**settings) as alice, pytest.raises(kind, match=words):
            alice.protect(DATA)


def test_o6_wrong_passphrase_when_reading(rings: Rings, protected: bytes) -> None:
    """O-15: our own mistake is told apart from a broken message."""
    with rings.bob(passphrase=Secret.of("wrong")) as bob, pytest.raises(WrongPasswordError):
        bob.open(protected)


class Full(io.BytesIO):
    """A disk without room."""

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk(rings: Rings, protected: bytes, tmp_path: Path) -> None:
    """A disk that fills up is told as such; the same object goes on with the next file."""
    with rings.bob() as bob:
        with pytest.raises(PayloadError, match="disk is full"):
            bob.open(protected, to=Full())
        with pytest.raises(PayloadError, match="disk is full"):
            bob.protect(DATA, to=Full())
        assert bob.open(protected, to=tmp_path / "out").size == len(DATA)


def test_secret_key_without_passphrase(rings: Rings, tmp_path: Path) -> None:
    """O-15: a secret key that anybody can read is not taken."""
    from payload.openpgp.kit import Gnupg

    with Gnupg.create() as peer:
        text = "\n".join(["%no-protection", *MODERN, "Name-Real: Bare", "%commit", ""])
        peer.run("--full-gen-key", data=text.encode())
        (tmp_path / "bare.sec").write_bytes(peer.run("--export-secret-keys"))
    alice = rings.alice(secret_rings=[tmp_path / "bare.sec"])
    with alice, pytest.raises(KeyLoadError, match="no passphrase"):
        alice.sign(DATA)


def test_o8_expiry(rings: Rings, tmp_path: Path) -> None:
    """O-16, PG-12: 13 days are critical, 15 valid; nothing is encrypted to a key that has expired."""
    peer = rings.peer
    made = peer.make_key("Eve <eve@soon.example>", *MODERN, "Expire-Date: 20d")
    ring = tmp_path / "eve.gpg"
    ring.write_bytes(peer.export(made))
    now = datetime.now(UTC)
    with rings.alice(public_rings=[ring], recipients=["eve@"]) as alice:
        (key, _) = alice.ring_keys()
        assert key.expires is not None
        states = [key.state(key.expires - timedelta(days=days)) for days in (15, 13, 0)]
        assert states == ["valid", "critical", "expired"]
        assert alice.encrypt(DATA, now=now).recipients
        with pytest.raises(KeyUsageError) as caught:
            alice.encrypt(DATA, now=key.expires + timedelta(seconds=1))
    assert caught.value.reason == "expired"


def test_time_of_the_signature(rings: Rings) -> None:
    """PG-06: no signature from the future, none older than is allowed."""
    now = datetime.now(UTC).replace(microsecond=0)
    with rings.alice() as alice:
        made = alice.sign(DATA, now=now + timedelta(minutes=5)).content or b""
    with rings.bob() as bob, pytest.raises(PayloadSignerError) as caught:
        bob.verify(made, now=now)
    assert caught.value.reason == "not_yet_valid"
    later = now + timedelta(minutes=5)
    with rings.bob(max_age_seconds=60) as bob:
        assert bob.verify(made, now=later).signers[0].signed_at == later
        with pytest.raises(PayloadSignerError) as caught:
            bob.verify(made, now=later + timedelta(seconds=121))
    assert caught.value.reason == "expired"


def test_weak_keys(rings: Rings) -> None:
    """PG-10: RSA below 2048 bits proves nobody and is encrypted to by nobody."""
    made = rings.peer.run("-u", "weak@old.example", "--sign", data=DATA)
    with rings.bob(signed_by=["weak@"]) as bob, pytest.raises(PayloadSignerError) as caught:
        bob.verify(made)
    assert caught.value.reason == "weak_key"


def test_names(rings: Rings) -> None:
    """O-02: every key that a name means; a name that means none is an error that lists those there are."""
    with rings.alice(recipients=["@recv.example", "CAROL"]) as alice:
        assert len(alice.encrypt(DATA).recipients) == 3
    with rings.alice(recipients=[rings.fingerprints["bob2"]]) as alice:
        assert len(alice.encrypt(DATA).recipients) == 1
    with rings.alice(recipients=["dave"]) as alice, pytest.raises(KeyNotFoundError, match="carol"):
        alice.encrypt(DATA)
    with rings.alice(recipients=[]) as alice, pytest.raises(PayloadUsageError, match="recipients"):
        alice.encrypt(DATA)


def test_our_own_signature(rings: Rings) -> None:
    """What we signed ourselves comes back: our own key is nobody's but ours."""
    own = {"public_rings": [rings.path("senders.gpg")], "secret_rings": [rings.path("alice.sec")]}
    with rings.alice(**own) as alice, pytest.raises(PayloadSignerError) as caught:
        alice.verify(alice.sign(DATA).content or b"")
    assert caught.value.reason == "own_key"


def test_armored_ring(rings: Rings) -> None:
    """O-14: rings are read in both forms."""
    with rings.alice(public_rings=[rings.path("partners.asc")]) as alice:
        assert len(alice.protect(DATA).recipients) == 2


def test_nothing_is_left(rings: Rings) -> None:
    """The home of GnuPG goes with its object; the user's own is never touched."""
    alice = rings.alice()
    alice.encrypt(DATA)
    folder = alice._state.home._folder  # type: ignore[union-attr]
    assert os.stat(folder).st_mode & 0o777 == 0o700  # noqa: PTH116
    alice.close()
    assert not Path(folder).exists()
    assert alice.encrypt(DATA).size


def test_secrets_do_not_show(rings: Rings) -> None:
    """No passphrase on a command line, in a repr, nor in an error."""
    with rings.alice(passphrase=Secret.of("hunter-2222")) as alice:
        with pytest.raises(WrongPasswordError) as caught:
            alice.sign(DATA)
        assert "hunter" not in repr(alice) + repr(alice.settings) + str(caught.value)


def test_program_that_is_missing(rings: Rings) -> None:
    """Without GnuPG the error says what to install."""
    with pytest.raises(PayloadUsageError, match="gnupg"):
        rings.alice(gpg="gpg-of-nobody").encrypt(DATA)


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"cipher": "rot13"}, "cipher"),
        ({"cipher": "3des"}, "cipher"),
        ({"digest": "md5"}, "digest"),
        ({"compression": "rar"}, "compression"),
        ({"signatures": "some"}, "signatures"),
        ({"recipients": ["a"]}, "recipients"),
        ({"public_rings": "ring.gpg"}, "public_rings"),
        ({"gpg": "--version"}, "gpg"),
        ({"legacy": {"idea": "x"}}, "legacy"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], path: str) -> None:
    """A wrong setting is named when it is made."""
    with pytest.raises(ProfileError) as caught:
        OpenPgpSettings(**settings)
    assert caught.value.path == path


def test_fork(rings: Rings) -> None:
    """A forked process makes a home of its own, and leaves that of its parent."""
    alice = rings.alice()
    alice.encrypt(DATA)
    folder = alice._state.home._folder  # type: ignore[union-attr]
    child = os.fork()
    if child == 0:
        try:
            fine = alice.encrypt(DATA).size > 0
            fine = fine and alice._state.home._folder != folder  # type: ignore[union-attr]
            alice.close()
            os._exit(0 if fine else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert Path(folder).exists()
    alice.close()


def test_it_is_a_payload_format(rings: Rings) -> None:
    """It has the one shape of all formats."""
    from zeep_wssec.payload import PayloadFormat

    assert isinstance(rings.alice(), PayloadFormat)
