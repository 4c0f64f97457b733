"""Checks 4 to 13, both sides ours: order, missing parts, time, nonces, TLS, secrets, keys, wrapping, suites."""

from __future__ import annotations

import base64
import hashlib
import logging
import ssl
import threading
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
from acceptance.kit import DS, ENVELOPE, PASSWORD, SECEXT, SHARED, TEXT, World, found
from lxml import etree

from zeep_wssec import (
    AlgorithmSuite,
    AuthenticationError,
    DecryptionError,
    Encryption,
    Inbound,
    KeyLoadError,
    Keystore,
    LegacyAlgorithmError,
    MemoryReplayStore,
    MessageExpiredError,
    OutboundError,
    OverTLS,
    PartNotFoundError,
    Profile,
    ProfileError,
    ReplayError,
    RequirementError,
    Secret,
    Signature,
    Timestamp,
    UnsupportedAlgorithmError,
    UsernameToken,
    WrongPasswordError,
    WSSecError,
)
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSU
from zeep_wssec.testing.authority import Issued
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.partner import Partner
from zeep_wssec.testing.wrapping import wrap_signed_body

ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
NOW = datetime.now(UTC).replace(microsecond=0)
MESSAGE = ENVELOPE.encode()


def ours(world: World, *, at: timedelta = timedelta(), **settings: Any) -> Profile:
    """A profile of the client whose clock differs by ``at``."""
    return Profile(keystore=world.ours, clock=lambda: NOW + at, **settings)


def theirs(world: World, *, at: timedelta = timedelta(), **settings: Any) -> Profile:
    """The same of the server."""
    return Profile(keystore=world.theirs, clock=lambda: NOW + at, **settings)


# 4. Order.

ORDER = """
[inbound]
signed = ["body", "timestamp"]
encrypted = ["body"]
signed_by = "server"
order = {}
"""


def test_check_4_order_of_actions(world: World) -> None:
    """P-02, SW-11: a message that was signed, then encrypted, is decrypted, then verified; or refused."""
    steps = (Timestamp(), Signature(), Encryption(recipients=["client"]))
    now = datetime.now(UTC)
    message = theirs(world, outbound=steps).secure(MESSAGE, now=now).to_bytes()
    right = world.load(ORDER.format('["encryption", "signature"]'))
    assert right.check(message, now=now).body[0].text == TEXT
    swapped = world.load(ORDER.format('["signature", "encryption"]'))
    with pytest.raises(RequirementError) as caught:
        swapped.check(message, now=now)
    assert "in the order signature, encryption" in str(caught.value)
    assert "its order is encryption, signature" in str(caught.value)
    assert TEXT not in str(caught.value)


# 5. Missing parts.


@pytest.mark.parametrize("step", ["signature", "encryption"])
@pytest.mark.parametrize("part", ["header:t:Gone", "{Element}{urn:t}Gone", "{Content}{urn:t}Gone"])
def test_check_5_missing_part(world: World, step: str, part: str) -> None:
    """P-04: a part that is not there is named; with ``?`` the message is sent without it."""
    settings = 'recipients = ["server"]' if step == "encryption" else ""
    text = f"""
[namespaces]
t = "urn:t"

[[outbound]]
step = "{step}"
parts = ["body", "{part}"]
{settings}
"""
    with pytest.raises(PartNotFoundError) as caught:
        world.load(text).secure(MESSAGE)
    assert "Gone" in str(caught.value)
    assert world.load(text.replace("Gone", "Gone?")).secure(MESSAGE).to_bytes()


# 6. Time.


@pytest.mark.parametrize(
    ("created", "accepts"), [(61, False), (59, True), (-299, True), (-359, True), (-361, False)]
)
def test_check_6_time(world: World, created: int, accepts: bool) -> None:
    """P-16, P-17: at most 60 s in the future, at most 300 s old with 60 s between the clocks."""
    sender = theirs(world, at=timedelta(seconds=created), outbound=(Timestamp(), Signature()))
    message = sender.secure(MESSAGE).to_bytes()
    receiver = ours(world, inbound=Inbound())
    if accepts:
        assert receiver.check(message).report.created == NOW + timedelta(seconds=created)
        return
    with pytest.raises(MessageExpiredError):
        receiver.check(message)


