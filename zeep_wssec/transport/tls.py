"""TLS contexts: our trust, our client certificate, and nothing that an environment variable says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import datetime

import certifi

from zeep_wssec.errors import KeyNotFoundError
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.server_trust import load_server_trust
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.settings.tls import TLS
from zeep_wssec.transport.client_certificate import (
    ClientCertificate,
    find_client_key,
    load_into,
    with_chain,
)
from zeep_wssec.transport.watched import WatchedContext


def client_context(
    tls: TLS | None, *, held: Snapshot | None = None, shown: ClientCertificate | None = None
) -> WatchedContext:
    """Make the context for connections to the service: host name and chain are always checked.

    Args:
        tls: Trust, pins and the oldest version; ``None``: the CA bundle that requests ships.
        held: The keystore's content, for trust that it holds.
        shown: Our client certificate, if there is one.

    Raises:
        KeyLoadError: A trust file is missing or holds no certificate.
        KeyNotFoundError: The keystore has no certificate that is to be trusted.
        KeyUsageError: The client key cannot be used here.
    """
    settings = tls or TLS()
    context = WatchedContext.create()
    context.minimum_version = (
        ssl.TLSVersion.TLSv1_3 if settings.minimum_version == "1.3" else ssl.TLSVersion.TLSv1_2
    )
    if settings.trust or settings.trust_aliases:
        # A CA that is given is trusted as it is, even if another one has issued to it.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        load_server_trust(context, settings.trust)
        held = held or Snapshot()
        for index, alias in enumerate(settings.trust_aliases):
            _trust(context, _trusted_under(held, alias, index))
    else:
        context.load_verify_locations(cafile=certifi.where())
    context.pins = tuple(settings.pins)
    if shown is not None:
        load_into(context, shown)
        context.missing_issuer = shown.missing
        # For servers that ask for it only once they see what is called.
        context.post_handshake_auth = True
    return context


def _trusted(held: Snapshot, tls: TLS | None) -> tuple[Certificate, ...]:
    """Give what of the keystore is trusted as a server."""
    aliases = () if tls is None else tls.trust_aliases
    return tuple(
        item for index, alias in enumerate(aliases) for item in _trusted_under(held, alias, index)
    )


def _trusted_under(held: Snapshot, alias: str, index: int) -> tuple[Certificate, ...]:
    try:
        held.require_partner(alias)
    except KeyNotFoundError as error:
        error.details["path"] = f"tls.trust_aliases[{index}]"
        raise
    entries = held.partners_of(alias)
    found = (item for entry in entries for item in (entry.certificate, *entry.anchors))
    return tuple(dict.fromkeys(found))


def _trust(context: ssl.SSLContext, certificates: tuple[Certificate, ...]) -> None:
    text = b"".join(item.pem for item in certificates).decode("ascii")
    context.load_verify_locations(cadata=text)


class ContextSource:
    """The context of a profile: made once, and made again when another client certificate is to be shown,
    another server to be trusted, or the profile was read again.

    A connection keeps the context that it was made with. Safe to share between threads.
    """

    def __init__(
        self,
        settings: Callable[[], tuple[Keystore, TLS | None]],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings, self._clock = settings, clock
        self.start_over()
        start_over_in_children(self)
        self._tls: TLS | None = None
        self._trusted: tuple[Certificate, ...] = ()
        self._held: Snapshot | None = None
        self._entry: KeyEntry | None = None
        self._shown: ClientCertificate | None = None
        self._context: WatchedContext | None = None
        self.current()

    def start_over(self) -> None:
        """Use a lock of this process."""
        self._lock = threading.Lock()

    def current(self) -> WatchedContext:
        """Give the context for a new connection; the same one as long as what it shows stays the same.

        Raises:
            KeyMaterialError: The keystore cannot be read any more, or has no fit key pair.
        """
        # What is read later is never older: a thread that was held up brings nothing back.
        with self._lock:
            keystore, tls = self._settings()
            held, now = keystore.snapshot(), self._clock()
            entry = find_client_key(held, tls, now=now)
            same_keys = held is self._held and entry is self._entry
            if self._context is not None and same_keys and tls is self._tls:
                return self._context
            shown = None if entry is None else with_chain(entry, held, now=now)
            trusted = _trusted(held, tls)
            unchanged = (
                tls is self._tls
                and trusted == self._trusted
                and (shown is None if self._shown is None else self._shown.same_as(shown))
            )
            if self._context is None or not unchanged:
                self._context = client_context(tls, held=held, shown=shown)
            self._tls, self._trusted = tls, trusted
            self._held, self._entry, self._shown = held, entry, shown
            return self._context
