"""AlgorithmIdentifiers of signatures: written, and read by an allow-list of algorithms and parameters."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TypeVar

from zeep_wssec.errors import PayloadAlgorithmError, PayloadMalformedError
from zeep_wssec.keys.der import decode_oid, iterate_tlv, read_tlv
from zeep_wssec.payload.cms.algorithms import (
    DIGESTS_BY_NAME,
    DIGESTS_BY_OID,
    MGF1,
    PSS,
    RSA_ENCRYPTION,
    SIGNATURE_METHODS,
    SIGNATURE_METHODS_BY_OID,
    Digest,
    SignatureMethod,
    algorithm_name,
)
from zeep_wssec.payload.cms.der import NULL, SEQUENCE, algorithm, context, integer, sequence

_SHORTEST_SALT = 20
"""The default of RFC 4055, which some keep for longer digests."""
_LONGEST_SALT = 1024
_DSA = "1.2.840.10040.4.1"
_Item = TypeVar("_Item", Digest, SignatureMethod)


@dataclass(frozen=True)
class ReadSignatureMethod:
    """A signature algorithm as a message states it."""

    method: SignatureMethod
    salt: int = 0
    """Octets of the salt of PSS."""


def read_algorithm(content: bytes) -> tuple[str, bytes]:
    """Read the content of an AlgorithmIdentifier: its number, and its parameters whole, or nothing.

    Raises:
        PayloadMalformedError: It is none.
    """
    try:
        tag, value, end = read_tlv(content)
        if tag != 0x06:
            raise ValueError
        number = decode_oid(value)
        parameters = content[end:]
        if parameters and read_tlv(parameters)[2] != len(parameters):
            raise ValueError
    except (ValueError, IndexError):
        raise PayloadMalformedError("An algorithm is not named as it should be.") from None
    return number, parameters


def digest_identifier(digest: Digest) -> bytes:
    """Write the identifier of a digest: parameters are absent, as RFC 5754 says; SHA-1 has NULL."""
    if digest.length_bits:
        return algorithm(digest.oid, integer(digest.length_bits))
    return algorithm(digest.oid, NULL if digest.name == "sha1" else b"")


def read_digest(content: bytes, legacy: Container[str]) -> Digest:
    """Read the identifier of a digest.

    Raises:
        PayloadAlgorithmError: It is unknown, or weak without its opt-in.
    """
    number, parameters = read_algorithm(content)
    found = DIGESTS_BY_OID.get(number)
    length = integer(found.length_bits) if found and found.length_bits else None
    if parameters != length if length else parameters not in (b"", NULL):
        raise PayloadMalformedError("The parameters of a digest are not those that it should have.")
    if found is None:
        raise refused_algorithm(number)
    return require_allowed(found, legacy)


def require_allowed(item: _Item, legacy: Container[str]) -> _Item:
    """Give an algorithm, unless it needs an opt-in that is not there.

    Raises:
        PayloadAlgorithmError: ``legacy`` lacks its ``opt_in``.
    """
    if item.legacy and item.legacy not in legacy:
        raise refused_algorithm(item.name, opt_in=item.legacy)
    return item


def refused_algorithm(name: str, *, opt_in: str = "") -> PayloadAlgorithmError:
    """Make the error for an algorithm that is not allowed, by its name or number."""
    shown = algorithm_name(name)
    hint = "Ask the sender for another algorithm"
    hint += f', or add legacy = {{ {opt_in} = "reason" }}.' if opt_in else "."
    details = {"opt_in": opt_in} if opt_in else {}
    return PayloadAlgorithmError(
        f"The algorithm {shown} is not allowed.", hint=hint, algorithm=shown, **details
    )


def signature_identifier(method: SignatureMethod) -> bytes:
    """Write the identifier of a signature algorithm as most readers know it."""
    if method.scheme == "rsa-pss":
        digest = DIGESTS_BY_NAME[method.digest]
        mask = algorithm(digest.oid, NULL)
        return algorithm(
            PSS,
            sequence(
                context(0, mask),
                context(1, algorithm(MGF1, mask)),
                context(2, integer(digest.size)),
            ),
        )
    if method.scheme == "rsa-pkcs1v15":
        # RFC 5754, section 3.2: rsaEncryption with the digest beside it is known to every reader.
        is_old = method.digest.startswith("sha3")
        return algorithm(method.oid if is_old else RSA_ENCRYPTION, NULL)
    return algorithm(method.oid)


def read_signature(content: bytes, digest: Digest, legacy: Container[str]) -> ReadSignatureMethod:
    """Read the identifier of a signature algorithm, which must fit the digest beside it.

    Raises:
        PayloadAlgorithmError: It is unknown, weak without its opt-in, or for another digest.
    """
    number, parameters = read_algorithm(content)
    salt = 0
    if number == PSS:
        salt = _read_pss(parameters, digest)
        found = _method("rsa-pss", digest)
    elif number in (RSA_ENCRYPTION, _DSA):
        _require_no_parameters(parameters)
        found = _method("rsa-pkcs1v15" if number == RSA_ENCRYPTION else "dsa", digest)
    else:
        _require_no_parameters(parameters)
        found = SIGNATURE_METHODS_BY_OID.get(number)
    if found is None:
        raise refused_algorithm(number)
    if found.digest != digest.name:
        raise PayloadAlgorithmError(
            f"The signature algorithm {found.name} does not go with the digest {digest.name}.",
            algorithm=found.name,
        )
    return ReadSignatureMethod(require_allowed(found, legacy), salt)


def _method(scheme: str, digest: Digest) -> SignatureMethod | None:
    wanted = (item for item in SIGNATURE_METHODS if item.scheme == scheme)
    return next((item for item in wanted if item.digest == digest.name), None)


def _require_no_parameters(parameters: bytes) -> None:
    if parameters not in (b"", NULL):
        raise PayloadMalformedError("A signature algorithm has parameters that it should not have.")


def _read_pss(parameters: bytes, digest: Digest) -> int:
    """Read RSASSA-PSS-params; everything in it must go with the one digest.

    Spec: RFC 4055, section 3.1.
    """
    hash_oid, mask_oid, salt, trailer = DIGESTS_BY_NAME["sha1"].oid, "", 20, 1
    try:
        tag, content, _ = read_tlv(parameters)
        if tag != SEQUENCE:
            raise ValueError
        for tag, value in iterate_tlv(content):
            inner = read_tlv(value)[1]
            if tag == 0xA0:
                hash_oid = read_algorithm(inner)[0]
            elif tag == 0xA1:
                number, mask = read_algorithm(inner)
                mask_oid = read_algorithm(read_tlv(mask)[1])[0] if number == MGF1 else number
            elif tag == 0xA2:
                salt = int.from_bytes(inner, "big", signed=True)
            elif tag == 0xA3:
                trailer = int.from_bytes(inner, "big", signed=True)
            else:
                raise ValueError
    except (ValueError, IndexError):
        raise PayloadMalformedError("The parameters of RSASSA-PSS cannot be read.") from None
    mask_oid = mask_oid or DIGESTS_BY_NAME["sha1"].oid
    if (hash_oid, mask_oid, trailer) != (digest.oid, digest.oid, 1):
        raise PayloadAlgorithmError(
            f"The parameters of RSASSA-PSS do not go with the digest {digest.name}.",
            algorithm="rsa-pss",
        )
    if not _SHORTEST_SALT <= salt <= _LONGEST_SALT:
        raise PayloadAlgorithmError(
            f"A salt of {salt} octets for RSASSA-PSS is not allowed.", algorithm="rsa-pss"
        )
    return salt
