"""What people ask a profile file for that it does not have: the answer says so, and what there is instead."""

from __future__ import annotations

import re
from collections.abc import Mapping

_POLICY = (
    "Policies (WS-Policy, WS-SecurityPolicy) are not read: write as steps what the policy asserts; "
    "algorithm_suite takes the name of its suite."
)
_STS = "Tokens from an STS (WS-Trust) are not supported."
_SAML = "SAML assertions are not supported."
_KERBEROS = "Kerberos is not supported, nor are its keytab files: there is no certificate in them."
_MTOM = "MTOM and attachments are not supported."
_EVIDENCE = (
    "A profile keeps no messages: they may hold passwords. RedactedHistory keeps them without; for "
    "evidence keep the octets yourself, and the report of profile.on_exchange with them."
)
_VERIFY = (
    "Nothing switches it off. For TLS name the server's CA in tls.trust; answers that prove nothing need "
    '[inbound] mode = "unverified" with a reason, or mode = "over_tls".'
)
_CERTIFICATE = "The client certificate is a key pair of [[keystore]]: tls.client_key has its alias."
_INSTEAD: Mapping[str, str] = {
    "verify": _VERIFY,
    "verify_ssl": _VERIFY,
    "verify_answers": _VERIFY,
    "cert": _CERTIFICATE,
    "client_cert": _CERTIFICATE,
    "client_certificate": _CERTIFICATE,
    "policy": _POLICY,
    "ws_policy": _POLICY,
    "security_policy": _POLICY,
    "sts": _STS,
    "ws_trust": _STS,
    "issued_token": _STS,
    "saml": _SAML,
    "saml_token": _SAML,
    "kerberos": _KERBEROS,
    "kerberos_token": _KERBEROS,
    "keytab": _KERBEROS,
    "mtom": _MTOM,
    "attachments": _MTOM,
    "keep_evidence": _EVIDENCE,
}


def find_instead(word: object) -> str:
    """Give what there is in place of ``word``, however it is spelt, or an empty text."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(word)).lower())
    return _INSTEAD.get(plain.strip("_"), "")
