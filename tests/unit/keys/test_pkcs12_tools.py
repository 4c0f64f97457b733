"""PKCS#12 files of the tools people have: openssl and keytool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zeep_wssec.errors import WrongPasswordError
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key

Run = Callable[..., bytes]


@pytest.fixture(scope="session")
def openssl(require_tool: Callable[[str], Run]) -> Run:
    return require_tool("openssl")


@pytest.fixture(scope="session")
def keytool(require_tool: Callable[[str], Run]) -> Run:
    return require_tool("keytool")


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Issued:
    return authority.intermediate("Middle").issue("leaf", key=generate_key("rsa-2048"))


def export(openssl: Run, directory: Path, issued: Issued, *options: str) -> bytes:
    """Run ``openssl pkcs12 -export``."""
    (directory / "in.pem").write_bytes(issued.key_pem() + issued.chain_pem)
    out = directory / "out.p12"
    openssl(
        "pkcs12",
        "-export",
        "-in",
        directory / "in.pem",
        "-out",
        out,
        "-passout",
        "pass:geheim",
        *options,
    )
    return out.read_bytes()


OPTIONS = {
    "current": [],
    "legacy": ["-legacy"],
    "legacy, certificates too": ["-legacy", "-certpbe", "PBE-SHA1-3DES"],
    "rc2-128": ["-legacy", "-certpbe", "PBE-SHA1-RC2-128"],
    "two-key triple DES": ["-legacy", "-certpbe", "PBE-SHA1-2DES"],
    "certificates in plain text": ["-certpbe", "NONE"],
    "all in plain text": ["-certpbe", "NONE", "-keypbe", "NONE"],
    "aes-128": ["-certpbe", "AES-128-CBC", "-keypbe", "AES-128-CBC"],
    "triple DES under PBES2": ["-certpbe", "DES-EDE3-CBC", "-keypbe", "DES-EDE3-CBC"],
    "sha-512": ["-macalg", "sha512", "-iter", "5000"],
    "one iteration": ["-noiter", "-nomaciter"],
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_openssl_export(openssl: Run, leaf: Issued, tmp_path: Path, options: list[str]) -> None:
    """Everything ``openssl pkcs12 -export`` can be told to write is read."""
    data = export(openssl, tmp_path, leaf, "-name", "me", *options)
    entry = Keystore.from_bytes(data, password="geheim").snapshot().require_key("me")
    assert (entry.certificate, entry.chain) == (leaf.certificate, leaf.chain)
    with pytest.raises(WrongPasswordError):
        Keystore.from_bytes(data, password="falsch")


def test_openssl_export_without_a_name(openssl: Run, leaf: Issued, tmp_path: Path) -> None:
    """Without ``-name`` there is no alias: it is called key, or as the caller says."""
    data = export(openssl, tmp_path, leaf)
    assert list(Keystore.from_bytes(data, password="geheim").snapshot().keys) == ["key"]
    named = Keystore.from_bytes(data, password="geheim", alias="me")
    assert list(named.snapshot().keys) == ["me"]


def test_openssl_export_with_an_empty_password(openssl: Run, leaf: Issued, tmp_path: Path) -> None:
    """An empty password is none."""
    data = export(openssl, tmp_path, leaf, "-passout", "pass:")
    assert Keystore.from_bytes(data).snapshot().require_key().certificate == leaf.certificate


def test_openssl_legacy_with_an_empty_password(openssl: Run, leaf: Issued, tmp_path: Path) -> None:
    """The old ciphers derive from an empty password in their own way."""
    data = export(openssl, tmp_path, leaf, "-legacy", "-passout", "pass:")
    assert Keystore.from_bytes(data).snapshot().require_key().certificate == leaf.certificate


def test_openssl_export_of_certificates(openssl: Run, leaf: Issued, tmp_path: Path) -> None:
    """A file of certificates alone holds partners, as far as they have names."""
    data = export(openssl, tmp_path, leaf, "-nokeys", "-caname", "bank", "-caname", "middle")
    assert set(Keystore.from_bytes(data, password="geheim").snapshot().partners) == {
        "bank",
        "middle",
    }


def test_openssl_pem_output(openssl: Run, leaf: Issued, tmp_path: Path) -> None:
    """``openssl pkcs12 -in`` writes PEM with words around it, and an encrypted key."""
    export(openssl, tmp_path, leaf, "-name", "me")
    passwords = ["-passin", "pass:geheim", "-passout", "pass:neu"]
    pem = openssl("pkcs12", "-in", tmp_path / "out.p12", *passwords)
    assert b"Bag Attributes" in pem
    entry = Keystore.from_bytes(pem, password="neu").snapshot().require_key()
    assert (entry.certificate, entry.chain) == (leaf.certificate, leaf.chain)


@pytest.fixture(scope="module")
def java_file(
    keytool: Run, client: Issued, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Make a keystore with two generated keys and one trusted certificate."""

    def make(*options: str, kind: str = "PKCS12") -> Path:
        path = tmp_path_factory.mktemp("java") / "two.p12"
        common = ["-keystore", path, "-storetype", kind, "-storepass", "changeit", *options]
        for alias, algorithm in (("First", "RSA"), ("Second", "EC")):
            keytool(
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                algorithm,
                "-dname",
                f"CN={alias}",
                *common,
            )
        certificate = path.parent / "client.cer"
        certificate.write_bytes(client.certificate.der)
        keytool("-importcert", "-noprompt", "-alias", "Bank", "-file", certificate, *common)
        return path

    return make


