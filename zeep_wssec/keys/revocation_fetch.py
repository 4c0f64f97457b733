"""Fetching CRLs and OCSP answers beforehand: the only access to the network that trust makes.

It happens when it is called for, such as at start and then every hour, and never while a message is
protected or checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, TransportSecurityError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.chain_fetch import (
    MAX_ADDRESSES,
    TIMEOUT_SECONDS,
    WebSession,
    access_addresses,
    download,
)
from zeep_wssec.keys.revocation import find_issuer
from zeep_wssec.keys.revocation_crl import crl_addresses, crl_problem
from zeep_wssec.keys.revocation_data import OcspAnswer, RevocationList, load_crls, load_ocsp
from zeep_wssec.keys.revocation_ocsp import responder_problem
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.keys.trust_rules import FetchedRevocation

__all__ = ["FetchedItem", "WebSession", "fetch_revocation"]

MAX_CRL_BYTES = 32 * 1024 * 1024
"""Largest CRL that is fetched; those of ministries have some megabytes."""
MAX_OCSP_BYTES = 64 * 1024
MAX_FETCHES = 64
"""Addresses asked in one call."""
_Load = Callable[[], Sequence[RevocationList | OcspAnswer]]


@dataclass(frozen=True, kw_only=True)
class FetchedItem:
    """What one address gave."""

    url: str
    next_update: datetime | None
    """Until when it holds."""
    problem: str = ""
    """Why it gave nothing; what it gave before is kept."""


def fetch_revocation(
    snapshot: Snapshot,
    *,
    session: WebSession | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    now: datetime | None = None,
) -> tuple[FetchedItem, ...]:
    """Fetch the CRLs of the partners' certificates, their chains and the intermediates, into memory.

    Where none of its CRLs can be had, a certificate is asked about by OCSP. What is not the issuer's
    word, or older than what is held, replaces nothing: the way there is mostly without TLS.

    Args:
        snapshot: Certificates and trust; the addresses stand in the certificates.
        session: What fetches: a ``requests.Session``; the standard library when left out.
        timeout_seconds: For a connection and each piece of an answer.
        now: Aware time, instead of the clock.

    Returns:
        One item for each address that was asked.

    Raises:
        KeyMaterialError: Nothing was ever said about trust, so nothing could use what is fetched.
    """
    held = snapshot.shared_trust.rules.fetched
    if not held:
        raise KeyMaterialError(
            "This keystore has no trust settings that could use what is fetched.",
            hint='State them: with_trust(revocation="hard"), in a file [trust] revocation = "hard".',
        )
    round_ = _Round(snapshot, now or datetime.now(UTC), held[0], session, timeout_seconds)
    return tuple(round_.items())


class _Round:
    """One round over all certificates; no address is asked twice."""

    def __init__(
        self,
        snapshot: Snapshot,
        now: datetime,
        into: FetchedRevocation,
        session: WebSession | None,
        timeout_seconds: float,
    ) -> None:
        self._into, self._session, self._timeout = into, session, timeout_seconds
        self._rules, self._now = snapshot.shared_trust.rules, now
        self._known = snapshot.certificates
        own = {entry.certificate for entry in snapshot.key_entries}
        self._wanted = tuple(item for item in self._known if item not in own)
        self._done: dict[str, FetchedItem] = {}

    def items(self) -> Iterator[FetchedItem]:
        """Ask one certificate after the other."""
        for certificate in self._wanted:
            issuer = find_issuer(certificate, self._known)
            if issuer is None or issuer == certificate:
                continue
            addresses = sorted(crl_addresses(certificate))[:MAX_ADDRESSES]
            for url in addresses:
                if url not in self._done and len(self._done) < MAX_FETCHES:
                    self._done[url] = self._crl(url, issuer)
                    yield self._done[url]
            if not any(url in self._done and not self._done[url].problem for url in addresses):
                yield from self._ask(certificate, issuer)

    def _crl(self, url: str, issuer: Certificate) -> FetchedItem:
        def load() -> tuple[RevocationList, ...]:
            data = download(
                url, session=self._session, limit=MAX_CRL_BYTES, timeout_seconds=self._timeout
            )
            found = load_crls(data, source=url)
            for item in found:
                problem = crl_problem(item, issuer, self._rules.sha1)
                if problem:
                    raise KeyLoadError(f"the CRL of {item.issuer_text} {problem}.")
            return found

        return self._keep(url, url, load)

    def _ask(self, certificate: Certificate, issuer: Certificate) -> Iterator[FetchedItem]:
        # SHA-1 names the certificate here, as every responder understands; it protects nothing.
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            certificate.x509,
            issuer.x509,
            hashes.SHA1(),  # noqa: S303
        )
        request = builder.build().public_bytes(serialization.Encoding.DER)
        urls = access_addresses(certificate, AuthorityInformationAccessOID.OCSP)
        for url in urls[:MAX_ADDRESSES]:

            def load(url: str = url) -> tuple[OcspAnswer, ...]:
                data = download(
                    url,
                    session=self._session,
                    data=request,
                    content_type="application/ocsp-request",
                    limit=MAX_OCSP_BYTES,
                    timeout_seconds=self._timeout,
                )
                found = load_ocsp(data, source=url)
                for item in found:
                    problem = responder_problem(item, issuer, self._rules, self._now)
                    if problem:
                        raise KeyLoadError(f"the OCSP answer {problem}.")
                return found

            key = f"{url}#{certificate.thumbprint_sha256}"
            if len(self._done) < MAX_FETCHES:
                self._done[key] = self._keep(url, key, load)
                yield self._done[key]
                if not self._done[key].problem:
                    return

    def _keep(self, url: str, key: str, load: _Load) -> FetchedItem:
        try:
            found = load()
        except (TransportSecurityError, KeyLoadError) as error:
            return FetchedItem(url=url, next_update=None, problem=str(error.message))
        if not self._into.put(key, found):
            return FetchedItem(url=url, next_update=None, problem="It is older than what is held.")
        ends = [item.next_update for item in found if item.next_update is not None]
        return FetchedItem(url=url, next_update=min(ends, default=None))
