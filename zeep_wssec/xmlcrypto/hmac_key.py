"""A symmetric key for HMAC signatures: never shown, never pickled, never compared octet by octet."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final, NoReturn

from zeep_wssec.errors import KeyMaterialError, KeyUsageError
from zeep_wssec.keys.protocols import SignatureScheme
from zeep_wssec.keys.secrets import HiddenBytes, hides_frames_when_made

MIN_OCTETS: Final = 16
"""Shortest key: 128 bits, whatever the digest."""
_DIGESTS: Final = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512"})


@hides_frames_when_made
@dataclass(frozen=True, eq=False, repr=False)
class HmacKey:
    """A symmetric key that HMAC signature values are made and verified with.

    Raises:
        KeyUsageError: Fewer than 16 octets. Where they came out of a message, the caller answers as to
            any key that cannot be decrypted.

    Spec: XML Signature 1.1, section 6.3, Message Authentication Codes.
    """

    octets: bytes = field(repr=False)
    """The shared secret."""

    def __post_init__(self) -> None:
        if len(self.octets) < MIN_OCTETS:
            raise KeyUsageError(
                f"A key for HMAC has fewer than {MIN_OCTETS} octets.",
                hint=f"Use a secret of {MIN_OCTETS} random octets or more.",
                reason="weak_key",
            )
        object.__setattr__(self, "octets", HiddenBytes(self.octets))

    def mac(self, data: bytes, digest: str) -> bytes:
        """Give the whole HMAC of ``data``.

        Raises:
            KeyUsageError: ``digest`` is none that HMAC is used with here.
        """
        if digest not in _DIGESTS:
            raise KeyUsageError(
                f"A symmetric key cannot sign with {digest or 'no digest'}.", reason="wrong_usage"
            )
        return hmac.digest(self.octets, data, digest)

    def has_made(self, value: bytes, data: bytes, digest: str) -> bool:
        """Tell, in time that does not depend on where they differ, whether ``value`` is the HMAC of ``data``."""
        return hmac.compare_digest(self.mac(data, digest), value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError(
            "A symmetric key is not pickled: it would leave the process.",
            hint="Let each process take the key from where it is kept.",
        )


class HmacSigner(HmacKey):
    """The same key as a ``Signer``, for messages of ours."""

    def sign(self, data: bytes, *, scheme: SignatureScheme, digest: str) -> bytes:
        """Give the HMAC of ``data``; see ``Signer``.

        Raises:
            KeyUsageError: ``scheme`` is one of a key pair.
        """
        if scheme != "hmac":
            raise KeyUsageError(f"A symmetric key cannot sign with {scheme}.", reason="wrong_usage")
        return self.mac(data, digest)
