"""Partners without a socket: adapters that hand requests of HTTP libraries straight to a function."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter

from zeep_wssec.testing.loopback import Respond

if TYPE_CHECKING:
    import httpx

ADDRESS = "https://partner.invalid/"
"""An address that no name server knows (RFC 2606): what is not answered here fails."""


class InProcessAdapter(BaseAdapter):
    """Answers requests of a ``requests.Session`` by calling a function."""

    def __init__(self, respond: Respond) -> None:
        super().__init__()
        self._respond = respond

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> requests.Response:
        """Give the answer; no argument but the request matters without a connection."""
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        answer = self._respond(content, dict(request.headers))
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.raw = BytesIO(answer.content)
        response.url = request.url or ADDRESS
        response.request = request
        return response

    def close(self) -> None:
        """There is nothing to close."""


def in_process_session(respond: Respond) -> requests.Session:
    """Give a session in which ``ADDRESS`` is answered by ``respond``."""
    session = requests.Session()
    session.mount(ADDRESS, InProcessAdapter(respond))
    return session


def in_process_transport(respond: Respond) -> httpx.MockTransport:
    """Give a transport for ``httpx`` clients that answers every request by ``respond``."""
    import httpx

    def give(request: httpx.Request) -> httpx.Response:
        answer = respond(request.content, dict(request.headers))
        return httpx.Response(
            answer.status,
            headers=dict(answer.headers),
            stream=httpx.ByteStream(answer.content),
        )

    return httpx.MockTransport(give)