def test_check_6_strict_expiry(world: World) -> None:
    """P-17: without tolerance a message is refused from the second on at which it expires."""
    sender = theirs(world, outbound=(Timestamp(ttl_seconds=10), Signature()))
    message = sender.secure(MESSAGE).to_bytes()
    strict = Inbound(clock_skew_seconds=0)
    assert ours(world, at=timedelta(seconds=9), inbound=strict).check(message)
    with pytest.raises(MessageExpiredError):
        ours(world, at=timedelta(seconds=10), inbound=strict).check(message)


def test_check_6_missing_timestamp(world: World) -> None:
    """P-17, SW-06: none where one is demanded; where it is not, the message passes."""
    message = theirs(world, outbound=(Signature(),)).secure(MESSAGE).to_bytes()
    with pytest.raises(RequirementError, match="Timestamp must be there"):
        ours(world, inbound=Inbound(signed=("body",))).check(message)
    relaxed = Inbound(signed=("body",), fresh_seconds=None)
    assert ours(world, inbound=relaxed).check(message)


# 7. Digests and nonces.

PROVED = Inbound(signed=(), fresh_seconds=300, username_token="digest")


def login(world: World, **settings: Any) -> bytes:
    """A message with a Timestamp and the user's token."""
    token = UsernameToken(username="alice", password="ecila-secret", **settings)
    return theirs(world, outbound=(Timestamp(), token)).secure(MESSAGE).to_bytes()


def text_of(message: bytes, tag: str) -> str:
    """Text of the last element of that name."""
    return found(message, tag)[-1].text or ""


def test_check_7_digest_by_hand(world: World) -> None:
    """P-18, SW-02: Base64(SHA-1(nonce + created + password)), and nothing else."""
    message = login(world)
    nonce = base64.b64decode(text_of(message, f"{{{SECEXT}}}Nonce"))
    (token,) = found(message, f"{{{SECEXT}}}UsernameToken")
    created = token.findtext(f"{{{WSU}}}Created") or ""
    digest = hashlib.sha1(
        nonce + created.encode() + b"ecila-secret", usedforsecurity=False
    ).digest()
    assert text_of(message, f"{{{SECEXT}}}Password") == base64.b64encode(digest).decode()


@pytest.mark.parametrize("kind", ["digest", "text"])
def test_check_7_nonce_is_accepted_once(world: World, kind: Any) -> None:
    """P-21: the same token twice is a replay; a new one of the same user is none."""
    receiver = ours(world, inbound=Inbound(signed=(), fresh_seconds=300, username_token=kind))
    token = {"password_type": kind, "nonce": True, "created": True}
    message = login(world, **token)
    assert receiver.check(message).report.username == "alice"
    with pytest.raises(ReplayError) as caught:
        receiver.check(message)
    assert caught.value.report is not None
    assert receiver.check(login(world, **token)).report.accepted


def test_check_7_nonce_in_another_message(world: World) -> None:
    """P-21: what else stands in the message does not make a captured token new."""
    receiver = ours(world, inbound=PROVED)
    message = login(world)
    assert receiver.check(message).report.accepted
    with pytest.raises(ReplayError):
        receiver.check(message.replace(b"lo &amp;", b"other"))


def test_check_7_nobody_keeps_a_message_out(world: World) -> None:
    """P-21: a nonce sent ahead with a wrong password, or in a message that is refused, blocks nothing."""
    receiver = ours(world, inbound=PROVED)
    message = login(world)
    digest = text_of(message, f"{{{SECEXT}}}Password").encode()
    forged = message.replace(digest, base64.b64encode(bytes(20)))
    assert forged != message
    with pytest.raises(AuthenticationError):
        receiver.check(forged)
    (timestamp,) = found(message, f"{{{WSU}}}Timestamp")
    start, end = message.index(b"<wsu:Timestamp"), message.index(b"</wsu:Timestamp>")
    assert timestamp is not None
    unfit = message[:start] + message[end + len(b"</wsu:Timestamp>") :]
    with pytest.raises(RequirementError):
        receiver.check(unfit)
    assert receiver.check(message).report.username == "alice"


def test_check_7_one_of_many_at_once(world: World) -> None:
    """P-21: of copies that arrive together one passes."""
    receiver = ours(world, inbound=PROVED)
    message = login(world)
    ready = threading.Barrier(8)

    def attempt(_: int) -> bool:
        ready.wait()
        try:
            receiver.check(message)
        except ReplayError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_check_7_remembered_as_long_as_it_counts(world: World) -> None:
    """P-21: until the token is too old a copy is a replay; from then on it is too old."""
    moment = [NOW]
    receiver = Profile(keystore=world.ours, clock=lambda: moment[0], inbound=PROVED)
    message = login(world)
    assert receiver.check(message).report.accepted
    for seconds, error in ((359, ReplayError), (360, MessageExpiredError)):
        moment[0] = NOW + timedelta(seconds=seconds)
        with pytest.raises(error):
            receiver.check(message)


