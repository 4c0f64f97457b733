"""A proved answer is still not the answer to something else, whatever HTTP says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import zeep.exceptions
from lxml import etree
from zeep import Plugin

from zeep_wssec import RequirementError
from zeep_wssec.testing.loopback import serve
from zeep_wssec.testing.orders import answer_order
from zeep_wssec.testing.partner import Answer, Fault, Partner

Call = Callable[..., Any]
Make = Callable[..., Any]
OTHERS = {
    "of another operation": '<o:FailResponse xmlns:o="urn:example:orders"/>',
    "in another namespace": '<PlaceOrderResponse xmlns="urn:example:orders:2"/>',
    "of no operation": "<x/>",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_content(make_profile: Make, make_partner: Make, call: Call, kind: str) -> None:
    """What the partner has signed for another operation is refused: zeep would read it as empty."""
    with (
        make_partner(lambda body: etree.fromstring(OTHERS[kind])).serve() as address,
        pytest.raises(RequirementError, match="PlaceOrder must hold") as caught,
    ):
        call(make_profile(), address)
    assert caught.value.request_sent == "yes"
    with make_partner(answer_order).serve() as address:
        assert call(make_profile(), address).nonce == "n1"


def test_plugin_that_repairs(make_profile: Make, make_partner: Make, call: Call) -> None:
    """What counts is what zeep will read: a plugin of the caller may put an odd answer right."""

    class Repairs(Plugin):
        def ingress(self, envelope: Any, http_headers: Any, operation: Any) -> Any:
            envelope[-1][0].tag = "{urn:example:orders}PlaceOrderResponse"
            return envelope, http_headers

    def odd(body: etree._Element) -> etree._Element:
        made = answer_order(body)
        assert isinstance(made, etree._Element)
        made.tag = "{urn:example:orders}PlaceOrderAnswer"
        return made

    with make_partner(odd).serve() as address:
        assert call(make_profile(), address, plugins=[Repairs()]).nonce == "n1"
        with pytest.raises(RequirementError):
            call(make_profile(), address)


def with_status(partner: Partner, status: int) -> Callable[[bytes, Mapping[str, str]], Answer]:
    """The partner's answers with another HTTP status."""
    return lambda content, headers: replace(
        partner.answer(content, http_headers=headers), status=status
    )


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_failure_in_http_only(
    make_profile: Make, partner: Partner, call: Call, status: int
) -> None:
    """Anybody on the way may change the status: a good answer is not taken for a Fault."""
    with (
        serve(with_status(partner, status)) as address,
        pytest.raises(RequirementError, match=f"HTTP status {status}") as caught,
    ):
        call(make_profile(), address)
    assert caught.value.request_sent == "yes"


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_success_in_other_words(
    make_profile: Make, partner: Partner, call: Call, status: int
) -> None:
    """The twin: every status of success is one."""
    with serve(with_status(partner, status)) as address:
        assert call(make_profile(), address).nonce == "n1"


@pytest.mark.parametrize("status", [200, 202, 400, 404, 500])
def test_fault_under_any_status(
    make_profile: Make, make_partner: Make, call: Call, status: int
) -> None:
    """A proved Fault is a Fault, also where HTTP speaks of success."""
    partner = make_partner(lambda body: Fault(reason="out of stock", blame="receiver"))
    with (
        serve(with_status(partner, status)) as address,
        pytest.raises(zeep.exceptions.Fault, match="out of stock"),
    ):
        call(make_profile(), address)
