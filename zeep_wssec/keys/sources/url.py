"""A keystore at an https address, fetched when it is loaded and when its time is over, never in between."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.files import MAX_FILE_BYTES
from zeep_wssec.keys.keystore_file import WHAT, KeystoreKind
from zeep_wssec.keys.names import printable
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.secrets import Secret, hides_frames
from zeep_wssec.keys.sources.file import OctetsContent
from zeep_wssec.keys.timed_answer import timed_response
from zeep_wssec.keys.trust import CertificateSource, load_certificates

TIMEOUT_SECONDS = 10.0
"""For the connection and for each piece of the answer; four times that for the whole."""
_PIECE_BYTES = 64 * 1024


class UrlContent(OctetsContent):
    """What a server of our own gives; it is trusted under anchors of its own and no others.

    Redirects are refused, and neither proxies nor anything else of the environment counts.
    """

    def __init__(
        self,
        url: str,
        opening: Opening,
        *,
        anchors: CertificateSource | Sequence[CertificateSource],
        authorization: Secret | None = None,
        kind: KeystoreKind | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._host, self._port, self._path = _read_address(url)
        # What stands behind the path may be a password of its own, as in signed addresses.
        shown = self._path.partition("?")[0]
        name = f"https://{self._host}:{self._port}{shown}"[:200]
        super().__init__(opening, name=name, kind=kind)
        found = load_certificates(anchors, what="the anchors of a keystore's address")
        if not found:
            raise KeyLoadError(
                "Nothing says whom to trust for this address.",
                hint="Give anchors=…: the CA certificates of the server.",
            )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_verify_locations(cadata="".join(item.pem.decode() for item in found))
        self._authorization, self._timeout = authorization, timeout_seconds

    @hides_frames
    def octets(self) -> bytes:
        """Fetch them now."""
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout, context=self._context
        )
        connection.response_class = timed_response(4 * self._timeout)
        headers = {"Accept-Encoding": "identity"}
        if self._authorization is not None:
            headers["Authorization"] = self._authorization.reveal().decode("latin-1")
        try:
            connection.request("GET", self._path, headers=headers)
            return self._read(connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "verify_message", "") or str(error)
            if isinstance(error, ValueError) and not isinstance(error, OSError):
                reason = "the authorization or the address does not fit HTTP"  # theirs quotes it
            raise KeyLoadError(
                f"{self._name}: {WHAT} cannot be fetched: {type(error).__name__}: "
                f"{printable(reason, limit=120)}.",
                source=self._name,
            ) from None
        finally:
            connection.close()

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        if answer.status != 200:
            what = "redirects, which is refused" if 300 <= answer.status < 400 else "gives nothing"
            raise KeyLoadError(
                f"{self._name}: the address {what} (HTTP status {answer.status}).",
                source=self._name,
            )
        found = bytearray()
        while piece := answer.read1(_PIECE_BYTES):
            found += piece
            if len(found) > MAX_FILE_BYTES:
                raise KeyLoadError(
                    f"{self._name}: more than {MAX_FILE_BYTES} bytes.", source=self._name
                )
        return bytes(found)


def _read_address(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        parts, port = urlsplit(""), 443
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme != "https" or not parts.hostname or not plain:
        raise KeyLoadError(
            "An https address is needed for a keystore.",
            hint="Over plain HTTP anybody on the way could give another one.",
        )
    if parts.username is not None or parts.fragment:
        raise KeyLoadError(
            "The address of a keystore has no user in it, and no fragment.",
            hint='Give authorization=Secret.env(…), such as "Bearer …".',
        )
    query = f"?{parts.query}" if parts.query else ""
    return parts.hostname, port, (parts.path or "/") + query
