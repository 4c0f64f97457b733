"""Revocation: what is known to be revoked is refused always, what is not known as the mode says."""

from __future__ import annotations

import gc
import http.server
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from zeep_wssec.errors import (
    KeyLoadError,
    KeyMaterialError,
    TransportSecurityError,
    UntrustedCertificateError,
)
from zeep_wssec.keys.chain_fetch import download
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.path import Rfc5280PathValidator
from zeep_wssec.keys.revocation_crl import crl_problem
from zeep_wssec.keys.revocation_data import load_crls
from zeep_wssec.keys.trust import TrustStore, load_rules
from zeep_wssec.keys.trust_rules import TrustException
from zeep_wssec.testing.authority import Authority, Issued

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
POINT = "http://crl.example/one.crl"


@pytest.fixture(scope="module")
def root(now: datetime) -> Authority:
    return Authority.create("Revocation Root", now=now, key="ec-p256")


@pytest.fixture(scope="module")
def leaf(root: Authority) -> Issued:
    return root.issue("leaf", key="ec-p256")


@pytest.fixture(scope="module")
def other(root: Authority) -> Issued:
    return root.issue("other", key="ec-p256")


@pytest.fixture
def judge(root: Authority, now: datetime) -> Callable[..., str]:
    """Give the reason of the refusal of a certificate, or ``"accepted"``."""
    validator = Rfc5280PathValidator()

    def reason(issued: Issued, *, at: datetime = now, **given: Any) -> str:
        trust = TrustStore.load(anchors=root.certificate, **given)
        try:
            validator.validate(issued.certificate, trust=trust, extra=issued.chain, now=at)
        except UntrustedCertificateError as error:
            return str(error.reason)
        return "accepted"

    return reason


@pytest.mark.parametrize("mode", ["off", "soft", "hard"])
def test_a_revoked_certificate_is_always_refused(
    judge: Callable[..., str], root: Authority, leaf: Issued, other: Issued, mode: str
) -> None:
    """Given information counts in every mode; the twin is not on the list."""
    crl = root.crl(leaf)
    assert judge(leaf, revocation=mode, crls=crl) == "revoked"
    assert judge(other, revocation=mode, crls=crl) == "accepted"


@pytest.mark.parametrize("mode", ["off", "soft", "hard"])
@pytest.mark.parametrize("status", ["good", "revoked", "unknown"])
def test_ocsp(
    judge: Callable[..., str], root: Authority, leaf: Issued, mode: str, status: str
) -> None:
    """An answer of the issuer itself."""
    expected = {"good": "accepted", "revoked": "revoked", "unknown": "accepted"}[status]
    if (status, mode) == ("unknown", "hard"):
        expected = "revocation_unknown"
    answer = root.ocsp(leaf, status=status)  # type: ignore[arg-type]
    assert judge(leaf, revocation=mode, ocsp=answer) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("off", "accepted"), ("soft", "accepted"), ("hard", "revocation_unknown")],
)
def test_nothing_known(judge: Callable[..., str], leaf: Issued, mode: str, expected: str) -> None:
    """Without information the mode decides."""
    assert judge(leaf, revocation=mode) == expected


def test_date_of_the_revocation(root: Authority, leaf: Issued, now: datetime) -> None:
    """The error has the moment as data, and the reason in its text."""
    crl = root.crl(leaf, revoked_at=now - 3 * DAY, reason=x509.ReasonFlags.key_compromise)
    trust = TrustStore.load(anchors=root.certificate, crls=crl)
    with pytest.raises(UntrustedCertificateError) as caught:
        Rfc5280PathValidator().validate(leaf.certificate, trust=trust, now=now)
    assert caught.value.revoked_at == now - 3 * DAY
    assert "2027-05-29" in str(caught.value)
    assert "keyCompromise" in str(caught.value)


