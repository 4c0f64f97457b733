"""Key pairs in PEM."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization

from zeep_wssec.errors import KeyLoadError, KeyMismatchError, WrongPasswordError
from zeep_wssec.keys.pem import load_pem, order_chain
from zeep_wssec.keys.pem_blocks import find_blocks
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def middle(authority: Authority) -> Authority:
    return authority.intermediate("Middle")


@pytest.fixture(scope="module")
def leaf(middle: Authority) -> Issued:
    return middle.issue("leaf", key=generate_key("rsa-2048"))


def test_any_order_in_one_blob(leaf: Issued, middle: Authority, authority: Authority) -> None:
    """The certificate is the one with the key's public key; the chain goes upwards from it."""
    expected = (leaf.certificate, (middle.certificate, authority.certificate))
    blocks = [leaf.key_pem(), authority.pem, leaf.certificate_pem, middle.pem]
    for turn in range(4):
        entry = load_pem([b"".join(blocks[turn:] + blocks[:turn])])
        assert (entry.certificate, entry.chain) == expected


def test_several_blobs(leaf: Issued, middle: Authority) -> None:
    """Key, certificate and chain may come from three files."""
    entry = load_pem([leaf.key_pem(), leaf.certificate_pem, middle.pem], alias="me")
    assert (entry.alias, entry.certificate, entry.chain) == (
        "me",
        leaf.certificate,
        (middle.certificate,),
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem.replace(b"\n", b"\r"),
        lambda pem: b"\xef\xbb\xbf" + pem,
        lambda pem: pem.decode().encode("utf-16"),
        lambda pem: b"Bag Attributes\n    friendlyName: x\n" + pem + b"\n# end\n",
    ],
    ids=["CRLF", "CR", "BOM", "UTF-16", "words around"],
)
def test_what_editors_do_to_files(leaf: Issued, change: object) -> None:
    """Line ends, byte order marks and words between blocks do not matter."""
    pem = leaf.key_pem() + leaf.certificate_pem
    assert load_pem([change(pem)]).certificate == leaf.certificate  # type: ignore[operator]


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_encrypted_key(authority: Authority, kind: str, form: serialization.PrivateFormat) -> None:
    """Both encrypted forms open with the password, and with nothing else."""
    issued = authority.issue("a", key=kind)
    secret = serialization.BestAvailableEncryption(b"geheim")
    pem = issued.private_key.private_bytes(serialization.Encoding.PEM, form, secret)
    blobs = [pem, issued.certificate_pem]
    assert load_pem(blobs, password=b"geheim").certificate == issued.certificate
    with pytest.raises(WrongPasswordError, match="needs a password"):
        load_pem(blobs)
    with pytest.raises(WrongPasswordError, match="does not open") as caught:
        load_pem(blobs, password=b"falsch")
    assert "falsch" not in str(caught.value)


def pkcs8(issued: Issued, *options: str, openssl: Callable[..., bytes]) -> bytes:
    arguments = ["pkcs8", "-topk8", "-passout", "pass:geheim", *options]
    return openssl(*arguments, stdin=issued.key_pem())


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-iter", "100000"],
        ["-v2", "des3"],
        ["-scrypt"],
        ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
    ],
)
def test_encrypted_key_of_openssl(
    client: Issued, require_tool: Callable[[str], Callable[..., bytes]], options: list[str]
) -> None:
    """What openssl encrypts opens."""
    pem = pkcs8(client, *options, openssl=require_tool("openssl"))
    assert (
        load_pem([pem, client.certificate_pem], password=b"geheim").certificate
        == client.certificate
    )


@pytest.mark.parametrize(
    ("options", "number", "raised"),
    [
        (["-iter", "65535"], "020300ffff", "02037fffff"),
        (["-scrypt"], "020108020101", "02017f02017f"),
    ],
    ids=["PBKDF2", "scrypt"],
)
def test_key_derivation_is_bounded(
    client: Issued,
    require_tool: Callable[[str], Callable[..., bytes]],
    options: list[str],
    number: str,
    raised: str,
) -> None:
    """A file cannot hold the process: too many iterations, or too much memory, are not run."""
    good = pkcs8(client, *options, openssl=require_tool("openssl"))
    (block,) = find_blocks(good, source="test")
    assert bytes.fromhex(number) in block.decode()
    body = base64.encodebytes(block.decode().replace(bytes.fromhex(number), bytes.fromhex(raised)))
    label = b"ENCRYPTED PRIVATE KEY-----\n"
    bad = b"-----BEGIN " + label + body + b"-----END " + label
    for above in (b"", b"Comment: of a tool\n\n"):  # headers hide nothing
        accepted, refused = (pem.replace(label, label + above, 1) for pem in (good, bad))
        assert load_pem([accepted, client.certificate_pem], password=b"geheim").alias == "key"
        with pytest.raises(KeyLoadError, match="stretched"):
            load_pem([refused, client.certificate_pem], password=b"geheim")


