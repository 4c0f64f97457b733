"""Finding things in a keystore: by alias for us, by reference for a message."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from zeep_wssec.errors import KeyNotFoundError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def authority(now: datetime) -> Authority:
    """A root whose keys are its own: key identifiers are looked up here."""
    return Authority.create("Test Root", key="ec-p256", now=now, reuse_keys=False)


@pytest.fixture(scope="module")
def client(authority: Authority) -> Issued:
    return authority.issue("client")


@pytest.fixture(scope="module")
def partner(authority: Authority) -> Issued:
    return authority.intermediate("Partner CA").issue("partner", key=generate_key("rsa-2048"))


def spki_of(certificate: Certificate) -> bytes:
    return certificate.public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture(scope="module")
def snapshot(client: Issued, partner: Issued, authority: Authority) -> Snapshot:
    store = client.keystore("me").with_partner("bank", partner.chain_pem)
    return store.with_trust(anchors=authority.pem).snapshot()


def test_the_only_key_needs_no_alias(snapshot: Snapshot) -> None:
    """With one key pair there is nothing to choose."""
    assert snapshot.require_key() is snapshot.require_key("me")


def test_several_keys_must_be_named(client: Issued, partner: Issued) -> None:
    """The error lists alias, subject, last day and thumbprint of each."""
    both = client.keystore("me").merge(partner.keystore("you")).snapshot()
    with pytest.raises(KeyNotFoundError, match="say which") as caught:
        both.require_key()
    assert caught.value.existing == ["me", "you"]
    for text in ("'me'", "'you'", "CN=client", "2028-05-31", client.certificate.thumbprint.hex()):
        assert text in str(caught.value)
    assert both.require_key("you").certificate == partner.certificate


def test_missing_key(snapshot: Snapshot) -> None:
    """A wrong alias, a partner's alias and an empty keystore each have their own message."""
    with pytest.raises(KeyNotFoundError, match="no key pair 'you'"):
        snapshot.require_key("you")
    with pytest.raises(KeyNotFoundError, match="partner's certificate"):
        snapshot.require_key("bank")
    with pytest.raises(KeyNotFoundError, match="has no key pair"):
        Keystore().snapshot().require_key()


def test_partner_by_alias(snapshot: Snapshot, partner: Issued) -> None:
    """Our own key is no partner."""
    assert snapshot.require_partner("bank").certificate == partner.certificate
    with pytest.raises(KeyNotFoundError, match="'bank'"):
        snapshot.require_partner("me")


def test_certificate_by_alias(snapshot: Snapshot, client: Issued, partner: Issued) -> None:
    """Both kinds of entry have a certificate."""
    assert snapshot.require_certificate("bank") == partner.certificate
    assert snapshot.require_certificate("me") == client.certificate
    with pytest.raises(KeyNotFoundError) as caught:
        snapshot.require_certificate("tax")
    assert caught.value.existing == ["bank", "me"]


def test_every_reference_finds_every_certificate(
    snapshot: Snapshot, client: Issued, partner: Issued, authority: Authority
) -> None:
    """Keys, partners, their chains and anchors are found by each kind of reference."""
    for made in (client.certificate, partner.certificate, partner.chain[0], authority.certificate):
        by_name = (made.issuer_name_rfc2253, made.serial_number)
        for found in (
            snapshot.find_certificates(thumbprint=made.thumbprint),
            snapshot.find_certificates(thumbprint=bytes.fromhex(made.thumbprint_sha256)),
            snapshot.find_certificates(subject_key_identifier=made.subject_key_identifier),
            snapshot.find_certificates(issuer_serial=by_name),
            snapshot.find_certificates(issuer_serial=(made.issuer_name_quoted, by_name[1])),
            snapshot.find_certificates(subject_name=made.subject),
            snapshot.find_certificates(public_key=spki_of(made)),
            snapshot.find_certificates(key_name=made.subject),
        ):
            assert found == (made,)


def test_unknown_references_find_nothing(snapshot: Snapshot, client: Issued) -> None:
    """Nothing is guessed: serial and issuer must both fit."""
    assert snapshot.find_certificates(thumbprint=bytes(20)) == ()
    assert snapshot.find_certificates(subject_key_identifier=b"") == ()
    assert (
        snapshot.find_certificates(issuer_serial=("CN=Else", client.certificate.serial_number))
        == ()
    )
    assert (
        snapshot.find_certificates(issuer_serial=(client.certificate.issuer_name_rfc2253, 1)) == ()
    )
    stranger = generate_key("ec-p256").public_key()  # type: ignore[union-attr]
    unknown = stranger.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for public_key in (unknown, b"", b"\x30\x00", spki_of(client.certificate) + b"\0" * 20_000):
        assert snapshot.find_certificates(public_key=public_key) == ()
    for name in ("", "client", "CN=clien", "CN=client,O=x", "O=client", "nobody"):
        assert snapshot.find_certificates(subject_name=name) == ()
        assert snapshot.find_certificates(key_name=name) == ()
    with pytest.raises(TypeError):
        snapshot.find_certificates()


