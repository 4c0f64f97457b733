"""Ids: giving them to what we sign, and finding what a peer's reference means, exactly one element."""

from __future__ import annotations

import re
import secrets

from lxml import etree

from zeep_wssec.errors import MalformedSecurityError
from zeep_wssec.soap.namespaces import WSU, XML

WSU_ID = f"{{{WSU}}}Id"
ID_ATTRIBUTES = (WSU_ID, "Id", "ID", "id", f"{{{XML}}}id", "AssertionID")
_WITH_ID = etree.XPath(
    "//*[@wsu:Id or @Id or @ID or @id or @xml:id or @AssertionID]", namespaces={"wsu": WSU}
)
_NC_NAME = re.compile(r"[^\W\d][\w.\-·]{0,255}")


def fresh_id(kind: str) -> str:
    """Make an Id that no document has yet: 128 random bits behind ``kind``."""
    return f"{kind}-{secrets.token_hex(16)}"


def is_nc_name(text: str) -> bool:
    """Whether ``text`` can be an Id that we would follow: an NCName of 256 characters at most."""
    return _NC_NAME.fullmatch(text) is not None


class IdIndex:
    """Every element that carries an Id, whatever the attribute is called.

    An Id is ambiguous when a second element carries the same value under any of the names: a verifier
    and an application could then mean different elements. What is referenced must be unique; what bears
    ``wsu:Id`` must be unique even unreferenced, since that attribute exists for references only.
    """

    def __init__(self, root: etree._Element) -> None:
        self._nodes: dict[str, list[etree._Element]] = {}
        found = _WITH_ID(root)
        for node in found if isinstance(found, list) else []:
            if not isinstance(node, etree._Element):
                continue
            values = {value for name in ID_ATTRIBUTES if (value := node.get(name)) is not None}
            for value in values:
                self._nodes.setdefault(value, []).append(node)
        for value, nodes in self._nodes.items():
            if len(nodes) > 1 and any(node.get(WSU_ID) == value for node in nodes):
                raise _ambiguous(value)

    def require(self, value: str) -> etree._Element:
        """Give the one element with this Id.

        Raises:
            MalformedSecurityError: No element has it, or more than one.
        """
        nodes = self._nodes.get(value, [])
        if not nodes:
            raise MalformedSecurityError(f"Nothing in the message has the Id {value[:80]!r}.")
        if len(nodes) > 1:
            raise _ambiguous(value)
        return nodes[0]

    def has(self, value: str) -> bool:
        """Whether any element has this Id."""
        return value in self._nodes


def same_document_id(uri: str | None, *, what: str) -> str:
    """Give the Id in a same-document reference ``#Id``; every other kind of URI is refused.

    Raises:
        MalformedSecurityError: No URI, a URI to elsewhere, an XPointer expression, or not an NCName.
    """
    if uri is None or not uri.startswith("#") or not is_nc_name(uri[1:]):
        shown = "no URI" if uri is None else repr(uri[:80])
        raise MalformedSecurityError(f"{what} must name an Id of this message; it has {shown}.")
    return uri[1:]


def _ambiguous(value: str) -> MalformedSecurityError:
    return MalformedSecurityError(f"More than one element has the Id {value[:80]!r}.")
