"""Where a redirect may lead: to the same server, never to another one."""

from __future__ import annotations

from urllib.parse import urlsplit

from zeep_wssec.errors import TransportSecurityError

_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int]


def origin_of(address: str) -> Origin:
    """Give scheme, host and port of an address."""
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme, 0)


def check_redirect(first: Origin, target: str) -> None:
    """Refuse a redirect to another server: it would be shown our certificate and what we send.

    From ``http`` to ``https`` of the same host is allowed where both have their usual ports.

    Raises:
        TransportSecurityError: It leads elsewhere.
    """
    there = origin_of(target)
    upgraded = first[1] == there[1] and (first[0], first[2], there[0], there[2]) == (
        "http",
        80,
        "https",
        443,
    )
    if there == first or upgraded:
        return
    scheme, host, port = there
    error = TransportSecurityError(
        f"{first[1]}:{first[2]} redirects to {scheme}://{host[:100]}:{port}, which is another server.",
        hint="State the right address; a redirect is followed on the same server only.",
        location=f"{scheme}://{host[:100]}:{port}",
    )
    error.request_sent = "yes"
    raise error
