"""``trust explain`` tells who a signer is and what is missing; ``trust fetch-chain`` gets what is missing."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID

from zeep_wssec import Encryption, Profile, Signature, Timestamp
from zeep_wssec.cli.group import RootGroup
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
REQUEST = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<Placed xmlns="urn:example:orders"/></s:Body></s:Envelope>"""
PROFILE = """
[trust]
anchors = ["root.pem"]
[inbound]
signed_by = {{ subject = "CN=service" }}
{more}
"""
GROUP = RootGroup(name="zeep-wssec", table={"trust": ("zeep_wssec.cli.trust:trust", "Trust.")})
Trust = Callable[..., Result]


class Web(http.server.BaseHTTPRequestHandler):
    """Gives one answer, whatever is asked, and counts."""

    content = b""
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[Any]:
    """A server on the loopback: set ``content``, see ``asked`` and ``url``."""
    handler = type("Handler", (Web,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}/issuer"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.create("CN=Trust Root", now=NOW)


@pytest.fixture(scope="module")
def middle(root: Authority) -> Authority:
    return root.intermediate("CN=Trust Middle")


@pytest.fixture
def signer(middle: Authority, web: Any) -> Issued:
    """The service, whose certificate says where that of its issuer is."""
    address = x509.UniformResourceIdentifier(web.url)
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, address)
    return middle.issue(
        "CN=service", extensions=[(x509.AuthorityInformationAccess([access]), False)]
    )


def answer_of(signer: Issued) -> bytes:
    profile = Profile(
        keystore=signer.keystore(), outbound=(Timestamp(), Signature()), clock=lambda: NOW
    )
    return profile.secure(REQUEST).to_bytes()


@pytest.fixture
def trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Authority, signer: Issued
) -> Trust:
    """Give a function that runs ``trust`` in a folder with an answer and a profile."""
    monkeypatch.chdir(tmp_path)
    Path("root.pem").write_bytes(root.pem)
    Path("answer.xml").write_bytes(answer_of(signer))
    Path("profile.toml").write_text(PROFILE.format(more=""))

    def run(*arguments: str, code: int = 0) -> Result:
        given = ("trust", *arguments, "-p", "profile.toml", "--now", "2027-06-01T12:00:00Z")
        result = CliRunner().invoke(GROUP, given, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


def told(trust: Trust, *, code: int) -> dict[str, Any]:
    (signer,) = json.loads(trust("explain", "answer.xml", "--json", code=code).stdout)["signers"]
    return dict(signer)


def test_certificate_in_place_of_a_message(trust: Trust) -> None:
    """It is told what is needed, and which command takes a certificate."""
    said = trust("explain", "root.pem", code=2).output
    assert "give a message" in said
    assert "fetch-chain" in said


def test_missing_intermediate(trust: Trust, web: Any, middle: Authority) -> None:
    """It says which certificate is missing, and where it is said to be; nothing is fetched."""
    found = told(trust, code=1)
    assert (found["accepted"], found["reason"]) == (False, "no_path")
    assert found["missing"] == {
        "issuer": "CN=Trust Middle",
        "authority_key_identifier": middle.certificate.subject_key_identifier.hex(),
        "addresses": [web.url],
    }
    assert found["anchor"] is None
    assert any("trust.intermediates" in line for line in found["advice"])
    assert web.asked == []
    text = trust("explain", "answer.xml", code=1).stdout
    assert text.count("trust.intermediates") == 1
    assert "signer: CN=service" in text
    assert f"  said to be at {web.url}" in text
    assert "refused: no_path" in text


def pkcs7_of(*certificates: Certificate) -> bytes:
    return pkcs7.serialize_certificates([item.x509 for item in certificates], Encoding.DER)


@pytest.mark.parametrize("form", ["der", "pem", "pkcs7"])
def test_fetched_chain_completes_it(
    trust: Trust, web: Any, middle: Authority, root: Authority, form: str
) -> None:
    """With what was fetched the same answer is accepted; the root that came along is left out."""
    certificate = middle.certificate
    web.content = {
        "der": certificate.der,
        "pem": certificate.pem,
        "pkcs7": pkcs7_of(root.certificate, certificate),
    }[form]
    trust("fetch-chain", "answer.xml", "-o", "chain.pem")
    assert Certificate.from_pem(Path("chain.pem").read_bytes()) == (certificate,)
    assert len(web.asked) == 1
    lines = PROFILE.format(more="").replace("[trust]", '[trust]\nintermediates = ["chain.pem"]')
    Path("profile.toml").write_text(lines)
    found = told(trust, code=0)
    assert found["accepted"] is True
    assert found["anchor"] == "CN=Trust Root"
    assert found["missing"] is None
    origins = [item["from"] for item in found["chain"]]
    assert origins == ["message", "given intermediate", "trust anchor"]


def test_chain_of_a_certificate(trust: Trust, web: Any, middle: Authority, signer: Issued) -> None:
    """A certificate does as well as an answer."""
    web.content = middle.certificate.der
    for data in (signer.certificate.der, signer.certificate_pem):
        Path("signer.cer").write_bytes(data)
        trust("fetch-chain", "signer.cer", "-o", "chain.pem")
        assert Path("chain.pem").read_bytes() == middle.certificate.pem


@pytest.mark.parametrize("content", ["stranger", "rubbish", "flood", "namesake"])
def test_what_is_fetched_must_have_signed(trust: Trust, web: Any, content: str) -> None:
    """Only the certificate whose key has signed the one below it is kept; nothing is written else."""
    liar = Authority.create("CN=Trust Middle", now=NOW, key="ec-p256")
    stranger = Authority.create("CN=Else", now=NOW)
    web.content = {
        "stranger": stranger.certificate.der,
        "rubbish": b"<html>not found</html>",
        "flood": b"0" * 300_000,
        "namesake": liar.certificate.der,
    }[content]
    result = trust("fetch-chain", "answer.xml", "-o", "chain.pem", code=1)
    assert "missing: the certificate of CN=Trust Middle" in result.output
    assert not Path("chain.pem").exists()


def test_fetched_root_is_not_trusted(trust: Trust, web: Any) -> None:
    """A chain that leads to somebody else's root is written, and the answer is refused as before."""
    foreign = Authority.create("CN=Foreign Root", now=NOW)
    address = x509.UniformResourceIdentifier(web.url)
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, address)
    made = foreign.issue(
        "CN=service", extensions=[(x509.AuthorityInformationAccess([access]), False)]
    )
    web.content = foreign.certificate.der
    Path("answer.xml").write_bytes(answer_of(made))
    result = trust("fetch-chain", "answer.xml", "-o", "chain.pem")
    assert "which is no trust anchor" in result.output
    assert not Path("chain.pem").exists()
    assert told(trust, code=1)["reason"] == "no_path"


