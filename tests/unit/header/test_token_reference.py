"""Octets of a token behind a reference, and which of several certificates is meant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from lxml import etree
from roundtrip.pair import NOW, another, authority, issued

from zeep_wssec import AnyoneUnder, Keystore, Pin, Subject, TokenUnavailableError
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.named_certificates import looked_up
from zeep_wssec.header.str_transform import (
    absent_token_octets,
    referenced_token_octets,
    token_octets,
)
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.namespaces import TOKEN_PROFILE, WSSE
from zeep_wssec.testing.authority import Issued
from zeep_wssec.xmlcrypto.c14n import CanonicalForm

CERTIFICATE = issued("service").certificate


def element(xml: str) -> etree._Element:
    """A token that stands in a header with other namespaces around it."""
    text = f'<s:Security xmlns:s="{WSSE}" xmlns="urn:default" xmlns:x="urn:x">{xml}</s:Security>'
    return etree.fromstring(text)[0]


def test_a_token_that_is_not_there() -> None:
    """Spec: WSS 1.1.1 section 8.3: a token with the certificate, under the prefix of the reference."""
    expected = (
        f'<p:BinarySecurityToken xmlns="" xmlns:p="{WSSE}" ValueType="{TOKEN_PROFILE}X509v3">'
        f"{CERTIFICATE.base64}</p:BinarySecurityToken>"
    )
    assert absent_token_octets(CERTIFICATE, prefix="p") == expected.encode()


@pytest.mark.parametrize("prefix", ["wsse", "s", None])
def test_a_token_that_is_not_there_is_canonical(prefix: str | None) -> None:
    """The text that stands for it is what its canonical form would be."""
    octets = absent_token_octets(CERTIFICATE, prefix=prefix)
    assert token_octets(etree.fromstring(octets), CanonicalForm()) == octets


def test_a_token_signed_alone() -> None:
    """Nothing around the token is part of it, and it says that there is no default namespace."""
    octets = token_octets(element('<s:BinarySecurityToken b="2" a="1">AA==</s:BinarySecurityToken>'),
                          CanonicalForm())  # fmt: skip
    expected = (
        f'<s:BinarySecurityToken xmlns="" xmlns:s="{WSSE}" a="1" b="2">AA==</s:BinarySecurityToken>'
    )
    assert octets == expected.encode()


@pytest.mark.parametrize("reference", ["binary_token", "pkipath", "pkcs7"])
def test_a_reference_to_a_token(reference: KeyReference) -> None:
    """What is signed is the token itself."""
    token = element("<s:BinarySecurityToken>AA==</s:BinarySecurityToken>")
    octets = referenced_token_octets(CERTIFICATE, reference, token=token, prefix="s")
    assert octets == token_octets(token, CanonicalForm())


@pytest.mark.parametrize("reference", ["issuer_serial", "thumbprint", "x509_ski"])
def test_a_reference_that_leads_to_no_token(reference: KeyReference) -> None:
    """A token in the header that the reference does not lead to changes nothing."""
    token = element("<s:BinarySecurityToken>AA==</s:BinarySecurityToken>")
    octets = referenced_token_octets(CERTIFICATE, reference, token=token, prefix="s")
    assert octets == absent_token_octets(CERTIFICATE, prefix="s")


# Several certificates under one name.


def same_key(name: str = "service", **settings: Any) -> Issued:
    """Another certificate for the service's key."""
    return authority().issue(name, key=issued("service").private_key, **settings)


PARTNER = issued("service")
STRANGER = same_key("service")
EXPIRED = same_key("old", not_before=NOW.replace(year=2020), not_after=NOW.replace(year=2021))
FUTURE = same_key("new", not_before=NOW.replace(year=2030), not_after=NOW.replace(year=2031))


def message(*signed_by: object, partners: tuple[Issued, ...] = (PARTNER,)) -> Incoming:
    """As much of a message as counts here; partners are called by their number."""
    keystore = Keystore([])
    for number, item in enumerate(partners):
        keystore = keystore.with_partner(str(number), item.certificate)
    found = SimpleNamespace(signed_by=signed_by, now=NOW, keys=keystore.snapshot())
    return cast(Incoming, found)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("given", "wanted", "other"),
    [
        (message(), PARTNER, STRANGER),
        (message(partners=(PARTNER, EXPIRED)), PARTNER, EXPIRED),
        (message(partners=(PARTNER, FUTURE)), PARTNER, FUTURE),
        (message(partners=(EXPIRED,)), STRANGER, EXPIRED),
        (message("1", partners=(PARTNER, EXPIRED)), EXPIRED, PARTNER),
        (message(Pin(STRANGER.certificate.thumbprint_sha256)), STRANGER, PARTNER),
        (message(Subject("CN=old"), partners=(PARTNER,)), EXPIRED, PARTNER),
        (message(AnyoneUnder(reason="a test")), PARTNER, STRANGER),
        (message("missing"), PARTNER, STRANGER),
    ],
    ids=["partner", "expired", "not yet", "valid before partner", "alias", "pin", "subject", "anyone",
         "no such alias"],
)  # fmt: skip
def test_the_likeliest_of_several(
    given: Incoming, wanted: Issued, other: Issued, reverse: bool
) -> None:
    """Who must sign, then who is valid, then who is a partner; the order in the keystore is no matter."""
    found = [wanted.certificate, other.certificate]
    named = looked_up(given, form="key_value", text="a name", found=found[:: -1 if reverse else 1])
    assert named.require_one() == wanted.certificate
    assert set(named.certificates) == set(found)


def test_two_keys_are_one_too_many() -> None:
    """Which key is meant is never guessed, whatever else speaks for one of them."""
    found = [PARTNER.certificate, another("service").certificate]
    named = looked_up(message("0"), form="key_name", text="the name 'x'", found=found)
    with pytest.raises(TokenUnavailableError, match="the name 'x'"):
        named.require_one()


def test_nobody() -> None:
    """The error says what the message names, and what to do."""
    named = looked_up(message(), form="key_name", text="the name 'x'", found=())
    with pytest.raises(TokenUnavailableError, match=r"the name 'x'.*with_partner"):
        named.require_one()
