"""Encrypted content that cannot be decrypted: one class, one text, one path, and nothing printed."""

from __future__ import annotations

import base64
import hmac
import os
import traceback
from typing import Any

import pytest
from attacks.forge import (
    CBC_URI,
    Change,
    content_key,
    edited,
    element,
    find,
    flipped,
    seal,
    sealed_value,
    set_attribute,
    with_octets,
    with_plaintext,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC as CBC_MODE
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from lxml import etree
from roundtrip.pair import (
    ENCRYPTED,
    LEGACY,
    ORDER,
    SIGNED,
    accepted,
    answer,
    canonical,
    client,
    envelope,
    issued,
    keystore,
    refused,
    tree_of,
)

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Inbound,
    OverTLS,
    SessionKey,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UnsupportedAlgorithmError,
)
from zeep_wssec.soap.namespaces import SOAP11, WSSE, XENC

BOTH = (*SIGNED, ENCRYPTED)
KEY = "xenc:EncryptedKey"
SECRET = b"SECRET-4111-PLAINTEXT"


def another_content_key(root: etree._Element) -> None:
    """Replace the content key by another good one, properly encrypted for us."""
    public = issued("client").certificate.public_key
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    value = find(root, f"{KEY}//xenc:CipherValue")
    value.text = base64.b64encode(public.encrypt(os.urandom(32), oaep)).decode()


def key_of_length(length: int) -> Change:
    """A content key of a wrong length, properly encrypted for us."""

    def change(root: etree._Element) -> None:
        public = issued("client").certificate.public_key
        assert isinstance(public, rsa.RSAPublicKey)
        oaep = padding.OAEP(
            mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None
        )
        value = find(root, f"{KEY}//xenc:CipherValue")
        value.text = base64.b64encode(public.encrypt(os.urandom(length), oaep)).decode()

    return change


GARBAGE: dict[str, Change] = {
    "IV": with_octets(flipped(0)),
    "first octet": with_octets(flipped(12)),
    "middle": with_octets(flipped(60)),
    "tag": with_octets(flipped(-1)),
    "tag cut": with_octets(lambda octets: octets[:-1]),
    "tag gone": with_octets(lambda octets: octets[:-16]),
    "IV alone": with_octets(lambda octets: octets[:12]),
    "nothing": with_octets(lambda octets: b""),
    "one octet more": with_octets(lambda octets: octets + b"\0"),
    "key bit": with_octets(flipped(5), KEY),
    "key cut": with_octets(lambda octets: octets[:-1], KEY),
    "key longer": with_octets(lambda octets: octets + b"\0", KEY),
    "key empty": with_octets(lambda octets: b"", KEY),
    "key of zeros": with_octets(lambda octets: bytes(len(octets)), KEY),
    "key above the modulus": with_octets(lambda octets: b"\xff" * len(octets), KEY),
    "another content key": another_content_key,
    "content key of 16 octets": key_of_length(16),
    "content key of 31 octets": key_of_length(31),
    "empty content key": key_of_length(0),
    "no XML": with_plaintext(b"<" + SECRET),
    "no UTF-8": with_plaintext(SECRET + b"\xff\xfe"),
    "NUL": with_plaintext(SECRET + b"\0"),
    "unknown prefix": with_plaintext(b"<nope:x>" + SECRET + b"</nope:x>"),
    "unknown entity": with_plaintext(SECRET + b"&e;"),
    "document type": with_plaintext(b"<!DOCTYPE x [<!ENTITY e 'y'>]><x>" + SECRET + b"&e;</x>"),
    "XML declaration": with_plaintext(b'<?xml version="1.0"?><x>' + SECRET + b"</x>"),
    "processing instruction": with_plaintext(b"<x><?" + SECRET + b"?></x>"),
    "closes the Body": with_plaintext(b"<x/></soap:Body><soap:Body><x/>"),
    "closes a wrapper": with_plaintext(b"</w><w>"),
    "open element": with_plaintext(b"<x>" + SECRET),
    "too deep": with_plaintext(b"<x>" * 120 + b"</x>" * 120),
    "deeper than libxml2 goes": with_plaintext(b"<x>" * 5000 + b"</x>" * 5000),
    "too many attributes": with_plaintext(
        b"<x " + b" ".join(b"a%d='y'" % n for n in range(300)) + b"/>"
    ),
}


