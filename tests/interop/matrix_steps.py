"""What a cell of the matrix asks of both sides: our steps and demands, and the steps of the peer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interop.matrix import ALGORITHMS, Cell

from zeep_wssec import Anonymous, Encryption, Inbound, Signature, Timestamp, UsernameToken
from zeep_wssec.settings import SecurityContext, SessionKey, SignatureConfirmation, Step
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSSE11, XENC
from zeep_wssec.xmlcrypto.algorithms import (
    DATA_CIPHERS_BY_NAME,
    KEY_AGREEMENTS_BY_NAME,
    KEY_WRAPS_BY_NAME,
)

USER, PASSWORD = "alice", "ecila-secret"
OTHER = "other"
"""A recipient whose key neither side has."""
NAMESPACES = {"t": "urn:t"}
TEXT = "4711 häl\tlo & <\N{EURO SIGN}\N{GRINNING FACE}> "
_ENVELOPE = (
    '<s:Envelope xmlns:s="{soap}" xmlns:t="urn:t" xmlns:wsa="' + WSA + '"><s:Header>'
    "<wsa:To>urn:service</wsa:To><wsa:Action>urn:order</wsa:Action><t:Who>somebody</t:Who>"
    '</s:Header><s:Body><t:Order><t:sku Id="line">4711</t:sku>'
    "<t:note> häl\tlo &amp; &lt;€😀&gt; </t:note></t:Order></s:Body></s:Envelope>"
)


@dataclass(frozen=True)
class Words:
    """One part in the words of everybody."""

    ours: str
    peer: tuple[dict[str, str], ...]
    found: tuple[str, ...]
    """Local names of the elements, as the peer reports them."""
    report: tuple[str, ...]
    """Names in our report."""


def _named(name: str, namespace: str, **more: str) -> dict[str, str]:
    return {"name": name, "namespace": namespace, **more}


def _keyword(ours: str, name: str, *, peer: str = "") -> Words:
    return Words(ours, ({"keyword": peer or ours},), (name,), (ours,))


_WHO = _named("Who", "urn:t")
_TO, _ACTION = _named("To", WSA), _named("Action", WSA)
_LINE = "soap:Envelope/soap:Body/{urn:t}Order/{urn:t}"
PARTS: Mapping[str, Words] = {
    "body": _keyword("body", "Body"),
    "timestamp": _keyword("timestamp", "Timestamp"),
    "who": Words("header:t:Who", (_WHO,), ("Who",), ("header:{urn:t}Who",)),
    "to": Words("header:wsa:To", (_TO,), ("To",), (f"header:{{{WSA}}}To",)),
    "headers": Words(
        "headers",
        (_TO, _ACTION, _WHO),
        ("To", "Action", "Who"),
        (f"header:{{{WSA}}}To", f"header:{{{WSA}}}Action", "header:{urn:t}Who"),
    ),
    "token": _keyword("token", "BinarySecurityToken"),
    "token/str": _keyword("token", "BinarySecurityToken"),
    "username_token": _keyword("username_token", "UsernameToken"),
    "signature": _keyword("signature", "Signature"),
    "key_info": _keyword("key_info", "KeyInfo"),
    "confirmation": Words(
        "confirmation",
        (_named("SignatureConfirmation", WSSE11),),
        ("SignatureConfirmation",),
        ("confirmation",),
    ),
    "encrypted_key": Words(
        "encrypted_key", (_named("EncryptedKey", XENC),), ("EncryptedKey",), ("encrypted_key",)
    ),
    "element": Words("{Element}{urn:t}sku", (_named("sku", "urn:t"),), ("sku",), (_LINE + "sku",)),
    "id": Words("id:line", (_named("sku", "urn:t"),), ("sku",), (_LINE + "sku",)),
    "xpath": Words("xpath://t:sku", (_named("sku", "urn:t"),), ("sku",), (_LINE + "sku",)),
    "content": Words(
        "{Content}{urn:t}note",
        (_named("note", "urn:t", modifier="Content"),),
        ("note",),
        (_LINE + "note",),
    ),
}
"""The words of the table for parts."""
KEY_NAMES = {
    "session": "session",
    "context-1.3": "context",
    "context-2005/02": "context",
    "username": "username_token",
    "request": "request",
}


def envelope(cell: Cell) -> str:
    """Give the plain message."""
    return _ENVELOPE.format(soap=SOAP11 if cell.soap == "1.1" else SOAP12)


def identifier(size: int) -> str:
    """Give the identifier of the security context whose secret has that many octets."""
    return f"urn:context:{size}"


def shared_bytes(cell: Cell) -> int:
    """Give the length of a symmetric key: what fits its cipher, where it is not derived from."""
    if cell.keys == "wrapped":
        return KEY_WRAPS_BY_NAME[cell.key_wrap].key_bytes
    if cell.derived or not cell.cipher:
        return 32
    return DATA_CIPHERS_BY_NAME[cell.cipher].key_bytes


def shared_name(cell: Cell) -> str | None:
    """Give what steps call the symmetric key, or ``None`` for certificates."""
    if cell.keys == "certificate":
        return None
    return KEY_NAMES.get(cell.keys) or f"secret-{shared_bytes(cell)}"


# Ours.


def our_steps(cell: Cell) -> list[Step]:
    """Give the steps with which we write the message."""
    steps: list[Step] = [Timestamp(), *_our_tokens(cell)]
    for action in cell.actions:
        if action == "encrypt":
            steps.append(_our_encryption(cell))
            continue
        steps.append(_our_signature(cell))
        if cell.extra == "endorsing":
            steps.append(Signature(key=f"{cell.writer}-second", parts=("signature",)))
    return steps


def _our_tokens(cell: Cell) -> list[Step]:
    steps: list[Step] = []
    if cell.extra in ("username-digest", "username-text"):
        kind: Any = cell.extra.removeprefix("username-")
        steps.append(UsernameToken(username=USER, password=PASSWORD, password_type=kind))
    if cell.extra.startswith("confirmation"):
        steps.append(SignatureConfirmation())
    if cell.keys == "session":
        steps.append(SessionKey(bytes=shared_bytes(cell), **_our_transport(cell)))
    elif cell.keys.startswith("context"):
        version: Any = cell.keys.removeprefix("context-")
        size = shared_bytes(cell)
        steps.append(
            SecurityContext(
                identifier=identifier(size), key=f"context-{size}", version=version, name="context"
            )
        )
    elif cell.keys == "username":
        purpose: Any = "mac" if "sign" in cell.actions else "encryption"
        steps.append(
            UsernameToken(
                username=USER, password=PASSWORD, password_type="none", derive_for=purpose
            )
        )
    return steps


def _our_signature(cell: Cell) -> Signature:
    reference: Any = cell.sign_reference
    derived: Any = cell.derived or "none"
    return Signature(
        key=shared_name(cell) or f"{cell.writer}-{cell.sign_key}",
        parts=[PARTS[part].ours for part in cell.signed_parts],
        algorithm=cell.signature,
        digest=cell.digest,
        canonicalization=cell.canonicalization,
        part_canonicalization=cell.part_canonicalization,
        key_reference=reference,
        include_token=cell.extra == "include-token",
        str_transform="token/str" in cell.signed_parts,
        derived_key=derived,
        legacy=cell.legacy,
    )


def _our_encryption(cell: Cell) -> Encryption:
    settings: dict[str, Any] = {}
    shared = shared_name(cell)
    if shared is None:
        settings = _our_transport(cell)
    else:
        settings = {"key": shared, "key_reference": cell.encrypt_reference}
        settings["derived_key"] = cell.derived or "none"
    if cell.keys == "wrapped":
        settings |= {"wrapped": True, "key_wrap": cell.key_wrap}
    settings["legacy"] = cell.legacy
    return Encryption(
        parts=[PARTS[part].ours for part in cell.encrypted_parts],
        algorithm=cell.cipher,
        **settings,
    )


def _our_transport(cell: Cell) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "recipients": recipients(cell),
        "key_reference": cell.recipient_reference,
        "include_token": cell.extra == "include-token",
        "legacy": cell.legacy,
    }
    if cell.transport in KEY_AGREEMENTS_BY_NAME:
        names = ("derivation_digest", "key_wrap")
        settings |= {"key_derivation": cell.derivation}
        return settings | {name: getattr(cell, name) for name in names}
    settings["key_transport"] = cell.transport
    if cell.oaep_digest:
        settings["digest"] = cell.oaep_digest
    if cell.mgf:
        settings["mgf"] = cell.mgf
    return settings


def recipients(cell: Cell) -> list[str]:
    """Give the aliases that the message is encrypted for."""
    if cell.extra == "request_signer" and cell.we_write:
        return ["request_signer"]
    first = f"{cell.reader}-{cell.encrypt_key}"
    return [first, OTHER] if cell.extra == "two-recipients" else [first]


def our_demands(cell: Cell) -> Inbound:
    """Give what we demand of the peer's message: no less than what the row says."""
    signed = [
        PARTS[part].ours
        for part in dict.fromkeys(cell.signed_parts)
        if part not in ("signature", "token/str")
    ]
    return Inbound(
        signed=signed,
        encrypted=[PARTS[part].ours for part in cell.encrypted_parts if part != "signature"],
        fresh_seconds=300 if "timestamp" in cell.signed_parts else None,
        signed_by=_signer(cell) if signed else None,
        signature_confirmation="required" if cell.extra.startswith("confirm") else "if_present",
        legacy=cell.legacy,
    )


