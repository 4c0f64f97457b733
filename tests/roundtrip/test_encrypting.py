"""Our encryption under our decryption: ciphers, transports, references, parts, orders, recipients."""

from __future__ import annotations

import itertools

import pytest
from roundtrip.pair import (
    ENCRYPTED,
    LEGACY,
    NOW,
    SIGNED,
    accepted,
    answer,
    body_of,
    canonical,
    client,
    envelope,
    issued,
    keystore,
    refused,
    secured,
    service,
    tree_of,
)

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Inbound,
    KeyNotFoundError,
    KeyUsageError,
    OutboundError,
    OverTLS,
    PartNotFoundError,
    RequirementError,
    Signature,
    SignatureInvalidError,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.settings import KeyReference, Step
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSSE11, XENC
from zeep_wssec.testing.authority import Authority

CIPHERS = (
    "aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc", "tripledes-cbc",
)  # fmt: skip
HASHES = ("sha1", "sha256", "sha384", "sha512")
REFERENCES: tuple[KeyReference, ...] = (
    "binary_token", "issuer_serial", "subject_key_identifier", "thumbprint", "x509_key_identifier",
    "x509_data",
)  # fmt: skip
SEALED = Inbound(signed=(), encrypted=("body",), fresh_seconds=None, legacy=LEGACY)
TO = f'<wsa:To xmlns:wsa="{WSA}" soap:mustUnderstand="1">urn:to</wsa:To>'


def to_client(**settings: object) -> Encryption:
    """An encryption step for the client."""
    return Encryption(**{"recipients": ("client",), "legacy": LEGACY, **settings})  # type: ignore[arg-type]


def test_both_recipients_are_us() -> None:
    """A keystore with an old and a new certificate reads what is encrypted for both."""
    keys = keystore("service", "client").with_partner("other", issued("other").certificate)
    ours = issued("client").keystore("client").merge(issued("other").keystore("other"))
    ours = ours.with_partner("service", issued("service").certificate)
    for recipients in (("client", "other"), ("other", "client")):
        steps = (Timestamp(), Signature(), Encryption(recipients=recipients))
        message = answer(steps, keystore=keys)
        accepted(message, client(keystore=ours, inbound=Inbound(encrypted=("body",))))


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_ciphers(cipher: str, reference: KeyReference) -> None:
    """Every cipher under every way to name the recipient."""
    message = answer((to_client(algorithm=cipher, key_reference=reference),))
    (found,) = accepted(message, client(inbound=SEALED)).report.encryptions
    assert (found.algorithm, found.part, found.scope, found.recipient) == (
        cipher,
        "body",
        "content",
        "client",
    )


@pytest.mark.parametrize(
    ("transport", "digest", "mgf"),
    [*itertools.product(["rsa-oaep"], HASHES, HASHES), *itertools.product(["rsa-oaep-mgf1p"], HASHES, ["sha256"]),
     ("rsa-1_5", "sha256", "sha256")],
)  # fmt: skip
def test_transports(transport: str, digest: str, mgf: str) -> None:
    """Every key transport with every digest and mask generation."""
    message = answer((to_client(key_transport=transport, digest=digest, mgf=mgf),))
    (found,) = accepted(message, client(inbound=SEALED)).report.encryptions
    assert found.key_transport == transport


