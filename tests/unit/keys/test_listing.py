"""What a keystore lists (T-08)."""

from __future__ import annotations

import json

from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued


def test_every_entry_is_listed_with_its_properties(client: Issued, authority: Authority) -> None:
    """Alias, kind, names, serial number, days, fingerprints, kind and size of the key, algorithm."""
    store = Keystore.from_bytes(client.pkcs12("x", name="us"), password="x")
    listed = store.with_partner("them", authority.certificate.pem).entries()
    ours, theirs = listed
    certificate = client.certificate
    assert (ours.alias, ours.kind, theirs.alias, theirs.kind) == ("us", "key", "them", "partner")
    assert (ours.subject, ours.issuer) == (certificate.subject, certificate.issuer)
    assert int(ours.serial_number, 16) == certificate.serial_number
    assert (ours.not_before, ours.not_after) == (certificate.not_before, certificate.not_after)
    assert bytes.fromhex(ours.thumbprint_sha1) == certificate.thumbprint
    assert ours.thumbprint_sha256 == certificate.thumbprint_sha256
    assert bytes.fromhex(ours.subject_key_identifier) == certificate.subject_key_identifier
    assert (ours.key_kind, ours.key_bits) == ("rsa", 2048)
    assert ours.signature_algorithm == "rsa-sha256"
    assert (ours.abilities, ours.key_place) == (("sign", "decrypt"), "memory")
    assert (theirs.abilities, theirs.key_place) == ((), "")


def test_secrets_are_listed_without_their_value(client: Issued) -> None:
    """A list can be shown to anybody, and written as JSON."""
    store = Keystore.from_bytes(client.pkcs12("x"), password="x")
    store = store.with_secret("shared", b"0123456789abcdef", key_name="K1").with_user("u", "pw")
    text = json.dumps([entry.to_dict() for entry in store.entries()])
    assert '"shared"' in text
    assert '"K1"' in text
    assert "0123456789abcdef" not in text
    assert "PRIVATE" not in text


def test_algorithms_are_named_as_settings_name_them(authority: Authority) -> None:
    """The issuer's key tells the scheme."""
    names = {}
    for kind in ("rsa-2048", "ec-p256", "ed25519"):
        root = Authority.create(kind, key=kind)
        store = Keystore().with_partner(kind, root.certificate.pem)
        names[kind] = store.entries()[0].signature_algorithm
    assert names == {"rsa-2048": "rsa-sha256", "ec-p256": "ecdsa-sha256", "ed25519": "ed25519"}
