"""The certificates above one: walked among those at hand, or fetched from where they say they are.

Fetching happens in explicit calls only, never while a message is checked. What is fetched is an
intermediate at most: it helps to build a path and never ends one.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import time
import urllib.parse
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID

from zeep_wssec.errors import KeyLoadError, TransportSecurityError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.names import printable
from zeep_wssec.keys.path_search import MAX_DEPTH
from zeep_wssec.keys.pem_blocks import find_blocks
from zeep_wssec.keys.revocation import find_issuer
from zeep_wssec.keys.revocation_data import uris_of
from zeep_wssec.keys.timed_answer import timed

TIMEOUT_SECONDS = 10.0
"""For one connection and for each piece of an answer; four times that for the whole."""
MAX_ISSUER_BYTES = 256 * 1024
"""Largest answer with issuers' certificates; an ordinary one has two kilobytes."""
MAX_REDIRECTS = 3
MAX_ADDRESSES = 2
"""Addresses of one certificate that are tried."""
_MAX_FOUND = 16
_SCHEMES = ("http://", "https://")
_PKCS7 = re.compile(rb"^-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----", re.MULTILINE)


class WebSession(Protocol):
    """What fetches: a ``requests.Session``, with the proxies and CAs that were set there."""

    @property
    def request(self) -> Callable[..., Any]:
        """Send a request, as ``requests.Session.request`` does."""


@dataclass(frozen=True, kw_only=True)
class ChainWalk:
    """What stands above a certificate."""

    links: tuple[Certificate, ...]
    """The certificate first; each is signed by the next."""
    complete: bool
    """Whether the last one is an anchor or signed itself."""


def walk_chain(
    leaf: Certificate, known: Iterable[Certificate], *, anchors: Iterable[Certificate] = ()
) -> ChainWalk:
    """Go up from a certificate as far as the signatures lead; nothing is trusted by it.

    Args:
        leaf: Where to start.
        known: Where issuers are looked for.
        anchors: Where to stop; looked at first.
    """
    anchors = tuple(anchors)
    candidates = (*anchors, *known)
    links = [leaf]
    while len(links) < MAX_DEPTH:
        current = links[-1]
        issuer = find_issuer(current, candidates)
        if current in anchors or issuer == current:
            return ChainWalk(links=tuple(links), complete=True)
        if issuer is None or issuer in links:
            break
        links.append(issuer)
    return ChainWalk(links=tuple(links), complete=links[-1] in anchors)


@dataclass(frozen=True, kw_only=True)
class FetchedChain:
    """What was fetched for a certificate, and what happened at each address."""

    walk: ChainWalk
    intermediates: tuple[Certificate, ...]
    """Nearest first; certificates that signed themselves are left out."""
    log: tuple[str, ...]


def fetch_chain(
    leaf: Certificate,
    *,
    known: Iterable[Certificate] = (),
    anchors: Iterable[Certificate] = (),
    session: WebSession | None = None,
) -> FetchedChain:
    """Fetch the issuers' certificates that are missing above ``leaf``, by ``caIssuers``.

    Only what has signed the certificate below it is kept. The addresses stand in certificates that
    nothing vouches for: whoever calls this connects to where they say.

    Args:
        leaf: Where to start.
        known: Issuers at hand; none of them is fetched.
        anchors: Where to stop.
        session: What fetches; the standard library when left out.

    Spec: RFC 5280, section 4.2.2.1, Authority Information Access.
    """
    anchors, found, log = tuple(anchors), dict.fromkeys(known), list[str]()
    fetched: list[Certificate] = []
    for _ in range(MAX_DEPTH):
        walk = walk_chain(leaf, found, anchors=anchors)
        if walk.complete or len(walk.links) >= MAX_DEPTH:
            break
        issuer = _fetch_issuer(walk.links[-1], session, log)
        if issuer is None:
            break
        found[issuer] = None
        fetched.append(issuer)
    walk = walk_chain(leaf, found, anchors=anchors)
    kept = (item for item in fetched if item.canonical_issuer != item.canonical_subject)
    return FetchedChain(walk=walk, intermediates=tuple(kept), log=tuple(log))


def _fetch_issuer(
    certificate: Certificate, session: WebSession | None, log: list[str]
) -> Certificate | None:
    addresses = access_addresses(certificate, AuthorityInformationAccessOID.CA_ISSUERS)
    if not addresses:
        log.append(f"{certificate.describe()} does not say where its issuer's certificate is.")
    for url in addresses[:MAX_ADDRESSES]:
        shown = printable(url)
        try:
            offered = read_certificates(download(url, session=session, limit=MAX_ISSUER_BYTES))
        except (TransportSecurityError, KeyLoadError) as error:
            log.append(f"{shown}: {error.message}")
            continue
        issuer = find_issuer(certificate, (item for item in offered if item != certificate))
        if issuer is not None:
            log.append(f"{shown}: {issuer.describe()}")
            return issuer
        log.append(f"{shown}: no certificate there has signed {certificate.describe()}")
    return None


