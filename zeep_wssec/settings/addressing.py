"""Settings of the WS-Addressing header blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.settings.checks import check_choice, frozen_texts

AddressingVersion = Literal["2005/08", "2004/08"]
AddressingBlock = Literal["To", "Action", "MessageID", "ReplyTo", "From", "FaultTo", "RelatesTo"]


@dataclass(frozen=True, kw_only=True)
class Addressing:
    """Write WS-Addressing header blocks; one that is there already is kept, or replaced by what is stated."""

    version: AddressingVersion = "2005/08"
    to: str | None = None
    """URI of the service; unset: ``service.address``, and in an answer nothing."""
    action: str | None = None
    """Unset: the SOAP action of the request, and in an answer that of the request with ``Response``."""
    message_id: Literal["urn:uuid", "uuid", "none"] = "urn:uuid"
    """Form of the fresh MessageID: with ``urn:uuid:``, bare, or none."""
    reply_to: str | None = "anonymous"
    """``"anonymous"``: on the same connection; ``"none"`` in a file leaves it out."""
    from_address: str | None = None
    """URI of wsa:From."""
    fault_to: str | None = None
    must_understand: Sequence[str] = ()
    """Blocks that are marked so: ``["To", "Action"]``."""

    def __post_init__(self) -> None:
        check_choice("version", self.version, AddressingVersion)
        check_choice("message_id", self.message_id, Literal["urn:uuid", "uuid", "none"])
        object.__setattr__(
            self, "must_understand", frozen_texts("must_understand", self.must_understand)
        )
        for index, block in enumerate(self.must_understand):
            check_choice(f"must_understand[{index}]", block, AddressingBlock)
        for name in ("to", "action", "reply_to", "from_address", "fault_to"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise ProfileError(f"{value!r} is not a URI.", path=name)
