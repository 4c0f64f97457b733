"""Reading SignedData: what was signed, by whom, and whether that is who must have signed.

The order of a check; the numbers stand at the code:

1. Structure up to the content.
2. The content: into a private place, and through every digest that is stated.
3. Certificates and signers, to the very end of the data.
4. Each signature: content type, digest, value.
5. Each signer: certificate, identity, fitness.
6. Whether that is enough.

Spec: RFC 5652, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from zeep_wssec.errors import (
    KeyLoadError,
    KeyUsageError,
    PayloadAlgorithmError,
    PayloadError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import MAX_EXTRA
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.algorithms import DIGESTS_BY_OID, Digest, RunningDigest
from zeep_wssec.payload.cms.attributes import looks_like_attributes
from zeep_wssec.payload.cms.ber import BerReader
from zeep_wssec.payload.cms.der import SET
from zeep_wssec.payload.cms.identifiers import read_algorithm
from zeep_wssec.payload.cms.signer_info import SignerInfo, read_signer_info
from zeep_wssec.payload.cms.values import has_made
from zeep_wssec.payload.results import PayloadSigner
from zeep_wssec.payload.trust import SignerJudge, alias_of
from zeep_wssec.signer_trust import TrustedSigner

if TYPE_CHECKING:
    from zeep_wssec.payload.cms.settings import CmsSettings

MAX_SIGNERS = 16
MAX_CERTIFICATES = 64
MAX_DIGESTS = 8
_MAX_CANDIDATES = 4
"""Certificates of one name that a signature is tried with."""
_HEAD_BYTES = 64 * 1024 + 1


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What a check needs besides the data."""

    settings: CmsSettings
    judge: SignerJudge
    keys: Snapshot
    now: datetime


@dataclass(kw_only=True)
class ContentDigests:
    """The digests of content that is read once, and its head for one more look."""

    digests: Mapping[str, RunningDigest]
    """Running digests by object identifier."""
    head: bytearray = field(default_factory=bytearray)

    @classmethod
    def of(cls, stated: Iterable[Digest]) -> ContentDigests:
        """Begin with the digests that a message states."""
        return cls(digests={item.oid: item.begin() for item in stated})

    def update(self, piece: bytes) -> None:
        """Take a piece of the content."""
        for digest in self.digests.values():
            digest.update(piece)
        if len(self.head) < _HEAD_BYTES:
            self.head += piece[: _HEAD_BYTES - len(self.head)]

    def of_signer(self, info: SignerInfo) -> bytes:
        """Give the digest that a signer has signed.

        Raises:
            PayloadMalformedError: It was not stated in front of the content.
        """
        if info.digest_oid not in self.digests:
            raise PayloadMalformedError("A signer has a digest that is not stated in front.")
        return self.digests[info.digest_oid].digest()


def read_digests(ber: BerReader) -> tuple[Digest, ...]:
    """Read the SET of digest algorithms; those that are not known are passed over, their signers are not."""
    found = []
    for member in ber.elements(SET, most=MAX_DIGESTS, what="digests"):
        number, _ = read_algorithm(content_of(member))
        if number in DIGESTS_BY_OID:
            found.append(DIGESTS_BY_OID[number])
    return tuple(found)


def read_certificates(ber: BerReader) -> tuple[Certificate, ...]:
    """Read the certificates, if there are any, and pass over revocation lists; neither is trusted."""
    found: dict[Certificate, None] = {}
    if ber.peek() == 0xA0:
        for member in ber.elements(0xA0, most=MAX_CERTIFICATES, what="certificates", verbatim=True):
            try:
                found[Certificate.from_der(member)] = None
            except KeyLoadError:
                continue  # of another kind, or broken: it verifies nothing
    ber.optional(0xA1)
    return tuple(found)


def read_signers(ber: BerReader, settings: CmsSettings) -> tuple[SignerInfo, ...]:
    """Read the SET of signatures.

    Raises:
        PayloadUnsignedError: It is empty.
    """
    members = ber.elements(SET, most=MAX_SIGNERS, what="signatures")
    if not members:
        raise PayloadUnsignedError("Nobody has signed the data: it has no signature at all.")
    return tuple(read_signer_info(content_of(item), settings.legacy) for item in members)


def content_of(element: bytes) -> bytes:
    """Give the content of an element that was read whole.

    Raises:
        PayloadMalformedError: It is no SEQUENCE.
    """
    if element[:1] != b"\x30":
        raise PayloadMalformedError("A member of a set is none.")
    first = element[1]
    return element[2 if first < 0x80 else 2 + (first & 0x7F) :]


@dataclass(frozen=True)
class _Outcome:
    """What became of one signature."""

    signer: PayloadSigner
    trusted: TrustedSigner | None = None
    problem: PayloadError | None = None


