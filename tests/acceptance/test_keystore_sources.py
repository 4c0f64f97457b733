"""Rows P-29 to P-31, T-05 and T-06: one key pair in every place, written by other tools, in every use.

The table of sources and uses has no empty cell: each passes, or is listed in ``CANNOT`` with its reason.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from peers import require_module, require_program
from softhsm import PIN, SoftToken

from zeep_wssec import (
    TLS,
    DuplicateAliasError,
    Encryption,
    Inbound,
    KeyNotFoundError,
    Keystore,
    KeyUsageError,
    OverTLS,
    Profile,
    Secret,
    Signature,
    Timestamp,
    WrongPasswordError,
)
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.partner import Partner
from zeep_wssec.testing.tls import ServerContext

WORD = "changeit"
MESSAGE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<PlaceOrder xmlns="urn:example:orders"><sku>42</sku></PlaceOrder></s:Body></s:Envelope>'
)
ALL = ("PKCS#12", "JKS", "JCEKS", "PEM", "PEM folder", "JWK", "PKCS#11", "callable", "key service")
CANNOT = {
    ("PKCS#11", "mTLS"): "does not leave it, but the TLS of Python",
    ("key service", "mTLS"): "does not leave it, but the TLS of Python",
}
"""Cells that do not pass: Python's ssl has no way to a key outside of its own memory."""