def test_somebody_else(trust: Trust, root: Authority) -> None:
    """A certificate of the right CA with another name is refused, with what to do; its twin is not."""
    Path("answer.xml").write_bytes(answer_of(root.issue("CN=stranger")))
    found = told(trust, code=1)
    assert found["reason"] == "wrong_peer"
    assert found["advice"]
    Path("answer.xml").write_bytes(answer_of(root.issue("CN=service")))
    assert told(trust, code=0)["trusted_as"].startswith("subject CN=service")


def test_revoked(trust: Trust, root: Authority) -> None:
    """What a CRL says is told, with the date."""
    made = root.issue("CN=service")
    Path("answer.xml").write_bytes(answer_of(made))
    text = PROFILE.format(more="").replace("[trust]", '[trust]\ncrls = ["root.crl"]')
    Path("profile.toml").write_text(text)
    for revoked, code, state in (([made], 1, "revoked"), ([], 0, "good")):
        Path("root.crl").write_bytes(root.crl(*revoked))
        found = told(trust, code=code)
        assert found["revocation"]["state"] == state
    Path("root.crl").write_bytes(root.crl(made))
    assert "was revoked on 2027-06-01" in trust("explain", "answer.xml", code=1).stdout


@pytest.mark.parametrize("content", [b"not xml", REQUEST])
def test_nothing_signed(trust: Trust, content: bytes) -> None:
    """Without a signature there is nobody to explain: refused, not accepted."""
    Path("answer.xml").write_bytes(content)
    assert "MalformedSecurityError" in trust("explain", "answer.xml", code=1).output


def test_encrypted_signature(trust: Trust, root: Authority) -> None:
    """A message that only decryption would show says so."""
    keystore = root.issue("CN=service").keystore()
    client = root.issue("CN=client")
    profile = Profile(
        keystore=keystore.with_partner("client", client.certificate),
        outbound=(Timestamp(), Encryption(recipients=("client",))),
        clock=lambda: NOW,
    )
    Path("answer.xml").write_bytes(profile.secure(REQUEST).to_bytes())
    assert "No signature" in trust("explain", "answer.xml", code=1).output


def test_nobody_stated(trust: Trust) -> None:
    """Where nothing says who must sign it is still told who did; the profile is what is wrong."""
    Path("profile.toml").write_text('[trust]\nanchors = ["root.pem"]\n')
    found = told(trust, code=2)
    assert found["subject"] == "CN=service"
    assert found["reason"] == "not_stated"
    assert "signed_by" in found["advice"][0]
