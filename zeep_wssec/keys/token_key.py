"""A private key on a PKCS#11 token: it signs, decrypts and agrees there, and never leaves it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from zeep_wssec.errors import KeyMaterialError, KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der import read_tlv
from zeep_wssec.keys.der_writing import SEQUENCE, write_tlv
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.held_key import HeldKey
from zeep_wssec.keys.protocols import SignatureScheme, TransportScheme
from zeep_wssec.keys.token_connection import TokenConnection

if TYPE_CHECKING:
    import pkcs11

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")

_NULL, _OCTETS, _OID = b"\x05\x00", 0x04, 0x06
_DIGEST_OIDS: Mapping[str, bytes] = {
    "sha1": bytes.fromhex("2b0e03021a"),
    **{
        name: bytes.fromhex(f"6086480165030402{arc:02x}")
        for name, arc in {
            "sha256": 1,
            "sha384": 2,
            "sha512": 3,
            "sha224": 4,
            "sha3-224": 7,
            "sha3-256": 8,
            "sha3-384": 9,
            "sha3-512": 10,
        }.items()
    },
}
_TOKEN_DIGESTS = {
    "sha1": ("SHA_1", "SHA1"),
    "sha224": ("SHA224", "SHA224"),
    "sha256": ("SHA256", "SHA256"),
    "sha384": ("SHA384", "SHA384"),
    "sha512": ("SHA512", "SHA512"),
}
"""Names of the digest and of its mask generation function in PKCS#11."""


@dataclass(frozen=True, kw_only=True)
class KeyLocator:
    """How a private key is found on its token again, in a new session."""

    label: str
    id: bytes
    needs_pin: bool = False
    """Whether the token asks for the PIN at every use."""


class TokenKey(HeldKey):
    """A private key on a token, as a signer, decrypter or key agreement; never shown, never pickled."""

    __slots__ = ("_connection", "_curve", "_locator", "kind")
    why_not_pickled = "it belongs to a session of this process"

    kind: str
    """As for ``FileKey``, from the certificate."""
    _connection: TokenConnection
    _locator: KeyLocator
    _curve: str

    def __init__(
        self, connection: TokenConnection, locator: KeyLocator, *, certificate: Certificate
    ) -> None:
        kind = certificate.key_kind
        public = certificate.public_key if kind == "ec" else None
        curve = public.curve.name if isinstance(public, ec.EllipticCurvePublicKey) else ""
        object.__setattr__(self, "_connection", connection)
        object.__setattr__(self, "_locator", locator)
        object.__setattr__(self, "_curve", curve)
        object.__setattr__(self, "kind", kind)

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Sign ``data``; see ``Signer``. What is sent to the token is its digest."""
        from pkcs11 import MGF, Mechanism

        what = f"sign with {scheme} and {digest}" if digest else f"sign with {scheme}"
        if scheme == "rsa-pkcs1v15" and self.kind == "rsa" and digest in _DIGEST_OIDS:
            return self._sign(_digest_info(digest, data), Mechanism.RSA_PKCS, None, what)
        if scheme == "rsa-pss" and self.kind == "rsa" and digest in _TOKEN_DIGESTS:
            name, mask = _TOKEN_DIGESTS[digest]
            hashed = _hash(digest, data)
            # XML Signature 1.1, section 6.4: the salt is as long as the digest.
            parameter = (Mechanism[name], MGF[mask], len(hashed))
            return self._sign(hashed, Mechanism.RSA_PKCS_PSS, parameter, what)
        if scheme == "ecdsa" and self.kind == "ec" and digest in HASHES:
            raw = self._sign(_hash(digest, data), Mechanism.ECDSA, None, what)
            half = len(raw) // 2
            return encode_dss_signature(
                int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
            )
        if scheme == "eddsa" and self.kind in ("ed25519", "ed448"):
            return self._sign(data, Mechanism.EDDSA, None, what)
        raise KeyUsageError(
            f"A key of kind {self.kind} on a token cannot {what}.", reason="wrong_usage"
        )

    def _sign(self, data: bytes, mechanism: Any, parameter: Any, what: str) -> bytes:
        def operation(key: Any, more: Mapping[str, Any]) -> bytes:
            done = key.sign(data, mechanism=mechanism, mechanism_param=parameter, **more)
            return bytes(done)

        return self._use(operation, what, mechanism=mechanism)

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
        from pkcs11 import MGF, Mechanism

        what = f"decrypt with {scheme}, {digest} and MGF1 with {mgf_digest}"
        known = digest in _TOKEN_DIGESTS and mgf_digest in _TOKEN_DIGESTS
        if self.kind != "rsa" or (scheme == "rsa-oaep" and not known):
            raise KeyUsageError(
                f"A key of kind {self.kind} on a token cannot {what}.", reason="wrong_usage"
            )
        mechanism, parameter = Mechanism.RSA_PKCS, None
        if scheme == "rsa-oaep":
            mask = MGF[_TOKEN_DIGESTS[mgf_digest][1]]
            mechanism = Mechanism.RSA_PKCS_OAEP
            parameter = (Mechanism[_TOKEN_DIGESTS[digest][0]], mask, label or None)

        def operation(key: Any, more: Mapping[str, Any]) -> bytes:
            return bytes(
                key.decrypt(ciphertext, mechanism=mechanism, mechanism_param=parameter, **more)
            )

        return self._use(operation, what, mechanism=mechanism, secret=True)

    def agree(self, peer_public_key: bytes) -> bytes:
        """Give the raw shared secret with a peer's key; see ``KeyAgreement``."""
        from pkcs11 import KDF, Attribute, KeyType, Mechanism

        point, octets = self._point_of(peer_public_key)
        wanted = {
            Attribute.TOKEN: False,
            Attribute.SENSITIVE: False,
            Attribute.EXTRACTABLE: True,
            Attribute.VALUE_LEN: octets,
        }

        def operation(key: Any, _more: Mapping[str, Any]) -> bytes:
            derived = key.derive_key(
                KeyType.GENERIC_SECRET,
                8 * octets,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, point),
                template=wanted,
            )
            shared = bytes(derived[Attribute.VALUE])
            derived.destroy()
            return shared.rjust(octets, b"\0")

        return self._use(
            operation, "agree on a secret", mechanism=Mechanism.ECDH1_DERIVE, secret=True
        )

    def _point_of(self, public_key: bytes) -> tuple[bytes, int]:
        """Give the peer's point as PKCS#11 wants it, and the octets of a coordinate."""
        try:
            peer = serialization.load_der_public_key(public_key)
        except (ValueError, TypeError):
            raise ValueError("no public key") from None
        if isinstance(peer, ec.EllipticCurvePublicKey) and peer.curve.name == self._curve:
            form = serialization.PublicFormat.UncompressedPoint
            point = peer.public_bytes(serialization.Encoding.X962, form)
            return point, (peer.curve.key_size + 7) // 8
        if isinstance(peer, x25519.X25519PublicKey) and self.kind == "x25519":
            return peer.public_bytes_raw(), 32
        if isinstance(peer, x448.X448PublicKey) and self.kind == "x448":
            return peer.public_bytes_raw(), 56
        raise ValueError("a public key of another kind")

    def _use(
        self,
        operation: Callable[[Any, Mapping[str, Any]], _Result],
        what: str,
        *,
        mechanism: Any,
        secret: bool = False,
    ) -> _Result:
        """Use the key; with ``secret``, whatever depends on what is decrypted fails as one ``ValueError``."""
        import pkcs11

        def find(session: pkcs11.Session, found: dict[Any, Any]) -> Any:
            if mechanism not in self._connection.mechanisms():
                raise self._unfit(what, f"the token has no {mechanism.name}")
            if self._locator not in found:
                found[self._locator] = find_private_key(session, self._locator)
            return found[self._locator]

        def use(key: Any) -> _Result:
            pin = self._locator.needs_pin
            return operation(key, {"pin": self._connection.reveal_pin()} if pin else {})

        try:
            return self._connection.run(find, use, secret=secret)
        except _unfit_errors() as error:
            raise self._unfit(what, type(error).__name__) from None
        except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned) as error:
            raise KeyMaterialError(
                f"The key {self._locator.label!r} is not on {self._connection.name} any more, "
                f"or there twice: {type(error).__name__}."
            ) from None
        except pkcs11.PKCS11Error as error:
            if secret:
                raise ValueError("cannot be decrypted") from None
            raise self._connection.mapped(error) from None

    def _unfit(self, what: str, why: str) -> KeyUsageError:
        problem = (
            f"The key {self._locator.label!r} on {self._connection.name} cannot {what}: {why}."
        )
        # Of a message that cannot be decrypted nobody else is told why.
        _log.warning("%s", problem)
        return KeyUsageError(
            problem, hint="Not every token knows every scheme and digest.", reason="wrong_usage"
        )

    def __repr__(self) -> str:
        return f"<TokenKey {self.kind} {self._locator.label!r}>"


