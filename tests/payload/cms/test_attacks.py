"""Forged CMS, row by row of the catalogue (CM7-01 to CM7-17); every refusal has its accepted twin."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from payload.cms.forge import (
    Forged,
    attribute,
    content_info,
    digest_of,
    edited,
    indefinite,
    member,
)
from payload.cms.people import DATA, NOW, OLD, people

from zeep_wssec import (
    KeyNotFoundError,
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
)
from zeep_wssec.payload.cms import algorithms, ber
from zeep_wssec.payload.cms.der import algorithm, integer, octet_string, oid, sequence, set_of
from zeep_wssec.payload.cms.identifiers import signature_identifier
from zeep_wssec.payload.cms.recipients import MAX_RECIPIENTS
from zeep_wssec.payload.cms.verifying import MAX_CERTIFICATES, MAX_SIGNERS
from zeep_wssec.payload.results import PayloadResult

TYPE, DIGEST = algorithms.CONTENT_TYPE_ATTRIBUTE, algorithms.MESSAGE_DIGEST_ATTRIBUTE
OTHER_TYPE = "1.2.840.113549.1.7.5"


def verify(data: bytes, *, partners: str = "alice", **settings: Any) -> PayloadResult:
    """Verify as somebody who knows the partners."""
    return people().cms("max", partners, **settings).verify(data, now=NOW)


def refused(data: bytes, kind: type[PayloadError], **settings: Any) -> PayloadError:
    """Verify what must be refused."""
    with pytest.raises(kind) as caught:
        verify(data, **settings)
    assert type(caught.value) is kind
    return caught.value


def sealed(cipher: str = "aes256-gcm", **settings: Any) -> bytes:
    """Something encrypted to bob."""
    settings.setdefault("recipients", ["bob"])
    found = people().cms(
        "alice", "bob carol eve", content_encryption=cipher, legacy=OLD, **settings
    )
    content = found.encrypt(DATA, now=NOW).content
    assert content is not None
    return content


def protected(**settings: Any) -> bytes:
    """Something that alice signed and encrypted to bob."""
    found = people().cms("alice", "bob", recipients=["bob"], legacy=OLD, **settings)
    content = found.protect(DATA, now=NOW).content
    assert content is not None
    return content


def test_forge_makes_good_data() -> None:
    """The twin of everything that is forged here: with nothing changed, it is accepted."""
    seen = verify(Forged(DATA).build())
    assert (seen.content, seen.signed_by) == (DATA, ("alice",))


def test_cm7_01_attributes_as_content() -> None:
    """CM7-01: the attributes of a genuine signature, shown as content without attributes."""
    genuine = Forged(DATA)
    stolen = set_of(genuine.usual())
    refused(Forged(stolen, bare=True).build(), PayloadSignatureError)
    assert verify(Forged(DATA, bare=True).build()).content == DATA


def test_cm7_01_attributes_of_any_value() -> None:
    """CM7-01: attributes with a value that is not read here (a tag above 30) are attributes none the less."""
    odd = attribute("1.2.3.4", b"\x9f\x1f\x01\x00")
    stolen = set_of([*Forged(DATA).usual(), odd])
    refused(Forged(stolen, bare=True).build(), PayloadSignatureError)
    assert verify(Forged(odd, bare=True).build()).content == odd


def test_cm7_01_not_made() -> None:
    """CM7-01: we do not sign such content without attributes, which could be shown as attributes."""
    content = set_of(Forged(DATA).usual())
    bare = people().cms("alice", signed_attributes=False)
    with pytest.raises(PayloadError, match="could pass for signed attributes"):
        bare.sign(content, now=NOW)
    assert verify(bare.sign(b"1" + content, now=NOW).content or b"").content == b"1" + content


def test_cm7_02_content_type() -> None:
    """CM7-02: the signed type and that of the content are one."""
    changed = Forged(DATA, content_type=OTHER_TYPE, signed_type=algorithms.DATA)
    refused(changed.build(), PayloadSignatureError, content_type=OTHER_TYPE)
    refused(Forged(DATA, content_type=OTHER_TYPE).build(), PayloadMalformedError)
    good = Forged(DATA, content_type=OTHER_TYPE).build()
    assert verify(good, content_type=OTHER_TYPE).content == DATA


GOOD_DIGEST = octet_string(digest_of(DATA))
ATTRIBUTES = {
    "missing": [attribute(TYPE, oid(algorithms.DATA))],
    "no type": [attribute(DIGEST, GOOD_DIGEST)],
    "two values": [
        attribute(TYPE, oid(algorithms.DATA)),
        attribute(DIGEST, GOOD_DIGEST, octet_string(b"x")),
    ],
    "no value": [attribute(TYPE, oid(algorithms.DATA)), attribute(DIGEST)],
    "another kind": [attribute(TYPE, oid(algorithms.DATA)), attribute(DIGEST, integer(7))],
    "type of no arcs": [attribute(TYPE, b"\x06\x01\x80"), attribute(DIGEST, GOOD_DIGEST)],
    "empty": [],
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_cm7_03_message_digest(name: str) -> None:
    """CM7-03: a message digest is there once, with one value, beside the content type."""
    refused(Forged(DATA, attributes=ATTRIBUTES[name]).build(), PayloadMalformedError)


@pytest.mark.parametrize("digest", [digest_of(DATA)[:-1], digest_of(DATA) + b"x", b""])
def test_cm7_03_length(digest: bytes) -> None:
    """CM7-03: a digest of another length is another digest."""
    wrong = [attribute(TYPE, oid(algorithms.DATA)), attribute(DIGEST, octet_string(digest))]
    refused(Forged(DATA, attributes=wrong).build(), PayloadSignatureError)


def test_cm7_04_doubled() -> None:
    """CM7-04: no attribute stands twice."""
    again = Forged(DATA, more=[attribute(DIGEST, octet_string(digest_of(b"other")))])
    refused(again.build(), PayloadMalformedError)


def test_cm7_04_not_der() -> None:
    """CM7-04: the signature is over DER, whatever encoding came."""
    assert verify(Forged(DATA, wrap=indefinite).build()).content == DATA
    backwards = Forged(DATA, wrap=lambda item: item[:2] + b"".join(reversed_members(item)))
    assert verify(backwards.build()).content == DATA


def reversed_members(element: bytes) -> list[bytes]:
    return [member(element, index) for index in (1, 0)]


def pss(name: str, digest: str) -> Forged:
    """Signed with PSS under one digest, with parameters that name another."""
    method = signature_identifier(algorithms.SIGNATURE_METHODS_BY_NAME[name])
    key: Any = people().issued["alice"].private_key
    hashed = getattr(hashes, digest.upper())()
    filling = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
    return Forged(
        DATA, digest=digest, method=method, sign=lambda data: key.sign(data, filling, hashed)
    )


def test_cm7_05_algorithms_differ() -> None:
    """CM7-05: digest and signature algorithm go together, the parameters of PSS too."""
    sha512 = algorithm(algorithms.SIGNATURE_METHODS_BY_NAME["rsa-sha512"].oid, b"\x05\x00")
    refused(Forged(DATA, method=sha512).build(), PayloadAlgorithmError)
    refused(pss("rsa-pss-sha512", "sha256").build(), PayloadAlgorithmError)
    assert verify(pss("rsa-pss-sha256", "sha256").build()).signers[0].algorithm == "rsa-pss"


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_cm7_05_weak(digest: str) -> None:
    """CM7-05: SHA-1 and MD5 need their opt-in, which the error names."""
    weak = Forged(DATA, digest=digest).build()
    assert refused(weak, PayloadAlgorithmError).opt_in == digest
    assert verify(weak, legacy={digest: "an old peer"}).signers[0].digest == digest


def test_cm7_05_not_stated() -> None:
    """CM7-05: a signer's digest is one of those that are stated in front."""
    refused(Forged(DATA, digests=["sha512"]).build(), PayloadMalformedError)
    assert verify(Forged(DATA, digests=["sha512", "sha256"]).build()).content == DATA


