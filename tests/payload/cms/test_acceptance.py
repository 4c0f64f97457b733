"""What CMS must do for users of SAP's PKCS#7 steps: ten checks, numbered C-1 to C-10."""

from __future__ import annotations

import base64

import pytest
from payload.cms.libcrypto import LibCrypto
from payload.cms.people import DATA, NOW, OLD, OpenSsl, people

from zeep_wssec import (
    LegacyAlgorithmError,
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
)
from zeep_wssec.payload.cms import Cms, CmsSettings

pytestmark = pytest.mark.interop
CBC = {"legacy": OLD, "content_encryption": "aes256-cbc"}


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_c1_several_recipients(openssl: OpenSsl, name: str) -> None:
    """C-1: each recipient opens it with its own key."""
    cms = people().cms(partners="alice bob", recipients=["alice", "bob"], **CBC)
    assert openssl.decrypt(cms.encrypt(DATA, now=NOW).content, name) == DATA


def test_c1_somebody_else(openssl: OpenSsl) -> None:
    """C-1: nobody else does."""
    cms = people().cms(partners="alice bob", recipients=["alice", "bob"], **CBC)
    openssl.write("e.der", cms.encrypt(DATA, now=NOW).content)
    who = ("-inkey", "carol.key", "-recip", "carol.pem")
    done = openssl.run("cms", "-decrypt", "-inform", "DER", "-in", "e.der", *who, "-out", "o")
    assert done.returncode == 4


@pytest.mark.parametrize("transport", ["rsa-oaep", "rsa-1_5"])
def test_c2_gcm(openssl: OpenSsl, transport: str) -> None:
    """C-2: AES-256-GCM, with OAEP and without."""
    cms = people().cms(
        partners="alice bob", recipients=["alice", "bob"], key_transport=transport, legacy=OLD
    )
    assert openssl.decrypt(cms.encrypt(DATA, now=NOW).content, "bob") == DATA


def test_c2_flipped() -> None:
    """C-2: the last octet flipped, nothing is given."""
    content = people().cms(partners="bob", recipients=["bob"]).encrypt(DATA, now=NOW).content
    assert content is not None
    bob = people().cms("bob")
    assert bob.decrypt(content).content == DATA
    with pytest.raises(PayloadDecryptionError):
        bob.decrypt(content[:-1] + bytes([content[-1] ^ 1]))


OPENED = {
    "aes-128-cbc": ("-aes-128-cbc",),
    "aes-192-cbc": ("-aes-192-cbc",),
    "3des": ("-des3",),
    "aes-256-gcm": ("-aes-256-gcm",),
    "keyid": ("-aes-256-cbc", "-keyid"),
    "stream": ("-aes-256-cbc", "-stream"),
    "oaep": ("-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep"),
}


@pytest.mark.parametrize("name", OPENED)
def test_c3_what_openssl_encrypts(openssl: OpenSsl, name: str) -> None:
    """C-3: what openssl writes is opened, under the opt-ins that it needs."""
    data = openssl.encrypt("bob", more=OPENED[name])
    assert people().cms("bob", legacy=OLD).decrypt(data).content == DATA


@pytest.mark.parametrize("name", ["des-cbc", "rc2-cbc", "cast5-cbc"])
def test_c3_what_is_refused(openssl: OpenSsl, name: str) -> None:
    """C-3: a cipher that is not read is named."""
    old = ("-provider", "legacy", "-provider", "default")
    data = openssl.encrypt("bob", more=(*old, f"-{name}"))
    with pytest.raises(PayloadAlgorithmError, match=name):
        people().cms("bob", legacy=OLD).decrypt(data)


def test_c3_camellia(openssl: OpenSsl) -> None:
    """C-3: Camellia is read and written under its opt-in."""
    data = openssl.encrypt("bob", more=("-camellia256",))
    without = {name: reason for name, reason in OLD.items() if name != "camellia"}
    with pytest.raises(PayloadAlgorithmError, match="camellia256-cbc") as caught:
        people().cms("bob", legacy=without).decrypt(data)
    assert caught.value.opt_in == "camellia"
    assert people().cms("bob", legacy=OLD).decrypt(data).content == DATA
    with pytest.raises(LegacyAlgorithmError) as refusal:
        CmsSettings(content_encryption="camellia256-cbc", legacy=without)
    assert refusal.value.opt_in == "camellia"


@pytest.mark.parametrize("detached", [False, True])
def test_c4_signed(openssl: OpenSsl, detached: bool) -> None:
    """C-4: SHA-512, attached and detached, verified up to the root with the intermediate along."""
    signed = people().cms("alice", digest="sha512", detached=detached).sign(DATA, now=NOW)
    more = ("-content", "data.bin") if detached else ()
    assert openssl.verify(signed.content, *more) == DATA


def test_c5_two_signers(openssl: OpenSsl) -> None:
    """C-5: both are reported, one that is trusted is enough under ``any`` and not under ``all``."""
    both = people().cms(
        "alice bob", signers=["alice", "bob"], signer_algorithms={"bob": "rsa-sha512"}
    )
    signed = both.sign(DATA, now=NOW).content
    assert signed is not None
    assert openssl.verify(signed) == DATA
    everybody = people().cms(partners="alice bob").verify(signed, now=NOW)
    assert {(item.alias, item.digest) for item in everybody.signers} == {
        ("alice", "sha256"),
        ("bob", "sha512"),
    }
    bob = people().cms(partners="bob alice", signed_by=["bob"], signatures="any")
    assert bob.verify(signed, now=NOW).signed_by == ("bob",)
    with pytest.raises(PayloadSignerError):
        people().cms(partners="bob alice", signed_by=["bob"]).verify(signed, now=NOW)


