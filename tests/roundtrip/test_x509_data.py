"""An X509Data with more than the certificate: its chain, and other names of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from zeep_wssec import AnyoneUnder, Inbound, MalformedSecurityError, Profile, Signature
from zeep_wssec.testing.authority import Authority, Issued

DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    b"<s:Body><o>42</o></s:Body></s:Envelope>"
)
ROOT = Authority.create("CN=root")
MIDDLE = ROOT.intermediate("CN=middle")
SERVICE = MIDDLE.issue("CN=service")
OTHER = MIDDLE.issue("CN=other")
CLIENT = ROOT.issue("CN=client")


def receiver() -> Profile:
    """Somebody who has the root only, so needs the certificate in between from the message."""
    demands = Inbound(signed=["body"], fresh_seconds=None, signed_by=AnyoneUnder(reason="a test"))
    keystore = CLIENT.keystore("client").with_trust(anchors=ROOT.pem)
    return Profile(keystore=keystore, inbound=demands)


def message(*more: Callable[[etree._Element], None]) -> bytes:
    """A message of the service, with changes to its X509Data, which no signature covers."""
    step = Signature(parts=["body"], key_reference="x509_data")
    root = Profile(keystore=SERVICE.keystore("s"), outbound=[step]).secure(ENVELOPE).envelope
    data = next(root.iter(f"{{{DS}}}X509Data"))
    for change in more:
        change(data)
    return etree.tostring(root)


def certificate(issued: Issued) -> Callable[[etree._Element], None]:
    """Put one more certificate in front."""

    def change(data: etree._Element) -> None:
        element = etree.Element(f"{{{DS}}}X509Certificate")
        element.text = issued.certificate.base64
        data.insert(0, element)

    return change


def issuer_serial(issued: Issued) -> Callable[[etree._Element], None]:
    """Put issuer and serial number of a certificate behind."""

    def change(data: etree._Element) -> None:
        element = etree.SubElement(data, f"{{{DS}}}X509IssuerSerial")
        name = etree.SubElement(element, f"{{{DS}}}X509IssuerName")
        name.text = issued.certificate.issuer_name_rfc2253
        serial = etree.SubElement(element, f"{{{DS}}}X509SerialNumber")
        serial.text = str(issued.certificate.serial_number)

    return change


def test_the_chain_beside_the_certificate_is_used() -> None:
    """Spec: XML Signature 1.1, The X509Data Element: a chain may stand beside the certificate."""
    report = receiver().check(message(certificate(MIDDLE.issued))).report

    assert report.signatures[0].signer == "CN=service"


def test_issuer_and_serial_of_the_same_certificate_may_stand_beside_it() -> None:
    """Names of the certificate that is there add nothing and harm nothing."""
    receiver().check(message(certificate(MIDDLE.issued), issuer_serial(SERVICE)))


def test_issuer_and_serial_of_another_certificate_are_refused() -> None:
    """What names one certificate and holds another could be read in two ways."""
    with pytest.raises(MalformedSecurityError):
        receiver().check(message(certificate(MIDDLE.issued), issuer_serial(OTHER)))


def test_two_leaves_are_refused() -> None:
    """Which of two unrelated certificates has signed must not be a guess."""
    with pytest.raises(MalformedSecurityError):
        receiver().check(message(certificate(MIDDLE.issued), certificate(OTHER)))


def test_a_long_chain_is_refused() -> None:
    """Each certificate is parsed before anything is trusted."""
    many = [certificate(MIDDLE.issued)] * 8
    with pytest.raises(MalformedSecurityError):
        receiver().check(message(*many))
