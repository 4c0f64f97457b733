"""``keystore``: the life of a key pair, and what is refused on the way."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from zeep_wssec import Keystore
from zeep_wssec.keys import pkcs12_writing
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
AT = ("--now", "2027-06-01T12:00:00Z")
PASSWORD = "Geheim-1"
Run = Callable[..., Result]


@pytest.fixture(scope="session")
def issuing() -> Authority:
    """Who replies to requests: below a root."""
    return Authority.create("CN=Root", now=NOW, key="ec-p256").intermediate(
        "CN=Issuing", key="ec-p256"
    )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The rounds of a password's derivation are nothing to wait for here."""
    monkeypatch.setattr(pkcs12_writing, "ITERATIONS", 10)
    monkeypatch.setenv("PW", PASSWORD)
    monkeypatch.setenv("OTHER", "Anders-2")
    monkeypatch.chdir(tmp_path)


def keystore(run: Run, command: str, *arguments: str, **how: Any) -> Result:
    """Run one of the commands with the password of this place."""
    return run("keystore", command, *arguments, "--password-env", "PW", **how)


def make(run: Run, file: str = "c.p12", *more: str, **how: Any) -> Result:
    """Make a key pair ``client``."""
    given = ("--alias", "client", "--subject", "CN=client,O=Example", "--key", "ec-p256", *AT)
    return keystore(run, "new", file, *given, *more, **how)


def opened(file: str = "c.p12", password: str = PASSWORD) -> Keystore:
    return Keystore.load(file, password=password)


def reply(authority: Authority, file: str = "c.csr", **settings: Any) -> Certificate:
    """Issue what a request asks for: its key, subject and extensions."""
    request = x509.load_pem_x509_csr(Path(file).read_bytes())
    assert request.is_signature_valid
    issued = authority.issue(
        request.subject.rfc4514_string(),
        key=_Public(request.public_key()),  # type: ignore[arg-type]
        **settings,
    )
    return issued.certificate


