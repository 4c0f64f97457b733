"""``wsc:DerivedKeyToken``: a key for one purpose, derived from one that both sides have."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass

from lxml import etree

from zeep_wssec.errors import KeyUsageError, MalformedSecurityError, UnsupportedAlgorithmError
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.symmetric import MadeKey, reference_xml
from zeep_wssec.settings import DerivedKey
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import WSC, WSC_2005, WSSE, WSU
from zeep_wssec.xmlcrypto.derivation import p_sha1
from zeep_wssec.xmlcrypto.values import children_of, decode_base64, text_of

_VERSIONS = {"1.3": WSC, "2005/02": WSC_2005}
DERIVED_KEY_TOKENS = frozenset(f"{{{uri}}}DerivedKeyToken" for uri in _VERSIONS.values())
_TOKEN_REFERENCE = f"{{{WSSE}}}SecurityTokenReference"
_DEFAULT_LABEL = "WS-SecureConversation" * 2
"""Label of the client, then of the service: both sides use the same default."""
_NONCE_BYTES = 16
_MAX_LENGTH = 64
_MAX_OFFSET = 1024
_MAX_LABEL = 128
_MAX_NONCE = 128
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


@dataclass(frozen=True, eq=False, kw_only=True)
class Derivation:
    """How one DerivedKeyToken derives its key."""

    reference: etree._Element
    """The SecurityTokenReference to the key that it is derived from."""
    label: str
    nonce: bytes
    offset: int
    length: int

    def of(self, secret: bytes) -> bytes:
        """Give the derived key."""
        seed = self.label.encode() + self.nonce
        return p_sha1(secret, seed, offset=self.offset, length=self.length)


def write_derived_key(
    message: Outgoing,
    base: MadeKey,
    *,
    version: DerivedKey,
    length: int,
    by_sha1: bool = False,
) -> MadeKey:
    """Derive a fresh key from ``base`` and put its DerivedKeyToken into the header.

    Args:
        message: The message; its header gets the token.
        base: What it is derived from; must be in the message or named by it.
        version: ``"1.3"`` or ``"2005/02"``.
        length: Octets of the key.
        by_sha1: Whether ``base`` is named by EncryptedKeySHA1 even if it is in this message.

    Raises:
        KeyUsageError: No SecurityTokenReference can name ``base``.

    Spec: WS-SecureConversation 1.4, section 7, Deriving Keys; February 2005, section 6.
    """
    if base.element is None and base.sha1 is None:
        raise KeyUsageError(
            f"No key can be derived from the secret {base.name!r}: a message names it by KeyName only.",
            hint="Write a security_context step with this secret and derive from that.",
            reason="wrong_usage",
        )
    namespace = _VERSIONS[version]
    nonce = secrets.token_bytes(_NONCE_BYTES)
    token = etree.fromstring(
        f'<wsc:DerivedKeyToken xmlns:wsc="{namespace}" xmlns:wsu="{WSU}" wsu:Id="{fresh_id("DK")}">'
        f"{reference_xml(message, base, by_sha1=by_sha1)}<wsc:Offset>0</wsc:Offset><wsc:Length>{length}</wsc:Length>"
        f"<wsc:Nonce>{base64.b64encode(nonce).decode()}</wsc:Nonce></wsc:DerivedKeyToken>"
    )
    message.prepend(token)
    return MadeKey(
        name=base.name,
        octets=p_sha1(base.octets, _DEFAULT_LABEL.encode() + nonce, length=length),
        element=token,
        value_type=f"{namespace}/dk",
        recipients=base.recipients,
    )


def read_derivation(element: etree._Element) -> Derivation:
    """Read a DerivedKeyToken.

    Raises:
        MalformedSecurityError: Not one reference and one nonce, another child, or a number out of bounds.
        UnsupportedAlgorithmError: Another derivation than P_SHA-1.

    Spec: WS-SecureConversation 1.4, section 7.1, Syntax.
    """
    namespace = str(element.tag)[1:].partition("}")[0]
    algorithm = f"{{{namespace}}}Algorithm"
    children = children_of(element, attributes={WSU_ID, algorithm, "Algorithm"})
    _check_algorithm(element.get(algorithm) or element.get("Algorithm"), namespace)
    found: dict[str, etree._Element] = {}
    allowed = {_TOKEN_REFERENCE: "reference"} | {
        f"{{{namespace}}}{name}": name
        for name in ("Offset", "Generation", "Length", "Label", "Nonce")
    }
    for child in children:
        name = allowed.get(str(child.tag))
        if name is None or name in found:
            raise MalformedSecurityError("A DerivedKeyToken has a child that is not allowed.")
        if name != "reference" and child.keys():
            raise MalformedSecurityError("A DerivedKeyToken's values have no attributes.")
        found[name] = child
    if "reference" not in found or "Nonce" not in found or {"Offset", "Generation"} <= set(found):
        raise MalformedSecurityError(
            "A DerivedKeyToken must have a reference, a nonce, and an offset or a generation."
        )
    length = _number(found.get("Length"), 32, least=16, most=_MAX_LENGTH)
    offset = _number(found.get("Offset"), 0, least=0, most=_MAX_OFFSET)
    offset += length * _number(found.get("Generation"), 0, least=0, most=_MAX_OFFSET // length)
    label = text_of(found["Label"]) if "Label" in found else _DEFAULT_LABEL
    nonce = decode_base64(found["Nonce"])
    if len(label) > _MAX_LABEL or not 8 <= len(nonce) <= _MAX_NONCE:
        raise MalformedSecurityError("A DerivedKeyToken has a label or nonce of a wrong length.")
    return Derivation(
        reference=found["reference"], label=label, nonce=nonce, offset=offset, length=length
    )


def _check_algorithm(uri: str | None, namespace: str) -> None:
    if uri not in (None, f"{namespace}/dk/p_sha1"):
        shown = str(uri)[:120]
        raise UnsupportedAlgorithmError(
            f"The algorithm {shown!r} is refused: keys are derived by P_SHA-1 only.",
            algorithm=shown,
        )


def _number(element: etree._Element | None, default: int, *, least: int, most: int) -> int:
    if element is None:
        return default
    text = text_of(element).strip()
    if _NUMBER.fullmatch(text) is None or not least <= int(text) <= most:
        raise MalformedSecurityError(
            f"A DerivedKeyToken's numbers are bounded: {least} to {most} here."
        )
    return int(text)
