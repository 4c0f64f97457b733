"""The parts of a SOAP envelope, found from the root downwards and never by search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from zeep_wssec.errors import WSSecError
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, ULTIMATE_RECEIVER, WSSE, readable_name

SoapVersion = Literal["1.1", "1.2"]
_SECURITY = f"{{{WSSE}}}Security"
_ACTORS = {SOAP11: f"{{{SOAP11}}}actor", SOAP12: f"{{{SOAP12}}}role"}
_VERSIONS: dict[str, SoapVersion] = {SOAP11: "1.1", SOAP12: "1.2"}


@dataclass(frozen=True, eq=False)
class Envelope:
    """One envelope: its root, its Header if any, and the one Body that an application reads."""

    root: etree._Element
    namespace: str
    header: etree._Element | None
    body: etree._Element

    @classmethod
    def read(cls, root: etree._Element, *, error: type[WSSecError]) -> Envelope:
        """Find Header and Body as direct children of the root.

        Args:
            root: Must be the Envelope itself.
            error: What to raise: the message may be ours or the peer's.

        Raises:
            WSSecError: Of class ``error``: not an Envelope, or children other than Header? and Body.

        Spec: SOAP 1.1 section 4; SOAP 1.2 part 1, section 5.1.
        """
        namespace, local = _split(root.tag)
        if local != "Envelope" or namespace not in _VERSIONS:
            raise error(f"The root is {readable_name(root.tag)}, not a SOAP Envelope.")
        if root.getparent() is not None:
            raise error("The Envelope is not the root of its document.")
        children = list(root)
        tags = [child.tag for child in children]
        header_tag, body_tag = f"{{{namespace}}}Header", f"{{{namespace}}}Body"
        if tags == [header_tag, body_tag]:
            return cls(root, namespace, children[0], children[1])
        if tags == [body_tag]:
            return cls(root, namespace, None, children[0])
        found = ", ".join(readable_name(tag) for tag in tags[:6]) or "nothing"
        raise error(f"The Envelope must hold one Header at most, then one Body; it holds {found}.")

    @property
    def version(self) -> SoapVersion:
        """``"1.1"`` or ``"1.2"``."""
        return _VERSIONS[self.namespace]

    @property
    def fault(self) -> etree._Element | None:
        """The SOAP Fault in the Body, or ``None``."""
        tag = f"{{{self.namespace}}}Fault"
        for child in self.body:
            if child.tag == tag:
                return child
        return None

    def name(self, local: str) -> str:
        """Give ``local`` in this envelope's SOAP namespace."""
        return f"{{{self.namespace}}}{local}"

    def require_header(self) -> tuple[Envelope, etree._Element]:
        """Give this envelope and its Header, made empty in front of the Body if there was none."""
        if self.header is not None:
            return self, self.header
        header = etree.Element(self.name("Header"))
        self.root.insert(0, header)
        return Envelope(self.root, self.namespace, header, self.body), header

    def security_headers(self, actor: str | None) -> list[etree._Element]:
        """Give every ``wsse:Security`` meant for ``actor``; ``None`` is the ultimate receiver."""
        if self.header is None:
            return []
        return [
            child
            for child in self.header
            if child.tag == _SECURITY and self.actor_of(child) == actor
        ]

    def actor_of(self, security: etree._Element) -> str | None:
        """Give the actor (1.1) or role (1.2) that a header block is meant for, ``None`` for the last receiver."""
        value = (security.get(_ACTORS[self.namespace]) or "").strip()
        return None if value in ("", ULTIMATE_RECEIVER) else value


def to_octets(root: etree._Element) -> bytes:
    """Write an envelope as it is sent: any other way of writing it could break its signatures."""
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def fault_text(fault: etree._Element) -> str:
    """Give what a Fault says, shortened and without control characters: it is anybody's text."""
    text = " ".join(" ".join(str(piece) for piece in fault.itertext()).split())
    return "".join(char if char.isprintable() else "?" for char in text)[:500]


def _split(tag: object) -> tuple[str, str]:
    if not isinstance(tag, str) or not tag.startswith("{"):
        return "", str(tag)
    namespace, _, local = tag[1:].partition("}")
    return namespace, local
