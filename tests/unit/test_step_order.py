"""Steps that use what other steps make: keys by name, parts of the header, addressing blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from roundtrip.pair import client, keystore

from zeep_wssec import (
    Addressing,
    BinaryToken,
    Encryption,
    Inbound,
    KeyNotFoundError,
    LegacyAlgorithmError,
    ProfileError,
    SecurityContext,
    SecurityHeader,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.requirements import require_signer, signers_for
from zeep_wssec.settings import Step

SESSION = SessionKey(recipients=["service"])
CONTEXT = SecurityContext(identifier="urn:c", key="shared")
MAC_USER = UsernameToken(username="u", password="p", password_type="none", derive_for="mac")
ADDRESSED = Addressing(to="urn:to", action="urn:a")


def by(key: str, **settings: object) -> Signature:
    """A signature with a shared key."""
    return Signature(key=key, parts=["body"], algorithm="hmac-sha256", **settings)  # type: ignore[arg-type]


def seal(key: str, **settings: object) -> Encryption:
    """An encryption with a shared key."""
    return Encryption(key=key, **settings)  # type: ignore[arg-type]


UNWISE: dict[str, tuple[Sequence[Step], str]] = {
    "session key later": ((by("session"), SESSION), "outbound[0].key"),
    "context later": ((seal("security_context"), CONTEXT), "outbound[0].key"),
    "user later": ((Timestamp(), by("username_token"), MAC_USER), "outbound[1].key"),
    "one name twice": ((SESSION, SESSION), "outbound[1].name"),
    "one name for two kinds": (
        (SESSION, SecurityContext(identifier="urn:c", key="shared", name="session")),
        "outbound[1].name",
    ),
    "name of the request's key": (
        (SessionKey(recipients=["service"], name="request"),), "outbound[0].name"),
    "no name": ((SessionKey(recipients=["service"], name=""),), "outbound[0].name"),
    "derived from nothing": ((Signature(parts=["body"], derived_key="1.3"),), "outbound[0].derived_key"),
    "derived for a MAC": ((MAC_USER, seal("username_token")), "outbound[1].key"),
    "addressing later": ((Signature(parts=["header:wsa:To?"]), ADDRESSED), "outbound[0].parts"),
    "addressing later, all headers": ((Signature(parts=["headers?"]), ADDRESSED), "outbound[0].parts"),
    "addressing twice": ((ADDRESSED, ADDRESSED), "outbound[1]"),
    "confirmation twice": ((SignatureConfirmation(), SignatureConfirmation()), "outbound[1]"),
    "confirmation later": (
        (Signature(parts=["body", "confirmation?"]), SignatureConfirmation()),
        "outbound[0].parts",
    ),
    "no confirmation": ((Signature(parts=["confirmation"]),), "outbound[0].parts"),
    "something after the envelope": (
        (Signature(parts=["envelope"]), Timestamp()), "outbound[0].parts"),
    "no encrypted key": ((seal("shared"), Signature(parts=["encrypted_key"])), "outbound[1].parts"),
}  # fmt: skip
WISE: dict[str, Sequence[Step]] = {
    "session key": (SESSION, by("session"), seal("session")),
    "context": (CONTEXT, seal("security_context")),
    "user": (MAC_USER, Timestamp(), by("username_token")),
    "two names": (SESSION, SessionKey(recipients=["service"], name="other")),
    "two users without a key": tuple(
        UsernameToken(username=name, password="p") for name in ("u", "v")
    ),
    "secret": (by("shared", derived_key="1.3"),),
    "derived from the user's key": (MAC_USER, seal("username_token", derived_key="1.3")),
    "addressing": (ADDRESSED, Signature(parts=["header:wsa:To", "headers"])),
    "other headers": (Signature(parts=["header:{urn:x}To?"]), ADDRESSED),
    "confirmation": (SignatureConfirmation(), Signature(parts=["confirmation"])),
    "encrypted key of a session": (SESSION, Signature(parts=["encrypted_key"])),
    "wrapped": (seal("shared", wrapped=True), Signature(parts=["encrypted_key"])),
    "envelope last": (Timestamp(), Signature(parts=["envelope"])),
    "opaque token": (BinaryToken(value_type="urn:x", value="y"),),
}  # fmt: skip


@pytest.mark.parametrize("case", UNWISE)
def test_unwise(case: str) -> None:
    """What cannot come true is refused before any message, with its place."""
    steps, path = UNWISE[case]
    with pytest.raises(ProfileError) as caught:
        client(outbound=steps)
    assert caught.value.path == path


@pytest.mark.parametrize("case", WISE)
def test_wise(case: str) -> None:
    """The twins."""
    client(outbound=WISE[case])


@pytest.mark.parametrize("settings", [{"order": ["signature"]}, {"layout": "timestamp_last"}])
def test_children_that_move_under_the_envelope(settings: dict[str, Any]) -> None:
    """A signature over the whole envelope holds the order of the header's children too."""
    steps = (Timestamp(), Signature(parts=["envelope"]))
    with pytest.raises(ProfileError) as caught:
        client(outbound=steps, header=SecurityHeader(**settings))
    assert caught.value.path == "outbound[1].parts"
    client(outbound=(Timestamp(), Signature()), header=SecurityHeader(**settings))


def test_cbc_with_a_shared_key() -> None:
    """Without an EncryptedKey a later signature over the encrypted parts is enough."""
    step = seal("shared", algorithm="aes256-cbc")
    with pytest.raises(LegacyAlgorithmError):
        client(outbound=[step, Signature(parts=["timestamp?"])])
    client(outbound=[step, by("shared")])


# Whom an answer must come from, where both sides share a key.


@pytest.mark.parametrize(
    ("steps", "signer"),
    [
        ((by("shared"),), "shared"),
        ((CONTEXT, by("security_context")), "shared"),
        ((MAC_USER, by("username_token")), "u"),
    ],
)
def test_who_shares_the_key_signs(steps: Sequence[Step], signer: str) -> None:
    """Without any partner, it is who has the key that signed the request."""
    keys = keystore("client", "service").with_secret("shared", bytes(32)).with_user("u", "p")
    plan = client(outbound=steps, keystore=keys).plan
    assert signers_for(plan, Inbound()) == ("service",)
    alone = type(keys)().with_secret("shared", bytes(32)).with_user("u", "p")
    assert signers_for(client(outbound=steps, keystore=alone).plan, Inbound()) == (signer,)


def test_whom_a_session_key_is_for() -> None:
    """With several partners, the one that a session key is made for."""
    keys = keystore("client", "service")
    other = keystore("client", "other").snapshot().partners["other"].certificate
    plan = client(outbound=[SESSION], keystore=keys.with_partner("other", other)).plan
    assert signers_for(plan, Inbound()) == ("service",)


def test_names_of_signers() -> None:
    """A signer is a partner, a secret or a user; a key pair of ours is none."""
    keys = keystore("client", "service").with_secret("shared", bytes(32)).with_user("u", "p")
    for name in ("service", "shared", "u"):
        require_signer(keys.snapshot(), name)
    for name in ("client", "nobody"):
        with pytest.raises(KeyNotFoundError):
            require_signer(keys.snapshot(), name)
