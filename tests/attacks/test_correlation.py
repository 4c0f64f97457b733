"""Whose answer it is: RelatesTo, SignatureConfirmation, Faults, and what is simply not there."""

from __future__ import annotations

import pytest
from attacks.forge import append, edited, find, header_of, security_of
from lxml import etree
from roundtrip.pair import (
    MESSAGE_ID,
    RELATES_TO,
    SIGNED,
    accepted,
    answer,
    client,
    envelope,
    refused,
)

from zeep_wssec import (
    Encryption,
    Exchange,
    Inbound,
    MalformedSecurityError,
    OverTLS,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    Unverified,
)
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSA_2004, WSSE11, WSU

PARTS = ("body", "timestamp", "headers?")
STEPS = (Timestamp(), Signature(parts=PARTS))


def request() -> Exchange:
    """A request with a MessageID that was signed."""
    message = envelope(headers=f'<wsa:MessageID xmlns:wsa="{WSA}">{MESSAGE_ID}</wsa:MessageID>')
    return client(outbound=STEPS, inbound=None).secure(message).exchange


def test_related() -> None:
    """The twin: RelatesTo with our MessageID, signed."""
    report = accepted(answer(STEPS, envelope(headers=RELATES_TO)), request=request()).report
    assert "RelatesTo names the request" in report.proved


@pytest.mark.parametrize("text", ["urn:uuid:another", "", MESSAGE_ID.upper(), MESSAGE_ID + "x"])
def test_related_to_another_request(text: str) -> None:
    """A genuine answer to another request is refused."""
    message = answer(STEPS, envelope(headers=RELATES_TO.replace(MESSAGE_ID, text)))
    error = refused(message, RequirementError, request=request())
    assert error.request_sent == "yes"
    assert any("answer to another request" in item for item in error.missing)


def test_relation_unsigned() -> None:
    """A RelatesTo that anybody may have written says nothing."""
    message = answer(SIGNED, envelope(headers=RELATES_TO))
    error = refused(message, RequirementError, request=request())
    assert error.missing == ("RelatesTo must be signed, but is not",)
    accepted(answer(STEPS, envelope(headers=RELATES_TO)), request=request())


@pytest.mark.parametrize("namespace", [WSA, WSA_2004])
@pytest.mark.parametrize("kind", [None, "http://www.w3.org/2005/08/addressing/reply", "wsa:Reply"])
def test_relationship_type(namespace: str, kind: str | None) -> None:
    """Spec: WS-Addressing 1.0 Core 2.1: a reply is the default and may be said outright."""
    attribute = "" if kind is None else f' RelationshipType="{kind}"'
    right = f'<a:RelatesTo xmlns:a="{namespace}"{attribute}>{MESSAGE_ID}</a:RelatesTo>'
    wrong = right.replace(MESSAGE_ID, "urn:uuid:another")
    accepted(answer(STEPS, envelope(headers=right)), request=request())
    refused(answer(STEPS, envelope(headers=wrong)), RequirementError, request=request())


def test_relation_required() -> None:
    """``related = "required"``: no RelatesTo, no answer."""
    profile = client(inbound=Inbound(related="required"))
    refused(answer(STEPS), RequirementError, profile, request=request())
    accepted(answer(STEPS, envelope(headers=RELATES_TO)), profile, request=request())
    refused(answer(STEPS, envelope(headers=RELATES_TO)), RequirementError, profile,
            request=Exchange(signature_values=("x",)))  # fmt: skip


def test_relation_where_nothing_is_demanded() -> None:
    """What is there must fit, whatever is demanded."""
    profile = client(inbound=OverTLS())
    good = envelope(headers=RELATES_TO)
    assert accepted(good, profile, request=request()).report.proved == ()
    wrong = good.replace(MESSAGE_ID.encode(), b"urn:uuid:another")
    refused(wrong, RequirementError, profile, request=request())


def confirmation(value: str | None) -> str:
    """One ``wsse11:SignatureConfirmation``."""
    attribute = "" if value is None else f' Value="{value}"'
    return f'<wsse11:SignatureConfirmation wsu:Id="SC-1"{attribute}/>'


