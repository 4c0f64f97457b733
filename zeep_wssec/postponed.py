"""Requests that are protected a little later: where a key service is asked, and an event loop must not wait.

zeep's hook cannot await anything, but our asynchronous transport can. So the hook puts a placeholder in place
of the request, and the transport protects it in a thread. Any other transport would send the placeholder,
which has nothing of the request in it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from lxml import etree

_TAG = "{urn:zeep-wssec}NotYetProtected"
_MAX_WAITING = 16


@dataclass(frozen=True, eq=False, kw_only=True)
class Postponed:
    """One request that is still as zeep built it."""

    owner: object
    envelope: etree._Element
    http_headers: dict[str, str]
    placeholder: etree._Element


_waiting: ContextVar[tuple[Postponed, ...]] = ContextVar("zeep_wssec_postponed", default=())


def postpone(
    owner: object, envelope: etree._Element, http_headers: dict[str, str]
) -> etree._Element:
    """Keep a request, and give what stands for it until it is protected."""
    placeholder = etree.Element(_TAG)
    placeholder.text = (
        "The transport of the profile protects this request; another one must not send it."
    )
    item = Postponed(
        owner=owner, envelope=envelope, http_headers=http_headers, placeholder=placeholder
    )
    _waiting.set((*_waiting.get(), item)[-_MAX_WAITING:])
    return placeholder


def take_postponed(owner: object, envelope: etree._Element) -> Postponed | None:
    """Take the request that a placeholder stands for; ``None`` for a request that is protected already."""
    if envelope.tag != _TAG:
        return None
    for item in _waiting.get():
        if item.placeholder is envelope and item.owner is owner:
            _waiting.set(tuple(other for other in _waiting.get() if other is not item))
            return item
    return None
