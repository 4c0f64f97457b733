"""One profile for each service of the table: what it sends is what the service asks for, and is valid."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from families.expected import ROWS
from families.reading import differences, octets, read, security_of
from families.recomputing import digest_class, opened, recomputed, signed_info, written
from families.terms import BY_SKI, NAMESPACES, Envelope, Row
from lxml import etree

from zeep_wssec import (
    AuthenticationError,
    DecryptionError,
    Inbound,
    InboundError,
    LegacyAlgorithmError,
    OverTLS,
    Profile,
    RequirementError,
    Secret,
    SignatureInvalidError,
    UnsupportedTokenError,
)
from zeep_wssec.demands import Action, Demands
from zeep_wssec.profile_file import load_plan, loads_plan, settings_to_toml
from zeep_wssec.testing.authority import Authority, Issued

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse"
SESSION_TOKEN = r"Shared/IDL:Sess\/Mgr:1\.0.IDL/Common/!A\/B!LB!-316116<7"
"""Some are no base64, whatever they say."""
LEGACY = {"sha1": "the client's service wants it", "cbc": "the client's service wants it"}
SERVICES = sorted(ROWS)
OWN_PARTS = {
    "soap:Body": "body",
    "wsu:Timestamp": "timestamp",
    "wsse:UsernameToken": "username_token",
    "wsse:BinarySecurityToken": "token",
    "document": "body",
}
"""What a profile calls the parts inside and around the security header."""
SIGNED = [
    name for name in SERVICES if 'step = "signature"' in (HERE / f"{name}.toml").read_text("utf-8")
]
BY_CBC = {"wcf_mutual", "edukoppeling"}
NOT_READ = {"sabre", "experian"}
"""Services whose tokens only they can read."""


@dataclass(frozen=True)
class World:
    """Two parties with keys, and a folder where the client's profiles find theirs."""

    folder: Path
    client: Issued
    service: Issued

    def secure(self, row: Row, *change: str) -> etree._Element:
        """The message of a profile, after putting one text of its file in place of another."""
        text = (HERE / f"{row.service}.toml").read_text("utf-8")
        if change:
            old, new = change
            assert old in text
            text = text.replace(old, new, 1)
        path = self.folder / f"{row.service}.toml"
        path.write_text(text, "utf-8")
        return Profile.load(path).secure(envelope(row.envelope), now=NOW).envelope

    def checker(
        self,
        row: Row,
        message: etree._Element,
        *,
        password: str = PASSWORD,
        order: tuple[Action, ...] = (),
    ) -> Profile:
        """The service's side of a row: what the message says is signed and encrypted must be so."""
        keystore = self.service.keystore("service").with_partner("client", self.client.certificate)
        if row.users == "sha1":
            known = hashlib.sha1(password.encode()).digest()  # noqa: S324  # what Amadeus keeps
            keystore = keystore.with_user("alice", Secret.of(known))
        elif row.users is not None:
            keystore = keystore.with_user("alice", password)
        namespaces = {name: NAMESPACES[name] for name in ("eb", "ebs", "msa")}
        inbound = demands(row, signed_parts(read(message, self.known)), order)
        return Profile(keystore=keystore, inbound=inbound, namespaces=namespaces)

    @property
    def known(self) -> dict[str, str]:
        """Words for what stands in key references."""
        words = {"alice": "user", PASSWORD: "password", SESSION_TOKEN: "session token"}
        for name, issued in (("client", self.client), ("service", self.service)):
            certificate = issued.certificate.x509
            ski = issued.certificate.subject_key_identifier
            words[certificate.issuer.rfc4514_string()] = "issuer"
            words[certificate.subject.rfc4514_string()] = f"{name} subject"
            words[str(certificate.serial_number)] = f"{name} serial number"
            words[base64.b64encode(ski).decode()] = f"{name} key identifier"
            words[base64.b64encode(issued.certificate.der).decode()] = f"{name} certificate"
        return words


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Throwaway keys in files, their passwords in the environment."""
    authority = Authority.create("Throwaway CA", now=NOW, key="ec-p256")
    client, service = authority.issue("client"), authority.issue("service")
    folder = tmp_path_factory.mktemp("families")
    (folder / "client.p12").write_bytes(client.pkcs12("secret"))
    (folder / "service.pem").write_bytes(service.certificate_pem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("P12_PASSWORD", "secret")
        patch.setenv("SERVICE_PASSWORD", PASSWORD)
        patch.setenv("SESSION_TOKEN", SESSION_TOKEN)
        yield World(folder, client, service)


def envelope(settings: Envelope) -> etree._Element:
    """A request as zeep hands it over."""
    prefix = settings.prefix
    soap = NAMESPACES["soap12" if settings.version == "1.2" else "soap11"]
    declared = "".join(f' xmlns:{key}="{uri}"' for key, uri in settings.declares.items())
    header = f"<{prefix}:Header>{settings.header}</{prefix}:Header>" if settings.header else ""
    return etree.fromstring(
        f'<{prefix}:Envelope xmlns:{prefix}="{soap}"{declared}>{header}<{prefix}:Body>'
        f'<ns0:Send xmlns:ns0="urn:example:services"><ns0:text>hello</ns0:text></ns0:Send>'
        f"</{prefix}:Body></{prefix}:Envelope>"
    )


def signed_parts(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What the signature of a message refers to, as a profile names it."""
    return tuple(sorted(OWN_PARTS.get(name, f"header:{name}") for name in facts.get("signed", ())))