def test_check_7_token_without_an_age(world: World) -> None:
    """P-21: where the profile sets no age, a token with a Nonce has one of five minutes."""
    anyway = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
    steps = (
        UsernameToken(username="alice", password="ecila-secret"),
        Encryption(recipients=["client"]),
    )
    message = theirs(world, outbound=steps).secure(MESSAGE).to_bytes()
    assert ours(world, at=timedelta(seconds=359), inbound=anyway).check(message)
    with pytest.raises(MessageExpiredError):
        ours(world, at=timedelta(seconds=360), inbound=anyway).check(message)


def test_check_7_stored_message(world: World) -> None:
    """P-21: a message that is looked at long after may be looked at again, at the time when it came."""
    message = login(world)
    later = ours(world, at=timedelta(days=1), inbound=PROVED)
    for _ in range(2):
        assert later.check(message, now=NOW).report.accepted
    with pytest.raises(MessageExpiredError):
        later.check(message)


def test_check_7_full_store_refuses(world: World) -> None:
    """P-21: a store without room refuses what is new and knows what it holds; time makes room."""
    moment = [NOW]
    store = MemoryReplayStore(max_entries=2, clock=lambda: moment[0])
    receiver = Profile(keystore=world.ours, clock=lambda: moment[0], inbound=PROVED, replay=store)
    first = login(world)
    assert receiver.check(first).report.accepted
    assert receiver.check(login(world)).report.accepted
    with pytest.raises(ReplayError, match="holds 2 entries"):
        receiver.check(login(world))
    with pytest.raises(ReplayError, match="accepted before"):
        receiver.check(first)
    moment[0] = NOW + timedelta(seconds=400)
    later = theirs(
        world,
        at=timedelta(seconds=400),
        outbound=(Timestamp(), UsernameToken(username="alice", password="ecila-secret")),
    )
    assert receiver.check(later.secure(MESSAGE).to_bytes()).report.accepted
    assert len(store) == 1


class BrokenStore:
    """A store whose server is away."""

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Fail."""
        raise ConnectionError("away")


class SharedStore:
    """A store as one would write it, of what it is asked."""

    def __init__(self) -> None:
        self.asked: dict[bytes, datetime] = {}

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add."""
        return self.asked.setdefault(key, expires) is expires


def test_check_7_store_of_the_caller(world: World) -> None:
    """P-21: two processes with one store accept a token once; keys are digests and tell nothing."""
    store = SharedStore()
    one, two = (ours(world, inbound=PROVED, replay=store) for _ in range(2))
    message = login(world)
    assert one.check(message).report.accepted
    with pytest.raises(ReplayError):
        two.check(message)
    ((key, expires),) = store.asked.items()
    assert len(key) == 32
    assert expires == NOW + timedelta(seconds=360)
    with pytest.raises(ProfileError, match="replay"):
        ours(world, replay=object())


def test_check_7_store_that_fails(world: World) -> None:
    """P-21: when it is not known whether a token is new, the message is refused, with the cause."""
    with pytest.raises(ReplayError) as caught:
        ours(world, inbound=PROVED, replay=BrokenStore()).check(login(world))
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert ours(world, inbound=PROVED).check(login(world))


# 8. TLS alone.


class Recording(ssl.SSLSocket):
    """A TLS socket that tells who the client is."""

    subjects: list[Any]

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, and note the subject."""
        super().do_handshake(block)
        peer: Any = self.getpeercert() or {}
        Recording.subjects.append(peer.get("subject"))


def test_check_8_tls_alone(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P-22, P-23: the envelope is zeep's own, octet for octet, and the server sees who the client is."""
    (tmp_path / "server.pem").write_bytes(world.server.key_pem() + world.server.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=world.ca.pem.decode())
    context.sslsocket_class = Recording
    Recording.subjects = []
    profile = world.load("""
[tls]
client_key = "client"
trust = ["ca.pem"]
minimum_version = "1.2"
""")
    order = {"sku": "42", "quantity": 1, "nonce": "ä"}
    partner = Partner(Profile(keystore=world.theirs, inbound=OverTLS()), answer_order)
    session = requests.Session()
    session.trust_env = False
    session.verify, session.cert = str(world.folder / "ca.pem"), str(world.folder / "client.pem")
    plain = ZEEP.Client(str(WSDL), transport=ZEEP.Transport(session=session))
    # The WSDL asks for addressing, and zeep gives each message an id.
    monkeypatch.setattr(uuid, "uuid4", lambda: "one")
    with partner.serve(tls=context) as address, profile.client(WSDL, address=address) as client:
        assert client.service.PlaceOrder(**order).nonce == "ä"
        plain.create_service("{urn:example:orders}OrderBinding", address).PlaceOrder(**order)
    ours, zeeps = (answer.request for answer in partner.answers)
    assert ours == zeeps
    assert b"Security" not in ours
    assert (("commonName", "client"),) in Recording.subjects[0]


