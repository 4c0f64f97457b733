"""Foreign programs and stacks: skipped with a reason on a user's machine, a failure in CI."""

from __future__ import annotations

import importlib
import os
import shutil
from types import ModuleType
from typing import NoReturn

import pytest

REQUIRED = os.environ.get("ZEEP_WSSEC_REQUIRE_PEERS") == "1"
"""Whether a missing peer is a failure."""


def miss(reason: str) -> NoReturn:
    """End the test because a peer is missing; a failure where peers are required."""
    if REQUIRED:
        pytest.fail(f"{reason} (ZEEP_WSSEC_REQUIRE_PEERS=1)", pytrace=False)
    pytest.skip(reason)


def needs(there: bool, reason: str) -> pytest.MarkDecorator:
    """Skip a test where the system lacks something; where peers are required it runs, and fails."""
    return pytest.mark.skipif(not there and not REQUIRED, reason=reason)


def require_program(*names: str) -> str:
    """Give the path of the first program of ``names`` that is installed."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    miss(f"{' or '.join(names)} is not installed")


def require_module(name: str) -> ModuleType:
    """Import a module that only some installations have."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        miss(f"{name} cannot be imported: {error}")
