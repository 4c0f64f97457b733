"""PKIPath and PKCS#7: several certificates in one token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.certificate_paths import (
    MAX_PATH_BYTES,
    MAX_PATH_CERTIFICATES,
    pkcs7_certificates,
    pki_path,
    read_pkcs7,
    read_pki_path,
)
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.testing.authority import Authority, Issued

Chain = tuple[Certificate, ...]
Require = Callable[[str], Callable[..., bytes]]


@pytest.fixture(scope="module")
def issued(now: datetime) -> Issued:
    root = Authority.create("Path Root", key="ec-p256", now=now)
    lower = root.intermediate("Upper", key="ec-p256").intermediate("Lower", key="ec-p256")
    return lower.issue("leaf", key="ec-p256")


@pytest.fixture(scope="module")
def chain(issued: Issued) -> Chain:
    """Leaf, lower and upper authority."""
    return (issued.certificate, *issued.chain)


def long_chain(now: datetime, length: int) -> Chain:
    authority = Authority.create("Long", key="ec-p256", now=now)
    for number in range(length - 1):
        authority = authority.intermediate(f"CA {number}", key="ec-p256")
    leaf = authority.issue("leaf", key="ec-p256")
    return (leaf.certificate, *leaf.chain)


def sequence_of(certificates: Sequence[Certificate]) -> bytes:
    return write_tlv(0x30, b"".join(item.der for item in certificates))


def bag_of(certificates: Sequence[Certificate]) -> bytes:
    return pkcs7.serialize_certificates(
        [item.x509 for item in certificates], serialization.Encoding.DER
    )


def test_pki_path_has_the_leaf_last(chain: Chain) -> None:
    """X.509 writes the path from the root down; we give the leaf first."""
    leaf, lower, upper = chain
    octets = pki_path(chain)
    assert octets == sequence_of([upper, lower, leaf])
    assert read_pki_path(octets) == chain
    assert read_pki_path(pki_path([leaf])) == (leaf,)


def test_pki_path_in_the_other_order(chain: Chain) -> None:
    """Leaf first is another list, and not guessed at."""
    with pytest.raises(KeyLoadError, match="not in order"):
        read_pki_path(sequence_of(chain))
    read_pki_path(sequence_of(chain[::-1]))


def test_pki_path_with_a_gap(chain: Chain, client: Issued) -> None:
    """Every certificate is issued by the one above it."""
    leaf, lower, upper = chain
    for broken in ([upper, leaf], [client.certificate, lower, leaf], [lower, leaf, leaf]):
        with pytest.raises(KeyLoadError, match="not in order"):
            read_pki_path(sequence_of(broken))
    with pytest.raises(KeyLoadError, match="not in order"):
        pki_path([leaf, upper])
    assert read_pki_path(sequence_of([lower, leaf])) == (leaf, lower)


def test_paths_are_bounded(now: datetime) -> None:
    """Eight certificates are read and written, a ninth is refused."""
    longest = long_chain(now, MAX_PATH_CERTIFICATES)
    assert read_pki_path(pki_path(longest)) == read_pkcs7(pkcs7_certificates(longest)) == longest
    longer = long_chain(now, MAX_PATH_CERTIFICATES + 1)
    for refused in (
        lambda: pki_path(longer),
        lambda: pkcs7_certificates(longer),
        lambda: read_pki_path(sequence_of(longer[::-1])),
        lambda: read_pkcs7(bag_of(longer)),
    ):
        with pytest.raises(KeyLoadError, match="9 certificates; 1 to 8"):
            refused()


@pytest.mark.parametrize("read", [read_pki_path, read_pkcs7])
def test_size_is_bounded_before_anything_is_parsed(read: Callable[[bytes], Chain]) -> None:
    """A large list is refused by its size alone."""
    with pytest.raises(KeyLoadError, match="the most that is read"):
        read(bytes(MAX_PATH_BYTES + 1))
    with pytest.raises(KeyLoadError, match="well-formed"):
        read(bytes(MAX_PATH_BYTES))


def test_empty_lists(chain: Chain) -> None:
    """A list without certificates names nobody."""
    for refused in (
        lambda: pki_path([]),
        lambda: pkcs7_certificates([]),
        lambda: read_pki_path(b"\x30\x00"),
    ):
        with pytest.raises(KeyLoadError, match="0 certificates"):
            refused()


def test_bytes_that_are_no_path(chain: Chain) -> None:
    """Cut off, followed by something, or something else: one text for all."""
    whole = pki_path(chain)
    inner = write_tlv(0x30, chain[0].der + b"\x02\x01\x00")
    single = chain[0].der
    for octets in (b"", b"\x30", whole[:-1], whole + b"\0", b"\x31" + whole[1:], inner, single):
        with pytest.raises(KeyLoadError, match="well-formed PKIPath"):
            read_pki_path(octets)
    with pytest.raises(KeyLoadError, match=r"well-formed X\.509"):
        read_pki_path(b"\x30\x02\x30\x00")


def test_pkcs7_in_any_order(chain: Chain) -> None:
    """PKCS#7 holds a set: the leaf is the one that issued no other."""
    leaf, lower, upper = chain
    for held in (chain, chain[::-1], (lower, leaf, upper), (lower, upper, leaf, leaf)):
        assert read_pkcs7(bag_of(held)) == chain
    assert read_pkcs7(pkcs7_certificates([leaf])) == (leaf,)


