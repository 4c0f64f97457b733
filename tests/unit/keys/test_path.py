"""Certificate paths: what is trusted, and why something is not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from zeep_wssec.errors import UntrustedCertificateError
from zeep_wssec.keys import path_search
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.path import MAX_EXTRA, Rfc5280PathValidator
from zeep_wssec.keys.path_search import MAX_DEPTH
from zeep_wssec.keys.trust import TrustStore
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import build_certificate, generate_key, read_subject

Path = tuple[Certificate, ...]
DAY = timedelta(days=1)


@pytest.fixture
def validator() -> Rfc5280PathValidator:
    return Rfc5280PathValidator()


@pytest.fixture(scope="module")
def root(now: datetime) -> Authority:
    return Authority.create("Path Root", now=now)


@pytest.fixture(scope="module")
def trust(root: Authority) -> TrustStore:
    return TrustStore(anchors=(root.certificate,))


@pytest.fixture
def validate(
    validator: Rfc5280PathValidator, trust: TrustStore, now: datetime
) -> Callable[..., Path]:
    """Validate what was issued, with its chain as it would come in a message."""

    def check(issued: Issued, **changes: object) -> Path:
        options = {"trust": trust, "extra": issued.chain, "now": now} | changes
        return validator.validate(issued.certificate, **options)  # type: ignore[arg-type]

    return check


def refused(
    check: Callable[..., object], *arguments: Issued, **options: object
) -> UntrustedCertificateError:
    with pytest.raises(UntrustedCertificateError) as caught:
        check(*arguments, **options)
    return caught.value


def test_path_under_an_anchor(validate: Callable[..., Path], root: Authority) -> None:
    """The path is given leaf first, anchor last."""
    leaf = root.issue("leaf")
    assert validate(leaf) == (leaf.certificate, root.certificate)


def test_path_through_intermediates(validate: Callable[..., Path], root: Authority) -> None:
    """Intermediates may come with the message or be given."""
    leaf = root.intermediate("A").intermediate("B").issue("leaf")
    expected = (leaf.certificate, *leaf.chain, root.certificate)
    assert validate(leaf) == expected
    given = TrustStore(anchors=(root.certificate,), intermediates=leaf.chain)
    assert validate(leaf, extra=(), trust=given) == expected


@pytest.mark.parametrize(
    "key", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ec-bp256", "ed25519", "ed448"]
)
def test_kinds_of_authorities(validate: Callable[..., Path], now: datetime, key: str) -> None:
    """Every kind of key that certificates are signed with."""
    other = Authority.create("Other", key=key, now=now)
    leaf = other.intermediate("Middle", key=key).issue("leaf")
    store = TrustStore(anchors=(other.certificate,))
    assert validate(leaf, trust=store)[-1] == other.certificate


def test_nothing_is_trusted_by_default(validate: Callable[..., Path], root: Authority) -> None:
    """An empty store trusts nobody, whoever signed."""
    leaf = root.issue("leaf")
    error = refused(validate, leaf, trust=TrustStore())
    assert error.reason == "no_path"
    assert "no trust anchors were given" in str(error)


def test_foreign_authority(validate: Callable[..., Path], now: datetime) -> None:
    """The error names the issuer whose certificate is missing."""
    leaf = Authority.create("O=Elsewhere", now=now).issue("leaf")
    error = refused(validate, leaf)
    assert error.reason == "no_path"
    assert "O=Elsewhere" in str(error)
    assert "trust.intermediates" in error.hint


def test_foreign_root_that_came_along(validate: Callable[..., Path], now: datetime) -> None:
    """A root in the message is no anchor."""
    other = Authority.create("Elsewhere", now=now)
    leaf = other.issue("leaf")
    error = refused(validate, leaf, extra=(other.certificate,))
    assert error.reason == "no_path"
    assert "self-signed and not among the trust anchors" in str(error)


def test_missing_intermediate(validate: Callable[..., Path], root: Authority) -> None:
    """The error names the intermediate that should have been sent."""
    leaf = root.intermediate("A").intermediate("B").issue("leaf")
    assert validate(leaf)
    error = refused(validate, leaf, extra=leaf.chain[:1])
    assert error.reason == "no_path"
    assert "'CN=A'" in str(error)


def test_imposter_of_an_anchor(validate: Callable[..., Path], now: datetime) -> None:
    """An authority with the anchor's name but another key signs nothing we trust."""
    leaf = Authority.create("Path Root", now=now, reuse_keys=False).issue("leaf")
    error = refused(validate, leaf)
    assert error.reason == "bad_signature"