@pytest.mark.parametrize("protected_digest", ["sha256", "sha512"])
def test_cm7_05_protected(protected_digest: str) -> None:
    """CM7-05: algorithms that the signer protected are those that are used."""
    inner = algorithm(algorithms.DIGESTS_BY_NAME[protected_digest].oid)
    method = b"\xa1" + algorithm(algorithms.RSA_ENCRYPTION, b"\x05\x00")[1:]
    more = [attribute(algorithms.ALGORITHM_PROTECTION_ATTRIBUTE, sequence(inner, method))]
    data = Forged(DATA, more=more).build()
    if protected_digest == "sha256":
        assert verify(data).content == DATA
    else:
        refused(data, PayloadAlgorithmError)


def two_signers(second: Forged) -> bytes:
    """One good signature, and another one."""
    first = Forged(DATA)
    both = set_of([first.info(), second.info()])
    certificates = (
        b"\xa0"
        + set_of(people().issued[item.signer].certificate.der for item in (first, second))[1:]
    )
    data = edited(first.build(), (1, 0, 4), lambda _: both)
    return edited(data, (1, 0, 3), lambda _: certificates)


def test_cm7_06_several() -> None:
    """CM7-06: a bad signature beside a good one is refused; a stranger's counts for nothing."""
    bad = Forged(DATA, signer="bob", sign=lambda data: bytes(256))
    stranger = Forged(DATA, signer="carol")
    for mode in ("all", "any"):
        refused(two_signers(bad), PayloadSignatureError, partners="alice bob", signatures=mode)
    refused(two_signers(stranger), PayloadSignerError)
    seen = verify(two_signers(stranger), signatures="any")
    assert [(item.alias, item.trusted) for item in seen.signers] == [("alice", True), (None, False)]
    both = verify(two_signers(stranger), partners="alice carol")
    assert set(both.signed_by) == {"alice", "carol"}


