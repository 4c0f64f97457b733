"""SignerInfo: read into a frozen model by an allow-list, before any key is touched.

Spec: RFC 5652, section 5.3; RFC 6211; RFC 5035.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from zeep_wssec.errors import PayloadAlgorithmError, PayloadMalformedError, PayloadSignatureError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.payload.cms.algorithms import (
    ALGORITHM_PROTECTION_ATTRIBUTE,
    CONTENT_TYPES,
    DIGESTS_BY_NAME,
    DIGESTS_BY_OID,
    SIGNING_CERTIFICATE_ATTRIBUTES,
)
from zeep_wssec.payload.cms.attributes import SignedAttributes, read_attributes
from zeep_wssec.payload.cms.der import INTEGER, OCTET_STRING, SEQUENCE
from zeep_wssec.payload.cms.identifiers import (
    ReadSignatureMethod,
    read_algorithm,
    read_digest,
    read_signature,
)
from zeep_wssec.payload.cms.naming import CertificateName, read_certificate_name


@dataclass(frozen=True, kw_only=True)
class SignerInfo:
    """One signature, as a message states it."""

    name: CertificateName
    """Of the signer's certificate."""
    digest_oid: str
    signature_oid: str
    stated: ReadSignatureMethod | None
    """The algorithms; ``None`` where they are not allowed."""
    problem: PayloadAlgorithmError | None
    """Why they are not."""
    attributes: SignedAttributes | None
    value: bytes

    def check_content(self, content_type: str, digest: bytes) -> None:
        """Hold the signed attributes against the content that was read.

        Raises:
            PayloadSignatureError: The content is not what was signed.
            PayloadMalformedError: The attributes lack what they must have.
            PayloadAlgorithmError: The protected algorithms are others than those stated.
        """
        if self.attributes is None:
            return
        signed = self.attributes.content_type
        if signed != content_type:
            raise PayloadSignatureError(
                f"Signed was content of type {CONTENT_TYPES.get(signed, signed)}; this is of type "
                f"{CONTENT_TYPES.get(content_type, content_type)}."
            )
        if self.attributes.message_digest != digest:
            raise PayloadSignatureError(
                "The content was changed: its digest is not the signed one."
            )
        self._check_protection(self.attributes)

    def _check_protection(self, attributes: SignedAttributes) -> None:
        value = attributes.values.get(ALGORITHM_PROTECTION_ATTRIBUTE)
        if value is None:
            return
        try:
            (first, digest), (second, signature) = iterate_tlv(read_tlv(value)[1])
        except (ValueError, IndexError):
            raise PayloadMalformedError("The protected algorithms cannot be read.") from None
        protected = (first, second, read_algorithm(digest)[0], read_algorithm(signature)[0])
        if protected != (SEQUENCE, 0xA1, self.digest_oid, self.signature_oid):
            raise PayloadAlgorithmError(
                "The algorithms of the signature are others than the signer protected."
            )

    def may_be(self, certificate: Certificate) -> bool:
        """Tell whether the certificate is the one that is named, and that the signer signed along, if so."""
        if not self.name.matches(certificate):
            return False
        if self.attributes is None:
            return True
        return all(
            _is_signing_certificate(self.attributes.values[number], certificate, is_second)
            for number, is_second in zip(SIGNING_CERTIFICATE_ATTRIBUTES, (False, True), strict=True)
            if number in self.attributes.values
        )


def read_signer_info(content: bytes, legacy: Container[str]) -> SignerInfo:
    """Read the content of one SignerInfo.

    Raises:
        PayloadMalformedError: It has another shape.
    """
    try:
        fields = list(iterate_tlv(content))
        (version, _), (name_tag, name), (digest_tag, digest) = fields[:3]
        attributes = fields.pop(3)[1] if fields[3][0] == 0xA0 else None
        (method_tag, method), (value_tag, value) = fields[3:5]
        rest = [tag for tag, _ in fields[5:]]
    except (ValueError, IndexError):
        raise PayloadMalformedError("A signature cannot be read.") from None
    tags = (version, digest_tag, method_tag, value_tag)
    # What is not signed, rest, proves nothing and is not looked at.
    if tags != (INTEGER, SEQUENCE, SEQUENCE, OCTET_STRING) or rest not in ([], [0xA1]):
        raise PayloadMalformedError("A signature has another shape than it should have.")
    problem = stated = None
    try:
        stated = read_signature(method, read_digest(digest, legacy), legacy)
    except PayloadAlgorithmError as error:
        problem = error
    return SignerInfo(
        name=read_certificate_name(name_tag, name),
        digest_oid=read_algorithm(digest)[0],
        signature_oid=read_algorithm(method)[0],
        stated=stated,
        problem=problem,
        attributes=None if attributes is None else read_attributes(attributes),
        value=value,
    )


def _is_signing_certificate(value: bytes, certificate: Certificate, is_second: bool) -> bool:
    """Hold a certificate against the first hash of ESS signing-certificate, or of its second version."""
    try:
        identifiers = next(iterate_tlv(read_tlv(value)[1]))[1]
        fields = list(iterate_tlv(next(iterate_tlv(identifiers))[1]))
        digest = DIGESTS_BY_NAME["sha256" if is_second else "sha1"]
        if is_second and fields[0][0] == SEQUENCE:
            digest = DIGESTS_BY_OID[read_algorithm(fields.pop(0)[1])[0]]
        tag, expected = fields[0]
    except (ValueError, IndexError, KeyError, StopIteration, PayloadMalformedError):
        return False
    return tag == OCTET_STRING and expected == digest.of(certificate.der)
