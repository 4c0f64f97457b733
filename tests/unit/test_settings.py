"""What we send: checked when it is made, errors with their path."""

from __future__ import annotations

from typing import Any

import pytest

from zeep_wssec import (
    Addressing,
    BinaryToken,
    Encryption,
    LegacyAlgorithmError,
    Limits,
    ProfileError,
    Secret,
    SecurityContext,
    SecurityHeader,
    Service,
    SessionKey,
    Signature,
    Timestamp,
    UsernameToken,
)

TO = {"recipients": ("partner",)}
USER = {"username": "u", "password": "p"}
DERIVED = {**USER, "password_type": "none", "derive_for": "mac"}
CONTEXT = {"identifier": "urn:context", "key": "shared"}


@pytest.mark.parametrize(
    ("kind", "settings", "path"),
    [
        (Timestamp, {"ttl_seconds": 0}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": -1}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": 1.5}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": 2**31}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": True}, "ttl_seconds"),
        (Timestamp, {"ttl_seconds": "300"}, "ttl_seconds"),
        (Timestamp, {"precision": "days"}, "precision"),
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
        (Encryption, {**TO, "algorithm": "blowfish-cbc"}, "algorithm"),
        (Encryption, {**TO, "key_transport": "kw-aes256"}, "key_transport"),
        (Encryption, {**TO, "digest": "md5"}, "digest"),
        (Encryption, {**TO, "mgf": "md5"}, "mgf"),
        (Encryption, {**TO, "key_reference": "bst"}, "key_reference"),
        (Encryption, {"key": "k", "wrapped": True, "derived_key": "1.3"}, "wrapped"),
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
    ("kind", "bad", "path", "good"),
    [
        (Timestamp, {"precision": "nanoseconds"}, "precision", {"precision": "microseconds"}),
        (Timestamp, {"offset": "+2"}, "offset", {"offset": "+02:00"}),
        (Timestamp, {"offset": "+15:00"}, "offset", {"offset": "-14:59"}),
        (Timestamp, {"offset": None}, "offset", {"offset": "Z"}),
        (Timestamp, {"clock_offset_seconds": "5"}, "clock_offset_seconds", {"clock_offset_seconds": 5}),
        (Timestamp, {"clock_offset_seconds": -86401}, "clock_offset_seconds", {"clock_offset_seconds": -86400}),
        (UsernameToken, {**USER, "offset": "UTC"}, "offset", {**USER, "offset": "Z"}),
        (UsernameToken, {**USER, "clock_offset_seconds": 0.5}, "clock_offset_seconds",
         {**USER, "clock_offset_seconds": -5}),
        (UsernameToken, {**USER, "password_hash": "md5"}, "password_hash", {**USER, "password_hash": "sha1"}),
        (UsernameToken, {**USER, "password_type": "text", "password_hash": "sha1"}, "password_hash",
         {**USER, "password_type": "text"}),
        (UsernameToken, {**USER, "typed": False}, "typed", {**USER, "password_type": "text", "typed": False}),
        (UsernameToken, {**USER, "derive_for": "mac"}, "derive_for", DERIVED),
        (UsernameToken, {**DERIVED, "password": None}, "derive_for", DERIVED),
        (UsernameToken, {**DERIVED, "derive_for": "sign"}, "derive_for", {**DERIVED, "derive_for": "encryption"}),
        (UsernameToken, {**DERIVED, "iterations": 999}, "iterations", {**DERIVED, "iterations": 1000}),
        (UsernameToken, {**DERIVED, "iterations": 100_001}, "iterations", {**DERIVED, "iterations": 100_000}),
        (UsernameToken, {**USER, "password": 1}, "password", {**USER, "password": b"p"}),
        (BinaryToken, {"value_type": None, "value": "x"}, "value_type", {"value_type": "", "value": "x"}),
        (BinaryToken, {"value_type": "urn:t", "value": 1}, "value", {"value_type": "urn:t", "value": b"1"}),
        (SecurityContext, {**CONTEXT, "identifier": ""}, "identifier", CONTEXT),
        (SecurityContext, {**CONTEXT, "version": "1.4"}, "version", {**CONTEXT, "version": "2005/02"}),
        (Addressing, {"version": "2003"}, "version", {"version": "2004/08"}),
        (Addressing, {"message_id": None}, "message_id", {"message_id": "none"}),
        (Addressing, {"to": " "}, "to", {"to": "urn:them"}),
        (Addressing, {"action": ""}, "action", {"action": "urn:do"}),
        (Addressing, {"reply_to": 1}, "reply_to", {"reply_to": None}),
        (Addressing, {"from_address": ""}, "from_address", {"from_address": "urn:us"}),
        (Addressing, {"fault_to": ""}, "fault_to", {"fault_to": "urn:us"}),
        (Addressing, {"must_understand": "To"}, "must_understand", {"must_understand": ["To"]}),
        (Addressing, {"must_understand": ["to"]}, "must_understand[0]", {"must_understand": ["To", "Action"]}),
        (Encryption, {}, "recipients", TO),
        (Encryption, {**TO, "key": "shared"}, "key", {"key": "shared"}),
        (Encryption, {**TO, "wrapped": True}, "key", {"key": "shared", "wrapped": True}),
        (Encryption, {**TO, "derived_key": "1.3"}, "key", {"key": "shared", "derived_key": "1.3"}),
        (Encryption, {"key": "k", "derived_key": "1.2"}, "derived_key", {"key": "k", "derived_key": "2005/02"}),
        (Encryption, {**TO, "oaep_params": "no base64!"}, "oaep_params", {**TO, "oaep_params": "AAEC"}),
        (Encryption, {**TO, "key_wrap": "kw-tripledes"}, "key_wrap", {**TO, "key_wrap": "kw-aes128"}),
        (Encryption, {**TO, "key_derivation": "pbkdf2"}, "key_derivation", {**TO, "key_derivation": "concat-kdf"}),
        (Encryption, {**TO, "derivation_digest": "md5"}, "derivation_digest", {**TO, "derivation_digest": "sha384"}),
        (Encryption, {**TO, "derivation_digest": "sha1"}, "derivation_digest", {**TO, "derivation_digest": "sha224"}),
        (SessionKey, {}, "recipients", TO),
        (SessionKey, {**TO, "bytes": 15}, "bytes", {**TO, "bytes": 16}),
        (SessionKey, {**TO, "key_transport": "rsa"}, "key_transport", {**TO, "key_transport": "rsa-oaep-mgf1p"}),
        (Signature, {"derived_key": "yes"}, "derived_key", {"derived_key": "1.3"}),
        (Signature, {"derived_key_bytes": 15}, "derived_key_bytes", {"derived_key_bytes": 16}),
        (Signature, {"part_prefixes": ["soap"]}, "part_prefixes", {"part_prefixes": {"body": ["soap"]}}),
        (Signature, {"part_prefixes": {"token": []}}, "part_prefixes", {"part_prefixes": {"timestamp?": []}}),
        (Signature, {"part_prefixes": {"body": "soap"}}, "part_prefixes['body']", {"part_prefixes": {"body": ()}}),
        (Signature, {"signed_info_prefixes": ["a b"]}, "signed_info_prefixes", {"signed_info_prefixes": ["a", "b"]}),
        (Signature, {"str_transform": True, "key_reference": "key_value"}, "str_transform",
         {"str_transform": True, "key_reference": "embedded"}),
        (SecurityHeader, {"order": "timestamp"}, "order", {"order": ["timestamp"]}),
        (SecurityHeader, {"order": ["token", "sig"]}, "order[1]", {"order": ["token", "signature"]}),
        (SecurityHeader, {"order": ["token", "token"]}, "order", {"order": ["token", "timestamp"]}),
        (SecurityHeader, {"order": ["token"], "layout": "timestamp_first"}, "order",
         {"order": ["token"], "layout": "lax"}),
        (SecurityHeader, {"attributes": {"a b": "c"}}, "attributes",
         {"attributes": {"a:b": "c", "{urn:a}b": "d", "b": "e"}}),
        (SecurityHeader, {"attributes": {"a": 1}}, "attributes", {"attributes": {"a": "1"}}),
        (SecurityHeader, {"attributes": ["a"]}, "attributes", {"attributes": {}}),
        (SecurityHeader, {"namespace": "2003"}, "namespace", {"namespace": "2002/12"}),
        (SecurityHeader, {"actor": "urn:a b"}, "actor", {"actor": "urn:a"}),
    ],
    ids=str,
)  # fmt: skip
def test_refused_and_its_twin(
    kind: type[Any], bad: dict[str, Any], path: str, good: dict[str, Any]
) -> None:
    """What is refused is so for one reason: the repaired settings are made, with what they were given."""
    with pytest.raises(ProfileError) as caught:
        kind(**bad)
    assert caught.type is ProfileError
    assert caught.value.path == path
    made = kind(**good)
    for name, value in good.items():
        found = getattr(made, name)
        if isinstance(found, Secret):
            assert found.reveal() == (value.encode() if isinstance(value, str) else value)
        elif isinstance(found, tuple):
            assert found == tuple(value)
        elif name != "part_prefixes":
            assert found == value


