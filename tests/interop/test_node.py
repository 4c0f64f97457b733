"""xml-crypto and node-soap as partners: xml-crypto verifies what we sign, we read what node-soap sends."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from interop.node.peer import NodePeer, PeerMissing
from interop.plain import CONTENT, DECLARATIONS, PLAIN, TO, Plain, covered, message_of, twin
from lxml import etree
from peers import miss
from roundtrip.pair import (
    LEGACY,
    NOW,
    accepted,
    body_of,
    canonical,
    client,
    envelope,
    issued,
    refused,
)

from zeep_wssec import Inbound, MalformedSecurityError, SignatureInvalidError
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA
from zeep_wssec.xmlcrypto.algorithms import (
    CANONICALIZATIONS_BY_NAME,
    DIGESTS_BY_NAME,
    EXCLUSIVE_C14N,
    SIGNATURE_METHODS_BY_NAME,
    STR_TRANSFORM,
)

pytestmark = pytest.mark.interop
KNOWN_METHODS = {"rsa-sha256", "rsa-sha512", "rsa-sha1", "rsa-pss-sha256"}
KNOWN_DIGESTS = {"sha256", "sha512", "sha1"}
KNOWN_FORMS = {"exc-c14n", "exc-c14n-comments", "c14n", "c14n-comments"}


@pytest.fixture(scope="module")
def node() -> Iterator[NodePeer]:
    """The running peer."""
    try:
        with NodePeer(NOW) as peer:
            yield peer
    except PeerMissing as error:
        miss(str(error))


def limit(case: Plain) -> str | None:
    """Why xml-crypto cannot verify a message, in its own words; ``None``: it can."""
    digest = case.settings.get("digest", "sha256")
    forms = {case.settings.get(name) for name in ("canonicalization", "part_canonicalization")}
    if case.algorithm not in KNOWN_METHODS:
        uri = SIGNATURE_METHODS_BY_NAME[case.algorithm].uri
        return f"signature algorithm '{uri}' is not supported"
    if digest not in KNOWN_DIGESTS:
        return f"hash algorithm '{DIGESTS_BY_NAME[digest].uri}' is not supported"
    for form in forms - KNOWN_FORMS - {None}:
        uri = CANONICALIZATIONS_BY_NAME[form].uri
        return f"canonicalization algorithm '{uri}' is not supported"
    if "str_transform" in case.settings:
        return f"canonicalization algorithm '{STR_TRANSFORM}' is not supported"
    # It takes the list's entry for the default namespace for a prefix of that name.
    return (
        "calculated digest" if "#default" in case.settings.get("inclusive_prefixes", ()) else None
    )


def verify(node: NodePeer, case: Plain, message: bytes, *, by: str = "service") -> dict[str, Any]:
    """What xml-crypto says about a message, with the certificate of a party."""
    certificate = issued(by, case.key).certificate_pem.decode()
    return node.ask("verify", xml=message.decode(), certificate=certificate)


@pytest.mark.parametrize("case", [case for case in PLAIN if limit(case) is None], ids=str)
def test_xml_crypto_verifies(case: Plain, node: NodePeer) -> None:
    """It accepts our signature, has seen the elements that we meant, and refuses a changed Body."""
    message = message_of(case)

    answer = verify(node, case, message)

    assert "refused" not in answer, answer
    assert answer["algorithm"] == SIGNATURE_METHODS_BY_NAME[case.algorithm].uri
    digest = DIGESTS_BY_NAME[case.settings.get("digest", "sha256")].uri
    form = CANONICALIZATIONS_BY_NAME[case.settings.get("part_canonicalization", "exc-c14n")].uri
    seen = answer["references"]
    assert {item["digest"] for item in seen} == {digest}
    assert [item["transforms"] for item in seen] == [[form]] * 3
    assert {item["uri"]: canonical(etree.fromstring(item["xml"])) for item in seen} == {
        uri: canonical(element) for uri, element in covered(message).items()
    }

    assert "calculated digest" in verify(node, case, twin(message))["refused"]
    refused(twin(message), SignatureInvalidError, case.reader)


@pytest.mark.parametrize("case", [case for case in PLAIN if limit(case)], ids=str)
def test_what_xml_crypto_does_not_know(case: Plain, node: NodePeer) -> None:
    """What it lacks it refuses for that reason, while we accept the message."""
    reason = limit(case)
    assert reason is not None
    accepted(message_of(case), case.reader)

    assert reason in verify(node, case, message_of(case)).get("refused", "verified")


@pytest.mark.parametrize("method", sorted(KNOWN_METHODS))
def test_xml_crypto_wants_the_signers_certificate(method: str, node: NodePeer) -> None:
    """The digests are right, the key is another's: so the signature value does count."""
    (case,) = [case for case in PLAIN if case.name == f"{method} rsa-2048"]

    answer = verify(node, case, message_of(case), by="client")

    assert answer["refused"].startswith("invalid signature: the signature value")


PREPARED: dict[str, Any] = {
    "signatureTransformations": [EXCLUSIVE_C14N],
    "signerOptions": {"idMode": "wssecurity"},
}
"""What node-soap has to be told: one transform a reference, and Ids as WS-Security has them."""


