"""``doctor``: versions, and what to do when something cannot be imported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zeep_wssec.cli import doctor
from zeep_wssec.transport import installed


def test_versions(run: Any) -> None:
    """Everything that decides about success is named with its version."""
    versions = json.loads(run("doctor", "--json").stdout)["versions"]
    names = {"zeep-wssec", "Python", "zeep", "lxml", "cryptography", "ssl", "xmlsec", "async"}
    assert set(versions) == names | {"pkcs11", "keyring", "redis", "gpg"}
    assert "libxml2" in versions["lxml"]
    assert "OpenSSL" in versions["cryptography"]
    assert versions["async"] == "ok"


def test_async_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """zeep's AsyncClient needs two libraries; the one that is missing is named."""
    monkeypatch.setattr(
        installed, "find_spec", lambda name: None if name == "packaging" else object()
    )
    versions, advice = doctor.examine()
    assert versions["async"] == "missing packaging"
    assert any("zeep-wssec[async]" in text for text in advice)


def test_what_is_only_needed_for_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra or a program that is not there is told with its purpose and how it comes."""
    found: dict[str, object] = {"redis": object(), "gpg": "/usr/bin/gpg"}
    monkeypatch.setattr(doctor, "find_spec", found.get)
    monkeypatch.setattr("shutil.which", found.get)
    versions, _ = doctor.examine()
    assert (versions["redis"], versions["gpg"]) == ("ok", "/usr/bin/gpg")
    found.clear()
    versions, _ = doctor.examine()
    assert "for a replay store" in versions["redis"]
    assert "pip install 'zeep-wssec[redis]'" in versions["redis"]
    assert "OpenPGP" in versions["gpg"]


def test_versions_in_words(run: Any) -> None:
    """Without ``--json`` they stand in columns."""
    assert run("doctor").stdout.startswith("zeep-wssec    ")


@pytest.mark.parametrize(
    ("problem", "pieces_of_advice"),
    [
        ("(100, 'lxml & xmlsec libxml2 library version mismatch')", 2),
        ("No module named 'xmlsec'", 1),
    ],
)
def test_xmlsec_that_cannot_be_imported(
    monkeypatch: pytest.MonkeyPatch, problem: str, pieces_of_advice: int
) -> None:
    """It is said why, that profiles work without it, and for the mismatch what to install."""

    def fail(name: str) -> None:
        raise ImportError(problem)

    monkeypatch.setattr("importlib.import_module", fail)
    versions, advice = doctor.examine()
    assert problem in versions["xmlsec"]
    assert len(advice) == pieces_of_advice
    assert "Profiles work without xmlsec" in advice[-1]
    if pieces_of_advice == 2:
        assert "pip install" in advice[0]


def test_core_library_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a broken extension raises is the finding, not the end of the examination."""

    def fail() -> str:
        raise OSError("libxml2.so: cannot open shared object file")

    monkeypatch.setattr(doctor, "_lxml", fail)
    versions, advice = doctor.examine()
    assert "cannot open shared object file" in versions["lxml"]
    assert any("pip install" in text for text in advice)