def test_changed_certificate(validate: Callable[..., Path], root: Authority) -> None:
    """One changed letter in the subject breaks the issuer's signature."""
    leaf = root.issue("leaf", san=["leaf.example"])
    changed = Certificate.from_der(leaf.certificate.der.replace(b"leaf.example", b"evil.example"))
    assert validate(leaf)
    error = refused(validate, Issued(changed, leaf.private_key))
    assert error.reason == "bad_signature"


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        (timedelta(0), None),
        (-DAY, None),
        (-2 * DAY, "not_yet_valid"),
        (365 * DAY, None),
        (366 * DAY, "expired"),
    ],
)
def test_dates_of_the_leaf(
    validate: Callable[..., Path],
    root: Authority,
    now: datetime,
    offset: timedelta,
    reason: str | None,
) -> None:
    """The leaf must be valid at ``now``, which may be any time."""
    leaf = root.issue("leaf")
    if reason is None:
        assert validate(leaf, now=now + offset)
    else:
        error = refused(validate, leaf, now=now + offset)
        assert error.reason == reason
        assert "CN=leaf" in str(error)


def test_dates_of_an_intermediate(
    validate: Callable[..., Path], root: Authority, now: datetime
) -> None:
    """The error names the intermediate, not the leaf."""
    usage = ("key_cert_sign",)
    for not_after, fits in ((now + DAY, True), (now - timedelta(hours=1), False)):
        middle = root.sub_authority(
            root.issue("Middle", ca=True, key_usage=usage, not_after=not_after)
        )
        leaf = middle.issue("leaf")
        if fits:
            assert validate(leaf)
        else:
            error = refused(validate, leaf)
            assert error.reason == "expired"
            assert "CN=Middle" in str(error)


def test_dates_of_an_anchor(validate: Callable[..., Path], root: Authority, now: datetime) -> None:
    """An expired anchor ends no path, though the leaf is still valid."""
    later = root.certificate.not_after + DAY
    leaf = root.issue("leaf", not_after=later + DAY)
    assert validate(leaf, now=later - 2 * DAY)
    error = refused(validate, leaf, now=later)
    assert error.reason == "expired"
    assert "CN=Path Root" in str(error)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ca": True, "key_usage": ["key_cert_sign"]}, None),
        ({"ca": True, "key_usage": None}, None),
        ({"ca": False, "key_usage": ["key_cert_sign"]}, "wrong_usage"),
        ({"ca": None, "key_usage": ["key_cert_sign"]}, "wrong_usage"),
        ({"ca": True, "key_usage": ["digital_signature"]}, "wrong_usage"),
    ],
)
def test_a_leaf_cannot_issue(
    validate: Callable[..., Path], root: Authority, options: dict[str, object], reason: str | None
) -> None:
    """RFC 5280 section 6.1.4 (k) and (n): an issuer is a CA and may sign certificates."""
    leaf = root.sub_authority(root.issue("Middle", **options)).issue("leaf")  # type: ignore[arg-type]
    if reason is None:
        assert validate(leaf)
    else:
        error = refused(validate, leaf)
        assert error.reason == reason
        assert "CN=Middle" in str(error)


