"""Two hundred overlapping calls on one profile and one client, and a partner that swaps two answers in ten."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zeep

from zeep_wssec import Profile, RequirementError
from zeep_wssec.testing.orders import ORDERS, WSDL
from zeep_wssec.testing.partner import Answer, Wire

Make = Callable[..., Any]
ZEEP: Any = zeep
"""zeep itself, whose functions have no annotations."""
CALLS = 200
THREADS = 8
SWAPPED = frozenset(number for number in range(CALLS) if number % 10 in (3, 7))
SEED = 20270601
MOST_SECONDS = 0.02


def is_swapped(answer: Answer) -> bool:
    assert answer.asked is not None
    return int(answer.asked.findtext(f".//{{{ORDERS}}}nonce", "")) in SWAPPED


@pytest.fixture
def crossed_address(make_partner: Make) -> Iterator[str]:
    """A partner that takes its time, up to 20 ms, and gives 40 of 200 answers to the wrong requests."""
    source, lock = random.Random(SEED), threading.Lock()  # noqa: S311  # the same delays in every run

    def delay() -> float:
        with lock:
            return source.uniform(0, MOST_SECONDS)

    partner = make_partner(wire=Wire(delay_seconds=delay, swap=is_swapped))
    with partner.serve() as address:
        yield address


def check_outcomes(outcomes: list[str | RequirementError]) -> None:
    """Exactly the swapped ones are refused, for that reason; all others read their own nonce."""
    refused = {number: item for number, item in enumerate(outcomes) if not isinstance(item, str)}
    assert set(refused) == SWAPPED
    for error in refused.values():
        assert len(error.missing) == 1
        assert "this is the answer to another request" in error.missing[0]
        assert error.request_sent == "yes"
    assert all(item == str(number) for number, item in enumerate(outcomes) if number not in refused)


@pytest.fixture(params=[False, True], ids=["our client", "bare hook"])
def bare(request: pytest.FixtureRequest) -> bool:
    """Whether zeep's own client is used."""
    return bool(request.param)


def read_report(profile: Profile, error: RequirementError | None) -> None:
    """The report at hand is that of this thread's or task's own call."""
    report = profile.last_report()
    assert report is not None
    assert report.accepted is (error is None)
    assert error is None or report is error.report


def test_threads(profile: Profile, crossed_address: str, bare: bool) -> None:
    """Eight threads share profile and client."""
    client = ZEEP.Client(str(WSDL), wsse=profile) if bare else profile.client(WSDL)
    client.service._binding_options["address"] = crossed_address

    def place(number: int) -> str | RequirementError:
        try:
            order = client.service.PlaceOrder(sku="42", quantity=1, nonce=str(number))
        except RequirementError as error:
            read_report(profile, error)
            return error
        read_report(profile, None)
        return str(order.nonce)

    with client, ThreadPoolExecutor(THREADS) as pool:
        check_outcomes(list(pool.map(place, range(CALLS))))


async def test_tasks(profile: Profile, crossed_address: str, bare: bool) -> None:
    """Two hundred tasks are under way at once."""
    made = ZEEP.AsyncClient(str(WSDL), wsse=profile) if bare else profile.async_client(WSDL)
    async with made as client:
        client.service._binding_options["address"] = crossed_address

        async def place(number: int) -> str | RequirementError:
            try:
                order = await client.service.PlaceOrder(sku="42", quantity=1, nonce=str(number))
            except RequirementError as error:
                read_report(profile, error)
                return error
            read_report(profile, None)
            return str(order.nonce)

        check_outcomes(list(await asyncio.gather(*map(place, range(CALLS)))))
