"""PKCS#12, as cryptography writes it and as nobody should."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from asn1crypto import algos, core  # type: ignore[import-untyped]
from asn1crypto import pem as asn1_pem
from asn1crypto import pkcs12 as asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMismatchError,
    WrongPasswordError,
)
from zeep_wssec.keys import pkcs12_rc2
from zeep_wssec.keys.derivation_work import MAX_ITERATIONS, Work
from zeep_wssec.keys.pkcs12 import load_pkcs12
from zeep_wssec.keys.pkcs12_crypto import decrypt, derive_pkcs12
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key

PASSWORD = b"geheim"
FORMAT = PrivateFormat.PKCS12.encryption_builder


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Issued:
    return authority.intermediate("Middle").issue("leaf", key=generate_key("rsa-2048"))


def encryptions() -> dict[str, KeySerializationEncryption]:
    """Give every way in which cryptography can encrypt."""
    made: dict[str, KeySerializationEncryption] = {"none": NoEncryption()}
    for scheme in pkcs12.PBES:
        for digest in (hashes.SHA1(), hashes.SHA256()):  # noqa: S303
            made[f"{scheme.name} {digest.name}"] = (
                FORMAT().kdf_rounds(50).key_cert_algorithm(scheme).hmac_hash(digest).build(PASSWORD)
            )
    return made


@pytest.mark.parametrize("encryption", encryptions().values(), ids=encryptions().keys())
def test_every_encryption_is_opened(leaf: Issued, encryption: KeySerializationEncryption) -> None:
    """Key, chain and alias come out the same however the file is encrypted."""
    data = pkcs12.serialize_key_and_certificates(
        b"me",
        leaf.private_key,  # type: ignore[arg-type]
        leaf.certificate.x509,
        [item.x509 for item in leaf.chain],
        encryption,
    )
    password = None if isinstance(encryption, NoEncryption) else PASSWORD
    content = load_pkcs12(data, password=password)
    assert [(key.alias, key.certificate, key.chain) for key in content.keys] == [
        ("me", leaf.certificate, leaf.chain)
    ]
    assert (content.partners, content.loose) == ((), ())


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-bp256", "ed25519"])
def test_kinds_of_keys(authority: Authority, kind: str) -> None:
    """Every kind of key that PKCS#12 can hold."""
    issued = authority.issue("a", key=kind)
    (entry,) = load_pkcs12(issued.pkcs12("geheim"), password=PASSWORD).keys
    assert entry.certificate == issued.certificate


@pytest.mark.parametrize("password", ["", "geheim", "pässwörd", "日本", "x" * 200, "a b\t"])
def test_passwords(client: Issued, password: str) -> None:
    """Empty, long and non-ASCII passwords open what was made with them."""
    data = client.pkcs12(password)
    assert load_pkcs12(data, password=password.encode()).keys
    with pytest.raises(WrongPasswordError):
        load_pkcs12(data, password=b"falsch")


def test_missing_password_is_another_message_than_a_wrong_one(client: Issued) -> None:
    """The operator learns whether to give a password or to correct it; neither shows it."""
    data = client.pkcs12("geheim")
    with pytest.raises(WrongPasswordError, match="needs a password"):
        load_pkcs12(data, password=None)
    with pytest.raises(WrongPasswordError, match="does not open") as caught:
        load_pkcs12(data, password=b"falsch")
    assert "falsch" not in str(caught.value)


def test_key_without_name_is_called_key(client: Issued) -> None:
    """One key pair needs no name."""
    (entry,) = load_pkcs12(client.pkcs12("geheim", name=None), password=PASSWORD).keys
    assert entry.alias == "key"


def reassemble(*files: bytes, change: Any = lambda safe: safe) -> bytes:
    """Put the parts of several files into one, with a new MAC; ``change`` may alter them."""
    parts = []
    for data in files:
        pfx = asn1.Pfx.load(data)
        for info in asn1.AuthenticatedSafe.load(pfx["auth_safe"]["content"].native):
            if info["content_type"].native == "encrypted_data":
                inner = info["content"]["encrypted_content_info"]
                algorithm, ciphertext = (
                    inner["content_encryption_algorithm"],
                    inner["encrypted_content"],
                )
                plain = decrypt(
                    algorithm, ciphertext.native, password=PASSWORD, source="test", work=Work()
                )
            else:
                plain = info["content"].native
            parts += list(asn1.SafeContents.load(plain))
    safe = change(asn1.SafeContents(parts))
    content = asn1.AuthenticatedSafe([{"content_type": "data", "content": safe.dump()}]).dump()
    return seal(content)


