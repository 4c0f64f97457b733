"""The cases of the matrix of CMS: what each means in our settings, for openssl and for Bouncy Castle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from payload.cms.people import OLD

Verb = Literal["sign", "encrypt", "protect"]
SHA2 = ("sha224", "sha256", "sha384", "sha512")
SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")
_JAVA = {"rsa": "WITHRSA", "rsa-pss": "WITHRSAANDMGF1", "ecdsa": "WITHECDSA"}
_CIPHERS = {
    "aes128-cbc": "-aes-128-cbc",
    "aes192-cbc": "-aes-192-cbc",
    "aes256-cbc": "-aes-256-cbc",
    "aes128-gcm": "-aes-128-gcm",
    "aes192-gcm": "-aes-192-gcm",
    "aes256-gcm": "-aes-256-gcm",
    "tripledes-cbc": "-des3",
    **{f"camellia{bits}-cbc": f"-camellia{bits}" for bits in (128, 192, 256)},
    **{f"aes{bits}-ccm": f"-aes-{bits}-ccm" for bits in (128, 192, 256)},
}


@dataclass(frozen=True)
class Case:
    """One way to protect ``data.bin``."""

    verb: Verb
    who: tuple[str, ...]
    """Signers, or recipients."""
    ours: Mapping[str, Any] = field(default_factory=dict)
    """Our settings."""
    openssl: tuple[str, ...] = ()
    """Options of the openssl command that do the same."""
    castle: Mapping[str, str] = field(default_factory=dict)
    """The same for Bouncy Castle."""
    detached: bool = False


def cases() -> dict[str, Case]:
    """Every case by its name."""
    return {**_signatures(), **_shapes(), **_ciphers(), **_transports(), **_agreements(), **_both()}


def _signature(name: str, scheme: str, digest: str) -> Case:
    who = "eve" if scheme == "ecdsa" else "alice"
    pss = ("-keyopt", "rsa_padding_mode:pss") if scheme == "rsa-pss" else ()
    return Case(
        "sign",
        (who,),
        {"algorithm": name},
        ("-nodetach", "-md", digest, *pss),
        {"algorithm": digest.upper() + _JAVA[scheme]},
    )


def _signatures() -> dict[str, Case]:
    found = {}
    for scheme in _JAVA:
        for digest in (*SHA2, *SHA3):
            name = f"{scheme}-{digest}"
            found[f"sign {name}"] = _signature(name, scheme, digest)
    for name, who in (("ed25519", "ed"), ("ed448", "edda")):
        castle = {"algorithm": name.capitalize()}
        found[f"sign {name}"] = Case("sign", (who,), {"algorithm": name}, ("-nodetach",), castle)
    return found


def _shapes() -> dict[str, Case]:
    rsa = {"algorithm": "SHA256WITHRSA"}
    attached = ("-nodetach",)
    return {
        "sign detached": Case("sign", ("alice",), {"detached": True}, (), {**rsa, "detached": "yes"}, True),
        "sign bare": Case(
            "sign", ("alice",), {"signed_attributes": False}, ("-nodetach", "-noattr"), {**rsa, "bare": "yes"}
        ),
        "sign by key identifier": Case(
            "sign", ("alice",), {"signer_reference": "subject_key_identifier"},
            ("-nodetach", "-keyid"), {**rsa, "keyid": "yes"},
        ),
        "sign in blocks": Case(
            "sign", ("alice",), {"block_bytes": 64}, ("-nodetach", "-stream"), {**rsa, "ber": "yes"}
        ),
        "sign by two": Case("sign", ("alice", "bob"), {}, attached, rsa),
        "sign by two kinds": Case(
            "sign", ("alice", "eve"), {}, attached, {"algorithm": "SHA256WITHRSA,SHA256WITHECDSA"}
        ),
        "sign without certificates": Case(
            "sign", ("alice",), {"certificates": "none"}, ("-nodetach", "-nocerts")
        ),
        "sign without time": Case("sign", ("alice",), {"signing_time": False}),
    }  # fmt: skip


def _encryption(cipher: str, who: tuple[str, ...] = ("bob",), **more: Any) -> Case:
    castle = {"cipher": cipher, "transport": "pkcs1", **more.pop("castle", {})}
    openssl = (_CIPHERS[cipher], *more.pop("openssl", ()))
    ours = {"content_encryption": cipher, "key_transport": "rsa-1_5", **more}
    return Case("encrypt", who, ours, openssl, castle)


def _ciphers() -> dict[str, Case]:
    found = {f"encrypt {cipher}": _encryption(cipher) for cipher in _CIPHERS}
    for cipher in ("aes256-gcm", "aes256-cbc"):
        found[f"encrypt {cipher} in blocks"] = _encryption(
            cipher, block_bytes=64, openssl=("-stream",), castle={"ber": "yes"}
        )
        found[f"encrypt {cipher} to two"] = _encryption(cipher, ("alice", "bob"))
        found[f"encrypt {cipher} by key identifier"] = _encryption(
            cipher,
            recipient_reference="subject_key_identifier",
            openssl=("-keyid",),
            castle={"keyid": "yes"},
        )
    return found


def _transports() -> dict[str, Case]:
    found = {}
    for digest in ("sha1", *SHA2):
        openssl = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", f"rsa_oaep_md:{digest}")
        found[f"encrypt oaep-{digest}"] = _encryption(
            "aes256-gcm",
            key_transport="rsa-oaep",
            oaep_digest=digest,
            openssl=openssl,
            castle={"transport": f"oaep-SHA-{digest[3:]}"},
        )
    return found


def _agreements() -> dict[str, Case]:
    found = {}
    for digest in ("sha256", "sha384", "sha512"):
        for bits in (128, 192, 256):
            found[f"encrypt ecdh-{digest} kw-aes{bits}"] = _encryption(
                "aes256-cbc",
                ("eve",),
                derivation_digest=digest,
                key_wrap=f"kw-aes{bits}",
                openssl=("-keyopt", f"ecdh_kdf_md:{digest}", f"-aes{bits}-wrap"),
                castle={"kdf": digest, "wrap": f"kw-aes{bits}"},
            )
    found["encrypt ecdh aes256-gcm"] = _encryption(
        "aes256-gcm", ("eve",), openssl=("-keyopt", "ecdh_kdf_md:sha256"),
        castle={"kdf": "sha256", "wrap": "kw-aes256"},
    )  # fmt: skip
    found["encrypt to both kinds"] = _encryption(
        "aes256-cbc", ("bob", "eve"), openssl=("-keyopt", "ecdh_kdf_md:sha256"),
        castle={"kdf": "sha256", "wrap": "kw-aes256"},
    )  # fmt: skip
    return found


def _both() -> dict[str, Case]:
    pkcs7 = {"protection": "pkcs7", "key_transport": "rsa-1_5", "content_encryption": "aes256-cbc"}
    return {
        "protect nested aes256-gcm": Case(
            "protect", ("bob",), {"key_transport": "rsa-1_5"}, ("-aes-256-gcm",)
        ),
        "protect nested aes256-cbc": Case(
            "protect", ("bob",), {"content_encryption": "aes256-cbc"}, ("-aes-256-cbc",)
        ),
        "protect pkcs7": Case("protect", ("bob",), pkcs7),
        "protect pkcs7 bare": Case("protect", ("bob",), {**pkcs7, "signed_attributes": False}),
    }


def settings_of(case: Case) -> dict[str, Any]:
    """Our settings for a case, with the opt-ins that it needs."""
    named = {"signers": list(case.who)} if case.verb == "sign" else {"recipients": list(case.who)}
    return {"legacy": OLD, **named, **case.ours}