def confirmed(*values: str | None, sign: bool = True) -> bytes:
    """An answer with these confirmations, each signed if ``sign``."""

    def change(root: etree._Element) -> None:
        for number, value in enumerate(values):
            append("wsse:Security", confirmation(value))(root)
            added = security_of(root)[-1]
            added.set(f"{{{WSU}}}Id", f"SC-{number}")
            if sign:
                reference = etree.fromstring(etree.tostring(find(root, "ds:Reference")))
                reference.set("URI", f"#SC-{number}")
                find(root, "ds:SignedInfo").append(reference)

    return edited(answer(), change, sign_by="service")


def test_confirmation() -> None:
    """The twin: the signatures of the request, all of them and nothing else, signed."""
    sent = request()
    report = accepted(confirmed(*sent.signature_values), request=sent).report
    assert "the signatures of the request confirmed" in report.proved


def test_confirmation_of_another_request() -> None:
    """Spec: WSS 1.1.1 section 8.5: wrong, missing, more: none is ours."""
    sent = request()
    ours = sent.signature_values[0]
    for values in (
        [request().signature_values[0]],
        [None],
        [""],
        [ours, "AAAA"],
        [ours, ours],
        ["AAAA"],
    ):
        error = refused(confirmed(*values), RequirementError, request=sent)
        assert any("SignatureConfirmation" in item for item in error.missing)


def test_confirmation_of_an_unsigned_request() -> None:
    """Spec: WSS 1.1.1 section 8.5: a request without signature is confirmed without value."""
    unsigned = Exchange()
    accepted(confirmed(None), request=unsigned)
    refused(confirmed("AAAA"), RequirementError, request=unsigned)


def test_confirmation_unsigned() -> None:
    """A confirmation that anybody may have added proves nothing: it must be signed like the rest."""
    sent = request()
    message = confirmed(*sent.signature_values, sign=False)
    refused(message, RequirementError, request=sent)
    assert accepted(message, client(inbound=OverTLS()), request=sent).report.proved == ()


def test_confirmation_hidden() -> None:
    """A signed confirmation that was moved aside still tells whose answer it is."""
    sent = request()
    other = confirmed(*request().signature_values)

    def hide(root: etree._Element) -> None:
        wrapper = etree.SubElement(header_of(root), "{urn:wrap}W")
        wrapper.append(find(root, f"{{{WSSE11}}}SignatureConfirmation"))

    refused(other, RequirementError, request=sent)
    refused(edited(other, hide), RequirementError, request=sent)


FAULT = (
    "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>Out of stock\x1b[31m</faultstring></soap:Fault>"
).replace("\x1b", "&#x85;")


def test_fault_unsigned() -> None:
    """A Fault that nothing protects is refused, its text kept as anybody's."""
    error = refused(envelope(FAULT), RequirementError)
    assert "there is no wsse:Security header for us" in error.missing
    assert error.unverified_fault is not None
    assert error.unverified_fault.startswith("soap:Server Out of stock")
    assert error.unverified_fault.isprintable()


def test_fault_text_is_bounded() -> None:
    """The text of a Fault is short and printable, however long it came."""
    error = refused(envelope(f"<soap:Fault>{'x' * 100_000}</soap:Fault>"), RequirementError)
    assert error.unverified_fault is not None
    assert len(error.unverified_fault) <= 500


def test_fault_signed() -> None:
    """The twin: a signed Fault is proved like any answer."""
    report = accepted(answer(SIGNED, envelope(FAULT))).report
    assert report.fault
    assert "body signed" in report.proved


def test_fault_accepted_unsigned() -> None:
    """Where it is stated an unprotected Fault passes, with nothing proved and a warning."""
    profile = client(inbound=Inbound(unsigned_faults="accept"))
    report = accepted(envelope(FAULT), profile).report
    assert report.proved == ()
    assert "anybody" in report.warnings[0]
    refused(envelope(), RequirementError, profile)


