"""Targets about key files, certificates and what tells whether they are revoked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fuzz.der_moves import Item, changed, read
from fuzz.guard import Log
from fuzz.moves import unpack
from fuzz.oracle import Finding

from zeep_wssec import Keystore
from zeep_wssec.errors import KeyLoadError, KeyMaterialError, UntrustedCertificateError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.certificate_paths import pkcs7_certificates, read_pkcs7, read_pki_path
from zeep_wssec.keys.der import iterate_tlv
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.keys.path import Rfc5280PathValidator
from zeep_wssec.keys.revocation_data import load_crls, load_ocsp
from zeep_wssec.keys.trust import TrustStore
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
PASSWORDS: Sequence[str | None] = (None, "", "throwaway", "another")
PLAIN = "throwaway"
ITERATIONS = 5_000
"""Most rounds of a password's derivation here: the library takes more, which only takes longer."""


@cache
def authority() -> Authority:
    """A root whose key signs what the moves make."""
    return Authority.create("CN=Fuzz CA,O=Example", now=NOW, key="ec-p256")


@cache
def middle() -> Authority:
    """An authority under it."""
    return authority().intermediate("CN=Fuzz Middle,O=Example", key="ec-p256", path_length=1)


@cache
def leaf() -> Issued:
    """A certificate with most extensions that are looked at."""
    names = x509.NameConstraints([x509.DNSName("example")], None)
    policies = x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), ["https://a.example/cps"])]
    )
    points = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier("http://a.example/crl")], None, None, None
            )
        ]
    )
    return middle().issue(
        "CN=leaf,OU=\N{SNOWMAN},O=Example,C=DE",
        key="ec-p256",
        san=["a.example", "127.0.0.1", "https://a.example/", "a@a.example"],
        extended_key_usage=["client_auth", "email_protection"],
        extensions=[(names, False), (policies, False), (points, False)],
    )


@cache
def trust() -> TrustStore:
    """Trust in the root only."""
    return TrustStore.load(anchors=authority().pem)


@cache
def certificate_list() -> bytes:
    """A CRL that lists the leaf."""
    return middle().crl(leaf(), reason=x509.ReasonFlags.key_compromise)


@cache
def answer() -> bytes:
    """An OCSP response about the leaf."""
    return middle().ocsp(leaf(), status="revoked")


# Key files.


BOUNDS = {"MAX_ITERATIONS": ITERATIONS, "MAX_SCRYPT_BYTES": 2**20, "MAX_SCRYPT_WORK": 2**16}
"""What the library bounds higher, by the names of its constants."""


@contextmanager
def _bounded() -> Iterator[None]:
    """Lower the bounds on stretching passwords, wherever they stand."""
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("zeep_wssec.keys."):
                for bound in BOUNDS.keys() & vars(module).keys():
                    stack.enter_context(patch.object(module, bound, BOUNDS[bound]))
        yield


def _load(data: bytes, password: str | None) -> None:
    try:
        with _bounded():
            made = Keystore.from_bytes(data, password=password)
    except KeyMaterialError as error:
        text = f"{error} {error.to_dict()}"
        if password and password in text:
            raise Finding(f"an error tells the password: {text[:200]}") from None
        return
    for entry in made.snapshot().keys.values():
        repr(entry)
        entry.certificate.describe()
    list(made.entries())


def _digested(data: bytes) -> bytes:
    """Give a Java keystore the digest that belongs to it, so that what is behind it is read."""
    inside = data[:-20]
    return inside + hashlib.sha1(PLAIN.encode("utf-16-be") + b"Mighty Aphrodite" + inside).digest()  # noqa: S324


def run_keystore(data: bytes, log: Log) -> None:
    """PEM, PKCS#12, Java's, JSON Web Keys, or anything else, with one of a few passwords."""
    if data:
        octets = data[1:]
        if data[0] >= 128 and octets[:1] in (b"\xfe", b"\xce"):
            octets = _digested(octets)
        _load(octets, PASSWORDS[data[0] % len(PASSWORDS)])


