"""Rules on ``xenc:EncryptedKey``, ``xenc:EncryptedData``, their lists, and ``wsse11:EncryptedHeader``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import (
    DATA_REFERENCE,
    ELEMENT,
    ENCRYPTED_DATA,
    ENCRYPTED_KEY,
    ENCRYPTION_METHOD,
    KEY_INFO,
    KEY_REFERENCE,
    REFERENCE,
    REFERENCE_LIST,
    TOKEN_REFERENCE,
    WSU_ID,
)
from zeep_wssec.bsp.rule import Check, Rule
from zeep_wssec.bsp.view import Listed, View
from zeep_wssec.soap.namespaces import XENC

_rule = partial(Rule, family="encryption")
_POINTER = re.compile(r"#[^\W\d][\w.\-·:]*")
_DATA = frozenset(XENC + name for name in ("tripledes-cbc", "aes128-cbc", "aes256-cbc"))
_TRANSPORTS = frozenset(XENC + name for name in ("rsa-1_5", "rsa-oaep-mgf1p"))
_WRAPS = frozenset(XENC + name for name in ("kw-tripledes", "kw-aes128", "kw-aes256"))
_KEY_LIST = f"{REFERENCE_LIST}/{DATA_REFERENCE}"


def _each_key(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.keys if wrong(item))

    return check


def _each_data(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.data if wrong(item))

    return check


def _each_info(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.encryption_key_infos if wrong(item))

    return check


def _each_header(wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.encrypted_headers if wrong(item))

    return check


def _has(name: str) -> Check:
    return _each_key(lambda item: item.get(name) is not None)


def _lacks_method(item: etree._Element) -> bool:
    return item.find(ENCRYPTION_METHOD) is None


def _algorithm(item: etree._Element) -> str:
    method = item.find(ENCRYPTION_METHOD)
    return (method.get("Algorithm") or "") if method is not None else ""


def _other_than(item: etree._Element, *allowed: frozenset[str], kind: str) -> bool:
    """Whether the method is of this kind, transport or wrap, and none of those allowed."""
    uri = _algorithm(item)
    is_wrap = "#kw-" in uri
    return bool(uri) and is_wrap == (kind == "wrap") and all(uri not in names for names in allowed)


def _data_in_header(view: View) -> Iterator[etree._Element]:
    header = view.envelope.header
    return iter(()) if header is None else header.iterchildren(ENCRYPTED_DATA)


def _whole_block(view: View) -> Iterator[etree._Element]:
    return (item for item in _data_in_header(view) if item.get("Type") == ELEMENT)


def _without_id(item: etree._Element) -> bool:
    data = item.find(ENCRYPTED_DATA)
    return item.get(WSU_ID) is None and (data is None or data.get("Id") is None)


def _named_key(view: View, data: etree._Element) -> etree._Element | None:
    """Give the token of this message whose key opens ``data``, if it names one by Id."""
    reference = data.find(f"{KEY_INFO}/{TOKEN_REFERENCE}/{REFERENCE}")
    return None if reference is None else view.named(reference.get("URI"))


def _unlisted(view: View) -> Iterator[etree._Element]:
    """Find data under an EncryptedKey that has a list, but is in no list."""
    listed = {item.data for item in view.listed}
    for data in view.data:
        key = _named_key(view, data)
        if (
            data not in listed
            and key is not None
            and key.tag == ENCRYPTED_KEY
            and key.find(_KEY_LIST) is not None
        ):
            yield key


def _unlisted_in_header(view: View) -> Iterator[etree._Element]:
    """Find a list of the header that lacks data which is under the key of another one in it."""
    listed = {item.data for item in view.listed}
    lists = {
        _named_key(view, item.data): item.list
        for item in view.listed
        if item.data is not None and not item.by_key
    }
    for data in view.data:
        key = _named_key(view, data)
        # One that stands in the header opens itself, in its place among the other children.
        if data not in listed and key is not None and key in lists and not view.has(data):
            yield lists[key]


def _several_keys(view: View) -> Iterator[etree._Element]:
    keys: dict[etree._Element, set[etree._Element]] = {}
    for item in view.listed:
        key = None if item.data is None else _named_key(view, item.data)
        if key is not None and not item.by_key:
            keys.setdefault(item.list, set()).add(key)
    return (item for item, named in keys.items() if len(named) > 1)


def _data_before_key(view: View) -> Iterator[etree._Element]:
    for item in view.listed:
        key = item.list.getparent()
        if (
            item.by_key
            and item.data is not None
            and key is not None
            and view.has(item.data)
            and view.precedes(item.data, key)
        ):
            yield key


def _keyless(view: View) -> Iterator[etree._Element]:
    by_key = {item.data for item in view.listed if item.by_key}
    return (item for item in view.data if item not in by_key and item.find(KEY_INFO) is None)


def _wrong_pointer(tag: str, *, by_key: bool) -> Check:
    """Check that each reference of one kind of list is ``#`` and the Id of what it may name."""

    def check(view: View) -> Iterator[etree._Element]:
        for item in view.listed:
            if item.by_key == by_key and item.reference.tag == tag and not _fits(item):
                yield item.reference

    return check