def demands(row: Row, signed: tuple[str, ...], order: tuple[Action, ...]) -> Demands:
    """What the service demands: these parts signed, the Body encrypted if the row says so, the password."""
    encrypted = ("body",) if row.encrypted else ()
    if not (signed or encrypted):
        return OverTLS()
    return Inbound(
        signed=signed,
        encrypted=encrypted,
        fresh_seconds=3600 if "timestamp" in signed else None,
        signed_by="client" if signed else None,
        username_token="digest" if row.users == "sha1" else row.users,
        order=order,
        legacy=LEGACY,
    )


def clock_of(row: Row) -> datetime:
    """What the clock of the service says at ``NOW``."""
    return NOW + timedelta(hours=2 if row.service == "face" else 0)


def refusal(row: Row, error: type[InboundError]) -> type[InboundError]:
    """The error of a refused message: of one with CBC always the same, whatever the cause."""
    return DecryptionError if row.service in BY_CBC else error


def text_at(message: etree._Element, path: str) -> str:
    """The text of an element of the security header."""
    found = security_of(message).findtext(path, None, NAMESPACES)
    assert found is not None
    return found


# What is sent.


def test_each_profile_has_a_row() -> None:
    """The table and the folder name the same services, and the documentation each of them."""
    assert {path.stem for path in HERE.glob("*.toml")} == set(ROWS)
    page = (ROOT / "docs" / "services.md").read_text("utf-8")
    assert [name for name in SERVICES if f"`{name}.toml`" not in page] == []
    lines = [line for line in page.splitlines() if ".toml`" in line]
    families = {name: row.family for name, row in ROWS.items()}
    for line in lines:
        _, _, file, family, *_ = (cell.strip() for cell in line.split("|"))
        assert families[file.strip("`").removesuffix(".toml")] == family


@pytest.mark.parametrize("service", SERVICES)
def test_message_is_as_published(service: str, world: World) -> None:
    """Every element that the service speaks of is as it wants it."""
    row = ROWS[service]
    assert differences(row, world.secure(row), world.known) == {}


CHANGES = [
    ("cybersource", 'parts = ["body"]', 'parts = ["body", "token"]', "signed"),
    ("cybersource", "must_understand = false", "must_understand = true", "must_understand"),
    ("dian", '"header:wsa:To"]', '"header:wsa:To", "body"]', "absent"),
    ("dian", '["wsa", "soap", "wcf"]', '["wsa", "soap"]', "signed_info_prefixes"),
    ("dian", '["soap", "wcf"]', '["soap"]', "reference_prefixes"),
    ("dian", '"timestamp", "token", "signature"', '"token", "timestamp", "signature"', "children"),
    ("sat", 'digest = "sha1"', 'digest = "sha256"', "digests"),
    ("face", "clock_offset_seconds = 7200", "clock_offset_seconds = 0", "forms.times"),
    ("efact", 'offset = "+02:00"', 'offset = "Z"', "forms.times"),
    ("ofsted", '["Action", "To"]', '["To"]', "must_understand"),
    ("digipoort", '"microseconds"', '"milliseconds"', "forms.times"),
    ("digipoort", "ttl_seconds = 600", "ttl_seconds = 300", "lifetime_seconds"),
    ("kvk", 'message_id = "uuid"', 'message_id = "urn:uuid"', "forms.message_id"),
    ("ontario_ebs", 'algorithm = "rsa-sha1"', 'algorithm = "rsa-sha256"', "signature_method"),
    ("workday", '"x509_data_subject"', '"x509_data"', "key_reference"),
    ("sigec", '"rsa-oaep-mgf1p"', '"rsa-oaep"', "key_transport"),
    ("as4", '"subject_key_identifier"', '"issuer_serial"', "recipient_reference"),
    ("sabre", 'namespace = "2002/12"', "", "security_namespace"),
    ("salesforce_mc", "typed = false", "typed = true", "username_token"),
    ("sunat", 'password_type = "text"', 'password_type = "digest"', "username_token"),
]