@pytest.mark.parametrize("form", ["crl", "ocsp"])
@pytest.mark.parametrize("by", ["age", "future"])
def test_only_what_is_fresh_says_good(
    judge: Callable[..., str], root: Authority, leaf: Issued, other: Issued, form: str, by: str, now: datetime
) -> None:  # fmt: skip
    """A list that is too old or from the future says nothing good; what it has revoked, stays so."""
    made = now - 8 * DAY if by == "age" else now + timedelta(minutes=2)
    until = made + 7 * DAY
    if form == "crl":
        given: dict[str, Any] = {"crls": root.crl(other, this_update=made, next_update=until)}
    else:
        bad = root.ocsp(other, status="revoked", this_update=made, next_update=until)
        given = {"ocsp": [root.ocsp(leaf, this_update=made, next_update=until), bad]}
    assert judge(leaf, revocation="hard", **given) == "revocation_unknown"
    assert judge(other, revocation="off", **given) == "revoked"
    in_time = made + (7 * DAY if by == "age" else HOUR)
    assert judge(leaf, revocation="hard", at=in_time, **given) == "accepted"


@pytest.mark.parametrize(("seconds", "expected"), [(59, "accepted"), (61, "revocation_unknown")])
def test_clock_skew(
    judge: Callable[..., str], root: Authority, leaf: Issued, now: datetime, seconds: int, expected: str
) -> None:  # fmt: skip
    """A minute past nextUpdate, and a minute before thisUpdate."""
    late = root.crl(this_update=now - DAY, next_update=now - timedelta(seconds=seconds))
    early = root.crl(this_update=now + timedelta(seconds=seconds))
    assert judge(leaf, revocation="hard", crls=late) == expected
    assert judge(leaf, revocation="hard", crls=early) == expected


def test_ocsp_without_an_end(judge: Callable[..., str], root: Authority, leaf: Issued) -> None:
    """An answer that does not say how long it holds proves nothing good; its twin does."""
    assert judge(leaf, revocation="hard", ocsp=root.ocsp(leaf, lasting=False)) == "revocation_unknown"  # fmt: skip
    assert judge(leaf, revocation="hard", ocsp=root.ocsp(leaf)) == "accepted"


def test_crl_by_somebody_else(
    judge: Callable[..., str], root: Authority, leaf: Issued, now: datetime
) -> None:
    """A list in the issuer's name but by another key is nobody's word: neither good nor bad."""
    liar = Authority.create("Revocation Root", now=now, key="ec-p384")
    assert judge(leaf, revocation="off", crls=liar.crl(leaf)) == "accepted"
    assert judge(leaf, revocation="hard", crls=liar.crl()) == "revocation_unknown"
    assert judge(leaf, revocation="hard", crls=root.crl()) == "accepted"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (("key_cert_sign",), "revocation_unknown"),
        (("key_cert_sign", "crl_sign"), "accepted"),
    ],
)
def test_issuer_that_may_not_sign_crls(
    judge: Callable[..., str], root: Authority, usage: tuple[str, ...], expected: str
) -> None:
    """Without cRLSign an issuer's list does not count."""
    middle = root.sub_authority(root.issue("Middle", key="ec-p256", ca=True, key_usage=usage))
    made = middle.issue("leaf", key="ec-p256")
    assert judge(made, revocation="hard", crls=[root.crl(), middle.crl()]) == expected


def test_every_certificate_of_the_path(judge: Callable[..., str], root: Authority) -> None:
    """A revoked intermediate ends all below it."""
    middle = root.intermediate("Middle", key="ec-p256")
    made = middle.issue("leaf", key="ec-p256")
    assert judge(made, crls=root.crl(middle.issued)) == "revoked"
    assert judge(made, revocation="hard", crls=root.crl()) == "revocation_unknown"
    assert judge(made, revocation="hard", crls=[root.crl(), middle.crl()]) == "accepted"


