"""Settings of ``xenc:EncryptedKey`` and ``xenc:EncryptedData``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zeep_wssec.errors import ProfileError
from zeep_wssec.settings.checks import (
    allowed,
    check_choice,
    check_number,
    frozen_legacy,
    frozen_texts,
    named,
)
from zeep_wssec.settings.references import DerivedKey, KeyReference
from zeep_wssec.xmlcrypto import algorithms
from zeep_wssec.xmlcrypto.algorithms import (
    DataCipher,
    Digest,
    KeyDerivation,
    KeyTransport,
    KeyWrap,
    MaskGeneration,
)


@dataclass(frozen=True, kw_only=True)
class EncryptedKeySettings:
    """How a content key is encrypted for its recipients."""

    recipients: Sequence[str] = ()
    """Aliases whose certificates the content key is encrypted for; ``"request_signer"``, in an answer: the
    certificate that signed the request."""
    key_transport: str = "rsa-oaep"
    """For recipients with an RSA key."""
    digest: str = "sha256"
    """OAEP digest."""
    mgf: str = "sha256"
    """Digest of OAEP's MGF1; ``rsa-oaep-mgf1p`` has SHA-1 by definition."""
    oaep_params: str = ""
    """OAEPparams in base64; few services use any."""
    key_wrap: str = "kw-aes256"
    """How the content key is wrapped under an agreed key (recipients with an elliptic curve key), or under
    a secret."""
    key_derivation: str = "hkdf"
    """How the agreed key is derived: ``"hkdf"`` or ``"concat-kdf"``."""
    derivation_digest: str = "sha256"
    """Digest of the derivation."""
    key_reference: KeyReference = "issuer_serial"
    """How the recipient's certificate is named."""
    include_token: bool = False
    """Whether the certificate's token is in the header even if ``key_reference`` names it otherwise."""
    legacy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipients", frozen_texts("recipients", self.recipients))
        object.__setattr__(self, "legacy", frozen_legacy(self.legacy))
        check_choice("key_reference", self.key_reference, KeyReference)
        _ = (self.transport, self.oaep_digest, self.mask, self.wrap, self.derivation, self.label)
        _ = self.derivation_hash

    @property
    def transport(self) -> KeyTransport:
        """The key transport."""
        item = named("key_transport", self.key_transport, algorithms.KEY_TRANSPORTS_BY_NAME)
        return allowed("key_transport", item, item.legacy, self.legacy)

    @property
    def oaep_digest(self) -> Digest:
        """The OAEP digest; SHA-1 there is no legacy algorithm, since OAEP needs no collision resistance."""
        return named("digest", self.digest, algorithms.OAEP_DIGESTS_BY_NAME)

    @property
    def mask(self) -> MaskGeneration:
        """The mask generation function."""
        name = "sha1" if self.transport.mgf_fixed else self.mgf
        return named("mgf", name, algorithms.MASK_GENERATIONS_BY_NAME)

    @property
    def label(self) -> bytes:
        """The octets of OAEPparams."""
        try:
            return base64.b64decode(self.oaep_params, validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise ProfileError("OAEPparams are given in base64.", path="oaep_params") from None

    @property
    def wrap(self) -> KeyWrap:
        """The key wrap."""
        item = named("key_wrap", self.key_wrap, algorithms.KEY_WRAPS_BY_NAME)
        return allowed("key_wrap", item, item.legacy, self.legacy)

    @property
    def derivation(self) -> KeyDerivation:
        """The key derivation."""
        return named("key_derivation", self.key_derivation, algorithms.KEY_DERIVATIONS_BY_NAME)

    @property
    def derivation_hash(self) -> Digest:
        """The digest of the key derivation."""
        table = algorithms.DERIVATION_DIGESTS_BY_NAME
        return named("derivation_digest", self.derivation_digest, table)


@dataclass(frozen=True, kw_only=True)
class Encryption(EncryptedKeySettings):
    """Write ``xenc:EncryptedKey`` and put ``xenc:EncryptedData`` in place of parts of the message."""

    key: str | None = None
    """Alias of a secret, or the name of a key that an earlier step made, in place of recipients."""
    parts: Sequence[str] = ("body",)
    """What is encrypted; of the Body its content."""
    algorithm: str = "aes256-gcm"
    wrapped: bool = False
    """Whether a fresh content key is wrapped under ``key`` (EncryptedKey with ``key_wrap``); unset, ``key``
    encrypts the parts itself. For a secret that lives long, wrap or derive: nonces of GCM are random."""
    derived_key: DerivedKey = "none"
    """Encrypt with a key that is derived from ``key``, by the version of WS-SecureConversation."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "parts", frozen_texts("parts", self.parts))
        check_choice("derived_key", self.derived_key, DerivedKey)
        if not self.recipients and self.key is None:
            raise ProfileError("An encryption needs a recipient.", path="recipients")
        if self.recipients and self.key is not None:
            raise ProfileError("An encryption has recipients or a key, not both.", path="key")
        if self.key is None and (self.wrapped or self.derived_key != "none"):
            raise ProfileError("This needs a key that both sides have.", path="key")
        if self.wrapped and self.derived_key != "none":
            raise ProfileError(
                "A content key is wrapped under a key or derived from it, not both.", path="wrapped"
            )
        if not self.parts:
            raise ProfileError("An encryption must cover something.", path="parts")
        _ = self.cipher

    @property
    def cipher(self) -> DataCipher:
        """The content cipher."""
        item = named("algorithm", self.algorithm, algorithms.DATA_CIPHERS_BY_NAME)
        return allowed("algorithm", item, item.legacy, self.legacy)


@dataclass(frozen=True, kw_only=True)
class SessionKey(EncryptedKeySettings):
    """Write a ``xenc:EncryptedKey`` whose key later steps sign and encrypt with (symmetric binding)."""

    name: str = "session"
    """What later steps call the key."""
    bytes: int = 32
    """Length of the key."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("bytes", self.bytes, minimum=16)
        if len(self.recipients) != 1:
            raise ProfileError(
                "A session key has one recipient: the others could not tell which key is meant.",
                path="recipients",
            )
