"""What the numbers of TLS mean: alerts, and the reasons for which OpenSSL does not trust a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """One number, explained."""

    name: str
    """As the standard or the error calls it."""
    sentence: str
    hint: str


ALERTS: Mapping[int, Meaning] = {
    10: Meaning(
        "unexpected_message",
        "a message came out of turn",
        "Something between here and the server may not be speaking TLS as it should.",
    ),
    20: Meaning(
        "bad_record_mac", "a record was damaged", "Look for what changes the stream on its way."
    ),
    22: Meaning("record_overflow", "a record was too long", ""),
    40: Meaning(
        "handshake_failure",
        "it finds nothing that both sides can agree on, or wants a client certificate",
        "Ask which protocol versions, ciphers and client certificates it accepts.",
    ),
    42: Meaning(
        "bad_certificate",
        "our certificate is broken, or is not one that it knows",
        "Ask whether this certificate was registered there.",
    ),
    43: Meaning(
        "unsupported_certificate",
        "our certificate is of a kind that it does not take",
        "Ask which keys, sizes and usages it takes; it may want clientAuth as extended key usage.",
    ),
    44: Meaning(
        "certificate_revoked", "our certificate was revoked", "Ask the issuer for another one."
    ),
    45: Meaning(
        "certificate_expired",
        "our certificate has expired",
        "Renew it; if it is still valid, an intermediate that was sent may not be, or a clock is wrong.",
    ),
    46: Meaning(
        "certificate_unknown",
        "something about our certificate is not acceptable, it does not say what",
        "Ask what its log says; most often an issuer is unknown there or an intermediate is missing.",
    ),
    47: Meaning("illegal_parameter", "a field of the handshake makes no sense to it", ""),
    48: Meaning(
        "unknown_ca",
        "it finds no way from our certificate to a CA that it trusts",
        "Send the intermediates along, or have the issuer's CA trusted there.",
    ),
    49: Meaning(
        "access_denied",
        "our certificate is valid, but has no access",
        "Ask for it to be given access.",
    ),
    50: Meaning("decode_error", "it cannot read a message", ""),
    51: Meaning(
        "decrypt_error",
        "a signature or a check value of the handshake is wrong",
        "See whether the private key belongs to the certificate.",
    ),
    70: Meaning(
        "protocol_version",
        "it speaks no version of TLS that is allowed here",
        "TLS 1.2 and 1.3 are spoken here; with tls.minimum_version = '1.3' the latter alone.",
    ),
    71: Meaning(
        "insufficient_security",
        "it wants stronger ciphers than are offered",
        "Ask which it wants.",
    ),
    80: Meaning("internal_error", "something went wrong there", "Try later, or ask its operator."),
    86: Meaning("inappropriate_fallback", "an older version was offered than both could speak", ""),
    90: Meaning("user_canceled", "it was given up there", ""),
    100: Meaning("no_renegotiation", "it does not want to shake hands again", ""),
    109: Meaning("missing_extension", "it misses an extension of the handshake", ""),
    110: Meaning("unsupported_extension", "an extension came that it did not ask for", ""),
    112: Meaning(
        "unrecognized_name",
        "it does not serve this host name",
        "Address it by the name that it was set up for.",
    ),
    116: Meaning(
        "certificate_required",
        "it wants a client certificate",
        "Give one: tls.client_key names the key pair.",
    ),
    120: Meaning("no_application_protocol", "it does not speak HTTP/1.1 here", "See the port."),
}
"""Spec: RFC 8446, section 6; RFC 5246, section 7.2."""

ABOUT_OUR_CERTIFICATE = frozenset({42, 43, 44, 45, 46, 48, 49, 51, 116})
"""Alerts that judge a client certificate, if one was asked for."""

VERIFY_RESULTS: Mapping[int, Meaning] = {
    2: Meaning("no_path", "its issuer is not known", ""),
    7: Meaning("bad_signature", "a signature in its chain is wrong", ""),
    9: Meaning("not_yet_valid", "a certificate of its chain is not valid yet", ""),
    10: Meaning("expired", "a certificate of its chain has expired", ""),
    18: Meaning("self_signed", "its certificate has signed itself and is not trusted", ""),
    19: Meaning("no_path", "its chain ends in a root that is not trusted", ""),
    20: Meaning("no_path", "no way leads from its certificate to a CA that is trusted", ""),
    21: Meaning("no_path", "it sent its certificate alone", ""),
    24: Meaning("wrong_usage", "a certificate in its chain is no CA certificate", ""),
    26: Meaning("wrong_usage", "its certificate is not meant for TLS servers", ""),
    62: Meaning("name_mismatch", "its certificate is for another name", ""),
    64: Meaning("name_mismatch", "its certificate is for another address", ""),
    66: Meaning("weak_key", "its key is too small", ""),
    67: Meaning("weak_key", "a CA key in its chain is too small", ""),
    68: Meaning("weak_key", "a signature in its chain is over a broken digest", ""),
    79: Meaning("wrong_usage", "a certificate in its chain is no CA certificate", ""),
}
"""OpenSSL's ``X509_V_ERR`` numbers, by the ``reason`` of the error."""
