"""JKS and JCEKS files: those of keytool, and broken ones."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from java_files import authentic, header, jks_sealed, key_entry

from zeep_wssec.errors import (
    KeyLoadError,
    KeyMismatchError,
    KeyNotFoundError,
    WrongPasswordError,
)
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.testing.authority import Authority, Issued

Run = Callable[..., bytes]
PASSWORDS = {"Second": "another1"}


@pytest.fixture(scope="session")
def keytool(require_tool: Callable[[str], Run]) -> Run:
    return require_tool("keytool")


@pytest.fixture(scope="session", params=["JKS", "JCEKS"])
def java_file(
    request: pytest.FixtureRequest,
    keytool: Run,
    client: Issued,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A file with two keys, the second under a password of its own, and a trusted certificate."""
    path = tmp_path_factory.mktemp("java") / "store"
    common = ["-keystore", path, "-storetype", request.param, "-storepass", "changeit"]
    for alias, algorithm in (("First", "RSA"), ("Second", "EC")):
        key = ["-alias", alias, "-keyalg", algorithm, "-dname", f"CN={alias}"]
        own = ["-keypass", PASSWORDS.get(alias, "changeit")]
        keytool("-genkeypair", *key, *own, *common)
    certificate = path.parent / "client.cer"
    certificate.write_bytes(client.certificate.der)
    keytool("-importcert", "-noprompt", "-alias", "Bank", "-file", certificate, *common)
    return path