def test_broken_fault_is_never_accepted() -> None:
    """The opt-in is for Faults without protection, not for broken protection."""
    profile = client(inbound=Inbound(unsigned_faults="accept"))
    message = answer(SIGNED, envelope(FAULT)).replace(b"Out of stock", b"Out of order")
    refused(message, SignatureInvalidError, profile)


@pytest.mark.parametrize("where", ["deeper in the Body", "of another SOAP version"])
def test_what_is_no_fault(where: str) -> None:
    """Only a Fault that zeep would raise may pass unprotected."""
    content = (
        f"<x>{FAULT}</x>" if where == "deeper in the Body" else f'<f:Fault xmlns:f="{SOAP12}"/>'
    )
    refused(envelope(content), RequirementError, client(inbound=Inbound(unsigned_faults="accept")))


def test_stripped_security() -> None:
    """No security header at all: everything that is demanded is missing."""
    error = refused(envelope(), RequirementError)
    assert error.missing[0] == "there is no wsse:Security header for us"


def test_stripped_encryption() -> None:
    """A signed Body in plain text where an encrypted one is demanded."""
    profile = client(inbound=Inbound(encrypted=("body",)))
    error = refused(answer(), RequirementError, profile)
    assert error.missing == ("body must be encrypted, but is not",)
    accepted(answer((*SIGNED, Encryption(recipients=("client",)))), profile)


def test_derived_from_the_request() -> None:
    """Nothing stated: a signed and encrypted request demands a signed and encrypted answer."""
    sealed = Encryption(recipients=("service",))
    profile = client(outbound=(*SIGNED, sealed), inbound=None)
    sent = profile.secure(envelope()).exchange
    accepted(answer((*SIGNED, Encryption(recipients=("client",)))), profile, request=sent)
    refused(answer(), RequirementError, profile, request=sent)
    refused(answer((Encryption(recipients=("client",)),)), RequirementError, profile, request=sent)
    refused(
        answer((Timestamp(), Signature(parts=("timestamp",)))),
        RequirementError,
        profile,
        request=sent,
    )


def test_encrypted_but_not_signed() -> None:
    """Anybody can encrypt to us."""
    refused(answer((Timestamp(), Encryption(recipients=("client",)))), RequirementError)


@pytest.mark.parametrize("inbound", [OverTLS(), Unverified(reason="a test")])
def test_broken_signature_where_nothing_is_demanded(inbound: OverTLS | Unverified) -> None:
    """What is there must be valid, whatever is demanded."""
    accepted(answer(), client(inbound=inbound))
    refused(answer().replace(b">42<", b">43<"), SignatureInvalidError, client(inbound=inbound))


# Whom a security header is for.


@pytest.mark.parametrize(
    "actor", ["", " ", "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"]
)
def test_actor_that_is_the_last_receiver(actor: str) -> None:
    """Several spellings of the last receiver are us; a second header under another spelling is a second one."""

    def change(root: etree._Element) -> None:
        security_of(root).set(f"{{{SOAP11}}}actor", actor)

    accepted(edited(answer(), change))

    def double(root: etree._Element) -> None:
        second = etree.SubElement(header_of(root), security_of(root).tag)
        second.set(f"{{{SOAP11}}}actor", actor)

    refused(edited(answer(), double), MalformedSecurityError)


@pytest.mark.parametrize(
    "actor", ["urn:other", "http://schemas.xmlsoap.org/soap/actor/next", SOAP12 + "/role/next"]
)
def test_header_for_another_actor(actor: str) -> None:
    """A header for somebody else is left alone, whatever is in it."""

    def add(root: etree._Element) -> None:
        other = etree.Element(security_of(root).tag)
        other.set(f"{{{SOAP11}}}actor", actor)
        etree.SubElement(other, "whatever")
        header_of(root).insert(0, other)

    accepted(edited(answer(), add))


def test_actor_of_the_other_soap_version() -> None:
    """An attribute of another SOAP version is none: the header is for us."""

    def change(root: etree._Element) -> None:
        security_of(root).set(f"{{{SOAP12}}}role", "urn:other")

    accepted(edited(answer(), change))
