"""Documents are signed in three forms, and what is given back is what was signed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from payload.xmldsig.kit import (
    DETACHED,
    INVOICE,
    KINDS,
    NOW,
    Sides,
    changed,
    find,
    signed,
    verified,
)

from zeep_wssec import KeyUsageError, ProfileError
from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadUsageError,
)
from zeep_wssec.payload.xmldsig import XmlDsigSettings
from zeep_wssec.xmlcrypto.algorithms import CANONICALIZATIONS_BY_NAME

EACH_KIND = pytest.mark.parametrize("kind", KINDS)
ALGORITHMS = {"rsa-sha256": "rsa-2048", "rsa-sha512": "rsa-2048", "ecdsa-sha256": "ec-p256"}


@EACH_KIND
@pytest.mark.parametrize("form", CANONICALIZATIONS_BY_NAME)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_form(kind: str, form: str, algorithm: str) -> None:
    """X-01, X-03, X-06: each kind in each canonical form; one changed character is refused."""
    sides = Sides.create(ALGORITHMS[algorithm])
    document = signed(sides.sender(**KINDS[kind], canonicalization=form, algorithm=algorithm))
    receiver = sides.receiver(**KINDS[kind])
    assert verified(receiver, document).signed_by == ("alice",)
    with pytest.raises(PayloadSignatureError):
        verified(receiver, document.replace(b"12.50", b"12.51"))


def test_what_is_given_back(sides: Sides) -> None:
    """The content is what was digested, without the signature and without comments."""
    result = verified(sides.receiver(), signed(sides.sender()))
    assert result.content is not None
    assert result.content.startswith(b'<i:Invoice xmlns:i="urn:invoice" xml:lang="de">')
    assert b"Signature" not in result.content
    assert b"a note" not in result.content
    assert (result.format, result.size) == ("xmldsig", len(result.content))


def test_comments_stay_in_the_document(sides: Sides) -> None:
    """Signing changes nothing but that it adds the signature."""
    document = signed(sides.sender())
    assert b"<!-- a note -->" in document
    without = changed(document, lambda root: root.remove(find(root, "ds:Signature")))
    assert changed(INVOICE, lambda root: None) in without + b"\n"


def test_several_elements(sides: Sides) -> None:
    """X-03: each signed element is given back, in the order of the references, with its place."""
    settings = {**DETACHED, "elements": ["//i:Buyer", "//i:Total"]}
    result = verified(sides.receiver(**settings), signed(sides.sender(**settings)))
    content = result.content or b""
    parts: Any = result.detail["parts"]
    cut = [content[item["offset"] :][: item["size"]] for item in parts]
    assert [item["id"] for item in parts] == ["buyer", "total"]
    assert cut[0].startswith(b"<i:Buyer ")
    assert cut[1].endswith(b">12.50</i:Total>")


def test_element_without_an_id(sides: Sides) -> None:
    """X-03: an element without an Id gets one, in the attribute that is stated."""
    document = INVOICE.replace(b' Id="total"', b"")
    made = signed(sides.sender(**DETACHED, id_attribute="ID"), document)
    assert b'<i:Total x:currency="EUR" ID="Part-' in made
    assert verified(sides.receiver(**DETACHED), made).size


def test_octets_in_an_object(sides: Sides) -> None:
    """Anything can be enveloped: what is no XML comes back octet for octet."""
    settings = {"kind": "enveloping", "content": "octets"}
    octets = bytes(range(256))
    assert (
        verified(sides.receiver(**settings), signed(sides.sender(**settings), octets)).content
        == octets
    )


def test_place_of_the_signature(sides: Sides) -> None:
    """X-04: the signature stands where it is stated; anywhere else it is refused."""
    there = {"parent": "/i:Invoice/i:Buyer", "namespaces": {"i": "urn:invoice"}}
    document = signed(sides.sender(**there))
    assert verified(sides.receiver(**there), document).size
    with pytest.raises(PayloadMalformedError, match="another place"):
        verified(sides.receiver(), document)


@pytest.mark.parametrize(
    "forms",
    [
        ("certificate",),
        ("chain",),
        ("issuer-serial",),
        ("subject",),
        ("ski",),
        ("key-value",),
        ("chain", "issuer-serial", "subject", "ski", "key-value"),
    ],
    ids="+".join,
)
@pytest.mark.parametrize("signs", [False, True])
def test_key_info(sides: Sides, forms: tuple[str, ...], signs: bool) -> None:
    """X-05: KeyInfo names the certificate in each way, and all of them at once, signed or not."""
    document = signed(sides.sender(key_info=forms, sign_key_info=signs))
    assert verified(sides.receiver(), document).signed_by == ("alice",)
    assert (b'URI="#KeyInfo-' in document) is signs


def test_no_key_info(sides: Sides) -> None:
    """X-09: without KeyInfo it is the only partner's, where that is stated."""
    document = signed(sides.sender(key_info=()))
    assert verified(sides.receiver(needs_key_info=False), document).signed_by == ("alice",)
    with pytest.raises(PayloadMalformedError, match="KeyInfo"):
        verified(sides.receiver(), document)


