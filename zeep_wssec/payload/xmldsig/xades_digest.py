"""Digests in the properties of XAdES: ``ds:DigestMethod`` and ``ds:DigestValue``, written and read."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from lxml import etree

from zeep_wssec.errors import PayloadAlgorithmError, PayloadMalformedError
from zeep_wssec.xmlcrypto.algorithms import DIGESTS_BY_URI, Digest
from zeep_wssec.xmlcrypto.signature_model import DS
from zeep_wssec.xmlcrypto.values import decode_base64

XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
_PARTS: Final = [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]


def digest_xml(digest: Digest, value: bytes) -> str:
    """Write a digest."""
    text = base64.b64encode(value).decode()
    return f'<ds:DigestMethod Algorithm="{digest.uri}"/><ds:DigestValue>{text}</ds:DigestValue>'


def read_digest(parts: Sequence[etree._Element], *, what: str) -> tuple[Digest, bytes]:
    """Read a digest.

    Args:
        parts: All that stands in what holds it.
        what: Of what it is, for errors.

    Raises:
        PayloadMalformedError: It is none.
        PayloadAlgorithmError: Its method is unknown or weak.
    """
    if [item.tag for item in parts] != _PARTS:
        raise PayloadMalformedError(f"{what} must hold a digest.")
    digest = DIGESTS_BY_URI.get(parts[0].get("Algorithm") or "")
    if digest is None or digest.legacy:
        shown = (parts[0].get("Algorithm") or "none")[:120]
        raise PayloadAlgorithmError(f"The digest {shown!r} of {what} is refused.", algorithm=shown)
    return digest, decode_base64(parts[1])