def test_cm7_06_each() -> None:
    """CM7-06: where each has to sign, one signature is not enough."""
    named = {"partners": "alice carol", "signed_by": ["alice", "carol"], "signatures": "each"}
    refused(Forged(DATA).build(), PayloadSignerError, **named)
    assert len(verify(two_signers(Forged(DATA, signer="carol")), **named).signers) == 2


def test_cm7_06_none() -> None:
    """CM7-06: no signature proves nothing; too many are not looked at."""
    refused(Forged(DATA, infos=0).build(), PayloadUnsignedError)
    refused(Forged(DATA, infos=MAX_SIGNERS + 1).build(), PayloadLimitError)
    assert len(verify(Forged(DATA, infos=MAX_SIGNERS).build()).signers) == MAX_SIGNERS


def test_cm7_07_attached_in_place_of_detached() -> None:
    """CM7-07: attached content where a detached signature is expected; only what was verified is given."""
    bob = people().cms("bob", "alice")
    attached = Forged(DATA).build()
    with pytest.raises(PayloadMalformedError):
        bob.verify(attached, content=b"other", now=NOW)
    with pytest.raises(PayloadMalformedError):
        bob.verify(attached, content=DATA, now=NOW)
    detached = people().cms("alice", detached=True).sign(DATA, now=NOW).content
    assert bob.verify(detached or b"", content=DATA, now=NOW).content == DATA
    with pytest.raises(PayloadSignatureError):
        bob.verify(detached or b"", content=b"other", now=NOW)


def test_cm7_08_only_in_the_bag() -> None:
    """CM7-08: a certificate that comes along is nobody's proof, whoever issued it."""
    carol = Forged(DATA, signer="carol").build()
    assert refused(carol, PayloadSignerError).reason == "wrong_peer"
    assert verify(carol, partners="alice carol").signed_by == ("carol",)


def test_cm7_08_same_name() -> None:
    """CM7-08: a certificate of another CA with the partner's issuer name and serial number."""
    alice = people().issued["alice"].certificate
    false_root = type(people().root).create("Test Issuer", now=NOW)
    false = false_root.issue("alice", serial=alice.serial_number)
    key: Any = false.private_key

    def sign(data: bytes) -> bytes:
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[no-any-return]

    data = Forged(DATA, sign=sign, certificates=[false.certificate.der]).build()
    assert refused(data, PayloadSignerError).reason == "wrong_peer"


def test_cm7_09_two_of_a_name() -> None:
    """CM7-09: where two certificates have the name, the one whose key signed is meant, and judged."""
    alice = people().issued["alice"].certificate
    false_root = type(people().root).create("Test Issuer", now=NOW)
    twin = false_root.issue("alice", serial=alice.serial_number).certificate
    both = Forged(DATA, certificates=[twin.der, alice.der]).build()
    assert verify(both).signers[0].sha256 == alice.thumbprint_sha256
    changed = both.replace(b"line1", b"line2")
    refused(changed, PayloadSignatureError)