def _fits(item: Listed) -> bool:
    uri, target = item.reference.get("URI") or "", item.target
    if _POINTER.fullmatch(uri) is None:
        return False
    if target is None:
        # It may be there once what is around it is decrypted.
        return True
    if item.reference.tag == KEY_REFERENCE:
        return target.tag == ENCRYPTED_KEY and target.get("Id") == uri[1:]
    if item.data is None:
        return False
    return uri[1:] == (target.get("Id") if target.tag == ENCRYPTED_DATA else target.get(WSU_ID))


ENCRYPTION_RULES = (
    _rule(
        "R3228",
        "No EncryptedData stands among the header blocks.",
        _data_in_header,
    ),
    _rule(
        "R3230",
        "An EncryptedHeader holds one EncryptedData and nothing else.",
        _each_header(lambda item: [child.tag for child in item] != [ENCRYPTED_DATA]),
    ),
    _rule(
        "R5614",
        "A header block that is encrypted whole becomes an EncryptedHeader.",
        _whole_block,
    ),
    _rule(
        "R5624",
        "The EncryptedData of an EncryptedHeader without wsu:Id has an Id.",
        _each_header(_without_id),
        always=True,
    ),
    _rule(
        "R5627",
        "The EncryptedHeader of an EncryptedData without Id has a wsu:Id.",
        _each_header(_without_id),
        always=True,
    ),
    _rule(
        "R3205",
        "A ReferenceList of the header lists what one key opens.",
        _several_keys,
    ),
    _rule(
        "R3231",
        "A ReferenceList of the header lists everything under its key.",
        _unlisted_in_header,
    ),
    _rule(
        "R3214",
        "The ReferenceList of an EncryptedKey lists everything under the key.",
        _unlisted,
    ),
    _rule(
        "R3208",
        "An EncryptedKey stands in front of every EncryptedData of the header that it lists.",
        _data_before_key,
    ),
    _rule("R3209", "An EncryptedKey has no Type.", _has("Type"), always=True),
    _rule("R5622", "An EncryptedKey has no MimeType.", _has("MimeType"), always=True),
    _rule("R5623", "An EncryptedKey has no Encoding.", _has("Encoding"), always=True),
    _rule("R5602", "An EncryptedKey has no Recipient.", _has("Recipient"), always=True),
    _rule(
        "R5603",
        "An EncryptedKey has an EncryptionMethod.",
        _each_key(_lacks_method),
        always=True,
    ),
    _rule(
        "R5601",
        "An EncryptedData has an EncryptionMethod.",
        _each_data(_lacks_method),
        always=True,
    ),
    _rule(
        "R5629",
        "An EncryptedData that no EncryptedKey lists says in a KeyInfo which key opens it.",
        _keyless,
        always=True,
    ),
    _rule(
        "R5424",
        "The KeyInfo of an EncryptedKey or EncryptedData holds one element.",
        _each_info(lambda info: len(info) != 1),
        always=True,
    ),
    _rule(
        "R5426",
        "The KeyInfo of an EncryptedKey or EncryptedData holds a SecurityTokenReference.",
        _each_info(lambda info: info.find(TOKEN_REFERENCE) is None),
    ),
    _rule(
        "R5608",
        "A DataReference of a list in the header is # and the Id of an EncryptedData or EncryptedHeader.",
        _wrong_pointer(DATA_REFERENCE, by_key=False),
        always=True,
    ),
    _rule(
        "R3006",
        "A DataReference of an EncryptedKey is # and the Id of an EncryptedData or EncryptedHeader.",
        _wrong_pointer(DATA_REFERENCE, by_key=True),
        always=True,
    ),
    _rule(
        "R5613",
        "A KeyReference of a list in the header is # and the Id of an EncryptedKey.",
        _wrong_pointer(KEY_REFERENCE, by_key=False),
    ),
    _rule(
        "R3007",
        "A KeyReference of an EncryptedKey is # and the Id of an EncryptedKey.",
        _wrong_pointer(KEY_REFERENCE, by_key=True),
    ),
    _rule(
        "R5620",
        "Content is encrypted with Triple DES, AES-128 or AES-256 in CBC mode.",
        _each_data(lambda item: not _lacks_method(item) and _algorithm(item) not in _DATA),
        level="ignore",
        reason="The rule knows no authenticated encryption; CBC without it gives the content away.",
    ),
    _rule(
        "R5621",
        "Keys are transported with rsa-1_5 or rsa-oaep-mgf1p.",
        _each_key(lambda item: _other_than(item, _TRANSPORTS, kind="transport")),
        level="ignore",
        reason="The rule knows only OAEP whose mask is made with SHA-1, and rsa-1_5 can be broken.",
    ),
    _rule(
        "R5625",
        "Keys are wrapped with Triple DES, AES-128 or AES-256.",
        _each_key(lambda item: _other_than(item, _WRAPS, kind="wrap")),
        level="ignore",
        reason="Nothing speaks against a key wrap with AES-192.",
    ),
    _rule(
        "R5626",
        "The method of an EncryptedKey is one of those for transport and wrap.",
        _each_key(
            lambda item: not _lacks_method(item) and _algorithm(item) not in _TRANSPORTS | _WRAPS
        ),
        level="ignore",
        reason="It repeats the two rules on transport and wrap, which are ignored.",
    ),
)