@pytest.mark.parametrize(("service", "old", "new", "field"), CHANGES)
def test_one_setting_makes_the_difference(
    service: str, old: str, new: str, field: str, world: World
) -> None:
    """A setting that is not as the service wants it shows in the comparison, by its name."""
    row = ROWS[service]
    assert field in differences(row, world.secure(row, old, new), world.known)


@pytest.mark.parametrize("service", SERVICES)
def test_profile_survives_writing(service: str, world: World) -> None:
    """What a profile says can be written as a file again, and says the same."""
    world.secure(ROWS[service])
    plan = load_plan(world.folder / f"{service}.toml")
    again = loads_plan(settings_to_toml(plan), base=world.folder, name="again")
    for name in ("outbound", "inbound", "header", "namespaces", "service"):
        # Secrets are equal to none but themselves, and are not shown.
        assert repr(getattr(again, name)) == repr(getattr(plan, name))


def test_suwinet_takes_either_reference(world: World) -> None:
    """The certificate travels, or is named by its subject key identifier."""
    row = ROWS["suwinet"]
    message = world.secure(row, '"binary_token"', '"subject_key_identifier"')
    facts = read(message, world.known)
    assert facts["key_reference"] == BY_SKI.format("client")
    assert "wsse:BinarySecurityToken" not in facts["names"]
    assert "sender" in facts


@pytest.mark.parametrize("service", ["face", "efact", "digipoort", "sat", "ofsted", "ontario_ebs"])
def test_sha1_needs_its_reason(service: str, world: World) -> None:
    """Without the opt-in such a profile does not load."""
    text = (HERE / f"{service}.toml").read_text("utf-8")
    opt_in = re.search(r"^legacy = \{ sha1 = .*$", text, re.M)
    assert opt_in is not None
    with pytest.raises(LegacyAlgorithmError):
        world.secure(ROWS[service], opt_in[0], "")


# What it is worth: the service's side of ours.


@pytest.mark.parametrize("service", sorted(set(SERVICES) - NOT_READ))
def test_service_accepts_the_message(service: str, world: World) -> None:
    """Signature, ciphertext and password are right: a profile of the service takes the message as it is."""
    row = ROWS[service]
    message = etree.fromstring(etree.tostring(world.secure(row)))
    parts = signed_parts(read(message, world.known))
    seen = world.checker(row, message).check(message, now=clock_of(row))
    assert seen.body.findtext(".//{*}text") == "hello"
    assert {f"{part} signed" for part in parts} <= set(seen.report.proved)
    assert ("body encrypted" in seen.report.proved) == bool(row.encrypted)


@pytest.mark.parametrize("service", SIGNED)
def test_service_refuses_another_value(service: str, world: World) -> None:
    """One bit of the signature makes it invalid."""
    row = ROWS[service]
    message = world.secure(row)
    place = message.find(".//{*}SignatureValue")
    assert place is not None
    value = bytearray(octets(place.text))
    value[0] ^= 1
    place.text = base64.b64encode(value).decode()
    with pytest.raises(refusal(row, SignatureInvalidError)):
        world.checker(row, message).check(message, now=clock_of(row))


@pytest.mark.parametrize("service", [name for name in SIGNED if not ROWS[name].encrypted])
def test_signature_is_right_by_hand(service: str, world: World) -> None:
    """Digests and value follow from lxml's canonical forms and the public key alone."""
    message = etree.fromstring(etree.tostring(world.secure(ROWS[service])))
    assert recomputed(message) == written(message)
    method = digest_class(message, "ds:SignatureMethod")
    key = world.client.certificate.x509.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    value = octets(text_at(message, "ds:Signature/ds:SignatureValue"))
    key.verify(value, signed_info(message), padding.PKCS1v15(), method)


