"""Messages across the day on which keys change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from rotation.generations import AFTER, BEFORE, DAY, LATER, NOW, Generations, generations

from zeep_wssec import (
    Encryption,
    Inbound,
    Keystore,
    Profile,
    Signature,
    Timestamp,
    UntrustedCertificateError,
)

MESSAGE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<Order xmlns="urn:o">42</Order></s:Body></s:Envelope>'
)
STEPS = (Timestamp(), Signature(), Encryption(recipients=("service",)))


@pytest.fixture(scope="module")
def client() -> Generations:
    return generations("client")


@pytest.fixture(scope="module")
def service() -> Generations:
    return generations("service")


def sender(client: Generations, service: Generations, when: datetime | None = DAY) -> Profile:
    """The client with both generations of each."""
    keystore = service.known_as("service", client.store("client", when=when), when=when)
    return Profile(keystore=keystore, outbound=STEPS)


def receiver(keystore: Keystore, **settings: Any) -> Profile:
    """The service with some of them."""
    demands = Inbound(encrypted=("body",), signed_by="client", **settings)
    return Profile(keystore=keystore, inbound=demands)


@pytest.mark.parametrize("now", [BEFORE, AFTER], ids=["before", "after"])
def test_request_is_read_by_a_service_of_the_day(
    client: Generations, service: Generations, now: datetime
) -> None:
    """Before the day a service that knows the old keys alone reads it, from then on one with the new."""
    message = sender(client, service).secure(MESSAGE, now=now).to_bytes()
    ours = service.old if now == BEFORE else service.new
    known, unknown = (client.old, client.new) if now == BEFORE else (client.new, client.old)
    fitting = ours.keystore("service").with_partner("client", known.certificate)
    assert receiver(fitting).check(message, now=now).body[0].text == "42"
    strange = ours.keystore("service").with_partner("client", unknown.certificate)
    with pytest.raises(UntrustedCertificateError):
        receiver(strange).check(message, now=now)


@pytest.mark.parametrize("sent", [BEFORE, AFTER], ids=["before", "after"])
@pytest.mark.parametrize("when", [DAY, None], ids=["dated", "undated"])
def test_service_with_both_generations_reads_all(
    client: Generations, service: Generations, sent: datetime, when: datetime | None
) -> None:
    """Whoever has both keys of its own and both of the other side needs no agreement on the minute."""
    both = client.known_as("client", service.store("service"))
    message = sender(client, service, when).secure(MESSAGE, now=sent).to_bytes()
    assert receiver(both).check(message, now=sent).body[0].text == "42"


def test_expired_certificate_of_a_partner_counts_no_more(
    client: Generations, service: Generations
) -> None:
    """That it stands beside a valid one does not make it valid; the valid one counts."""
    both = client.known_as("client", service.store("service"))
    settings: dict[str, Any] = {"fresh_seconds": None}
    old = sender(client, service).secure(MESSAGE, now=NOW).to_bytes()
    with pytest.raises(UntrustedCertificateError, match="expired"):
        receiver(both, signed=("body",), **settings).check(old, now=LATER)
    new = sender(client, service).secure(MESSAGE, now=LATER).to_bytes()
    assert receiver(both).check(new, now=LATER).body[0].text == "42"
