"""Which messages are taken once: what they are remembered by, for how long, and when they are not."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree
from roundtrip.pair import (
    MESSAGE_ID,
    NOW,
    RELATES_TO,
    SIGNED,
    Forgetful,
    answer,
    envelope,
    issued,
    keystore,
    service,
)

from zeep_wssec import (
    Anonymous,
    Encryption,
    Exchange,
    Inbound,
    MemoryReplayStore,
    MessageExpiredError,
    OverTLS,
    Profile,
    ProfileError,
    ReplayError,
    RequirementError,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Timestamp,
    Unverified,
)
from zeep_wssec.replay.sqlite import SQLiteReplayStore
from zeep_wssec.settings.checks import MOST_SECONDS
from zeep_wssec.soap.namespaces import WSA
from zeep_wssec.testing.orders import ORDERS, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner

ALL = (Timestamp(), Signature(parts=("body", "timestamp", "headers?")))
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
REQUEST = envelope(f'<PlaceOrder xmlns="{ORDERS}"><sku>42</sku><nonce>n1</nonce></PlaceOrder>')
Entries = dict[bytes, datetime]


class Noting:
    """A store that shows what it was given."""

    def __init__(self) -> None:
        self.entries: Entries = {}

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add."""
        return self.entries.setdefault(key, expires) is expires


def receiver(
    inbound: Any = None, *, at: float = 0, key: str = "rsa-2048", **settings: Any
) -> Profile:
    """Who checks messages of the service, and remembers them."""
    now = NOW + timedelta(seconds=at)
    return Profile(
        keystore=keystore("client", "service", key),
        inbound=inbound or Inbound(),
        clock=lambda: now,
        **settings,
    )


def with_id(text: str = MESSAGE_ID) -> bytes:
    """A message with a MessageID."""
    return envelope(headers=f'<wsa:MessageID xmlns:wsa="{WSA}">{text}</wsa:MessageID>')


def entries(message: bytes, inbound: Any = None, request: Exchange | None = None) -> Entries:
    """What a receiver enters for a message."""
    store = Noting()
    receiver(inbound, replay=store).check(message, request=request)
    return store.entries


def test_same_octets() -> None:
    """The same message again is a replay; the report says what was found until then."""
    profile, message = receiver(), answer()
    profile.check(message)
    with pytest.raises(ReplayError, match="signed Timestamp was accepted before") as caught:
        profile.check(message)
    assert caught.value.report is not None
    assert not caught.value.report.accepted
    profile.check(answer())


def test_written_in_another_way() -> None:
    """What no signature covers makes no new message."""
    profile, message = receiver(), answer()
    profile.check(message)
    value = re.search(rb"<ds:SignatureValue>([^<]+)", message)
    assert value is not None
    for other in (
        message.replace(value[1], b"\n".join(value[1][n : n + 40] for n in range(0, 999, 40))),
        message.replace(b"<soap:Header>", b"<soap:Header><x xmlns='urn:x'/>"),
        message.replace(b"<ds:DigestValue>", b"<ds:DigestValue><!-- -->"),
    ):
        assert other != message
        receiver().check(other)
        with pytest.raises(ReplayError):
            profile.check(other)


def test_second_value_of_an_ecdsa_signature() -> None:
    """Anybody can write (r, n - s) for (r, s), which verifies as well: it is the same message."""
    message = answer(key="ec-p256")
    found = re.search(rb"<ds:SignatureValue>([^<]+)", message)
    assert found is not None
    value = base64.b64decode(found[1])
    s = P256_ORDER - int.from_bytes(value[32:], "big")
    other = message.replace(found[1], base64.b64encode(value[:32] + s.to_bytes(32, "big")))
    profile = receiver(key="ec-p256")
    profile.check(message)
    receiver(key="ec-p256").check(other)
    with pytest.raises(ReplayError):
        profile.check(other)


@pytest.mark.parametrize("parts", [("body", "timestamp"), ("timestamp", "body")])
def test_one_of_two_signatures_taken_away(parts: Sequence[str]) -> None:
    """A message with two signatures over the Timestamp is remembered by both, even if they are alike."""
    message = answer((Timestamp(), Signature(parts=("body", "timestamp")), Signature(parts=parts)))
    first, second = re.findall(rb"<ds:Signature .*?</ds:Signature>", message, re.DOTALL)
    for gone in (first, second):
        profile = receiver()
        profile.check(message)
        receiver().check(message.replace(gone, b""))
        with pytest.raises(ReplayError):
            profile.check(message.replace(gone, b""))