@pytest.mark.parametrize("told", [False, True])
def test_c6_signing_time(openssl: OpenSsl, told: bool) -> None:
    """C-6: the signed attributes are content type and message digest, and the time where it is asked for."""
    signed = people().cms("alice", signing_time=told).sign(DATA, now=NOW)
    openssl.write("s.der", signed.content)
    printed = openssl.run("cms", "-cmsout", "-print", "-inform", "DER", "-in", "s.der").stdout
    assert b"object: contentType" in printed
    assert b"object: messageDigest" in printed
    assert (b"object: signingTime" in printed) == told


@pytest.mark.parametrize(("certificates", "count"), [("none", 0), ("leaf", 1), ("chain", 2)])
def test_c6_certificates(openssl: OpenSsl, certificates: str, count: int) -> None:
    """C-6: as many certificates go along as is asked for."""
    signed = people().cms("alice", certificates=certificates).sign(DATA, now=NOW)
    openssl.write("s.der", signed.content)
    printed = openssl.run("cms", "-cmsout", "-print", "-inform", "DER", "-in", "s.der").stdout
    assert printed.count(b"d.certificate:") == count


SIGNED = {
    "nodetach": ("alice", ("-nodetach",)),
    "detached": ("alice", ()),
    "noattr": ("alice", ("-nodetach", "-noattr")),
    "pss": ("alice", ("-nodetach", "-keyopt", "rsa_padding_mode:pss")),
    "ec": ("eve", ("-nodetach",)),
    "nocerts": ("alice", ("-nodetach", "-nocerts")),
    "keyid": ("alice", ("-nodetach", "-keyid")),
    "stream": ("alice", ("-nodetach", "-stream")),
    "sha512": ("alice", ("-nodetach", "-md", "sha512")),
    "sha3-256": ("alice", ("-nodetach", "-md", "sha3-256")),
}


@pytest.mark.parametrize("name", SIGNED)
def test_c7_what_openssl_signs(openssl: OpenSsl, name: str) -> None:
    """C-7: each is verified; with one octet of the content changed or another signer it is not."""
    who, more = SIGNED[name]
    data = openssl.sign(who, more=more)
    known, unknown = people().cms(partners=who), people().cms(partners="bob")
    content = {"content": DATA} if name == "detached" else {}
    assert known.verify(data, now=NOW, **content).content == DATA
    with pytest.raises(PayloadSignerError):
        unknown.verify(data, now=NOW, **content)
    changed = {"content": DATA.replace(b"1", b"2")} if content else {}
    with pytest.raises(PayloadSignatureError):
        known.verify(data.replace(b"line1", b"line2"), now=NOW, **changed)


def test_c8_renewal() -> None:
    """C-8: an alias may be listed before it is there; once it is, no restart is needed."""
    settings = CmsSettings(signed_by=["alice", "bob?"])
    by_alice = people().cms("alice").sign(DATA, now=NOW).content
    by_bob = people().cms("bob").sign(DATA, now=NOW).content
    assert by_alice is not None
    assert by_bob is not None
    before = Cms(people().keystore(partners=["alice"]), settings)
    assert before.verify(by_alice, now=NOW).signed_by == ("alice",)
    with pytest.raises(PayloadSignerError):
        before.verify(by_bob, now=NOW)
    after = Cms(people().keystore(partners=["alice", "bob"]), settings)
    assert after.verify(by_bob, now=NOW).signed_by == ("bob",)


def pem(name: str) -> tuple[bytes, bytes]:
    issued = people().issued[name]
    return issued.certificate_pem, issued.key_pem()


def test_c9_ours_to_libcrypto() -> None:
    """C-9: libcrypto gets the content and finds the signature good."""
    alice = people().cms(
        "alice", "bob", recipients=["bob"], protection="pkcs7", key_transport="rsa-1_5", **CBC
    )
    content = alice.protect(DATA, now=NOW).content
    assert content is not None
    certificate, key = pem("bob")
    found = LibCrypto().open(content, certificate=certificate, key=key, signer=pem("alice")[0])
    assert found == (DATA, True)


def test_c9_libcrypto_to_ours() -> None:
    """C-9: we get the content, and know who signed."""
    data = LibCrypto().make(DATA, signer=pem("alice"), recipients=[pem("carol")[0], pem("bob")[0]])
    seen = people().cms("bob", "alice", legacy={"rsa-1_5": "libcrypto"}).open(data, now=NOW)
    assert (seen.content, seen.signed_by) == (DATA, ("alice",))
    with pytest.raises(PayloadDecryptionError):  # behind CBC nothing tells which failure it is
        people().cms("bob", "carol", legacy={"rsa-1_5": "libcrypto"}).open(data, now=NOW)


def test_c9_encrypted_only() -> None:
    """C-9: what nobody signed is refused where a signature is demanded, and taken where it is not."""
    data = people().cms(partners="bob", recipients=["bob"]).encrypt(DATA, now=NOW).content
    assert data is not None
    with pytest.raises(PayloadUnsignedError):
        people().cms("bob", "alice").open(data, now=NOW)
    lenient = people().cms("bob", "alice", unsigned="accept")
    assert lenient.open(data, now=NOW).signers == ()


def test_c10_base64(openssl: OpenSsl) -> None:
    """C-10: base64 out is DER inside, and base64 in is read."""
    signed = people().cms("alice", encoding="base64").sign(DATA, now=NOW).content
    assert signed is not None
    openssl.write("s.der", base64.b64decode(signed, validate=True))
    assert openssl.run("asn1parse", "-inform", "DER", "-in", "s.der").returncode == 0
    bob: Cms = people().cms(partners="alice")
    folded = b"\r\n".join(signed[at : at + 76] for at in range(0, len(signed), 76)) + b"\r\n"
    for text in (signed, folded):
        assert bob.verify(text, now=NOW).content == DATA
