"""What is shown to a server that asks who we are: a key pair with its whole chain."""

from __future__ import annotations

import logging
import secrets
import ssl
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from zeep_wssec.errors import KeyMaterialError, KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.chain_fetch import walk_chain
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.fitness import check_dates, describe_client_misuse
from zeep_wssec.keys.names import printable
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.settings.tls import TLS
from zeep_wssec.transport.private_file import private_file

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, repr=False)
class ClientCertificate:
    """A key pair as a TLS client uses it."""

    entry: KeyEntry
    _: KW_ONLY
    chain: tuple[Certificate, ...]
    """What is sent: ours first, then its issuers; a root that signed itself is left out, since who
    trusts it has it."""
    missing: str = ""
    """Issuer of the last one, when the keystore does not have it: the root, or a link that is missing."""

    def same_as(self, other: ClientCertificate | None) -> bool:
        """Tell whether a server would see the same."""
        return other is not None and self.chain == other.chain

    def __repr__(self) -> str:
        return f"<ClientCertificate {self.entry.alias!r}: {len(self.chain)} certificates>"


def find_client_key(held: Snapshot, tls: TLS | None, *, now: datetime) -> KeyEntry | None:
    """Find the key pair that ``tls.client_key`` names; of several under its alias the one of ``now``.

    Raises:
        KeyNotFoundError: There is no such key pair, or the only one is meant and there are several.
        KeyUsageError: Its date has not come.
    """
    if tls is None or tls.client_key is None:
        return None
    try:
        return held.require_key(tls.key_alias, now=now)
    except KeyMaterialError as error:
        error.details["path"] = "tls.client_key"
        raise


def with_chain(entry: KeyEntry, held: Snapshot, *, now: datetime) -> ClientCertificate:
    """Give a key pair with its chain, found among all that the keystore holds.

    Raises:
        KeyUsageError: It is not valid at ``now``.
    """
    unfit = check_dates(entry.certificate, now=now)
    if unfit is not None:
        raise KeyUsageError(
            f"The client certificate {entry.alias!r} cannot be used for TLS: {unfit.sentence}",
            hint="Give the renewed key pair under the same alias.",
            reason=unfit.reason,
            alias=entry.alias,
        )
    for problem in describe_client_misuse(entry.certificate):
        logger.warning("The client certificate %r %s.", entry.alias, problem)
    links = walk_chain(entry.certificate, (*entry.chain, *held.certificates)).links
    if len(links) <= len(entry.chain):
        # The file's own chain goes farther than signatures can be followed: it is sent as it is.
        links = (entry.certificate, *entry.chain)
    top = links[-1]
    roots_itself = top.canonical_issuer == top.canonical_subject
    return ClientCertificate(
        entry,
        chain=links[:-1] if roots_itself and len(links) > 1 else links,
        missing="" if roots_itself else printable(top.issuer),
    )


def load_into(context: ssl.SSLContext, shown: ClientCertificate) -> None:
    """Let a context show a client certificate; its key stands encrypted in memory meanwhile.

    Raises:
        KeyUsageError: The key does not leave a token, or OpenSSL refuses it.
    """
    key = shown.entry.signer or shown.entry.decrypter or shown.entry.agreement
    if not isinstance(key, FileKey):
        raise _kept_elsewhere(shown.entry)
    password = secrets.token_hex(32)
    chain = b"".join(item.pem for item in shown.chain)
    try:
        with private_file(key.encrypted_pem(password.encode()) + chain) as path:
            context.load_cert_chain(path, password=password)
    except ssl.SSLError as error:
        raise KeyUsageError(
            f"OpenSSL cannot use the client certificate {shown.entry.alias!r} "
            f"({shown.entry.certificate.key_kind}): {error.reason or 'it does not say why'}.",
            hint="Take a key that TLS has, such as rsa of 2048 bits or ec over P-256.",
            reason="weak_key" if "TOO" in (error.reason or "") else "wrong_usage",
            alias=shown.entry.alias,
        ) from None


def _kept_elsewhere(entry: KeyEntry) -> KeyUsageError:
    return KeyUsageError(
        f"The key {entry.alias!r} is kept by a token or a service and does not leave it, but the TLS of "
        "Python, which both requests and httpx use, can only load the key itself: its ssl module has no "
        "way to let somebody else sign the handshake.",
        hint="Use a key pair from a file for tls.client_key, or let a TLS proxy on this machine hold the "
        "key (nginx or stunnel with OpenSSL's PKCS#11 provider) and give its address. Messages are signed "
        "and decrypted with this key all the same.",
        reason="not_exportable",
        alias=entry.alias,
    )