def seal(content: bytes, *, digest: str = "sha256", iterations: int = 5) -> bytes:
    """Make a file of an authenticated safe; above 9 iterations the MAC is only claimed."""
    secret = PASSWORD.decode().encode("utf-16-be") + b"\0\0"
    key = derive_pkcs12(
        secret,
        salt=b"12345678",
        iterations=min(iterations, 9),
        purpose=3,
        length=hashlib.new(digest).digest_size,
        digest=digest,
    )
    mac = {
        "mac": {
            "digest_algorithm": {"algorithm": digest},
            "digest": hmac.digest(key, content, digest),
        },
        "mac_salt": b"12345678",
        "iterations": iterations,
    }
    info = {"content_type": "data", "content": content}
    return bytes(asn1.Pfx({"version": "v3", "auth_safe": info, "mac_data": mac}).dump())


def test_several_keys(leaf: Issued, client: Issued, authority: Authority) -> None:
    """Every key is found, each with its own certificate and chain."""
    data = reassemble(leaf.pkcs12("geheim", name="one"), client.pkcs12("geheim", name="two"))
    found = {
        key.alias: (key.certificate, key.chain) for key in load_pkcs12(data, password=PASSWORD).keys
    }
    assert found == {"one": (leaf.certificate, leaf.chain), "two": (client.certificate, ())}


def test_several_keys_without_names(leaf: Issued, client: Issued) -> None:
    """Keys without names are numbered."""
    data = reassemble(leaf.pkcs12("geheim", name=None), client.pkcs12("geheim", name=None))
    assert [key.alias for key in load_pkcs12(data, password=PASSWORD).keys] == ["key-1", "key-2"]


def test_two_keys_of_one_name(leaf: Issued, client: Issued) -> None:
    """Which of two keys of one name is meant cannot be known."""
    data = reassemble(leaf.pkcs12("geheim", name="me"), client.pkcs12("geheim", name="me"))
    with pytest.raises(DuplicateAliasError, match="'me'"):
        load_pkcs12(data, password=PASSWORD)


def without_certificates(safe: Any) -> Any:
    return asn1.SafeContents([bag for bag in safe if bag["bag_id"].native != "cert_bag"])


def without_keys(safe: Any) -> Any:
    return asn1.SafeContents([bag for bag in safe if bag["bag_id"].native == "cert_bag"])


def test_key_without_its_certificate(client: Issued) -> None:
    """A key alone is an error that names its alias."""
    data = reassemble(client.pkcs12("geheim", name="me"), change=without_certificates)
    with pytest.raises(KeyMismatchError, match="'me'"):
        load_pkcs12(data, password=PASSWORD)


def test_local_key_id_that_lies(client: Issued, leaf: Issued) -> None:
    """A certificate that is linked to a key but has another public key is an error."""

    def swap(safe: Any) -> Any:
        for bag in safe:
            for attribute in bag["bag_attributes"]:
                if attribute["type"].native == "local_key_id":
                    attribute["values"] = [b"same"]
        return safe

    mine = reassemble(client.pkcs12("geheim", name="me"), change=without_certificates)
    other = reassemble(leaf.pkcs12("geheim", name="me"), change=without_keys)
    with pytest.raises(KeyMismatchError, match="CN=leaf"):
        load_pkcs12(reassemble(mine, other, change=swap), password=PASSWORD)
    assert load_pkcs12(reassemble(client.pkcs12("geheim"), change=swap), password=PASSWORD).keys


def test_linked_certificate_wins_over_a_newer_one(authority: Authority) -> None:
    """With two certificates for one key the file says which is meant."""
    old = authority.issue("old", not_before=authority.now.replace(year=2020))
    new = authority.issue("new", key=old.private_key)

    def unlink(safe: Any) -> Any:
        for bag in safe:
            bag["bag_attributes"] = []
        return safe

    loose = reassemble(new.pkcs12("geheim"), change=lambda safe: unlink(without_keys(safe)))
    data = reassemble(old.pkcs12("geheim"), loose)
    assert load_pkcs12(data, password=PASSWORD).keys[0].certificate == old.certificate


def test_named_certificates_without_any_key_are_partners(client: Issued, leaf: Issued) -> None:
    """A file of certificates alone holds partners, by their names."""
    data = reassemble(client.pkcs12("geheim", name="bank"), change=without_keys)
    content = load_pkcs12(data, password=PASSWORD)
    assert [(item.alias, item.certificate) for item in content.partners] == [
        ("bank", client.certificate)
    ]
    assert content.keys == ()


def test_certificates_that_belong_to_no_key_are_kept(client: Issued, leaf: Issued) -> None:
    """Certificates without a role can still be found, and are no partners."""
    data = reassemble(
        client.pkcs12("geheim"), reassemble(leaf.pkcs12("geheim", name="x"), change=without_keys)
    )
    content = load_pkcs12(data, password=PASSWORD)
    assert content.partners == ()
    assert set(content.loose) == {leaf.certificate, *leaf.chain}