@pytest.mark.parametrize(("length", "fits"), [(None, True), (1, True), (0, False)])
def test_path_length(
    validate: Callable[..., Path], root: Authority, length: int | None, fits: bool
) -> None:
    """RFC 5280 section 4.2.1.9: so many intermediates may follow, the leaf not counted."""
    leaf = root.intermediate("A", path_length=length).intermediate("B").issue("leaf")
    if fits:
        assert validate(leaf)
    else:
        assert refused(validate, leaf).reason == "constraint"


DIGESTS = {"sha256": None, "sha512": None, "sha1": "weak_signature", "md5": "weak_signature"}


@pytest.mark.parametrize(
    ("digest", "reason"),
    DIGESTS.items(),
)
@pytest.mark.parametrize("where", ["leaf", "intermediate"])
def test_digest_of_the_signatures(
    validate: Callable[..., Path], root: Authority, digest: str, reason: str | None, where: str
) -> None:
    """A signature over SHA-1 or MD5 can be moved to another certificate."""
    if where == "leaf":
        leaf = root.issue("leaf", digest=digest)
    else:
        middle = root.issue("Middle", ca=True, key_usage=["key_cert_sign"], digest=digest)
        leaf = root.sub_authority(middle).issue("leaf")
    if reason is None:
        assert validate(leaf)
    else:
        assert refused(validate, leaf).reason == reason


def self_signed(now: datetime, key: PrivateKeyTypes, *, digest: str = "sha256") -> Authority:
    extensions = [(x509.BasicConstraints(ca=True, path_length=None), True)]
    made = build_certificate(
        subject=read_subject("Odd Root"),
        issuer=read_subject("Odd Root"),
        subject_key=key,
        signed_by=key,
        not_before=now - DAY,
        not_after=now + 1000 * DAY,
        extensions=extensions,
        digest=digest,
    )
    return Authority(Issued(made, key), now)


def test_own_signature_of_an_anchor_does_not_count(
    validate: Callable[..., Path], now: datetime
) -> None:
    """An anchor is trusted because it was given; old roots signed themselves with SHA-1."""
    old = self_signed(now, generate_key("rsa-2048", reuse=True), digest="sha1")
    leaf = old.issue("leaf")
    assert validate(leaf, trust=TrustStore(anchors=(old.certificate,)))


@pytest.mark.parametrize(("key", "reason"), [("rsa-1024", "weak_key"), ("rsa-2048", None)])
def test_size_of_the_issuers_keys(
    validate: Callable[..., Path], root: Authority, now: datetime, key: str, reason: str | None
) -> None:
    """A short key is refused wherever it stands: leaf, intermediate or anchor."""
    weak = self_signed(now, generate_key(key, reuse=True))
    cases = [
        (root.issue("leaf", key=key), TrustStore(anchors=(root.certificate,))),
        (root.intermediate("M", key=key).issue("leaf"), TrustStore(anchors=(root.certificate,))),
        (weak.issue("leaf"), TrustStore(anchors=(weak.certificate,))),
    ]
    for leaf, store in cases:
        if reason is None:
            assert validate(leaf, trust=store)
        else:
            assert refused(validate, leaf, trust=store).reason == reason


@pytest.mark.parametrize(
    ("usage", "purpose", "fits"),
    [
        (["digital_signature"], "verify", True),
        (["key_encipherment"], "verify", False),
        (["key_encipherment"], "encrypt", True),
        (["digital_signature"], "encrypt", False),
    ],
)
def test_usage_of_the_leaf(
    validate: Callable[..., Path], root: Authority, usage: list[str], purpose: str, fits: bool
) -> None:
    """The leaf's key usage must allow what the path is wanted for."""
    leaf = root.issue("leaf", key_usage=usage)
    if fits:
        assert validate(leaf, purpose=purpose)
    else:
        assert refused(validate, leaf, purpose=purpose).reason == "wrong_usage"


def constrained(root: Authority, constraints: x509.NameConstraints) -> Authority:
    middle = root.issue(
        "Middle", ca=True, key_usage=["key_cert_sign"], extensions=[(constraints, True)]
    )
    return root.sub_authority(middle)