def test_pkcs7_of_a_self_signed_certificate(now: datetime) -> None:
    """It issued itself, and no other."""
    alone = Authority.create("Alone", key="ec-p256", now=now).certificate
    assert read_pkcs7(bag_of([alone])) == (alone,)


def test_pkcs7_with_two_leaves(chain: Chain, client: Issued) -> None:
    """Whose token it is must not be a choice."""
    with pytest.raises(KeyLoadError, match="2 certificates that issued none"):
        read_pkcs7(bag_of([*chain, client.certificate]))


def test_pkcs7_keeps_a_second_certificate_of_an_issuer(now: datetime) -> None:
    """A cross certificate comes after the chain, for the path search to use."""
    first, second = (Authority.create("Twin", key="ec-p256", now=now) for _ in range(2))
    leaf = first.issue("leaf", key="ec-p256").certificate
    held = read_pkcs7(bag_of([leaf, first.certificate, second.certificate]))
    assert held[0] == leaf
    assert set(held[1:]) == {first.certificate, second.certificate}


def test_bytes_that_are_no_pkcs7(chain: Chain) -> None:
    """Broken, in BER, or another kind of content: one text for all."""
    whole = pkcs7_certificates(chain)
    data = bytes.fromhex("300f06092a864886f70d010701a0020400")
    ber = b"\x30\x80" + whole[4:] + b"\0\0"
    for octets in (b"", b"\x30", whole[:-1], whole + b"\0", ber, data, chain[0].der):
        with pytest.raises(KeyLoadError, match="well-formed PKCS#7"):
            read_pkcs7(octets)
    read_pkcs7(whole)


def test_signed_pkcs7_gives_its_certificates(issued: Issued, chain: Chain) -> None:
    """A signature beside the certificates proves nothing here, and does no harm."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"x")
    builder = builder.add_signer(issued.certificate.x509, issued.private_key, hashes.SHA256())  # type: ignore[arg-type]
    for item in issued.chain:
        builder = builder.add_certificate(item.x509)
    assert read_pkcs7(builder.sign(serialization.Encoding.DER, [])) == chain


def test_openssl_reads_and_writes_pkcs7(
    chain: Chain, tmp_path: Path, require_tool: Require
) -> None:
    """Both ways, with the certificates in the other order."""
    openssl = require_tool("openssl")
    file = tmp_path / "chain.pem"
    file.write_bytes(b"".join(item.pem for item in reversed(chain)))
    theirs = openssl("crl2pkcs7", "-nocrl", "-certfile", file, "-outform", "DER")
    assert read_pkcs7(theirs) == chain
    (tmp_path / "ours.p7b").write_bytes(pkcs7_certificates(chain))
    text = openssl("pkcs7", "-inform", "DER", "-in", tmp_path / "ours.p7b", "-print_certs")
    assert set(Certificate.from_pem(text)) == set(chain)


JAVA = """
import java.io.*; import java.security.cert.*; import java.util.*;
public class Paths { public static void main(String[] args) throws Exception {
  CertificateFactory factory = CertificateFactory.getInstance("X.509");
  for (String kind : List.of("PkiPath", "PKCS7")) {
    try (InputStream in = new FileInputStream(args[0] + "/ours." + kind);
         OutputStream out = new FileOutputStream(args[0] + "/theirs." + kind)) {
      CertPath path = factory.generateCertPath(in, kind);
      out.write(factory.generateCertPath(path.getCertificates()).getEncoded(kind));
      X509Certificate first = (X509Certificate) path.getCertificates().get(0);
      System.out.println(first.getSubjectX500Principal().getName()); } } } }
"""


def test_java_reads_and_writes_both(chain: Chain, tmp_path: Path, require_tool: Require) -> None:
    """Java takes the leaf for the first of its list, as we do, and writes what we read."""
    java = require_tool("java")
    require_tool("javac")
    (tmp_path / "ours.PkiPath").write_bytes(pki_path(chain))
    (tmp_path / "ours.PKCS7").write_bytes(pkcs7_certificates(chain))
    (tmp_path / "Paths.java").write_text(JAVA)
    first, _ = java(tmp_path / "Paths.java", tmp_path).decode().split()
    assert first == "CN=leaf"
    assert (tmp_path / "theirs.PkiPath").read_bytes() == pki_path(chain)
    assert read_pkcs7((tmp_path / "theirs.PKCS7").read_bytes()) == chain


@given(at=st.integers(0, 10_000), octet=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_one_changed_octet_is_read_or_refused(chain: Chain, at: int, octet: int) -> None:
    """Whatever comes, the answer is certificates or one class of error."""
    for write, read in ((pki_path, read_pki_path), (pkcs7_certificates, read_pkcs7)):
        octets = bytearray(write(chain))
        octets[at % len(octets)] = octet
        try:
            held = read(bytes(octets))
        except KeyLoadError:
            continue
        assert 1 <= len(held) <= MAX_PATH_CERTIFICATES