# 9. Embedded keys.

EMBEDDED = """
[[keystore]]
secret_key = "shared"
value_env = "EMBEDDED_KEY"
key_name = "k1"

[[outbound]]
step = "encryption"
key = "shared"
key_reference = "key_name"
algorithm = "aes256-gcm"

[inbound]
signed = []
encrypted = ["body"]
fresh_seconds = "none"
"""


def test_check_9_embedded_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """P-07: a key both sides have, by its name alone; another key decrypts nothing and tells nothing."""
    monkeypatch.setenv("EMBEDDED_KEY", base64.b64encode(SHARED).decode())
    profile = world.load(EMBEDDED, keys=False)
    message = profile.secure(MESSAGE).to_bytes()
    (data,) = found(message, "{*}EncryptedData")
    assert data.findtext(f".//{DS}KeyName") == "k1"
    assert not found(message, "{*}EncryptedKey")
    assert profile.check(message).body[0].text == TEXT
    monkeypatch.setenv("EMBEDDED_KEY", base64.b64encode(bytes(32)).decode())
    with pytest.raises(DecryptionError) as caught:
        world.load(EMBEDDED, keys=False).check(message)
    assert TEXT not in shown(caught.value)


# 10. Keys that change.


@dataclass
class Replaced:
    """A keystore file and its next content."""

    path: Path
    before: Issued
    after: Issued
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def load(self, cache_seconds: float | None) -> Keystore:
        """Load it, with a clock of ours."""
        return Keystore.load(
            self.path, password=PASSWORD, cache_seconds=cache_seconds, clock=lambda: self.seconds[0]
        )

    def replace(self) -> None:
        """Put the next content there."""
        self.path.write_bytes(self.after.pkcs12(PASSWORD, name="client"))


@pytest.fixture
def replaced(world: World, tmp_path: Path) -> Replaced:
    """The client's file, to be replaced by one with another key under the same alias."""
    path = tmp_path / "client.p12"
    path.write_bytes(world.client.pkcs12(PASSWORD, name="client"))
    return Replaced(path, world.client, world.other)


def holds(keystore: Keystore, issued: Issued) -> bool:
    """Whether the key pair of the keystore is this one."""
    return keystore.snapshot().require_key("client").certificate == issued.certificate


def test_check_10_key_is_read_again(replaced: Replaced) -> None:
    """P-32: the old key for 3600 s, then the new one, in all that was made of the keystore, too."""
    store = replaced.load(3600)
    derived = store.with_user("u", "p").renamed("client", "me").renamed("me", "client")
    merged = Keystore().merge(derived)
    replaced.replace()
    replaced.seconds[0] = 3599.9
    for each in (store, derived, merged):
        assert holds(each, replaced.before)
        assert each.snapshot() is each.snapshot()
    flying = merged.snapshot()
    replaced.seconds[0] = 3600
    for each in (store, derived, merged):
        assert holds(each, replaced.after)
        assert each.snapshot() is each.snapshot()
    assert flying.require_key("client").certificate == replaced.before.certificate
    assert "u" in merged.snapshot().users


def test_check_10_key_is_read_at_once(replaced: Replaced) -> None:
    """P-32: with 0 at each use; without a time never."""
    always, never = replaced.load(0), replaced.load(None)
    before = always.snapshot()
    assert always.snapshot() is before
    replaced.replace()
    assert holds(always, replaced.after)
    assert holds(never, replaced.before)