def signature(error: BaseException) -> tuple[Any, ...]:
    """All that can be seen of an error."""
    assert isinstance(error, DecryptionError)
    assert error.__cause__ is None
    assert error.__suppress_context__
    last = traceback.format_exception_only(error)
    return (str(error), repr(error), error.to_dict(), error.safe_message, last, error.report)


@pytest.mark.parametrize("cause", GARBAGE)
def test_garbage(cause: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever is wrong with it: the same error, the same report, and nothing on standard error."""
    message = answer(BOTH)
    accepted(message)
    expected = refused(edited(message, GARBAGE["tag"]), DecryptionError)
    error = refused(edited(message, GARBAGE[cause]), DecryptionError)
    assert signature(error) == signature(expected)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("cause", ["two roots", "text beside", "text alone", "nothing"])
def test_element_that_is_not_one(cause: str) -> None:
    """Type Element: exactly one element, else the same error."""
    step = Encryption(recipients=("client",), parts=("xpath:/*/*[2]/*",))
    message = answer((*SIGNED, step))
    accepted(message)
    plain = {"two roots": b"<x/><y/>", "text beside": b"<x/>y", "text alone": b"y", "nothing": b""}[
        cause
    ]
    refused(edited(message, with_plaintext(plain)), DecryptionError)


def test_security_header_in_the_plain_text() -> None:
    """Decryption must not bring a second security header for us."""
    step = Encryption(recipients=("client",), parts=("header:{urn:x}H",))
    message = answer((*SIGNED, step), envelope(headers='<H xmlns="urn:x"/>'))
    accepted(message)
    plain = f'<w:Security xmlns:w="{WSSE}"/>'.encode()
    refused(edited(message, with_plaintext(plain)), DecryptionError)


def test_body_in_the_plain_text() -> None:
    """A second Body inside the Body is content, and signed content did not have it."""
    plain = f'<s:Body xmlns:s="{SOAP11}">{ORDER}</s:Body>'.encode()
    refused(edited(answer(BOTH), with_plaintext(plain)), SignatureInvalidError)


def test_other_plain_text() -> None:
    """Anybody can encrypt: what was decrypted must still be what was signed."""
    refused(
        edited(answer(BOTH), with_plaintext(ORDER.replace("42", "43").encode())),
        SignatureInvalidError,
    )
    accepted(edited(answer(BOTH), with_plaintext(ORDER.encode())))


def test_nothing_printed_for_plain_text_that_does_not_parse(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Decrypted text is printed nowhere, neither by us nor by libraries below."""
    for plain in (b"<card>" + SECRET + b"<", SECRET + b"&", b"<a b=" + SECRET, b"]]>" + SECRET):
        error = refused(edited(answer(BOTH), with_plaintext(plain)), DecryptionError)
        assert SECRET.decode() not in "".join(traceback.format_exception(error))
    assert capfd.readouterr() == ("", "")


# CBC: its plain text can be altered, so it needs a signature over the ciphertext.

CBC = Encryption(recipients=("client",), algorithm="aes256-cbc", legacy=LEGACY)


def test_cbc_without_a_signature_over_it() -> None:
    """A signature over the plain text comes too late."""
    message = answer((*SIGNED, CBC))
    error = refused(message, UnsupportedAlgorithmError)
    assert error.opt_in == "cbc"
    report = accepted(message, client(inbound=Inbound(legacy={"cbc": "a test"}))).report
    assert not report.encryptions[0].covered


OVER_CIPHERTEXT = Signature(parts=("body", "timestamp", "encrypted_key"))


def test_cbc_under_a_signature() -> None:
    """The twin: encrypted, then signed with the key that opens it."""
    report = accepted(answer((Timestamp(), CBC, OVER_CIPHERTEXT))).report
    assert report.encryptions[0].covered


def test_cbc_under_a_signature_that_leaves_the_key_out() -> None:
    """Under another key the same ciphertext opens to something else, so the key must be signed as well."""
    refused(answer((Timestamp(), CBC, Signature())), UnsupportedAlgorithmError)


def test_cbc_under_a_signature_that_is_read_too_late() -> None:
    """The signature must have been verified before anything is decrypted."""
    message = answer((Timestamp(), CBC, OVER_CIPHERTEXT))

    def reorder(root: etree._Element) -> None:
        key = find(root, KEY)
        parent = key.getparent()
        assert parent is not None
        parent.insert(0, key)

    refused(edited(message, reorder), UnsupportedAlgorithmError)


def test_cbc_under_a_strangers_signature() -> None:
    """A signature that nobody vouches for covers nothing."""
    message = answer((Timestamp(), CBC, OVER_CIPHERTEXT))
    accepted(message, client(inbound=OverTLS()))
    base = issued("client").keystore("client")
    refused(message, UnsupportedAlgorithmError, client(keystore=base, inbound=OverTLS()))


CBC_GARBAGE: dict[str, Change] = {
    "IV": with_octets(flipped(0)),
    "IV, so that it parses": with_octets(flipped(4)),
    "first block": with_octets(flipped(16)),
    "last block": with_octets(flipped(-1)),
    "padding": with_octets(flipped(-17)),
    "cut by one": with_octets(lambda octets: octets[:-1]),
    "cut by a block": with_octets(lambda octets: octets[:-16]),
    "one block": with_octets(lambda octets: octets[:16]),
    "key": with_octets(flipped(5), KEY),
    "other content": with_plaintext(ORDER.replace("42", "43").encode(), mode="cbc"),
    "no XML": with_plaintext(b"<", mode="cbc"),
    "empty": with_plaintext(b"", mode="cbc"),
    "signed Id twice": with_plaintext(ORDER.encode() * 2, mode="cbc"),
    "another security header": with_plaintext(
        f'<w:Security xmlns:w="{WSSE}"/>'.encode(), mode="cbc"
    ),
}


@pytest.mark.parametrize("cause", CBC_GARBAGE)
def test_cbc_garbage(cause: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Under the opt-in even a signature that fails afterwards looks like a failed decryption."""
    profile = client(inbound=Inbound(legacy={"cbc": "a test"}))
    message = answer((*SIGNED, CBC))
    accepted(message, profile)
    expected = refused(edited(message, CBC_GARBAGE["last block"]), DecryptionError, profile)
    error = refused(edited(message, CBC_GARBAGE[cause]), DecryptionError, profile)
    assert signature(error) == signature(expected)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["fresh", "signed", "encrypted", "related"])
def test_cbc_and_a_demand_that_fails(missing: str) -> None:
    """The same for what is judged last: which demand failed would tell of the plain text."""
    message = answer((CBC,) if missing == "signed" else (*SIGNED, CBC))
    demands = {
        "fresh": Inbound(legacy=LEGACY, signed=("body", "header:{urn:x}H")),
        "signed": Inbound(legacy=LEGACY),
        "encrypted": Inbound(legacy=LEGACY, encrypted=("timestamp",)),
        "related": Inbound(legacy=LEGACY, related="required"),
    }
    refused(message, DecryptionError, client(inbound=demands[missing]))


def test_gcm_relabelled() -> None:
    """GCM ciphertext under a CBC label is not decrypted at all."""
    message = edited(
        answer(BOTH),
        set_attribute("xenc:EncryptedData/xenc:EncryptionMethod", "Algorithm", CBC_URI),
    )
    refused(message, UnsupportedAlgorithmError)
    refused(message, DecryptionError, client(inbound=Inbound(legacy={"cbc": "a test"})))


def test_cbc_relabelled() -> None:
    """Nor the other way round."""
    gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    message = edited(
        answer((*SIGNED, CBC)),
        set_attribute("xenc:EncryptedData/xenc:EncryptionMethod", "Algorithm", gcm),
    )
    refused(message, DecryptionError)


# RSA PKCS#1 v1.5 key transport.

V15 = Encryption(recipients=("client",), key_transport="rsa-1_5", legacy=LEGACY)


def test_rsa15() -> None:
    """It needs its opt-in, and works then."""
    message = answer((*SIGNED, V15))
    error = refused(message, UnsupportedAlgorithmError)
    assert error.opt_in == "rsa-1_5"
    report = accepted(message, client(inbound=Inbound(legacy={"rsa-1_5": "a test"}))).report
    assert report.encryptions[0].key_transport == "rsa-1_5"


@pytest.mark.parametrize("case", ["bit", "padding", "short key", "long key", "zeros", "wrong key"])
def test_rsa15_garbage(case: str) -> None:
    """A bad block, a wrong length, a wrong key: all look like content that does not decrypt."""
    public = issued("client").certificate.public_key
    assert isinstance(public, rsa.RSAPublicKey)
    blocks = {
        "bit": None,
        "padding": pow(3, 65537, public.public_numbers().n).to_bytes(256, "big"),
        "short key": public.encrypt(bytes(16), padding.PKCS1v15()),
        "long key": public.encrypt(bytes(33), padding.PKCS1v15()),
        "zeros": bytes(256),
        "wrong key": public.encrypt(bytes(32), padding.PKCS1v15()),
    }
    block = blocks[case]
    change = with_octets(flipped(9) if block is None else lambda _: block, KEY)
    profile = client(inbound=Inbound(legacy={"rsa-1_5": "a test"}))
    message = answer((*SIGNED, V15))
    expected = refused(edited(message, with_octets(flipped(-1))), DecryptionError, profile)
    assert signature(refused(edited(message, change), DecryptionError, profile)) == signature(
        expected
    )


def test_fresh_keys_and_nonces() -> None:
    """Spec: NIST SP 800-38D: no key and no nonce twice."""
    trees = [tree_of(answer(BOTH)) for _ in range(20)]
    keys = {content_key(tree) for tree in trees}
    nonces = {base64.b64decode(sealed_value(tree).text or "")[:12] for tree in trees}
    assert len(keys) == len(nonces) == 20


def test_the_kit_seals_as_we_do() -> None:
    """What the forging kit encrypts decrypts: refusals above are not for its own faults."""
    root = tree_of(answer(BOTH))
    plain = ORDER.encode()
    sealed_value(root).text = base64.b64encode(seal(plain, content_key(root))).decode()
    accepted(etree.tostring(root))


def test_cbc_under_a_signature_with_another_key() -> None:
    """Signed ciphertext opens to what was signed, or not at all: anybody can put another key in front of it.

    The last octet of CBC content says how much of it is filling, so one in 256 keys opens a short value
    to nothing.
    """
    step = Encryption(
        recipients=("client",), parts=("{Content}{urn:orders}sku",), algorithm="aes256-cbc"
    )
    message = answer((Timestamp(), step, OVER_CIPHERTEXT))
    assert accepted(message).body.findtext(".//{*}sku") == "42"
    root = tree_of(message)
    sealed = base64.b64decode(sealed_value(root).text or "")
    while True:
        key = os.urandom(32)
        block = Cipher(AES(key), CBC_MODE(sealed[:16])).decryptor().update(sealed[16:])
        if block[-1] == 16:
            break
    public = issued("client").certificate.public_key
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    value = find(root, f"{KEY}//xenc:CipherValue")
    value.text = base64.b64encode(public.encrypt(key, oaep)).decode()
    refused(etree.tostring(root), SignatureInvalidError)


@pytest.mark.parametrize("guess", [b"", bytes(16), bytes(32)], ids=["nothing", "16", "32"])
def test_hmac_with_a_key_that_does_not_open(guess: bytes) -> None:
    """Who lacks the secret cannot make a key of it: what does not unwrap is no key that can be guessed."""
    secret = os.urandom(32)
    ours = keystore("client", "service").with_secret("shared", secret)
    theirs = keystore("service", "client").with_secret("shared", secret)
    steps = (SessionKey(recipients=("client",)), Timestamp(), Signature(key="session"))
    profile = client(keystore=ours, inbound=Inbound(signed_by="shared"))

    def forged(sealed: bytes, key: bytes) -> bytes:
        root = tree_of(answer(steps, keystore=theirs))
        held = find(root, KEY)
        find(held, "ds:KeyInfo")[:] = [element("<ds:KeyName>shared</ds:KeyName>")]
        method = f"{XENC}kw-aes256"
        held.replace(
            find(held, "xenc:EncryptionMethod"),
            element(f'<xenc:EncryptionMethod Algorithm="{method}"/>'),
        )
        find(held, "xenc:CipherData/xenc:CipherValue").text = base64.b64encode(sealed).decode()
        octets = canonical(find(root, "ds:Signature/ds:SignedInfo"))
        value = hmac.digest(key, octets, "sha256")
        find(root, "ds:Signature/ds:SignatureValue").text = base64.b64encode(value).decode()
        return etree.tostring(root)

    key = os.urandom(32)
    accepted(forged(aes_key_wrap(secret, key), key), profile)
    refused(forged(bytes(40), guess), SignatureInvalidError, profile)
    refused(forged(b"", guess), SignatureInvalidError, profile)