def test_cm7_10_unsigned_attributes() -> None:
    """CM7-10: what is not signed is not looked at: no counter-signature or time stamp proves anything."""
    stamp = attribute("1.2.840.113549.1.9.16.2.14", octet_string(b"a time stamp"))
    counter = attribute("1.2.840.113549.1.9.6", Forged(DATA, signer="carol").info())
    seen = verify(Forged(DATA, unsigned=[stamp, counter]).build())
    assert len(seen.signers) == 1
    assert seen.signers[0].signed_at is None
    stranger = Forged(DATA, signer="carol", unsigned=[stamp, counter])
    refused(stranger.build(), PayloadSignerError)


def with_recipients(count: int, *, first: list[bytes] | None = None) -> bytes:
    """A message to bob among so many others."""
    data = sealed()
    ours = member(data, 1, 0, 1, 0)
    others = member(sealed(recipients=["carol"]), 1, 0, 1, 0)
    infos = [*(first or []), *[others] * (count - 1 - len(first or [])), ours]
    return edited(data, (1, 0, 1), lambda _: b"\x31" + sequence(*infos)[1:])


@pytest.mark.parametrize("count", [MAX_RECIPIENTS + 1, 10_000])
def test_cm7_11_recipients(count: int) -> None:
    """CM7-11: recipients are bounded before a key is used; ours is found by its name, wherever it stands."""
    with pytest.raises(PayloadLimitError):
        people().cms("bob").decrypt(with_recipients(count))
    assert people().cms("bob").decrypt(with_recipients(MAX_RECIPIENTS)).content == DATA


def test_cm7_11_odd_kinds() -> None:
    """CM7-11: recipients by password or shared key are passed over; an unknown kind is refused."""
    password = b"\xa3" + sequence(integer(0), algorithm("1.2.3.4"), octet_string(b"x"))[1:]
    seen = people().cms("bob").decrypt(with_recipients(3, first=[password]))
    assert (seen.content, seen.recipients[0]) == (DATA, "a password")
    with pytest.raises(PayloadMalformedError):
        people().cms("bob").decrypt(with_recipients(3, first=[b"\xa7\x00"]))


def test_cm7_12_cbc() -> None:
    """CM7-12: CBC without a signature needs its opt-in, to write and to read."""
    data = sealed("aes256-cbc")
    with pytest.raises(PayloadAlgorithmError) as caught:
        people().cms("bob").decrypt(data)
    assert caught.value.opt_in == "cbc"
    assert people().cms("bob", legacy={"cbc": "an old peer"}).decrypt(data).content == DATA


@pytest.mark.parametrize("protection", ["nested", "pkcs7"])
def test_cm7_12_one_error(protection: str) -> None:
    """CM7-12: behind CBC, a wrong padding, a wrong content and a wrong key are one error."""
    data = protected(content_encryption="aes128-cbc", protection=protection)
    bob = people().cms("bob", "alice", legacy=OLD)
    assert bob.open(data, now=NOW).content == DATA
    index = 2 if protection == "nested" else 3
    size = len(member(data, 1, 0, index, 2))
    texts = set()
    for at in range(4, size):
        changed = edited(data, (1, 0, index, 2), lambda item, at=at: flipped(item, at))  # type: ignore[misc]
        try:
            # What alice did not sign, such as her issuer's certificate, may be any.
            seen = bob.open(changed, now=NOW)
            assert (seen.content, seen.signed_by) == (DATA, ("alice",))
        except PayloadError as error:
            texts.add((type(error), str(error), error.code))
    assert texts == {(PayloadDecryptionError, str(PayloadDecryptionError()), "payload_decryption")}