def test_another_path_without_the_revoked_issuer(
    judge: Callable[..., str], root: Authority, leaf: Issued
) -> None:
    """A cross-certificate that is revoked does not close the other way up."""
    middle = root.intermediate("Middle", key="ec-p256")
    twin = root.issue(
        "Middle", key=middle.issued.private_key, ca=True, key_usage=["key_cert_sign", "crl_sign"]
    )
    made = middle.issue("leaf", key="ec-p256")
    both = Issued(made.certificate, made.private_key, (middle.certificate, twin.certificate))
    assert judge(both, crls=root.crl(middle.issued)) == "accepted"
    assert judge(both, crls=root.crl(middle.issued, twin)) == "revoked"


DELEGATE = {"key": "ec-p256", "key_usage": ("digital_signature",)}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"extended_key_usage": ["ocsp_signing"]}, "accepted"),
        ({"extended_key_usage": ["client_auth"]}, "revocation_unknown"),
        ({"extended_key_usage": ["2.5.29.37.0"]}, "revocation_unknown"),
        ({}, "revocation_unknown"),
        ({"extended_key_usage": ["ocsp_signing"], "key": "rsa-1024"}, "revocation_unknown"),
    ],
    ids=["right", "other usage", "any usage", "no usage", "weak key"],
)
def test_delegated_responder(
    judge: Callable[..., str], root: Authority, leaf: Issued, settings: dict[str, Any], expected: str
) -> None:  # fmt: skip
    """A responder speaks for its issuer with OCSPSigning only; any usage is not enough."""
    responder = root.issue("responder", **{**DELEGATE, **settings})
    assert judge(leaf, revocation="hard", ocsp=root.ocsp(leaf, responder=responder)) == expected


def test_delegate_of_another_issuer(
    judge: Callable[..., str], root: Authority, leaf: Issued, now: datetime
) -> None:
    """A responder that a sister authority has certified says nothing about our issuer's certificates."""
    sister = root.intermediate("Sister", key="ec-p256")
    stranger = sister.issue("responder", extended_key_usage=["ocsp_signing"], **DELEGATE)  # type: ignore[arg-type]
    lie = root.ocsp(leaf, responder=stranger)
    assert judge(leaf, revocation="hard", ocsp=lie) == "revocation_unknown"
    assert judge(leaf, ocsp=root.ocsp(leaf, status="revoked", responder=stranger)) == "accepted"


def test_delegate_whose_certificate_ended(
    judge: Callable[..., str], root: Authority, leaf: Issued, other: Issued, now: datetime
) -> None:
    """What it called good is not known any more; what it called revoked stays revoked."""
    short = root.issue("responder", extended_key_usage=["ocsp_signing"], not_after=now, **DELEGATE)  # type: ignore[arg-type]
    given = [root.ocsp(leaf, responder=short), root.ocsp(other, status="revoked", responder=short)]
    assert judge(leaf, revocation="hard", ocsp=given) == "accepted"
    assert judge(leaf, revocation="hard", ocsp=given, at=now + HOUR) == "revocation_unknown"
    assert judge(other, ocsp=given, at=now + HOUR) == "revoked"


def test_revoked_delegate(
    judge: Callable[..., str], root: Authority, leaf: Issued, now: datetime
) -> None:
    """A responder that its issuer's CRL lists is not believed."""
    responder = root.issue("responder", extended_key_usage=["ocsp_signing"], **DELEGATE)  # type: ignore[arg-type]
    answer = root.ocsp(leaf, responder=responder)
    old = root.crl(responder, this_update=now - 9 * DAY)
    assert judge(leaf, revocation="hard", ocsp=answer) == "accepted"
    assert judge(leaf, revocation="hard", ocsp=answer, crls=old) == "revocation_unknown"


