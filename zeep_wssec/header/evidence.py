"""What reading one message has proved, by node: the link between its elements and the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lxml import etree

from zeep_wssec.keys.certificate import Certificate


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
    signer: Certificate
    trusted_as: str | None
    """Why the signer is trusted, in words; ``None``: it is not, and nothing demanded it."""
    covered: tuple[etree._Element, ...]
    """The signed nodes, one for each reference, in reference order."""


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
    """One ``wsse:UsernameToken``; its password is not checked here."""

    node: etree._Element
    username: str
    password_type: Literal["digest", "text", "none"]


Evidence = SignatureEvidence | EncryptionEvidence | TimestampEvidence | UsernameTokenEvidence
