"""Names of operations in a WSDL: what messages tell, and what only the WSDL calls them."""

from __future__ import annotations

from pathlib import Path

from zeep_wssec.testing.orders import WSDL
from zeep_wssec.wsdl_names import is_local, read_wsdl_names

RPC = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:t"
 xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"><import location="{location}"/>
<portType name="Port"><operation name="Ping"><input message="x"/></operation></portType>
<binding name="b"><operation name="Ping"><s:operation soapAction="urn:ping"/>
<input><s:body use="literal" namespace="urn:r"/></input></operation></binding></definitions>"""


def test_document_style() -> None:
    """Actions, elements with and without their namespace, and the default action."""
    names = read_wsdl_names(WSDL)
    assert names.operations == {"PlaceOrder", "Fail"}
    told = {"PlaceOrder", "{urn:example:orders}PlaceOrder", "urn:example:orders/PlaceOrder"}
    assert told <= names.told
    assert names.complete


def test_rpc_style_with_a_document_elsewhere(tmp_path: Path) -> None:
    """The Body's child has the operation's name; a document that is elsewhere is not fetched."""
    (tmp_path / "a.wsdl").write_text(RPC.format(location="https://a.invalid/b.wsdl"))
    names = read_wsdl_names(tmp_path / "a.wsdl")
    assert {"urn:ping", "Ping", "{urn:r}Ping", "urn:t:Port:PingRequest"} <= names.told
    assert not names.complete


def test_documents_that_import_each_other(tmp_path: Path) -> None:
    """A circle of imports ends."""
    (tmp_path / "a.wsdl").write_text(RPC.format(location="a.wsdl"))
    assert read_wsdl_names(str(tmp_path / "a.wsdl")).complete


def test_address_is_not_local() -> None:
    """Only a file is read."""
    assert not is_local("https://a.invalid/b.wsdl")
    assert is_local("orders.wsdl")
    assert is_local(Path("orders.wsdl"))
