"""Where a request goes and what its HTTP headers say, looked at before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from zeep_wssec.errors import TransportSecurityError

_ADDRESS = re.compile(r"[\x21-\x7e\xa0-\U0010ffff]*")
"""No control character and no space: libraries drop some and send others."""
_VALUE = re.compile(r"(?:[\x21-\x7e\xa0-\xff](?:[\t\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def require_address(address: str) -> SplitResult:
    """Give the parts of an ``http`` or ``https`` address.

    Raises:
        TransportSecurityError: It is none; the request was not sent.

    Spec: RFC 3986, section 3, Syntax Components.
    """
    if isinstance(address, str) and _ADDRESS.fullmatch(address):
        try:
            parts = urlsplit(address)
            named = bool(parts.hostname) and parts.port != 0
        except ValueError:
            named = False
        if named and parts.scheme in ("http", "https"):
            return parts
    raise not_sent(
        "The address of the service is no http or https address.",
        "Look at service.address, or at the address in the WSDL.",
    )


def require_headers(headers: Mapping[str, object]) -> None:
    """Refuse what would put another header, or another request, on the wire.

    Raises:
        TransportSecurityError: A name or value that HTTP cannot carry, such as a SOAP action with a line
            end; the request was not sent.

    Spec: RFC 9110, section 5.5, Field Values.
    """
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if isinstance(text, str) and _NAME.fullmatch(name) and _VALUE.fullmatch(text):
            continue
        raise not_sent(
            f"The HTTP header {ascii(name)[:80]} has a character that HTTP cannot carry.",
            "A SOAP action comes from the WSDL or from a plugin; look there.",
        )


def not_sent(message: str, hint: str) -> TransportSecurityError:
    """Make the error for a request that is held back."""
    error = TransportSecurityError(message, hint=hint)
    error.request_sent = "no"
    return error
