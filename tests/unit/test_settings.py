"""What we send: checked when it is made, errors with their path."""

from __future__ import annotations

from typing import Any

import pytest

from zeep_wssec import (
    Encryption,
    LegacyAlgorithmError,
    ProfileError,
    SecurityHeader,
    Signature,
    Timestamp,
    UsernameToken,
)

TO = {"recipients": ("partner",)}
USER = {"username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("kind", "settings", "path"),
    [
        (Timestamp, {"ttl_seconds": 0}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": -1}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": 1.5}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": True}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": "300"}, "ttl_seconds"),
        (Timestamp, {"precision": "microseconds"}, "precision"),
        (UsernameToken, {"username": "", "password": "p"}, "username"),
        (UsernameToken, {"username": None, "password": "p"}, "username"),
        (UsernameToken, {"username": "u"}, "password"),
        (UsernameToken, {"username": "u", "password_type": "text"}, "password"),
        (UsernameToken, {**USER, "password_type": "none"}, "password"),
        (UsernameToken, {**USER, "password_type": "plain"}, "password_type"),
        (UsernameToken, {**USER, "nonce": False}, "password_type"),
        (UsernameToken, {**USER, "created": False}, "password_type"),
        (UsernameToken, {**USER, "precision": "s"}, "precision"),
        (Signature, {"parts": ()}, "parts"),
        (Signature, {"parts": "body"}, "parts"),
        (Signature, {"parts": (1,)}, "parts"),
        (Signature, {"parts": None}, "parts"),
        (Signature, {"digest": "md5"}, "digest"),
        (Signature, {"digest": ["sha256"]}, "digest"),
        (Signature, {"algorithm": "rsa-md5"}, "algorithm"),
        (Signature, {"algorithm": "RSA-SHA256"}, "algorithm"),
        (Signature, {"key_reference": "bst"}, "key_reference"),
        (Signature, {"inclusive_prefixes": "soap"}, "inclusive_prefixes"),
        (Signature, {"legacy": {"sha1": ""}}, "legacy.sha1"),
        (Signature, {"legacy": {"sha1": " "}}, "legacy.sha1"),
        (Signature, {"legacy": {"sha1": None}}, "legacy.sha1"),
        (Signature, {"legacy": {"md5": "a reason"}}, "legacy"),
        (Signature, {"legacy": ["sha1"]}, "legacy"),
        (Encryption, {"recipients": ()}, "recipients"),
        (Encryption, {"recipients": "partner"}, "recipients"),
        (Encryption, {**TO, "parts": ()}, "parts"),
        (Encryption, {**TO, "parts": "body"}, "parts"),
        (Encryption, {**TO, "algorithm": "tripledes-cbc"}, "algorithm"),
        (Encryption, {**TO, "key_transport": "kw-aes256"}, "key_transport"),
        (Encryption, {**TO, "digest": "md5"}, "digest"),
        (Encryption, {**TO, "mgf": "md5"}, "mgf"),
        (Encryption, {**TO, "key_reference": "embedded"}, "key_reference"),
        (SecurityHeader, {"actor": ""}, "actor"),
        (SecurityHeader, {"actor": "  "}, "actor"),
        (SecurityHeader, {"layout": "sorted"}, "layout"),
    ],
    ids=str,
)  # fmt: skip
def test_refused(kind: type[Any], settings: dict[str, Any], path: str) -> None:
    """Wrong settings fail when they are made; the error says where."""
    with pytest.raises(ProfileError) as caught:
        kind(**settings)
    assert caught.type is ProfileError
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("kind", "settings", "path", "opt_in"),
    [
        (Signature, {"digest": "sha1"}, "digest", "sha1"),
        (Signature, {"algorithm": "rsa-sha1"}, "algorithm", "sha1"),
        (Encryption, {**TO, "key_transport": "rsa-1_5"}, "key_transport", "rsa-1_5"),
    ],
    ids=str,
)
def test_legacy(kind: type[Any], settings: dict[str, Any], path: str, opt_in: str) -> None:
    """A legacy algorithm needs its own opt-in with a reason; the error says which."""
    with pytest.raises(LegacyAlgorithmError, match=opt_in) as caught:
        kind(**settings)
    assert (caught.value.path, caught.value.opt_in) == (path, opt_in)
    other = "cbc" if opt_in != "cbc" else "sha1"
    with pytest.raises(LegacyAlgorithmError):
        kind(**settings, legacy={other: "a reason"})
    kind(**settings, legacy={opt_in: "a reason"})


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_oaep_digest_is_not_legacy(digest: str) -> None:
    """SHA-1 inside OAEP needs no collision resistance, so no opt-in."""
    assert Encryption(recipients=["p"], digest=digest, mgf="sha1").oaep_digest.name == digest


def test_mgf_that_is_fixed() -> None:
    """``rsa-oaep-mgf1p`` has SHA-1 by definition, whatever is stated."""
    step = Encryption(recipients=["p"], key_transport="rsa-oaep-mgf1p", mgf="sha512")
    assert step.mask.name == "sha1"


def test_frozen() -> None:
    """Lists become tuples, opt-ins read-only; nothing changes afterwards."""
    parts, legacy = ["body"], {"sha1": "a reason"}
    step = Signature(parts=parts, legacy=legacy)
    parts.append("timestamp")
    legacy["cbc"] = "another"
    assert step.parts == ("body",)
    assert dict(step.legacy) == {"sha1": "a reason"}
    with pytest.raises(TypeError):
        step.legacy["cbc"] = "x"  # type: ignore[index]
    with pytest.raises(AttributeError):
        step.digest = "sha512"  # type: ignore[misc]


def test_password_is_not_shown() -> None:
    """No representation of settings shows a secret."""
    assert "hunter2" not in repr(UsernameToken(username="u", password="hunter2"))


def test_defaults() -> None:
    """Defaults are today's algorithms; none needs an argument."""
    signature, encryption = Signature(), Encryption(recipients=["p"])
    assert (signature.digest, signature.signature_method) == ("sha256", None)
    assert encryption.cipher.mode == "gcm"
    assert (encryption.key_transport, encryption.digest, encryption.mgf) == (
        "rsa-oaep",
        "sha256",
        "sha256",
    )
    assert Timestamp().ttl_seconds == 300
    assert SecurityHeader().must_understand