class _Public:
    """What an authority has of somebody's key."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def public_key(self) -> Any:
        """Give it, as private keys do."""
        return self.key


# The life of a key pair.


def test_t_11_key_pair_from_request_to_renewal(run: Run, issuing: Authority) -> None:
    """T-11: made, requested, replied to with its chain, handed over, and renewed under the same alias."""
    make(run, "c.p12", "--san", "client.example")
    keystore(run, "csr", "c.p12", "-o", "c.csr")
    certificate = reply(issuing)
    Path("reply.pem").write_bytes(certificate.pem)
    Path("chain.pem").write_bytes(issuing.pem)
    keystore(run, "add", "c.p12", "reply.pem", "chain.pem")
    entry = opened().snapshot().require_key("client")
    assert (entry.certificate, entry.chain) == (certificate, (issuing.certificate,))
    keystore(run, "export", "c.p12", "--alias", "client", "-o", "hand-over.pem")
    assert Certificate.from_pem(Path("hand-over.pem").read_bytes()) == (certificate, *entry.chain)

    like = ("--alias", "client", "--like", "c.p12", "--like-password-env", "PW", *AT)
    keystore(run, "new", "next.p12", *like)
    following = opened("next.p12").snapshot().require_key("client").certificate
    assert following.subject == certificate.subject
    assert following.key_kind == "ec"
    assert following.public_key_der != certificate.public_key_der
    merge = ("merge", "c.p12", "next.p12", "--source-password-env", "PW")
    keystore(run, *merge, "--overwrite", "client")
    assert opened().snapshot().require_key("client").certificate == following


def test_request_asks_for_what_messages_need(run: Run) -> None:
    """Subject, alternative names and key usage; what is said goes before what the certificate has."""
    make(run, "c.p12", "--san", "client.example")
    keystore(run, "csr", "c.p12", "-o", "c.csr")
    request = x509.load_pem_x509_csr(Path("c.csr").read_bytes())
    assert request.subject.rfc4514_string() == "CN=client,O=Example"
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["client.example"]
    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_agreement) == (True, True)
    other = ("--subject", "CN=other", "--san", "10.0.0.1", "--san", "https://c.example/x")
    keystore(run, "csr", "c.p12", *other, "--der", "-o", "c.der")
    request = x509.load_der_x509_csr(Path("c.der").read_bytes())
    assert request.subject.rfc4514_string() == "CN=other"
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert len(list(names)) == 2


def test_default_key_is_rsa_3072(run: Run) -> None:
    """Large enough for as long as a certificate lives."""
    given = ("--alias", "k", "--subject", "CN=k", "--json", *AT)
    data = json.loads(keystore(run, "new", "k.p12", *given).stdout)
    assert (data["key_kind"], data["key_bits"]) == ("rsa", 3072)
    assert data["kid_ski"]
    assert data["kid_jwk"]


def test_second_key_pair_in_one_file(run: Run) -> None:
    """The first one stays; a name that is taken is refused, and the file is what it was."""
    make(run)
    before = Path("c.p12").read_bytes()
    result = make(run, code=2)
    assert "--like c.p12" in result.stderr
    assert Path("c.p12").read_bytes() == before
    given = ("--alias", "second", "--subject", "CN=second", "--key", "ed25519", *AT)
    keystore(run, "new", "c.p12", *given)
    assert list(opened().snapshot().keys) == ["client", "second"]


# Replies.


@pytest.mark.parametrize("form", ["pem", "der", "p7b", "p7b in pem"])
def test_reply_in_any_form(run: Run, issuing: Authority, form: str) -> None:
    """As authorities send it; the chain may be in it."""
    make(run)
    keystore(run, "csr", "c.p12", "-o", "c.csr")
    certificate = reply(issuing)
    links = [certificate.x509, issuing.certificate.x509]
    contents = {
        "pem": certificate.pem,
        "der": certificate.der,
        "p7b": pkcs7.serialize_certificates(links, Encoding.DER),
        "p7b in pem": pkcs7.serialize_certificates(links, Encoding.PEM),
    }
    Path("reply").write_bytes(contents[form])
    data = json.loads(keystore(run, "add", "c.p12", "reply", "--json").stdout)
    assert opened().snapshot().require_key("client").certificate == certificate
    assert data["chain"] == (["CN=Issuing"] if "p7b" in form else [])
    assert data["missing"] == ("CN=Root" if "p7b" in form else "CN=Issuing")


def test_reply_for_another_key(run: Run, issuing: Authority) -> None:
    """It is refused with what it holds, and the file is what it was; the right one is taken."""
    make(run)
    before = Path("c.p12").read_bytes()
    Path("reply.pem").write_bytes(
        issuing.issue("CN=client,O=Example", key="ec-p256").certificate.pem
    )
    result = keystore(run, "add", "c.p12", "reply.pem", code=2)
    assert "no certificate in the reply belongs to any key pair" in result.stderr
    assert Path("c.p12").read_bytes() == before
    keystore(run, "csr", "c.p12", "-o", "c.csr")
    Path("reply.pem").write_bytes(reply(issuing).pem)
    keystore(run, "add", "c.p12", "reply.pem")


def test_chain_must_have_signed(run: Run, issuing: Authority) -> None:
    """A CA of the same name that did not sign it is no chain."""
    make(run)
    keystore(run, "csr", "c.p12", "-o", "c.csr")
    Path("reply.pem").write_bytes(reply(issuing).pem)
    impostor = Authority.create("CN=Issuing", now=NOW, key="ec-p256", reuse_keys=False)
    Path("chain.pem").write_bytes(impostor.pem)
    data = json.loads(keystore(run, "add", "c.p12", "reply.pem", "chain.pem", "--json").stdout)
    assert (data["chain"], data["missing"]) == ([], "CN=Issuing")
    Path("chain.pem").write_bytes(issuing.pem)
    data = json.loads(keystore(run, "add", "c.p12", "reply.pem", "chain.pem", "--json").stdout)
    assert data["chain"] == ["CN=Issuing"]
    said = keystore(run, "add", "c.p12", "reply.pem", "chain.pem").stdout
    assert "note: the chain ends without the certificate of CN=Root. If that is the root" in said


def test_issued_certificate_is_not_overwritten_unasked(run: Run, issuing: Authority) -> None:
    """The placeholder is; one that an authority issued needs --overwrite."""
    make(run)
    keystore(run, "csr", "c.p12", "-o", "c.csr")
    for name in ("one.pem", "two.pem"):
        Path(name).write_bytes(reply(issuing).pem)
    keystore(run, "add", "c.p12", "one.pem")
    result = keystore(run, "add", "c.p12", "two.pem", code=2)
    assert "--overwrite" in result.stderr
    keystore(run, "add", "c.p12", "two.pem", "--overwrite")


# Handing over.


def test_public_part_in_each_form(run: Run, client: Issued) -> None:
    """PEM with or without the chain, DER, PKCS#7; to a file or to stdout."""
    Path("c.p12").write_bytes(client.pkcs12(PASSWORD, name="client"))
    links = (client.certificate, *client.chain)
    assert Certificate.from_pem(keystore(run, "export", "c.p12").stdout_bytes) == links
    alone = keystore(run, "export", "c.p12", "--no-chain").stdout_bytes
    assert Certificate.from_pem(alone) == links[:1]
    keystore(run, "export", "c.p12", "--format", "der", "-o", "c.der")
    assert Path("c.der").read_bytes() == links[0].der
    keystore(run, "export", "c.p12", "--format", "p7b", "-o", "c.p7b")
    found = pkcs7.load_der_pkcs7_certificates(Path("c.p7b").read_bytes())
    assert {item.public_bytes(Encoding.DER) for item in found} == {item.der for item in links}
    for name in ("c.der", "c.p7b"):
        assert b"PRIVATE" not in Path(name).read_bytes()


