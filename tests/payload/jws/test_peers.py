"""Other libraries read what we sign, and we read what they sign, in both modes."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from payload.jws.kit import NOW, PAYLOAD, Sides, good_header, header_of, signed
from payload.jws.test_signing import OBIE
from payload.matrix import Direction, words
from peers import require_module, require_program

ALGORITHMS = {
    "PS256": "rsa-2048", "PS384": "rsa-2048", "PS512": "rsa-2048", "RS256": "rsa-2048", "RS384": "rsa-2048",
    "RS512": "rsa-2048", "ES256": "ec-p256", "ES384": "ec-p384", "ES512": "ec-p521", "EdDSA": "ed25519",
    "Ed25519": "ed25519",
}  # fmt: skip


def each(peer: str, direction: Direction) -> pytest.MarkDecorator:
    """The rows of the table, as algorithm and mode."""
    return pytest.mark.parametrize(("algorithm", "mode"), words("jws", peer, direction))


def test_every_case_is_in_the_table() -> None:
    """Every algorithm in both modes, both ways; Ed25519 by the name that each library has for it."""
    common = [name for name in ALGORITHMS if not name.startswith("Ed")]
    for peer, last in (("jwcrypto", "EdDSA"), ("joserfc", "Ed25519")):
        expected = {
            (name, mode) for name in (*common, last) for mode in ("appendix-f", "unencoded")
        }
        assert set(words("jws", peer, "to_peer")) == expected
        assert set(words("jws", peer, "from_peer")) == expected


def header_for(sides: Sides, algorithm: str, mode: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"alg": algorithm}
    if mode == "unencoded":
        changes |= {"b64": False, "crit": ["b64", "iat"]}
    return good_header(sides, **changes)


def attached(token: bytes, mode: str, payload: bytes) -> bytes:
    """Put the payload back where a library wants it: RFC 7515, Appendix F."""
    if mode == "unencoded":
        return token
    middle = base64.urlsafe_b64encode(payload).rstrip(b"=")
    return token.replace(b"..", b"." + middle + b".")


@each("jwcrypto", "to_peer")
def test_jwcrypto_reads(algorithm: str, mode: str) -> None:
    """J-13: jwcrypto verifies what we sign, and refuses it with one octet changed."""
    jwk, jws = require_module("jwcrypto.jwk"), require_module("jwcrypto.jws")
    sides = Sides.create(ALGORITHMS[algorithm])
    token = signed(sides.caller(algorithm=algorithm, mode=mode))
    key = jwk.JWK.from_pem(sides.alice.certificate_pem)
    for payload, good in ((PAYLOAD, True), (PAYLOAD + b" ", False)):
        read = jws.JWS(header_registry={"iat": jws.JWSEHeaderParameter("time", True, True, None)})
        read.allowed_algs = [algorithm]
        read.deserialize(attached(token, mode, payload).decode())
        detached = None if mode == "appendix-f" else payload
        if good:
            read.verify(key, detached_payload=detached)
        else:
            with pytest.raises(jws.InvalidJWSSignature):
                read.verify(key, detached_payload=detached)


def test_j6_jwcrypto_reads_open_banking(sides: Sides) -> None:
    """J-13: jwcrypto, told of the members of Open Banking, verifies a signature with them."""
    jwk, jws = require_module("jwcrypto.jwk"), require_module("jwcrypto.jws")
    token = signed(sides.caller(**OBIE))
    names = header_of(token)["crit"][1:]
    assert "http://openbanking.org.uk/tan" in names
    known = {name: jws.JWSEHeaderParameter(name, True, True, None) for name in names}
    for payload, good in ((PAYLOAD, True), (PAYLOAD + b" ", False)):
        read = jws.JWS(header_registry=known)
        read.allowed_algs = ["PS256"]
        read.deserialize(token.decode())
        with contextlib.nullcontext() if good else pytest.raises(jws.InvalidJWSSignature):
            read.verify(jwk.JWK.from_pem(sides.alice.certificate_pem), detached_payload=payload)


@each("jwcrypto", "from_peer")
def test_jwcrypto_writes(algorithm: str, mode: str) -> None:
    """We verify what jwcrypto signs, and refuse it with one octet changed."""
    jwk, jws = require_module("jwcrypto.jwk"), require_module("jwcrypto.jws")
    sides = Sides.create(ALGORITHMS[algorithm])
    made = jws.JWS(
        PAYLOAD, header_registry={"iat": jws.JWSEHeaderParameter("time", True, True, None)}
    )
    made.allowed_algs = [algorithm]
    header = json.dumps(header_for(sides, algorithm, mode))
    made.add_signature(jwk.JWK.from_pem(sides.alice.key_pem()), protected=header)
    made.detach_payload()
    check_ours(sides, made.serialize(compact=True).encode(), algorithm=algorithm, mode=mode)


@each("joserfc", "to_peer")
def test_joserfc_reads(algorithm: str, mode: str) -> None:
    """joserfc verifies what we sign, and refuses it with one octet changed."""
    jws, errors = require_module("joserfc.jws"), require_module("joserfc.errors")
    sides = Sides.create(ALGORITHMS[algorithm])
    token = signed(sides.caller(algorithm=algorithm, mode=mode)).decode()
    key, registry = joserfc_key(sides.alice.certificate_pem, algorithm), joserfc_registry(algorithm)
    given = {"registry": registry, "payload": PAYLOAD}
    assert jws.deserialize_compact(token, key, **given).payload == PAYLOAD
    with pytest.raises(errors.BadSignatureError):
        jws.deserialize_compact(token, key, registry=registry, payload=PAYLOAD + b" ")


@each("joserfc", "from_peer")
def test_joserfc_writes(algorithm: str, mode: str) -> None:
    """We verify what joserfc signs, and refuse it with one octet changed."""
    jws = require_module("joserfc.jws")
    sides = Sides.create(ALGORITHMS[algorithm])
    key = joserfc_key(sides.alice.key_pem(), algorithm)
    header = header_for(sides, algorithm, mode)
    made = jws.serialize_compact(header, PAYLOAD, key, registry=joserfc_registry(algorithm))
    token = made if ".." in made else jws.detach_content(made)
    check_ours(sides, token.encode(), algorithm=algorithm, mode=mode)


def joserfc_key(pem: bytes, algorithm: str) -> Any:
    jwk = require_module("joserfc.jwk")
    if b"CERTIFICATE" in pem:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization

        public = x509.load_pem_x509_certificate(pem).public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    kinds = {"E": jwk.ECKey, "R": jwk.RSAKey, "P": jwk.RSAKey}
    kind = jwk.OKPKey if algorithm == "Ed25519" else kinds[algorithm[0]]
    return kind.import_key(pem)


def joserfc_registry(algorithm: str) -> Any:
    jws, registry = require_module("joserfc.jws"), require_module("joserfc.registry")
    known = {"iat": registry.HeaderParameter("time", "int")}
    return jws.JWSRegistry(header_registry=known, algorithms=[algorithm])


def check_ours(sides: Sides, token: bytes, **settings: Any) -> None:
    service = sides.service(**settings)
    assert service.verify(token, content=PAYLOAD, now=NOW).signed_by == ("alice",)
    with pytest.raises(Exception, match="does not match"):
        service.verify(token, content=PAYLOAD + b" ", now=NOW)


@each("openssl", "to_peer")
def test_j1_openssl_reads(sides: Sides, tmp_path: Path, algorithm: str, mode: str) -> None:
    """J-01: the value is RSA-PSS over header, dot and payload, with SHA-256 and a salt of 32 octets."""
    openssl = require_program("openssl")
    header, _, value = signed(sides.caller(algorithm=algorithm, mode=mode)).split(b".")
    payload = PAYLOAD if mode == "unencoded" else base64.urlsafe_b64encode(PAYLOAD).rstrip(b"=")
    (tmp_path / "value").write_bytes(base64.urlsafe_b64decode(value + b"=="))
    (tmp_path / "cert.pem").write_bytes(sides.alice.certificate_pem)
    public = run(openssl, "x509", "-in", tmp_path / "cert.pem", "-pubkey", "-noout").stdout
    (tmp_path / "key.pem").write_bytes(public)
    arguments = [
        "dgst",
        "-sha256",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:32",
    ]
    arguments += ["-verify", str(tmp_path / "key.pem"), "-signature", str(tmp_path / "value")]
    for octets, code in ((header + b"." + payload, 0), (header + b"." + payload + b"A", 1)):
        (tmp_path / "octets").write_bytes(octets)
        assert run(openssl, *arguments, tmp_path / "octets").returncode == code


def test_j3_openssl_knows_the_kid(sides: Sides, tmp_path: Path) -> None:
    """J-04: kid is what openssl shows as the key identifier, in base64."""
    path = tmp_path / "cert.pem"
    path.write_bytes(sides.alice.certificate_pem)
    shown = run(
        require_program("openssl"), "x509", "-in", path, "-noout", "-ext", "subjectKeyIdentifier"
    ).stdout.decode()
    octets = bytes.fromhex(shown.splitlines()[-1].strip().replace(":", ""))
    assert header_of(signed(sides.caller()))["kid"] == base64.b64encode(octets).decode()


def run(*arguments: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(item) for item in arguments], capture_output=True, check=False)
