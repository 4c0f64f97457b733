"""Parts: what a signature or an encryption covers, as people write it, and the elements it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal

from lxml import etree

from zeep_wssec.errors import ProfileError
from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.ids import ID_ATTRIBUTES
from zeep_wssec.soap.namespaces import DS, PREFIXES, WSSE, WSSE11, WSU, XENC

Kind = Literal[
    "body", "timestamp", "signature", "encrypted_key", "token", "username_token", "confirmation",
    "headers", "header", "id", "xpath", "element", "key_info", "envelope",
]  # fmt: skip
Scope = Literal["element", "content"]
_KEYWORDS: dict[str, Kind] = {
    "body": "body",
    "timestamp": "timestamp",
    "signature": "signature",
    "encrypted_key": "encrypted_key",
    "token": "token",
    "username_token": "username_token",
    "confirmation": "confirmation",
    "headers": "headers",
    "key_info": "key_info",
    "envelope": "envelope",
}
IN_SECURITY: dict[Kind, str] = {
    "timestamp": f"{{{WSU}}}Timestamp",
    "signature": f"{{{DS}}}Signature",
    "encrypted_key": f"{{{XENC}}}EncryptedKey",
    "username_token": f"{{{WSSE}}}UsernameToken",
    "confirmation": f"{{{WSSE11}}}SignatureConfirmation",
}
"""Parts that are children of ``wsse:Security``, with their tags."""
ADDRESSING = frozenset({"MessageID", "RelatesTo", "To", "Action", "From", "ReplyTo", "FaultTo"})
"""Header blocks of WS-Addressing."""
_STR_TRANSFORM = "STRTransform"
"""What WSS4J calls the token of a signature where it is signed through the reference to it."""
_WSS4J_PART = re.compile(r"\{(Element|Content|Header|)\}\{([^{}]*)\}([^;{}\s]+)")
_CLARK = re.compile(r"\{([^{}\s]+)\}([\w.\-]+)")
_PREFIXED = re.compile(r"([A-Za-z_][\w.\-]*):([\w.\-]+)")


@dataclass(frozen=True)
class Part:
    """One part, read from its text."""

    text: str
    """As it was written: what errors and reports call it."""
    kind: Kind
    value: str = ""
    """``{ns}Name`` of a header or element, the Id, or the expression."""
    scope: Scope | None = None
    """Said outright, or ``None``: the whole element when signed; for the Body its content when encrypted."""
    optional: bool = False
    """Whether the part may be missing from a message."""


def parse_parts(
    texts: Iterable[str], *, namespaces: Mapping[str, str], path: str = "parts"
) -> tuple[Part, ...]:
    """Read parts, WSS4J's own strings among them.

    Args:
        texts: ``"body"``, ``"timestamp"``, ``"header:wsa:To?"``, ``"{Content}{ns}Name;{Element}{ns}Name"``, …
        namespaces: Prefixes that may be used besides the well-known ones.
        path: Where the texts stand, for the error.

    Raises:
        ProfileError: A text that is no part.
    """
    if isinstance(texts, str):
        raise ProfileError(
            f"A list of parts is needed, not the text {texts!r}.",
            hint=f'Write ["{texts}"].',
            path=path,
        )
    given = tuple(texts)
    for index, text in enumerate(given):
        if not isinstance(text, str):
            raise ProfileError(f"{text!r} is not the name of a part.", path=f"{path}[{index}]")
    return _parse_all(given, tuple(namespaces.items()), path)


@lru_cache(maxsize=256)
def _parse_all(
    texts: tuple[str, ...], namespaces: tuple[tuple[str, str], ...], path: str
) -> tuple[Part, ...]:
    known = {**PREFIXES, **dict(namespaces)}
    return tuple(
        part
        for index, text in enumerate(texts)
        for part in _parse(text.strip(), known, f"{path}[{index}]")
    )


def _parse(text: str, namespaces: Mapping[str, str], path: str) -> list[Part]:
    if text.startswith("{") and not _CLARK.fullmatch(text):
        return _parse_wss4j(text, path)
    name, optional = (text[:-1], True) if text.endswith("?") else (text, False)
    base, slash, scope_text = name.partition("/")
    if base in _KEYWORDS and (not slash or scope_text in ("element", "content")):
        scope: Scope | None = (
            "element" if scope_text == "element" else "content" if scope_text == "content" else None
        )
        return [Part(text, _KEYWORDS[base], scope=scope, optional=optional)]
    if name.startswith("header:"):
        return [Part(text, "header", _qualified(name[7:], namespaces, path), optional=optional)]
    if name.startswith("id:") and name[3:]:
        return [Part(text, "id", name[3:], optional=optional)]
    if name.startswith("xpath:") and name[6:]:
        _check_expression(name[6:], namespaces, path)
        return [Part(text, "xpath", name[6:], optional=optional)]
    if name == _STR_TRANSFORM:
        raise _pseudo_part(text, path)
    meant = _meant(name)
    raise ProfileError(
        f"{text!r} is not the name of a part.",
        hint=f"Did you mean {meant}?"
        if meant
        else f"Use {', '.join(_KEYWORDS)}, header:prefix:Name, header:{{ns}}Name, id:…, xpath:… or "
        "WSS4J's {Element}{ns}Name.",
        path=path,
    )


def _pseudo_part(text: str, path: str) -> ProfileError:
    return ProfileError(
        f"{text!r} names no element.",
        hint="Write the part token and str_transform = true.",
        path=path,
    )


def _meant(name: str) -> str:
    """Give the part that another spelling means, or an empty text."""
    if name in ADDRESSING:
        return f"header:wsa:{name}"
    plain = {key.replace("_", ""): key for key in _KEYWORDS}
    spelt = re.sub(r"[^a-z]", "", name.rpartition(":")[2].lower())
    return next((plain[key] for key in get_close_matches(spelt, plain, n=1)), "")


def _parse_wss4j(text: str, path: str) -> list[Part]:
    """Read ``{Content}{ns}Name;{Element}{ns}Name``; an empty first brace means WSS4J's default.

    WSS4J lists parts that may be missing apart; here they have the mark of all others.
    """
    parts = []
    for piece in filter(None, (piece.strip() for piece in text.split(";"))):
        match = _WSS4J_PART.fullmatch(piece.removesuffix("?"))
        if piece.rpartition("}")[2] == _STR_TRANSFORM:
            raise _pseudo_part(piece, path)
        if match is None:
            raise ProfileError(
                f"{piece!r} is not a part in WSS4J's form.",
                hint="Write {Element}{namespace}Name or {Content}{namespace}Name.",
                path=path,
            )
        modifier, uri, local = match.groups()
        tag = f"{{{uri}}}{local}" if uri and uri != "Null" else local
        scope: Scope | None = {"Element": "element", "Content": "content"}.get(modifier)  # type: ignore[assignment]
        kind: Kind = "header" if modifier == "Header" else "element"
        parts.append(Part(piece, kind, tag, scope=scope, optional=piece.endswith("?")))
    return parts


def _qualified(name: str, namespaces: Mapping[str, str], path: str) -> str:
    if _CLARK.fullmatch(name):
        return name
    match = _PREFIXED.fullmatch(name)
    if match is None:
        hint = f"Write header:wsa:{name}." if name in ADDRESSING else ""
        raise ProfileError(f"{name!r} is not prefix:Name or {{ns}}Name.", hint=hint, path=path)
    prefix, local = match.groups()
    if prefix not in namespaces:
        raise ProfileError(
            f"The prefix {prefix!r} is not declared.",
            hint=f"Declare it under namespaces; known are {', '.join(sorted(namespaces))}.",
            path=path,
        )
    return f"{{{namespaces[prefix]}}}{local}"


def _check_expression(expression: str, namespaces: Mapping[str, str], path: str) -> None:
    try:
        # Run once: functions, variables and prefixes that do not exist are found only then.
        etree.XPath(expression, namespaces=dict(namespaces))(etree.Element("x"))
    except etree.XPathError as error:
        raise ProfileError(
            f"{expression!r} is not an XPath 1.0 expression: {error}.", path=path
        ) from None


def find_part(
    part: Part,
    *,
    envelope: Envelope,
    security: etree._Element | None,
    token: etree._Element | None = None,
    namespaces: Mapping[str, str],
) -> list[etree._Element]:
    """Give every element that ``part`` means, in document order; empty when there is none.

    The Body and header blocks are found from the Envelope downwards, never by Id or by a search,
    except for ``element`` and ``xpath`` parts, which are searches by their nature.

    Args:
        part: What to look for.
        envelope: Where.
        security: Our ``wsse:Security``, for the parts inside it.
        token: The security token of the signature at hand, for the part ``token``.
        namespaces: Prefixes for an ``xpath`` part.
    """
    if part.kind == "body":
        return [envelope.body]
    if part.kind == "envelope":
        return [envelope.root]
    if part.kind == "key_info":
        return (
            []
            if security is None
            else list(security.iterfind(f"{{{DS}}}Signature/{{{DS}}}KeyInfo"))
        )
    if part.kind == "token":
        return [token] if token is not None else []
    if part.kind in IN_SECURITY:
        tag = IN_SECURITY[part.kind]
        return [] if security is None else [child for child in security if child.tag == tag]
    header = envelope.header
    if part.kind == "headers":
        return [] if header is None else [block for block in header if block is not security]
    if part.kind == "header":
        return [] if header is None else list(header.iterchildren(part.value))
    if part.kind == "id":
        return _by_id(part.value, envelope)
    if part.kind == "xpath":
        found = envelope.root.xpath(part.value, namespaces={**PREFIXES, **namespaces})
        return (
            [node for node in found if isinstance(getattr(node, "tag", None), str)]
            if isinstance(found, list)
            else []
        )
    if part.value == envelope.body.tag:
        return [envelope.body]
    return list(envelope.root.iter(part.value))


def _by_id(value: str, envelope: Envelope) -> list[etree._Element]:
    return [
        node
        for node in envelope.root.iter("{*}*")
        if any(node.get(name) == value for name in ID_ATTRIBUTES)
    ]
