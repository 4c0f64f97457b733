"""Canonical forms and the STR-Transform, our outbound against our inbound."""

from __future__ import annotations

import pytest
from lxml import etree

from zeep_wssec import Inbound, MalformedSecurityError, Profile, Signature, SignatureInvalidError
from zeep_wssec.settings import KeyReference
from zeep_wssec.testing.parties import Parties
from zeep_wssec.xmlcrypto.algorithms import CANONICALIZATIONS_BY_NAME

ENVELOPE = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:unused" xml:lang="en">'
    b'<s:Body><o:Order xmlns:o="urn:orders">42</o:Order></s:Body></s:Envelope>'
)
STR = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}SecurityTokenReference"
TOKEN = STR.replace("SecurityTokenReference", "BinarySecurityToken")


@pytest.fixture(scope="module")
def parties() -> Parties:
    """A client and a partner who know each other."""
    return Parties.create()


def signed(parties: Parties, **settings: object) -> bytes:
    """A message that the client has signed as told."""
    profile = parties.client_profile(outbound=[Signature(**settings)])  # type: ignore[arg-type]
    return profile.secure(ENVELOPE).to_bytes()


def receiver(parties: Parties) -> Profile:
    """The partner, who demands a signed Body."""
    return parties.partner_profile(inbound=Inbound(signed=["body"], fresh_seconds=None))


@pytest.mark.parametrize("part_form", CANONICALIZATIONS_BY_NAME)
@pytest.mark.parametrize("form", CANONICALIZATIONS_BY_NAME)
def test_every_canonical_form(form: str, part_form: str, parties: Parties) -> None:
    """Any form of SignedInfo goes with any form of the parts."""
    message = signed(
        parties, parts=["body"], canonicalization=form, part_canonicalization=part_form
    )

    assert receiver(parties).check(message).report.signatures[0].parts == ("body",)


@pytest.mark.parametrize("form", ["c14n", "c14n11"])
def test_an_inclusive_form_covers_the_language_around_it(form: str, parties: Parties) -> None:
    """Spec: Canonical XML, Document Subsets: an inherited xml:lang is part of the form."""
    message = signed(parties, parts=["body"], part_canonicalization=form)
    receiver(parties).check(message)

    with pytest.raises(SignatureInvalidError):
        receiver(parties).check(message.replace(b'xml:lang="en"', b'xml:lang="de"'))


def test_an_exclusive_form_does_not_cover_the_language_around_it(parties: Parties) -> None:
    """Spec: Exclusive XML Canonicalization: the context is left out, so a message can be moved."""
    message = signed(parties, parts=["body"])

    receiver(parties).check(message.replace(b'xml:lang="en"', b'xml:lang="de"'))


def test_canonical_xml_1_1_under_a_base_is_refused(parties: Parties) -> None:
    """The rule of Canonical XML 1.1 for xml:base is not implemented, so nothing is guessed."""
    message = signed(parties, parts=["body"], part_canonicalization="c14n11")
    receiver(parties).check(message)

    with pytest.raises(MalformedSecurityError):
        receiver(parties).check(message.replace(b'xml:lang="en"', b'xml:base="urn:b"'))


def test_an_inclusive_form_with_many_namespaces_is_refused(parties: Parties) -> None:
    """Its cost grows with the square of the namespaces in scope."""
    message = signed(parties, parts=["body"], part_canonicalization="c14n")
    grid = b"".join(b' xmlns:n%d="urn:n%d"' % (number, number) for number in range(80))

    with pytest.raises(MalformedSecurityError):
        receiver(parties).check(message.replace(b' xml:lang="en"', grid + b' xml:lang="en"'))


@pytest.mark.parametrize(
    "reference",
    [
        "binary_token",
        "issuer_serial",
        "thumbprint",
        "subject_key_identifier",
        "x509_key_identifier",
    ],
)
def test_a_token_is_signed_through_its_reference(reference: KeyReference, parties: Parties) -> None:
    """The STR-Transform works for a token in the message and for one that is only named."""
    message = signed(parties, parts=["body", "token"], key_reference=reference, str_transform=True)

    report = receiver(parties).check(message).report
    assert len(report.signatures[0].parts) == 2


def test_a_token_signed_through_its_reference_is_covered(parties: Parties) -> None:
    """What is covered is the token, not the reference to it."""
    message = signed(parties, parts=["body", "token"], str_transform=True)

    assert "token" in receiver(parties).check(message).report.signatures[0].parts


def test_an_str_transform_must_start_at_a_reference(parties: Parties) -> None:
    """Spec: WSS 1.1.1 section 8.3; an STR-Transform of anything else is refused."""
    root = etree.fromstring(signed(parties, parts=["body", "token"], str_transform=True))
    reference = next(root.iter(STR))
    ((name, value),) = reference.attrib.items()
    del reference.attrib[name]
    root[1].set(name, value)

    with pytest.raises(MalformedSecurityError, match="SecurityTokenReference"):
        receiver(parties).check(etree.tostring(root))