def _signer(cell: Cell) -> Any:
    if cell.keys == "certificate":
        signer = f"{cell.writer}-{cell.sign_key}"
        return (signer, f"{cell.writer}-second") if cell.extra == "endorsing" else signer
    if cell.keys == "session":
        anonymous = Anonymous(reason="whoever has our certificate")
        return (anonymous, f"{cell.writer}-second") if cell.extra == "endorsing" else anonymous
    if cell.keys == "username":
        return USER
    kind = "context" if cell.keys.startswith("context") else "secret"
    return f"{cell.writer}-rsa" if cell.keys == "request" else f"{kind}-{shared_bytes(cell)}"


# The peer's.


def peer_steps(
    cell: Cell, *, request_key: str = "", confirmed: list[str] | None = None
) -> list[dict[str, Any]]:
    """Give the steps with which the peer writes the message.

    Args:
        cell: The row.
        request_key: SHA-1 of the key of the request, for ``request``.
        confirmed: Signature values of the request.
    """
    steps = [{"step": "timestamp", "ttl_seconds": 300}, *_peer_tokens(cell, confirmed or [])]
    for action in cell.actions:
        if action == "encrypt":
            steps.append(_peer_encryption(cell, request_key))
            continue
        steps.append(_peer_signature(cell, request_key))
        if cell.extra == "endorsing":
            steps.append(
                {
                    "step": "signature",
                    "key": f"{cell.writer}-second",
                    "algorithm": uri("signature", "rsa-sha256"),
                    "parts": [{"keyword": "signature"}],
                }
            )
    return steps