def find_private_key(session: pkcs11.Session, locator: KeyLocator) -> Any:
    """Find a private key in a session; ``pkcs11.NoSuchKey`` when it is gone."""
    import pkcs11

    return session.get_key(
        object_class=pkcs11.ObjectClass.PRIVATE_KEY,
        label=locator.label or None,
        id=locator.id or None,
    )


def _unfit_errors() -> tuple[type[Exception], ...]:
    """Give the errors that say that token or key cannot do it, whatever the data."""
    import pkcs11

    return (
        pkcs11.MechanismInvalid,
        pkcs11.MechanismParamInvalid,
        pkcs11.ArgumentsBad,
        pkcs11.FunctionNotSupported,
        pkcs11.KeyTypeInconsistent,
        pkcs11.KeySizeRange,
        pkcs11.TemplateInconsistent,
        pkcs11.AttributeSensitive,
    )


def _hash(digest: str, data: bytes) -> bytes:
    return hashlib.new(digest.replace("sha3-", "sha3_"), data, usedforsecurity=False).digest()


def _digest_info(digest: str, data: bytes) -> bytes:
    """Write what PKCS #1 v1.5 pads.

    Spec: RFC 8017, section 9.2, step 2.
    """
    algorithm = write_tlv(SEQUENCE, write_tlv(_OID, _DIGEST_OIDS[digest]) + _NULL)
    return write_tlv(SEQUENCE, algorithm + write_tlv(_OCTETS, _hash(digest, data)))


def unwrap_point(value: bytes) -> bytes:
    """Give a point without the OCTET STRING that PKCS#11 puts around it, and some tokens leave out."""
    try:
        tag, content, _ = read_tlv(value)
    except ValueError:
        return value
    return content if tag == _OCTETS else value
