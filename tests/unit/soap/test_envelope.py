"""The envelope: version, Header, Body, Fault, and whom a security header is for."""

from __future__ import annotations

import pytest
from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, OutboundError
from zeep_wssec.soap.envelope import Envelope, fault_text
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSSE, readable_name


def read(inner: str, namespace: str = SOAP11) -> Envelope:
    """Read an envelope with this inside."""
    xml = f'<s:Envelope xmlns:s="{namespace}" xmlns:w="{WSSE}">{inner}</s:Envelope>'
    return Envelope.read(etree.fromstring(xml), error=MalformedSecurityError)


@pytest.mark.parametrize(("namespace", "version"), [(SOAP11, "1.1"), (SOAP12, "1.2")])
def test_version(namespace: str, version: str) -> None:
    """By the namespace of the root alone."""
    assert read("<s:Body/>", namespace).version == version


@pytest.mark.parametrize("error", [MalformedSecurityError, OutboundError])
def test_error_is_chosen(error: type[Exception]) -> None:
    """The message may be ours or the peer's."""
    with pytest.raises(error):
        Envelope.read(etree.fromstring("<x/>"), error=error)  # type: ignore[arg-type]


def test_fault() -> None:
    """A Fault is a child of the Body."""
    assert read("<s:Body><s:Fault/></s:Body>").fault is not None
    assert read("<s:Body><x><s:Fault/></x></s:Body>").fault is None


@pytest.mark.parametrize(
    ("attribute", "namespace", "actor"),
    [
        ("", SOAP11, None),
        ('s:actor=""', SOAP11, None),
        ('s:actor="urn:a"', SOAP11, "urn:a"),
        ('s:actor=" urn:a "', SOAP11, "urn:a"),
        ('actor="urn:a"', SOAP11, None),
        ('s:role="urn:a"', SOAP11, None),
        ('s:role="urn:a"', SOAP12, "urn:a"),
        ('s:actor="urn:a"', SOAP12, None),
        (f's:role="{SOAP12}/role/ultimateReceiver"', SOAP12, None),
        (f's:role="{SOAP12}/role/next"', SOAP12, f"{SOAP12}/role/next"),
    ],
)
def test_actor(attribute: str, namespace: str, actor: str | None) -> None:
    """Spec: SOAP 1.1 section 4.2.2; SOAP 1.2 part 1 section 5.2.2."""
    envelope = read(f"<s:Header><w:Security {attribute}/></s:Header><s:Body/>", namespace)
    assert len(envelope.security_headers(actor)) == 1
    assert envelope.security_headers("urn:other") == []


def test_fault_text() -> None:
    """Anybody's text: one line, printable, short."""
    fault = etree.fromstring("<f><a>one\n two</a><b>\u202ethree</b></f>")
    assert fault_text(fault) == "one two ?three"
    assert len(fault_text(etree.fromstring(f"<f>{'x' * 9999}</f>"))) == 500


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (f"{{{SOAP11}}}Body", "soap:Body"),
        (f"{{{SOAP12}}}Body", "soap:Body"),
        (f"{{{WSSE}}}Security", "wsse:Security"),
        ("{urn:x}y", "{urn:x}y"),
        ("y", "y"),
        (etree.Comment, "a comment or processing instruction"),
    ],
)
def test_readable_name(tag: object, name: str) -> None:
    """As people write it."""
    assert readable_name(tag) == name
