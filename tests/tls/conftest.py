"""What all tests of TLS share."""

from __future__ import annotations

from typing import Any

import pytest
from tls.kit import CALLS, Call, World


@pytest.fixture(scope="session")
def world() -> World:
    """Keys that all tests share."""
    return World.create()


@pytest.fixture(params=CALLS, ids=lambda call: call.__name__)
def call(request: pytest.FixtureRequest) -> Call:
    """Each way to call a server; through zeep an order is placed, else something is asked for."""
    found: Call = request.param
    return found


@pytest.fixture(params=["1.2", "1.3"])
def version(request: pytest.FixtureRequest) -> Any:
    """Each version of TLS."""
    return request.param