def test_check_10_broken_file(replaced: Replaced) -> None:
    """P-32: while a file cannot be used the old key goes on for a minute; then the file is named each time."""
    store = replaced.load(3600)
    derived = store.with_user("u", "p")
    replaced.path.write_bytes(b"half a file")
    assert holds(derived, replaced.before)
    for replaced.seconds[0] in (3600, 3659.9):
        assert holds(derived, replaced.before)
    replaced.seconds[0] = 3660
    for each in (store, derived, store):
        with pytest.raises(KeyLoadError, match=r"client\.p12"):
            each.snapshot()
    replaced.path.unlink()
    with pytest.raises(KeyLoadError, match=r"client\.p12"):
        store.snapshot()
    replaced.replace()
    assert holds(store, replaced.after)
    assert holds(derived, replaced.after)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "60", True])
def test_check_10_no_time(replaced: Replaced, seconds: Any) -> None:
    """P-32: what is no time is refused."""
    with pytest.raises(KeyLoadError, match="cache_seconds"):
        replaced.load(seconds)


def test_check_10_profile_file(world: World, replaced: Replaced) -> None:
    """P-32, P-33: a profile signs with the new key from the next message on."""
    text = f"""
[[keystore]]
pkcs12 = "{replaced.path}"
password_file = "password"
cache_seconds = 0

[[outbound]]
step = "signature"
"""
    profile = world.load(text, keys=False)
    tokens = []
    for _ in range(2):
        tokens.append(
            text_of(profile.secure(MESSAGE).to_bytes(), f"{{{SECEXT}}}BinarySecurityToken")
        )
        replaced.replace()
    assert [base64.b64decode(token) for token in tokens] == [
        item.certificate.der for item in (replaced.before, replaced.after)
    ]
    with pytest.raises(ProfileError, match="cache_seconds"):
        world.load(text.replace("cache_seconds = 0", "cache_seconds = -1"), keys=False)


# 11. Wrapping.


def test_check_11_wrapped_body(world: World) -> None:
    """The signed Body under another header, a forged one in its place: refused; as it was, accepted."""
    message = theirs(world, outbound=(Timestamp(), Signature())).secure(MESSAGE).to_bytes()
    forged = wrap_signed_body(message, etree.fromstring('<t:Say xmlns:t="urn:t">forged</t:Say>'))
    receiver = ours(world, inbound=Inbound())
    with pytest.raises(RequirementError, match="body must be signed, but is not"):
        receiver.check(forged)
    assert receiver.check(message).body[0].text == TEXT


# 12. Algorithm suites.

SUITE = """
algorithm_suite = "Basic256Sha256"

[[outbound]]
step = "timestamp"

[[outbound]]
step = "encryption"
recipients = ["server"]

[[outbound]]
step = "signature"
parts = ["body", "timestamp", "encrypted_key"]
"""


def algorithms(message: bytes) -> dict[str, set[str]]:
    """Names of the algorithms that a message has, by element."""
    names: dict[str, set[str]] = {}
    for node in etree.fromstring(message).iter("{*}*"):
        if "Algorithm" in node.attrib:
            around = etree.QName(node.getparent()).localname
            kind = f"{around}/{etree.QName(node).localname}"
            names.setdefault(kind, set()).add(node.get("Algorithm", "").rpartition("#")[2])
    return names


def test_check_12_suite_in_a_file(world: World) -> None:
    """SW-09: Basic256Sha256 is aes256-cbc, rsa-oaep-mgf1p, rsa-sha256 and sha256, and the server reads it."""
    message = world.load(SUITE).secure(MESSAGE).to_bytes()
    names = algorithms(message)
    assert names["EncryptedData/EncryptionMethod"] == {"aes256-cbc"}
    assert names["EncryptedKey/EncryptionMethod"] == {"rsa-oaep-mgf1p"}
    assert names["SignedInfo/SignatureMethod"] == {"rsa-sha256"}
    assert names["Reference/DigestMethod"] == {"sha256"}
    demands = Inbound(encrypted=("body",), signed_by="client")
    assert Profile(keystore=world.theirs, inbound=demands).check(message).body[0].text == TEXT


def test_check_12_suite_in_python() -> None:
    """SW-09: the same as settings; what is said goes before the suite."""
    suite = AlgorithmSuite.named("Basic256Sha256")
    encryption, signature = (
        suite.encryption(recipients=["p"], legacy={"cbc": "a"}),
        suite.signature(),
    )
    found = (encryption.algorithm, encryption.key_transport, signature.algorithm, signature.digest)
    assert found == ("aes256-cbc", "rsa-oaep-mgf1p", "rsa-sha256", "sha256")
    assert suite.signature(symmetric=True).algorithm == "hmac-sha256"
    assert suite.session_key(recipients=["p"]).bytes == 32
    assert suite.encryption(recipients=["p"], algorithm="aes128-gcm").algorithm == "aes128-gcm"
    assert (suite.minimum_symmetric_bits, suite.maximum_symmetric_bits) == (256, 256)
    assert (suite.minimum_asymmetric_bits, suite.maximum_asymmetric_bits) == (1024, 4096)


