"""``wsse11:SignatureConfirmation``: a receiver says which signatures it has seen."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.header.context import Incoming
from zeep_wssec.soap.ids import WSU_ID
from zeep_wssec.soap.namespaces import WSSE11
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
