"""What both transports do around the sending of one protected envelope."""

from __future__ import annotations

from types import TracebackType

import requests

from zeep_wssec import calls
from zeep_wssec.calls import Call
from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.transport.guard import (
    CallChecker,
    check_certificate_accepted,
    check_response,
    is_raw,
)
from zeep_wssec.transport.tls import ContextSource
from zeep_wssec.transport.tls_failures import refused_by_answer


class Sending:
    """Ends a call whose request is not answered; a class, since what a generator gives back has its frames."""

    def __init__(self, profile: CallChecker, call: Call) -> None:
        """Watch over the sending of ``call``."""
        self._profile, self._call = profile, call

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del traceback  # its frames hold the message
        if isinstance(error, TransportSecurityError):
            self._profile.finish(self._call, error)
            raise without_frames(error)  # it is the same error
        if error is not None:
            calls.end(self._call)  # given up, as by a cancelled task


def checked_answer(
    profile: CallChecker,
    call: Call,
    response: requests.Response,
    *,
    address: str,
    source: ContextSource,
    zeep_settings: object | None,
) -> requests.Response:
    """Give an answer in the form that zeep is to read; see ``check_response``.

    Args:
        profile: Whose request it answers.
        call: The request.
        response: The answer, read whole.
        address: Where the request went.
        source: Of the client certificate, which the answer may refuse.
        zeep_settings: Of the client, where it is known.
    """
    context, status, content = source.current(), response.status_code, response.content
    problem = refused_by_answer(address, context, status=status, content=content)
    check_certificate_accepted(profile, call, problem)
    response.status_code = check_response(
        profile,
        call,
        status=status,
        headers=response.headers,
        content=content,
        raw=is_raw(zeep_settings),
        encoding=response.encoding,
    )
    return response
