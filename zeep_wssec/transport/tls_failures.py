"""The one place where failures of TLS become errors of ours, whichever HTTP library met them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cryptography import x509

from zeep_wssec.errors import (
    HandshakeRefusedError,
    TransportSecurityError,
    UntrustedServerError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.chain_fetch import walk_chain
from zeep_wssec.keys.names import printable
from zeep_wssec.transport.guard import shown_address
from zeep_wssec.transport.handshake import Handshake
from zeep_wssec.transport.tls_words import ABOUT_OUR_CERTIFICATE, ALERTS, VERIFY_RESULTS, Meaning
from zeep_wssec.transport.watched import PinMismatch, WatchedContext, fingerprints

_Error = TypeVar("_Error", bound=TransportSecurityError)
_UNKNOWN = Meaning("other", "it is not trusted", "")
_NO_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"}
)
_NO_VERSION = frozenset({"UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION"})
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION, _UNRECOGNIZED_NAME = 40, 70, 112
_INSUFFICIENT_SECURITY = 71
_SHOWN_NAMES = 10
_REFUSING = frozenset({400, 401, 403, 495, 496})
_ABOUT_CERTIFICATES = re.compile(rb"(?i)(ssl|client) certificate")
_LOOKED_AT = 4096


def tls_failure(
    error: BaseException, address: str, context: WatchedContext
) -> TransportSecurityError | None:
    """Give our error for a failure of TLS, or ``None`` for one that has nothing to do with it.

    Args:
        error: What an HTTP library raised: its own exception, with the cause somewhere inside.
        address: What was called.
        context: With which the connection was made.
    """
    if urlsplit(address).scheme != "https":
        return None
    causes = [item for item in _inside(error) if isinstance(item, OSError)]
    handshake = next((item.handshake for item in causes if hasattr(item, "handshake")), None)
    if handshake is None:
        handshake = _latest(context, address)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return untrusted(cause, handshake, address)
    if isinstance(handshake, Handshake):
        return refused(handshake, causes, address, context.missing_issuer)
    return None


def _inside(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and all that it wraps, in any of the ways in which libraries do that."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [*current.args, getattr(current, "reason", None)]
        waiting += [current.__cause__, current.__context__]


def _latest(context: WatchedContext, address: str) -> Handshake | None:
    """Give the facts of the connection that failed, if they did not come with the error."""
    latest = context.latest
    if latest is None or latest.server_name != (urlsplit(address).hostname or ""):
        return None
    return latest if not latest.answered else None


def untrusted(
    cause: ssl.SSLCertVerificationError, handshake: Handshake | None, address: str
) -> UntrustedServerError:
    """Say why a server is not trusted, and which link is missing."""
    chain = handshake.chain if handshake is not None else ()
    if isinstance(cause, PinMismatch):
        return _pin_mismatch(chain, address)
    meaning = VERIFY_RESULTS.get(cause.verify_code, _UNKNOWN)
    details: dict[str, Any] = {"chain": [item.describe() for item in chain]}
    sentence, hint = meaning.sentence, meaning.hint
    if meaning.name == "no_path" and chain:
        sentence, hint, details["missing"] = _missing_link(chain, sentence)
    elif meaning.name == "name_mismatch":
        details["names"] = names = list(server_names(chain[0])) if chain else []
        sentence += f": it is for {', '.join(names[:_SHOWN_NAMES]) or 'no host at all'}"
        hint = "Address the server by a name of its certificate, or have a certificate issued for this one."
    elif meaning.name in ("expired", "not_yet_valid"):
        late = [
            item for item in chain if not item.not_before <= datetime.now(UTC) <= item.not_after
        ]
        sentence += "".join(f"; {item.describe()}" for item in late)
        hint = "Its operator must renew it; if it is valid, compare the clock of this machine."
    elif meaning is _UNKNOWN:
        sentence = f"{sentence}: {printable(cause.verify_message)}"
    elif meaning.name == "self_signed":
        hint = "If this is the right server, verify its certificate by another way and name it in tls.trust."
    return _not_sent(
        UntrustedServerError(
            f"{shown_address(address)} is not trusted: {sentence}.",
            hint=hint,
            reason=meaning.name,
            openssl=cause.verify_code,
            **details,
        )
    )


def _missing_link(chain: tuple[Certificate, ...], sentence: str) -> tuple[str, str, str]:
    top = walk_chain(chain[0], chain).links[-1]
    missing = printable(top.issuer)
    if top.canonical_issuer == top.canonical_subject:
        return (
            f"its chain ends in the root {missing!r}, which is not trusted",
            "If that is the right CA, verify its certificate by another way and name it in tls.trust.",
            missing,
        )
    sent = "its certificate alone" if len(chain) == 1 else f"{len(chain)} certificates"
    return (
        f"{sentence}: it sent {sent}, and the certificate of the issuer {missing!r} is neither among them "
        "nor trusted",
        "Name the certificate of that CA, or of the root above it, in tls.trust; if it is an intermediate, "
        "the server should send it along, and until then both may stand in tls.trust.",
        missing,
    )


def server_names(certificate: Certificate) -> Iterator[str]:
    """Give the host names and addresses that a server's certificate is for."""
    for extension in certificate.extensions or ():
        if isinstance(extension.value, x509.SubjectAlternativeName):
            yield from map(printable, extension.value.get_values_for_type(x509.DNSName))
            yield from map(str, extension.value.get_values_for_type(x509.IPAddress))


