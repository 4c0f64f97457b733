"""What a failed connection is called: what happened, what to do, and whether the request had left."""

from __future__ import annotations

from collections.abc import Iterator

import requests
import urllib3

from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.transport.guard import shown_address

_SHOWN = 300
_NOBODY = "See whether name and port are right, and whether a proxy must be named or a firewall is in between."


def connection_failure(
    address: str, *, said: str, cause: Exception, never_sent: bool
) -> TransportSecurityError:
    """Make the error for a call; ``request_sent`` says whether the request can have arrived."""
    error = TransportSecurityError(
        f"The connection to {shown_address(address)} failed: {_sentence(said)}",
        hint=_NOBODY if never_sent else "Whether the request was carried out is not known.",
        cause=type(cause).__name__,
    )
    error.request_sent = "no" if never_sent else "unknown"
    return error


def document_failure(address: str, *, said: str, cause: Exception) -> TransportSecurityError:
    """Make the error for a WSDL, or a document that it imports, that cannot be loaded."""
    error = TransportSecurityError(
        f"{shown_address(address)} cannot be loaded: {_sentence(said)}",
        hint="It is the WSDL, or imported by it: see service.wsdl. A copy in a file needs no connection.",
        cause=type(cause).__name__,
    )
    error.request_sent = "no"
    return error


def of_requests(error: requests.RequestException, address: str) -> TransportSecurityError:
    """Map what requests raised for a call."""
    causes = list(_causes(error))
    never_sent = any(_before_sending(item) for item in causes)
    return connection_failure(address, said=_said(error), cause=error, never_sent=never_sent)


def of_loading(error: requests.RequestException, address: str) -> TransportSecurityError:
    """Map what requests raised for a document."""
    answer = error.response
    said = _said(error) if answer is None else f"the server answers {answer.status_code}"
    return document_failure(address, said=said, cause=error)


def _sentence(said: str) -> str:
    return f"{said[:_SHOWN].rstrip('.')}."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and those inside of it: of urllib3, whose errors hold one another."""
    found: BaseException | None = error
    for _ in range(6):
        if found is None:
            return
        yield found
        inner = getattr(found, "reason", None) or getattr(found, "original_error", None)
        if not isinstance(inner, BaseException):
            inner = next((item for item in found.args if isinstance(item, BaseException)), None)
        found = inner


def _before_sending(error: BaseException) -> bool:
    """Whether there was no connection yet that a request could go over.

    Told by class: the text of an error may be what the other side wrote.
    """
    if isinstance(
        error, (requests.exceptions.ConnectTimeout, urllib3.exceptions.NewConnectionError)
    ):
        return True
    text = str(error).lower()
    return isinstance(error, (urllib3.exceptions.SSLError, requests.exceptions.SSLError)) and (
        "certificate verify failed" in text or "handshake" in text
    )


def _said(error: BaseException) -> str:
    """Give the words of the innermost cause, which name no path of the address."""
    *_, last = _causes(error)
    text = str(last) or type(last).__name__
    return text.split("): ", 1)[-1] if isinstance(last, urllib3.exceptions.HTTPError) else text