@pytest.mark.parametrize("who", ["carol", "unknown", "detached"])
def test_cm7_12_signed_by_a_stranger(who: str) -> None:
    """CM7-12: behind CBC, a signature that anybody can put around a guess is the same error; behind GCM it is told."""
    carol = people().cms(
        "carol", detached=who == "detached", certificates="none" if who == "unknown" else "chain"
    )
    signed = carol.sign(DATA, now=NOW).content or b""
    seen = {}
    for cipher in ("aes128-cbc", "aes128-gcm"):
        sender = people().cms("", "bob", recipients=["bob"], content_encryption=cipher, legacy=OLD)
        with pytest.raises(PayloadError) as caught:
            people().cms("bob", "alice").open(
                sender.encrypt(signed, now=NOW).content or b"", now=NOW
            )
        seen[cipher] = type(caught.value)
    told = PayloadMalformedError if who == "detached" else PayloadSignerError
    assert seen == {"aes128-cbc": PayloadDecryptionError, "aes128-gcm": told}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_cm7_13_short_tag() -> None:
    """CM7-13: the tag of GCM has 16 octets, whatever the parameters say."""
    data = sealed()
    short = edited(data, (1, 0, 3), lambda item: octet_string(item[2:14]))
    with pytest.raises(PayloadMalformedError):
        people().cms("bob").decrypt(short)
    told = edited(short, (1, 0, 2, 1, 1, 1), lambda _: integer(12))
    with pytest.raises(PayloadMalformedError):
        people().cms("bob").decrypt(told)
    assert people().cms("bob").decrypt(data).content == DATA


def test_cm7_13_relabelled() -> None:
    """CM7-13: GCM shown as EnvelopedData, without its tag, is refused by its name; so is CBC as the other."""
    gcm, cbc = sealed(), sealed("aes256-cbc")
    body = member(gcm, 1, 0)
    stripped = sequence(*(member(body, index) for index in range(3)))
    with pytest.raises(PayloadAlgorithmError, match="aes256-gcm"):
        people().cms("bob", legacy=OLD).decrypt(content_info(algorithms.ENVELOPED, stripped))
    identifier = member(cbc, 1, 0, 2, 1)
    as_cbc = edited(stripped, (2, 1), lambda _: identifier)
    with pytest.raises(PayloadDecryptionError):
        people().cms("bob", legacy=OLD).decrypt(content_info(algorithms.ENVELOPED, as_cbc))


def test_cm7_13_authenticated_attributes() -> None:
    """CM7-13: attributes that are added were not authenticated."""
    data = sealed()
    added = b"\xa1" + set_of([attribute(TYPE, oid(algorithms.DATA))])[1:]
    changed = edited(data, (1, 0), lambda item: _with_attributes(item, added))
    with pytest.raises(PayloadDecryptionError):
        people().cms("bob").decrypt(changed)


def _with_attributes(body: bytes, added: bytes) -> bytes:
    parts = [member(body, index) for index in range(4)]
    return sequence(*parts[:3], added, parts[3])


def test_cm7_13_attributes_that_were_authenticated() -> None:
    """CM7-13: what stands beside the content under the tag is read; another content type is refused."""
    for number in (algorithms.DATA, OTHER_TYPE):
        attributes = set_of([attribute(TYPE, oid(number))])
        key, nonce = bytes(32), bytes(12)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("zeep_wssec.payload.cms.enveloping.os.urandom", lambda size: bytes(size))
            data = sealed()
        made = AESGCM(key).encrypt(nonce, DATA, attributes)
        body = [member(data, 1, 0, index) for index in range(3)]
        body[2] = edited(body[2], (2,), lambda _, made=made: b"\x80\x0f" + made[:-16])  # type: ignore[misc]
        added = b"\xa1" + attributes[1:]
        whole = content_info(
            algorithms.AUTH_ENVELOPED, sequence(*body, added, octet_string(made[-16:]))
        )
        if number == algorithms.DATA:
            assert people().cms("bob").decrypt(whole).content == DATA
        else:
            with pytest.raises(PayloadMalformedError):
                people().cms("bob").decrypt(whole)


def test_cm7_14_key_transport() -> None:
    """CM7-14: RSA 1.5 needs its opt-in; then a broken key and a broken content are one error."""
    data = sealed(key_transport="rsa-1_5")
    with pytest.raises(PayloadAlgorithmError) as caught:
        people().cms("bob").decrypt(data)
    assert caught.value.opt_in == "rsa-1_5"
    bob = people().cms("bob", legacy=OLD)
    assert bob.decrypt(data).content == DATA
    texts = set()
    for change in (lambda item: flipped(item, 40), lambda item: octet_string(bytes(256))):
        changed = edited(data, (1, 0, 1, 0, 3), change)
        with pytest.raises(PayloadDecryptionError) as refusal:
            bob.decrypt(changed)
        texts.add(str(refusal.value))
    with pytest.raises(PayloadDecryptionError) as refusal:
        people().cms("carol", legacy=OLD).decrypt(data)
    assert texts | {str(refusal.value)} == {str(PayloadDecryptionError())}


