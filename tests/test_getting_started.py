"""The page for newcomers: its code works as it stands, one block after the other."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import types
from pathlib import Path
from typing import Any

import pytest

from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner

PAGE = Path(__file__).resolve().parents[1] / "docs" / "getting-started.md"
REQUEST = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<PlaceOrder xmlns="urn:example:orders"><sku>42</sku></PlaceOrder></s:Body></s:Envelope>'
)


def run(text: str, names: dict[str, Any]) -> None:
    """Run a block, which may await."""
    code = compile(text, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    made = types.FunctionType(code, names)()
    if inspect.iscoroutine(made):
        asyncio.run(made)


def test_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies every block in order has placed orders, and read an answer without zeep, at the end."""
    parties = Parties.create()
    partner = Partner(parties.partner_profile(), answer_order)
    (tmp_path / "client.p12").write_bytes(parties.client.pkcs12("secret"))
    (tmp_path / "partner.pem").write_bytes(parties.partner.certificate_pem)
    (tmp_path / "partner-ca.pem").write_bytes(parties.authority.pem)
    for name in ("enc", "sig", "bank", "archive"):
        pem = parties.authority.issue(name).certificate_pem
        (tmp_path / f"{name}.pem").write_bytes(pem)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("P12_PASSWORD", "secret")
    names: dict[str, Any] = {"envelope": REQUEST}
    names["send"] = lambda octets: partner.answer(octets).content
    with partner.serve() as address:
        wsdl = re.sub(r'(?<=soap:address location=")[^"]+', address, WSDL.read_text("utf-8"))
        (tmp_path / "orders.wsdl").write_text(wsdl, "utf-8")
        for text in re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.M):
            run(text, names)
    assert names["order"].orderId == "order-a1"
    assert len(partner.answers) == 3
    assert names["seen"].report.accepted