def test_answer_about_another_issuer_with_the_same_serial(
    judge: Callable[..., str], root: Authority, leaf: Issued, now: datetime
) -> None:
    """A serial number means something with its issuer only."""
    stranger = Authority.create("Elsewhere", now=now, key="ec-p256")
    twin = stranger.issue("leaf", key="ec-p256", serial=leaf.certificate.serial_number)
    assert judge(leaf, ocsp=stranger.ocsp(twin, status="revoked")) == "accepted"
    assert judge(leaf, ocsp=root.ocsp(leaf, status="revoked")) == "revoked"


def idp(**settings: Any) -> list[tuple[x509.ExtensionType, bool]]:
    defaults: dict[str, Any] = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )  # fmt: skip
    defaults |= {"full_name": None, "relative_name": None, "only_some_reasons": None}
    return [(x509.IssuingDistributionPoint(**{**defaults, **settings}), True)]


NAMED = [x509.UniformResourceIdentifier(POINT)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"only_contains_user_certs": True}, "accepted"),
        ({"only_contains_ca_certs": True}, "revocation_unknown"),
        ({"only_some_reasons": frozenset([x509.ReasonFlags.key_compromise])}, "revocation_unknown"),
        ({"full_name": NAMED}, "accepted"),
        ({"full_name": [x509.UniformResourceIdentifier(POINT + "2")]}, "revocation_unknown"),
    ],
    ids=["users", "authorities", "some reasons", "its part", "another part"],
)
def test_scope_of_a_crl(
    judge: Callable[..., str], root: Authority, settings: dict[str, Any], expected: str
) -> None:
    """Silence of a list that is about others says nothing; an entry counts wherever it stands."""
    points = x509.CRLDistributionPoints([x509.DistributionPoint(NAMED, None, None, None)])
    made = root.issue("leaf", key="ec-p256", extensions=[(points, False)])
    assert judge(made, revocation="hard", crls=root.crl(extensions=idp(**settings))) == expected
    assert judge(made, crls=root.crl(made, extensions=idp(**settings))) == "revoked"


@pytest.mark.parametrize(
    ("extensions", "words"),
    [
        ([(x509.DeltaCRLIndicator(1), True)], "a delta CRL"),
        (idp(indirect_crl=True), "an indirect CRL"),
        (idp(only_contains_attribute_certs=True), "a CRL of attribute certificates"),
        ([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)], "1.2.3.4"),
    ],
    ids=["delta", "indirect", "attribute", "critical"],
)  # fmt: skip
def test_crl_that_is_not_taken(root: Authority, extensions: Any, words: str) -> None:
    """It is refused by name when it is loaded; the plain list of the same issuer is not."""
    with pytest.raises(KeyLoadError, match=words):
        load_rules(crls=root.crl(extensions=extensions))
    assert len(load_rules(crls=root.crl(extensions=[(x509.CRLNumber(7), False)])).crls) == 1


BROKEN_PEM = b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----"


@pytest.mark.parametrize("field", ["crls", "ocsp"])
@pytest.mark.parametrize("data", [b"", b"\x30\x00", BROKEN_PEM, b"x" * 99])
def test_broken_information(field: str, data: bytes) -> None:
    """What is neither is an error when it is loaded, never silence."""
    with pytest.raises(KeyLoadError):
        load_rules(**{field: data})  # type: ignore[arg-type]


def test_crl_of_a_version_that_there_is_not(root: Authority) -> None:
    """Spec: RFC 5280 section 5.1.2.1: version 2; another one is an error when it is loaded."""
    crl = root.crl()
    assert len(load_rules(crls=crl).crls) == 1
    with pytest.raises(KeyLoadError, match="broken"):
        load_rules(crls=crl.replace(b"\x02\x01\x01", b"\x02\x01\x02", 1))


def test_crl_in_pem(judge: Callable[..., str], root: Authority, leaf: Issued) -> None:
    """DER and PEM are the same list."""
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = x509.load_der_x509_crl(root.crl(leaf)).public_bytes(Encoding.PEM)
    assert judge(leaf, crls=pem) == "revoked"


