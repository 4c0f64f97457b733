"""By what a message is remembered: SHA-256 over what makes it one that was not there before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def nonce_key(username: str, nonce: bytes, created: str) -> bytes:
    """Give the key of a UsernameToken.

    Nonce and time follow each other without a mark between, as they do in the digest of the password:
    an octet that is moved from one to the other leaves both values as they are.

    Spec: WSS UsernameToken Profile 1.1.1, section 3.1.
    """
    name = username.encode()
    head = b"UsernameToken\0" + len(name).to_bytes(8, "big") + name
    return hashlib.sha256(head + nonce + created.encode()).digest()


def signature_key(signer: bytes, created: str, digests: Iterable[bytes]) -> bytes:
    """Give the key of a signature over a Timestamp.

    It is about what is signed, not about the SignatureValue: whoever sees an ECDSA signature can write
    down a second value that verifies as well.

    Args:
        signer: Who signed, as ``inbound`` knows them: a public key, or the names of a shared key.
        created: Created of the Timestamp.
        digests: Digest values of the signature's references, in reference order.
    """
    return _digest(b"Signature", signer, created.encode(), *digests)


def message_id_key(signer: bytes, message_id: str) -> bytes:
    """Give the key of a signed ``wsa:MessageID``: each signer has ids of their own."""
    return _digest(b"MessageID", signer, message_id.encode())


def payload_key(signer: str, signed_at: str, payload: bytes) -> bytes:
    """Give the key of a signed HTTP request: who signed what, and when."""
    return _digest(b"Payload", signer.encode(), signed_at.encode(), payload)


def _digest(kind: bytes, *values: bytes) -> bytes:
    """Digest values with their lengths, so that none runs into the next."""
    framed = b"".join([len(value).to_bytes(8, "big") + value for value in values])
    return hashlib.sha256(kind + b"\0" + framed).digest()
