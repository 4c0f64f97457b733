"""Several key pairs in PEM: one file, or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMismatchError,
    KeyNotFoundError,
    WrongPasswordError,
)
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def other(authority: Authority) -> Issued:
    return authority.intermediate("Middle").issue("other", key=generate_key("ec-p256"))


@pytest.fixture
def folder(client: Issued, other: Issued, tmp_path: Path) -> Path:
    """Keys in one file each, all certificates in another, and what is no key."""
    (tmp_path / "us.key").write_bytes(client.key_pem("geheim"))
    (tmp_path / "them.pem").write_bytes(other.key_pem())
    (tmp_path / "all.crt").write_bytes(other.chain_pem + client.certificate_pem)
    (tmp_path / "README.txt").write_text("-----BEGIN nothing")
    (tmp_path / "below").mkdir()
    return tmp_path


def test_pairs_of_a_folder(folder: Path, client: Issued, other: Issued) -> None:
    """Which certificate belongs to a key, the key tells; its file gives the alias."""
    keys = Keystore.load(folder, password="geheim").snapshot().keys
    assert {alias: entry.certificate for alias, entry in keys.items()} == {
        "them": other.certificate,
        "us": client.certificate,
    }
    assert keys["them"].chain == other.chain


def test_certificate_in_der_in_a_folder(client: Issued, tmp_path: Path) -> None:
    """Certificates may be in DER beside their keys."""
    (tmp_path / "tls.key").write_bytes(client.key_pem())
    (tmp_path / "tls.cer").write_bytes(client.certificate.der)
    assert list(Keystore.load(tmp_path).snapshot().keys) == ["tls"]


def test_certificates_of_a_folder_are_no_partners(folder: Path) -> None:
    """What only lies in the folder is trusted for nothing; it may help to build a chain."""
    foreign = Authority.create("Foreign Root").certificate
    (folder / "root.pem").write_bytes(foreign.pem)
    snapshot = Keystore.load(folder, password="geheim").snapshot()
    assert (snapshot.partners, snapshot.trust.anchors) == ({}, ())
    assert foreign in snapshot.trust.intermediates


def test_passwords_by_alias(folder: Path, other: Issued) -> None:
    """Each key may have its own; the error names the key whose password is wrong."""
    (folder / "them.pem").write_bytes(other.key_pem("anders"))
    passwords = {"us": "geheim", "them": "anders"}
    assert len(Keystore.load(folder, key_password=passwords).snapshot().keys) == 2
    with pytest.raises(WrongPasswordError, match=r"them\.pem"):
        Keystore.load(folder, password="geheim")


def test_only_of_a_folder(folder: Path) -> None:
    """A key that is not wanted is not opened; one that is not there is an error with those that are."""
    assert list(Keystore.load(folder, only=["them"]).snapshot().keys) == ["them"]
    with pytest.raises(KeyNotFoundError, match="Loaded could be: 'them', 'us'"):
        Keystore.load(folder, password="geheim", only=["we"])


def test_key_without_certificate(folder: Path, client: Issued, other: Issued) -> None:
    """Its file is named; the certificate may also be given."""
    (folder / "all.crt").write_bytes(other.chain_pem)
    with pytest.raises(KeyMismatchError, match=r"us\.key"):
        Keystore.load(folder, password="geheim")
    Keystore.load(folder, password="geheim", certificates=client.certificate_pem)


def test_folder_is_read_again(folder: Path, authority: Authority) -> None:
    """A file that is put there counts at the next look, and an unchanged folder gives the same entries."""
    store = Keystore.load(folder, password="geheim", cache_seconds=0)
    before = store.snapshot()
    assert store.snapshot() is before
    new = authority.issue("new")
    (folder / "new.pem").write_bytes(new.key_pem() + new.chain_pem)
    assert set(store.snapshot().keys) == {"them", "us", "new"}


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without keys is named as such."""
    with pytest.raises(KeyLoadError, match="0 files"):
        Keystore.load(tmp_path)
    (tmp_path / "a.pem").write_bytes(b"-----BEGIN nothing")
    with pytest.raises(KeyLoadError, match=r"a\.pem"):
        Keystore.load(tmp_path)


def test_several_pairs_in_one_file(client: Issued, other: Issued) -> None:
    """In whichever order: keys first, certificates after."""
    bundle = client.key_pem() + other.key_pem() + other.chain_pem + client.chain_pem
    keys = Keystore.from_bytes(bundle).snapshot().keys
    assert keys["key-1"].certificate == client.certificate
    assert keys["key-2"].certificate == other.certificate


def test_names_that_openssl_wrote(client: Issued, other: Issued) -> None:
    """``openssl pkcs12`` notes the name above each key."""
    note = b"Bag Attributes\n    localKeyID: 01\n    friendlyName: %s\nKey Attributes: <No Attributes>\n"
    bundle = note % b"one" + client.key_pem() + note % b"two" + other.key_pem()
    certificates = other.chain_pem + client.chain_pem
    assert list(Keystore.from_bytes(bundle + certificates).snapshot().keys) == ["one", "two"]
    again = bundle.replace(b"two", b"one")
    with pytest.raises(DuplicateAliasError, match="two keys are named 'one'"):
        Keystore.from_bytes(again + certificates)
