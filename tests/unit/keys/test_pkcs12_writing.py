"""PKCS#12 files that we write, read back by us and by other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zeep_wssec import KeyLoadError, Keystore, KeyUsageError
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.pkcs12_writing import write_pkcs12
from zeep_wssec.testing.authority import Authority

PASSWORD = b"Geheim-1"


@pytest.fixture(scope="module")
def content(authority: Authority) -> KeystoreContent:
    """Two key pairs with a chain, a partner, and a certificate without a name."""
    issuing = authority.intermediate("CN=Issuing", key="ec-p256")
    one, two = issuing.issue("CN=one"), issuing.issue("CN=two", key="ec-p256")
    store = one.keystore("one").merge(two.keystore("zwei ä"))
    held = store.with_partner(
        "them", authority.issue("CN=them", key="ec-p256").certificate
    ).snapshot()
    return KeystoreContent(
        keys=held.key_entries, partners=held.partner_entries, loose=(authority.certificate,)
    )


def test_written_file_is_read_back(content: KeystoreContent) -> None:
    """Every entry under its name, with its key and chain."""
    held = Keystore.from_bytes(write_pkcs12(content, PASSWORD), password=PASSWORD).snapshot()
    assert list(held.keys) == ["one", "zwei ä"]
    assert list(held.partners) == ["them"]
    for written, read in zip(content.keys, held.key_entries, strict=True):
        assert read.certificate == written.certificate
        assert read.chain[:1] == written.chain[:1]
        value = read.require_signer()
        assert type(value) is type(written.signer)


def test_keys_may_have_a_password_of_their_own(content: KeystoreContent) -> None:
    """As some products want it."""
    data = write_pkcs12(content, PASSWORD, key_password=b"another")
    held = Keystore.from_bytes(data, password=PASSWORD, key_password="another").snapshot()
    assert list(held.keys) == ["one", "zwei ä"]
    with pytest.raises(KeyLoadError):
        Keystore.from_bytes(data, password=PASSWORD)


def test_openssl_and_keytool_read_it(
    content: KeystoreContent, tmp_path: Path, require_tool: Callable[[str], Callable[..., bytes]]
) -> None:
    """The tools that partners have."""
    file = tmp_path / "x.p12"
    file.write_bytes(write_pkcs12(content, PASSWORD))
    found = require_tool("openssl")(
        "pkcs12", "-in", file, "-passin", "pass:Geheim-1", "-passout", "pass:other"
    )
    assert found.count(b"BEGIN ENCRYPTED PRIVATE KEY") == 2
    assert found.count(b"BEGIN CERTIFICATE") == 5
    listed = require_tool("keytool")(
        "-list", "-keystore", file, "-storepass", "Geheim-1", "-J-Duser.language=en"
    ).decode("utf-8", "replace")
    assert listed.count("PrivateKeyEntry") == 2
    assert listed.count("trustedCertEntry") == 1


def test_what_cannot_be_written(content: KeystoreContent) -> None:
    """Nothing goes without a password; secrets and keys that do not leave their place stay there."""
    with pytest.raises(KeyLoadError, match="without a password"):
        write_pkcs12(content, b"")
    secrets = Keystore().with_secret("s", bytes(32)).snapshot().secrets
    with pytest.raises(KeyLoadError, match="Secrets"):
        write_pkcs12(KeystoreContent(secrets=tuple(secrets.values())), PASSWORD)
    (one, _) = content.keys
    assert one.signer is not None
    elsewhere = KeyEntry("far", certificate=one.certificate, signer=Far())
    with pytest.raises(KeyUsageError, match="'far'") as caught:
        write_pkcs12(KeystoreContent(keys=(elsewhere,)), PASSWORD)
    assert caught.value.reason == "not_exportable"


class Far:
    """A signer elsewhere."""

    def sign(self, data: bytes, *, scheme: object, digest: str) -> bytes:
        """Sign nothing."""
        raise NotImplementedError
