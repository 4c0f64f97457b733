"""XAdES-EPES: the policy that a signature was made under is signed, and demanded (row X-08)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from lxml import etree
from payload.xmldsig.kit import INVOICE, KINDS, Sides, changed, find, signed, verified
from peers import require_module

from zeep_wssec import ProfileError
from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadUnsignedError,
)
from zeep_wssec.payload.xmldsig import XmlDsigSettings, xades
from zeep_wssec.xmlcrypto.algorithms import DIGESTS_BY_NAME

URI = "urn:oid:1.2.3.4"


def digest_of(rules: bytes) -> str:
    return base64.b64encode(hashlib.sha256(rules).digest()).decode()


VALUE = digest_of(b"the rules")
IMPLIED: dict[str, Any] = {"xades": "epes"}
EXPLICIT: dict[str, Any] = {**IMPLIED, "policy_id": URI, "policy_digest": f"sha256:{VALUE}"}
POLICIES = {"implied": IMPLIED, "explicit": EXPLICIT}
ID = f"<xades:SigPolicyId><xades:Identifier>{URI}</xades:Identifier></xades:SigPolicyId>"
DIGEST = (
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    f"<ds:DigestValue>{VALUE}</ds:DigestValue>"
)
HASH = f"<xades:SigPolicyHash>{DIGEST}</xades:SigPolicyHash>"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", POLICIES)
def test_signed_and_demanded(sides: Sides, kind: str, name: str) -> None:
    """A policy, implied or stated, is accepted where it is the one that is demanded."""
    settings = {**KINDS[kind], **POLICIES[name]}
    document = signed(sides.sender(**settings))
    assert verified(sides.receiver(**settings), document).signed_by == ("alice",)
    basic = {**KINDS[kind], "xades": "bes"}
    assert verified(sides.receiver(**basic), document).signed_by == ("alice",)
    with pytest.raises(PayloadUnsignedError):
        verified(sides.receiver(**settings), signed(sides.sender(**basic)))


OTHERS = {
    "implied": (IMPLIED, EXPLICIT),
    "explicit": (EXPLICIT, IMPLIED),
    "id": ({**EXPLICIT, "policy_id": "urn:oid:1.2.3.5"}, EXPLICIT),
    "digest": ({**EXPLICIT, "policy_digest": "sha256:" + digest_of(b"other rules")}, EXPLICIT),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_policy(sides: Sides, name: str) -> None:
    """Another policy than the one that is demanded is refused."""
    made, demanded = OTHERS[name]
    with pytest.raises(PayloadMalformedError, match="policy"):
        verified(sides.receiver(**demanded), signed(sides.sender(**made)))
    assert verified(sides.receiver(**made), signed(sides.sender(**made))).signed_by == ("alice",)


def test_policy_that_was_changed(sides: Sides) -> None:
    """The policy is signed."""
    made = {**EXPLICIT, "policy_id": "urn:oid:1.2.3.5"}

    def change(root: etree._Element) -> None:
        find(root, "//xades:Identifier").text = URI

    with pytest.raises(PayloadSignatureError):
        verified(sides.receiver(**EXPLICIT), changed(signed(sides.sender(**made)), change))


def identifier(inner: str) -> str:
    return f"<xades:SignaturePolicyIdentifier>{inner}</xades:SignaturePolicyIdentifier>"


def explicit(inner: str) -> str:
    return identifier(f"<xades:SignaturePolicyId>{inner}</xades:SignaturePolicyId>")


QUALIFIERS = "<xades:SigPolicyQualifiers/>"
BROKEN = {
    "two identifiers": explicit(ID + HASH) * 2,
    "two policies": identifier("<xades:SignaturePolicyImplied/>" * 2),
    "nothing": identifier(""),
    "another element": identifier("<xades:SignaturePolicy/>"),
    "no hash": explicit(ID),
    "two hashes": explicit(ID + HASH + HASH),
    "transforms": explicit(f"{ID}<ds:Transforms/>{HASH}"),
    "no name": explicit(f"<xades:SigPolicyId/>{HASH}"),
    "two names": explicit(ID.replace("<xades:Id", "<xades:Identifier>x</xades:Identifier><xades:Id") + HASH),
    "hash with more": explicit(ID + HASH.replace("</xades:SigPolicyHash>", f"{DIGEST}</xades:SigPolicyHash>")),
}  # fmt: skip


def verified_with(
    sides: Sides, written: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[str | None, ...]:
    """Sign with the policy written so; verify as one who demands the usual one."""
    with monkeypatch.context() as patch:
        patch.setattr(xades, "policy_xml", lambda policy: written)
        document = signed(sides.sender(**EXPLICIT))
    return verified(sides.receiver(**EXPLICIT), document).signed_by


@pytest.mark.parametrize("name", BROKEN)
def test_broken_policy(sides: Sides, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy of another shape is refused, though it is signed; qualifiers decide nothing."""
    assert verified_with(sides, explicit(ID + HASH + QUALIFIERS), monkeypatch) == ("alice",)
    with pytest.raises(PayloadMalformedError):
        verified_with(sides, BROKEN[name], monkeypatch)


