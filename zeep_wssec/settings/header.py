"""Settings of ``wsse:Security`` itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from zeep_wssec.errors import ProfileError
from zeep_wssec.settings.checks import check_choice, frozen_attributes, frozen_texts
from zeep_wssec.soap.namespaces import ULTIMATE_RECEIVER

Layout = Literal["strict", "lax", "timestamp_first", "timestamp_last"]
HeaderChild = Literal[
    "timestamp",
    "username_token",
    "token",
    "signature",
    "encrypted_key",
    "encrypted_data",
    "reference_list",
    "derived_key",
    "security_context",
    "confirmation",
]
SecurityNamespace = Literal["1.0", "2002/12"]
_URI = re.compile(r"[\x21-\x7e]{1,1000}")


@dataclass(frozen=True, kw_only=True)
class SecurityHeader:
    """How ``wsse:Security`` itself is written and which one of an answer is ours."""

    actor: str | None = None
    """SOAP 1.1 actor or 1.2 role; unset: the ultimate receiver."""
    must_understand: bool = True
    layout: Layout = "strict"
    """Order of the header's children, by the names of WS-SecurityPolicy. ``"strict"`` and ``"lax"``:
    each step in front of the one before it, tokens before their use; the others move the Timestamp."""
    order: Sequence[str] = ()
    """Exact order of the children by kind, such as ``["timestamp", "token", "signature"]``; kinds that are
    not named keep their order behind these."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes of the header: ``{ "prefix:name" = "value" }``."""
    namespace: SecurityNamespace = "1.0"
    """``"2002/12"``: a draft that some old services want; only tokens can be sent in it, and no answer in
    it is read."""
    extend: bool = False
    """Whether an envelope that already has our header is added to; unset, it is refused."""
    understood: Sequence[str] = ()
    """Further header blocks of messages that the program understands: ``"prefix:Name"`` or ``"{ns}Name"``.
    A message with any other one that says it must be understood is refused; those of WS-Addressing, and
    those that must be signed or encrypted by name, are."""

    def __post_init__(self) -> None:
        check_choice("layout", self.layout, Layout)
        check_choice("namespace", self.namespace, SecurityNamespace)
        if self.actor is not None and (not self.actor or not _URI.fullmatch(self.actor)):
            raise ProfileError(f"{self.actor!r} is not a URI; leave it out for none.", path="actor")
        if self.actor == ULTIMATE_RECEIVER:
            object.__setattr__(self, "actor", None)
        object.__setattr__(self, "order", frozen_texts("order", self.order))
        object.__setattr__(self, "understood", frozen_texts("understood", self.understood))
        object.__setattr__(self, "attributes", frozen_attributes(self.attributes))
        for index, kind in enumerate(self.order):
            check_choice(f"order[{index}]", kind, HeaderChild)
        if len(set(self.order)) != len(self.order):
            raise ProfileError("A kind stands twice in the order.", path="order")
        if self.order and self.layout in get_args(Layout)[2:]:
            raise ProfileError("An exact order leaves nothing to the layout.", path="order")