def test_prefixes_are_frozen_as_well() -> None:
    """Tables of lists do not change behind a step's back."""
    prefixes = {"body": ["soap"]}
    step = Signature(part_prefixes=prefixes)
    prefixes["body"].append("xsi")
    assert dict(step.part_prefixes) == {"body": ("soap",)}
    with pytest.raises(TypeError):
        step.part_prefixes["body"] = ()  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "settings", "path", "opt_in"),
    [
        (Signature, {"digest": "sha1"}, "digest", "sha1"),
        (Signature, {"algorithm": "rsa-sha1"}, "algorithm", "sha1"),
        (Signature, {"algorithm": "hmac-sha1"}, "algorithm", "sha1"),
        (Signature, {"algorithm": "dsa-sha1"}, "algorithm", "dsa"),
        (Encryption, {**TO, "algorithm": "tripledes-cbc"}, "algorithm", "3des"),
        (Encryption, {**TO, "key_transport": "rsa-1_5"}, "key_transport", "rsa-1_5"),
        (SessionKey, {**TO, "key_transport": "rsa-1_5"}, "key_transport", "rsa-1_5"),
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
    assert "hunter2" not in repr(BinaryToken(value_type="urn:ticket", value="hunter2"))


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


@pytest.mark.parametrize("value", [10**5000, -(10**5000)], ids=["large", "small"])
@pytest.mark.parametrize(
    ("settings", "name"),
    [(Timestamp, "ttl_seconds"), (Service, "timeout_seconds"), (Limits, "max_nodes"), (Limits, "max_depth")],
    ids=["ttl_seconds", "timeout_seconds", "max_nodes", "max_depth"],
)  # fmt: skip
def test_number_without_measure(settings: Any, name: str, value: int) -> None:
    """A number that no clock and no tree can have is refused when the settings are made; Python cannot write it."""
    with pytest.raises(ProfileError):
        settings(**{name: value})
    assert getattr(settings(**{name: 20}), name) == 20