@dataclass(frozen=True)
class World:
    """Root, intermediate and two leaves; the client's key pair in the files of other tools."""

    folder: Path
    root: Authority
    client: Issued
    service: Issued

    def run(self, program: str, *arguments: str | Path, stdin: bytes = b"") -> bytes:
        """Run a tool in the folder."""
        command = [require_program(program), *map(str, arguments)]
        done = subprocess.run(
            command, input=stdin, cwd=self.folder, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
        return done.stdout

    def export(self, issued: Issued, name: str, alias: str) -> None:
        """Write ``name`` with openssl: PKCS#12 with the whole chain."""
        (self.folder / "in.pem").write_bytes(issued.key_pem() + issued.chain_pem)
        words = ["-passout", f"pass:{WORD}", "-name", alias]
        self.run("openssl", "pkcs12", "-export", "-in", "in.pem", "-out", name, *words)

    def convert(self, source: str, target: str, kind: str) -> None:
        """Copy all entries into another keystore with keytool."""
        words = ["-srcstorepass", WORD, "-deststorepass", WORD]
        files = ["-srckeystore", source, "-srcstoretype", "PKCS12", "-destkeystore", target]
        self.run("keytool", "-importkeystore", "-noprompt", *files, "-deststoretype", kind, *words)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = Authority.create("Root")
    middle = root.intermediate("Intermediate")
    client, service = middle.issue("client"), middle.issue("service", san=["127.0.0.1"])
    made = World(tmp_path_factory.mktemp("sources"), root, client, service)
    (made.folder / "root.pem").write_bytes(root.pem)
    made.export(client, "client.p12", "client")
    return made


@pytest.fixture(scope="module")
def token(world: World) -> SoftToken:
    made = SoftToken()
    made.write(world.client, label="client", number=1)
    return made


def pem_of(world: World, *options: str) -> bytes:
    """What openssl takes out of the PKCS#12 file."""
    return world.run("openssl", "pkcs12", "-in", "client.p12", "-passin", f"pass:{WORD}", *options)


def folder_of(world: World) -> Path:
    path = world.folder / "keys"
    path.mkdir(exist_ok=True)
    (path / "client.key").write_bytes(pem_of(world, "-nocerts", "-passout", f"pass:{WORD}"))
    (path / "all.crt").write_bytes(pem_of(world, "-nokeys"))
    return path


def jwk_of(world: World) -> bytes:
    jwk = require_module("jwcrypto.jwk")
    key = jwk.JWK.from_pem(pem_of(world, "-nocerts", "-nodes"))
    keys = jwk.JWKSet()
    keys.add(jwk.JWK(**key.export(as_dict=True), kid="client") if "kid" not in key else key)
    text: str = keys.export()
    return text.encode()


def service_of(world: World) -> Keystore:
    """A key that openssl holds; what it gives comes from its command line."""
    (world.folder / "kms.pem").write_bytes(world.client.key_pem())

    def sign(data: bytes, *, scheme: str, digest: str) -> bytes:
        assert scheme == "rsa-pkcs1v15"
        return world.run("openssl", "dgst", f"-{digest}", "-sign", "kms.pem", stdin=data)

    def decrypt(
        ciphertext: bytes, *, scheme: str, digest: str, mgf_digest: str, label: bytes
    ) -> bytes:
        options = {"rsa_padding_mode": "oaep", "rsa_oaep_md": digest, "rsa_mgf1_md": mgf_digest}
        assert (scheme, label) == ("rsa-oaep", b"")
        words = [
            word for name, value in options.items() for word in ("-pkeyopt", f"{name}:{value}")
        ]
        return world.run(
            "openssl", "pkeyutl", "-decrypt", "-inkey", "kms.pem", *words, stdin=ciphertext
        )

    chain = world.client.chain_pem
    return Keystore().with_external("client", certificate=chain, signer=sign, decrypter=decrypt)


def java(kind: str) -> Callable[[World, Any], Keystore]:
    def load(world: World, _request: Any) -> Keystore:
        target = f"client.{kind.lower()}"
        if not (world.folder / target).exists():
            world.convert("client.p12", target, kind)
        return Keystore.load(world.folder / target, password=WORD)

    return load


def on_token(world: World, request: pytest.FixtureRequest) -> Keystore:
    token = request.getfixturevalue("token")
    return Keystore.from_pkcs11(token.module, token=token.label, password=Secret.of(PIN))


SOURCES: dict[str, Callable[[World, Any], Keystore]] = {
    "PKCS#12": lambda world, _: Keystore.load(world.folder / "client.p12", password=WORD),
    "JKS": java("JKS"),
    "JCEKS": java("JCEKS"),
    "PEM": lambda world, _: Keystore.from_bytes(
        pem_of(world, "-passout", f"pass:{WORD}"), password=WORD, alias="client"
    ),
    "PEM folder": lambda world, _: Keystore.load(folder_of(world), password=WORD),
    "JWK": lambda world, _: Keystore.from_bytes(
        jwk_of(world), certificates=pem_of(world, "-nokeys"), alias="client"
    ),
    "PKCS#11": on_token,
    "callable": lambda world, _: Keystore.from_callable(
        (world.folder / "client.p12").read_bytes, password=WORD
    ),
    "key service": lambda world, _: service_of(world),
}


def sign(world: World, ours: Keystore) -> None:
    """The service verifies what we sign."""
    message = Profile(keystore=ours, outbound=[Timestamp(), Signature()]).secure(MESSAGE)
    theirs = world.service.keystore("service").with_partner("client", world.client.certificate)
    checked = Profile(
        keystore=theirs, inbound=Inbound(signed=["body", "timestamp"], signed_by="client")
    ).check(message.to_bytes())
    assert checked.body[0].tag == "{urn:example:orders}PlaceOrder"


def decrypt(world: World, ours: Keystore) -> None:
    """We read what the service encrypts for us."""
    theirs = world.service.keystore("service").with_partner("client", world.client.certificate)
    # SoftHSM 2.6 has OAEP with SHA-1 alone.
    steps = [Encryption(recipients=["client"], digest="sha1", mgf="sha1")]
    message = Profile(keystore=theirs, outbound=steps).secure(MESSAGE).to_bytes()
    assert b"PlaceOrder" not in message
    demands = Inbound(signed=[], encrypted=["body"], fresh_seconds=None)
    checked = Profile(keystore=ours, inbound=demands).check(message)
    assert checked.body[0].tag == "{urn:example:orders}PlaceOrder"


def mutual_tls(world: World, ours: Keystore, *, alias: str = "client") -> Any:
    """A server that trusts the root alone lets us in; gives the certificate that it saw."""
    context = ServerContext.create(world.service, clients=world.root)
    partner = Partner(Profile(keystore=Keystore(), inbound=OverTLS()), answer_order)
    trust = TLS(client_key=alias, trust=(world.folder / "root.pem",))
    profile = Profile(keystore=ours, inbound=OverTLS(), tls=trust)
    with partner.serve(tls=context) as address, profile.client(WSDL, address=address) as client:
        assert client.service.PlaceOrder(sku="42", quantity=1, nonce="n").nonce == "n"
    return context.clients[-1]


def show_to_server(world: World, ours: Keystore) -> None:
    assert mutual_tls(world, ours) == world.client.certificate


USES: dict[str, Callable[[World, Keystore], None]] = {
    "sign": sign,
    "decrypt": decrypt,
    "mTLS": show_to_server,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_in_every_use(
    world: World, request: pytest.FixtureRequest, source: str, use: str
) -> None:
    """P-29, P-30, T-05: the same key pair, wherever it is, signs, decrypts and is shown to a server."""
    ours = SOURCES[source](world, request)
    entry = ours.snapshot().require_key("client")
    assert (entry.certificate, entry.chain[:1]) == (world.client.certificate, world.client.chain)
    reason = CANNOT.get((source, use))
    if reason is None:
        USES[use](world, ours)
        return
    with pytest.raises(KeyUsageError, match=reason):
        USES[use](world, ours)


def test_table_is_whole() -> None:
    """Every source of the settings pages is in it, and what cannot be done is few."""
    assert tuple(SOURCES) == ALL
    assert {source for source, _ in CANNOT} == {"PKCS#11", "key service"}


KINDS = {"PKCS#12": "two.p12", "JKS": "two.jks", "JCEKS": "two.jceks"}


@pytest.fixture(scope="module")
def two(world: World) -> tuple[Issued, Issued]:
    """Two key pairs in one file of keytool, for each kind of it."""
    middle = world.root.intermediate("Other")
    pairs = middle.issue("one"), middle.issue("two", key="ec-p256")
    for issued, alias in zip(pairs, ("one", "two"), strict=True):
        world.export(issued, "single.p12", alias)
        for name, kind in (("two.p12", "PKCS12"), ("two.jks", "JKS"), ("two.jceks", "JCEKS")):
            world.convert("single.p12", name, kind)
    folder = world.folder / "two"
    folder.mkdir()
    for issued in pairs:
        name = issued.certificate.subject.removeprefix("CN=")
        (folder / f"{name}.pem").write_bytes(issued.key_pem(WORD) + issued.chain_pem)
    return pairs


@pytest.mark.parametrize("name", [*KINDS.values(), "two"])
def test_two_keys(world: World, two: tuple[Issued, Issued], name: str) -> None:
    """T-02, T-05, mTLS 3 and 4: the alias decides which the server sees; without one both are listed."""
    ours = Keystore.load(world.folder / name, password=WORD)
    assert mutual_tls(world, ours, alias="two") == two[1].certificate
    with pytest.raises(KeyNotFoundError, match="several key pairs; say which") as caught:
        ours.snapshot().require_key()
    assert "'one': CN=one" in str(caught.value)
    assert "'two': CN=two" in str(caught.value)
    with pytest.raises(WrongPasswordError):
        Keystore.load(world.folder / name, password="falsch")


def test_entries_are_merged_and_renamed(world: World, two: tuple[Issued, Issued]) -> None:
    """T-06: entries of several sources make one keystore; an alias that is taken is renamed, not replaced."""
    first = Keystore.load(world.folder / "two.jks", password=WORD)
    second = Keystore.load(world.folder / "client.p12", password=WORD)
    merged = first.merge(second.renamed("client", "three"))
    assert {entry.alias for entry in merged.entries()} == {"one", "two", "three"}
    with pytest.raises(DuplicateAliasError, match="'one' is taken"):
        first.merge(second.renamed("client", "one"))


def test_passwords_from_everywhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P-31: environment, file and function; that of the store may be another than that of the key."""
    monkeypatch.setenv("STORE_WORD", WORD)
    (world.folder / "word").write_text(WORD + "\n")
    for secret in (
        Secret.env("STORE_WORD"),
        Secret.file(world.folder / "word"),
        Secret.callable(lambda: WORD),
    ):
        assert Keystore.load(world.folder / "client.p12", password=secret).snapshot().require_key()
    words = [
        "-storepass",
        WORD,
        "-keypass",
        "another1",
        "-keystore",
        "apart.jks",
        "-storetype",
        "JKS",
    ]
    world.run("keytool", "-genkeypair", "-keyalg", "RSA", "-alias", "a", "-dname", "CN=a", *words)
    with pytest.raises(WrongPasswordError, match="does not open the key 'a'"):
        Keystore.load(world.folder / "apart.jks", password=WORD)
    store = Keystore.load(world.folder / "apart.jks", password=WORD, key_password="another1")
    assert store.snapshot().require_key("a")


def test_new_certificate_without_a_restart(world: World) -> None:
    """P-33: what is put into a folder is used by the next message."""
    live = world.folder / "live"
    live.mkdir()
    old, new = world.root.issue("live"), world.root.issue("live")
    (live / "us.pem").write_bytes(old.key_pem() + old.chain_pem)
    store = Keystore.load(live, cache_seconds=0)
    assert store.snapshot().require_key("us").certificate == old.certificate
    (live / "us.pem").write_bytes(new.key_pem() + new.chain_pem)
    assert store.snapshot().require_key("us").certificate == new.certificate