@pytest.mark.parametrize("service", ["sigec", "as4", "as4_entsog"])
def test_ciphertext_is_right_by_hand(service: str, world: World) -> None:
    """Whoever has the service's key opens it with the algorithms that the message names."""
    message = etree.fromstring(etree.tostring(world.secure(ROWS[service])))
    assert "hello" not in "".join(message.itertext())
    key = world.service.private_key
    assert isinstance(key, rsa.RSAPrivateKey)
    assert b"<ns0:text>hello</ns0:text>" in opened(message, key)


@pytest.mark.parametrize("service", [name for name in SERVICES if ROWS[name].encrypted])
def test_signed_before_it_is_encrypted(service: str, world: World) -> None:
    """The signature is over the plain Body: it is read once the ciphertext is opened, and only then."""
    row = ROWS[service]
    message = world.secure(row)
    refusing = world.checker(row, message, order=("signature", "encryption"))
    with pytest.raises(refusal(row, RequirementError)):
        refusing.check(copy.deepcopy(message), now=NOW)
    accepting = world.checker(row, message, order=("encryption", "signature"))
    assert accepting.check(message, now=NOW).report.accepted


@pytest.mark.parametrize("service", [name for name in SERVICES if ROWS[name].users is not None])
def test_service_refuses_another_password(service: str, world: World) -> None:
    """The password is what the token proves."""
    row = ROWS[service]
    message = world.secure(row)
    with pytest.raises(AuthenticationError):
        world.checker(row, message, password="wrong").check(message, now=clock_of(row))


def test_opaque_token_is_for_its_service_only(world: World) -> None:
    """A token that is no certificate is refused by whoever does not know its type."""
    row = ROWS["experian"]
    message = world.secure(row)
    with pytest.raises(UnsupportedTokenError):
        world.checker(row, message).check(message, now=NOW)


# By hand.


def test_amadeus_digest(world: World) -> None:
    """Base64(SHA-1(nonce + created + SHA-1(password))), of octets and not of their hex."""
    message = world.secure(ROWS["amadeus"])
    nonce = octets(text_at(message, "wsse:UsernameToken/wsse:Nonce"))
    created = text_at(message, "wsse:UsernameToken/wsu:Created").encode()
    hashed = hashlib.sha1(PASSWORD.encode()).digest()  # noqa: S324  # the service's own choice
    digest = hashlib.sha1(nonce + created + hashed).digest()  # noqa: S324
    assert octets(text_at(message, "wsse:UsernameToken/wsse:Password")) == digest
    assert len(nonce) == 16


@pytest.mark.parametrize("service", ["onvif", "abc_financial", "vetstat"])
def test_digest(service: str, world: World) -> None:
    """Base64(SHA-1(nonce + created + password)), as the UsernameToken Profile says."""
    message = world.secure(ROWS[service])
    nonce = octets(text_at(message, "wsse:UsernameToken/wsse:Nonce"))
    created = text_at(message, "wsse:UsernameToken/wsu:Created").encode()
    digest = hashlib.sha1(nonce + created + PASSWORD.encode()).digest()  # noqa: S324
    assert octets(text_at(message, "wsse:UsernameToken/wsse:Password")) == digest


def test_onvif_follows_the_clock_of_the_camera(world: World) -> None:
    """Created is the time of the device, which may be far from ours."""
    row = ROWS["onvif"]
    message = world.secure(row, "clock_offset_seconds = 0", "clock_offset_seconds = -600")
    assert text_at(message, "wsse:UsernameToken/wsu:Created") == "2027-06-01T11:50:00.000Z"


def test_face_says_local_time_as_if_it_were_utc(world: World) -> None:
    """Created is two hours ahead of the moment at which it was made."""
    message = world.secure(ROWS["face"])
    assert text_at(message, "wsu:Timestamp/wsu:Created").startswith("2027-06-01T14:00:00")


def test_efact_says_the_same_moment_with_its_offset(world: World) -> None:
    """The offset changes the text of the time, not the time."""
    message = world.secure(ROWS["efact"])
    created = text_at(message, "wsu:Timestamp/wsu:Created")
    assert created.endswith("+02:00")
    assert datetime.fromisoformat(created) == NOW


def test_base64_has_no_line_breaks(world: World) -> None:
    """Ofsted's service reads neither a token nor a value that is wrapped."""
    message = world.secure(ROWS["ofsted"])
    texts = [
        text_at(message, path) for path in ("wsse:BinarySecurityToken", ".//ds:SignatureValue")
    ]
    assert all("\n" not in text and octets(text) for text in texts)