def test_private_key_leaves_under_its_own_password(run: Run, client: Issued) -> None:
    """As PKCS#12 to a file only, readable by its owner; the keystore's password does not open it."""
    Path("c.p12").write_bytes(client.pkcs12(PASSWORD, name="client"))
    give = ("export", "c.p12", "--alias", "client", "--format", "pkcs12")
    result = keystore(run, *give, code=2)
    assert "-o FILE" in result.stderr
    result = keystore(run, *give, "-o", "out.p12", code=2)
    assert "--new-password-env" in result.stderr
    assert not Path("out.p12").exists()
    keystore(run, *give, "-o", "out.p12", "--new-password-env", "OTHER")
    assert stat.S_IMODE(Path("out.p12").stat().st_mode) == 0o600
    assert opened("out.p12", "Anders-2").snapshot().require_key("client").chain == client.chain


def test_partner_has_no_private_key(run: Run, client: Issued) -> None:
    """Its certificate can be handed on, nothing else."""
    Path("p.toml").write_text('[[keystore]]\npartner = "p"\ncertificate = "p.pem"\n')
    Path("p.pem").write_bytes(client.certificate_pem)
    result = run(
        "keystore", "export", "p.toml", "--alias", "p", "--format", "pkcs12", "-o", "x.p12",
        "--new-password-env", "PW", code=2,
    )  # fmt: skip
    assert "no private key" in result.stderr
    assert (
        run("keystore", "export", "p.toml", "--alias", "p").stdout_bytes == client.certificate_pem
    )


# Merging.


@pytest.fixture
def two(client: Issued, issuing: Authority) -> tuple[Issued, Issued]:
    """Two files with a key pair ``client`` each."""
    other = issuing.issue("CN=other", key="ec-p256")
    Path("one.p12").write_bytes(client.pkcs12(PASSWORD, name="client"))
    Path("two.p12").write_bytes(other.pkcs12("Anders-2", name="client"))
    return client, other


MERGE = ("merge", "one.p12", "two.p12", "--source-password-env", "OTHER")


def outcomes(result: Result) -> list[tuple[str, str]]:
    return [(row["outcome"], row["alias"]) for row in json.loads(result.stdout)["entries"]]


def test_t_06_merge_refuses_to_overwrite_unless_asked(run: Run, two: tuple[Issued, Issued]) -> None:
    """T-06: refused, kept, overwritten or renamed, each with the summary; refused means nothing is written."""
    before = Path("one.p12").read_bytes()
    result = keystore(run, *MERGE, code=2)
    assert "--overwrite client, --keep, or --rename client=OTHER" in result.stderr
    assert outcomes(keystore(run, *MERGE, "--keep", "--json", "--dry-run")) == [("kept", "client")]
    overwrite = (*MERGE, "--overwrite", "client", "--json")
    assert outcomes(keystore(run, *overwrite, "--dry-run")) == [("overwritten", "client")]
    assert Path("one.p12").read_bytes() == before
    renamed = keystore(run, *MERGE, "--rename", "client=second", "--json")
    assert outcomes(renamed) == [("added", "second")]
    assert opened("one.p12").snapshot().require_key("second").certificate == two[1].certificate
    assert outcomes(keystore(run, *overwrite)) == [("overwritten", "client")]
    assert opened("one.p12").snapshot().require_key("client").certificate == two[1].certificate