def test_changed_content_is_refused(client: Issued) -> None:
    """The MAC covers all content: one changed octet looks like a wrong password."""
    data = reassemble(client.pkcs12("geheim"))
    position = data.index(client.certificate.der) + 100
    changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    assert load_pkcs12(data, password=PASSWORD).keys
    with pytest.raises(WrongPasswordError):
        load_pkcs12(changed, password=PASSWORD)


def test_file_without_mac_is_refused(client: Issued) -> None:
    """Without a MAC anybody could have swapped the certificates."""
    pfx = asn1.Pfx.load(client.pkcs12("geheim"))
    bare = asn1.Pfx({"version": "v3", "auth_safe": pfx["auth_safe"]}).dump()
    with pytest.raises(KeyLoadError, match="no MAC"):
        load_pkcs12(bare, password=PASSWORD)


@pytest.mark.parametrize("iterations", [0, -1, 10**9])
def test_iterations_of_the_mac_are_bounded(client: Issued, iterations: int) -> None:
    """A file cannot hold the process with a key derivation."""
    content = asn1.Pfx.load(client.pkcs12("geheim"))["auth_safe"]["content"].native
    with pytest.raises(KeyLoadError, match="iterations"):
        load_pkcs12(seal(content, iterations=iterations), password=PASSWORD)
    assert load_pkcs12(seal(content), password=PASSWORD).keys


def test_iterations_of_a_key_are_bounded(client: Issued) -> None:
    """The same for the key's own encryption."""

    def raise_iterations(safe: Any) -> Any:
        for bag in safe:
            if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                function = bag["bag_value"]["encryption_algorithm"]["parameters"][
                    "key_derivation_func"
                ]
                function["parameters"]["iteration_count"] = 10**9
        return safe

    data = reassemble(client.pkcs12("geheim"), change=raise_iterations)
    with pytest.raises(KeyLoadError, match="1000000000 iterations"):
        load_pkcs12(data, password=PASSWORD)


@pytest.mark.parametrize("digest", ["md5", "sha512_256"])
def test_other_mac_digests_are_refused(client: Issued, digest: str) -> None:
    """MD5 and digests that no tool writes are not run."""
    pfx = asn1.Pfx.load(client.pkcs12("geheim"))
    pfx["mac_data"]["mac"]["digest_algorithm"] = {"algorithm": digest}
    with pytest.raises(KeyLoadError, match="not supported"):
        load_pkcs12(pfx.dump(force=True), password=PASSWORD)


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha384", "sha512"])
def test_mac_digests(client: Issued, digest: str) -> None:
    """RFC 7292 appendix B with every digest; its block size differs."""
    content = asn1.Pfx.load(client.pkcs12("geheim"))["auth_safe"]["content"].native
    data = seal(content, digest=digest)
    pkcs12.load_pkcs12(data, PASSWORD)  # cryptography agrees that this is the right MAC
    assert load_pkcs12(data, password=PASSWORD).keys


def test_nested_contents_are_bounded(client: Issued) -> None:
    """Bags inside bags end somewhere."""

    def nest(safe: Any, *, levels: int) -> Any:
        for _ in range(levels):
            safe = asn1.SafeContents([{"bag_id": "safe_contents", "bag_value": safe}])
        return safe

    data = client.pkcs12("geheim")
    nested = reassemble(data, change=lambda safe: nest(safe, levels=2))
    assert load_pkcs12(nested, password=PASSWORD).keys
    with pytest.raises(KeyLoadError, match="too deep"):
        load_pkcs12(reassemble(data, change=lambda safe: nest(safe, levels=9)), password=PASSWORD)


def test_indefinite_lengths_are_read(client: Issued) -> None:
    """Some tools write BER: lengths left open, octet strings in pieces."""
    pfx = asn1.Pfx.load(reassemble(client.pkcs12("geheim")))
    content = pfx["auth_safe"]["content"].native
    pieces = b"".join(
        b"\x04\x82" + len(piece).to_bytes(2, "big") + piece
        for piece in (content[:500], content[500:])
    )
    octets = b"\xa0\x80" + b"\x24\x80" + pieces + b"\0\0" + b"\0\0"
    info = b"\x30\x80" + pfx["auth_safe"]["content_type"].dump() + octets + b"\0\0"
    data = b"\x30\x80" + b"\x02\x01\x03" + info + pfx["mac_data"].dump() + b"\0\0"
    assert load_pkcs12(data, password=PASSWORD).keys[0].certificate == client.certificate


