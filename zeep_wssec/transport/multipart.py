"""Answers with MIME parts around them: which part is the message, and whether others would pass with it."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote

from lxml import etree
from requests_toolbelt.multipart.decoder import (  # type: ignore[import-untyped]
    ImproperBodyPartContentException,
    MultipartDecoder,
    NonMultipartContentTypeException,
)

from zeep_wssec.errors import RequirementError, TransportSecurityError
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.parsing import parse_unchecked

_INCLUDE = "{http://www.w3.org/2004/08/xop/include}Include"
_MAX_PARTS: Final = 1000
"""MIME parts of one answer, and places of the message in which one is put."""
_UNREADABLE = (
    ImproperBodyPartContentException,
    NonMultipartContentTypeException,
    AttributeError,  # no boundary
    LookupError,
    ValueError,
)


def check_parts(
    content: bytes,
    content_type: str,
    limits: Limits,
    *,
    must_be_signed: bool,
    encoding: str | None = None,
) -> None:
    """Refuse parts that no signature covers, and a message that is not in the first part.

    zeep takes the first part for the message. Parts that the message includes are put into it before it
    is checked, so signatures cover them; of others nothing is proved, yet zeep would hand them on.

    Args:
        content: The answer.
        content_type: Its Content-Type, ``multipart/related``.
        limits: Bounds of the message.
        must_be_signed: Whether the answer must prove anything by a signature.
        encoding: Charset of the answer, as zeep takes it: a boundary has other octets in another one, and what
            is checked must be what is read.

    Raises:
        TransportSecurityError: No MIME parts, too many, another one than the first says it is the message, or
            the message becomes too large by what it includes.
        RequirementError: Parts besides the message that must be signed, but cannot be.
        MalformedSecurityError: The message is no XML.

    Spec: RFC 2387, section 3.2, The Start Parameter; XOP 1.0, section 3.2, Interpreting XOP Packages.
    """
    parts = _read_parts(content, content_type, encoding or "utf-8")
    if not parts:
        raise TransportSecurityError("The answer says that it has MIME parts, but has none.")
    start, first = _start(content_type), parts[0].headers.get(b"content-id", b"")
    if start is not None and start.encode() != first.strip():
        raise TransportSecurityError(
            "The message is not in the first MIME part of the answer, which is the one that is read.",
            hint="Ask the service to send the part named by start in front of all others.",
        )
    root = parse_unchecked(parts[0].content, limits)
    includes = list(root.iter(_INCLUDE))
    _check_included(includes, parts, limits)
    if must_be_signed and len(parts) > 1 and not includes:
        raise RequirementError(
            f"The answer has {len(parts) - 1} attachments that no signature covers.",
            hint="Ask for them inside the message (MTOM), or state inbound = OverTLS().",
            missing=("attachments must be signed, but are not",),
        )


def _read_parts(content: bytes, content_type: str, encoding: str) -> Sequence[Any]:
    """Take the parts apart as zeep does; none where there are none."""
    try:
        boundary = MultipartDecoder(b"", content_type, encoding).boundary
        # Each costs some microseconds, here and in zeep.
        if content.count(b"\r\n--" + boundary) > _MAX_PARTS:
            raise TransportSecurityError(f"The answer has more than {_MAX_PARTS} MIME parts.")
        parts: Sequence[Any] = MultipartDecoder(content, content_type, encoding).parts
    except _UNREADABLE:
        return ()
    return parts


def _check_included(
    includes: Sequence[etree._Element], parts: Sequence[Any], limits: Limits
) -> None:
    """Bound what the message becomes by what it includes: one part may be put into it at many places.

    Spec: XOP 1.0, section 3.2: an Include is replaced by the base64 of the part that its href names.
    """
    sizes: dict[str, int] = {}
    for part in parts[1:]:
        name = part.headers.get(b"content-id", b"").decode(part.encoding, "replace")
        sizes.setdefault(name, 4 * len(part.content) // 3)
    total = len(parts[0].content)
    for include in includes:
        total += sizes.get(f"<{unquote((include.get('href') or '').removeprefix('cid:'))}>", 0)
    if total > limits.max_message_bytes or len(includes) > _MAX_PARTS:
        raise TransportSecurityError(
            f"What the answer includes {len(includes)} times makes it larger than "
            f"{limits.max_message_bytes} bytes."
            if total > limits.max_message_bytes
            else f"The answer includes MIME parts at more than {_MAX_PARTS} places.",
            hint="Raise limits.max_message_bytes if the service really sends that much.",
        )


def _start(content_type: str) -> str | None:
    """Give the Content-ID of the part that is said to be the message."""
    header = Message()
    header["content-type"] = content_type
    value = header.get_param("start")
    return value.strip() if isinstance(value, str) else None