def test_verdict_ends_with_the_crl(root: Authority, leaf: Issued, now: datetime) -> None:
    """A kept verdict is not used past nextUpdate of the list that it rests on."""
    validator = Rfc5280PathValidator()
    trust = TrustStore.load(
        anchors=root.certificate,
        revocation="hard",
        crls=root.crl(this_update=now - HOUR, next_update=now + HOUR),
    )
    for moment in (now, now + HOUR):
        assert validator.validate(leaf.certificate, trust=trust, now=moment)
    with pytest.raises(UntrustedCertificateError):
        validator.validate(leaf.certificate, trust=trust, now=now + 2 * HOUR)
    with pytest.raises(UntrustedCertificateError):
        validator.validate(leaf.certificate, trust=trust, now=now - 2 * HOUR)


def test_exception_for_what_is_not_known(
    judge: Callable[..., str], root: Authority, leaf: Issued, other: Issued, now: datetime
) -> None:
    """It holds for exactly that certificate, until its day, and never for one that is revoked."""
    exception = TrustException(
        sha256=leaf.certificate.thumbprint_sha256,
        reason="a test",
        until=now.date() + DAY,
        allow=("revoked_unknown",),
    )
    given: dict[str, Any] = {"revocation": "hard", "exceptions": [exception]}
    assert judge(leaf, **given) == "accepted"
    assert judge(other, **given) == "revocation_unknown"
    assert judge(leaf, at=exception.end, **given) == "revocation_unknown"
    assert judge(leaf, crls=root.crl(leaf), **given) == "revoked"


# Fetching.


class Web(http.server.BaseHTTPRequestHandler):
    """Gives what a test has put under a path; counts what is asked."""

    content: dict[str, bytes]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        data = self.content.get(self.path)
        if data is not None and data.startswith(b"to "):
            self.send_response(302)
            self.send_header("Location", data[3:].decode())
            self.end_headers()
            return
        self.send_response(404 if data is None else 200)
        self.end_headers()
        self.wfile.write(data or b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[Any]:
    """A server on the loopback: ``content`` by path, ``asked``, and ``url``."""
    handler = type("Handler", (Web,), {"content": {}, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def partner_of(root: Authority, web: Any) -> Issued:
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier(web.url + "/crl")], None, None, None)]
    )  # fmt: skip
    access = x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(web.url + "/ocsp"))]
    )  # fmt: skip
    return root.issue("partner", key="ec-p256", extensions=[(points, False), (access, False)])


def with_session(make: bool) -> requests.Session | None:
    return requests.Session() if make else None


@pytest.mark.parametrize("session", [False, True])
def test_fetching(root: Authority, web: Any, now: datetime, session: bool) -> None:
    """What is fetched counts at once, in every keystore made of this one; nothing else connects."""
    partner = partner_of(root, web)
    base = Keystore().with_trust(anchors=root.certificate, revocation="hard")
    keystore = base.with_partner("partner", partner.certificate)
    validator = Rfc5280PathValidator()

    def judged() -> str:
        try:
            trust = keystore.snapshot().shared_trust
            validator.validate(partner.certificate, trust=trust, now=now)
        except UntrustedCertificateError as error:
            return str(error.reason)
        return "accepted"

    assert judged() == "revocation_unknown"
    assert web.asked == []
    web.content["/crl"] = root.crl()
    (item,) = keystore.fetch_revocation(with_session(session))
    assert (item.problem, item.next_update) == ("", now - HOUR + 7 * DAY)
    assert judged() == "accepted"
    web.content["/crl"] = root.crl(partner, this_update=now)
    keystore.fetch_revocation(with_session(session))
    assert judged() == "revoked"
    # An older list that somebody on the way puts in its place, or rubbish, takes nothing back.
    for worse in (root.crl(), b"rubbish", Authority.create("Revocation Root", now=now).crl()):
        web.content["/crl"] = worse
        assert keystore.fetch_revocation(with_session(session))[0].problem
        assert judged() == "revoked"
    assert web.asked.count("/crl") == 5


