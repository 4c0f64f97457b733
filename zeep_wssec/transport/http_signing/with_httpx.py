"""Signatures of HTTP messages with httpx (extra ``async``), for both its clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

import httpx

from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.transport.compression import BoundedContent
from zeep_wssec.transport.http_signing.messages import HttpSigning, redirected


class JwsHttpxAuth(httpx.Auth):
    """Signs each request as it is sent and verifies each answer before anybody reads it.

    ``httpx.Client(auth=JwsHttpxAuth(jws))``. Who signed an answer stands in
    ``response.extensions["signature"]``. Leave ``follow_redirects`` off, as it is: httpx follows before
    anybody can look, so the answer of a client that follows is refused, too late for what was sent.
    """

    requires_request_body = True

    def __init__(self, jws: PayloadFormat, *, unverified_answers: str = "") -> None:
        """Sign with ``jws``; see ``HttpSigning``."""
        self._signing = HttpSigning(jws, unverified_answers=unverified_answers)

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, send, verify; called by httpx."""
        request.read()
        self._sign(request)
        response = yield request
        content = self._bounded(response)
        for chunk in response.iter_raw():
            content.add(chunk)
        self._check(response, content.octets())

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign, send, verify; called by httpx."""
        await request.aread()
        self._sign(request)
        response = yield request
        content = self._bounded(response)
        async for chunk in response.aiter_raw():
            content.add(chunk)
        self._check(response, content.octets())

    def _sign(self, request: httpx.Request) -> None:
        target = request.url.raw_path.decode("ascii")
        request.headers.update(
            self._signing.request_header(request.method, target, request.content)
        )

    def _bounded(self, response: httpx.Response) -> BoundedContent:
        encoding = response.headers.get("Content-Encoding")
        return BoundedContent(self._signing.jws.settings.max_payload_bytes, encoding)

    def _check(self, response: httpx.Response, octets: bytes) -> None:
        if response.history:
            raise redirected(response.history[0].status_code)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers.raw
        }
        repeated = len(response.headers.get_list(self._signing.jws.settings.header_name)) > 1
        if repeated:
            headers = {}
        found = self._signing.check_answer(response.status_code, headers, octets)
        if found is None and response.has_redirect_location:
            raise redirected(response.status_code)
        response.extensions["signature"] = found
        response._content = octets
