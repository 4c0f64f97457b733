"""``wsse11:SignatureConfirmation``: a receiver says which signatures it has seen."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError, OutboundError
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.settings import SignatureConfirmation
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import WSSE11, WSU
from zeep_wssec.xmlcrypto.values import children_of

SIGNATURE_CONFIRMATION = f"{{{WSSE11}}}SignatureConfirmation"


def read_signature_confirmation(message: Incoming, element: etree._Element) -> None:
    """Note the value; whether it is one of ours is for the requirements to ask.

    Raises:
        MalformedSecurityError: Children, or other attributes than Value and wsu:Id.

    Spec: WSS SOAP Message Security 1.1.1, section 8.5, Signature Confirmation.
    """
    if children_of(element, attributes={"Value", WSU_ID}):
        raise MalformedSecurityError("A SignatureConfirmation must be empty.")
    message.confirmations[element] = "".join((element.get("Value") or "").split())


def write_signature_confirmation(message: Outgoing, step: SignatureConfirmation) -> None:
    """Write one for each signature of the request that is answered, or one without Value for none.

    Raises:
        OutboundError: The message answers nothing.

    Spec: WSS SOAP Message Security 1.1.1, section 8.5, Signature Confirmation.
    """
    if message.answers is None:
        raise OutboundError(
            "A SignatureConfirmation is for answers, and this message answers nothing.",
            hint="Give what check found in the request: profile.secure(envelope, answers=…).",
        )
    for value in reversed(message.answers.signature_values or ("",)):
        element = etree.Element(SIGNATURE_CONFIRMATION, nsmap={"wsse11": WSSE11, "wsu": WSU})
        element.set(WSU_ID, fresh_id("SC"))
        if value:
            element.set("Value", value)
        message.prepend(element)