def test_merge_into_a_new_file_of_another_kind(run: Run, client: Issued) -> None:
    """T-06: PEM becomes PKCS#12; the same certificate is kept, not overwritten."""
    Path("c.pem").write_bytes(client.key_pem() + client.chain_pem)
    merge = ("merge", "new.p12", "c.pem", "--rename", "key=client", "--json")
    assert outcomes(keystore(run, *merge)) == [("added", "client")]
    assert outcomes(keystore(run, *merge)) == [("kept", "client")]
    assert stat.S_IMODE(Path("new.p12").stat().st_mode) == 0o600
    result = keystore(run, "merge", "c.pem", "new.p12", "--source-password-env", "PW", code=2)
    assert "only PKCS#12 files are changed" in result.stderr


def test_merge_takes_what_is_named(run: Run, two: tuple[Issued, Issued]) -> None:
    """A name that is not there is refused with those that are."""
    result = keystore(run, *MERGE, "--only", "nobody", code=2)
    assert "'client'" in result.stderr
    chosen = (*MERGE, "--only", "client", "--rename", "client=b", "--json")
    assert outcomes(keystore(run, *chosen)) == [("added", "b")]


def test_file_that_somebody_else_changes(
    run: Run, two: tuple[Issued, Issued], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written meanwhile is not lost."""
    write = pkcs12_writing.write_pkcs12

    def change_first(*given: Any, **named: Any) -> bytes:
        Path("one.p12").write_bytes(b"theirs")
        return write(*given, **named)

    monkeypatch.setattr(pkcs12_writing, "write_pkcs12", change_first)
    result = keystore(run, *MERGE, "--overwrite", "client", code=2)
    assert "changed by somebody else" in result.stderr
    assert Path("one.p12").read_bytes() == b"theirs"


# Looking.


def test_t_08_list_and_show_have_every_property(run: Run, client: Issued) -> None:
    """T-08: names, days, serial number, key, algorithm, fingerprints, chain, and both kinds of kid."""
    Path("c.p12").write_bytes(client.pkcs12(PASSWORD, name="client"))
    (listed,) = json.loads(keystore(run, "list", "c.p12", "--json", *AT).stdout)
    (shown,) = json.loads(keystore(run, "show", "c.p12", "--alias", "client", "--json", *AT).stdout)
    assert listed == shown
    assert (listed["alias"], listed["state"]) == ("client", "valid")
    text = keystore(run, "show", "c.p12", *AT).stdout
    certificate = client.certificate
    for wanted in (certificate.subject, str(certificate.serial_number), listed["kid_jwk"]):
        assert wanted in text
    sha256 = certificate.thumbprint_sha256
    assert ":".join(sha256[at : at + 2] for at in range(0, 64, 2)).upper() in text
    result = keystore(run, "show", "c.p12", "--alias", "clinet", code=2)
    assert "'client'" in result.stderr


def test_t_09_self_signed_warns_with_its_fingerprint(run: Run, client: Issued) -> None:
    """T-09: nobody vouches for it, so somebody must compare; one that was issued says nothing."""
    make(run)
    assert "signed by itself" in keystore(run, "show", "c.p12", *AT).stdout
    Path("i.p12").write_bytes(client.pkcs12(PASSWORD))
    assert "signed by itself" not in keystore(run, "show", "i.p12", *AT).stdout


@pytest.mark.parametrize("form", ["pem", "der"])
def test_look_at_a_certificate_alone(run: Run, client: Issued, form: str) -> None:
    """What a partner sends is shown with its fingerprint and its days, though there is no key."""
    pem, der = client.certificate.pem, client.certificate.der
    Path("bank.crt").write_bytes(pem if form == "pem" else der)
    (shown,) = json.loads(run("keystore", "show", "bank.crt", "--json", *AT).stdout)
    assert (shown["alias"], shown["kind"]) == ("bank", "partner")
    assert shown["thumbprint_sha256"] == client.certificate.thumbprint_sha256
    assert "bank" in run("keystore", "list", "bank.crt", *AT).stdout
    run("keystore", "check", "bank.crt", "--within", "9999d", *AT, code=1)


def test_key_without_its_certificate_is_not_looked_at(run: Run, client: Issued) -> None:
    """A file with a private key is a keystore, and must be a whole one."""
    Path("bank.pem").write_bytes(client.key_pem())
    assert "without a certificate" in run("keystore", "show", "bank.pem", code=2).stderr


@pytest.mark.parametrize(("days", "code"), [(15, 0), (14, 1), (-1, 1)])
def test_check_fails_in_time(run: Run, issuing: Authority, days: int, code: int) -> None:
    """Valid at 15 days, critical at 14, expired: an exit code for a timer, and the table that says it."""
    end = NOW + timedelta(days=days)
    issued = issuing.issue(
        "CN=c", key="ec-p256", not_after=end, not_before=NOW - timedelta(days=99)
    )
    Path("c.p12").write_bytes(issued.pkcs12(PASSWORD, name="client"))
    check = ("check", "c.p12", "--within", "14d", *AT)
    found = json.loads(keystore(run, *check, "--json", code=code).stdout)
    assert len(found) == code
    state = {15: "valid", 14: "critical", -1: "expired"}[days]
    (listed,) = json.loads(keystore(run, "list", "c.p12", "--within", "14d", "--json", *AT).stdout)
    assert listed["state"] == state
    wanted = "Nothing expires" if state == "valid" else state
    assert wanted in keystore(run, *check, code=code).stdout


def test_check_of_a_chain(run: Run, issuing: Authority) -> None:
    """What stands above the certificate counts as well."""
    root = Authority.create("CN=Root", now=NOW, key="ec-p256")
    ca = root.issue(
        "CN=Ending", key="ec-p256", ca=True, key_usage=("key_cert_sign",), not_after=NOW + timedelta(days=5)
    )  # fmt: skip
    Path("c.p12").write_bytes(root.sub_authority(ca).issue("CN=c", key="ec-p256").pkcs12(PASSWORD))
    result = keystore(run, "check", "c.p12", *AT, code=1)
    assert "key (chain)" in result.stdout
    assert "CN=Ending" in result.stdout


def test_check_of_a_time_that_is_none(run: Run) -> None:
    """A slip of the pen would look at no time at all."""
    result = keystore(run, "check", "c.p12", "--within", "a month", code=2)
    assert "30d, 12h or 4w" in result.stderr


# Passwords.


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Kurz-1", "fewer than 8 characters"),
        ("nurkleinbuchstaben", "of 1 of the 4 classes"),
        ("Geheim-ä1", "outside of printable ASCII"),
        ("Geheim-1", ""),
    ],
)
def test_t_07_password_rules(
    run: Run, monkeypatch: pytest.MonkeyPatch, password: str, fault: str
) -> None:
    """T-07: only where it is asked for; the password itself is never shown."""
    monkeypatch.setenv("PW", password)
    result = make(run, "c.p12", "--check-password", code=2 if fault else 0)
    assert fault in result.stderr
    assert password not in result.output
    if fault:
        assert not Path("c.p12").exists()
        make(run)


def test_no_password_on_the_command_line(run: Run) -> None:
    """There is no such option, no terminal here to ask on, and an empty one does not count."""
    make(run)
    result = run("keystore", "list", "c.p12", "--password", PASSWORD, code=2)
    assert "No such option" in result.stderr
    result = run("keystore", "list", "c.p12", code=2)
    assert "--password-env" in result.stderr
    result = run("keystore", "list", "c.p12", "--password-env", "OTHER", code=2)
    assert "Anders" not in result.output
    both = ("--password-env", "PW", "--password-file", "x")
    assert "and in a file" in run("keystore", "list", "c.p12", *both, code=2).stderr
    Path("pw").write_text(PASSWORD + "\n")
    run("keystore", "list", "c.p12", "--password-file", "pw")


def test_file_of_a_new_key_is_its_owners(run: Run) -> None:
    """Mode 0600, and no other file is left behind; a link is not written through."""
    make(run)
    assert stat.S_IMODE(Path("c.p12").stat().st_mode) == 0o600
    assert [path.name for path in Path().iterdir()] == ["c.p12"]
    Path("link.p12").symlink_to("c.p12")
    result = make(run, "link.p12", code=2)
    assert "symbolic link" in result.stderr
