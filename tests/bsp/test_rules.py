"""Every rule of the Basic Security Profile: broken by one edit, obeyed without it."""

from __future__ import annotations

import pytest
from attacks.forge import edited
from bsp.cases import CASES, Case
from bsp.messages import MESSAGES, message, reader
from roundtrip.pair import accepted, refused, tree_of

from zeep_wssec import MalformedSecurityError, Profile
from zeep_wssec.bsp import RULES, View, violations
from zeep_wssec.errors import DecryptionError, InboundError, RequirementError, SignatureInvalidError
from zeep_wssec.settings import BasicSecurityProfile
from zeep_wssec.soap.envelope import Envelope

LATER = (DecryptionError, RequirementError, SignatureInvalidError)
"""Refusals that an edit alone brings about, whatever its structure is."""
ALWAYS = [rule.id for rule in RULES.values() if rule.always]


def view_of(octets: bytes) -> View:
    envelope = Envelope.read(tree_of(octets), error=MalformedSecurityError)
    (security,) = envelope.security_headers(None)
    return View(envelope, security)


def twin(case: Case) -> bytes:
    return edited(message(case.message), *case.prepare)


def broken(case: Case) -> bytes:
    return edited(message(case.message), *case.prepare, case.edit)


def strict(rule_id: str) -> BasicSecurityProfile:
    return BasicSecurityProfile(level="warn", rules={rule_id: "error"})


def rules_against(octets: bytes, profile: Profile) -> tuple[str, ...]:
    """The rules by which a message is refused; it may be refused for something else."""
    try:
        profile.check(octets)
    except InboundError as error:
        return tuple(error.details.get("rules", ()))
    return ()


def test_every_rule_has_a_case() -> None:
    """No rule of the table is without the edit that breaks it."""
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule_id", RULES)
def test_one_edit(rule_id: str) -> None:
    """A rule finds nothing in the message, and something after the edit."""
    case, rule = CASES[rule_id], RULES[rule_id]
    assert list(rule.check(view_of(twin(case)))) == []
    assert list(rule.check(view_of(broken(case)))) != []


@pytest.mark.parametrize("rule_id", RULES)
def test_refused_where_asked(rule_id: str) -> None:
    """A profile that has the rule refuses the edited message by it, and nothing else by it."""
    case, profile = CASES[rule_id], reader(strict(rule_id))
    error = refused(broken(case), MalformedSecurityError, profile)
    assert rule_id in error.rules
    assert f"breaks {rule_id}: {RULES[rule_id].text}" in str(error) or len(error.rules) > 5
    assert rule_id not in rules_against(twin(case), profile)


@pytest.mark.parametrize("rule_id", ALWAYS)
def test_refused_always(rule_id: str) -> None:
    """Without any setting the message is read, and the edited one is refused for its structure."""
    case = CASES[rule_id]
    accepted(twin(case), reader())
    with pytest.raises(InboundError) as caught:
        reader().check(broken(case))
    assert not isinstance(caught.value, LATER)


@pytest.mark.parametrize("name", MESSAGES)
def test_anything_missing(name: str) -> None:
    """Whatever is taken away, the rules find what they find and never fail themselves."""
    root = tree_of(message(name))
    envelope = Envelope.read(root, error=MalformedSecurityError)
    (security,) = envelope.security_headers(None)
    for node in list(envelope.root.iter("{*}*"))[2:]:
        parent = node.getparent()
        if node in (envelope.body, security) or parent is None:
            continue
        attributes, text = dict(node.attrib), node.text
        for change in (node.attrib.clear, lambda item=node: setattr(item, "text", "AAAA")):
            change()
            list(violations(View(envelope, security), {}))
        node.attrib.update(attributes)
        node.text = text
        place = parent.index(node)
        parent.remove(node)
        list(violations(View(envelope, security), {}))
        parent.insert(place, node)
