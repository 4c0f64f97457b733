"""Second engines: libxmlsec through python-xmlsec, its command line, and signxml."""

from __future__ import annotations

from types import ModuleType

import pytest
from peers import require_module, require_program


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
