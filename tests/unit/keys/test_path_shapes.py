"""Shapes of paths as the public suites have them, each wrong one beside a right one; all made here."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509

from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import Rfc5280PathValidator
from zeep_wssec.keys.trust import TrustStore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import build_certificate, generate_key, read_subject

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
YEAR = timedelta(days=365)
EC = "ec-p256"
SIGNS = ("key_cert_sign", "crl_sign")
Shape = Callable[[Authority], Issued]


def leaf(**settings: Any) -> Shape:
    """A leaf directly under the root."""
    return lambda root: root.issue("leaf", **{"key": EC, **settings})


def middle(root: Authority, name: str = "Middle", **settings: Any) -> Authority:
    """An intermediate, right unless ``settings`` say otherwise."""
    return root.sub_authority(
        root.issue(name, **{"key": EC, "ca": True, "key_usage": SIGNS, **settings})
    )


def under(_leaf: dict[str, Any] | None = None, **settings: Any) -> Shape:
    """A leaf under one intermediate."""
    return lambda root: middle(root, **settings).issue("leaf", **{"key": EC, **(_leaf or {})})


def levels(*lengths: int | None, ca: bool = False, below: str | None = None) -> Shape:
    """A leaf under intermediates with these path lengths, from the top."""

    def build(root: Authority) -> Issued:
        for number, length in enumerate(lengths):
            root = middle(root, f"Level {number}", path_length=length)
        if below is not None:
            # Certified again under its own name: self-issued.
            root = middle(root, below)
        return root.issue("leaf", key=EC, ca=ca, **({"key_usage": SIGNS} if ca else {}))  # type: ignore[arg-type]

    return build


def changed(issued: Issued) -> Issued:
    """The same with one bit of its signature turned."""
    der = bytearray(issued.certificate.der)
    der[-1] ^= 1
    return Issued(Certificate.from_der(bytes(der)), issued.private_key, issued.chain)


def changed_middle(root: Authority) -> Issued:
    issued = middle(root).issue("leaf", key=EC)
    above = changed(Issued(issued.chain[0], issued.private_key))
    return Issued(issued.certificate, issued.private_key, (above.certificate,))


def with_chain(issued: Issued, *chain: Certificate) -> Issued:
    return Issued(issued.certificate, issued.private_key, chain)


def renamed(name: str) -> Shape:
    """A leaf whose issuer's certificate is there, but under this name."""

    def build(root: Authority) -> Issued:
        right = middle(root, "CN=Middle Authority")
        other = root.issue(name, key=right.issued.private_key, ca=True, key_usage=SIGNS)
        return with_chain(right.issue("leaf", key=EC), other.certificate)

    return build


def critical(value: bool) -> list[tuple[x509.ExtensionType, bool]]:
    return [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), value)]


def loose_authority(value: bool) -> dict[str, Any]:
    """basicConstraints that are not critical."""
    return {"ca": None, "extensions": [(x509.BasicConstraints(ca=value, path_length=None), False)]}


def constrained(
    permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None, **of: Any
) -> Shape:
    return under(of, extensions=[(x509.NameConstraints(permitted, excluded), True)])


def narrowed(san: str) -> Shape:
    """Names that two authorities limit, the lower one more."""

    def build(root: Authority) -> Issued:
        def limit(name: str) -> list[tuple[x509.ExtensionType, bool]]:
            return [(x509.NameConstraints([x509.DNSName(name)], None), True)]

        upper = middle(root, "Upper", extensions=limit("example"))
        return middle(upper, "Lower", extensions=limit("a.example")).issue(
            "leaf", key=EC, san=[san]
        )

    return build


def directory(name: str) -> list[x509.GeneralName]:
    return [x509.DirectoryName(x509.Name.from_rfc4514_string(name))]


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    found = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return x509.CertificatePolicies(found), False


EXPLICIT = (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True)
ANY_POLICY = "2.5.29.32.0"


def policed(above: list[str], below: list[str], *more: tuple[x509.ExtensionType, bool]) -> Shape:
    """A leaf with some policies under an authority that asks for one."""
    own = [policies(*below)] if below else []
    return under({"extensions": own}, extensions=[policies(*above), EXPLICIT, *more])


def two_of_one_name(right: bool) -> Shape:
    def build(root: Authority) -> Issued:
        one, two = middle(root, "Twin", key="ec-p384"), middle(root, "Twin", key="ec-p521")
        made = one.issue("leaf", key=EC)
        chain = (two.certificate, one.certificate) if right else (two.certificate,)
        return with_chain(made, *chain)

    return build


def signed_itself(root: Authority) -> Issued:
    key = generate_key(EC, reuse=True)
    made = build_certificate(
        subject=read_subject("leaf"),
        issuer=read_subject("leaf"),
        subject_key=key,
        signed_by=key,
        not_before=NOW,
        not_after=NOW + YEAR,
    )
    return Issued(made, key)


def reordered(root: Authority) -> Issued:
    made = middle(middle(root, "Upper"), "Lower").issue("leaf", key=EC)
    return with_chain(made, *reversed(made.chain))