def uri(axis: str, name: str) -> str:
    """Give the URI of an algorithm."""
    return str(getattr(ALGORITHMS[axis][name], "uri"))  # noqa: B009


def _peer_tokens(cell: Cell, confirmed: list[str]) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    user = {"step": "username_token", "username": USER}
    if cell.extra in ("username-digest", "username-text"):
        kind = cell.extra.removeprefix("username-")
        steps.append({**user, "password_type": kind, "nonce": True, "created": True})
    if cell.extra.startswith("confirmation"):
        steps.append({"step": "signature_confirmation", "values": confirmed})
    if cell.keys == "session":
        steps.append({"step": "session_key", "bytes": shared_bytes(cell), **_peer_transport(cell)})
    elif cell.keys.startswith("context"):
        steps.append(
            {
                "step": "security_context",
                "name": "context",
                "identifier": identifier(shared_bytes(cell)),
                "key": f"context-{shared_bytes(cell)}",
                "version": cell.keys.removeprefix("context-"),
            }
        )
    elif cell.keys == "username":
        steps.append({**user, "derive_for": "mac" if "sign" in cell.actions else "encryption"})
    return steps


def _peer_signature(cell: Cell, request_key: str) -> dict[str, Any]:
    return {
        "step": "signature",
        "key": request_key or shared_name(cell) or f"{cell.writer}-{cell.sign_key}",
        "algorithm": uri("signature", cell.signature),
        "digest": uri("digest", cell.digest),
        "canonicalization": uri("canonicalization", cell.canonicalization),
        "part_canonicalization": uri("canonicalization", cell.part_canonicalization),
        "key_reference": cell.sign_reference,
        "include_token": cell.extra == "include-token",
        "parts": [item for part in cell.signed_parts for item in PARTS[part].peer],
        "str_transform": "token/str" in cell.signed_parts,
        "derived_key": cell.derived or "none",
    }


def _peer_encryption(cell: Cell, request_key: str) -> dict[str, Any]:
    step: dict[str, Any] = {
        "step": "encryption",
        "algorithm": uri("cipher", cell.cipher),
        "parts": [
            {**item, "modifier": "Header"} if part == "who" else item
            for part in cell.encrypted_parts
            for item in PARTS[part].peer
        ],
    }
    shared = request_key or shared_name(cell)
    if shared is None:
        return step | _peer_transport(cell)
    step |= {"key": shared, "key_reference": cell.encrypt_reference}
    return step | {"derived_key": cell.derived or "none", "wrapped": cell.keys == "wrapped"}


def _peer_transport(cell: Cell) -> dict[str, Any]:
    step: dict[str, Any] = {
        "recipients": recipients(cell),
        "key_reference": cell.recipient_reference,
        "include_token": cell.extra == "include-token",
    }
    if cell.transport in KEY_AGREEMENTS_BY_NAME:
        return step | {
            "key_agreement": uri("transport", cell.transport),
            "key_derivation": uri("derivation", cell.derivation),
            "derivation_digest": uri("derivation_digest", cell.derivation_digest),
            "key_wrap": uri("key_wrap", cell.key_wrap),
        }
    step["key_transport"] = uri("transport", cell.transport)
    if cell.oaep_digest:
        step["digest"] = uri("oaep_digest", cell.oaep_digest)
    if cell.mgf and cell.transport == "rsa-oaep":
        step["mgf"] = uri("mgf", cell.mgf)
    return step
