"""Every exchange leaves one record: in the log, and for callbacks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from zeep import Settings
from zeep.exceptions import Fault, TransportError

from zeep_wssec import Inbound, KeyNotFoundError, Profile, RequirementError, TransportSecurityError
from zeep_wssec.results import ExchangeRecord
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import WSDL
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Answer, Partner

Call = Callable[..., Any]
Make = Callable[..., Any]


@pytest.fixture
def records(profile: Profile) -> list[ExchangeRecord]:
    """What the callback of ``profile`` was given."""
    given: list[ExchangeRecord] = []
    profile.on_exchange(given.append)
    return given


def test_record_of_an_accepted_answer(
    profile: Profile,
    parties: Parties,
    partner: Partner,
    address: str,
    call: Call,
    records: list[ExchangeRecord],
) -> None:
    """It has the operation, the message, the signer and the report."""
    call(profile, address)
    (record,) = records
    asked = partner.answers[-1].exchange
    assert asked is not None
    assert (record.outcome, record.code) == ("accepted", "")
    assert record.operation == "urn:example:orders/PlaceOrder"
    assert record.message_id == asked.message_id
    assert record.peer == parties.partner.certificate.thumbprint_sha256
    assert record.report is not None
    assert record.report.accepted


def test_record_of_a_refused_answer(
    profile: Profile, make_partner: Make, call: Call, records: list[ExchangeRecord]
) -> None:
    """It has the code of the error."""
    with make_partner(outbound=[]).serve() as address, pytest.raises(RequirementError):
        call(profile, address)
    assert [(record.outcome, record.code) for record in records] == [("refused", "requirement")]


def test_record_of_a_failed_connection(
    profile: Profile, partner: Partner, call: Call, records: list[ExchangeRecord]
) -> None:
    """No answer is no refusal."""
    with partner.serve() as address:
        pass
    with pytest.raises(TransportSecurityError):
        call(profile, address)
    assert [(record.outcome, record.code) for record in records] == [
        ("failed", "transport_security")
    ]


def test_record_of_a_fault(
    profile: Profile, address: str, call: Call, records: list[ExchangeRecord]
) -> None:
    """A protected Fault is an accepted answer."""
    with pytest.raises(Fault):
        call(profile, address, fail="sold out")
    assert [record.outcome for record in records] == ["accepted"]


def test_no_record_of_a_message_that_was_not_sent(
    make_profile: Make, partner: Partner, address: str, call: Call
) -> None:
    """A request whose answer could not be judged is not sent, and starts no exchange."""
    profile = make_profile(inbound=Inbound(signed_by="nobody"))
    records: list[ExchangeRecord] = []
    profile.on_exchange(records.append)
    with pytest.raises(KeyNotFoundError, match="nobody") as caught:
        call(profile, address)
    assert caught.value.request_sent == "no"
    assert not records
    assert not partner.answers


def test_log(profile: Profile, address: str, call: Call, caplog: pytest.LogCaptureFixture) -> None:
    """One line at INFO an exchange."""
    with caplog.at_level(logging.INFO):
        call(profile, address)
    (line,) = [item.getMessage() for item in caplog.records if item.name == "zeep_wssec.profile"]
    assert line.startswith("exchange accepted: operation=urn:example:orders/PlaceOrder ")


def test_log_of_a_refusal(
    profile: Profile, make_partner: Make, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal is a line of the same form, with its code."""
    with (
        make_partner(outbound=[]).serve() as address,
        caplog.at_level(logging.INFO),
        pytest.raises(RequirementError),
    ):
        call(profile, address)
    (line,) = [item.getMessage() for item in caplog.records if item.name == "zeep_wssec.profile"]
    assert "exchange refused" in line
    assert "code=requirement" in line


def test_debug_log_has_no_content(
    profile: Profile, address: str, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at DEBUG do our loggers write what a message says."""
    with caplog.at_level(logging.DEBUG):
        call(profile, address, nonce="top-secret")
    ours = [item.getMessage() for item in caplog.records if item.name.startswith("zeep_wssec")]
    assert ours
    assert not [line for line in ours if "top-secret" in line]


def test_callback_is_called_in_the_thread_of_the_call(profile: Profile, address: str) -> None:
    """There the report of the call is at hand."""
    seen: list[bool] = []
    profile.on_exchange(lambda record: seen.append(profile.last_report() is record.report))
    profile.client(WSDL, address=address).service.PlaceOrder(sku="42", quantity=1, nonce="n1")
    assert seen == [True]


def test_record_of_a_raw_answer(
    profile: Profile, address: str, call: Call, records: list[ExchangeRecord]
) -> None:
    """A raw answer that was verified is an accepted answer."""
    call(profile, address, settings=Settings(raw_response=True))
    assert [record.outcome for record in records] == ["accepted"]


def test_record_of_an_empty_answer(make_profile: Make, make_partner: Make, call: Call) -> None:
    """An empty answer that the profile takes ends its exchange."""
    profile = make_profile(inbound=Inbound(empty_replies="accept"))
    records: list[ExchangeRecord] = []
    profile.on_exchange(records.append)
    with make_partner(handler=lambda body: None).serve() as address:
        call(profile, address)
    assert [record.outcome for record in records] == ["accepted"]


@pytest.mark.parametrize("content", [b"", b"Bad Gateway"])
def test_record_of_an_answer_that_is_none(
    profile: Profile, call: Call, records: list[ExchangeRecord], content: bytes
) -> None:
    """What is no SOAP message, such as a gateway's error page, ends the exchange as failed or refused."""
    with (
        serve(lambda request, headers: Answer(status=502, content=content)) as address,
        pytest.raises((TransportError, TransportSecurityError)),
    ):
        call(profile, address)
    assert len(records) == 1