def gap(root: Authority) -> Issued:
    made = middle(middle(root, "Upper"), "Lower").issue("leaf", key=EC)
    return with_chain(made, made.chain[0])


DNS, MAIL = [x509.DNSName("partner.example")], [x509.RFC822Name("partner.example")]
URI = [x509.UniformResourceIdentifier("partner.example")]
IP = [x509.IPAddress(ipaddress.ip_network("10.1.0.0/16"))]
O_PARTNER = directory("O=Partner")
OK = None

SHAPES: dict[str, tuple[Shape, str | None]] = {
    # Signatures and names.
    "leaf": (leaf(), OK),
    "leaf, changed": (lambda root: changed(leaf()(root)), "bad_signature"),
    "intermediate": (under(), OK),
    "intermediate, changed": (changed_middle, "bad_signature"),
    "issuer's name in other case and spacing": (renamed("CN=middle  authority"), OK),
    "issuer's name is another": (renamed("CN=Middle Authorities"), "no_path"),
    "issuer's name has one part more": (renamed("CN=Middle Authority,O=X"), "no_path"),
    "signed itself": (signed_itself, "no_path"),
    "chain in the other order": (reordered, OK),
    "chain with a gap": (gap, "no_path"),
    "two authorities of one name": (two_of_one_name(True), OK),
    "the wrong one of two": (two_of_one_name(False), "bad_signature"),
    # Dates: both ends count.
    "leaf from now": (leaf(not_before=NOW), OK),
    "leaf from a second later": (leaf(not_before=NOW + SECOND), "not_yet_valid"),
    "leaf until now": (leaf(not_after=NOW), OK),
    "leaf until a second ago": (leaf(not_after=NOW - SECOND), "expired"),
    "intermediate from now": (under(not_before=NOW), OK),
    "intermediate from a second later": (under(not_before=NOW + SECOND), "not_yet_valid"),
    "intermediate until now": (under(not_after=NOW), OK),
    "intermediate until a second ago": (under(not_after=NOW - SECOND), "expired"),
    "leaf until after 2050": (leaf(not_after=NOW + 30 * YEAR), OK),
    # CA flags and key usage.
    "authority, flag not critical": (under(**loose_authority(True)), OK),
    "no authority, flag not critical": (under(**loose_authority(False)), "wrong_usage"),
    "no authority": (under(ca=False), "wrong_usage"),
    "no basicConstraints": (under(ca=None), "wrong_usage"),
    "authority that only signs CRLs": (under(key_usage=("crl_sign",)), "wrong_usage"),
    "authority without key usage": (under(key_usage=None), OK),
    # Path lengths; those that certify themselves again do not count.
    "length 0, leaf below": (levels(0), OK),
    "length 0, authority below": (levels(0, None), "constraint"),
    "length 0, leaf that is an authority": (levels(0, ca=True), "wrong_usage"),
    "length 1, one below": (levels(1, None), OK),
    "length 1, two below": (levels(1, None, None), "constraint"),
    "lengths 6, 0, leaf below": (levels(6, 0), OK),
    "lengths 0, 6, authority below": (levels(0, 6), "constraint"),
    "length 0, self-issued below": (levels(0, below="Level 0"), OK),
    "length 0, another below": (levels(0, below="Level 1"), "constraint"),
    # Extensions that nobody knows.
    "unknown extension": (leaf(extensions=critical(False)), OK),
    "unknown critical extension": (leaf(extensions=critical(True)), "constraint"),
    "unknown extension above": (under(extensions=critical(False)), OK),
    "unknown critical extension above": (under(extensions=critical(True)), "constraint"),
    # Name constraints.
    "DNS permitted": (constrained(DNS, None, san=["a.partner.example"]), OK),
    "DNS not permitted": (constrained(DNS, None, san=["evil.example"]), "name_constraint"),
    "DNS that ends alike": (constrained(DNS, None, san=["evilpartner.example"]), "name_constraint"),
    "DNS, one of two": (
        constrained(DNS, None, san=["a.partner.example", "evil.example"]),
        "name_constraint",
    ),
    "DNS excluded": (constrained(None, DNS, san=["a.partner.example"]), "name_constraint"),
    "DNS not excluded": (constrained(None, DNS, san=["good.example"]), OK),
    "mail permitted": (constrained(MAIL, None, san=["a@partner.example"]), OK),
    "mail not permitted": (constrained(MAIL, None, san=["a@evil.example"]), "name_constraint"),
    "URI permitted": (constrained(URI, None, san=["https://partner.example/x"]), OK),
    "URI not permitted": (constrained(URI, None, san=["https://evil.example/x"]), "name_constraint"),
    # Limits on addresses are not understood: where one speaks of the leaf, the path is refused.
    "address permitted": (constrained(IP, None, san=["10.1.2.3"]), "constraint"),
    "address not permitted": (constrained(IP, None, san=["10.2.2.3"]), "constraint"),
    "another kind of name": (constrained(IP, None, san=["a.partner.example"]), OK),
    "both limits kept": (narrowed("b.a.example"), OK),
    "the lower limit broken": (narrowed("b.example"), "name_constraint"),
    # Policies.
    "policy asked for, and there": (policed(["1.2.3"], ["1.2.3"]), OK),
    "policy asked for, another": (policed(["1.2.3"], ["1.2.4"]), "constraint"),
    "policy asked for, none": (policed(["1.2.3"], []), "constraint"),
    "any policy above": (policed([ANY_POLICY], ["1.2.4"]), OK),
    "any policy below": (policed(["1.2.3"], [ANY_POLICY]), OK),
    "any policy below, inhibited": (
        policed(["1.2.3"], [ANY_POLICY], (x509.InhibitAnyPolicy(0), True)),
        "constraint",
    ),
    # Algorithms and keys.
    "SHA-512": (leaf(digest="sha512"), OK),
    "SHA-1": (lambda root: rsa_root().issue("leaf", key=EC, digest="sha1"), "weak_signature"),
    "MD5": (lambda root: rsa_root().issue("leaf", key=EC, digest="md5"), "weak_signature"),
    "SHA-256 by RSA": (lambda root: rsa_root().issue("leaf", key=EC), OK),
    "RSA 2048": (leaf(key="rsa-2048"), OK),
    "RSA 1024": (leaf(key="rsa-1024"), "weak_key"),
    "RSA 1024 above": (under(key="rsa-1024"), "weak_key"),
    "P-224": (leaf(key="ec-p224"), "weak_key"),
    "secp256k1 above": (under(key="ec-k256"), "weak_key"),
    "brainpool": (leaf(key="ec-bp256"), OK),
    "X25519": (leaf(key="x25519"), "wrong_usage"),
    "Ed25519": (leaf(key="ed25519"), OK),
    # What the leaf is for.
    "signs": (leaf(key_usage=("digital_signature",)), OK),
    "commits": (leaf(key_usage=("content_commitment",)), OK),
    "agrees only": (leaf(key_usage=("key_agreement",)), "wrong_usage"),
    "encrypts only": (leaf(key="rsa-2048", key_usage=("key_encipherment",)), "wrong_usage"),
    "no key usage": (leaf(key_usage=None), OK),
}  # fmt: skip

