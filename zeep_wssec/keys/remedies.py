"""What to do about a signer whose certificate is refused, by the ``reason`` of the error."""

from __future__ import annotations

REMEDIES = {
    "wrong_peer": "Ask the partner by another way whether this is its certificate. If so, give it beside "
    "the present one: certificate = [old, new].",
    "expired": "Ask the partner for its new certificate. Until then: [[trust.exception]].",
    "not_yet_valid": "Compare the clocks; else the partner has changed its certificate too early.",
    "weak_key": "Ask the partner for a certificate with a longer key. Until then: [[trust.exception]].",
    "wrong_usage": "Ask the partner for a certificate that is made for signing, or say in "
    "trust.extended_key_usage what it may be for.",
    "weak_signature": 'Ask for a certificate that is signed over SHA-256; else [trust] legacy = { sha1 = "…" }.',
    "no_path": "Give the missing certificate under trust.intermediates, or the CA that you trust under "
    "trust.anchors.",
    "own_key": "Our own message has come back, or the peer has our key.",
    "revoked": "Do not accept it. Ask the partner, by another way, what happened.",
    "revocation_unknown": "Give a current CRL under trust.crls, or call Keystore.fetch_revocation().",
}
"""For the operator; what the error itself knows better stands in front."""
