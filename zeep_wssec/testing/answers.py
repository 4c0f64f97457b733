"""What a partner answers: SOAP envelopes and Faults, and the record of one exchange as it saw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from lxml import etree

from zeep_wssec.errors import InboundError
from zeep_wssec.exchange import Exchange
from zeep_wssec.report import Report
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSA_2004, WSSE, XML

FAULT_ACTION = WSA + "/soap/fault"
"""``wsa:Action`` of a Fault that no WSDL declares (WS-Addressing 1.0, SOAP Binding, section 6)."""
MEDIA_TYPES = {
    SOAP11: "text/xml; charset=utf-8",
    SOAP12: "application/soap+xml; charset=utf-8",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Fault:
    """A SOAP Fault that a handler gives in place of an answer."""

    reason: str
    detail: etree._Element | None = None
    """The one child of the detail, such as a fault element that the WSDL declares."""
    blame: Literal["receiver", "sender"] = "receiver"
    """Whose fault it is: ``Server`` or ``Client`` in SOAP 1.1, ``Receiver`` or ``Sender`` in SOAP 1.2."""
    action: str = FAULT_ACTION
    """``wsa:Action`` of the answer."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """One exchange as the partner saw it, and what it sends back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    """The octets that go back."""
    plain: bytes = field(default=b"", repr=False)
    """The answer before it was protected; empty where the request was refused."""
    request: bytes = field(default=b"", repr=False)
    """The octets that came."""
    asked: etree._Element | None = None
    """The Body of the request in plain text; ``None`` where the request was refused."""
    exchange: Exchange | None = None
    """The request as its answer must be held against, for ``profile.check(answer.content, request=…)``."""
    report: Report | None = None
    """What the request proved."""
    error: InboundError | None = None
    """Why the request was refused."""


Handler = Callable[[etree._Element], "etree._Element | Fault | None"]
"""Gets the plain Body of a request and gives the child of the answer's Body, a Fault, or ``None`` to
answer with 202 and no content, as one-way operations do."""


def build_answer(request: Envelope, reply: etree._Element | Fault) -> etree._Element:
    """Build the envelope that answers ``request``, in its SOAP version.

    It is addressed if the request had a MessageID: Action, MessageID, and RelatesTo with that MessageID.

    Spec: WS-Addressing 1.0 Core, section 3.4, Formulating a Reply Message.
    """
    root, header, body = _empty_envelope(request.namespace)
    _address(header, request, reply)
    if isinstance(reply, Fault):
        code = _fault_code(request.namespace, reply.blame)
        body.append(_build_fault(request.namespace, (code, None), reply.reason, reply.detail))
    else:
        body.append(reply)
    return root


def build_refusal(namespace: str, error: InboundError) -> etree._Element:
    """Build the envelope that refuses a request: the fault code and its one safe text, nothing else.

    Spec: WSS SOAP Message Security 1.1.1, section 12, Error Handling.
    """
    root, header, body = _empty_envelope(namespace)
    root.remove(header)
    sender = _fault_code(namespace, "sender")
    body.append(_build_fault(namespace, (sender, error.fault_code), error.safe_message, None))
    return root


def fault_status(namespace: str, blame: str) -> int:
    """Give the HTTP status of a Fault.

    Spec: SOAP 1.1, section 6.2; SOAP 1.2 part 2, table 20.
    """
    return 400 if namespace == SOAP12 and blame == "sender" else 500


def _empty_envelope(namespace: str) -> tuple[etree._Element, etree._Element, etree._Element]:
    root = etree.Element(f"{{{namespace}}}Envelope", nsmap={"soap": namespace})
    header = etree.SubElement(root, f"{{{namespace}}}Header")
    return root, header, etree.SubElement(root, f"{{{namespace}}}Body")


def _address(header: etree._Element, request: Envelope, reply: etree._Element | Fault) -> None:
    if request.header is None:
        return
    for namespace in (WSA, WSA_2004):
        asked = request.header.findtext(f"{{{namespace}}}MessageID")
        if asked is None:
            continue
        action = (request.header.findtext(f"{{{namespace}}}Action") or "").strip() + "Response"
        if isinstance(reply, Fault):
            action = reply.action
        values = {"Action": action, "MessageID": f"urn:uuid:{uuid4()}", "RelatesTo": asked.strip()}
        for name, value in values.items():
            block = etree.SubElement(header, f"{{{namespace}}}{name}", nsmap={"wsa": namespace})
            block.text = value
        return


def _fault_code(namespace: str, blame: str) -> str:
    names = {"sender": "Client", "receiver": "Server"}
    return names[blame] if namespace == SOAP11 else blame.capitalize()


def _build_fault(
    namespace: str, codes: tuple[str, str | None], reason: str, detail: etree._Element | None
) -> etree._Element:
    code, security_code = codes
    nsmap = {"soap": namespace} if security_code is None else {"soap": namespace, "wsse": WSSE}
    fault = etree.Element(f"{{{namespace}}}Fault", nsmap=nsmap)
    if namespace == SOAP11:
        first = f"soap:{code}" if security_code is None else f"wsse:{security_code}"
        etree.SubElement(fault, "faultcode").text = first
        etree.SubElement(fault, "faultstring").text = reason
        detail_name = "detail"
    else:
        outer = etree.SubElement(fault, f"{{{namespace}}}Code")
        etree.SubElement(outer, f"{{{namespace}}}Value").text = f"soap:{code}"
        if security_code is not None:
            inner = etree.SubElement(outer, f"{{{namespace}}}Subcode")
            etree.SubElement(inner, f"{{{namespace}}}Value").text = f"wsse:{security_code}"
        text = etree.SubElement(
            etree.SubElement(fault, f"{{{namespace}}}Reason"), f"{{{namespace}}}Text"
        )
        text.set(f"{{{XML}}}lang", "en")
        text.text = reason
        detail_name = f"{{{namespace}}}Detail"
    if detail is not None:
        etree.SubElement(fault, detail_name).append(detail)
    return fault
