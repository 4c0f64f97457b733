"""No public object shows a secret, hands it over in a copy that can be printed, or lets it be pickled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from leakage import planted
from leakage.search import found_in, shown_forms

from zeep_wssec import (
    BinaryToken,
    Encryption,
    Inbound,
    Profile,
    RedactedHistory,
    Secret,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.errors import WSSecError
from zeep_wssec.exchange import SessionSecret
from zeep_wssec.header.symmetric import MadeKey, SymmetricKey
from zeep_wssec.keys.entries import SecretEntry
from zeep_wssec.keys.secrets import HiddenBytes
from zeep_wssec.profile_file import settings_to_toml
from zeep_wssec.results import Checked, ExchangeRecord, Secured
from zeep_wssec.xmlcrypto.hmac_key import HmacKey, HmacSigner

STEPS = (
    Timestamp(),
    UsernameToken(username="ada", password=planted.USER_PASSWORD.decode()),
    SessionKey(recipients=("partner",), name="session"),
    Signature(key="session", derived_key="1.3"),
    Encryption(key="session"),
    Signature(parts=("signature",)),
)
DEMANDS = Inbound(encrypted=("body",), signed_by="client")


@dataclass(frozen=True, kw_only=True)
class Done:
    """One exchange, with all that it left."""

    profile: Profile
    secured: Secured
    checked: Checked
    canaries: dict[str, bytes]


def _exchange() -> Done:
    profile = planted.client(
        *STEPS,
        inbound=Inbound(
            encrypted=("body",), signed=("body",), signed_by="partner", fresh_seconds=None
        ),
    )
    receiver = planted.partner(inbound=DEMANDS)
    with planted.recorded_keys() as keys:
        secured = profile.secure(planted.ORDER)
        checked = receiver.check(secured.to_bytes())
    canaries = {**planted.canaries(), **keys}
    return Done(profile=profile, secured=secured, checked=checked, canaries=canaries)


@pytest.fixture(scope="module")
def done() -> Done:
    """One exchange with every kind of secret."""
    return _exchange()


def _key(done: Done) -> bytes:
    return done.secured.exchange.session_keys[0].octets


OBJECTS: dict[str, Callable[[Done], Any]] = {
    "profile": lambda done: done.profile,
    "plan": lambda done: done.profile.plan,
    "keystore": lambda done: done.profile.plan.keystore,
    "snapshot": lambda done: done.profile.plan.keystore.snapshot(),
    "keys": lambda done: done.profile.plan.keystore.snapshot().keys,
    "key entry": lambda done: done.profile.plan.keystore.snapshot().require_key("client"),
    "signer": lambda done: (
        done.profile.plan.keystore.snapshot().require_key("client").require_signer()
    ),
    "secrets": lambda done: done.profile.plan.keystore.snapshot().secrets,
    "secret entry": lambda done: done.profile.plan.keystore.snapshot().require_secret("shared"),
    "users": lambda done: done.profile.plan.keystore.snapshot().users,
    "literal": lambda _: Secret.of(planted.USER_PASSWORD),
    "callable": lambda _: Secret.callable(lambda: planted.USER_PASSWORD),
    **{f"step {index}": lambda done, n=index: STEPS[n] for index in range(len(STEPS))},  # type: ignore[misc]
    "ticket": lambda _: BinaryToken(value_type="urn:x", value=planted.ticket()),
    "secured": lambda done: done.secured,
    "exchange": lambda done: done.secured.exchange,
    "session key": lambda done: done.secured.exchange.session_keys[0],
    "checked": lambda done: done.checked,
    "received": lambda done: done.checked.received,
    "report": lambda done: done.checked.report,
    "report as JSON": lambda done: done.checked.report.to_dict(),
    "record": lambda done: ExchangeRecord.of_call(
        done.secured.exchange, started=0, outcome="accepted", code="", report=done.checked.report
    ),
    "made key": lambda done: MadeKey(name="session", octets=_key(done)),
    "key of a message": lambda done: SymmetricKey(octets=_key(done), text="a key"),
    "HMAC key": lambda _: HmacKey(planted.SHARED),
    "HMAC signer": lambda _: HmacSigner(planted.SHARED),
    "hidden": lambda _: HiddenBytes(planted.SHARED),
    "history": lambda _: RedactedHistory(),
}


@pytest.fixture(params=OBJECTS.values(), ids=list(OBJECTS))
def thing(request: pytest.FixtureRequest, done: Done) -> Any:
    """One object."""
    return request.param(done)


def test_the_exchange_had_secrets(done: Done) -> None:
    """Session, derived and content keys were at hand, and the content was read."""
    kinds = {name.split()[0] for name in done.canaries}
    assert {"MadeKey", "SymmetricKey", "SessionSecret", "private", "ticket"} <= kinds
    assert planted.CONTENT in done.checked.to_bytes()
    assert planted.CONTENT not in done.secured.to_bytes()


def test_shown(thing: Any, done: Done) -> None:
    """``repr``, ``str``, ``vars`` and ``dataclasses.asdict``."""
    shown = {how: found_in(text, done.canaries) for how, text in shown_forms(thing)}
    assert not any(shown.values()), shown


def test_used_secret_entry(done: Done) -> None:
    """The octets that it has kept since the first use are not shown either."""
    entry = SecretEntry("shared", Secret.of(planted.SHARED))
    assert entry.octets == planted.SHARED
    assert not any(found_in(text, done.canaries) for _, text in shown_forms(entry))


def test_pickled(thing: Any, done: Done) -> None:
    """It is refused, or has no secret in it."""
    try:
        octets = pickle.dumps(thing)
    except (WSSecError, TypeError, pickle.PicklingError, AttributeError) as error:
        assert found_in(str(error), done.canaries) == []  # noqa: PT017  # either is right
    else:
        assert found_in(octets, done.canaries) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda done: done.secured.exchange,
        lambda done: done.checked.received,
        lambda _: SessionSecret(sha1=b"", octets=planted.SHARED),
        lambda _: MadeKey(name="a", octets=planted.SHARED),
        lambda _: SymmetricKey(text="a", octets=planted.SHARED),
        lambda _: HmacKey(planted.SHARED),
        lambda _: Secret.of(planted.SHARED),
        lambda _: Secret.callable(lambda: planted.SHARED),
        lambda _: SecretEntry("a", planted.SHARED),
        lambda _: UsernameToken(username="ada", password="canary"),
        lambda done: done.profile,
        lambda done: done.profile.plan.keystore,
        lambda done: done.profile.plan.keystore.snapshot(),
    ],
)
def test_secrets_refuse_to_be_pickled(make: Callable[[Done], Any], done: Done) -> None:
    """All that holds a secret says why it is not pickled."""
    with pytest.raises(WSSecError, match="pickled"):
        pickle.dumps(make(done))


def test_what_holds_no_secret_can_be_pickled(done: Done) -> None:
    """The accepted twin: a report, a secret that is named by its source."""
    assert pickle.loads(pickle.dumps(done.checked.report)) == done.checked.report  # noqa: S301
    assert repr(pickle.loads(pickle.dumps(Secret.env("A")))) == "Secret.env('A')"  # noqa: S301


def test_copied(thing: Any, done: Done) -> None:
    """A deep copy is refused, or shows as little."""
    try:
        copied = copy.deepcopy(thing)
    except (WSSecError, TypeError) as error:
        assert found_in(str(error), done.canaries) == []  # noqa: PT017  # either is right
    else:
        assert not any(found_in(text, done.canaries) for _, text in shown_forms(copied))


def test_hidden_octets_are_octets() -> None:
    """They compute, compare and slice as ``bytes``; only showing them is different."""
    hidden = HiddenBytes(b"abc")
    assert (hidden, hidden + b"d", hidden[1:], len(hidden)) == (b"abc", b"abcd", b"bc", 3)
    assert copy.copy(hidden) is hidden
    assert [repr(hidden), str(hidden), f"{hidden!s:>9}"] == ["<hidden>", "<hidden>", " <hidden>"]


def test_written_as_a_file(done: Done) -> None:
    """Settings with a password in memory are not written; one with a source is written as that."""
    with pytest.raises(WSSecError) as refused:
        settings_to_toml(done.profile.plan)
    assert found_in(str(refused.value), done.canaries) == []
    token = UsernameToken(username="ada", password=Secret.env("ADA"))
    text = settings_to_toml(planted.client(token, SignatureConfirmation()).plan)
    assert 'password_env = "ADA"' in text
