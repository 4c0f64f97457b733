"""A private key in memory that signs, decrypts and agrees, and is never shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.held_key import HeldKey
from zeep_wssec.keys.protocols import SignatureScheme, TransportScheme
from zeep_wssec.keys.secrets import HiddenBytes


def _signing_arguments() -> dict[str, dict[tuple[str, str], tuple[Any, ...]]]:
    pkcs1 = padding.PKCS1v15()
    rsa_arguments: dict[tuple[str, str], tuple[Any, ...]] = {}
    for name, algorithm in HASHES.items():
        # XML Signature 1.1, section 6.4: the salt of rsa-pss is as long as the digest.
        pss = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.DIGEST_LENGTH)
        rsa_arguments["rsa-pkcs1v15", name] = (pkcs1, algorithm)
        rsa_arguments["rsa-pss", name] = (pss, algorithm)
    ec_arguments = {("ecdsa", name): (ec.ECDSA(algorithm),) for name, algorithm in HASHES.items()}
    dsa_arguments = {("dsa", name): (HASHES[name],) for name in ("sha1", "sha256")}
    pure: dict[tuple[str, str], tuple[Any, ...]] = {("eddsa", ""): ()}
    return {
        "rsa": rsa_arguments,
        "ec": ec_arguments,
        "dsa": dsa_arguments,
        "ed25519": pure,
        "ed448": pure,
    }


_SIGNING = _signing_arguments()
_PKCS1 = padding.PKCS1v15()


@lru_cache(maxsize=64)
def _oaep(digest: str, mgf_digest: str) -> padding.OAEP:
    return padding.OAEP(mgf=padding.MGF1(HASHES[mgf_digest]), algorithm=HASHES[digest], label=None)


class FileKey(HeldKey):
    """A private key in memory, as a signer, decrypter or key agreement; never shown, never pickled."""

    __slots__ = ("_key", "_sign", "_signing", "kind")

    kind: str
    """``"rsa"``, ``"ec"``, ``"ed25519"``, ``"ed448"``, ``"x25519"``, ``"x448"`` or ``"dsa"``."""
    _key: PrivateKeyTypes
    _sign: Callable[..., bytes]
    _signing: dict[tuple[str, str], tuple[Any, ...]]

    def __init__(self, key: PrivateKeyTypes) -> None:
        kind = _kind_of(key)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "_sign", getattr(key, "sign", None))
        object.__setattr__(self, "_signing", _SIGNING.get(kind, {}))

    @property
    def can_sign(self) -> bool:
        """Whether a signature scheme fits the key."""
        return bool(self._signing)

    @property
    def can_decrypt(self) -> bool:
        """Whether a content key can be transported to the key."""
        return self.kind == "rsa"

    @property
    def can_agree(self) -> bool:
        """Whether a shared secret can be agreed on with the key."""
        return self.kind in ("ec", "x25519", "x448")

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Sign ``data``; see ``Signer``."""
        arguments = self._signing.get((scheme, digest))
        if arguments is None:
            raise KeyUsageError(
                f"A key of kind {self.kind} cannot sign with {scheme} and {digest}.",
                reason="wrong_usage",
            )
        try:
            return self._sign(data, *arguments)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyUsageError(
                f"The key cannot sign with {scheme} and {digest}: {error}.", reason="weak_key"
            ) from None

    def decrypt(
        self,
        ciphertext: bytes,
        *,
        scheme: TransportScheme,
        digest: str = "sha256",
        mgf_digest: str = "sha256",
        label: bytes = b"",
    ) -> bytes:
        """Decrypt ``ciphertext``; see ``Decrypter``."""
        if not isinstance(self._key, rsa.RSAPrivateKey):
            raise KeyUsageError(f"A key of kind {self.kind} cannot decrypt.", reason="wrong_usage")
        if scheme == "rsa-oaep" and digest in HASHES and mgf_digest in HASHES:
            filling: padding.AsymmetricPadding = (
                _oaep(digest, mgf_digest)
                if not label
                else padding.OAEP(padding.MGF1(HASHES[mgf_digest]), HASHES[digest], label)
            )
        elif scheme == "rsa-pkcs1v15":
            filling = _PKCS1
        else:
            raise KeyUsageError(
                f"The key cannot decrypt with {scheme} and {digest}.", reason="wrong_usage"
            )
        try:
            return self._key.decrypt(ciphertext, filling)
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("cannot be decrypted") from None

    def agree(self, peer_public_key: bytes) -> bytes:
        """Give the raw shared secret with a peer's key; see ``KeyAgreement``.

        Raises:
            KeyUsageError: The key cannot agree on a secret.
            ValueError: The peer's key is broken, or of another kind or curve.
        """
        if not self.can_agree:
            raise KeyUsageError(
                f"A key of kind {self.kind} cannot agree on a secret.", reason="wrong_usage"
            )
        try:
            peer = serialization.load_der_public_key(peer_public_key)
            return self._exchange(peer)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("no secret can be agreed on with this public key") from None

    def _exchange(self, peer: object) -> bytes:
        key = self._key
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(
            peer, ec.EllipticCurvePublicKey
        ):
            return key.exchange(ec.ECDH(), peer)
        if isinstance(key, x25519.X25519PrivateKey) and isinstance(peer, x25519.X25519PublicKey):
            return key.exchange(peer)
        if isinstance(key, x448.X448PrivateKey) and isinstance(peer, x448.X448PublicKey):
            return key.exchange(peer)
        raise ValueError

    def matches(self, certificate: Certificate) -> bool:
        """Tell whether the certificate has the public key that belongs to this key."""
        try:
            theirs = certificate.public_key
        except KeyUsageError:
            return False
        return self._key.public_key() == theirs

    def private_octets(self) -> bytes:
        """Give the key as PKCS#8, not encrypted, for what encrypts it next."""
        return HiddenBytes(
            self._key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    def encrypted_pem(self, password: bytes) -> bytes:
        """Give the key as PKCS#8 under ``password``, for a library that wants a file."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )

    def __repr__(self) -> str:
        return f"<FileKey {self.kind}>"


def _kind_of(key: PrivateKeyTypes) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (rsa.RSAPrivateKey, "rsa"),
        (ec.EllipticCurvePrivateKey, "ec"),
        (ed25519.Ed25519PrivateKey, "ed25519"),
        (ed448.Ed448PrivateKey, "ed448"),
        (x25519.X25519PrivateKey, "x25519"),
        (x448.X448PrivateKey, "x448"),
    )
    return next((kind for type_, kind in kinds if isinstance(key, type_)), "dsa")