@pytest.mark.parametrize(
    ("ttl", "inbound", "seconds"),
    [
        (300, Inbound(), 360),
        (60, Inbound(), 120),
        (3600, Inbound(fresh_seconds=30, clock_skew_seconds=5), 35),
        (3600, Inbound(clock_skew_seconds=0), 300),
    ],
)
def test_remembered_as_long_as_it_is_fresh(ttl: int, inbound: Inbound, seconds: int) -> None:
    """Until the moment when its age refuses it, and no longer."""
    message = answer((Timestamp(ttl_seconds=ttl), Signature()))
    assert list(entries(message, inbound).values()) == [NOW + timedelta(seconds=seconds)]
    receiver(inbound, at=seconds - 0.001).check(message)
    with pytest.raises(MessageExpiredError):
        receiver(inbound, at=seconds).check(message)


def test_time_without_end() -> None:
    """The longest time of a setting is remembered as thirty years."""
    endless = Inbound(fresh_seconds=MOST_SECONDS)
    message = answer((Timestamp(ttl_seconds=2 * 10**9), Signature()))
    assert list(entries(message, endless).values()) == [NOW + timedelta(seconds=10**9)]


def test_signed_message_id() -> None:
    """A signer's MessageID is taken once, in whatever message; another one is new."""
    profile = receiver()
    profile.check(answer(ALL, with_id()))
    with pytest.raises(ReplayError, match="signed MessageID"):
        profile.check(answer(ALL, with_id()))
    profile.check(answer(ALL, with_id("urn:uuid:another")))


def test_unsigned_message_id() -> None:
    """An id that anybody may have written is not remembered: it would keep the true one out."""
    profile = receiver()
    profile.check(answer(SIGNED, with_id()))
    profile.check(answer(ALL, with_id()))


def test_message_id_of_another_signer() -> None:
    """Two partners may use the same id."""
    keys = keystore("client", "service").with_partner("third", issued("third").certificate)
    both = Inbound(signed_by=["service", "third"])
    profile = Profile(keystore=keys, inbound=both, clock=lambda: NOW)
    profile.check(answer(ALL, with_id()))
    profile.check(answer(ALL, with_id(), keystore=keystore("third", "client")))
    with pytest.raises(ReplayError):
        profile.check(answer(ALL, with_id(), keystore=keystore("third", "client")))


def test_message_id_under_a_key_of_anybody() -> None:
    """Whoever knows our certificate is nobody: their ids keep none of the partner's out."""
    anybody = Inbound(signed_by=["service", Anonymous(reason="a test")])
    steps = (
        Timestamp(),
        SessionKey(recipients=["client"]),
        Signature(key="session", algorithm="hmac-sha256", parts=ALL[1].parts),
    )
    profile = receiver(anybody)
    profile.check(answer(steps, with_id()))
    profile.check(answer(ALL, with_id()))


def test_endorsed_signature() -> None:
    """A trusted signature over the one that covers the Timestamp counts as one over the Timestamp."""
    steps = (
        Timestamp(),
        SessionKey(recipients=["client"]),
        Signature(key="session", algorithm="hmac-sha256"),
        Signature(parts=["signature"]),
    )
    profile, message = receiver(Inbound(signed_by="service")), answer(steps)
    profile.check(message)
    with pytest.raises(ReplayError):
        profile.check(message)
    profile.check(answer(steps))


def test_encrypted_message() -> None:
    """A message that was signed, then encrypted, is one that was signed."""
    profile = receiver(Inbound(encrypted=("body",)))
    message = answer((*SIGNED, Encryption(recipients=["client"])))
    profile.check(message)
    with pytest.raises(ReplayError):
        profile.check(message)


def asked(profile: Profile) -> Exchange:
    """A request with a MessageID, signed."""
    return profile.secure(with_id()).exchange


def test_answer_that_names_its_request() -> None:
    """It stays the answer to that request, however often it is looked at, and takes no room."""
    store = Noting()
    profile = receiver(replay=store, outbound=SIGNED)
    steps = (Timestamp(), Signature(parts=("body", "timestamp", "header:wsa:RelatesTo")))
    message, request = answer(steps, envelope(headers=RELATES_TO)), asked(profile)
    for _ in range(2):
        profile.check(message, request=request)
    assert not store.entries


def test_answer_that_names_no_request() -> None:
    """A genuine answer without RelatesTo passes for one request, not for the next one as well."""
    profile = receiver(outbound=SIGNED)
    message = answer(ALL, with_id("urn:uuid:of-the-answer"))
    profile.check(message, request=asked(profile))
    with pytest.raises(ReplayError, match="signed Timestamp") as caught:
        profile.check(message, request=asked(profile))
    assert caught.value.request_sent == "yes"
    profile.check(answer(ALL, with_id("urn:uuid:of-the-answer")), request=asked(profile))