USAGES = {
    "client_auth": OK,
    "server_auth": OK,
    "email_protection": OK,
    "1.3.6.1.5.5.7.3.36": OK,
    "2.5.29.37.0": OK,
    "client_auth code_signing": OK,
    "code_signing": "wrong_usage",
    "time_stamping": "wrong_usage",
    "ocsp_signing": "wrong_usage",
    "1.2.3.4": "wrong_usage",
}
SHAPES |= {
    f"usage {names}": (leaf(extended_key_usage=names.split()), reason)
    for names, reason in USAGES.items()
}


@cache
def rsa_root() -> Authority:
    """Weak digests are offered for RSA issuers only."""
    return Authority.create("Shape Root RSA", now=NOW)


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.create("Shape Root", now=NOW, key=EC)


def judged(issued: Issued, trust: TrustStore) -> str | None:
    try:
        Rfc5280PathValidator().validate(
            issued.certificate, trust=trust, extra=issued.chain, now=NOW
        )
    except UntrustedCertificateError as error:
        return str(error.reason)
    return OK


@pytest.mark.parametrize("name", SHAPES)
def test_shape(root: Authority, name: str) -> None:
    """Each path is accepted, or refused for the stated reason."""
    build, expected = SHAPES[name]
    trust = TrustStore(anchors=(root.certificate, rsa_root().certificate))
    assert judged(build(root), trust) == expected


def test_there_are_twins() -> None:
    """Right and wrong ones are both there in number: a validator that says one thing only fails here."""
    reasons = [reason for _, reason in SHAPES.values()]
    assert reasons.count(OK) >= 30
    assert len(reasons) - reasons.count(OK) >= 30


@pytest.mark.parametrize(("usages", "expected"), [((), "wrong_usage"), (("1.2.3.4",), OK)])
def test_usage_of_ones_own(root: Authority, usages: tuple[str, ...], expected: str | None) -> None:
    """A usage that is listed counts; it replaces the usual ones."""
    trust = TrustStore.load(anchors=root.certificate, extended_key_usage=usages)
    assert judged(root.issue("leaf", key=EC, extended_key_usage=["1.2.3.4"]), trust) == expected
    tls = root.issue("leaf", key=EC, extended_key_usage=["server_auth"])
    assert judged(tls, trust) == (OK if not usages else "wrong_usage")


@pytest.mark.parametrize(("digest", "expected"), [("sha1", OK), ("md5", "weak_signature")])
def test_sha1_by_opt_in(digest: str, expected: str | None) -> None:
    """With the opt-in SHA-1 counts, MD5 never."""
    made = rsa_root().issue("leaf", key=EC, digest=digest)
    assert judged(made, TrustStore.load(anchors=rsa_root().certificate)) == "weak_signature"
    assert judged(made, TrustStore.load(anchors=rsa_root().certificate, sha1=True)) == expected
