"""Documents that are signed: parsed within bounds, searched for signatures and Ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from zeep_wssec.errors import (
    MalformedSecurityError,
    PayloadAlgorithmError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    SignatureInvalidError,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
)
from zeep_wssec.payload.streams import PayloadSource, open_source
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_document
from zeep_wssec.xmlcrypto.signature_model import SIGNATURE

_BYTES_PER_NODE = 16
_LEAST_NODES = 500_000
"""Small documents may hold little but marks; so many nodes take 120 MB and a second."""
_MAX_DEPTH = 100
_SIGNATURE_DEPTH = 10
"""Levels that a Signature adds to what is signed, or takes it down: the result must be read again."""


@contextmanager
def payload_errors() -> Iterator[None]:
    """Give what the parts that messages share raise as the errors of payloads."""
    try:
        yield
    except SignatureInvalidError as error:
        raise PayloadSignatureError(str(error.message), hint=error.hint) from None
    except UnsupportedAlgorithmError as error:
        raise PayloadAlgorithmError(
            str(error.message), hint=error.hint, algorithm=error.details.get("algorithm", "")
        ) from None
    except (MalformedSecurityError, UnsupportedTokenError) as error:
        hint = "" if "limits." in error.hint else error.hint  # documents have bounds of their own
        raise PayloadMalformedError(
            str(error.message).replace("The message", "The document"), hint=hint
        ) from None


def read_octets(data: PayloadSource, limit: int) -> bytes:
    """Read a whole document.

    Raises:
        PayloadLimitError: It is larger than ``limit``.
    """
    with open_source(data) as reader:
        octets = reader.read(limit + 1)
    if len(octets) > limit:
        raise PayloadLimitError(
            f"The document is larger than {limit} bytes.",
            hint="Raise max_document_bytes if documents really are that large.",
            limit=limit,
        )
    return octets


def read_document(octets: bytes, *, ours: bool = False) -> etree._Element:
    """Parse a document; a DTD is refused, and what is nested or repeated too much.

    Args:
        octets: UTF-8 or UTF-16.
        ours: Whether we are about to sign it: comments are then kept. In what is verified they are dropped,
            since no signature of ours or of a peer's covers them.

    Raises:
        PayloadMalformedError: No well-formed XML, a DTD, or over a limit.
    """
    with payload_errors():
        nodes = max(len(octets) // _BYTES_PER_NODE, _LEAST_NODES)
        depth = _MAX_DEPTH - _SIGNATURE_DEPTH if ours else _MAX_DEPTH
        size = max(len(octets), 1)
        limits = Limits(max_message_bytes=size, max_nodes=nodes, max_depth=depth)
        return parse_document(octets, limits, keep_comments=ours)


def require_signature(root: etree._Element) -> etree._Element | None:
    """Give the one Signature of a document, or ``None``.

    Raises:
        PayloadMalformedError: There are several: which of them counts cannot be told.
    """
    found = list(root.iter(SIGNATURE))
    if len(found) > 1:
        raise PayloadMalformedError(
            f"The document has {len(found)} Signatures; one is read.",
            hint="Take the part that one of them signs, and verify that.",
        )
    return found[0] if found else None