KINDS = {"Basic256": "aes256", "Basic192": "aes192", "Basic128": "aes128", "TripleDes": "tripledes"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sha", ["", "Sha256"])
@pytest.mark.parametrize("transport", ["", "Rsa15"])
def test_check_12_every_suite(kind: str, sha: str, transport: str) -> None:
    """SW-09, P-08, P-09, P-11, P-12: each name says what it is made of; what is weak needs its opt-in."""
    suite = AlgorithmSuite.named(kind + sha + transport)
    assert (suite.cipher, suite.key_wrap) == (f"{KINDS[kind]}-cbc", f"kw-{KINDS[kind]}")
    needed = {"3des"} if kind == "TripleDes" else set()
    needed |= {"rsa-1_5"} if transport else set()
    legacy = dict.fromkeys(needed, "a test")
    made = suite.encryption(recipients=["p"], legacy=legacy)
    assert made.key_transport == ("rsa-1_5" if transport else "rsa-oaep-mgf1p")
    for name in needed:
        rest = {key: value for key, value in legacy.items() if key != name}
        with pytest.raises(LegacyAlgorithmError, match=f"suite {suite.name}") as caught:
            suite.encryption(recipients=["p"], legacy=rest)
        assert caught.value.details["opt_in"] == name
    opt_in = {} if sha else {"legacy": {"sha1": "a test"}}
    signature = suite.signature(**opt_in)
    expected = "sha256" if sha else "sha1"
    assert (signature.algorithm, signature.digest) == (f"rsa-{expected}", expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Basic256GCMSha256Rsa15", ("aes256-gcm", "rsa-1_5", "sha1", "sha1")),
        ("Basic128GCMSha256", ("aes128-gcm", "rsa-oaep-mgf1p", "sha1", "sha1")),
        ("Basic128GCMSha256MgfSha256", ("aes128-gcm", "rsa-oaep", "sha256", "sha256")),
    ],
)
def test_check_12_suites_with_gcm(name: str, expected: tuple[str, ...]) -> None:
    """SW-09: names that single products and networks have added."""
    made = AlgorithmSuite.named(name).encryption(recipients=["p"], legacy={"rsa-1_5": "a test"})
    assert (made.algorithm, made.key_transport, made.digest, made.mgf) == expected
    with pytest.raises(ProfileError, match="is not an algorithm suite"):
        AlgorithmSuite.named("CustomAlgorithmSuite")


def test_check_12_wrap_of_triple_des(world: World) -> None:
    """SW-09: a suite whose key wrap is not built says so where a key is wrapped."""
    suite, legacy = AlgorithmSuite.named("TripleDesSha256"), {"3des": "a test", "cbc": "a test"}
    with pytest.raises(ProfileError, match="kw-tripledes, which is not built"):
        suite.encryption(key="k", wrapped=True, legacy=legacy)
    made = suite.encryption(key="k", wrapped=True, key_wrap="kw-aes256", legacy=legacy)
    assert made.key_wrap == "kw-aes256"
    text = """
algorithm_suite = "TripleDesSha256"

[[outbound]]
step = "encryption"
key = "shared"
wrapped = true
legacy = { 3des = "a test", cbc = "a test" }
"""
    with pytest.raises(ProfileError, match=r"outbound\[0\]\.key_wrap: .* not built"):
        world.load(text)
    assert world.load(text + 'key_wrap = "kw-aes256"\n').plan.outbound


def test_check_12_weak_suite_in_a_file(world: World) -> None:
    """SW-05, SW-09: a suite with SHA-1 is refused with what to do; its opt-in lets it pass."""
    weak = SUITE.replace("Basic256Sha256", "Basic256")
    with pytest.raises(LegacyAlgorithmError) as caught:
        world.load(weak)
    assert "outbound[2].digest" in str(caught.value)
    assert "take Basic256Sha256" in str(caught.value)
    message = world.load(weak + 'legacy = { sha1 = "theirs" }\n').secure(MESSAGE).to_bytes()
    assert algorithms(message)["SignedInfo/SignatureMethod"] == {"rsa-sha1"}
    with pytest.raises(ProfileError, match="Did you mean Basic256Sha256"):
        world.load(SUITE.replace("Basic256Sha256", "Basic-256-Sha256"))


