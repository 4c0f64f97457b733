"""Answers with MIME parts around them: which part is the message, and whether others would pass with it."""

from __future__ import annotations

from email.message import Message

from requests_toolbelt.multipart.decoder import (  # type: ignore[import-untyped]
    ImproperBodyPartContentException,
    MultipartDecoder,
    NonMultipartContentTypeException,
)

from zeep_wssec.errors import RequirementError, TransportSecurityError
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_unchecked

_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
_UNREADABLE = (
    ImproperBodyPartContentException,
    NonMultipartContentTypeException,
    AttributeError,  # no boundary
    LookupError,
    ValueError,
)


def check_parts(content: bytes, content_type: str, limits: Limits, *, must_be_signed: bool) -> None:
    """Refuse parts that no signature covers, and a message that is not in the first part.

    zeep takes the first part for the message. Parts that the message includes are put into it before it
    is checked, so signatures cover them; of others nothing is proved, yet zeep would hand them on.

    Args:
        content: The answer.
        content_type: Its Content-Type, ``multipart/related``.
        limits: Bounds of the message.
        must_be_signed: Whether the answer must prove anything by a signature.

    Raises:
        TransportSecurityError: No MIME parts, or another one than the first says it is the message.
        RequirementError: Parts besides the message that must be signed, but cannot be.
        MalformedSecurityError: The message is no XML.

    Spec: RFC 2387, section 3.2, The Start Parameter; XOP 1.0, section 3.2, Interpreting XOP Packages.
    """
    try:
        parts = MultipartDecoder(content, content_type).parts
    except _UNREADABLE:
        parts = ()
    if not parts:
        raise TransportSecurityError("The answer says that it has MIME parts, but has none.")
    start, first = _start(content_type), parts[0].headers.get(b"content-id", b"")
    if start is not None and start.encode() != first.strip():
        raise TransportSecurityError(
            "The message is not in the first MIME part of the answer, which is the one that is read.",
            hint="Ask the service to send the part named by start in front of all others.",
        )
    root = parse_unchecked(parts[0].content, limits)
    if must_be_signed and len(parts) > 1 and next(root.iter(_INCLUDE), None) is None:
        raise RequirementError(
            f"The answer has {len(parts) - 1} attachments that no signature covers.",
            hint="Ask for them inside the message (MTOM), or state inbound = OverTLS().",
            missing=("attachments must be signed, but are not",),
        )


def _start(content_type: str) -> str | None:
    """Give the Content-ID of the part that is said to be the message."""
    header = Message()
    header["content-type"] = content_type
    value = header.get_param("start")
    return value.strip() if isinstance(value, str) else None
