"""The names by which a WSDL's operations can be told, read from files of this machine only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from lxml import etree

from zeep_wssec.errors import KeyLoadError, ProfileError
from zeep_wssec.keys.files import read_file, require_path

MAX_FILE_BYTES = 16 * 1024 * 1024
"""Largest WSDL read; big ones have a few megabytes."""
_MAX_FILES = 50
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_BINDINGS = ("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")
_ACTIONS = (
    "http://www.w3.org/2007/05/addressing/metadata",
    "http://www.w3.org/2006/05/addressing/wsdl",
)


@dataclass(frozen=True, kw_only=True)
class WsdlNames:
    """What a WSDL calls its operations."""

    operations: frozenset[str]
    """Names of operations; a message tells one only where its Body's child has the same name."""
    told: frozenset[str]
    """What messages tell: SOAP and addressing actions, ``{ns}Name`` and ``Name`` of the Body's child."""
    addresses: frozenset[str]
    """Where its ports say that the service is."""
    complete: bool
    """Whether every document was read; one that is elsewhere is not fetched."""


def is_local(wsdl: str | PathLike[str]) -> bool:
    """Tell whether a WSDL is a file of this machine."""
    return not isinstance(wsdl, str) or "://" not in wsdl


def read_wsdl_names(wsdl: str | PathLike[str]) -> WsdlNames:
    """Read the names from a WSDL file and those that it imports.

    Raises:
        ProfileError: The file cannot be read, or is no WSDL.
    """
    documents, complete = _read_documents(wsdl)
    operations: set[str] = set()
    told: set[str] = set()
    elements = _part_elements(documents)
    for document in documents:
        for operation in document.iter(f"{{{_WSDL}}}operation"):
            name = operation.get("name", "")
            operations.add(name)
            told.update(_told_by(operation, document, elements))
    told.update([name.removesuffix("Request") for name in told if name.endswith("Request")])
    addresses = {
        item.get("location", "")
        for document in documents
        for namespace in _BINDINGS
        for item in document.iter(f"{{{namespace}}}address")
    }
    return WsdlNames(
        addresses=frozenset(addresses - {""}),
        operations=frozenset(operations - {""}),
        told=frozenset(told - {""}),
        complete=complete,
    )


def _read_documents(wsdl: str | PathLike[str]) -> tuple[list[etree._Element], bool]:
    waiting = [Path(_require_path(wsdl))]
    read: dict[Path, etree._Element] = {}
    complete = True
    while waiting:
        path = waiting.pop()
        if path.resolve() in read:
            continue
        if len(read) == _MAX_FILES:
            return list(read.values()), False
        root = read[path.resolve()] = _parse(path)
        for item in root.iter(f"{{{_WSDL}}}import"):
            location = item.get("location", "")
            if is_local(location):
                waiting.append(path.parent / location)
            else:
                complete = False
    return list(read.values()), complete


def _require_path(wsdl: str | PathLike[str]) -> str:
    try:
        return require_path(wsdl, what="a WSDL")
    except KeyLoadError as error:
        raise ProfileError(str(error.message), path="service.wsdl") from None


def _parse(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(read_file(path, what="a WSDL", limit=MAX_FILE_BYTES), parser)
    except KeyLoadError as error:
        raise ProfileError(str(error.message), path="service.wsdl") from None
    except (etree.XMLSyntaxError, ValueError) as error:
        problem = getattr(error, "msg", None) or str(error)
        raise ProfileError(
            f"{path.name} is not well-formed XML: {problem}.", path="service.wsdl"
        ) from None
    if root.tag != f"{{{_WSDL}}}definitions":
        raise ProfileError(f"{path.name} is no WSDL 1.1 document.", path="service.wsdl")
    return root


def _part_elements(documents: list[etree._Element]) -> dict[str, list[str]]:
    """Give the names of the elements in each message, by the message's name."""
    found: dict[str, list[str]] = {}
    for document in documents:
        for message in document.iter(f"{{{_WSDL}}}message"):
            names = found.setdefault(message.get("name", ""), [])
            for part in message.iter(f"{{{_WSDL}}}part"):
                prefix, _, local = part.get("element", "").rpartition(":")
                names += (
                    [local, f"{{{part.nsmap.get(prefix or None, '')}}}{local}"] if local else []
                )
    return found


def _told_by(
    operation: etree._Element, document: etree._Element, elements: dict[str, list[str]]
) -> Iterator[str]:
    """Give what a request of an operation tells, as its port type or its binding says it.

    Spec: WSDL 1.1, sections 2.4 and 3.4; WS-Addressing 1.0 Metadata, section 4.4.
    """
    name = operation.get("name", "")
    for binding in _BINDINGS:
        for soap in operation.iterchildren(f"{{{binding}}}operation"):
            yield soap.get("soapAction", "")
        for body in operation.iterfind(f"{{{_WSDL}}}input/{{{binding}}}body"):
            # RPC style: the Body's child has the name of the operation.
            if body.get("namespace"):
                yield from (name, f"{{{body.get('namespace')}}}{name}")
    for source in operation.iterchildren(f"{{{_WSDL}}}input"):
        yield from (source.get(f"{{{action}}}Action", "") for action in _ACTIONS)
        yield from elements.get(source.get("message", "").rpartition(":")[2], ())
        target, port = document.get("targetNamespace", ""), operation.getparent()
        delimiter = ":" if target.startswith("urn:") else "/"
        if port is not None:
            told = source.get("name") or f"{name}Request"
            yield delimiter.join((target.rstrip(delimiter), port.get("name", ""), told))