@cache
def _files() -> Sequence[bytes]:
    issued = leaf()
    return (
        issued.key_pem() + issued.chain_pem,
        issued.pkcs12(None),
        issued.key_pem(PLAIN) + issued.certificate_pem,
        issued.pkcs12(PLAIN),
    )


def keystore_seeds() -> Iterator[bytes]:
    """Files as tools write them."""
    for data in _files():
        for number in (0, 2):
            yield bytes([number]) + data
    for path in sorted((Path(__file__).parent / "seeds").glob("key.*")):
        yield b"\x82" + path.read_bytes()


def _pem_to_der(data: bytes) -> tuple[str, bytes]:
    label = data[11 : data.index(b"-----", 11)].decode()
    start = data.index(b"\n") + 1
    end = data.index(b"-----END")
    return label, base64.b64decode(data[start:end])


def _authenticated(octets: bytes, password: str | None) -> bytes:
    """Write a PKCS#12 file around its inner part, with the digest that belongs to it.

    Spec: RFC 7292, section 4, and Appendix B.2 with ID 3 and one round.
    """
    data = write_tlv(0x06, bytes.fromhex("2a864886f70d010701"))
    content = write_tlv(0x30, data + write_tlv(0xA0, write_tlv(0x04, octets)))
    salt, secret = b"saltsalt", (password or "").encode("utf-16-be") + b"\0\0"
    block = hashlib.sha256().block_size
    filled = (secret * block)[: -(-len(secret) // block) * block]
    key = hashlib.sha256(b"\3" * block + salt * (block // len(salt)) + filled).digest()
    sha256 = write_tlv(0x30, write_tlv(0x06, bytes.fromhex("608648016503040201")) + b"\5\0")
    value = write_tlv(0x04, hmac.new(key, octets, hashlib.sha256).digest())
    mac = write_tlv(0x30, write_tlv(0x30, sha256 + value) + write_tlv(0x04, salt))
    return write_tlv(0x30, b"\2\1\3" + content + mac)


def _inside(pkcs12: bytes) -> bytes:
    """Give what the digest of a PKCS#12 file is made of."""
    ((_, file),) = iterate_tlv(pkcs12)
    _version, (_, content), _mac = iterate_tlv(file)
    _kind, (_, explicit) = iterate_tlv(content)
    ((_, octets),) = iterate_tlv(explicit)
    return octets


def run_keystore_moves(data: bytes, log: Log) -> None:
    """A key file with its DER changed; of PKCS#12 what its digest covers, which is right again, or the rest."""
    if len(data) < 2:
        return
    number = data[0] % 4
    original = _files()[number]
    moves = unpack(data[2:])
    if original.startswith(b"-----"):
        label, der = _pem_to_der(original)
        text = base64.encodebytes(changed(der, moves)).decode()
        rest = original[original.index(b"-----BEGIN CERT") :]
        made = f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode() + rest
    elif data[0] & 4:
        made = changed(original, moves)
    else:
        made = _authenticated(changed(_inside(original), moves), (None, PLAIN)[number // 2])
    _load(made, PASSWORDS[data[1] % len(PASSWORDS)])


# Certificates.


def _look_at(certificate: Certificate) -> None:
    """Read every attribute: what a broken certificate has is known when it is parsed, or never raises."""
    for name in dir(Certificate):
        if not name.startswith("_") and name not in ("from_der", "from_pem", "public_key", "x509"):
            value = getattr(certificate, name)
            if name == "describe" and any(not char.isprintable() for char in value()):
                raise Finding(f"a certificate describes itself as {value()!r}")
    repr(certificate)
    certificate.matches_issuer_serial(certificate.issuer, certificate.serial_number)
    certificate.has_subject(certificate.subject)
    for purpose in ("sign", "verify", "encrypt"):
        check_fitness(certificate, purpose=purpose, now=NOW)  # type: ignore[arg-type]


def _judge(certificate: Certificate, extra: Sequence[Certificate] = ()) -> None:
    try:
        Rfc5280PathValidator(cache_size=0).validate(
            certificate, trust=trust(), extra=tuple(extra), now=NOW
        )
    except UntrustedCertificateError as error:
        error.to_dict()


def _one(data: bytes) -> None:
    certificate = Certificate.from_der(data)
    _look_at(certificate)
    _judge(certificate, [middle().certificate])


def _several(read_them: Callable[[bytes], Sequence[Certificate]], data: bytes) -> None:
    first, *others = read_them(data)
    _look_at(first)
    _judge(first, others)


def _text(data: bytes) -> None:
    for certificate in Certificate.from_pem(data):
        _look_at(certificate)


def _listed(data: bytes) -> None:
    _judge_with(crls=data)


def _answered(data: bytes) -> None:
    _judge_with(ocsp=data)


def _judge_with(**given: bytes) -> None:
    load_crls(given["crls"], source="x") if "crls" in given else load_ocsp(
        given["ocsp"], source="x"
    )
    told = TrustStore.load(anchors=authority().pem, revocation="hard", **given)  # type: ignore[arg-type]
    try:
        Rfc5280PathValidator(cache_size=0).validate(
            leaf().certificate, trust=told, extra=(middle().certificate,), now=NOW
        )
    except UntrustedCertificateError as error:
        error.to_dict()


READERS: Sequence[Callable[[bytes], None]] = (
    _one,
    lambda data: _several(read_pki_path, data),
    lambda data: _several(read_pkcs7, data),
    _text,
    _listed,
    _answered,
)


def run_certificate(data: bytes, log: Log) -> None:
    """One certificate, a PKIPath, PKCS#7, PEM text, a CRL, or an OCSP response."""
    if not data:
        return
    try:
        READERS[data[0] % len(READERS)](data[1:])
    except KeyLoadError as error:
        error.to_dict()


def certificate_seeds() -> Iterator[bytes]:
    """One of each, whole."""
    chain = (leaf().certificate, middle().certificate)
    yield b"\0" + leaf().certificate.der
    yield b"\0" + authority().certificate.der
    yield b"\2" + pkcs7_certificates(chain)
    yield b"\3" + leaf().chain_pem
    yield b"\4" + certificate_list()
    yield b"\5" + answer()


def _signed_again(der: bytes, moves: bytes) -> bytes:
    """Change what is inside a signed structure, and sign it again with the key of the authority above."""
    top = read(der)
    if not top or top[0].children is None:
        return der
    body, algorithm, *_ = top[0].children
    octets = changed(body.to_bytes(), unpack(moves))
    key = middle().issued.private_key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    value = b"\0" + key.sign(octets, ec.ECDSA(hashes.SHA256()))
    inside = octets + algorithm.to_bytes() + Item(0x03, value).to_bytes()
    return Item(0x30, inside).to_bytes()


def run_certificate_moves(data: bytes, log: Log) -> None:
    """A certificate, or a list of revoked ones, changed inside and signed again; then as it is judged."""
    if len(data) < 2:
        return
    kind = data[0] % 4
    try:
        if kind == 0:
            _one(_signed_again(leaf().certificate.der, data[2:]))
        elif kind == 1:
            _listed(_signed_again(certificate_list(), data[2:]))
        elif kind == 2:
            _answered(changed(answer(), unpack(data[2:])))
        else:
            chain = pkcs7_certificates((leaf().certificate, middle().certificate))
            _several(read_pkcs7, changed(chain, unpack(data[2:])))
    except KeyLoadError as error:
        error.to_dict()


def move_seeds() -> Iterator[bytes]:
    """Heads with a move or two."""
    for kind in range(8):
        for index in range(4):
            yield bytes([index, kind, kind, 1, 0, kind * 5 + 1, 0, 9, 0, index, 0, 3])