@pytest.fixture(scope="session")
def secrets_file(keytool: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JCEKS file with secret keys of three classes."""
    path = tmp_path_factory.mktemp("java") / "secrets.jceks"
    common = ["-keystore", path, "-storetype", "JCEKS", "-storepass", "changeit"]
    for algorithm, bits in (("AES", "256"), ("DESede", "168"), ("HmacSHA256", "512")):
        keytool("-genseckey", "-alias", algorithm, "-keyalg", algorithm, "-keysize", bits, *common)
    return path


def test_every_entry_is_read(java_file: Path, client: Issued) -> None:
    """Both keys become key pairs, the trusted certificate a partner, which is no anchor."""
    store = Keystore.load(java_file, password="changeit", key_password=PASSWORDS)
    snapshot = store.snapshot()
    names = {alias: entry.certificate.subject for alias, entry in snapshot.keys.items()}
    assert names == {"first": "CN=First", "second": "CN=Second"}
    assert snapshot.require_partner("bank").certificate == client.certificate
    assert snapshot.trust.anchors == ()


def test_wrong_password_of_the_file(java_file: Path) -> None:
    """It is told by the digest over the file; without a password nothing is read."""
    for given in ("changeIt", None):
        with pytest.raises(WrongPasswordError):
            Keystore.load(java_file, password=given, key_password=PASSWORDS)


def test_wrong_password_of_a_key(java_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the key; the password may come from anywhere."""
    with pytest.raises(WrongPasswordError, match=r"right, but does not open the key 'second'"):
        Keystore.load(java_file, password="changeit")
    monkeypatch.setenv("SECOND", "another1")
    own = {"second": Secret.env("SECOND")}
    assert len(Keystore.load(java_file, password="changeit", key_password=own).entries()) == 3


def test_only_what_is_wanted_is_opened(java_file: Path) -> None:
    """A key whose password nobody knows is no obstacle; case does not count, as in Java."""
    store = Keystore.load(java_file, password="changeit", only=["First"], alias="me")
    assert [entry.alias for entry in store.entries()] == ["me"]
    with pytest.raises(KeyNotFoundError, match=r"'third'.*'bank', 'first', 'second'"):
        Keystore.load(java_file, password="changeit", key_password=PASSWORDS, only=["third"])


def test_changed_file(java_file: Path) -> None:
    """One octet changed anywhere is noticed."""
    data = bytearray(java_file.read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(WrongPasswordError, match="or the file was changed"):
        Keystore.from_bytes(bytes(data), password="changeit", key_password=PASSWORDS)


def test_kind_can_be_demanded(java_file: Path) -> None:
    """A file of another kind than said is refused before it is opened."""
    found = "jks" if java_file.read_bytes()[:1] == b"\xfe" else "jceks"
    Keystore.load(java_file, kind=found, password="changeit", only=["first"])  # type: ignore[arg-type]
    with pytest.raises(KeyLoadError, match=r"PKCS#12 expected, but this is a Java keystore"):
        Keystore.load(java_file, kind="pkcs12", password="changeit")


def test_secret_keys(secrets_file: Path) -> None:
    """Raw keys of JCEKS become secrets, whichever class Java wrote."""
    secrets = Keystore.load(secrets_file, password="changeit").snapshot().secrets
    assert {name: len(entry.octets) for name, entry in secrets.items()} == {
        "aes": 32,
        "desede": 24,
        "hmacsha256": 64,
    }


def test_secret_keys_are_those_of_java(secrets_file: Path, keytool: Run, tmp_path: Path) -> None:
    """keytool moves a secret key to PKCS#12 only if it opens it; the octets here are the same."""
    copied = tmp_path / "again.jceks"
    names = ["-srcalias", "AES", "-destalias", "copy", "-srckeypass", "changeit"]
    files = ["-srckeystore", secrets_file, "-destkeystore", copied, "-destkeypass", "another1"]
    kinds = ["-srcstoretype", "JCEKS", "-deststoretype", "JCEKS"]
    words = ["-srcstorepass", "changeit", "-deststorepass", "another1"]
    keytool("-importkeystore", "-noprompt", *names, *files, *kinds, *words)
    before = Keystore.load(secrets_file, password="changeit").snapshot().require_secret("aes")
    after = Keystore.load(copied, password="another1").snapshot().require_secret("copy")
    assert before.octets == after.octets


BROKEN = {
    "four thousand million entries": header(count=2**32 - 1),
    "version 3": header(count=0, version=3),
    "an entry that is not there": header(count=1),
    "an unknown kind of entry": header(count=1) + struct.pack(">IH", 9, 0) + bytes(8),
    "a secret key in JKS": header(count=1) + struct.pack(">IH", 3, 0) + bytes(8),
    "a key that is longer than the file": header(count=1)
    + struct.pack(">IH", 1, 0)
    + bytes(8)
    + b"\xff\xff\xff\xff",
    "more than the entries": header(count=0) + b"\0",
    "a key that is no DER": header(count=1) + key_entry(b"\x30\x84\xff\xff\xff\xff"),
    "an object without end": header(count=1, magic=0xCECECECE)
    + struct.pack(">IH", 3, 0)
    + bytes(8)
    + b"\xac\xed\x00\x05"
    + b"\x73\x72\x00\x01a" * 300,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files(body: bytes) -> None:
    """Whatever a length or a count says, it is held against what is there."""
    with pytest.raises(KeyLoadError, match="not a well-formed Java keystore"):
        Keystore.from_bytes(authentic(body), password="x")


def test_key_derivation_is_bounded() -> None:
    """A file cannot hold the process by its number of iterations."""
    parameters = bytes.fromhex("3010 0408 0102030405060708 0204 7fffffff".replace(" ", ""))
    algorithm = bytes.fromhex("0609 2b060104012a021301".replace(" ", "")) + parameters
    sealed = b"\x30" + bytes([len(algorithm) + 12]) + b"\x30" + bytes([len(algorithm)]) + algorithm
    sealed += b"\x04\x08" + bytes(8)
    body = header(count=1, magic=0xCECECECE) + key_entry(sealed)
    with pytest.raises(KeyLoadError, match="2147483647 iterations"):
        Keystore.from_bytes(authentic(body), password="x")


def test_key_with_the_certificate_of_another(client: Issued, authority: Authority) -> None:
    """A mixed-up pair is refused when it is loaded; the right one is not."""
    other = authority.issue("other")
    good = header(count=1) + key_entry(jks_sealed(client), (client.certificate.der,))
    assert Keystore.from_bytes(authentic(good), password="x").snapshot().require_key("a")
    bad = header(count=1) + key_entry(jks_sealed(client), (other.certificate.der,))
    with pytest.raises(KeyMismatchError, match=r"'a' does not belong to its certificate, CN=other"):
        Keystore.from_bytes(authentic(bad), password="x")


def test_alias_in_the_way_java_writes_text(client: Issued) -> None:
    """Java writes characters above U+FFFF as two halves, and NUL as two octets."""
    alias = "a\U0001f511\0".encode("utf-16-be", "surrogatepass").decode("utf-16-be")
    written = b"a\xed\xa0\xbd\xed\xb4\x91\xc0\x80"
    sealed = jks_sealed(client)
    body = header(count=1) + key_entry(sealed, (client.certificate.der,), alias=written)
    assert list(Keystore.from_bytes(authentic(body), password="x").snapshot().keys) == [alias]