@pytest.mark.parametrize(
    ("san", "fits"),
    [("a.partner.example", True), ("partner.example", True), ("evil.example", False)],
)
def test_name_constraints(
    validate: Callable[..., Path], root: Authority, san: str, fits: bool
) -> None:
    """An authority limited to some names cannot speak for others."""
    permitted = x509.NameConstraints([x509.DNSName("partner.example")], None)
    leaf = constrained(root, permitted).issue("leaf", san=[san])
    if fits:
        assert validate(leaf)
    else:
        assert refused(validate, leaf).reason == "name_constraint"


@pytest.mark.parametrize(("subject", "fits"), [("O=Partner,CN=a", True), ("O=Evil,CN=a", False)])
def test_name_constraints_on_subjects(
    validate: Callable[..., Path], root: Authority, subject: str, fits: bool
) -> None:
    """The same for directory names."""
    tree = x509.DirectoryName(
        x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Partner")])
    )
    subject = ",".join(reversed(subject.split(",")))
    leaf = constrained(root, x509.NameConstraints([tree], None)).issue(subject)
    if fits:
        assert validate(leaf)
    else:
        assert refused(validate, leaf).reason == "name_constraint"


@pytest.mark.parametrize("constraint", ["permitted", "excluded"])
def test_name_constraints_of_an_anchor(
    validate: Callable[..., Path], root: Authority, constraint: str
) -> None:
    """An anchor's own constraints count: it was given as it is."""
    names = [x509.DNSName("evil.example" if constraint == "excluded" else "good.example")]
    permitted, excluded = (None, names) if constraint == "excluded" else (names, None)
    anchor = constrained(root, x509.NameConstraints(permitted, excluded))
    store = TrustStore(anchors=(anchor.certificate,))
    good, bad = (anchor.issue("leaf", san=[name]) for name in ("good.example", "evil.example"))
    assert validate(good, trust=store, extra=()) == (good.certificate, anchor.certificate)
    assert refused(validate, bad, trust=store, extra=()).reason == "name_constraint"


@pytest.mark.parametrize("where", ["leaf", "intermediate"])
@pytest.mark.parametrize(("critical", "fits"), [(False, True), (True, False)])
def test_unknown_extensions(
    validate: Callable[..., Path], root: Authority, where: str, critical: bool, fits: bool
) -> None:
    """RFC 5280 section 4.2: a critical extension that is not understood refuses the certificate."""
    unknown = [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical)
    ]
    if where == "leaf":
        leaf = root.issue("leaf", extensions=unknown)
    else:
        middle = root.issue("Middle", ca=True, key_usage=["key_cert_sign"], extensions=unknown)
        leaf = root.sub_authority(middle).issue("leaf")
    if fits:
        assert validate(leaf)
    else:
        assert refused(validate, leaf).reason == "constraint"


def test_policy_constraints(validate: Callable[..., Path], root: Authority) -> None:
    """An authority that demands a policy is obeyed."""
    demands = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    policy = x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]
    )
    middle = root.issue(
        "Middle",
        ca=True,
        key_usage=["key_cert_sign"],
        extensions=[(demands, True), (policy, False)],
    )
    authority = root.sub_authority(middle)
    with_policy = authority.issue("leaf", extensions=[(policy, False)])
    assert validate(with_policy)
    assert refused(validate, authority.issue("leaf")).reason == "constraint"


def test_pinned_certificate_needs_no_path(validate: Callable[..., Path], now: datetime) -> None:
    """A pin is the whole certificate: nothing above it matters, its own dates and key do."""
    leaf = Authority.create("Elsewhere", now=now).issue("leaf")
    store = TrustStore(pins=frozenset({leaf.certificate.thumbprint_sha256}))
    assert validate(leaf, trust=store) == (leaf.certificate,)
    error = refused(validate, leaf, trust=store, now=now + 1000 * DAY)
    assert error.reason == "expired"


