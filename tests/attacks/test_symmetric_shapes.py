"""Broken tokens of symmetric keys, made of stored messages by one edit; each message itself is accepted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from attacks.forge import Change, append, find, set_attribute, set_text
from lxml import etree
from roundtrip.pair import tree_of
from vectors.corpus import Forgetful, Vector, good_vectors, keystore

from zeep_wssec import (
    InboundError,
    InvalidTokenError,
    MalformedSecurityError,
    Pin,
    Profile,
    TokenUnavailableError,
    UnsupportedAlgorithmError,
    UnsupportedTokenError,
    UntrustedCertificateError,
)
from zeep_wssec.soap.namespaces import WSC, WSSE, WSU

DERIVED = "session-sign-encrypted-key-sha1-derived-1.3"
CONTEXT = "context-1.3-sign-encrypt-derived-1.3"
NAMES = {"wsc": WSC, "wsse": WSSE, "wsu": WSU}


def stored(name: str) -> Vector:
    """A message that WSS4J made."""
    (found,) = [item for item in good_vectors() if str(item) == f"wss4j/{name}"]
    return found


def token(root: etree._Element, name: str) -> etree._Element:
    """The first element of WS-SecureConversation with a name."""
    found = root.find(f".//{{{WSC}}}{name}")
    assert found is not None
    return found


def refused(name: str, change: Change, error: type[InboundError]) -> InboundError:
    """Check the message, then the edited one, which must be refused with exactly this class."""
    vector = stored(name)
    vector.check()
    root = tree_of(vector.message)
    change(root)
    with pytest.raises(error) as caught:
        vector.check(etree.tostring(root))
    assert caught.type is error
    return caught.value


def put(parent: str, child: str, text: str) -> Change:
    """Add a child to a token."""

    def change(root: etree._Element) -> None:
        etree.SubElement(token(root, parent), f"{{{WSC}}}{child}").text = text

    return change


def say(name: str, text: str) -> Change:
    """Give a value of a token another text; one that is not there is added in front of the nonce."""

    def change(root: etree._Element) -> None:
        found = root.find(f".//{{{WSC}}}{name}")
        if found is None:
            found = etree.Element(f"{{{WSC}}}{name}")
            token(root, "Nonce").addprevious(found)
        found.text = text

    return change


def unlike(name: str) -> Change:
    """Give a value of a token an attribute."""
    return lambda root: token(root, name).set("x", "y")


def without(name: str) -> Change:
    """Take a value of a token away."""

    def change(root: etree._Element) -> None:
        found = token(root, name)
        parent = found.getparent()
        assert parent is not None
        parent.remove(found)

    return change


BROKEN: dict[str, Change] = {
    "unknown child": put("DerivedKeyToken", "Unknown", "x"),
    "two nonces": put("DerivedKeyToken", "Nonce", "AAAAAAAAAAAAAAAAAAAAAA=="),
    "attribute": unlike("Nonce"),
    "no nonce": without("Nonce"),
    "short nonce": say("Nonce", "AAAA"),
    "nonce no base64": say("Nonce", "????"),
    "length no number": say("Length", "many"),
    "length 0": say("Length", "0"),
    "length too large": say("Length", "99999999"),
    "offset and generation": lambda root: (say("Offset", "0")(root), say("Generation", "0")(root)),
    "offset too large": say("Offset", "99999999999"),
    "label too long": say("Label", "x" * 5000),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_derived_key(fault: str) -> None:
    """Spec: WS-SecureConversation 1.4 section 7: each value once, in bounds, with an offset or a generation."""
    refused(DERIVED, BROKEN[fault], MalformedSecurityError)


def test_another_derivation() -> None:
    """Keys are derived by P_SHA-1 and nothing else."""

    def change(root: etree._Element) -> None:
        token(root, "DerivedKeyToken").set("Algorithm", "urn:other")

    error = refused(DERIVED, change, UnsupportedAlgorithmError)
    assert error.algorithm == "urn:other"


def test_unknown_context() -> None:
    """A context whose secret nobody here has is named in the error."""
    assert "urn:nobody" in str(
        refused(CONTEXT, say("Identifier", "urn:nobody"), TokenUnavailableError)
    )


def test_context_with_something_else() -> None:
    """A context has an Identifier, an Instance at most, and nothing else."""
    refused(CONTEXT, put("SecurityContextToken", "Unknown", "x"), InvalidTokenError)


@pytest.mark.parametrize("name", ["ValueType", "EncodingType"])
def test_identifier_of_another_type(name: str) -> None:
    """A KeyIdentifier for a symmetric key is the SHA-1 of an EncryptedKey in base64."""
    change = set_attribute("wsse:SecurityTokenReference/wsse:KeyIdentifier", name, "urn:other")
    refused(DERIVED, change, UnsupportedTokenError)


def test_token_without_salt_is_no_key() -> None:
    """Spec: UsernameToken Profile 1.1.1 section 4: a key is derived with Salt and Iteration."""

    def change(root: etree._Element) -> None:
        for name in ("Salt", "Iteration"):
            found = find(root, f"wsse11:{name}")
            parent = found.getparent()
            assert parent is not None
            parent.remove(found)

    refused("username-sign-derived-1.3", change, InvalidTokenError)


def test_parameter_of_oaep() -> None:
    """A label is bounded, and each parameter is there once."""
    method = "xenc:EncryptedKey/xenc:EncryptionMethod"
    long = append(method, f"<xenc:OAEPparams>{'AAAA' * 2000}</xenc:OAEPparams>")
    refused("encrypt-soap1.1", long, MalformedSecurityError)
    twice = append(method, '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>')
    refused("encrypt-soap1.1", twice, MalformedSecurityError)


def test_pin_of_whoever_shares_a_key() -> None:
    """An answer under the request's key counts for the partner that the request was for, however it is named."""
    vector = stored("request-sign-encrypt-derived-1.3")
    partners = keystore("client").snapshot().partners
    for alias, is_right in (("server-rsa", True), ("server-second", False)):
        pin = Pin(partners[alias].certificate.thumbprint_sha256)
        profile = Profile(
            keystore=keystore("client"),
            inbound=replace(vector.demands, signed_by=pin),
            replay=Forgetful(),
            clock=lambda: vector.case["time"],
        )
        if is_right:
            assert "body signed" in vector.check(profile=profile).report.proved
            continue
        with pytest.raises(UntrustedCertificateError):
            vector.check(profile=profile)


def test_text_in_the_place_of_a_key_name() -> None:
    """The twin of the names above: a secret that is there by its name is found."""
    refused("secret-sign-encrypt", set_text("ds:KeyName", "nobody"), TokenUnavailableError)