@pytest.mark.parametrize("session", [False, True])
def test_fetching_by_ocsp(root: Authority, web: Any, now: datetime, session: bool) -> None:
    """Where the CRL cannot be had, the responder is asked."""
    partner = partner_of(root, web)
    keystore = Keystore().with_trust(anchors=root.certificate, revocation="hard")
    keystore = keystore.with_partner("partner", partner.certificate)
    web.content["/ocsp"] = root.ocsp(partner)
    found = keystore.fetch_revocation(with_session(session))
    assert [bool(item.problem) for item in found] == [True, False]
    trust = keystore.snapshot().shared_trust
    assert Rfc5280PathValidator().validate(partner.certificate, trust=trust, now=now)


@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"to file:///etc/hostname", "no http or https address"),
        (b"to /crl", "more than 3 redirects"),
        (b"x" * 2000, "more than 1000 octets"),
        (None, "HTTP status 404"),
    ],
    ids=["to a file", "in a circle", "too large", "missing"],
)
def test_fetching_is_bounded(
    root: Authority, web: Any, session: bool, content: bytes | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """No file is read, no circle followed, no flood taken; the twin is a redirect to the list."""
    monkeypatch.setattr("zeep_wssec.keys.revocation_fetch.MAX_CRL_BYTES", 1000)
    keystore = Keystore().with_trust(anchors=root.certificate)
    keystore = keystore.with_partner("partner", partner_of(root, web).certificate)
    if content is not None:
        web.content["/crl"] = content
    item, *_ = keystore.fetch_revocation(with_session(session))
    assert words in item.problem
    web.content |= {"/crl": b"to /moved", "/moved": root.crl()}
    item, *_ = keystore.fetch_revocation(with_session(session))
    assert item.problem == ""


def test_fetching_for_nobody(root: Authority) -> None:
    """Without trust settings nothing could use it: said, not done in silence."""
    with pytest.raises(KeyMaterialError, match="no trust settings"):
        Keystore().fetch_revocation()
    assert Keystore().with_trust(anchors=root.certificate).fetch_revocation() == ()


def answering_once(octets: bytes) -> str:
    """Answer one connection on loopback with these octets, and give the address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            connection.recv(4096)
            connection.sendall(octets)

    threading.Thread(target=run, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/x"


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["chunk", "redirect"],
)
def test_broken_answer_of_a_repository(octets: bytes) -> None:
    """Whatever stands behind an address in a certificate ends in one error of ours."""
    with pytest.raises(TransportSecurityError):
        download(answering_once(octets), limit=1000, timeout_seconds=2)
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert download(answering_once(good), limit=1000, timeout_seconds=2) == b"ok"


def test_what_was_found_about_a_list_goes_with_it(
    root: Authority, leaf: Issued, now: datetime
) -> None:
    """Nothing else keeps a list alive that was replaced by a newer one."""
    (crl,) = load_crls(root.crl(leaf), source="a test")
    assert crl_problem(crl, root.certificate, sha1=False) == ""
    kept = weakref.ref(crl)
    del crl
    gc.collect()
    assert kept() is None


def test_fetched_for_one_store_only(root: Authority, leaf: Issued, now: datetime) -> None:
    """Of two stores with the same content each knows what was fetched for it, in one validator, too."""
    validator = Rfc5280PathValidator()
    stores = [TrustStore.load(anchors=root.certificate, revocation="hard") for _ in range(2)]
    for store, lists in zip(stores, (root.crl(), root.crl(leaf)), strict=True):
        for held in store.rules.fetched:
            held.put("http://crl.example/", load_crls(lists, source="a test"))
    first, second = stores
    validator.validate(leaf.certificate, trust=first, extra=leaf.chain, now=now)
    with pytest.raises(UntrustedCertificateError):
        validator.validate(leaf.certificate, trust=second, extra=leaf.chain, now=now)