@pytest.mark.parametrize("key", ["ec-p384", "ed25519", "rsa-3072"])
def test_algorithm_follows_the_key(key: str) -> None:
    """X-01: without a stated algorithm the key decides."""
    sides = Sides.create(key)
    assert verified(sides.receiver(), signed(sides.sender(digest="sha512"))).signed_by


def test_weak_algorithms(sides: Sides) -> None:
    """X-01, X-02: SHA-1 needs an opt-in with its reason, on both sides."""
    legacy = {"legacy": {"sha1": "the archive knows nothing else"}}
    document = signed(sides.sender(algorithm="rsa-sha1", digest="sha1", **legacy))
    assert verified(sides.receiver(**legacy), document).signed_by == ("alice",)
    with pytest.raises(PayloadAlgorithmError, match="legacy"):
        verified(sides.receiver(), document)
    with pytest.raises(ProfileError):
        XmlDsigSettings(digest="sha1")


def test_files(sides: Sides, tmp_path: Path) -> None:
    """Documents come from files and streams and go to files."""
    (tmp_path / "in.xml").write_bytes(INVOICE)
    sides.sender().sign(tmp_path / "in.xml", to=tmp_path / "signed.xml", now=NOW)
    result = sides.receiver().verify(
        io.BytesIO((tmp_path / "signed.xml").read_bytes()), to=tmp_path / "out.xml", now=NOW
    )
    assert result.content is None
    assert (tmp_path / "out.xml").stat().st_size == result.size


@EACH_KIND
def test_signed_properties(sides: Sides, kind: str) -> None:
    """X-08: XAdES-BES: time and certificate are signed, and given back."""
    settings = {**KINDS[kind], "xades": "bes"}
    result = verified(sides.receiver(**settings), signed(sides.sender(**settings)))
    assert result.signers[0].signed_at == NOW


def test_key_that_cannot_sign(sides: Sides) -> None:
    """A certificate that is not for signing signs nothing."""
    other = sides.authority.issue("enc", key_usage=("key_encipherment",))
    from zeep_wssec.payload.xmldsig import XmlDsig

    with pytest.raises(KeyUsageError):
        XmlDsig(other.keystore("enc")).sign(INVOICE, now=NOW)
    with pytest.raises(KeyUsageError, match="ecdsa-sha256") as caught:
        sides.sender(algorithm="ecdsa-sha256").sign(INVOICE, now=NOW)
    assert '"rsa-sha256"' in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"kind": "detached"}, "elements"),
        ({"elements": ["//x"]}, "elements"),
        ({"kind": "detached", "elements": ["//["]}, "elements[0]"),
        ({"kind": "enveloping", "parent": "/x"}, "parent"),
        ({"key_info": ["cert"]}, "key_info[0]"),
        ({"key_info": [], "sign_key_info": True}, "sign_key_info"),
        ({"canonicalization": "c14n12"}, "canonicalization"),
        ({"algorithm": "hmac-sha256"}, "algorithm"),
        ({"max_age_seconds": 5}, "max_age_seconds"),
        ({"content": "octets"}, "content"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], path: str) -> None:
    """A wrong setting is named when it is made."""
    with pytest.raises(ProfileError) as caught:
        XmlDsigSettings(**settings)
    assert caught.value.path == path


@pytest.mark.parametrize("verb", ["encrypt", "decrypt", "protect", "open"])
def test_verbs_that_there_are_not(sides: Sides, verb: str) -> None:
    """A signature encrypts nothing."""
    with pytest.raises(PayloadUsageError, match=verb):
        getattr(sides.sender(), verb)(INVOICE)
