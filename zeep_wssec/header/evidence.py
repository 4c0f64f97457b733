"""What reading one message has proved, by node: the link between its elements and the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lxml import etree

from zeep_wssec.exchange import Holder
from zeep_wssec.keys.certificate import Certificate


@dataclass(frozen=True, kw_only=True)
class SharedKeySigner:
    """Whoever holds a symmetric key, in place of the holder of a certificate."""

    subject: str
    """The key in words."""
    known_to: tuple[Holder, ...] = ()
    """Who shares it with us; empty: anybody may have made it."""
    thumbprint_sha256: str = ""
    elements: tuple[etree._Element, ...] = ()
    """The elements of the message that the key is made from, such as a UsernameToken."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SignatureEvidence:
    """One verified ``ds:Signature``."""

    element: etree._Element
    value: str
    """``ds:SignatureValue`` in base64, one line."""
    method: str
    digests: tuple[str, ...]
    key_reference: str
    """How the message named the certificate."""
    signer: Certificate | SharedKeySigner
    trusted_as: str | None
    """Why the signer is trusted, in words; ``None``: it is not, and nothing demanded it."""
    covered: tuple[etree._Element, ...]
    """The signed nodes, one for each reference, in reference order."""
    digest_values: tuple[bytes, ...] = ()
    """Octets of their digests, in the same order."""

    @property
    def is_anonymous(self) -> bool:
        """Whether the key may be anybody's: it came encrypted to us, and nobody is known to have it."""
        return isinstance(self.signer, SharedKeySigner) and not self.signer.known_to


@dataclass(frozen=True, eq=False, kw_only=True)
class EncryptionEvidence:
    """One decrypted ``xenc:EncryptedData``."""

    element: etree._Element
    """The EncryptedData, which is no longer in the tree."""
    scope: Literal["element", "content"]
    node: etree._Element
    """The decrypted element, or the element whose content came encrypted."""
    whole: bool
    """For content: whether nothing but white space stood beside the ciphertext."""
    algorithm: str
    key_transport: str
    recipient: str
    """Alias of the key that opened it."""
    covered: bool
    """Whether a verified signature covered the ciphertext."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TimestampEvidence:
    """One valid ``wsu:Timestamp``."""

    node: etree._Element
    created: datetime
    expires: datetime | None


@dataclass(frozen=True, eq=False, kw_only=True)
class UsernameTokenEvidence:
    """One ``wsse:UsernameToken``."""

    node: etree._Element
    username: str
    password_type: Literal["digest", "text", "none"]
    proved: Literal["digest", "text", ""] = ""
    """How the token itself proved the password of a user that the keystore knows."""
    is_wrong: bool = False
    """Whether the keystore knows the user, and the password is another one."""
    replay_key: bytes = b""
    """What a replay store remembers it by once its password is proved; empty for one without Nonce."""
    replay_until: datetime
    """Until when its age would let it pass again."""


Evidence = SignatureEvidence | EncryptionEvidence | TimestampEvidence | UsernameTokenEvidence