def test_renewed_certificate_is_another_pin(validate: Callable[..., Path], root: Authority) -> None:
    """The same name and key in another certificate is not pinned."""
    leaf = root.issue("leaf")
    renewed = root.issue("leaf", key=leaf.private_key)
    store = TrustStore(pins=frozenset({leaf.certificate.thumbprint_sha256}))
    assert validate(leaf, trust=store)
    assert refused(validate, renewed, trust=store).reason == "no_path"


def test_anchor_itself(validate: Callable[..., Path], now: datetime) -> None:
    """A self-signed partner that is its own anchor is a path of one."""
    alone = self_signed(now, generate_key("rsa-2048", reuse=True))
    store = TrustStore(anchors=(alone.certificate,))
    assert validate(alone.issued, trust=store) == (alone.certificate,)
    assert refused(validate, alone.issued, trust=TrustStore()).reason == "no_path"


def test_intermediate_as_anchor(validate: Callable[..., Path], root: Authority) -> None:
    """An anchor need not be a root: a path ends at the first one."""
    middle = root.intermediate("Middle")
    leaf = middle.issue("leaf")
    store = TrustStore(anchors=(middle.certificate,))
    assert validate(leaf, trust=store) == (leaf.certificate, middle.certificate)
    assert refused(validate, root.issue("other"), trust=store).reason == "no_path"


def test_another_way_is_found(
    validate: Callable[..., Path], root: Authority, now: datetime
) -> None:
    """When one path does not hold, the next one is tried: an authority with two certificates."""
    old = root.issue(
        "Middle", ca=True, key_usage=["key_cert_sign"], not_after=now - timedelta(hours=1)
    )
    new = root.issue("Middle", ca=True, key_usage=["key_cert_sign"], key=old.private_key)
    leaf = root.sub_authority(old).issue("leaf")
    path = validate(leaf, extra=(old.certificate, new.certificate))
    assert path == (leaf.certificate, new.certificate, root.certificate)


def test_loops_end(validate: Callable[..., Path], now: datetime) -> None:
    """Authorities that certify each other lead nowhere."""
    first, second = Authority.create("First", now=now), Authority.create("Second", now=now)
    up = second.issue("First", ca=True, key_usage=["key_cert_sign"], key=first.issued.private_key)
    down = first.issue(
        "Second", ca=True, key_usage=["key_cert_sign"], key=second.issued.private_key
    )
    leaf = first.issue("leaf")
    error = refused(validate, leaf, extra=(up.certificate, down.certificate))
    assert error.reason == "no_path"