def access_addresses(certificate: Certificate, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    """Give the ``http`` addresses that a certificate names for one way of access."""
    if certificate.extensions is None:
        return ()
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return ()
    named = [item.access_location for item in access.value if item.access_method == method]
    found = (url for name in named for url in uris_of([name]))
    return tuple(url for url in found if url.lower().startswith(_SCHEMES))


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Read what an address of ``caIssuers`` gives: one certificate in DER, PKCS#7, or either in PEM.

    Raises:
        KeyLoadError: It is none of them.
    """
    if data[:1] != b"\x30" and _PKCS7.search(data):
        data = _octets_of(data)
    if data[:1] != b"\x30":
        return Certificate.from_pem(data)[:_MAX_FOUND]
    try:
        return (Certificate.from_der(data),)
    except KeyLoadError:
        pass
    # Imported here, as what hardly any program needs.
    from cryptography.hazmat.primitives.serialization import pkcs7

    try:
        found = pkcs7.load_der_pkcs7_certificates(data)
        encoded = [item.public_bytes(serialization.Encoding.DER) for item in found[:_MAX_FOUND]]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyLoadError("What is there is neither a certificate nor PKCS#7.") from None
    return tuple(Certificate.from_der(der) for der in encoded)


def _octets_of(text: bytes) -> bytes:
    try:
        return find_blocks(text, source="the reply")[0].decode()
    except ValueError:
        raise KeyLoadError("The block of PKCS#7 in this PEM text is broken.") from None


def download(
    url: str,
    *,
    session: WebSession | None = None,
    data: bytes | None = None,
    content_type: str = "",
    limit: int,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """Fetch one address: http or https only, bounded in size, time and redirects.

    Args:
        url: The address.
        session: What fetches; the standard library when left out.
        data: What to post; a GET without it.
        content_type: Of ``data``.
        limit: Most octets that are read.
        timeout_seconds: For a connection and each piece; four times that for the whole. A session that is
            given has to see itself that headers do not trickle in for ever.

    Raises:
        TransportSecurityError: There is no answer within these bounds.
    """
    deadline = time.monotonic() + 4 * timeout_seconds
    headers = {"Content-Type": content_type} if content_type else {}
    send = _send_with(session) if session is not None else _send_alone
    for _ in range(MAX_REDIRECTS + 1):
        if not url.lower().startswith(_SCHEMES):
            raise TransportSecurityError(f"{printable(url)} is no http or https address.")
        left = deadline - time.monotonic()
        if left <= 0:
            raise TransportSecurityError("The answer takes too long.")
        try:
            status, location, pieces = send(url, data, headers, timeout_seconds, left)
            if status == 200:
                with contextlib.closing(pieces):
                    return _read(pieces, limit, deadline)
        except (OSError, ValueError) as error:
            why = printable(str(error), limit=120)
            raise TransportSecurityError(f"There is no answer ({why}).") from None
        if status not in (301, 302, 303, 307, 308) or not location or data is not None:
            raise TransportSecurityError(f"The answer has HTTP status {status}.")
        try:
            url = urllib.parse.urljoin(url, location)
        except ValueError:
            raise TransportSecurityError("The answer redirects to what is no address.") from None
    raise TransportSecurityError(f"There are more than {MAX_REDIRECTS} redirects.")


Pieces = Generator[bytes, None, None]
_Answer = tuple[int, str | None, Pieces]
_PIECE_BYTES = 16 * 1024


def _read(pieces: Pieces, limit: int, deadline: float) -> bytes:
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) > limit:
            raise TransportSecurityError(f"The answer has more than {limit} octets.")
        if time.monotonic() > deadline:
            raise TransportSecurityError("The answer takes too long.")
    return bytes(found)


def _send_with(session: WebSession) -> Callable[..., _Answer]:
    def send(
        url: str, data: bytes | None, headers: dict[str, str], timeout_seconds: float, left: float
    ) -> _Answer:
        del left  # how long headers may take is for the session to say
        answer = session.request(
            "GET" if data is None else "POST",
            url,
            data=data,
            headers=headers,
            timeout=timeout_seconds,
            stream=True,
            allow_redirects=False,
        )
        if answer.status_code != 200:
            answer.close()
            return answer.status_code, answer.headers.get("Location"), _nothing()
        return answer.status_code, None, _chunks(answer)

    return send


def _chunks(answer: Any) -> Pieces:
    with answer:
        yield from answer.iter_content(_PIECE_BYTES)


def _nothing() -> Pieces:
    yield from ()


def _send_alone(
    url: str, data: bytes | None, headers: dict[str, str], timeout_seconds: float, left: float
) -> _Answer:
    # Imported here, as what only a fetch needs.
    import urllib.error
    import urllib.request

    # No handler follows redirects: the caller looks at each address first.
    opener = urllib.request.OpenerDirector()

    class Timed(urllib.request.AbstractHTTPHandler):
        http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

        def http_open(self, request: Any) -> Any:
            return self.do_open(lambda *a, **b: timed(HTTPConnection(*a, **b), left), request)

        def https_open(self, request: Any) -> Any:
            return self.do_open(lambda *a, **b: timed(HTTPSConnection(*a, **b), left), request)

    for handler in (
        urllib.request.ProxyHandler,
        Timed,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  # checked by the caller
    try:
        answer = opener.open(request, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location"), _nothing()
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from None
    return answer.status, None, _pieces(answer)


def _pieces(answer: Any) -> Pieces:
    with answer:
        try:
            while piece := answer.read1(_PIECE_BYTES):
                yield piece
        except http.client.HTTPException as error:
            raise ValueError(str(error)) from None
