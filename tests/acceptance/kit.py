"""What the acceptance checks share: keys on disk, profile files, envelopes, and WSS4J's keys.

The checks take the settings pages of products that secure SOAP, field by field, and prove that a profile
says and does the same. Each test names the number of its check or of its rows.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from interop.cxf.batch import Batch
from lxml import etree

from zeep_wssec import Keystore, Profile
from zeep_wssec.soap.namespaces import SOAP11
from zeep_wssec.testing.authority import Authority, Issued

PASSWORD = "throwaway"
USER, USER_PASSWORD = "alice", "ecila-secret"
KEY_NAME = "k1"
SHARED = bytes(range(32))
TEXT = "häl\tlo & €"
ENVELOPE = (
    f'<s:Envelope xmlns:s="{SOAP11}" xmlns:t="urn:t"><s:Header><t:Who>me</t:Who></s:Header><s:Body>'
    "<t:Say>häl\tlo &amp; €</t:Say></s:Body></s:Envelope>"
)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
SECEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = MORE + "rsa-sha256"


@dataclass(frozen=True)
class World:
    """A client and a server under one authority, and a folder with the client's files."""

    folder: Path
    ca: Authority
    client: Issued
    server: Issued
    other: Issued

    @classmethod
    def create(cls, folder: Path) -> World:
        """Make the keys, valid now, and write what profile files name."""
        ca = Authority.create("CN=Acceptance CA,O=Example", key="ec-p256", reuse_keys=False)
        # Three different keys: one that stands for another would hide a mistake.
        made = [
            ca.issue(f"CN={name},O=Example", san=["127.0.0.1"])
            for name in ("client", "server", "other")
        ]
        world = cls(folder, ca, *made)
        assert len({item.certificate.public_key_octets for item in made}) == len(made)
        (folder / "client.p12").write_bytes(world.client.pkcs12(PASSWORD, name="client"))
        (folder / "client.pem").write_bytes(world.client.key_pem() + world.client.certificate_pem)
        (folder / "server.pem").write_bytes(world.server.certificate_pem)
        (folder / "ca.pem").write_bytes(ca.pem)
        (folder / "password").write_text(PASSWORD + "\n")
        (folder / "user-password").write_text(USER_PASSWORD + "\n")
        (folder / "shared").write_text(base64.b64encode(SHARED).decode() + "\n")
        return world

    @cached_property
    def ours(self) -> Keystore:
        """The client's keystore."""
        keys = self.client.keystore("client").with_partner("server", self.server.certificate)
        keys = keys.with_secret("shared", SHARED, key_name=KEY_NAME)
        return keys.with_user(USER, USER_PASSWORD).with_trust(anchors=self.ca.pem)

    @cached_property
    def theirs(self) -> Keystore:
        """The server's keystore."""
        keys = self.server.keystore("server").with_partner("client", self.client.certificate)
        keys = keys.with_secret("shared", SHARED, key_name=KEY_NAME)
        return keys.with_user(USER, USER_PASSWORD)

    def give(self, peer: Batch) -> None:
        """Give WSS4J the server's keys as the set ``them``."""
        peer.keys(
            "them",
            pkcs12=[self.server.pkcs12(PASSWORD, name="server")],
            password=PASSWORD,
            partners={"client": self.client.certificate.der},
            anchors=[self.ca.issued.certificate.der],
            secrets={KEY_NAME: SHARED},
            users={USER: USER_PASSWORD},
        )

    def load(self, text: str, *, keys: bool = True) -> Profile:
        """Load a profile file; with ``keys`` after the entries of ``KEYS``."""
        path = self.folder / "profile.toml"
        path.write_text(_with_keys(text) if keys else text, "utf-8")
        return Profile.load(path)


KEYS = """
[[keystore]]
pkcs12 = "client.p12"
password_file = "password"

[[keystore]]
partner = "server"
certificate = "server.pem"

[[keystore]]
secret_key = "shared"
value_file = "shared"
key_name = "k1"

[[keystore]]
user = "alice"
password_file = "user-password"
"""
"""The client's keys, for profile files."""


def _with_keys(text: str) -> str:
    """Put the keys where TOML takes them: behind what stands at the top of the file."""
    lines = text.strip().splitlines()
    top = next((n for n, line in enumerate(lines) if line.startswith("[")), len(lines))
    return "\n".join([*lines[:top], KEYS, *lines[top:]]) + "\n"


def quoted(text: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(text)


def applied(profile: Profile, envelope: str = ENVELOPE) -> bytes:
    """Protect an envelope through zeep's hook."""
    root = etree.fromstring(envelope.encode())
    secured, _ = profile.apply(root, {})
    return etree.tostring(secured)


def found(message: bytes, tag: str) -> list[etree._Element]:
    """Every element of that name."""
    return list(etree.fromstring(message).iter(tag))
