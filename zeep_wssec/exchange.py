"""What links an answer to the request that it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from lxml import etree

from zeep_wssec.errors import KeyMaterialError, MalformedSecurityError, ProfileError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import OwnKeys
from zeep_wssec.keys.secrets import HiddenBytes
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.limits import Limits
from zeep_wssec.soap.namespaces import DS, WSA, WSA_2004, WSU, XENC
from zeep_wssec.soap.parsing import parse_message
from zeep_wssec.xmlcrypto.signature_model import SIGNATURE

_ENCRYPTED_DATA = f"{{{XENC}}}EncryptedData"
_RELATES_TO = (f"{{{WSA}}}RelatesTo", f"{{{WSA_2004}}}RelatesTo")
_SIGNATURE_VALUE = f"{{{DS}}}SignatureValue"


@dataclass(frozen=True)
class Holder:
    """Somebody who shares a symmetric key with us: a name counts for one kind of entry only."""

    kind: Literal["partner", "secret", "user"]
    name: str
    """Alias of the partner or the secret, or name of the user."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionSecret:
    """A key that one message carried encrypted, and that its answer may name by EncryptedKeySHA1."""

    sha1: bytes
    """SHA-1 of the encrypted key."""
    octets: bytes = field(repr=False)
    known_to: tuple[Holder, ...] = ()
    """Who could open it; empty: it came from somebody who is not named."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "octets", HiddenBytes(self.octets))

    def __reduce__(self) -> NoReturn:
        raise KeyMaterialError("A session key is not pickled: it would leave the process.")


@dataclass(frozen=True, eq=False, kw_only=True)
class Received:
    """A request as a receiver has read it: what its answer refers to."""

    message_id: str | None = None
    action: str | None = None
    signature_values: tuple[str, ...] = ()
    """Base64 of every ``ds:SignatureValue`` of the request."""
    signers: tuple[Certificate, ...] = ()
    """Certificates of the trusted signers, in the order of the signatures."""
    session_keys: tuple[SessionSecret, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class Exchange:
    """One request as its answer will be held against it; holds no content."""

    names: tuple[str, ...] = ()
    """Names of the operation, most exact first, as far as the message tells: actions, the Body's child."""
    message_id: str | None = None
    """``wsa:MessageID`` of the request."""
    signature_values: tuple[str, ...] = ()
    """Base64 of every ``ds:SignatureValue`` of the request."""
    has_timestamp: bool = False
    has_encrypted_body: bool = False
    has_header: bool = False
    """Whether it carries a security header for the actor of the profile."""
    session_keys: tuple[SessionSecret, ...] = field(default=(), repr=False)
    """Keys that the request carried encrypted: an answer may use them again."""
    own_keys: OwnKeys = field(default=OwnKeys(), repr=False)
    """Our key pairs when the request was made: its answer may be encrypted for one that is gone since."""

    @property
    def operation(self) -> str:
        """The most exact name of the operation, or empty."""
        return self.names[0] if self.names else ""

    @classmethod
    def from_message(cls, message: bytes | etree._Element, *, actor: str | None = None) -> Exchange:
        """Read from a request that was sent earlier what its answer must be held against.

        Args:
            message: The request as it was sent: bytes, or its Envelope element.
            actor: Whose security header to read.

        Raises:
            ProfileError: It is no SOAP envelope.
        """
        try:
            root = parse_message(message, Limits()) if isinstance(message, bytes) else message
        except MalformedSecurityError as error:
            raise ProfileError(str(error.message), hint=error.hint) from None
        envelope = Envelope.read(root, error=ProfileError)
        headers = envelope.security_headers(actor)
        security = headers[0] if headers else None
        values: list[str] = []
        if security is not None:
            for signature in security.iterchildren(SIGNATURE):
                values.append("".join((signature.findtext(_SIGNATURE_VALUE) or "").split()))
        return cls(
            names=tuple(operation_names(envelope, {})),
            message_id=message_id(envelope),
            signature_values=tuple(values),
            has_timestamp=security is not None and security.find(f"{{{WSU}}}Timestamp") is not None,
            has_encrypted_body=[child.tag for child in envelope.body] == [_ENCRYPTED_DATA],
            has_header=security is not None,
        )


def message_id(envelope: Envelope) -> str | None:
    """Give the text of ``wsa:MessageID``, or ``None``."""
    return _addressing_text(envelope, "MessageID")


def addressing_action(envelope: Envelope) -> str | None:
    """Give the text of ``wsa:Action``, or ``None``."""
    return _addressing_text(envelope, "Action")


def relates_to(envelope: Envelope) -> list[etree._Element]:
    """Give every ``wsa:RelatesTo`` header block that points to a request."""
    if envelope.header is None:
        return []
    return [
        block
        for block in envelope.header
        if block.tag in _RELATES_TO
        and (block.get("RelationshipType") or "Reply").rsplit("/", 1)[-1].lower()
        in ("reply", "wsa:reply")
    ]


def operation_names(envelope: Envelope, http_headers: dict[str, str]) -> Sequence[str]:
    """Give the names under which an overlay may be stated, most exact first.

    SOAP action, WS-Addressing action, ``{ns}Name`` and ``Name`` of the Body's child, and ``Name``
    without a trailing ``Request``.
    """
    names = [soap_action(http_headers) or ""]
    names.append(_addressing_text(envelope, "Action") or "")
    if len(envelope.body):
        tag = str(envelope.body[0].tag)
        names += [tag, tag.rsplit("}", 1)[-1], tag.rsplit("}", 1)[-1].removesuffix("Request")]
    return list(dict.fromkeys(name for name in names if name))


def soap_action(http_headers: Mapping[str, str]) -> str | None:
    """Give the SOAP action that HTTP headers tell, of SOAP 1.1 or 1.2."""
    for key, value in http_headers.items():
        text = ""
        if key.lower() == "soapaction":
            text = value
        elif key.lower() == "content-type" and "action=" in value:
            text = value.split("action=", 1)[1].split(";")[0]
        if text.strip().strip('"'):
            return text.strip().strip('"')
    return None


def _addressing_text(envelope: Envelope, local: str) -> str | None:
    if envelope.header is None:
        return None
    names = f"{{{WSA}}}{local}", f"{{{WSA_2004}}}{local}"
    # Of each namespace the first block counts.
    texts: dict[object, str] = {}
    for block in envelope.header:
        if block.tag in names:
            texts.setdefault(block.tag, (block.text or "").strip())
    return next((texts[name] for name in names if texts.get(name)), None) if texts else None