def test_weak_digest(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weak digest could be that of another policy, too: it is neither read nor written."""
    weak = DIGESTS_BY_NAME["sha1"].uri
    written = HASH.replace(DIGESTS_BY_NAME["sha256"].uri, weak)
    with pytest.raises(PayloadAlgorithmError):
        verified_with(sides, explicit(ID + written), monkeypatch)
    with pytest.raises(ProfileError):
        XmlDsigSettings(**{**EXPLICIT, "policy_digest": "sha1:" + "A" * 27 + "="})


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"xades": "bes", "policy_id": URI}, "policy_id"),
        ({"policy_digest": f"sha256:{VALUE}"}, "policy_digest"),
        ({**IMPLIED, "policy_id": URI}, "policy_digest"),
        ({**IMPLIED, "policy_digest": f"sha256:{VALUE}"}, "policy_id"),
        ({**EXPLICIT, "policy_digest": VALUE}, "policy_digest"),
        ({**EXPLICIT, "policy_digest": f"sha512:{VALUE}"}, "policy_digest"),
        ({**EXPLICIT, "policy_digest": "sha256:§"}, "policy_digest"),
        ({**EXPLICIT, "policy_id": "no uri"}, "policy_id"),
    ],
)
def test_settings(settings: dict[str, Any], path: str) -> None:
    """A policy is its URI with the digest of its document, and goes with EPES."""
    with pytest.raises(ProfileError) as caught:
        XmlDsigSettings(**settings)
    assert caught.value.path == path
    assert XmlDsigSettings(**EXPLICIT).policy is not None


@pytest.fixture(scope="module")
def today() -> Sides:
    """Sides whose certificates are valid by the clock of this machine, which signxml reads."""
    return Sides.create(now=None)


def signxml_policy(uri: str) -> Any:
    module = require_module("signxml.xades")
    sha256 = require_module("signxml").DigestAlgorithm.SHA256
    return module.XAdESSignaturePolicy(
        Identifier=uri, Description="", DigestMethod=sha256, DigestValue=VALUE
    )


@pytest.mark.parametrize("uri", [URI, "urn:oid:1.2.3.5"])
def test_verified_by_signxml(today: Sides, uri: str) -> None:
    """signxml verifies what we sign, and finds the policy; another one it does not."""
    module = require_module("signxml.xades")
    document = today.sender(**EXPLICIT).sign(INVOICE).content
    config = module.XAdESSignatureConfiguration(expect_references=2)

    def verify() -> None:
        module.XAdESVerifier().verify(
            document,
            x509_cert=today.alice.certificate_pem.decode(),
            expect_config=config,
            expect_signature_policy=signxml_policy(uri),
        )

    if uri == URI:
        verify()
        return
    with pytest.raises(require_module("signxml").InvalidInput, match="policy"):
        verify()


@pytest.mark.parametrize("uri", [URI, "urn:oid:1.2.3.5"])
def test_signed_by_signxml(today: Sides, uri: str) -> None:
    """What signxml signs under a policy we accept, if it is the policy that is demanded."""
    module = require_module("signxml.xades")
    root = module.XAdESSigner(signature_policy=signxml_policy(uri)).sign(
        etree.fromstring(b"<a>12.50</a>"),
        key=today.alice.key_pem(),
        cert=today.alice.certificate_pem.decode(),
    )
    receiver, document = today.receiver(**EXPLICIT), etree.tostring(root)
    if uri == URI:
        assert receiver.verify(document).signed_by == ("alice",)
        return
    with pytest.raises(PayloadMalformedError, match="policy"):
        receiver.verify(document)