def test_password_of_a_plain_key_is_not_used(leaf: Issued) -> None:
    """A password that is not needed does no harm."""
    entry = load_pem([leaf.key_pem() + leaf.certificate_pem], password=b"unused")
    assert entry.certificate == leaf.certificate


def test_ec_parameters_block_is_skipped(authority: Authority) -> None:
    """OpenSSL writes the curve in a block of its own before an EC key."""
    issued = authority.issue("a", key="ec-p256")
    key = issued.private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    curve = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert load_pem([curve + key + issued.certificate_pem]).certificate == issued.certificate


def test_exactly_one_key(leaf: Issued, client: Issued) -> None:
    """With two keys nothing is guessed; without one nothing can be done."""
    with pytest.raises(KeyLoadError, match="exactly one private key expected, 2 found"):
        load_pem([leaf.key_pem() + client.key_pem() + leaf.certificate_pem])
    with pytest.raises(KeyLoadError, match="exactly one private key expected, 0 found"):
        load_pem([leaf.certificate_pem])


def test_key_without_certificate(leaf: Issued) -> None:
    """A key alone is refused."""
    with pytest.raises(KeyLoadError, match="no CERTIFICATE"):
        load_pem([leaf.key_pem()])


def test_key_of_another_certificate(leaf: Issued, client: Issued) -> None:
    """A mixed-up pair is found when it is loaded; the error names what came with the key."""
    with pytest.raises(KeyMismatchError, match="CN=client"):
        load_pem([leaf.key_pem() + client.certificate_pem])


@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: pem.replace(b"-----END PRIVATE KEY-----\n", b""),
        lambda pem: pem[:-30],
        lambda pem: pem.replace(b"MII", b"AAA"),
        lambda pem: pem.replace(b"MII", b"M*I"),
        lambda pem: b"",
    ],
    ids=["no END", "cut off", "other bytes", "not base64", "empty"],
)
def test_damaged_text(leaf: Issued, damage: object) -> None:
    """Damage is a load error, whatever it is."""
    with pytest.raises(KeyLoadError):
        load_pem([damage(leaf.key_pem() + leaf.certificate_pem)])  # type: ignore[operator]


def test_renewed_certificate_of_the_same_key(authority: Authority) -> None:
    """With two certificates for the key the newer one is used."""
    old = authority.issue("a", key="ec-p256", not_before=authority.now.replace(year=2020))
    new = authority.issue("a", key=old.private_key)
    assert (
        load_pem([old.key_pem() + old.certificate_pem + new.certificate_pem]).certificate
        == new.certificate
    )


def test_chain_stops_where_an_issuer_is_missing(leaf: Issued, authority: Authority) -> None:
    """Certificates that do not connect are not part of the chain."""
    assert order_chain(leaf.certificate, [authority.certificate]) == ()


def test_chain_of_a_loop_ends(authority: Authority) -> None:
    """Two authorities that certify each other do not hold the loader."""
    first, second = (
        Authority.create("First", now=authority.now),
        Authority.create("Second", now=authority.now),
    )
    up = second.issue("CN=First", ca=True).certificate
    down = first.issue("CN=Second", ca=True).certificate
    assert order_chain(first.issue("x").certificate, [up, down]) == (up, down)


def large(bits: int) -> bytes:
    """An RSA key in PEM whose numbers have so many bits; they belong to no key."""
    octets = bits // 8
    number = b"\x02\x82" + octets.to_bytes(2, "big") + b"\x7f" * octets
    content = b"\x02\x01\x00" + number * 2
    der = b"\x30\x82" + len(content).to_bytes(2, "big") + content
    text = base64.encodebytes(der)
    return b"-----BEGIN RSA PRIVATE KEY-----\n" + text + b"-----END RSA PRIVATE KEY-----\n"


def test_numbers_of_a_key_are_bounded(leaf: Issued) -> None:
    """Whether a number is prime is not asked when that would take minutes; up to 8192 bits it is."""
    with pytest.raises(KeyLoadError, match=r"a number of 65536 bits; at most 8192"):
        load_pem([large(65536), leaf.certificate_pem])
    with pytest.raises(KeyLoadError, match="is broken or of a kind"):
        load_pem([large(8192), leaf.certificate_pem])
