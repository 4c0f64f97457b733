"""Ids: giving them to what we sign, and finding what a peer's reference means, exactly one element."""

from __future__ import annotations

import re
import secrets
from collections import Counter

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.forks import cached_property
from zeep_wssec.soap.expressions import Expression
from zeep_wssec.soap.namespaces import WSU, XML

WSU_ID = f"{{{WSU}}}Id"
ID_NAMES = ("Id", "ID", "id", "xml:id", "AssertionID")
"""Attributes besides ``wsu:Id`` that some reader takes for an Id."""
ID_ATTRIBUTES = (WSU_ID, "Id", "ID", "id", f"{{{XML}}}id", "AssertionID")
_WSU_IDS = Expression("/descendant::*/@wsu:Id", namespaces={"wsu": WSU})
# Texts without their elements: business data may have many attributes.
_ALL_VALUES = Expression("/descendant::*/@*", smart_strings=False)
_BEARERS = Expression(f"/descendant::*[{' or '.join(f'@{name}' for name in ID_NAMES)}]")
_FEW_VALUES = 64
"""Attributes in all that are gone through for each reference; more are counted once for all of them."""
_ID = re.compile(r"[^\W\d][\w.\-·:]{0,255}")
_ASCII_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-:]{0,255}")
"""The same for most Ids, several times faster."""


def fresh_id(kind: str) -> str:
    """Make an Id that no document has yet: 128 random bits behind ``kind``."""
    return f"{kind}-{secrets.token_hex(16)}"


def is_id(text: str) -> bool:
    """Whether ``text`` can be an Id that we would follow: a name of 256 characters at most.

    An Id must not hold colons, yet older Java stacks write ``EncKeyId-urn:uuid:…``; they do no harm here.
    """
    return (_ASCII_ID.fullmatch(text) or _ID.fullmatch(text)) is not None


class IdIndex:
    """Every element that carries an Id, whatever the attribute is called.

    An Id is ambiguous when a second element carries the same value under any of the names: a verifier
    and an application could then mean different elements. What is referenced must be unique; what bears
    ``wsu:Id`` must be unique even unreferenced, since that attribute exists for references only.
    """

    def __init__(self, root: etree._Element) -> None:
        """Index the Ids under ``root``."""
        self._root = root
        self._wsu: dict[str, etree._Element] = {}
        found = _WSU_IDS(root)
        for item in found if isinstance(found, list) else ():
            value, bearer = str(item), item.getparent()
            if value in self._wsu:
                raise _ambiguous(value)
            self._wsu[value] = bearer

    def require(self, value: str) -> etree._Element:
        """Give the one element with this Id.

        Raises:
            MalformedSecurityError: No element has it, or more than one.
        """
        bearer = self._wsu.get(value)
        if bearer is not None and self._count(value) == 1:
            return bearer
        nodes = self._nodes(value)
        if len(nodes) == 1:
            return nodes[0]
        if not nodes:
            raise MalformedSecurityError(
                f"Nothing in the message has the Id {value[:80]!r}.",
                hint="Check the octets as they came: what was decrypted or re-written has other elements.",
            )
        raise _ambiguous(value)

    def has(self, value: str) -> bool:
        """Whether any element has this Id."""
        return bool(self._nodes(value))

    def _count(self, value: str) -> int:
        """Tell how often a value stands in an attribute, whatever the attribute is called."""
        values = self._values
        return values.count(value) if isinstance(values, list) else values[value]

    @cached_property
    def _values(self) -> list[str] | Counter[str]:
        """The values of all attributes; counted where they are many."""
        found = _ALL_VALUES(self._root)
        values = found if isinstance(found, list) else []
        return values if len(values) <= _FEW_VALUES else Counter(values)

    @cached_property
    def _others(self) -> dict[str, list[etree._Element]]:
        """Who carries each value under the other names, searched once however many are asked for."""
        others: dict[str, list[etree._Element]] = {}
        found = _BEARERS(self._root)
        for node in found if isinstance(found, list) else ():
            values = {node.get(name) for name in ID_ATTRIBUTES[1:]}
            for value in values - {None}:
                others.setdefault(value, []).append(node)
        return others

    def _nodes(self, value: str) -> list[etree._Element]:
        nodes = [self._wsu[value]] if value in self._wsu else []
        if self._count(value) == len(nodes):
            return nodes
        # An element may carry one value under several names.
        found = [*nodes, *self._others.get(value, ())]
        return list({id(node): node for node in found}.values())


def same_document_id(uri: str | None, *, what: str) -> str:
    """Give the Id in a same-document reference ``#Id``; every other kind of URI is refused.

    Raises:
        MalformedSecurityError: No URI, a URI to elsewhere, an XPointer expression, or not a name.
    """
    if uri is None or uri[:1] != "#" or not is_id(uri[1:]):
        shown = "no URI" if uri is None else repr(uri[:80])
        raise MalformedSecurityError(f"{what} must name an Id of this message; it has {shown}.")
    return uri[1:]


def _ambiguous(value: str) -> MalformedSecurityError:
    return MalformedSecurityError(f"More than one element has the Id {value[:80]!r}.")
