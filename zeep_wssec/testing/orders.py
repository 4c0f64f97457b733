"""A small order service: a WSDL, and the handler of a partner that offers it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lxml import etree

from zeep_wssec.testing.answers import Fault

ORDERS: Final = "urn:example:orders"
WSDL: Final = Path(__file__).with_name("orders.wsdl")
"""SOAP 1.1; its address is a placeholder: give ``profile.client`` the partner's."""


def answer_order(body: etree._Element) -> etree._Element | Fault:
    """Answer ``PlaceOrder`` with the sku and nonce that were asked for, and ``Fail`` with its declared Fault."""
    asked = body[0] if len(body) else body
    if asked.tag == f"{{{ORDERS}}}PlaceOrder":
        sku, nonce = (asked.findtext(f"{{{ORDERS}}}{name}", "") for name in ("sku", "nonce"))
        return make_element("PlaceOrderResponse", orderId=f"order-{nonce}", sku=sku, nonce=nonce)
    if asked.tag == f"{{{ORDERS}}}Fail":
        reason = asked.findtext(f"{{{ORDERS}}}reason", "")
        return Fault(
            reason=reason,
            detail=make_element("OrderFault", reason=reason),
            action=f"{ORDERS}/Fail/OrderFault",
        )
    return Fault(reason="There is no such operation.", blame="sender")


def make_element(name: str, **texts: str) -> etree._Element:
    """Make an element of the order service with text children, in the order given."""
    element = etree.Element(f"{{{ORDERS}}}{name}", nsmap={"o": ORDERS})
    for child, text in texts.items():
        etree.SubElement(element, f"{{{ORDERS}}}{child}").text = text
    return element
