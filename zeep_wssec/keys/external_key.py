"""A private key that somebody else holds: a key service, an agent, a library of your own."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, KeyUsageError, WSSecError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.hashes import HASHES
from zeep_wssec.keys.held_key import HeldKey
from zeep_wssec.keys.protocols import (
    Decrypter,
    KeyAgreement,
    SignatureScheme,
    Signer,
    TransportScheme,
)

_log = logging.getLogger(__name__)
_KINDS = {
    "sign": ("rsa", "ec", "ed25519", "ed448", "dsa"),
    "decrypt": ("rsa",),
    "agree": ("ec", "x25519", "x448"),
}


class ExternalKey(HeldKey):
    """The signer, decrypter or key agreement of somebody else; what it does is checked, its errors mapped.

    A signature is held against the certificate before it is used: a key service with another key, or one
    that gives ECDSA in another form, is found here and not by the partner.
    """

    __slots__ = ("_alias", "_calls", "_certificate", "remote")
    why_not_pickled = "somebody else holds it"

    _alias: str
    _certificate: Certificate
    _calls: dict[str, Callable[..., bytes]]
    remote: bool
    """Whether it waits for a network, and so must not be used in an event loop."""

    def __init__(
        self,
        alias: str,
        certificate: Certificate,
        *,
        remote: bool,
        **held: Any,
    ) -> None:
        calls = {what: _method_of(item, what) for what, item in held.items() if item is not None}
        object.__setattr__(self, "_alias", alias)
        object.__setattr__(self, "_certificate", certificate)
        object.__setattr__(self, "_calls", calls)
        object.__setattr__(self, "remote", remote)

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Have ``data`` signed; see ``Signer``.

        Raises:
            KeyMaterialError: It failed, or gave what the certificate does not verify.
        """
        self._check_place("sign")
        try:
            value = self._calls["sign"](data, scheme=scheme, digest=digest)
        except WSSecError:
            raise
        except Exception as error:
            raise self._failed("signer", error) from error
        if not isinstance(value, bytes) or not _verifies(
            self._certificate, value, data, scheme, digest
        ):
            raise KeyMaterialError(
                f"The signer of the key {self._alias!r} gave what its certificate does not verify "
                f"({scheme}, {digest or 'no digest'}).",
                hint="Is it the key of this certificate? The data is not hashed yet; ECDSA is in DER, "
                "and the salt of RSA-PSS as long as the digest.",
                alias=self._alias,
            )
        return value

    def decrypt(
        self,
        ciphertext: bytes,
        *,
        scheme: TransportScheme,
        digest: str = "sha256",
        mgf_digest: str = "sha256",
        label: bytes = b"",
    ) -> bytes:
        """Have ``ciphertext`` decrypted; see ``Decrypter``. Every failure is one ``ValueError``, and logged."""
        how: dict[str, Any] = {
            "scheme": scheme,
            "digest": digest,
            "mgf_digest": mgf_digest,
            "label": label,
        }
        return self._secretly("decrypt", ciphertext, **how)

    def agree(self, peer_public_key: bytes) -> bytes:
        """Have a secret agreed on; see ``KeyAgreement``."""
        return self._secretly("agree", peer_public_key)

    def _secretly(self, what: str, data: bytes, **how: Any) -> bytes:
        self._check_place(what)
        try:
            value = self._calls[what](data, **how)
        except KeyUsageError:
            raise
        except Exception as error:
            # Whoever sent the message may not learn why; a service that is down looks the same to them.
            _log.warning("The key %r could not %s: %s", self._alias, what, type(error).__name__)
            raise ValueError("cannot be decrypted") from None
        if not isinstance(value, bytes):
            raise KeyMaterialError(
                f"The key {self._alias!r} gave {type(value).__name__} where bytes are needed."
            )
        return value

    def _check_place(self, what: str) -> None:
        if self.remote and in_event_loop():
            problem = f"The key {self._alias!r} is remote, and to {what} with it would hold the event loop."
            # Of a message that cannot be decrypted nobody else is told why.
            _log.warning("%s", problem)
            raise KeyUsageError(
                problem,
                hint="Sign with profile.async_client(…), whose transport waits in a thread; decrypt with the "
                "sync client in asyncio.to_thread. remote=False, if it answers at once.",
                reason="wrong_usage",
                alias=self._alias,
            )

    def _failed(self, what: str, error: Exception) -> KeyMaterialError:
        return KeyMaterialError(
            f"The {what} of the key {self._alias!r} failed with {type(error).__name__}.",
            hint="Its own error is the cause of this one.",
            alias=self._alias,
        )

    def __repr__(self) -> str:
        return f"<ExternalKey {self._alias!r}: {', '.join(self._calls)}>"


def in_event_loop() -> bool:
    """Tell whether waiting here holds the tasks of an event loop."""
    asyncio = sys.modules.get("asyncio")
    # Not imported for this alone, which takes longer than all the rest of this module.
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def signs_remotely(keys: Iterable[KeyEntry]) -> bool:
    """Tell whether a key is among them that an event loop must not wait for."""
    signers = (entry.signer for entry in keys)
    return any(isinstance(key, ExternalKey) and key.remote for key in signers)


def _method_of(item: Any, what: str) -> Callable[..., bytes]:
    found = getattr(item, what, item)
    if not callable(found):
        raise KeyLoadError(f"{type(item).__name__} can neither be called nor has it {what}().")
    method: Callable[..., bytes] = found
    return method


def external_entry(
    alias: str,
    certificate: Certificate,
    chain: tuple[Certificate, ...],
    *,
    signer: Signer | Callable[..., bytes] | None,
    decrypter: Decrypter | Callable[..., bytes] | None,
    agreement: KeyAgreement | Callable[..., bytes] | None,
    remote: bool,
) -> KeyEntry:
    """Make the entry of a key that somebody else holds.

    Raises:
        KeyLoadError: Nothing is given that it can do, or something that its kind of key cannot.
    """
    given = {"sign": signer, "decrypt": decrypter, "agree": agreement}
    named = [what for what, item in given.items() if item is not None]
    if not named:
        raise KeyLoadError(
            f"Nothing says what the key {alias!r} can do.",
            hint="Give signer=…, decrypter=… or agreement=….",
            alias=alias,
        )
    for what in named:
        if certificate.key_kind not in _KINDS[what]:
            raise KeyLoadError(
                f"The key {alias!r} is of kind {certificate.key_kind}, which cannot {what}.",
                alias=alias,
            )
    key = ExternalKey(alias, certificate, remote=remote, **given)
    return KeyEntry(
        alias,
        certificate=certificate,
        chain=chain,
        signer=key if signer is not None else None,
        decrypter=key if decrypter is not None else None,
        agreement=key if agreement is not None else None,
    )


def _verifies(
    certificate: Certificate, value: bytes, data: bytes, scheme: str, digest: str
) -> bool:
    key: Any = certificate.public_key
    try:
        if isinstance(key, rsa.RSAPublicKey) and scheme == "rsa-pkcs1v15":
            key.verify(value, data, padding.PKCS1v15(), HASHES[digest])
        elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsa-pss":
            algorithm = HASHES[digest]
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
            key.verify(value, data, pss, algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
            key.verify(value, data, ec.ECDSA(HASHES[digest]))
        elif isinstance(key, dsa.DSAPublicKey) and scheme == "dsa":
            key.verify(value, data, HASHES[digest])
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(value, data)
        else:
            return False
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True