def judge_signers(
    infos: Sequence[SignerInfo],
    *,
    bag: tuple[Certificate, ...],
    content_type: str,
    digests: ContentDigests,
    judging: Judging,
) -> tuple[PayloadSigner, ...]:
    """Verify every signature and decide whether they are enough.

    Args:
        infos: The signatures.
        bag: Certificates that came along.
        content_type: Of the content.
        digests: Of the content, which was read to its end.
        judging: Who must have signed, and what is known.

    Returns:
        The signers, trusted ones first.

    Raises:
        PayloadSignatureError: A signature does not match, whoever made it.
        PayloadSignerError: The signers are not who must have signed.
        PayloadAlgorithmError: A signature is made with what is not allowed.
    """
    outcomes = [_judge(info, bag, content_type, digests, judging) for info in infos]
    # 6. Whether that is enough.
    trusted = [item.trusted for item in outcomes if item.trusted is not None]
    problems = [item.problem for item in outcomes if item.problem is not None]
    mode = judging.settings.signatures
    if problems and (mode == "all" or not trusted):
        raise problems[0]
    if mode == "each" and (missing := judging.judge.missing(trusted)):
        raise PayloadSignerError(
            f"The data lacks a signature of {' and of '.join(missing)}.",
            reason="wrong_peer",
            missing=missing,
        )
    found = sorted((item.signer for item in outcomes), key=lambda item: not item.trusted)
    return tuple(found)


def _judge(
    info: SignerInfo,
    bag: tuple[Certificate, ...],
    content_type: str,
    digests: ContentDigests,
    judging: Judging,
) -> _Outcome:
    certificates = _candidates(info, bag, judging.keys)
    if info.stated is None:
        assert info.problem is not None  # noqa: S101  # one of the two is there
        return _Outcome(_describe(info, certificates[:1], judging), problem=info.problem)
    # 4. The signature.
    digest = digests.of_signer(info)
    info.check_content(content_type, digest)
    _check_bare(info, digests)
    if not certificates:
        return _Outcome(_describe(info, (), judging), problem=_unknown(info))
    made_by = tuple(item for item in certificates if _has_made(item, info, digest))
    if not made_by:
        raise PayloadSignatureError(
            "The signature was not made by the key of the certificate that it names, or was changed."
        )
    # 5. The signer.
    problems = []
    for certificate in made_by:
        extra = tuple(item for item in bag if item != certificate)[:MAX_EXTRA]
        try:
            trusted = judging.judge.judge(
                certificate, keys=judging.keys, now=judging.now, extra=extra
            )
        except PayloadSignerError as error:
            problems.append(error)
            continue
        return _Outcome(_describe(info, (certificate,), judging, trusted), trusted=trusted)
    return _Outcome(_describe(info, made_by[:1], judging), problem=problems[0])


def _candidates(
    info: SignerInfo, bag: tuple[Certificate, ...], keys: Snapshot
) -> tuple[Certificate, ...]:
    """Give the certificates that a signature may name; those that we have come first."""
    known = dict.fromkeys((*keys.certificates, *bag))
    return tuple(item for item in known if info.may_be(item))[:_MAX_CANDIDATES]


def _check_bare(info: SignerInfo, digests: ContentDigests) -> None:
    if info.attributes is not None or info.stated is None:
        return
    if info.stated.method.scheme == "eddsa":
        raise PayloadAlgorithmError(
            f"{info.stated.method.name} without signed attributes is not read.",
            algorithm=info.stated.method.name,
        )
    if looks_like_attributes(bytes(digests.head)):
        raise PayloadSignatureError(
            "The content looks like the signed attributes of other content, and none are there: the "
            "signature may be over something else."
        )


def _has_made(certificate: Certificate, info: SignerInfo, digest: bytes) -> bool:
    try:
        key = certificate.public_key
    except KeyUsageError:
        return False
    assert info.stated is not None  # noqa: S101  # checked by the caller
    if info.attributes is not None:
        octets = info.attributes.signed_octets
        return has_made(key, info.value, stated=info.stated, octets=octets)
    return has_made(key, info.value, stated=info.stated, digest=digest)


def _unknown(info: SignerInfo) -> PayloadSignerError:
    return PayloadSignerError(
        f"The signer's certificate is not there: {info.name.describe()}.",
        hint="Add it to the keystore, or ask for it to be sent along.",
        reason="unknown_signer",
    )


def _describe(
    info: SignerInfo,
    certificates: Sequence[Certificate],
    judging: Judging,
    trusted: TrustedSigner | None = None,
) -> PayloadSigner:
    certificate = certificates[0] if certificates else None
    method = info.stated.method if info.stated else None
    alias = trusted.alias if trusted else None
    if trusted is None and certificate is not None:
        alias = alias_of(certificate, judging.keys)
    return PayloadSigner(
        alias=alias,
        trusted_as="; warning: ".join((trusted.text, *trusted.warnings)) if trusted else "",
        subject=certificate.subject if certificate else "",
        sha256=certificate.thumbprint_sha256 if certificate else "",
        key_id=info.name.describe(),
        signed_at=info.attributes.signing_time if info.attributes else None,
        algorithm=""
        if method is None
        else method.name
        if method.scheme == "eddsa"
        else method.scheme,
        digest=method.digest if method else "",
    )
