"""Second engines: libxmlsec through python-xmlsec, its command line, and signxml."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from lxml import etree
from peers import require_module, require_program
from roundtrip.obeying import unexpected

from zeep_wssec import outbound
from zeep_wssec.exchange import Exchange
from zeep_wssec.plan import Plan


@pytest.fixture(autouse=True, scope="module")
def obedience() -> Iterator[None]:
    """Hold every message that is sent to the Basic Security Profile."""
    protect = outbound.protect

    def protect_and_look(root: etree._Element, plan: Plan, **settings: Any) -> Exchange:
        exchange = protect(root, plan, **settings)
        steps, _ = plan.for_operation(exchange.names)
        assert plan.header.namespace != "1.0" or unexpected(root, plan, steps) == []
        return exchange

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "protect", protect_and_look)
        yield


@pytest.fixture(scope="session")
def xmlsec() -> ModuleType:
    """The bindings of libxmlsec."""
    return require_module("xmlsec")


@pytest.fixture(scope="session")
def signxml() -> ModuleType:
    """A signer and verifier in Python."""
    return require_module("signxml")


@pytest.fixture(scope="session")
def xmlsec1() -> str:
    """The program that comes with libxmlsec."""
    return require_program("xmlsec1")
