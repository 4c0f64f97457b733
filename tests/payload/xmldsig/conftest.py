"""Sides that share their keys within one run."""

from __future__ import annotations

import pytest
from payload.xmldsig.kit import Sides


@pytest.fixture(scope="session")
def sides() -> Sides:
    return Sides.create()