def _pin_mismatch(chain: tuple[Certificate, ...], address: str) -> UntrustedServerError:
    held = list(fingerprints(chain[0])) if chain else []
    return _not_sent(
        UntrustedServerError(
            f"{shown_address(address)} has none of the pins in tls.pins: its certificate is "
            f"{', its key '.join(held) or 'not readable'}.",
            hint="If the server has a new certificate, verify that by another way and add its pin.",
            reason="pin_mismatch",
            chain=[item.describe() for item in chain],
        )
    )


def refused(
    handshake: Handshake, causes: list[OSError], address: str, missing: str
) -> HandshakeRefusedError | None:
    """Say why a server ended the handshake, or ``None`` if it did not."""
    alert = handshake.alert
    said = {str(getattr(item, "reason", "")) for item in causes if isinstance(item, ssl.SSLError)}
    if alert is not None:
        return _by_alert(handshake, alert, address, missing)
    if handshake.finished:
        # TLS 1.3: the certificate is judged behind the handshake, and the alert can get lost.
        if handshake.answered or not handshake.asked:
            return None
        return about_our_certificate(handshake, address, missing, said="closed the connection")
    if said & _NO_VERSION:
        text, reason = "speaks no version of TLS that is allowed here", "no_common_version"
        hint = ALERTS[_PROTOCOL_VERSION].hint
    elif said & _NO_TLS and not handshake.greeted:
        text, reason = "does not speak TLS", "no_tls"
        hint = "See whether the port is that of https, and whether a proxy must be named."
    elif not any(isinstance(item, (ssl.SSLError, ConnectionError)) for item in causes):
        return None
    else:
        text, reason = "broke off the handshake without saying why", "closed"
        hint = "Ask its operator, or look for a firewall or proxy in between."
    return _not_sent(
        HandshakeRefusedError(
            f"{shown_address(address)} {text}.", hint=hint, reason=reason, openssl=sorted(said)
        )
    )


def _by_alert(
    handshake: Handshake, alert: int, address: str, missing: str
) -> HandshakeRefusedError:
    meaning = ALERTS.get(alert) or Meaning(f"alert {alert}", "it does not say what is wrong", "")
    said = f"refused the handshake ({meaning.name}: {meaning.sentence})"
    judged = alert in ABOUT_OUR_CERTIFICATE or alert == _HANDSHAKE_FAILURE
    if handshake.asked and judged:
        return about_our_certificate(handshake, address, missing, said=said, alert=meaning)
    reasons = {
        _HANDSHAKE_FAILURE: "no_common_cipher",
        _INSUFFICIENT_SECURITY: "no_common_cipher",
        _PROTOCOL_VERSION: "no_common_version",
        _UNRECOGNIZED_NAME: "unknown_name",
    }
    error = HandshakeRefusedError(
        f"{shown_address(address)} {said}.",
        hint=meaning.hint,
        reason=reasons.get(alert, "other"),
        alert=meaning.name,
    )
    # Behind the handshake a request may have been carried out before the server gave up.
    return error if handshake.finished else _not_sent(error)


def about_our_certificate(
    handshake: Handshake, address: str, missing: str, *, said: str, alert: Meaning | None = None
) -> HandshakeRefusedError:
    """Say what a server can have against the client certificate that it was shown, or not shown.

    Args:
        handshake: In which it asked for one.
        address: What was called.
        missing: Issuer of the last certificate that we have.
        said: What the server did.
        alert: What it called that.
    """
    accepted = handshake.accepted
    shown = handshake.shown
    names = [name for _, name in accepted]
    if not shown:
        text = "It asked for a client certificate, and none was shown"
        hint = "Give one: tls.client_key names the key pair."
        reason = "client_certificate_missing"
    else:
        text = f"Shown was {', issued by '.join(item.describe() for item in shown)}"
        hint, reason = alert.hint if alert is not None else "", "client_certificate_refused"
    known = {name for name, _ in accepted}
    cut = missing if shown and shown[-1].canonical_issuer not in known else ""
    if cut:
        text += f". The certificate of the issuer {cut!r} was not sent along: the keystore does not have it"
        hint = (
            f"Unless {cut!r} is a root that the server trusts, add its certificate to the key pair's file "
            "or to [trust] intermediates."
        )
    if names:
        text += f". Accepted are certificates issued by {'; '.join(names[:_SHOWN_NAMES])}"
    error = HandshakeRefusedError(
        f"{shown_address(address)} {said}. {text}.",
        hint=hint,
        reason=reason,
        alert=alert.name if alert is not None else None,
        missing=cut,
        accepted=names,
        sent=[item.describe() for item in shown],
    )
    return _not_sent(error) if alert is not None and not handshake.answered else error


def refused_by_answer(
    address: str, context: WatchedContext, *, status: int, content: bytes
) -> HandshakeRefusedError | None:
    """Say that an answer refuses our client certificate: some servers do so in HTTP, behind the handshake."""
    latest = context.latest
    if status not in _REFUSING or not _ABOUT_CERTIFICATES.search(content[:_LOOKED_AT]):
        return None
    if latest is None or not latest.asked or urlsplit(address).scheme != "https":
        return None
    error = about_our_certificate(
        latest, address, context.missing_issuer, said=f"answers {status}, for the certificate"
    )
    error.details["status"] = status
    error.request_sent = "yes"
    return error


def _not_sent(error: _Error) -> _Error:
    error.request_sent = "no"
    return error
