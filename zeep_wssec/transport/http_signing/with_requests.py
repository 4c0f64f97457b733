"""Signatures of HTTP messages with requests."""

from __future__ import annotations

from typing import Any

import requests
from requests.auth import AuthBase

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.transport.compression import BoundedContent
from zeep_wssec.transport.http_signing.messages import HttpSigning, redirected

_CHUNK = 65536


class JwsAuth(AuthBase):
    """Signs each request as it is sent and verifies each answer before anybody reads it.

    ``requests.post(url, json=order, auth=JwsAuth(jws))``, or ``session.auth = JwsAuth(jws)``. Who signed an
    answer stands in ``response.signature``. A redirect is an answer without a signature: it is refused.
    """

    def __init__(self, jws: PayloadFormat, *, unverified_answers: str = "") -> None:
        """Sign with ``jws``; see ``HttpSigning``."""
        self._signing = HttpSigning(jws, unverified_answers=unverified_answers)

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a prepared request; called by requests.

        Raises:
            PayloadUsageError: The body is a file or an iterator: what is sent cannot be known beforehand.
        """
        body = r.body or b""
        if isinstance(body, str):
            r.body = body = body.encode()
            r.prepare_content_length(body)
        if not isinstance(body, bytes):
            raise PayloadUsageError(
                f"A request whose body is a {type(body).__name__} cannot be signed.",
                hint="Give the octets of the body.",
            )
        r.headers.update(self._signing.request_header(r.method or "", r.path_url, body))
        r.register_hook("response", self._check)  # type: ignore[no-untyped-call]
        return r

    def _check(self, response: requests.Response, **options: Any) -> requests.Response:
        del options
        # Without a Content-Encoding of its own urllib3 decodes nothing: we do, within the limit.
        encoding = getattr(response.raw, "headers", {}).pop("Content-Encoding", None)
        try:
            content = BoundedContent(self._signing.jws.settings.max_payload_bytes, encoding)
            for chunk in response.iter_content(_CHUNK):
                content.add(chunk)
            octets = content.octets()
            found = self._signing.check_answer(response.status_code, response.headers, octets)
            if found is None and response.is_redirect:
                raise redirected(response.status_code)
        except BaseException:
            response.close()
            raise
        response._content = octets
        vars(response)["signature"] = found
        return response


def signature_of(response: requests.Response) -> PayloadResult | None:
    """Give what the signature of an answer proved; ``None`` for one without, where that is accepted."""
    found: PayloadResult | None = vars(response).get("signature")
    return found