PARTS = {
    "body": "body",
    "body/content": "body",
    f"{{Content}}{{{SOAP11}}}Body": "body",
    "timestamp": "timestamp",
    "username_token": "username_token",
    "headers": f"header:{{{WSA}}}To",
    "header:wsa:To": f"header:{{{WSA}}}To",
    "xpath:/*/*[2]/*": "soap:Envelope/soap:Body/{urn:orders}PlaceOrder",
    "{Element}{urn:orders}sku": "soap:Envelope/soap:Body/{urn:orders}PlaceOrder/{urn:orders}sku",
    "{Content}{urn:orders}sku": "soap:Envelope/soap:Body/{urn:orders}PlaceOrder/{urn:orders}sku",
    "signature": "signature",
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_parts(part: str, soap: str) -> None:
    """Each part comes back where and as it was, and the signature made before still fits."""
    part_text = part.replace(SOAP11, soap)
    parts = ("body", "timestamp", "headers", "username_token")
    steps: tuple[Step, ...] = (Timestamp(), UsernameToken(username="u", password="p"), Signature(parts=parts),
                               to_client(parts=(part_text,)))  # fmt: skip
    message = answer(steps, envelope(headers=TO, soap=soap))
    demanded = ("body", "timestamp", "headers", "username_token")
    report = accepted(message, client(inbound=Inbound(signed=demanded))).report
    (found,) = report.encryptions
    assert found.part == PARTS[part]
    assert found.scope == ("content" if part.startswith(("body", "{Content}")) else "element")


@pytest.mark.parametrize(
    "part", ["timestamp", "username_token", "signature", "header:wsa:To", "body"]
)
def test_encrypted_as_demanded(part: str) -> None:
    """What must come encrypted did, else it is refused."""
    steps = (Timestamp(), UsernameToken(username="u", password="p"), Signature())
    profile = client(inbound=Inbound(encrypted=(part,)))
    accepted(answer((*steps, to_client(parts=(part,))), envelope(headers=TO)), profile)
    refused(answer(steps, envelope(headers=TO)), RequirementError, profile)


def test_encrypted_header() -> None:
    """Spec: WSS 1.1.1 section 9.3: a header block is wrapped, with the attributes that nodes on the way need."""
    step = to_client(parts=("header:wsa:To",))
    message = answer((step,), envelope(headers=TO))
    wrapper = tree_of(message).find(f".//{{{WSSE11}}}EncryptedHeader")
    assert wrapper is not None
    assert wrapper.get(f"{{{SOAP11}}}mustUnderstand") == "1"
    assert b"urn:to" not in message
    opened = accepted(message, client(inbound=OverTLS())).envelope
    assert [child.tag for child in opened[0]][1:] == [f"{{{WSA}}}To"]


ORDERS: dict[str, tuple[Step, ...]] = {
    "sign, encrypt": (Timestamp(), Signature(), to_client()),
    "encrypt, sign": (Timestamp(), to_client(), Signature()),
    "sign, encrypt with the signature": (
        Timestamp(),
        Signature(),
        to_client(parts=("body", "signature")),
    ),
    "sign, encrypt, sign": (Timestamp(), Signature(), to_client(), Signature()),
    "encrypt, sign, encrypt": (
        Timestamp(),
        to_client(),
        Signature(),
        to_client(parts=("signature",)),
    ),
    "two encryptions": (Timestamp(), Signature(), to_client(), to_client(parts=("timestamp",))),
    "encrypted twice": (
        Timestamp(),
        Signature(),
        to_client(parts=("xpath://*[local-name()='sku']",)),
        to_client(),
    ),
    "CBC under a signature": (
        Timestamp(),
        to_client(algorithm="aes128-cbc"),
        Signature(parts=("body", "timestamp", "encrypted_key")),
    ),
    "key transport named by token": (
        Timestamp(),
        Signature(),
        to_client(key_reference="binary_token"),
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_orders(order: str) -> None:
    """Whatever the order of the steps, the content comes back and the Body is proved."""
    checked = accepted(answer(ORDERS[order]))
    assert "body signed" in checked.report.proved
    assert canonical(checked.body[0]) == canonical(body_of(envelope())[0])


def test_covered_ciphertext() -> None:
    """The report says which ciphertext a signature covered before it was opened."""
    assert not accepted(answer(ORDERS["sign, encrypt"])).report.encryptions[0].covered
    assert accepted(answer(ORDERS["encrypt, sign"])).report.encryptions[0].covered


def test_several_recipients() -> None:
    """Each recipient opens the same content, by its own key."""
    known = issued("service").keystore("service")
    for name in ("client", "other", "third"):
        known = known.with_partner(name, issued(name).certificate)
    step = Encryption(recipients=("other", "client", "third"))
    message = service(*SIGNED, step, keystore=known).secure(envelope()).to_bytes()
    for name in ("client", "other", "third"):
        keystore = (
            issued(name).keystore(name).with_partner("service", issued("service").certificate)
        )
        (found,) = accepted(message, client(keystore=keystore)).report.encryptions
        assert found.recipient == name


CONTENTS = {
    "empty": "",
    "text": "only text",
    "white space": " \n\t ",
    "several": "<a>1</a><b/>tail<c/>",
    "text around": "before<a/>after",
    "CDATA": "<a><![CDATA[<b>&]]></a>",
    "carriage return": "a&#13;<a x='&#13;&#10;&#9;'>&#13;\n</a>&#13;",
    "not in the BMP": "<a b='𝄞'>é𝄞\u0085\u2028</a>",
    "default namespace": "<a xmlns='urn:a'><b xmlns=''/></a>",
    "nested lang": "<a xml:lang='de' xml:space='preserve'> <b xml:lang=''/> </a>",
    "entities": "<a>&lt;&amp;&gt;&quot;&apos;</a>",
    "prefix of the envelope": "<soap:x/>",
    "its own declaration of it": f"<soap:x xmlns:soap='{SOAP11}'/>",
    "its prefix for another URI": "<soap:x xmlns:soap='urn:other'/>",
    "a comment": "<a>1<!-- c -->2</a>",
    "looks like XML Encryption": f"<a><x:EncryptedData xmlns:x='{XENC}'/></a>",
}
STEPS = {
    "sign": SIGNED,
    "sign, encrypt": (*SIGNED, ENCRYPTED),
    "encrypt, sign": (Timestamp(), ENCRYPTED, Signature()),
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("content", CONTENTS)
def test_contents(content: str, steps: str) -> None:
    """Whatever the Body holds comes back in the same canonical form."""
    plain = envelope(CONTENTS[content], declarations=' xmlns:e="urn:e" xml:lang="fr"')
    body = accepted(answer(STEPS[steps], plain)).body
    body.attrib.pop(next(name for name in body.attrib if str(name).endswith("}Id")))
    assert canonical(body) == canonical(body_of(plain))


MEETING = {
    "another prefix": ("<a:x xmlns:a='urn:e'><a:y/></a:x>", ' xmlns:b="urn:e"'),
    "default below prefixed": ("<x xmlns='urn:e'><y/></x>", ' xmlns:b="urn:e"'),
    "prefixed below default": ("<b:x xmlns:b='urn:e'><b:y/></b:x>", ' xmlns="urn:e"'),
    "two prefixes outside": ("<b:x><a:y/></b:x>", ' xmlns:a="urn:e" xmlns:b="urn:e"'),
    "two prefixes inside": ("<a:x xmlns:a='urn:e'><b:y xmlns:b='urn:e' b:c='1'/></a:x>", ""),
    "attribute prefix": ("<x xmlns:a='urn:e' a:b='1'/>", ' xmlns:b="urn:e"'),
    "bound again below": (
        "<a:x xmlns:a='urn:e'><a:y xmlns:a='urn:f'/></a:x>",
        ' xmlns:b="urn:e" xmlns:a="urn:g"',
    ),
    "escaped URI": ("<a:x xmlns:a='urn:e?a&amp;b'/>", ' xmlns:b="urn:e?a&amp;b"'),
    "single quotes": ("<a:x xmlns:a = 'urn:e'/>", " xmlns:b\n=\n'urn:e'"),
    "SOAP inside": (f"<s:x xmlns:s='{SOAP11}'><s:y a='1'/></s:x>", ""),
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("case", MEETING)
def test_prefixes_that_meet(case: str, steps: str) -> None:
    """A signature made before encrypting still fits where prefixes for one URI meet."""
    content, declarations = MEETING[case]
    plain = envelope(content, declarations=declarations)
    body = accepted(answer(STEPS[steps], plain)).body
    names = [node.tag for node in body.iter()]
    assert names == [node.tag for node in body_of(plain).iter()]


@pytest.mark.parametrize("declared", ["in the content", "on the Envelope"])
def test_type_after_decryption(declared: str) -> None:
    """The prefix in ``xsi:type`` means the same in the tree that zeep reads as when it was signed."""
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    here = ' xmlns:a="urn:e"' if declared == "in the content" else ""
    there = "" if here else ' xmlns:a="urn:e"'
    plain = envelope(
        f'<a:x{here} {xsi}><a:y xsi:type="a:Kind"/></a:x>', declarations=f' xmlns:b="urn:f"{there}'
    )
    (typed,) = accepted(answer(STEPS["sign, encrypt"], plain)).body[0]
    assert typed.nsmap["a"] == "urn:e"


XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
TYPED = f'<a:x xmlns:a="urn:e" {XSI}><a:y xsi:type="a:Kind"/></a:x>'


def test_type_where_prefixes_meet() -> None:
    """The same where the envelope has another prefix for the namespace."""
    plain = envelope(TYPED, declarations=' xmlns:b="urn:e"')
    (typed,) = accepted(answer(STEPS["sign, encrypt"], plain)).body[0]
    assert typed.nsmap.get("a") == "urn:e"


AROUND = b'<soap:Envelope xmlns:b="urn:e" xmlns:a="urn:evil"'


def test_type_prefix_bound_anew_around_the_ciphertext() -> None:
    """What ``xsi:type`` means was signed, and stays: the content brings its own declaration."""
    message = answer((Timestamp(), Signature(inclusive_prefixes=()), ENCRYPTED), envelope(TYPED))
    (typed,) = client().check(message.replace(b"<soap:Envelope", AROUND, 1)).body
    assert typed.nsmap.get("a") == "urn:e"


def test_listed_type_prefix_bound_anew_around_the_ciphertext() -> None:
    """A prefix in the PrefixList is part of the signed form where the Body stands."""
    message = answer((Timestamp(), Signature(), ENCRYPTED), envelope(TYPED))
    accepted(message)
    with pytest.raises((SignatureInvalidError, DecryptionError)):
        client().check(message.replace(b"<soap:Envelope", AROUND, 1))


def test_large_text() -> None:
    """Text above libxml2's own limit of 10 MB."""
    plain = envelope(f"<a>{'x' * 10_500_000}</a>")
    message = answer((*SIGNED, ENCRYPTED), plain)
    checked = client().check(message)
    assert len(checked.body[0].text or "") == 10_500_000


# What cannot be encrypted.


@pytest.mark.parametrize(
    "part", ["body/element", "xpath:/*", "xpath:/*/*[1]", "xpath://wsse:Security"]
)
def test_parts_that_must_stay(part: str) -> None:
    """SOAP needs its Envelope, Header and Body, and receivers the security header."""
    with pytest.raises(OutboundError):
        service(Timestamp(), to_client(parts=(part,))).secure(envelope(headers=TO))


def test_part_inside_a_part() -> None:
    """One part inside another is refused."""
    with pytest.raises(OutboundError, match="inside another"):
        service(to_client(parts=("body", "xpath://*[local-name()='sku']"))).secure(envelope())


def test_part_that_is_missing() -> None:
    """A part that must be there, is not."""
    with pytest.raises(PartNotFoundError) as caught:
        service(to_client(parts=("header:wsa:To",))).secure(envelope())
    assert caught.value.part == "header:wsa:To"
    assert caught.value.request_sent == "no"
    assert b"Encrypted" not in answer((to_client(parts=("header:wsa:To?",)),))


def test_recipient_that_is_unknown() -> None:
    """No certificate, no encryption."""
    with pytest.raises(KeyNotFoundError):
        service(Encryption(recipients=("nobody",))).secure(envelope())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"key": "rsa-1024"}, "weak_key"), ({"key_usage": ("digital_signature",)}, "wrong_usage"),
     ({"key": "ec-p256", "key_usage": ("digital_signature",)}, "wrong_usage"),
     ({"key": "ed25519"}, "wrong_usage"), ({"key": "ec-k256"}, "weak_key")],
    ids=str,
)  # fmt: skip
def test_recipient_that_is_unfit(settings: dict[str, str], reason: str) -> None:
    """Nothing is encrypted to a certificate that is not for it."""
    unfit = Authority.create("Root", now=NOW).issue("unfit", **settings)  # type: ignore[arg-type]
    keystore = issued("service").keystore("service").with_partner("client", unfit.certificate)
    with pytest.raises(KeyUsageError) as caught:
        service(ENCRYPTED, keystore=keystore).secure(envelope())
    assert caught.value.reason == reason


def test_exchange_knows_what_was_encrypted() -> None:
    """What the answer must prove follows from the request as it was before encryption."""
    step = Encryption(recipients=("client",), parts=("body", "timestamp", "signature"))
    exchange = secured((Timestamp(), Signature(), step)).exchange
    assert exchange.has_encrypted_body
    assert exchange.has_timestamp
    assert len(exchange.signature_values) == 1


def test_ids_of_older_java_stacks() -> None:
    """An Id with colons, as in ``EncKeyId-urn:uuid:…``, is no NCName, yet it is sent and names one element."""
    message = answer((Timestamp(), Signature(), ENCRYPTED))
    (key_id,) = tree_of(message).xpath("//xenc:EncryptedKey/@Id", namespaces={"xenc": XENC})
    colons = b"EncKeyId-urn:uuid:FA106335A882E157EB12586467444374"

    accepted(message.replace(str(key_id).encode(), colons))
