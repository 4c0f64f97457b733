"""The public names: sorted, complete, nothing extra; and what every error promises."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from peers import miss

import zeep_wssec
from zeep_wssec import errors
from zeep_wssec.errors import DecryptionError, InboundError, PayloadDecryptionError, WSSecError

SETTINGS = {
    "Addressing", "AlgorithmSuite", "Anonymous", "AnyoneUnder", "BasicSecurityProfile", "BinaryToken", "Encryption",
    "Exchange", "Inbound", "KeptExchange", "KeyExpiryWarning", "KeyRotationWarning", "Keystore", "Limits",
    "MemoryReplayStore", "OverTLS", "Overlay", "Pin", "Profile", "RedactedHistory", "ReplayStore", "Report", "Secret",
    "SecurityContext", "SecurityHeader", "Service", "SessionKey", "Signature", "SignatureConfirmation", "Subject",
    "TLS", "Timestamp", "TrustException", "Unverified", "UsernameToken",
}  # fmt: skip
ERRORS = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, WSSecError)
}
INBOUND = [kind for kind in ERRORS.values() if issubclass(kind, InboundError)]
HEAVY = {"click", "httpx", "pyhanko_certvalidator", "rich", "xmlsec"}


def make(kind: type[WSSecError]) -> WSSecError:
    """Give an error with details of every sort that one may carry."""
    if kind is DecryptionError or kind is PayloadDecryptionError:
        return kind()
    return kind(
        "It does not fit.",
        hint="Make it fit.",
        path="outbound[0]",
        now=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        missing=("body", "timestamp"),
        close_matches=["parts"],
    )


def test_all_is_sorted() -> None:
    """No name stands twice, and a reader finds each where ruff's RUF022 puts it: capitals first."""
    names = set(zeep_wssec.__all__)
    assert zeep_wssec.__all__ == sorted(names, key=lambda name: (not name.isupper(), name))


def test_all_is_complete() -> None:
    """Every setting and every error, and nothing besides."""
    assert set(zeep_wssec.__all__) == SETTINGS | set(ERRORS)


def test_nothing_public_outside_all() -> None:
    """What can be seen in the package and is no module of it stands in ``__all__``."""
    seen = {
        name
        for name, value in vars(zeep_wssec).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert seen <= set(zeep_wssec.__all__) | {"annotations"}


@pytest.mark.parametrize("name", sorted(SETTINGS | set(ERRORS)))
def test_name_is_importable(name: str) -> None:
    """A name of ``__all__`` is there, under its own name, with a docstring."""
    value = getattr(zeep_wssec, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


def test_version_is_that_of_the_distribution() -> None:
    """One version, in one place."""
    try:
        installed = importlib.metadata.version("zeep-wssec")
    except importlib.metadata.PackageNotFoundError:
        miss("the distribution is not installed, only its folder is on the path")
    assert zeep_wssec.__version__ == installed


def test_import_is_light() -> None:
    """Libraries that only some callers need, and that zeep leaves alone, are imported where they are used."""
    code = (
        "import sys, zeep; before = set(sys.modules); from zeep_wssec import *; "
        f"print(sorted((sys.modules.keys() - before) & {HEAVY}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_program_that_only_imports_pays_little() -> None:
    """Nothing but the errors is loaded before a name is asked for; each name is one that types know."""
    code = (
        "import sys, zeep, zeep_wssec; "
        "print(sorted(name for name in sys.modules if name.startswith('zeep_wssec'))); "
        "assert set(zeep_wssec.__all__) <= set(dir(zeep_wssec))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(
        [f"zeep_wssec{name}" for name in ("", ".error_root", ".errors")]
    )
    source = ast.parse(Path(zeep_wssec.__file__).read_text("utf-8"))
    typed = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module != "zeep_wssec.errors"
        for alias in node.names
    }
    assert typed == {f"zeep_wssec.{module}.{name}" for name, module in zeep_wssec._HOMES.items()}


def test_unknown_name() -> None:
    """A name that there is not is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Profil'"):
        zeep_wssec.Profil  # type: ignore[attr-defined]  # noqa: B018


def test_codes_are_unique() -> None:
    """``code`` names one class."""
    codes = [kind.code for kind in ERRORS.values()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", ERRORS.values())
def test_code_is_its_own(kind: type[WSSecError]) -> None:
    """No class is found under the code of its parent."""
    assert "code" in vars(kind)


@pytest.mark.parametrize("kind", INBOUND)
def test_fault_code_has_a_safe_message(kind: type[InboundError]) -> None:
    """What may go to a peer depends on the fault code alone, and says nothing of the cause."""
    error = make(kind)
    assert isinstance(error, InboundError)
    assert error.safe_message == InboundError.safe_messages[kind.fault_code]
    assert "fit" not in error.safe_message


@pytest.mark.parametrize("kind", ERRORS.values())
def test_error_pickles(kind: type[WSSecError]) -> None:
    """Class, text and details survive: errors travel between worker processes."""
    error = make(kind)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.details == error.details
    assert again.request_sent == error.request_sent


@pytest.mark.parametrize("kind", ERRORS.values())
def test_error_as_json(kind: type[WSSecError]) -> None:
    """``to_dict`` is JSON-ready and has the class and the code."""
    data = json.loads(json.dumps(make(kind).to_dict()))
    assert (data["error"], data["code"]) == (kind.__name__, kind.code)


def test_outbound_error_says_not_sent() -> None:
    """A request that could not be protected has not left."""
    assert errors.OutboundError("No.").request_sent == "no"


@pytest.mark.parametrize("kind", [DecryptionError, PayloadDecryptionError])
def test_decryption_error_has_one_text(kind: type[WSSecError]) -> None:
    """Nothing can be said about the cause, not even by accident."""
    with pytest.raises(TypeError):
        kind("bad padding")
