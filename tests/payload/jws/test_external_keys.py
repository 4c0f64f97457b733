"""Keys that are elsewhere: behind a function, as a key service's, and on a PKCS#11 token."""

from __future__ import annotations

import pytest
from payload.jws.kit import NOW, PAYLOAD, Sides, signed
from softhsm import PIN, SoftToken

from zeep_wssec import Keystore, PayloadSignatureError, Secret
from zeep_wssec.errors import KeyMaterialError
from zeep_wssec.keys.entries import FileKey
from zeep_wssec.payload.jws import Jws, JwsSettings


@pytest.mark.parametrize("algorithm", ["PS256", "RS512"])
def test_j7_function(sides: Sides, algorithm: str) -> None:
    """J-10: a function signs, given the octets and what to do with them; the result verifies."""
    asked: list[tuple[str, str]] = []

    def sign(data: bytes, *, scheme: str, digest: str) -> bytes:
        asked.append((scheme, digest))
        return FileKey(sides.alice.private_key).sign(data, scheme=scheme, digest=digest)  # type: ignore[arg-type]

    keystore = Keystore().with_external("kms", certificate=sides.alice.chain_pem, signer=sign)
    token = signed(Jws(keystore, JwsSettings(algorithm=algorithm)))
    service = sides.service(algorithm=algorithm)
    assert service.verify(token, content=PAYLOAD, now=NOW).signed_by == ("alice",)
    with pytest.raises(PayloadSignatureError):
        service.verify(token, content=PAYLOAD + b" ", now=NOW)
    assert len(asked) == 1


def test_j7_function_with_another_key(sides: Sides) -> None:
    """J-10: what a function gives is held against the certificate before it goes out."""
    keystore = Keystore().with_external(
        "kms", certificate=sides.alice.chain_pem, signer=FileKey(sides.bank.private_key)
    )
    with pytest.raises(KeyMaterialError):
        signed(Jws(keystore))


def test_j7_token() -> None:
    """J-10: an RSA key that never leaves its token signs; the result verifies."""
    sides, token = Sides.create(now=None), SoftToken()
    token.write(sides.alice, label="alice", number=1)
    keystore = Keystore.from_pkcs11(token.module, token=token.label, password=Secret.of(PIN))
    made = Jws(keystore, JwsSettings()).sign(PAYLOAD).content or b""
    assert sides.service().verify(made, content=PAYLOAD).signed_by == ("alice",)