@pytest.mark.parametrize("options", [[], ["-J-Dkeystore.pkcs12.legacy"]], ids=["current", "legacy"])
def test_keytool_with_several_entries(
    java_file: Callable[..., Path], client: Issued, options: list[str]
) -> None:
    """Two keys and a trusted certificate come out as two key pairs and a partner."""
    path = java_file(*options)
    snapshot = Keystore.load(path, password="changeit").snapshot()
    names = {alias.lower(): entry.certificate.subject for alias, entry in snapshot.keys.items()}
    assert names == {"first": "CN=First", "second": "CN=Second"}
    assert [item.certificate for item in snapshot.partners.values()] == [client.certificate]
    assert snapshot.trust.anchors == ()
    with pytest.raises(WrongPasswordError):
        Keystore.load(path, password="changeIt")


def test_keytool_conversion_of_jks(java_file: Callable[..., Path], keytool: Run) -> None:
    """A JKS file that keytool converts gives the entries that are read from itself."""
    old = java_file(kind="JKS")
    before = Keystore.load(old, password="changeit").snapshot()
    new = old.parent / "new.p12"
    source = ["-srckeystore", old, "-srcstorepass", "changeit"]
    keytool(
        "-importkeystore",
        *source,
        "-destkeystore",
        new,
        "-deststoretype",
        "PKCS12",
        "-deststorepass",
        "geheim",
    )
    snapshot = Keystore.load(new, password="geheim").snapshot()
    assert sorted(snapshot.keys) == sorted(before.keys) == ["first", "second"]
    assert sorted(snapshot.partners) == sorted(before.partners) == ["bank"]
    assert snapshot.keys["first"].certificate == before.keys["first"].certificate


def test_keytool_import_of_openssl(
    keytool: Run, openssl: Run, leaf: Issued, tmp_path: Path
) -> None:
    """A file that went through both tools keeps key and chain."""
    export(openssl, tmp_path, leaf, "-name", "me")
    new = tmp_path / "new.p12"
    source = [
        "-srckeystore",
        tmp_path / "out.p12",
        "-srcstoretype",
        "PKCS12",
        "-srcstorepass",
        "geheim",
    ]
    keytool(
        "-importkeystore",
        *source,
        "-destkeystore",
        new,
        "-deststoretype",
        "PKCS12",
        "-deststorepass",
        "changeit",
    )
    entry = Keystore.load(new, password="changeit").snapshot().require_key("me")
    assert (entry.certificate, entry.chain) == (leaf.certificate, leaf.chain)
