"""Rules on ``wsse:UsernameToken``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from zeep_wssec.bsp.names import (
    CREATED,
    ITERATION,
    NONCE,
    PASSWORD,
    SALT,
    USERNAME_TYPE,
)
from zeep_wssec.bsp.references import each_direct, each_identifier
from zeep_wssec.bsp.rule import Check, Rule
from zeep_wssec.bsp.view import TokenReference, View
from zeep_wssec.soap.namespaces import BASE64_BINARY, USERNAME_PROFILE

_rule = partial(Rule, family="user names")
_LEAST_ROUNDS = 1000


def _twice(tag: str) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        return (item for item in view.username_tokens if len(item.findall(tag)) > 1)

    return check


def _each(tag: str, wrong: Callable[[etree._Element], bool]) -> Check:
    def check(view: View) -> Iterator[etree._Element]:
        found = (child for item in view.username_tokens for child in item.iterchildren(tag))
        return (child for child in found if wrong(child))

    return check


def _each_source(wrong: Callable[[etree._Element], bool]) -> Check:
    """Check every UsernameToken that a key is derived from: one that a reference leads to."""

    def check(view: View) -> Iterator[etree._Element]:
        sources = {item.target: None for item in view.references if item.kind == "username"}
        return (item for item in sources if item is not None and wrong(item))

    return check


def _few_rounds(token: etree._Element) -> bool:
    text = (token.findtext(ITERATION) or "").strip()
    return not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= _LEAST_ROUNDS)


def _identifies_user(item: TokenReference) -> bool:
    return item.token_type == USERNAME_TYPE or item.value_type.startswith(USERNAME_PROFILE)


USERNAME_RULES = (
    _rule("R4222", "A UsernameToken has at most one Password.", _twice(PASSWORD), always=True),
    _rule(
        "R4201",
        "A Password says its Type.",
        _each(PASSWORD, lambda item: item.get("Type") is None),
    ),
    _rule(
        "R4217",
        "A UsernameToken that a key is derived from has a Salt.",
        _each_source(lambda token: token.find(SALT) is None),
        always=True,
    ),
    _rule(
        "R4218",
        "A UsernameToken that a key is derived from has 1000 iterations at least.",
        _each_source(_few_rounds),
        always=True,
    ),
    _rule("R4223", "A UsernameToken has at most one Created.", _twice(CREATED), always=True),
    _rule("R4225", "A UsernameToken has at most one Nonce.", _twice(NONCE), always=True),
    _rule(
        "R4220",
        "A Nonce has an EncodingType.",
        _each(NONCE, lambda item: item.get("EncodingType") is None),
    ),
    _rule(
        "R4221",
        "The EncodingType of a Nonce is Base64Binary.",
        _each(NONCE, lambda item: item.get("EncodingType") not in (None, BASE64_BINARY)),
    ),
    _rule(
        "R4214",
        "A Reference to a UsernameToken says that type.",
        each_direct(lambda item: item.kind == "username" and item.value_type != USERNAME_TYPE),
    ),
    _rule(
        "R4215",
        "A UsernameToken is not named by a KeyIdentifier.",
        each_identifier(_identifies_user),
        always=True,
    ),
)
