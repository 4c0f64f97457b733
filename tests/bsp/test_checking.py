"""The rules in use: levels, both directions, what is encrypted, and what is read without them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attacks.forge import (
    append,
    edited,
    resign,
    set_attribute,
    set_text,
)
from bsp.cases import TOKEN
from bsp.messages import PASSWORD, message, reader
from lxml import etree
from roundtrip.pair import (
    LEGACY,
    accepted,
    answer,
    client,
    envelope,
    issued,
    refused,
    service,
    tree_of,
)

from zeep_wssec import (
    DecryptionError,
    Encryption,
    Keystore,
    MalformedSecurityError,
    OutboundError,
    ProfileError,
    Signature,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.bsp import READ, RULES, UNCHECKED
from zeep_wssec.plan import Plan
from zeep_wssec.profile_file import loads_plan, settings_to_toml
from zeep_wssec.settings import BasicSecurityProfile, Step

FINE = set_text("wsu:Created", "2027-06-01T12:00:00.0000Z")
UNENCODED = set_attribute(TOKEN, "EncodingType", None)
MODERN = {"R5420", "R5421", "R5620", "R5621", "R5625", "R5626"}


def rules(**levels: Any) -> BasicSecurityProfile:
    return BasicSecurityProfile(rules=levels)


def test_without_the_setting_it_is_read() -> None:
    """A rule that no reader depends on is not held against anybody who did not ask for it."""
    checked = accepted(edited(message("signed"), UNENCODED), reader())
    assert not [text for text in checked.report.warnings if "R3" in text]


def test_error() -> None:
    """The refusal names every broken rule, the places, and what to set."""
    broken = edited(
        message("signed"), UNENCODED, set_attribute("wsse:Reference", "ValueType", None)
    )
    error = refused(broken, MalformedSecurityError, reader(rules()))
    assert error.rule == error.rules[0]
    assert set(error.rules) == {"R3029", "R3059", "R5218"}
    assert "wsse:BinarySecurityToken in wsse:Security breaks R3029" in str(error)
    assert 'bsp.rules = { R3059 = "ignore" }' in error.hint
    assert error.fault_code == "InvalidSecurity"


def test_no_hint_where_no_setting_helps() -> None:
    """What is never read is not said to be a matter of settings."""
    broken = edited(message("signed"), append("wsu:Timestamp", "<wsu:Received/>"))
    error = refused(broken, MalformedSecurityError, reader(rules()))
    assert error.rules == ("R3222",)
    assert "ignore" not in error.hint


def test_should_is_a_warning() -> None:
    """What a SHOULD says is in the report, once, and the message is taken."""
    broken = edited(message("signed"), FINE)
    warnings = accepted(broken, reader(rules())).report.warnings
    assert [text for text in warnings if "R3220" in text] == [
        "wsu:Created in wsu:Timestamp breaks R3220: Created is no finer than milliseconds."
    ]


def test_level_of_one_rule() -> None:
    """A rule alone can be made stricter, milder, or be ignored."""
    fine, unencoded = (edited(message("signed"), edit) for edit in (FINE, UNENCODED))
    assert refused(fine, MalformedSecurityError, reader(rules(R3220="error"))).rule == "R3220"
    assert "R3029" in str(accepted(unencoded, reader(rules(R3029="warn"))).report)
    assert "R3029" not in str(accepted(unencoded, reader(rules(R3029="ignore"))).report)


def test_level_of_all_rules() -> None:
    """To the letter, a current message breaks the rules on algorithms; with warnings, none is refused."""
    letter = BasicSecurityProfile(level="error")
    error = refused(message("encrypted"), MalformedSecurityError, reader(letter))
    assert set(error.rules) == {"R5420", "R5421", "R5620", "R5621", "R5626"}
    unencoded = edited(message("signed"), UNENCODED)
    mild = accepted(unencoded, reader(BasicSecurityProfile(level="warn"))).report
    assert "R3029" in str(mild)


@pytest.mark.parametrize("name", ["signed", "pkipath", "session", "user's key", "confirmation"])
def test_our_messages_pass(name: str) -> None:
    """A message that breaks no rule is taken without a word."""
    assert "breaks R" not in str(accepted(message(name), reader(rules())).report)


def test_ignored_rules_are_overtaken() -> None:
    """Ignored is only what current algorithms break, each with its reason."""
    assert {rule.id for rule in RULES.values() if rule.level == "ignore"} == MODERN
    assert {rule.id for rule in RULES.values() if rule.reason} == MODERN


def test_what_was_encrypted_is_checked() -> None:
    """A token that came encrypted is held to the rules once it can be seen; the text tells nothing of it."""
    steps = (
        UsernameToken(username="alice", password=PASSWORD, typed=False, password_type="text"),
        Timestamp(),
        Encryption(recipients=("client",), parts=("username_token",)),
    )
    sealed = service(*steps).secure(envelope()).to_bytes()
    assert b"alice" not in sealed
    error = refused(sealed, MalformedSecurityError, reader(rules()))
    assert error.rules == ("R4201",)
    assert "alice" not in str(error)
    assert "R4201" in str(accepted(sealed, reader(rules(R4201="warn"))).report)


def test_no_oracle() -> None:
    """Once CBC ciphertext without a signature was opened, a broken rule looks like any other failure."""
    steps = (
        UsernameToken(username="alice", password=PASSWORD, typed=False, password_type="text"),
        Encryption(
            recipients=("client",),
            parts=("username_token",),
            algorithm="aes256-cbc",
            legacy=LEGACY,
        ),
    )
    sealed = service(*steps).secure(envelope()).to_bytes()
    accepted(sealed, reader())
    refused(sealed, DecryptionError, reader(rules()))


def test_the_body_is_not_ours() -> None:
    """Token references of an application are no business of the rules."""
    inner = f'<r:R xmlns:r="urn:r">{"<w:SecurityTokenReference/>"}</r:R>'.replace(
        "<w:SecurityTokenReference/>",
        '<w:SecurityTokenReference xmlns:w="http://docs.oasis-open.org/wss/2004/01/'
        'oasis-200401-wss-wssecurity-secext-1.0.xsd"/>',
    )
    sent = answer((Timestamp(), Signature()), envelope(inner), bsp=rules())
    accepted(sent, client(bsp=rules()))


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        (Signature(key_reference="key_value"), "R5417"),
        (Signature(key_reference="thumbprint", include_token=True), "R3022"),
        (Signature(canonicalization="c14n"), "R5404"),
        (Encryption(recipients=("client",), key_reference="x509_data"), "R5426"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_outbound(step: Step, rule: str) -> None:
    """A setting that breaks a rule is found before the message is sent, and the envelope is as it was."""
    tree = tree_of(envelope())
    before = etree.tostring(tree)
    with pytest.raises(OutboundError) as caught:
        service(Timestamp(), step, bsp=rules()).secure(tree)
    assert caught.value.rules == (rule,)
    assert f'{rule} = "ignore"' in caught.value.hint
    assert etree.tostring(tree) == before
    service(Timestamp(), step, bsp=rules(**{rule: "ignore"})).secure(tree)


def test_outbound_warning(caplog: pytest.LogCaptureFixture) -> None:
    """What a SHOULD says of our own message is logged."""
    with caplog.at_level(logging.WARNING, "zeep_wssec.conformance"):
        answer((Timestamp(precision="microseconds"), Signature()), bsp=rules())
    assert any("R3220" in text for text in caplog.messages)


def test_one_direction() -> None:
    """The rules can hold for one direction only."""
    step = Signature(key_reference="key_value")
    sent = answer((Timestamp(), step), bsp=BasicSecurityProfile(outbound=False))
    accepted(sent, client(bsp=BasicSecurityProfile(inbound=False)))
    refused(sent, MalformedSecurityError, client(bsp=BasicSecurityProfile(outbound=False)))


@pytest.mark.parametrize(
    ("settings", "path", "text"),
    [
        ({"level": "strict"}, "level", "is not one of"),
        ({"rules": {"R3230x": "error"}}, "rules.R3230x", "did you mean R3230?"),
        ({"rules": {"R4212": "ignore"}}, "rules.R4212", "holds always"),
        ({"rules": {"R6903": "error"}}, "rules.R6903", "not checked"),
        ({"rules": {"R3230": "off"}}, "rules.R3230", "is not one of"),
        ({"rules": ["R3230"]}, "rules", "table"),
        ({"inbound": "yes"}, "inbound", "true or false"),
    ],
)
def test_wrong_settings(settings: Mapping[str, Any], path: str, text: str) -> None:
    """A slip of the pen switches no rule off."""
    with pytest.raises(ProfileError, match=re.escape(text)) as caught:
        BasicSecurityProfile(**settings)
    assert caught.value.path == path


def test_in_a_profile_file(tmp_path: Path) -> None:
    """A file says the same, and is written as it was read."""
    text = '[bsp]\nlevel = "warn"\nrules = { R5620 = "error", R3022 = "ignore" }\n'
    plan = loads_plan(text, base=tmp_path, name="a profile")
    expected = BasicSecurityProfile(level="warn", rules={"R5620": "error", "R3022": "ignore"})
    assert plan.bsp == expected
    assert settings_to_toml(plan) == text
    assert settings_to_toml(Plan(keystore=Keystore(), bsp=BasicSecurityProfile())) == "[bsp]\n"
    with pytest.raises(ProfileError) as caught:
        loads_plan('[bsp]\nrules = { R9999 = "error" }', base=tmp_path, name="a profile")
    assert caught.value.path == "a profile: bsp.rules.R9999"


@pytest.mark.parametrize("listed", ["o soap", "soap o", "  soap\n\t o "])
def test_prefix_list(listed: str) -> None:
    """A PrefixList is read in any order, with any white space. Spec: BSP 1.1 R5414, R5415."""
    steps = (Timestamp(), Signature(parts=("body",), inclusive_prefixes=("soap", "o")))
    sent = answer(steps, envelope("<o:a/>", declarations=' xmlns:o="urn:o"'))
    root = tree_of(sent)
    found = next(root.iter("{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"))
    found.set("PrefixList", listed)
    resign(root, issued("service"), digests=False)
    accepted(etree.tostring(root), reader(rules()))


def test_page() -> None:
    """docs/bsp.md has every rule, with its sentence, its level, and whether it holds always."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "bsp.md").read_text("utf-8")
    rows = re.findall(r"^\| (R\d{4}) \| (.+?) \| (\w+) \| ?(\w*) ?\|$", page, re.M)
    expected = [
        (rule.id, rule.text, rule.level, "always" if rule.always else "") for rule in RULES.values()
    ]
    assert sorted(rows) == sorted(expected)
    for table in (READ, UNCHECKED, {key: RULES[key].reason for key in MODERN}):
        missing = [key for key, text in table.items() if f"| {key} | {text} |" not in page]
        assert missing == []


def test_every_rule_is_somewhere() -> None:
    """The profile has 152 rules: each is checked, or it is said why it is not."""
    assert len(RULES) + len(READ) + len(UNCHECKED) == 152
    assert not (set(RULES) & set(READ) | set(RULES) & set(UNCHECKED) | set(READ) & set(UNCHECKED))
