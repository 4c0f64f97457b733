"""What the rest of the package asks of a private key; never the key itself.

A key in a file, on a PKCS#11 token or behind a remote service looks the same from here.
"""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

SignatureScheme = Literal["rsa-pkcs1v15", "rsa-pss", "ecdsa", "eddsa", "dsa", "hmac"]
TransportScheme = Literal["rsa-oaep", "rsa-pkcs1v15"]


@runtime_checkable
class Signer(Protocol):
    """Signs bytes with one private key."""

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Sign ``data``, which is not hashed yet.

        Args:
            data: The octets to sign.
            scheme: How; must fit the kind of key.
            digest: ``"sha1"``, ``"sha224"`` … ``"sha512"``, ``"sha3-224"`` … ``"sha3-512"``; empty for EdDSA.

        Returns:
            The signature value; for ECDSA and DSA the DER form.

        Raises:
            KeyUsageError: The key cannot sign in this scheme.
        """


@runtime_checkable
class Decrypter(Protocol):
    """Decrypts a transported content key with one private key."""

    def decrypt(
        self,
        ciphertext: bytes,
        *,
        scheme: TransportScheme,
        digest: str = "sha256",
        mgf_digest: str = "sha256",
        label: bytes = b"",
    ) -> bytes:
        """Decrypt ``ciphertext``; digest, MGF1 digest and label are for OAEP only.

        Raises:
            KeyUsageError: The key cannot decrypt in this scheme.
            ValueError: The ciphertext does not decrypt; say nothing of why.
        """


@runtime_checkable
class KeyAgreement(Protocol):
    """Agrees on a shared secret with a peer's public key (ECDH, X25519)."""

    def agree(self, peer_public_key: bytes) -> bytes:
        """Give the raw shared secret with ``peer_public_key`` (DER SubjectPublicKeyInfo).

        For a key on a curve it is the x coordinate, as many octets as the field has.

        Raises:
            KeyUsageError: The key cannot agree on a secret.
            ValueError: There is no secret with this key: of another kind or curve, or of small order.
        """