def test_thumbprint_and_key_identifier_are_not_mixed(snapshot: Snapshot, client: Issued) -> None:
    """A value of one kind is not looked for among the other."""
    assert snapshot.find_certificates(thumbprint=client.certificate.subject_key_identifier) == ()
    assert snapshot.find_certificates(subject_key_identifier=client.certificate.thumbprint) == ()


def test_subject_however_it_is_written(authority: Authority) -> None:
    """A subject is compared as issuer names are: spaces, case, order, quotes and OIDs do not count."""
    made = authority.issue("CN=Kasse,O=Bank\\, Nord,C=DE").certificate
    found = Keystore().with_partner("a", made).snapshot()
    for text in (
        "C=DE, O=bank\\, nord, CN=kasse",
        '2.5.4.3=Kasse ; O="Bank, Nord" ; c=de',
        "/C=DE/O=Bank, Nord/CN=Kasse",
        "CN=#0c054b61737365,O=Bank\\2C Nord,C=DE",
    ):
        assert found.find_certificates(subject_name=text) == (made,)
        assert found.find_certificates(key_name=text) == (made,)
    assert found.find_certificates(subject_name="CN=Kasse") == ()


def test_key_name_is_an_exact_alias(snapshot: Snapshot, client: Issued, partner: Issued) -> None:
    """An alias of a key or partner, to the letter; a part of a subject is no name."""
    assert snapshot.find_certificates(key_name="me") == (client.certificate,)
    assert snapshot.find_certificates(key_name="bank") == (partner.certificate,)
    assert snapshot.find_certificates(key_name="Bank") == ()


def test_key_name_that_means_two(authority: Authority) -> None:
    """An alias that looks like another certificate's subject names both."""
    first, second = (authority.issue(name).certificate for name in ("a", "b"))
    found = Keystore().with_partner("CN=b", first).with_partner("other", second).snapshot()
    assert found.find_certificates(key_name="CN=b") == (first, second)
    assert found.find_certificates(key_name="other") == (second,)


def test_public_key_in_another_encoding(authority: Authority) -> None:
    """A point may come compressed: it is the same key."""
    made = authority.issue("a", key=generate_key("ec-p256")).certificate
    key = made.public_key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    whole = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    short = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    compressed = spki_of(made)[: -len(whole) - 3] + b"\x03\x22\x00" + short
    compressed = b"\x30" + bytes([len(compressed) - 2]) + compressed[2:]
    found = Keystore().with_partner("a", made).snapshot()
    assert found.find_certificates(public_key=compressed) == (made,)


def test_ambiguous_references_give_all(authority: Authority) -> None:
    """Two certificates with one key, or one issuer and serial, are both given; the caller refuses."""
    key = generate_key("ec-p256", reuse=True)
    first, second = (authority.issue(name, key=key, serial=77).certificate for name in ("a", "b"))
    found = Keystore().with_partner("a", first).with_partner("b", second).snapshot()
    assert found.find_certificates(subject_key_identifier=first.subject_key_identifier) == (
        first,
        second,
    )
    assert found.find_certificates(issuer_serial=("CN=Test Root", 77)) == (first, second)
    assert found.find_certificates(public_key=spki_of(first)) == (first, second)
    assert found.find_certificates(thumbprint=first.thumbprint) == (first,)


def test_one_subject_twice(authority: Authority) -> None:
    """A renewed certificate has the subject of the old one; both are given."""
    old, new = (authority.issue("peer").certificate for _ in range(2))
    found = Keystore().with_partner("old", old).with_partner("new", new).snapshot()
    assert found.find_certificates(subject_name="CN=peer") == (old, new)
    assert found.find_certificates(key_name="CN=peer") == (old, new)
    assert found.find_certificates(key_name="new") == (new,)


def test_same_certificate_twice_is_not_ambiguous(client: Issued) -> None:
    """One certificate under two aliases is still one."""
    twice = Keystore().with_partner("a", client.certificate).with_partner("b", client.certificate)
    found = twice.snapshot().find_certificates(thumbprint=client.certificate.thumbprint)
    assert found == (client.certificate,)


def test_entries_by_certificate(snapshot: Snapshot, client: Issued, partner: Issued) -> None:
    """Entries are found by the whole certificate, never by its key or name alone."""
    assert snapshot.find_key(client.certificate) is snapshot.require_key("me")
    assert snapshot.find_key(partner.certificate) is None
    assert snapshot.find_partner(partner.certificate) is snapshot.require_partner("bank")
    assert snapshot.find_partner(client.certificate) is None


def test_twin_of_a_certificate_finds_no_entry(authority: Authority) -> None:
    """Another certificate of the same name, serial and key is another certificate."""
    mine = authority.issue("me", key="ec-p256", serial=5)
    twin = authority.issue("me", key=mine.private_key, serial=5, san=["twin.example"])
    assert twin.certificate != mine.certificate
    assert mine.keystore().snapshot().find_key(twin.certificate) is None


def test_repr_shows_no_certificates(snapshot: Snapshot) -> None:
    """One short line."""
    assert repr(snapshot).startswith("<Snapshot: keys ['me'], partners ['bank']")
