"""What must hold of any message that began as a good one: refused, or read as it was signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from unittest.mock import patch

from lxml import etree
from vectors.corpus import Vector

from zeep_wssec import InboundError, inbound
from zeep_wssec.errors import WSSecError
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.token_reference import TOKEN_REFERENCE
from zeep_wssec.results import Checked
from zeep_wssec.soap.ids import ID_ATTRIBUTES
from zeep_wssec.soap.namespaces import DS, WSU, XENC
from zeep_wssec.soap.parts import find_part


class Finding(AssertionError):
    """Something that must never happen."""


def _leaves(kind: type[WSSecError]) -> Iterator[type[WSSecError]]:
    below = kind.__subclasses__()
    if not below:
        yield kind
    for item in below:
        yield from _leaves(item)


def canonical(node: etree._Element) -> bytes:
    """Exclusive canonical form."""
    return etree.tostring(node, method="c14n", exclusive=True, with_comments=False)


@contextmanager
def watching() -> Iterator[list[Incoming]]:
    """Give the working states of the messages that are accepted meanwhile: which nodes were covered."""
    seen: list[Incoming] = []
    tell = inbound.report_of

    def spy(message: Incoming, **how: Any) -> Any:
        if how.get("accepted", True):
            seen.append(message)
        return tell(message, **how)

    with patch.object(inbound, "report_of", spy):
        yield seen


@dataclass(frozen=True)
class Seen:
    """An accepted message, as an application reads it."""

    checked: Checked
    message: Incoming

    @property
    def body(self) -> bytes:
        """The Body."""
        return canonical(self.checked.body)

    @cached_property
    def covered(self) -> set[bytes]:
        """Canonical forms of all that trusted signatures cover.

        A reference to a token stands for the certificate that it names; only that is signed then.
        """
        return {
            canonical(final)
            for item in self.message.signatures
            if item.trusted_as is not None
            for node in item.covered
            for final in self.message.replaced_by.get(node, (node,))
            if final.tag != TOKEN_REFERENCE
        }

    def demanded(self, vector: Vector) -> dict[str, list[bytes]]:
        """Canonical forms of the elements of each part that must be signed."""
        plan = vector.profile.plan
        signed, _ = plan.demanded_parts(vector.demands)
        return {
            part.text: [canonical(node) for node in self._nodes(vector, part)] for part in signed
        }

    def _nodes(self, vector: Vector, part: Any) -> list[etree._Element]:
        message = self.message
        return find_part(
            part,
            envelope=message.envelope,
            security=message.security,
            namespaces=vector.profile.plan.namespaces,
        )

    @property
    def reported(self) -> dict[str, bytes]:
        """What an application finds first under each name that the report says a trusted signature covers."""
        found: dict[str, bytes] = {}
        parts = {
            part
            for item in self.checked.report.signatures
            if item.trusted_as is not None
            for part in item.parts
        }
        header = self.message.envelope.header
        for part in parts:
            node: etree._Element | None = None
            if part == "body":
                node = self.checked.body
            elif part == "timestamp":
                node = self.message.security.find(f"{{{WSU}}}Timestamp")
            elif part.startswith("header:") and header is not None:
                node = header.find(part.removeprefix("header:"))
            if node is not None:
                found[part] = canonical(node)
        return found


def read(vector: Vector, given: bytes | etree._Element) -> Seen:
    """Check a message as the vector's reader does.

    Raises:
        InboundError: It is refused.
    """
    with watching() as seen:
        checked = vector.check(given)
    return Seen(checked, seen[-1])


@dataclass(frozen=True)
class Original:
    """What the good message says, and what of it was signed."""

    vector: Vector
    seen: Seen
    sealed: frozenset[bytes]
    """Canonical forms of what was signed as it stood in the message, ciphertext included."""

    @classmethod
    @cache
    def of(cls, vector: Vector) -> Original:
        """Read the good message once."""
        raw = etree.fromstring(vector.message)
        uris = {str(item.get("URI"))[1:] for item in raw.iter(f"{{{DS}}}Reference")}
        named = [
            node
            for node in raw.iter("{*}*")
            if {node.get(f"{{{WSU}}}Id"), node.get("Id")} & uris
            and node.tag != f"{{{DS}}}Reference"
        ]
        return cls(vector, read(vector, vector.message), frozenset(map(canonical, named)))


def _compare(original: Original, seen: Seen) -> Iterator[str]:
    vector, first = original.vector, original.seen
    if "body" in vector.demands.signed and seen.body != first.body:
        yield "the Body is not the one that was signed"
    allowed = first.demanded(vector)
    for part, forms in seen.demanded(vector).items():
        if not forms and not part.endswith("?") and allowed[part]:
            yield f"{part} is demanded and not there"
        if not set(forms) <= set(allowed[part]):
            yield f"{part} is not the one that was signed"
    if not seen.covered <= first.covered | original.sealed:
        yield "evidence names an element that was not signed"
    yield from _unopened(seen)
    yield from _ambiguous(seen)
    for part, form in seen.reported.items():
        if form not in first.covered | original.sealed:
            yield f"the report says that {part} was signed, and another one is read"


def _unopened(seen: Seen) -> Iterator[str]:
    """Ciphertext in Body or header, or for WS-Security by its KeyInfo, is opened, or the message refused."""
    places = (seen.message.security, seen.checked.body)
    for node in seen.checked.envelope.iter(f"{{{XENC}}}EncryptedData"):
        parent = node.getparent()
        named = node.find(f"{{{DS}}}KeyInfo/{TOKEN_REFERENCE}") is not None
        if named or any(parent is place for place in places):
            yield "an EncryptedData is left unopened"


def _ambiguous(seen: Seen) -> Iterator[str]:
    """Whatever a reference names must bear its Id alone, however the attribute is spelled."""
    security = seen.message.security
    uris = {str(node.get("URI")) for node in security.iter(f"{{{DS}}}Reference")}
    bearers: Counter[str] = Counter()
    for node in seen.checked.envelope.iter("{*}*"):
        bearers.update({node.attrib[name] for name in ID_ATTRIBUTES if name in node.attrib})
    for uri in uris:
        if bearers[uri[1:]] > 1:
            yield f"{uri} names {bearers[uri[1:]]} elements"


def assert_harmless(
    vector: Vector,
    given: bytes | etree._Element,
    *,
    also: Callable[[Exception], None] | None = None,
) -> Seen | None:
    """Check a changed message.

    Returns:
        What is read of it, or ``None``: it was refused.

    Raises:
        Finding: It is neither refused with a leaf of our own tree nor read as it was signed.
    """
    original = Original.of(vector)
    try:
        seen = read(vector, given)
    except InboundError as error:
        assert_sound(error)
        if also is not None:
            also(error)
        return None
    wrong = list(_compare(original, seen))
    if wrong:
        raise Finding(f"{vector}: {'; '.join(wrong)}")
    seen.checked.report.to_dict()
    return seen


@cache
def _leaf_classes() -> frozenset[type[WSSecError]]:
    return frozenset(_leaves(InboundError))


def assert_sound(error: InboundError) -> None:
    """Hold a refusal to what errors promise: a leaf class, plain data, one text for the peer."""
    if type(error) not in _leaf_classes():
        raise Finding(f"{type(error).__name__} is no leaf of the error tree")
    error.to_dict()
    if error.safe_message not in error.safe_messages.values():
        raise Finding(f"{error.safe_message!r} is nothing to tell a peer")
