"""The JSON Schema of profile files says what the loader says, as far as a schema can."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from zeep_wssec.demands import Demands, Inbound
from zeep_wssec.errors import LegacyAlgorithmError, ProfileError
from zeep_wssec.plan import Plan
from zeep_wssec.profile_schema import MODES, SECTIONS, STEPS, options_of, schema, word
from zeep_wssec.settings import Encryption, SessionKey, Signature, Step, UsernameToken

PAGE = Path(__file__).resolve().parents[2] / "docs" / "profile-file.md"
ALGORITHMS = [
    (cls, name, choice)
    for cls in (Signature, Encryption, SessionKey)
    for name, option in schema()["$defs"][word(cls)]["properties"].items()
    if "enum" in option and name not in ("key_reference", "derived_key")
    for choice in option["enum"]
]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """The schema, checked against its own."""
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


@pytest.fixture
def example() -> dict[str, Any]:
    """The profile that the documentation shows first."""
    block = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    return tomllib.loads(block[1])


def test_documented_profile(validator: Draft202012Validator, example: dict[str, Any]) -> None:
    """What the documentation shows is valid."""
    validator.validate(example)


@pytest.mark.parametrize("section", ["service", "inbound", "operation.Ping", ""])
def test_unknown_key(
    validator: Draft202012Validator, example: dict[str, Any], section: str
) -> None:
    """A key that no setting has is refused wherever tables are closed."""
    table = example
    for name in filter(None, section.split(".")):
        table = table[name]
    table["digset"] = 1
    with pytest.raises(ValidationError):
        validator.validate(example)


def test_unknown_key_in_a_step(validator: Draft202012Validator, example: dict[str, Any]) -> None:
    """A step has the keys of its kind only."""
    example["outbound"][0]["parts"] = ["body"]
    with pytest.raises(ValidationError):
        validator.validate(example)


@pytest.mark.parametrize(
    "demands",
    [
        {"mode": "over_tls"},
        {"mode": "unverified", "reason": "test"},
        {"fresh_seconds": "none"},
        {"signed_by": {"pin": "ab" * 32}},
        {"signed_by": ["partner", {"anyone_under": "test"}]},
        {"signed_by": {"anonymous": "test"}},
        {"order": ["encryption", "signature"]},
        {"username_token": "digest", "signature_confirmation": "required"},
    ],
)
def test_forms_of_inbound(validator: Draft202012Validator, demands: dict[str, Any]) -> None:
    """Every form that the loader reads is valid."""
    validator.validate({"inbound": demands})


@pytest.mark.parametrize(
    "demands",
    [
        {"mode": "unverified"},
        {"mode": "over_tls", "signed": ["body"]},
        {"fresh_seconds": "300"},
        {"related": "always"},
        {"signed_by": {"pin": "a", "subject": "CN=a"}},
        {"signed_by": {"anonymous": 1}},
        {"order": ["token"]},
        {"order": "signature"},
        {"username_token": "none"},
        {"legacy": {"md5": "why"}},
    ],
)
def test_broken_inbound(validator: Draft202012Validator, demands: dict[str, Any]) -> None:
    """What the loader refuses by key, type or choice is invalid."""
    with pytest.raises(ValidationError):
        validator.validate({"inbound": demands})


def test_password_is_no_key(validator: Draft202012Validator) -> None:
    """An editor offers where a password is kept, never the password."""
    step = {"step": "username_token", "username": "me"}
    validator.validate({"outbound": [{**step, "password_env": "X"}]})
    with pytest.raises(ValidationError):
        validator.validate({"outbound": [{**step, "password": "x"}]})


STEP_TWINS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"step": "signature", "part_prefixes": {"body": ["soap"]}},
        {"part_prefixes": {"body": "soap"}},
    ),
    ({"step": "signature", "derived_key": "1.3"}, {"derived_key": "1.2"}),
    ({"step": "signature", "derived_key_bytes": 32}, {"derived_key_bytes": "32"}),
    ({"step": "signature", "canonicalization": "c14n"}, {"canonicalization": "c14n12"}),
    ({"step": "encryption", "key": "shared", "wrapped": True}, {"wrapped": "yes"}),
    ({"step": "encryption", "recipients": ["p"], "key_wrap": "kw-aes256"}, {"key_wrap": "aes"}),
    ({"step": "session_key", "recipients": ["p"], "bytes": 32}, {"bytes": "32"}),
    ({"step": "session_key", "key_derivation": "hkdf"}, {"key_derivation": "pbkdf2"}),
    ({"step": "addressing", "reply_to": "none"}, {"reply_to": False}),
    ({"step": "addressing", "must_understand": ["To"]}, {"must_understand": ["to"]}),
    ({"step": "username_token", "username": "u", "derive_for": "mac"}, {"derive_for": "sign"}),
    ({"step": "security_context", "identifier": "a", "key": "k"}, {"version": "1.4"}),
    ({"step": "signature_confirmation"}, {"name": "x"}),
    ({"step": "binary_token", "value_type": "t", "value_env": "X"}, {"value": "x"}),
    ({"step": "binary_token", "value_type": "t", "value_file": "x"}, {"value_env": "X"}),
]


@pytest.mark.parametrize(("step", "change"), STEP_TWINS, ids=str)
def test_steps(
    validator: Draft202012Validator, step: dict[str, Any], change: dict[str, Any]
) -> None:
    """Every kind of step is valid as the loader reads it, and invalid with one slip."""
    validator.validate({"outbound": [step]})
    with pytest.raises(ValidationError):
        validator.validate({"outbound": [{**step, **change}]})


def test_secret_that_is_needed(validator: Draft202012Validator) -> None:
    """A token has a text: one of its two keys must be there."""
    step = {"step": "binary_token", "value_type": "t"}
    validator.validate({"outbound": [{**step, "value_env": "X"}]})
    with pytest.raises(ValidationError):
        validator.validate({"outbound": [step]})


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"order": ["timestamp", "token"]}, {"order": ["tokens"]}),
        ({"attributes": {"a:b": "c"}}, {"attributes": {"a:b": 1}}),
        ({"namespace": "2002/12"}, {"namespace": "2003"}),
    ],
)
def test_header(validator: Draft202012Validator, good: dict[str, Any], bad: dict[str, Any]) -> None:
    """The header's lists and tables know what they hold."""
    validator.validate({"header": good})
    with pytest.raises(ValidationError):
        validator.validate({"header": bad})