def test_check_12_cbc_without_signature(world: World) -> None:
    """SW-09: a suite gives no leave to encrypt with CBC what no signature covers."""
    lone = SUITE.split('[[outbound]]\nstep = "signature"')[0]
    with pytest.raises(LegacyAlgorithmError) as caught:
        world.load(lone)
    assert caught.value.details["opt_in"] == "cbc"
    assert "sign the encrypted parts" in caught.value.hint
    assert world.load(lone + 'legacy = { cbc = "theirs" }\n')


def test_check_12_suite_of_a_symmetric_binding(world: World) -> None:
    """SW-09: a signature with a key of the message, or a secret, takes the suite's HMAC; overlays as well."""
    profile = world.load("""
algorithm_suite = "Basic128Sha256"

[[outbound]]
step = "session_key"
recipients = ["server"]

[[outbound]]
step = "signature"
key = "session"
parts = ["body"]

[operation.Say]
[[operation.Say.outbound]]
step = "signature"
key = "shared"
key_reference = "key_name"
parts = ["body"]
algorithm = "hmac-sha512"

[[operation.Say.outbound]]
step = "signature"
parts = ["body"]
""")
    session, signature = profile.plan.outbound
    assert isinstance(signature, Signature)
    assert signature.algorithm == "hmac-sha256"
    assert getattr(session, "bytes", None) == 16
    steps = [step for step in profile.plan.operations["Say"].outbound or () if step]
    assert [getattr(step, "algorithm", None) for step in steps] == ["hmac-sha512", "rsa-sha256"]


def test_check_12_sha1_inbound(world: World) -> None:
    """P-11, P-12, SW-05: an answer signed with SHA-1 is refused unless the profile names it."""
    legacy = {"sha1": "a test"}
    step = Signature(algorithm="rsa-sha1", digest="sha1", legacy=legacy)
    message = theirs(world, outbound=(Timestamp(), step)).secure(MESSAGE).to_bytes()
    with pytest.raises(UnsupportedAlgorithmError):
        ours(world, inbound=Inbound()).check(message)
    assert ours(world, inbound=Inbound(legacy=legacy)).check(message)


# 13. Versions of SOAP, and secrets.


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_check_13_both_versions(world: World, soap: str) -> None:
    """P-28: SOAP 1.1 and 1.2, with mustUnderstand in the words of each."""
    steps = (Timestamp(), Signature(), Encryption(recipients=["client"]))
    plain = ENVELOPE.replace(SOAP11, soap).encode()
    message = theirs(world, outbound=steps).secure(plain).to_bytes()
    (security,) = found(message, f"{{{SECEXT}}}Security")
    assert security.get(f"{{{soap}}}mustUnderstand") in ("1", "true")
    checked = ours(world, inbound=Inbound(encrypted=("body",))).check(message)
    assert checked.envelope.tag == f"{{{soap}}}Envelope"
    assert checked.body[0].text == TEXT


SECRET_TEXT = "Gr33n-Mountain-ä"
SHORT_KEY, LONG_KEY = b"thirty-one octets, one too few!", b"thirty-two octets, as it must be"


def shown(error: BaseException) -> str:
    """Everything that tools tell of an error: texts, frames and their variables, causes and contexts."""
    texts: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        texts += traceback.TracebackException.from_exception(seen, capture_locals=True).format()
        texts.append(repr(vars(seen)))
        seen = seen.__cause__ or seen.__context__
    return "".join(texts)


def assert_hidden(text: str, *secrets: bytes) -> None:
    """No secret is told in any spelling."""
    for secret in secrets:
        spellings = [repr(secret)[2:-1], secret.hex(), base64.b64encode(secret).decode()]
        spellings += [secret.decode("latin-1"), secret.decode(errors="replace")]
        assert not [spelling for spelling in spellings if spelling in text]


def fail_wrong_file_password(world: World) -> Any:
    """A keystore that the password does not open."""
    return Keystore.load(world.folder / "client.p12", password=Secret.env("THE_SECRET"))


def fail_wrong_pem_password(world: World) -> Any:
    """The same of a private key in PEM."""
    key = world.client.key_pem("another")
    password = Secret.env("THE_SECRET")
    return Keystore.from_pem(key=key, certificate=world.client.certificate_pem, password=password)