def test_mesh_of_authorities_is_bounded(
    validate: Callable[..., Path], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen certificates of one name, each signed by each, cost a bounded number of signatures."""
    key = generate_key("ec-p256", reuse=True)
    mesh = Authority.create("Mesh", key="ec-p256", now=now)
    twins = [
        build_certificate(
            subject=read_subject("Mesh"),
            issuer=read_subject("Mesh"),
            subject_key=key,
            signed_by=key,
            not_before=now - DAY,
            not_after=now + DAY,
            extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)],
        )
        for _ in range(MAX_EXTRA)
    ]
    leaf = Authority(Issued(twins[0], key), mesh.now).issue("leaf")
    steps: list[Certificate] = []
    verify = path_search._is_signed_by

    def count(subject: Certificate, issuer: Certificate) -> bool:
        steps.append(subject)
        return verify(subject, issuer)

    monkeypatch.setattr(path_search, "_is_signed_by", count)
    error = refused(validate, leaf, extra=tuple(twins))
    assert error.reason == "no_path"
    assert len(steps) <= path_search.MAX_STEPS


def test_number_of_certificates_is_bounded(validate: Callable[..., Path], root: Authority) -> None:
    """A message with too many certificates is refused before any is looked at."""
    leaf = root.issue("leaf")
    others = tuple(root.issue(f"other {number}").certificate for number in range(MAX_EXTRA + 1))
    assert validate(leaf, extra=others[:-1])
    assert "at most 16" in str(refused(validate, leaf, extra=others))


def test_depth_is_bounded(validate: Callable[..., Path], root: Authority) -> None:
    """A path has at most eight certificates."""
    authority = root
    for number in range(MAX_DEPTH - 2):
        authority = authority.intermediate(f"Level {number}", key="ec-p256")
    longest = authority.issue("leaf")
    assert len(validate(longest)) == MAX_DEPTH
    too_long = authority.intermediate("One more", key="ec-p256").issue("leaf")
    assert refused(validate, too_long).reason == "no_path"


def test_verdict_is_kept(
    validator: Rfc5280PathValidator,
    validate: Callable[..., Path],
    root: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second message of a partner costs no signature check."""
    leaf = root.issue("leaf")
    first = validate(leaf)
    monkeypatch.setattr("zeep_wssec.keys.path._judge", None)
    assert validate(leaf) is first


def test_verdict_ends_with_the_shortest_certificate(
    validate: Callable[..., Path], root: Authority, now: datetime
) -> None:
    """A kept verdict is not used outside the dates of any certificate in the path."""
    middle = root.issue("Middle", ca=True, key_usage=["key_cert_sign"], not_after=now + DAY)
    leaf = root.sub_authority(middle).issue("leaf")
    assert validate(leaf)
    assert validate(leaf, now=now + DAY)
    assert refused(validate, leaf, now=now + DAY + timedelta(seconds=1)).reason == "expired"
    assert refused(validate, leaf, now=now - 2 * DAY).reason == "not_yet_valid"


def test_verdict_belongs_to_its_question(validate: Callable[..., Path], root: Authority) -> None:
    """Another trust, other certificates or another purpose is another question."""
    leaf = root.intermediate("Middle").issue("leaf", key_usage=["digital_signature"])
    assert validate(leaf)
    assert refused(validate, leaf, trust=TrustStore()).reason == "no_path"
    assert refused(validate, leaf, extra=()).reason == "no_path"
    assert refused(validate, leaf, purpose="encrypt").reason == "wrong_usage"


def test_refusals_are_not_kept(
    validator: Rfc5280PathValidator, validate: Callable[..., Path], root: Authority
) -> None:
    """A peer cannot fill the memory with certificates that are refused."""
    leaf = root.issue("leaf")
    refused(validate, leaf, trust=TrustStore())
    assert repr(validator) == "<Rfc5280PathValidator: 0 verdicts>"


def test_number_of_verdicts_is_bounded(root: Authority, trust: TrustStore, now: datetime) -> None:
    """The oldest goes first."""
    validator = Rfc5280PathValidator(cache_size=3)
    for number in range(5):
        leaf = root.issue(f"leaf {number}", key="ec-p256").certificate
        validator.validate(leaf, trust=trust, now=now)
    assert repr(validator) == "<Rfc5280PathValidator: 3 verdicts>"


async def test_works_inside_an_event_loop(validate: Callable[..., Path], root: Authority) -> None:
    """No loop is started and nothing waits, with name constraints too."""
    permitted = x509.NameConstraints([x509.DNSName("partner.example")], None)
    leaf = constrained(root, permitted).issue("leaf", san=["a.partner.example"])
    assert asyncio.get_running_loop().is_running()
    assert validate(leaf)


def test_error_has_reason_and_certificate(validate: Callable[..., Path], root: Authority) -> None:
    """What the text says is there as data too; a peer is told none of it."""
    leaf = root.issue("leaf", key="rsa-1024")
    error = refused(validate, leaf)
    assert error.certificate == leaf.certificate.thumbprint_sha256
    assert error.safe_message == "The security token could not be authenticated or authorized."


def test_ordinary_paths_do_not_load_the_full_algorithm() -> None:
    """The library behind step 6 is not imported until a path calls for it."""
    program = (
        "import sys; import zeep_wssec.keys.keystore, zeep_wssec.keys.path\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('pyhanko_certvalidator', 'asn1crypto', 'aiohttp', 'oscrypto')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60
    )
    assert done.stdout.strip() == b"[]"
