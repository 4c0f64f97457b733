"""Settings of OpenPGP: the keys of a ``[payload.NAME]`` table with ``format = "openpgp"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from zeep_wssec.errors import ProfileError
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.payload.openpgp import algorithms
from zeep_wssec.payload.openpgp.algorithms import PgpAlgorithm
from zeep_wssec.settings.checks import (
    allowed,
    check_choice,
    check_number,
    frozen_legacy,
    frozen_texts,
    named,
)

Compression = Literal["zip", "zlib", "bzip2", "none"]
Signatures = Literal["required", "optional", "none"]


@dataclass(frozen=True, kw_only=True)
class OpenPgpSettings:
    """How data is signed and encrypted as OpenPGP, and what such data from a partner must prove.

    Keys are named by a part of their user id, as ``"@bank.example"``, or by their fingerprint.

    Spec: RFC 4880, section 11.3, OpenPGP Messages.
    """

    opt_ins: ClassVar[Mapping[str, str]] = algorithms.LEGACY
    """What ``legacy`` may have."""
    offered: ClassVar[Mapping[str, Sequence[str]]] = {
        "cipher": tuple(algorithms.CIPHERS_BY_NAME),
        "digest": tuple(algorithms.DIGESTS_BY_NAME),
    }
    """Values of fields whose type is only ``str``, for editors to offer."""

    public_rings: Sequence[Path] = ()
    """Files with public keys, in either of GnuPG's forms: whom is encrypted to, and whose signatures count."""
    secret_rings: Sequence[Path] = ()
    """Files with our secret keys, each protected by ``passphrase``."""
    passphrase: Secret | None = None
    """Of all secret keys."""
    recipients: Sequence[str] = ()
    """Whom is encrypted to: every key that one of these names."""
    signers: Sequence[str] = ()
    """Which of our keys sign, all of them; unset: the only one."""
    signed_by: Sequence[str] = ()
    """Whose signatures count; unset: those of every key of the public rings."""
    signatures: Signatures = "required"
    """What ``open`` demands: one signature that counts; one, if there are any; or that there is none."""
    cipher: str = "aes256"
    digest: str = "sha512"
    compression: Compression = "zip"
    armor: bool = False
    """Whether what is written is text."""
    detached: bool = False
    """Whether ``sign`` gives the signature alone."""
    clock_skew_seconds: int = 60
    """How far the time of a signature may lie in the future."""
    max_age_seconds: int | None = None
    """Oldest signature that counts; unset: any age."""
    max_output_bytes: int = 4 * 1024**3
    """Most octets that decrypted or verified data may become: compressed data is small."""
    gpg: str = "gpg"
    """The program of GnuPG, 2.2 or later."""
    legacy: Mapping[str, str] = field(default_factory=dict)
    """Opt-ins with their reasons: ``{"no-mdc": "their gateway knows nothing else"}``."""

    def __post_init__(self) -> None:
        for name in ("recipients", "signers", "signed_by"):
            texts = frozen_texts(name, getattr(self, name))
            if any(len(text.strip()) < 3 for text in texts):
                raise ProfileError(
                    "A name of a key has three characters at least: a shorter one fits too many.",
                    path=name,
                )
            object.__setattr__(self, name, texts)
        for name in ("public_rings", "secret_rings"):
            value = getattr(self, name)
            if isinstance(value, str | Path):
                raise ProfileError("A list of files is needed.", path=name)
            object.__setattr__(self, name, tuple(Path(item) for item in value))
        check_choice("signatures", self.signatures, Signatures)
        check_choice("compression", self.compression, Compression)
        legacy = frozen_legacy(self.legacy, known=algorithms.LEGACY)
        object.__setattr__(self, "legacy", legacy)
        _ = (self.content_cipher, self.signature_digest)
        for name in ("clock_skew_seconds", "max_output_bytes"):
            check_number(name, getattr(self, name), minimum=0)
        if self.max_age_seconds is not None:
            check_number("max_age_seconds", self.max_age_seconds, minimum=0)
        if not self.gpg or self.gpg.startswith("-"):
            raise ProfileError("This is no program.", path="gpg")

    @property
    def content_cipher(self) -> PgpAlgorithm:
        """What content is encrypted with."""
        cipher = named("cipher", self.cipher, algorithms.CIPHERS_BY_NAME)
        return allowed("cipher", cipher, cipher.legacy, self.legacy)

    @property
    def signature_digest(self) -> PgpAlgorithm:
        """What is signed over."""
        digest = named("digest", self.digest, algorithms.DIGESTS_BY_NAME)
        return allowed("digest", digest, digest.legacy, self.legacy)
