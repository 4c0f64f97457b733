"""Whom we trust as a TLS server: PEM files or bytes, read into a context of Python's ssl."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.files import Source, describe_source, read_source

_WHAT = "PEM certificates to trust a server by"


def load_server_trust(context: ssl.SSLContext, sources: Sequence[Source]) -> None:
    """Let ``context`` trust the CA certificates of every source.

    Raises:
        KeyLoadError: A source is missing or holds no certificate; ``path`` says which one.
    """
    for index, source in enumerate(sources):
        try:
            _load(context, source)
        except KeyLoadError as error:
            error.details["path"] = f"tls.trust[{index}]"
            error.request_sent = "no"
            raise


def check_server_trust(sources: Sequence[Source]) -> None:
    """Refuse sources that no connection could be made with; see ``load_server_trust``."""
    load_server_trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), sources)


def _load(context: ssl.SSLContext, source: Source) -> None:
    data = read_source(source, what=_WHAT)
    try:
        context.load_verify_locations(cadata=data.decode("ascii"))
    except (ssl.SSLError, ValueError):
        name = describe_source(source)
        raise KeyLoadError(
            f"{name}: {_WHAT} expected, but this has none, or a broken one.", source=name
        ) from None
