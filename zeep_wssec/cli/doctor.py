"""``zeep-wssec doctor``: the versions that matter, and why something cannot be imported."""

from __future__ import annotations

import importlib
import json
import platform
import shutil
import ssl
import sys
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec

import click

from zeep_wssec import __version__
from zeep_wssec.cli.output import show_lines, show_table
from zeep_wssec.transport.installed import ASYNC_ADVICE, missing_for_async

_MISMATCH = (
    "lxml and xmlsec were built with different versions of libxml2. Install wheels that fit "
    "(lxml 6.0.2 or later with xmlsec 1.3.17 or later), or build both against the same library: "
    "pip install --force-reinstall --no-binary lxml,xmlsec lxml xmlsec"
)
_WITHOUT_XMLSEC = (
    "Profiles work without xmlsec: it is only the second engine, for cross-checks and tests."
)

_EXTRAS = {
    "pkcs11": ("pkcs11", "keys on a token"),
    "keyring": ("keyring", "passwords in the keyring of the system"),
    "redis": ("redis", "a replay store of many machines"),
}
"""Extras by name: the module that one brings, and what for."""
_NO_GPG = "not installed; for OpenPGP payloads: GnuPG 2.2 or later"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the versions as JSON.")
def doctor(as_json: bool) -> None:
    """Show the versions that matter, and why something cannot be imported."""
    versions, advice = examine()
    if as_json:
        click.echo(json.dumps({"versions": versions, "advice": advice}, indent=2))
        return
    show_table([*versions.items()])
    show_lines(f"note: {text}" for text in advice)


def examine() -> tuple[dict[str, str], list[str]]:
    """Give versions by name, and what to do about what is missing."""
    versions = {
        "zeep-wssec": __version__,
        "Python": f"{platform.python_version()} ({sys.platform}, {platform.machine()})",
        "zeep": metadata.version("zeep"),
    }
    probes: dict[str, Callable[[], str]] = {
        "lxml": _lxml,
        "cryptography": _cryptography,
        "ssl": lambda: ssl.OPENSSL_VERSION,
        "xmlsec": _xmlsec,
    }
    advice = []
    for name, probe in probes.items():
        try:
            versions[name] = probe()
        except Exception as error:  # whatever a broken extension raises is the finding
            versions[name] = f"cannot be imported: {type(error).__name__}: {error}"
            advice += _advice_for(name, str(error))
    missing = missing_for_async()
    versions["async"] = f"missing {', '.join(missing)}" if missing else "ok"
    if missing:
        advice.append(f"{ASYNC_ADVICE}; missing: {', '.join(missing)}.")
    for extra, (module, purpose) in _EXTRAS.items():
        absent = f"not installed; for {purpose}: pip install 'zeep-wssec[{extra}]'"
        versions[extra] = absent if find_spec(module) is None else "ok"
    versions["gpg"] = shutil.which("gpg") or _NO_GPG
    return versions, advice


def _lxml() -> str:
    from lxml import etree

    running, built = _dotted(etree.LIBXML_VERSION), _dotted(etree.LIBXML_COMPILED_VERSION)
    own = f"{_dotted(etree.LXML_VERSION)}, libxml2 {running}"
    return own if running == built else f"{own} (built for {built})"


def _cryptography() -> str:
    from cryptography.hazmat.backends.openssl.backend import backend

    return f"{metadata.version('cryptography')}, {backend.openssl_version_text()}"


def _xmlsec() -> str:
    # By name: no module of the core may depend on it.
    xmlsec = importlib.import_module("xmlsec")
    libraries = (("libxmlsec", "get_libxmlsec_version"), ("libxml2", "get_libxml_version"))
    found = [
        f"{library} {_dotted(getattr(xmlsec, function)())}"
        for library, function in libraries
        if hasattr(xmlsec, function)
    ]
    return ", ".join([str(xmlsec.__version__), *found])


def _advice_for(name: str, problem: str) -> list[str]:
    if name != "xmlsec":
        return [f"{name} is needed; install it again: pip install --force-reinstall {name}"]
    return [_MISMATCH, _WITHOUT_XMLSEC] if "mismatch" in problem else [_WITHOUT_XMLSEC]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