@pytest.mark.parametrize("cls", [Encryption, SessionKey])
def test_inherited_fields_have_their_descriptions(cls: type) -> None:
    """The text under a field of a base class is shown with each class that has it."""
    found = schema()["$defs"][word(cls)]["properties"]["mgf"]
    assert found["description"].startswith("Digest of OAEP's MGF1")
    assert found["default"] == "sha256"


def test_descriptions_come_from_the_fields() -> None:
    """The text under a field is what an editor shows."""
    found = schema()["$defs"]["timestamp"]["properties"]["ttl_seconds"]
    assert found["description"].startswith("Expires minus Created.")
    assert found["default"] == 300


def test_schema_is_json() -> None:
    """The schema has plain data only."""
    assert json.loads(json.dumps(schema())) == schema()


def test_every_class_has_its_word() -> None:
    """A new step or form of demand is in the file by its name alone."""
    assert set(STEPS.values()) == set(get_args(Step))
    assert set(MODES.values()) | {Inbound} == set(get_args(Demands))


def test_every_field_of_a_plan_has_its_section() -> None:
    """What a profile can say in Python it can say in a file."""
    names = {item.name for item in fields(Plan)} - {"operations"}
    assert names | {"operation", "trust", "algorithm_suite"} == set(SECTIONS)


def test_secret_becomes_several_keys() -> None:
    """A secret is written as where it is kept."""
    places = ("env", "file", "keyring", "callable")
    assert options_of(UsernameToken)["password"].keys == tuple(f"password_{at}" for at in places)


@pytest.mark.parametrize(("cls", "name", "choice"), ALGORITHMS)
def test_offered_algorithm_is_known(cls: type, name: str, choice: str) -> None:
    """Every value that an editor offers is accepted, or asks for its opt-in."""
    more = {} if cls is Signature else {"recipients": ("partner",)}
    try:
        cls(**{name: choice}, **more)
    except LegacyAlgorithmError as error:
        cls(**{name: choice}, **more, legacy={error.opt_in: "test"})


def test_algorithm_that_is_not_offered() -> None:
    """The values of the twin above are all there are."""
    with pytest.raises(ProfileError):
        Signature(digest="md5")