def _uri(method: str, digest: str) -> dict[str, str]:
    return {
        "signatureAlgorithm": SIGNATURE_METHODS_BY_NAME[method].uri,
        "digestAlgorithm": DIGESTS_BY_NAME[digest].uri,
    }


SENT: dict[str, tuple[dict[str, Any], str, str, tuple[str, ...]]] = {
    "default algorithms": ({}, "rsa-sha256", "sha256", ()),
    "rsa-sha256": (_uri("rsa-sha256", "sha256"), "rsa-sha256", "sha256", ()),
    "rsa-sha512": (_uri("rsa-sha512", "sha512"), "rsa-sha512", "sha512", ()),
    "rsa-sha1": (_uri("rsa-sha1", "sha1"), "rsa-sha1", "sha1", ()),
    "prefix": (
        {"signerOptions": {"idMode": "wssecurity", "prefix": "ds"}},
        "rsa-sha256",
        "sha256",
        (),
    ),
    "inclusive": (
        {"signatureTransformations": [CANONICALIZATIONS_BY_NAME["c14n"].uri]},
        "rsa-sha256",
        "sha256",
        (),
    ),
    "header": (
        {"additionalReferences": ["wsa:To"]},
        "rsa-sha256",
        "sha256",
        (f"header:{{{WSA}}}To",),
    ),
}
"""Options of WSSecurityCert, the algorithms that they give, and what is signed beside Body and Timestamp."""


def send(
    node: NodePeer, options: dict[str, Any], *, soap: str = SOAP11, headers: str = TO,
    signer: str = "WSSecurityCert",
) -> bytes:  # fmt: skip
    """An envelope as node-soap signs it for the service."""
    kit = issued("service")
    plain = envelope(CONTENT, headers=headers, soap=soap, declarations=DECLARATIONS)
    question = {
        "with": signer,
        "xml": plain.decode(),
        "key": kit.key_pem().decode(),
        "certificate": kit.certificate_pem.decode(),
        "soapPrefix": "soap",
        "options": options,
    }
    answer = node.ask("sign", **question)
    assert "refused" not in answer, answer
    return str(answer["xml"]).encode()


@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["SOAP 1.1", "SOAP 1.2"])
@pytest.mark.parametrize("name", SENT)
def test_what_node_soap_signs(name: str, soap: str, node: NodePeer) -> None:
    """We verify it, tell signer, algorithms and parts, and refuse a changed Body."""
    options, algorithm, digest, more = SENT[name]
    message = send(node, {**PREPARED, **options}, soap=soap)
    reader = client(inbound=Inbound(legacy=LEGACY if name == "rsa-sha1" else {}))

    checked = accepted(message, reader)

    assert canonical(checked.body[0]) == canonical(body_of(envelope(CONTENT, soap=soap))[0])
    (signature,) = checked.report.signatures
    assert signature.thumbprint_sha256 == issued("service").certificate.thumbprint_sha256
    assert (signature.algorithm, set(signature.digests)) == (algorithm, {digest})
    assert set(signature.parts) == {"body", "timestamp", *more}
    refused(twin(message), SignatureInvalidError, reader)


def test_user_name_of_node_soap(node: NodePeer) -> None:
    """A UsernameToken with digest beside the signature: we read the name, and the digest is as specified."""
    settings = {"passwordType": "PasswordDigest", "hasTimeStamp": False}
    header = node.ask("header", username="alice", password="secret-ä", options=settings)["xml"]
    message = send(
        node, {**PREPARED, "additionalReferences": ["wsse:UsernameToken"]}, headers=header
    )

    report = accepted(message).report

    assert report.username == "alice"
    assert len(report.signatures[0].parts) == 3
    token = etree.fromstring(header)
    nonce, created, sent = (
        token.findtext(f".//{{*}}{name}") for name in ("Nonce", "Created", "Password")
    )
    assert nonce is not None
    assert created is not None
    digest = hashlib.sha1(base64.b64decode(nonce) + f"{created}secret-ä".encode())  # noqa: S324
    assert sent == base64.b64encode(digest.digest()).decode()
    refused(message.replace(b">alice<", b">alics<"), SignatureInvalidError)


@pytest.mark.parametrize(
    ("option", "reason"),
    [("signatureTransformations", "exactly one Transform"), ("signerOptions", "Timestamp")],
)
def test_defaults_of_node_soap(option: str, reason: str, node: NodePeer) -> None:
    """Without one of the two options its message is refused: a second transform, an Id without namespace."""
    options = {name: value for name, value in PREPARED.items() if name != option}
    accepted(send(node, PREPARED))

    assert reason in str(refused(send(node, options), MalformedSecurityError))


def test_token_signer_of_node_soap(node: NodePeer) -> None:
    """WSSecurityCertWithToken writes a Signature without KeyInfo, so nothing says whose it is: refused."""
    options = {**PREPARED, "hasTimeStamp": False}

    refused(send(node, options, signer="WSSecurityCertWithToken"), MalformedSecurityError)
