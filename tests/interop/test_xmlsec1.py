"""The program xmlsec1 as the partner: it verifies what we sign, and fills in Signatures that we verify."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from interop.plain import PLAIN, Plain, message_of, twin
from peers import require_program
from roundtrip.pair import accepted, issued, refused

from zeep_wssec import SignatureInvalidError
from zeep_wssec.soap.namespaces import WSA, WSU

pytestmark = pytest.mark.interop
RECENT = re.compile(r"(?:.*-)?(?:pss|sha3)-.*|ed\d+")
"""Algorithms by our names that the xmlsec1 of some distributions has and of others not."""
LIMITS = {
    # A transform of WS-Security, not of XML signatures.
    "STR-Transform": "STR-Transform"
}
"""What it refuses, and what it names then."""


@dataclass(frozen=True)
class Program:
    """The program and what it can do."""

    path: str
    transforms: frozenset[str]
    """Algorithms by libxmlsec's names."""

    def knows(self, case: Plain) -> bool:
        """Whether it lists the algorithms of a case; all but the recent ones it must have."""
        names = {case.algorithm, str(case.settings.get("digest", "sha256"))}
        recent = {name for name in names if RECENT.fullmatch(name)}
        listed = {f"eddsa-{name}" if name.startswith("ed") else name for name in recent}
        return case.name not in LIMITS and listed <= self.transforms

    def run(
        self, command: str, case: Plain, message: bytes, folder: Path, *options: str | Path
    ) -> subprocess.CompletedProcess[bytes]:
        """Verify or sign a message with the service's certificate or key."""
        path = folder / "message.xml"
        path.write_bytes(message)
        nodes = (f"{WSU}:Timestamp", f"{case.soap}:Body", f"{WSA}:To")
        ids = [word for name in nodes for word in ("--id-attr:Id", name)]
        return subprocess.run(
            [self.path, command, *ids, *options, path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )


@pytest.fixture(scope="module")
def xmlsec1() -> Program:
    """The program that comes with libxmlsec."""
    path = require_program("xmlsec1")
    listed = subprocess.run([path, "--list-transforms"], capture_output=True, text=True, check=True)
    return Program(path, frozenset(re.findall(r'"([^"]+)"', listed.stdout)))


def verify(
    program: Program, case: Plain, message: bytes, folder: Path, *, by: str = "service"
) -> subprocess.CompletedProcess[bytes]:
    """Verify with the certificate of a party, whatever KeyInfo says."""
    certificate = folder / "signer.pem"
    certificate.write_bytes(issued(by, case.key).certificate_pem)
    return program.run("--verify", case, message, folder, "--pubkey-cert-pem", certificate)


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_xmlsec1_verifies(case: Plain, xmlsec1: Program, tmp_path: Path) -> None:
    """It accepts our three references, and refuses a changed Body; what it does not list it refuses."""
    message = message_of(case)

    done = verify(xmlsec1, case, message, tmp_path)

    said = (done.stdout + done.stderr).decode()
    if not xmlsec1.knows(case):
        assert done.returncode != 0, f"{case} works now: {said}"
        assert LIMITS.get(case.name, "") in said
        return
    assert done.returncode == 0, said
    assert "SignedInfo References (ok/all): 3/3" in said
    changed = verify(xmlsec1, case, twin(message), tmp_path)
    assert changed.returncode != 0
    assert b"data and digest do not match" in changed.stdout + changed.stderr


@pytest.mark.parametrize("key", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521"])
def test_xmlsec1_wants_the_signers_certificate(key: str, xmlsec1: Program, tmp_path: Path) -> None:
    """The digests are right, the key is another's: so the signature value does count."""
    method = "rsa-sha256" if key == "rsa-2048" else "ecdsa-sha256"
    (case,) = [case for case in PLAIN if case.name == f"{method} {key}"]

    done = verify(xmlsec1, case, message_of(case), tmp_path, by="client")

    assert done.returncode != 0
    assert verify(xmlsec1, case, message_of(case), tmp_path).returncode == 0


def blank(message: bytes) -> bytes:
    """The message without its digests and its signature value: a template."""
    return re.sub(rb"(<ds:(Digest|Signature)Value>)[^<]+", rb"\1", message)


@pytest.mark.parametrize("case", PLAIN, ids=str)
def test_xmlsec1_signs(case: Plain, xmlsec1: Program, tmp_path: Path) -> None:
    """What it fills in we accept, and refuse with a changed Body; it fills in what it lists, nothing else."""
    key, signed = tmp_path / "key.pem", tmp_path / "signed.xml"
    key.write_bytes(issued("service", case.key).key_pem())

    done = xmlsec1.run(
        "--sign", case, blank(message_of(case)), tmp_path,
        "--privkey-pem", key, "--output", signed,
    )  # fmt: skip

    assert (done.returncode == 0) is xmlsec1.knows(case), done.stderr.decode()
    if not xmlsec1.knows(case):
        return
    (signature,) = accepted(signed.read_bytes(), case.reader).report.signatures
    assert signature.algorithm == case.algorithm
    refused(twin(signed.read_bytes()), SignatureInvalidError, case.reader)
