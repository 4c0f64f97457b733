"""Settings of CMS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from zeep_wssec.demands import AnyoneUnder, Pin, Subject
from zeep_wssec.errors import ProfileError
from zeep_wssec.payload.cms import algorithms
from zeep_wssec.payload.cms.algorithms import (
    ContentCipher,
    Digest,
    KeyTransport,
    KeyWrap,
    SignatureMethod,
)
from zeep_wssec.payload.trust import Demand, frozen_demands
from zeep_wssec.settings.checks import (
    allowed,
    check_choice,
    check_number,
    frozen_legacy,
    frozen_table,
    frozen_texts,
    named,
)

Certificates = Literal["chain", "leaf", "none"]
Reference = Literal["issuer_serial", "subject_key_identifier"]
Protection = Literal["nested", "pkcs7"]
Encoding = Literal["der", "pem", "base64"]
Signatures = Literal["all", "any", "each"]
Unsigned = Literal["refuse", "accept"]

_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){2,20}")
_SAP: Final = re.compile(r"(SHA(?:3-)?[0-9]{1,3}|MD5)/(RSA|ECDSA|DSA)(?:/(PSS))?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CmsSettings:
    """How data is signed and encrypted as CMS, and what such data from a partner must prove."""

    opt_ins: ClassVar[Mapping[str, str]] = algorithms.LEGACY
    """What ``legacy`` may have."""
    offered: ClassVar[Mapping[str, Sequence[str]]] = {
        "digest": tuple(algorithms.CHOSEN_DIGESTS_BY_NAME),
        "content_encryption": tuple(algorithms.CONTENT_CIPHERS_BY_NAME),
        "key_transport": tuple(algorithms.KEY_TRANSPORTS_BY_NAME),
        "oaep_digest": tuple(algorithms.OAEP_DIGESTS_BY_NAME),
        "key_wrap": tuple(algorithms.KEY_WRAPS_BY_NAME),
        "derivation_digest": tuple(algorithms.DERIVATION_DIGESTS_BY_NAME),
    }
    """Values of fields whose type is only ``str``, for editors to offer."""

    signers: Sequence[str] = ()
    """Aliases of our key pairs that sign; unset: the only one of the keystore."""
    algorithm: str | None = None
    """``"rsa-sha256"``, ``"rsa-pss-sha512"``, ``"ecdsa-sha384"``, ``"ed25519"``, ``"ed448"``, …, also as
    ``"SHA512/RSA"``; unset: by the kind of key, with ``digest``."""
    signer_algorithms: Mapping[str, str] = field(default_factory=dict)
    """The same for single signers, by alias."""
    digest: str = "sha256"
    """Digest of signatures whose algorithm goes by the kind of key."""
    certificates: Certificates = "chain"
    """Which certificates go along: the signer's with its chain, the signer's alone, or none."""
    signing_time: bool = True
    """Whether the time of signing is told, under the signature."""
    signed_attributes: bool = True
    """Whether attributes are signed; without them the content is signed by itself, at most 64 MiB of it."""
    signer_reference: Reference = "issuer_serial"
    """How the signer's certificate is named."""
    detached: bool = False
    """Whether the content stays outside of the signature."""
    content_type: str = algorithms.DATA
    """Object identifier of the content's type, on output and on input."""
    recipients: Sequence[str] = ()
    """Aliases whose certificates are encrypted to."""
    content_encryption: str = "aes256-gcm"
    key_transport: str = "rsa-oaep"
    """For recipients with an RSA key."""
    oaep_digest: str = "sha256"
    """Digest of OAEP and of its mask."""
    key_wrap: str = "kw-aes256"
    """For recipients with an elliptic curve key: how the content key is encrypted under the agreed one."""
    derivation_digest: str = "sha256"
    """How the agreed key is derived."""
    recipient_reference: Reference = "issuer_serial"
    """How a recipient's certificate is named."""
    protection: Protection = "nested"
    """What ``protect`` makes: SignedData inside encrypted data, or PKCS#7 SignedAndEnvelopedData."""
    encoding: Encoding = "der"
    """On output; input is read in every encoding."""
    block_bytes: int | None = None
    """Write open-ended BER with content in blocks of this size; unset: DER."""
    signed_by: str | Pin | Subject | AnyoneUnder | Sequence[str | Pin | Subject | AnyoneUnder] = ()
    """Who may sign: aliases (``"new?"`` may be missing still), pins, subjects; unset: every partner."""
    signatures: Signatures = "all"
    """Which signatures must count: all that are there, any, or one of each who is named in ``signed_by``."""
    unsigned: Unsigned = "refuse"
    """Whether ``open`` also takes what is encrypted only."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """Opt-ins with their reasons: ``{"rsa-1_5": "their gateway knows nothing else"}``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "signers", frozen_texts("signers", self.signers))
        object.__setattr__(self, "recipients", frozen_texts("recipients", self.recipients))
        object.__setattr__(self, "signed_by", frozen_demands("signed_by", self.signed_by))
        legacy = frozen_legacy(self.legacy, known=algorithms.LEGACY)
        object.__setattr__(self, "legacy", legacy)
        self._freeze_algorithms()
        for name, choices in _CHOICES.items():
            check_choice(name, getattr(self, name), choices)
        if not isinstance(self.content_type, str) or not _OID.fullmatch(self.content_type):
            raise ProfileError(
                f"{self.content_type!r} is no object identifier.", path="content_type"
            )
        if self.block_bytes is not None:
            check_number("block_bytes", self.block_bytes, minimum=64)
        _ = (self.digest_method, self.cipher, self.transport, self.oaep_hash, self.wrap)
        _ = self.derivation_hash
        self._check_together()

    def _freeze_algorithms(self) -> None:
        if self.algorithm is not None:
            object.__setattr__(self, "algorithm", plain_name("algorithm", self.algorithm))
            self._method("algorithm", self.algorithm)
        table = frozen_table("signer_algorithms", self.signer_algorithms)
        for alias, name in table.items():
            path = f"signer_algorithms.{alias}"
            self._method(path, plain_name(path, name))
            if self.signers and alias not in self.signers:
                raise ProfileError(f"{alias!r} is none of the signers.", path=path)
        object.__setattr__(self, "signer_algorithms", table)

    def _check_together(self) -> None:
        if self.signatures == "each" and not self.signed_by:
            raise ProfileError("Each of whom is not said.", path="signed_by")
        if self.protection == "pkcs7" and self.cipher.authenticates:
            raise ProfileError(
                "SignedAndEnvelopedData of PKCS#7 has no authenticated ciphers.",
                hint='Set content_encryption = "aes256-cbc".',
                path="content_encryption",
            )
        if self.protection == "pkcs7" and self.detached:
            raise ProfileError("What is signed and enveloped holds its content.", path="detached")

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Who may sign."""
        return frozen_demands("signed_by", self.signed_by)

    @property
    def digest_method(self) -> Digest:
        """The digest of signatures whose algorithm goes by the kind of key."""
        item = named("digest", self.digest, algorithms.CHOSEN_DIGESTS_BY_NAME)
        return allowed("digest", item, item.legacy, self.legacy)

    @property
    def cipher(self) -> ContentCipher:
        """The content cipher."""
        table = algorithms.CONTENT_CIPHERS_BY_NAME
        item = named("content_encryption", self.content_encryption, table)
        return allowed("content_encryption", item, item.legacy, self.legacy)

    @property
    def transport(self) -> KeyTransport:
        """The key transport."""
        item = named("key_transport", self.key_transport, algorithms.KEY_TRANSPORTS_BY_NAME)
        return allowed("key_transport", item, item.legacy, self.legacy)

    @property
    def oaep_hash(self) -> Digest:
        """The digest of OAEP; SHA-1 there is no legacy algorithm, since OAEP needs no collision resistance."""
        return named("oaep_digest", self.oaep_digest, algorithms.OAEP_DIGESTS_BY_NAME)

    @property
    def wrap(self) -> KeyWrap:
        """The key wrap."""
        return named("key_wrap", self.key_wrap, algorithms.KEY_WRAPS_BY_NAME)

    @property
    def derivation_hash(self) -> Digest:
        """The digest of the key derivation."""
        table = algorithms.DERIVATION_DIGESTS_BY_NAME
        return named("derivation_digest", self.derivation_digest, table)

    def method_of(self, alias: str, key_kind: str) -> SignatureMethod | None:
        """Give the signature method of a signer, or ``None`` where the key fits none."""
        name = self.signer_algorithms.get(alias, self.algorithm)
        if name is not None:
            return self._method("algorithm", plain_name("algorithm", name))
        return algorithms.default_signature_method(key_kind, self.digest)

    def _method(self, path: str, name: str) -> SignatureMethod:
        item = named(path, name, algorithms.SIGNATURE_METHODS_BY_NAME)
        if item.name == "rsa-md5":
            raise ProfileError("Nothing is signed with MD5; it can be read only.", path=path)
        return allowed(path, item, item.legacy, self.legacy)


def plain_name(path: str, name: object) -> str:
    """Give our name of a signature algorithm that may be written as ``SHA512/RSA``.

    Raises:
        ProfileError: It is no text.
    """
    if not isinstance(name, str):
        raise ProfileError(f"A text is needed, not {name!r}.", path=path)
    match = _SAP.fullmatch(name.replace(" ", ""))
    if match is None:
        return name
    digest = match[1].lower()
    scheme = f"{match[2].lower()}-pss" if match[3] else match[2].lower()
    return f"{scheme}-{digest}"


_CHOICES: Mapping[str, object] = {
    "certificates": Certificates,
    "signer_reference": Reference,
    "recipient_reference": Reference,
    "protection": Protection,
    "encoding": Encoding,
    "signatures": Signatures,
    "unsigned": Unsigned,
}
