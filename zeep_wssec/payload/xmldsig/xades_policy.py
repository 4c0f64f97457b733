"""SignaturePolicyIdentifier of XAdES-EPES: the rules that a signature was made under, written and demanded.

Spec: ETSI TS 101 903 1.4.2, sections 4.4.2 and 7.2.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from zeep_wssec.errors import PayloadMalformedError, PayloadUnsignedError
from zeep_wssec.payload.xmldsig.settings import SignaturePolicy
from zeep_wssec.payload.xmldsig.xades_digest import XADES, digest_xml, read_digest
from zeep_wssec.xmlcrypto.values import children_of, text_of

POLICY: Final = f"{{{XADES}}}SignaturePolicyIdentifier"
_IMPLIED: Final = f"{{{XADES}}}SignaturePolicyImplied"
_EXPLICIT: Final = f"{{{XADES}}}SignaturePolicyId"
_ID: Final = f"{{{XADES}}}SigPolicyId"
_HASH: Final = f"{{{XADES}}}SigPolicyHash"
_QUALIFIERS: Final = f"{{{XADES}}}SigPolicyQualifiers"
_IDENTIFIER: Final = f"{{{XADES}}}Identifier"
_SHAPES: Final = ([_ID, _HASH], [_ID, _HASH, _QUALIFIERS])
"""Qualifiers say where to read about the policy, and decide nothing. Transforms are not understood."""


def policy_xml(policy: SignaturePolicy | None) -> str:
    """Write a policy; ``None``: it is implied by what is signed."""
    if policy is None:
        inner = "<xades:SignaturePolicyImplied/>"
    else:
        # Section 7.1.1: an object identifier that is written as a URN says so.
        form = ' Qualifier="OIDAsURN"' if policy.id.lower().startswith("urn:oid:") else ""
        inner = (
            f"<xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier{form}>{escape(policy.id)}"
            "</xades:Identifier></xades:SigPolicyId><xades:SigPolicyHash>"
            f"{digest_xml(policy.digest, policy.value)}</xades:SigPolicyHash></xades:SignaturePolicyId>"
        )
    return f"<xades:SignaturePolicyIdentifier>{inner}</xades:SignaturePolicyIdentifier>"


def check_policy(found: Sequence[etree._Element], wanted: SignaturePolicy | None) -> None:
    """Refuse a signature that was not made under the policy that is wanted.

    Args:
        found: Each SignaturePolicyIdentifier of the signed properties.
        wanted: The policy; ``None``: one that is implied.

    Raises:
        PayloadUnsignedError: No policy is told.
        PayloadMalformedError: It is another one, or not understood.
        PayloadAlgorithmError: The digest of the policy is weak or unknown.
    """
    if not found:
        raise PayloadUnsignedError("The signature does not tell the policy that it was made under.")
    held = children_of(found[0])
    if len(found) > 1 or len(held) != 1 or held[0].tag not in (_IMPLIED, _EXPLICIT):
        raise PayloadMalformedError("SignaturePolicyIdentifier must tell one policy.")
    is_implied = held[0].tag == _IMPLIED
    if is_implied != (wanted is None):
        raise _other("is implied" if is_implied else "is stated")
    if wanted is not None:
        _check_explicit(held[0], wanted)


def _check_explicit(element: etree._Element, wanted: SignaturePolicy) -> None:
    parts = children_of(element)
    if [item.tag for item in parts] not in _SHAPES:
        raise PayloadMalformedError("SignaturePolicyId has another shape than is understood.")
    names = [item for item in parts[0] if item.tag == _IDENTIFIER]
    told = text_of(names[0]).strip() if len(names) == 1 else ""
    if told != wanted.id:
        raise _other(f"is {told[:200]!r}")
    digest, value = read_digest(children_of(parts[1]), what="SigPolicyHash")
    if (digest, value) != (wanted.digest, wanted.value):
        raise _other("has another digest")


def _other(how: str) -> PayloadMalformedError:
    return PayloadMalformedError(
        f"The policy that the signature was made under {how}; that is not the one that is demanded.",
        hint="Compare policy_id and policy_digest to what was agreed on.",
    )
