"""Two parties that know each other: a client and a service, both with profiles of ours.

Everything happens at ``NOW``; keys are made once a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import pytest
from lxml import etree

from zeep_wssec import (
    AnyoneUnder,
    Encryption,
    Exchange,
    Inbound,
    InboundError,
    Keystore,
    Profile,
    Signature,
    Timestamp,
)
from zeep_wssec.profile import Checked, Secured
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.xmlcrypto import algorithms

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
ORDER = '<o:PlaceOrder xmlns:o="urn:orders"><o:sku>42</o:sku></o:PlaceOrder>'
MESSAGE_ID = "urn:uuid:1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
RELATES_TO = f'<wsa:RelatesTo xmlns:wsa="{WSA}">{MESSAGE_ID}</wsa:RelatesTo>'
SIGNED = (Timestamp(), Signature())
"""Steps of an answer as most services send it."""
ENCRYPTED = Encryption(recipients=("client",))
_Refusal = TypeVar("_Refusal", bound=InboundError)
LEGACY = dict.fromkeys(algorithms.LEGACY, "a test")


@cache
def authority() -> Authority:
    """The root that certifies both parties and others."""
    return Authority.create("Test Root", now=NOW)


PARTIES = ("client", "service", "other", "third", "backup")


def issued(name: str, key: str = "rsa-2048") -> Issued:
    """A certificate that signs and is encrypted to, with its key; always the same one."""
    return _issued(key)[name]


@cache
def _issued(key: str) -> dict[str, Issued]:
    """Issue to all parties in a row: the authority takes turns among few keys, and theirs must differ."""
    names = PARTIES if key == "rsa-2048" else PARTIES[:2]
    return {name: authority().issue(name, key=key) for name in names}


def another(name: str, *, by: Authority | None = None, **settings: Any) -> Issued:
    """A certificate for a key that none of the parties has; ``settings`` as for ``Authority.issue``."""
    taken = [item.certificate.public_key for item in _issued("rsa-2048").values()]
    while True:
        made = (by or authority()).issue(name, **settings)
        if made.certificate.public_key not in taken:
            return made


@cache
def keystore(ours: str, theirs: str, key: str = "rsa-2048") -> Keystore:
    """Key pair ``ours``, partner ``theirs``."""
    return issued(ours, key).keystore(ours).with_partner(theirs, issued(theirs, key).certificate)


class Forgetful:
    """A replay store that remembers nothing: ``accepted`` and ``refused`` check each message twice."""

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Take anything as new."""
        return True


def client(*, key: str = "rsa-2048", **settings: Any) -> Profile:
    """The profile of the client: it checks answers that the service must have signed."""
    settings.setdefault("keystore", keystore("client", "service", key))
    settings.setdefault("inbound", Inbound())
    settings.setdefault("replay", Forgetful())
    return Profile(clock=lambda: NOW, **settings)


def service(*steps: Step, key: str = "rsa-2048", **settings: Any) -> Profile:
    """The profile of the service: it protects answers with ``steps``."""
    settings.setdefault("keystore", keystore("service", "client", key))
    return Profile(clock=lambda: NOW, outbound=steps, **settings)


def envelope(
    content: str = ORDER, *, headers: str = "", soap: str = SOAP11, declarations: str = ""
) -> bytes:
    """An envelope as zeep writes one, with a Header only if ``headers`` has any."""
    head = f"<soap:Header>{headers}</soap:Header>" if headers else ""
    return (
        f'<soap:Envelope xmlns:soap="{soap}"{declarations}>{head}'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


def secured(
    steps: Sequence[Step] = SIGNED, message: bytes | None = None, **settings: Any
) -> Secured:
    """What the service makes of an envelope."""
    return service(*steps, **settings).secure(envelope() if message is None else message)


def answer(steps: Sequence[Step] = SIGNED, message: bytes | None = None, **settings: Any) -> bytes:
    """The same as it goes over the line."""
    return secured(steps, message, **settings).to_bytes()


def tree_of(message: bytes) -> etree._Element:
    """Parse as zeep does by default."""
    return etree.fromstring(message, etree.XMLParser(remove_comments=True, resolve_entities=False))


def accepted(
    message: bytes, profile: Profile | None = None, *, request: Exchange | None = None
) -> Checked:
    """Check a message that must pass: as bytes, and as the tree that zeep hands over."""
    profile = profile or client()
    checked = profile.check(message, request=request)
    again = profile.check(tree_of(message), request=request)
    assert again.report == checked.report
    assert etree.tostring(again.body, method="c14n") == etree.tostring(checked.body, method="c14n")
    return checked


def refused(
    message: bytes,
    error: type[_Refusal],
    profile: Profile | None = None,
    *,
    request: Exchange | None = None,
) -> _Refusal:
    """Check a message that must be refused with exactly ``error``, however it is handed over."""
    profile = profile or client()
    found: list[_Refusal] = []
    for given in (message, tree_of(message)):
        with pytest.raises(error) as caught:
            profile.check(given, request=request)
        assert caught.type is error
        found.append(caught.value)
    assert str(found[0]) == str(found[1])
    return found[0]


def body_of(message: bytes) -> etree._Element:
    """The Body of an envelope."""
    found = tree_of(message)[-1]
    assert found.tag in (f"{{{SOAP11}}}Body", f"{{{SOAP12}}}Body")
    return found


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonical form: what a signature is about."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


ANYONE = AnyoneUnder(reason="a test")
