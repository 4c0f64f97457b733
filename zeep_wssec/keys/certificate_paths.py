"""Certificates with those above them in one token: PKIPath, and PKCS#7 without a signature.

The lists are read and written only. Whether a chain leads to something that is trusted is for the
path validator to say; here no signature is looked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from cryptography.hazmat.primitives import serialization

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.der import decode_oid, iterate_tlv, read_tlv
from zeep_wssec.keys.der_writing import SEQUENCE, write_tlv
from zeep_wssec.keys.pem import order_chain

MAX_PATH_CERTIFICATES = 8
"""Longest list read or written; ordinary chains have two to four certificates."""

MAX_PATH_BYTES = 128 * 1024
"""Largest list read; ordinary ones have three to ten kilobytes."""

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_OBJECT_IDENTIFIER = 0x06
_TAG_0 = 0xA0


def pki_path(chain: Sequence[Certificate]) -> bytes:
    """Write a chain as a PKIPath.

    Args:
        chain: 1 to 8 certificates, leaf first, each issued by the next; the root may be missing.

    Returns:
        DER ``SEQUENCE OF Certificate``, which has the leaf last.

    Raises:
        KeyLoadError: It is empty, too long, or no chain.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1 (``X509PKIPathv1``); X.509, section 7.
    """
    _require_chain(chain, what="The chain")
    return write_tlv(SEQUENCE, b"".join(item.der for item in reversed(chain)))


def read_pki_path(octets: bytes) -> tuple[Certificate, ...]:
    """Read a PKIPath; the result has the leaf first.

    Args:
        octets: At most 128 KiB of DER with 1 to 8 certificates, each the issuer of the next.

    Raises:
        KeyLoadError: It is anything else, the other order included.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1 (``X509PKIPathv1``); X.509, section 7.
    """
    _require_size(octets, what="The PKIPath")
    try:
        tag, content, end = read_tlv(octets)
        items = list(iterate_tlv(content))
    except ValueError:
        raise _broken("PKIPath") from None
    if tag != SEQUENCE or end != len(octets) or any(tag != SEQUENCE for tag, _ in items):
        raise _broken("PKIPath")
    # Counted before any is parsed.
    _require_count(len(items), what="The PKIPath")
    chain = tuple(Certificate.from_der(write_tlv(tag, item)) for tag, item in reversed(items))
    _require_chain(chain, what="The PKIPath")
    return chain


def pkcs7_certificates(chain: Sequence[Certificate]) -> bytes:
    """Write a chain as PKCS#7 ``SignedData`` that holds certificates and no signature.

    Args:
        chain: 1 to 8 certificates, leaf first, each issued by the next; the root may be missing.

    Raises:
        KeyLoadError: It is empty, too long, or no chain.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1 (``PKCS7``); RFC 2315, section 9.
    """
    # Imported here: it brings all of the standard library's email.
    from cryptography.hazmat.primitives.serialization import pkcs7

    _require_chain(chain, what="The chain")
    made = pkcs7.serialize_certificates([item.x509 for item in chain], serialization.Encoding.DER)
    return bytes(made)


def read_pkcs7(octets: bytes) -> tuple[Certificate, ...]:
    """Read the certificates of PKCS#7 ``SignedData``, which keeps them in no order.

    Args:
        octets: At most 128 KiB of DER with 1 to 8 certificates. Signatures and revocation lists in
            it are not looked at.

    Returns:
        The one certificate that issued none of the others, then those above it, nearest first, then
        what is left.

    Raises:
        KeyLoadError: It is anything else, or has several such certificates or none.

    Spec: WSS X.509 Certificate Token Profile 1.1.1, section 3.1 (``PKCS7``); RFC 2315, section 9.
    """
    _require_size(octets, what="The PKCS#7 data")
    try:
        items = _signed_data_certificates(octets)
    except ValueError:
        raise _broken("PKCS#7 data") from None
    # Counted before any is parsed.
    _require_count(len(items), what="The PKCS#7 data")
    held = tuple(dict.fromkeys(Certificate.from_der(write_tlv(SEQUENCE, item)) for item in items))
    leaf = _require_one_leaf(held)
    chain = (leaf, *order_chain(leaf, held))
    return (*chain, *(item for item in held if item not in chain))


def _signed_data_certificates(octets: bytes) -> list[bytes]:
    """Give the content of each certificate in ``SignedData``.

    Read here because OpenSSL does not sort the set of certificates, which a strict DER parser refuses.
    """
    tag, content, end = read_tlv(octets)
    (kind_tag, kind), (outer_tag, outer) = iterate_tlv(content)
    ((data_tag, data),) = iterate_tlv(outer)
    if (tag, kind_tag, outer_tag, data_tag) != (SEQUENCE, _OBJECT_IDENTIFIER, _TAG_0, SEQUENCE):
        raise ValueError
    if end != len(octets) or decode_oid(kind) != _SIGNED_DATA:
        raise ValueError
    _version, _digests, _content, *optional = iterate_tlv(data)
    items = [item for tag, held in optional if tag == _TAG_0 for item in iterate_tlv(held)]
    if any(tag != SEQUENCE for tag, _ in items):
        raise ValueError
    return [item for _, item in items]


def _require_one_leaf(held: Sequence[Certificate]) -> Certificate:
    leaves = [
        item
        for item in held
        if not any(
            other.canonical_issuer == item.canonical_subject for other in held if other != item
        )
    ]
    if len(leaves) != 1:
        raise KeyLoadError(
            f"The PKCS#7 data has {len(leaves)} certificates that issued none of the others; "
            "exactly one is expected.",
            hint="Send one certificate with those above it.",
        )
    return leaves[0]


def _require_chain(chain: Sequence[Certificate], *, what: str) -> None:
    _require_count(len(chain), what=what)
    for position, (lower, upper) in enumerate(itertools.pairwise(chain), start=1):
        if lower.canonical_issuer != upper.canonical_subject:
            raise KeyLoadError(
                f"{what} is not in order: number {position} from the leaf, {lower.describe()}, "
                f"was not issued by {upper.describe()}.",
                hint="A PKIPath starts with the certificate nearest the root and ends with the leaf.",
            )


def _require_count(count: int, *, what: str) -> None:
    if not 1 <= count <= MAX_PATH_CERTIFICATES:
        raise KeyLoadError(
            f"{what} has {count} certificates; 1 to {MAX_PATH_CERTIFICATES} are allowed.",
            hint="Send the leaf and the certificates between it and the root.",
        )


def _require_size(octets: bytes, *, what: str) -> None:
    if len(octets) > MAX_PATH_BYTES:
        raise KeyLoadError(
            f"{what} has {len(octets)} bytes; {MAX_PATH_BYTES} is the most that is read.",
            hint="Send the leaf and the certificates between it and the root.",
        )


def _broken(what: str) -> KeyLoadError:
    return KeyLoadError(f"These bytes are not one well-formed {what} in DER.")
