"""Signatures of HTTP messages, detached in a header: for requests, httpx, zeep, and for WSGI and ASGI services.

``with_httpx`` is imported where it is used: httpx comes with the extra ``async``.
"""

from zeep_wssec.transport.http_signing.asgi import JwsAsgi
from zeep_wssec.transport.http_signing.messages import HttpSigning
from zeep_wssec.transport.http_signing.with_requests import JwsAuth
from zeep_wssec.transport.http_signing.wsgi import JwsWsgi

__all__ = ["HttpSigning", "JwsAsgi", "JwsAuth", "JwsWsgi"]
