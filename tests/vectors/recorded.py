"""One message as it comes from a peer, before it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zeep_wssec import Inbound


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A message, and what must be known to check it."""

    name: str
    """Name of the folder."""
    message: bytes
    origin: str
    why: str
    inbound: Inbound
    reader: str = "client"
    """Whose keys read it."""
    request: bytes | None = None
    """The message that it answers."""
    session_keys: Sequence[tuple[bytes, bytes, str]] = ()
    """Keys that the request carried: SHA-1 of their ciphertext, octets, and who opened them."""