def fail_wrong_profile_password(world: World) -> Any:
    """The same through a profile file."""
    return world.load(
        '[[keystore]]\npkcs12 = "client.p12"\npassword_env = "THE_SECRET"\n', keys=False
    )


def fail_broken_key(world: World) -> Any:
    """A shared key that is no base64."""
    return world.load('[[keystore]]\nsecret_key = "k"\nvalue_env = "THE_SECRET"\n', keys=False)


def fail_unfit_key(world: World) -> Any:
    """A shared key that is too short for its cipher."""
    return world.load(
        '[[keystore]]\nsecret_key = "k"\nvalue_env = "THE_KEY"\n[[outbound]]\n'
        'step = "encryption"\nkey = "k"\n',
        keys=False,
    ).secure(MESSAGE)


def fail_unwritable_password(world: World) -> Any:
    """A password that XML cannot carry."""
    token = UsernameToken(username="u", password=Secret.env("THE_BELL"), password_type="text")
    return ours(world, outbound=[token]).secure(MESSAGE)


def fail_wrong_user(world: World) -> Any:
    """A user's token with another password than the keystore's."""
    keys = world.ours.with_user("u", Secret.env("THE_SECRET"))
    token = UsernameToken(username="u", password="other")
    message = theirs(world, outbound=(Timestamp(), token)).secure(MESSAGE).to_bytes()
    demands = Inbound(signed=(), fresh_seconds=300)
    return Profile(keystore=keys, clock=lambda: NOW, inbound=demands).check(message)


def fail_wrong_shared_key(world: World) -> Any:
    """Content that another key encrypted."""
    step = Encryption(key="shared", key_reference="key_name")
    sender = Keystore().with_secret("shared", bytes(32), key_name="k1")
    message = Profile(keystore=sender, outbound=[step]).secure(MESSAGE).to_bytes()
    return world.load(EMBEDDED, keys=False).check(message)


FAILURES: dict[Callable[[World], Any], type[WSSecError]] = {
    fail_wrong_file_password: WrongPasswordError,
    fail_wrong_pem_password: WrongPasswordError,
    fail_wrong_profile_password: WrongPasswordError,
    fail_broken_key: KeyLoadError,
    fail_unfit_key: WSSecError,
    fail_unwritable_password: OutboundError,
    fail_wrong_user: AuthenticationError,
    fail_wrong_shared_key: DecryptionError,
}


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
def test_check_13_errors_hide_secrets(
    world: World, fail: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """P-20, P-31: no error tells a secret of the environment, nor do the variables of its frames."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("THE_SECRET", SECRET_TEXT)
    monkeypatch.setenv("THE_KEY", base64.b64encode(SHORT_KEY).decode())
    monkeypatch.setenv("EMBEDDED_KEY", base64.b64encode(LONG_KEY).decode())
    monkeypatch.setenv("THE_BELL", SECRET_TEXT + "\a")
    with pytest.raises(FAILURES[fail]) as caught:
        fail(world)
    text = shown(caught.value) + caplog.text
    assert_hidden(text, SECRET_TEXT.encode(), SHORT_KEY, LONG_KEY)


def test_check_13_nothing_tells_secrets(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """P-20, P-31, SW-13: what a profile shows and logs of a whole exchange has no secret."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("THE_SECRET", SECRET_TEXT)
    monkeypatch.setenv("THE_KEY", base64.b64encode(SHARED).decode())
    profile = world.load(
        """
[[keystore]]
secret_key = "k"
value_env = "THE_KEY"

[[keystore]]
user = "u"
password_env = "THE_SECRET"

[[outbound]]
step = "timestamp"

[[outbound]]
step = "username_token"
username = "u"
password_env = "THE_SECRET"
password_type = "text"

[[outbound]]
step = "encryption"
key = "k"
key_reference = "key_name"
parts = ["body", "username_token"]

[inbound]
signed = []
encrypted = ["body"]
""",
        keys=False,
    )
    records: list[Any] = []
    profile.on_exchange(records.append)
    secured = profile.secure(MESSAGE)
    checked = profile.check(secured.to_bytes())
    plan = profile.plan
    things = [profile, plan, plan.keystore, plan.keystore.snapshot(), *plan.outbound, secured]
    things += [secured.exchange, checked, checked.report, checked.received, plan.replay]
    text = "".join(map(repr, things)) + str(checked.report) + caplog.text
    assert_hidden(text, SECRET_TEXT.encode(), SHARED)
    assert SECRET_TEXT.encode() not in secured.to_bytes()
