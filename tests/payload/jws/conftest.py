"""Sides that share their keys within one run."""

from __future__ import annotations

import pytest
from payload.jws.kit import Sides


@pytest.fixture(scope="session")
def sides() -> Sides:
    return Sides.create()


@pytest.fixture(scope="session")
def live() -> Sides:
    """Sides whose certificates are valid by the clock of this machine."""
    return Sides.create(now=None)