@pytest.mark.parametrize(("steps", "taken"), [(SIGNED, 2), ((Timestamp(),), 1)])
def test_answer_with_confirmations(steps: Sequence[Any], taken: int) -> None:
    """The values of the request's signatures tie an answer to it; that there were none ties it to nothing."""
    caller = receiver(Inbound(signature_confirmation="required"), outbound=steps)
    partner = service(
        Timestamp(),
        SignatureConfirmation(),
        Signature(parts=("body", "timestamp", "confirmation")),
        inbound=Unverified(reason="a test"),
    )
    sent = caller.secure(envelope())
    answers = partner.check(sent.to_bytes())
    message = partner.secure(envelope(), answers=answers).to_bytes()
    told = []
    for _ in range(2):
        try:
            told.append(caller.check(message, request=sent))
        except ReplayError:
            break
    assert len(told) == taken


def test_replays_accepted() -> None:
    """Where that is stated a message is taken again, and nothing is entered."""
    assert len(entries(answer(ALL, with_id()))) == 2
    assert not entries(answer(ALL, with_id()), Inbound(replays="accept"))
    with pytest.raises(ProfileError, match="replays"):
        Inbound(replays="maybe")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "inbound",
    [
        Inbound(fresh_seconds=None),
        Unverified(reason="a test"),
        OverTLS(),
    ],
)
def test_nothing_that_says_when_it_ends(inbound: Any) -> None:
    """Without a signed Timestamp that is demanded nothing bounds how long to remember."""
    assert not entries(answer(), inbound)


def test_looked_at_again() -> None:
    """A message that was accepted can be checked again with a store of its own, without a trace."""
    store = Noting()
    profile, message = receiver(replay=store), answer()
    profile.check(message, replay=MemoryReplayStore())
    assert not store.entries
    profile.check(message)
    profile.check(message, replay=Forgetful())
    with pytest.raises(ReplayError):
        profile.check(message)


def test_refused_messages_are_not_remembered() -> None:
    """A message that fails for another reason keeps nobody out."""
    store, message = MemoryReplayStore(clock=lambda: NOW), answer()
    with pytest.raises(RequirementError):
        receiver(Inbound(encrypted=("body",)), replay=store).check(message)
    assert not len(store)
    receiver(replay=store).check(message)


def test_two_services_with_one_store() -> None:
    """Whatever process it reaches first, the message is taken once."""
    store = MemoryReplayStore(clock=lambda: NOW)
    message = answer()
    receiver(replay=store).check(message)
    with pytest.raises(ReplayError):
        receiver(replay=store).check(message)


class Broken:
    """A store that is away."""

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Fail."""
        raise ConnectionError("away")


def test_store_that_fails() -> None:
    """When it is not known whether a message is new it is refused; without a store to ask it is not."""
    with pytest.raises(ReplayError, match="failed with ConnectionError") as caught:
        receiver(replay=Broken()).check(answer())
    assert isinstance(caught.value.__cause__, ConnectionError)
    receiver(Inbound(replays="accept"), replay=Broken()).check(answer())


def test_entries_tell_nothing() -> None:
    """What is entered are 32 octets that depend on message and signer."""
    keys = [*entries(answer(ALL, with_id())), *entries(answer(ALL, with_id("urn:uuid:another")))]
    assert len(set(keys)) == 4
    assert {len(key) for key in keys} == {32}


@pytest.fixture(params=["memory", "sqlite", "redis"])
def shared_store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A store of each kind."""
    if request.param == "memory":
        return MemoryReplayStore()
    if request.param == "sqlite":
        return SQLiteReplayStore(tmp_path / "replay.db")
    url = request.getfixturevalue("redis_url")
    from zeep_wssec.replay.redis import RedisReplayStore

    return RedisReplayStore(url, prefix=f"{tmp_path}:")


def test_same_request_twenty_times_at_once(shared_store: Any) -> None:
    """A partner does what it is asked once, however many copies of the request arrive together."""
    parties = Parties.create()
    done: list[int] = []

    def place(body: etree._Element) -> Any:
        done.append(1)
        return answer_order(body)

    partner = Partner(parties.partner_profile(replay=shared_store), place)
    message = parties.client_profile().secure(REQUEST).to_bytes()
    ready = threading.Barrier(20)

    def send(session: requests.Session, address: str) -> int:
        ready.wait(30)
        return session.post(address, data=message, timeout=60).status_code

    with partner.serve() as address, requests.Session() as session, ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: send(session, address), range(20)))
    assert sorted(told) == [200] + [500] * 19
    assert done == [1]
    refused = [item.error for item in partner.answers if item.error is not None]
    assert {type(error) for error in refused} == {ReplayError}
    assert partner.answer(parties.client_profile().secure(REQUEST).to_bytes()).status == 200