def test_key_password_of_its_own(client: Issued) -> None:
    """Java can protect a key with another password than the file."""
    _, _, shrouded = asn1_pem.unarmor(client.key_pem("anders"))

    def swap(safe: Any) -> Any:
        for bag in safe:
            if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                bag["bag_value"] = asn1.EncryptedPrivateKeyInfo.load(shrouded)
        return safe

    data = reassemble(client.pkcs12("geheim"), change=swap)
    assert load_pkcs12(data, password=PASSWORD, key_password=b"anders").keys
    with pytest.raises(WrongPasswordError, match="private key"):
        load_pkcs12(data, password=PASSWORD)


@pytest.mark.parametrize("values", [["a name"], []], ids=["a value", "no value"])
def test_attribute_without_a_value(client: Issued, values: list[str]) -> None:
    """An attribute has one value; a file with one that has none is broken."""

    def name(safe: Any) -> Any:
        for bag in safe:
            named = {"type": "friendly_name", "values": values}
            kept = [item for item in bag["bag_attributes"] if item["type"].native == "local_key_id"]
            bag["bag_attributes"] = asn1.Attributes([named, *kept])
        return safe

    data = reassemble(client.pkcs12("geheim"), change=name)
    if values:
        assert [item.alias for item in load_pkcs12(data, password=PASSWORD).keys] == values
    else:
        with pytest.raises(KeyLoadError, match="not a well-formed"):
            load_pkcs12(data, password=PASSWORD)


def test_every_truncation_is_a_load_error(client: Issued) -> None:
    """A half-written file is never anything but a load error."""
    data = client.pkcs12("geheim")
    for length in range(0, len(data), 97):
        with pytest.raises(KeyLoadError):
            load_pkcs12(data[:length], password=PASSWORD)


def test_changed_octets_are_load_errors(client: Issued) -> None:
    """So is a file with any octet changed, as far as the octet means something."""
    data = reassemble(client.pkcs12("geheim"))
    for position in range(0, len(data), 61):
        changed = data[:position] + bytes([data[position] ^ 0x55]) + data[position + 1 :]
        with pytest.raises(KeyLoadError):
            load_pkcs12(changed, password=PASSWORD)


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one DER element."""
    content = b"".join(parts)
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return (
        bytes([tag])
        + (bytes([size]) if size < 128 else bytes([0x80 | len(octets)]) + octets)
        + content
    )


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_pbmac1(client: Issued, digest: str) -> None:
    """RFC 9579: a MAC key from PBKDF2, as new tools write it; cryptography judges our file too."""
    content = asn1.Pfx.load(client.pkcs12("geheim"))["auth_safe"]["content"].native
    key = hashlib.pbkdf2_hmac(digest, PASSWORD, b"saltsalt", 1000, 32)
    prf = algos.HmacAlgorithm({"algorithm": digest}).dump()
    pbkdf2 = tlv(0x30, tlv(4, b"saltsalt"), core.Integer(1000).dump(), tlv(2, b"\x20"), prf)
    function = tlv(0x30, core.ObjectIdentifier("1.2.840.113549.1.5.12").dump(), pbkdf2)
    pbmac1 = core.ObjectIdentifier("1.2.840.113549.1.5.14").dump()
    algorithm = tlv(0x30, pbmac1, tlv(0x30, function, prf))
    digest_info = tlv(0x30, algorithm, tlv(4, hmac.digest(key, content, digest)))
    mac = tlv(0x30, digest_info, tlv(4, b"NOT USED"))
    info = asn1.ContentInfo({"content_type": "data", "content": content}).dump()
    data = tlv(0x30, tlv(2, b"\x03"), info, mac)
    pkcs12.load_pkcs12(data, PASSWORD)
    assert load_pkcs12(data, password=PASSWORD).keys
    with pytest.raises(WrongPasswordError):
        load_pkcs12(data, password=b"falsch")


@pytest.mark.parametrize(
    ("key", "plain", "cipher"),
    [
        ("88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"),
        ("ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"),
    ],
)
def test_rc2_vectors(key: str, plain: str, cipher: str) -> None:
    """RFC 2268 section 5: the vectors in which every key bit counts."""
    found = pkcs12_rc2.decrypt_cbc(bytes.fromhex(key), bytes(8), bytes.fromhex(cipher))
    assert found.hex() == plain


@pytest.mark.parametrize("ciphertext", [b"1234567", bytes(pkcs12_rc2.MAX_BYTES + 8)])
def test_rc2_is_bounded(ciphertext: bytes) -> None:
    """Half blocks and large inputs are refused before any work."""
    with pytest.raises(ValueError, match="length"):
        pkcs12_rc2.decrypt_cbc(bytes(5), bytes(8), ciphertext)


def test_iterations_of_all_keys_are_bounded_together() -> None:
    """Many keys, each within the bound, do not hold the process either."""
    work = Work()
    for _ in range(4):
        work.add(MAX_ITERATIONS, source="a.p12")
    with pytest.raises(KeyLoadError, match=r"a\.p12: .* more than 20000000 iterations together"):
        work.add(1, source="a.p12")