def test_cm7_15_compression_and_nesting() -> None:
    """CM7-15: compressed data is not read, and nothing is unpacked more than once."""
    compressed = content_info("1.2.840.113549.1.9.16.1.9", sequence(integer(0)))
    refused(compressed, PayloadMalformedError)
    deep = indefinite(b"\x30" + b"\x00")
    for _ in range(1000):
        deep = b"\x30\x80" + deep + b"\x00\x00"
    refused(content_info(algorithms.SIGNED, deep), PayloadMalformedError)
    nested = edited(Forged(DATA).build(), (1, 0, 3), lambda _: b"\xa0\x80" + deep + b"\x00\x00")
    refused(nested, PayloadLimitError)
    twice = people().cms("alice", "bob", recipients=["bob"]).encrypt(protected(), now=NOW).content
    with pytest.raises(PayloadUnsignedError):
        people().cms("bob", "alice").open(twice or b"", now=NOW)


def test_cm7_15_structure_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """CM7-15: certificates are bounded in number and in size, before any is parsed."""
    der = people().issued["alice"].certificate.der
    refused(Forged(DATA, certificates=[der] * (MAX_CERTIFICATES + 1)).build(), PayloadLimitError)
    assert verify(Forged(DATA, certificates=[der] * MAX_CERTIFICATES).build()).content == DATA
    monkeypatch.setattr(ber, "MAX_STRUCTURE_BYTES", 4 * len(der))
    refused(Forged(DATA, certificates=[der] * 8).build(), PayloadLimitError)
    assert verify(Forged(DATA, certificates=[der] * 2).build()).content == DATA


@pytest.mark.parametrize(
    "change", ["behind", "cut", "two blocks", "text behind", "mail", "empty", "text"]
)
def test_cm7_16_ends(change: str) -> None:
    """CM7-16: nothing stands before or behind the data, and nothing of it is missing."""
    data = Forged(DATA).build()
    pem = people().cms("alice", encoding="pem").sign(DATA, now=NOW).content
    assert pem is not None
    broken = {
        "behind": data + b"\x00",
        "cut": data[:-1],
        "two blocks": pem + pem,
        "text behind": pem + b"more",
        "mail": b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime\n\n" + pem,
        "empty": b"",
        "text": b"this is a letter, and no data at all",
    }
    refused(broken[change], PayloadMalformedError)
    assert verify(data).content == verify(pem).content == verify(pem + b"\r\n").content == DATA


def test_cm7_16_every_cut() -> None:
    """CM7-16: wherever data is cut off, nothing of it is given."""
    data, encrypted = Forged(DATA).build(), sealed(block_bytes=64)
    for size in range(len(data)):
        with pytest.raises(PayloadMalformedError):
            verify(data[:size])
    for size in range(0, len(encrypted), 7):
        with pytest.raises(PayloadMalformedError):
            people().cms("bob").decrypt(encrypted[:size])


def test_cm7_17_encrypted_again() -> None:
    """CM7-17: what alice encrypted to bob and bob to carol tells carol who signed, and no more.

    A signature inside says nothing of the recipient: ``recipients`` is what stands outside. Content whose
    meaning depends on it names its recipient.
    """
    opened = people().cms("bob").decrypt(protected()).content
    assert opened is not None
    again = people().cms("bob", "carol", recipients=["carol"]).encrypt(opened, now=NOW).content
    seen = people().cms("carol", "alice").open(again or b"", now=NOW)
    assert (seen.signed_by, seen.recipients) == (("alice",), ("carol",))
    with pytest.raises(PayloadSignerError):
        people().cms("carol", "bob").open(again or b"", now=NOW)


def test_cm7_17_signature_outside() -> None:
    """CM7-17: a signature around encrypted data is no signature over its content: ``open`` wants it inside."""
    inside = sealed()
    outside = people().cms("carol").sign(inside, now=NOW).content
    with pytest.raises(PayloadMalformedError):
        people().cms("bob", "carol").open(outside or b"", now=NOW)
    assert people().cms("bob", "alice").open(protected(), now=NOW).signed_by == ("alice",)


def test_nobody_to_trust() -> None:
    """Without any partner nobody's signature counts, and the error says what to add."""
    with pytest.raises(KeyNotFoundError):
        people().cms("bob").verify(Forged(DATA).build(), now=NOW)
