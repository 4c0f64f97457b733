"""What is refused, each beside its accepted twin: the same signature with the one fault repaired."""

from __future__ import annotations

import json
from typing import Any

import pytest
from payload.jws.kit import (
    NOW,
    PAYLOAD,
    Sides,
    encoded,
    good_header,
    header_of,
    later,
    signed,
    written,
)

from zeep_wssec import Keystore, ProfileError
from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUsageError,
)
from zeep_wssec.payload.jws import Jws, JwsSettings
from zeep_wssec.testing.authority import Authority

SECONDS = int(NOW.timestamp())
HEADERS: dict[str, tuple[dict[str, Any], type[PayloadError]]] = {
    "no kid": ({"kid": None}, PayloadMalformedError),
    "kid is a number": ({"kid": 7}, PayloadMalformedError),
    "unknown kid": ({"kid": "AAAA"}, PayloadSignerError),
    "kid is a path": ({"kid": "../../../../dev/null"}, PayloadSignerError),
    "kid is an address": ({"kid": "http://127.0.0.1:9/k"}, PayloadSignerError),
    "no iat": ({"iat": None, "crit": None}, PayloadMalformedError),
    "iat in the future": ({"iat": SECONDS + 61}, PayloadSignerError),
    "iat is old": ({"iat": SECONDS - 361}, PayloadSignerError),
    "iat is a text": ({"iat": str(SECONDS)}, PayloadMalformedError),
    "iat is true": ({"iat": True}, PayloadMalformedError),
    "iat is no time": ({"iat": 10**30}, PayloadMalformedError),
    "iat is no number of this machine": ({"iat": 10**400}, PayloadMalformedError),
    "iat is far in the past": ({"iat": -(10**400)}, PayloadMalformedError),
    "crit missing": ({"crit": None}, PayloadMalformedError),
    "crit without iat": ({"crit": ["x"], "x": 1}, PayloadMalformedError),
    "crit with an unknown name": ({"crit": ["iat", "exp"], "exp": 1}, PayloadMalformedError),
    "crit names what is not there": ({"crit": ["iat", "iss"]}, PayloadMalformedError),
    "crit empty": ({"crit": []}, PayloadMalformedError),
    "crit is a text": ({"crit": "iat"}, PayloadMalformedError),
    "crit holds a number": ({"crit": ["iat", 1]}, PayloadMalformedError),
    "crit twice": ({"crit": ["iat", "iat"]}, PayloadMalformedError),
    "crit names a registered member": ({"crit": ["iat", "kid"]}, PayloadMalformedError),
    "b64 in the mode without": ({"b64": True, "crit": ["iat", "b64"]}, PayloadMalformedError),
    "b64 false in the mode without": ({"b64": False}, PayloadMalformedError),
    "brings a key": ({"jwk": {"kty": "RSA"}}, PayloadMalformedError),
    "brings certificates": ({"x5c": ["AAAA"]}, PayloadMalformedError),
    "fetches a key": ({"jku": "http://127.0.0.1:9/"}, PayloadMalformedError),
    "fetches a certificate": ({"x5u": "http://127.0.0.1:9/"}, PayloadMalformedError),
}


@pytest.mark.parametrize("case", HEADERS)
def test_j4_header(sides: Sides, case: str) -> None:
    """J-05, J-06: the signature is right, one member is not."""
    changes, kind = HEADERS[case]
    good = written(sides, good_header(sides))
    assert sides.service().verify(good, content=PAYLOAD, now=NOW).signed_by == ("alice",)
    with pytest.raises(kind):
        sides.service().verify(
            written(sides, good_header(sides, **changes)), content=PAYLOAD, now=NOW
        )


@pytest.mark.parametrize(
    "name", ["none", "None", "nOnE", "NONE", "", "RS256", "HS256", "ps256", 7, None]
)
def test_j4_alg(sides: Sides, name: object) -> None:
    """JW-01, JW-02, JW-18: only the algorithms that are stated, whatever the header says."""
    header = {**good_header(sides), "alg": name}
    token = written(sides, {k: v for k, v in header.items() if v is not None})
    with pytest.raises(PayloadAlgorithmError):
        sides.service().verify(token, content=PAYLOAD, now=NOW)
    unsigned = token.rpartition(b".")[0] + b".AAAA"
    with pytest.raises(PayloadAlgorithmError):
        sides.service().verify(unsigned, content=PAYLOAD, now=NOW)


@pytest.mark.parametrize("name", ["none", "HS256", "RS1", "PS255"])
@pytest.mark.parametrize("field", ["algorithm", "accepted"])
def test_algorithms_that_no_profile_can_ask_for(name: str, field: str) -> None:
    """JW-01, JW-02: neither no signature nor a shared key can be stated."""
    with pytest.raises(ProfileError) as caught:
        JwsSettings(**{field: [name] if field == "accepted" else name})
    assert caught.value.path.startswith(field)


def test_another_algorithm_of_the_same_key(sides: Sides) -> None:
    """JW-18: RS256 with the partner's RSA key is refused where PS256 is stated, accepted where it is."""
    token = signed(sides.caller(algorithm="RS256"))
    assert sides.service(algorithm="RS256").verify(token, content=PAYLOAD, now=NOW).size
    with pytest.raises(PayloadAlgorithmError):
        sides.service().verify(token, content=PAYLOAD, now=NOW)


SHAPES = {
    "four parts": lambda token: token + b".AAAA",
    "two parts": lambda token: token.replace(b"..", b"."),
    "payload inside": lambda token: token.replace(b"..", b"." + encoded(PAYLOAD).encode() + b"."),
    "padding": lambda token: token + b"==",
    "line end": lambda token: token + b"\n",
    "space": lambda token: b" " + token,
    "standard base64": lambda token: token[:-2] + b"+/",
    "spare bits": lambda token: token[:-1] + bytes([token[-1] + 1]),
    "no value": lambda token: token.rpartition(b".")[0] + b".",
    "no header": lambda token: b".." + token.rpartition(b".")[2],
    "not ASCII": lambda token: token.replace(b"..", b".\xff."),
    "empty": lambda token: b"",
    "too long": lambda token: token + b"A" * 20000,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_j4_shape(sides: Sides, shape: str) -> None:
    """JW-07, JW-14: the one form, in strict base64url."""
    token = signed(sides.caller())
    # "spare bits" needs a last character whose lower bits count for nothing.
    token = token if shape != "spare bits" else token[:-1] + b"A" if token[-1:] == b"A" else token
    assert sides.service().verify(signed(sides.caller()), content=PAYLOAD, now=NOW).size
    with pytest.raises(PayloadMalformedError):
        sides.service().verify(SHAPES[shape](token), content=PAYLOAD, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        '{"alg":"none","alg":"PS256"}',
        "[1]",
        '"PS256"',
        "null",
        "{",
        '{"alg":"PS256","iat":NaN}',
        '{"alg":"PS256","iat":1' + "0" * 5000 + "}",
        "[" * 9000,
        b"\xff\xfe",
    ],
    ids=["twice", "list", "text", "null", "broken", "nan", "long number", "deep", "not utf-8"],
)
def test_j4_header_is_one_json_object(sides: Sides, text: str | bytes) -> None:
    """JW-09, JW-17: one object, each member once, no numbers without end."""
    with pytest.raises(PayloadMalformedError):
        sides.service().verify(written(sides, text), content=PAYLOAD, now=NOW)


@pytest.mark.parametrize("seconds", [-60, 0, 300, 360])
def test_time_within_bounds(sides: Sides, seconds: int) -> None:
    """The age and the skew that are stated are the bounds, themselves included."""
    token = signed(sides.caller())
    assert sides.service().verify(token, content=PAYLOAD, now=later(seconds)).size
    with pytest.raises(PayloadSignerError) as caught:
        sides.service().verify(token, content=PAYLOAD, now=later(361 if seconds > 0 else -61))
    assert caught.value.reason == ("expired" if seconds > 0 else "not_yet_valid")


@pytest.mark.parametrize("value", [False, "false", 0, None])
def test_b64(sides: Sides, value: object) -> None:
    """JW-06: in the mode unencoded b64 is false, nothing that looks alike, and named in crit."""
    service = sides.service(mode="unencoded")
    header = good_header(sides, b64=value, crit=["b64", "iat"] if value is not None else ["iat"])
    token = written(sides, header, unencoded=True)
    if value is False:
        assert service.verify(token, content=PAYLOAD, now=NOW).size
        uncritical = written(sides, {**header, "crit": ["iat"]}, unencoded=True)
        with pytest.raises(PayloadMalformedError, match="b64"):
            service.verify(uncritical, content=PAYLOAD, now=NOW)
        return
    with pytest.raises(PayloadMalformedError, match="b64"):
        service.verify(token, content=PAYLOAD, now=NOW)


def test_somebody_else(sides: Sides) -> None:
    """Another certificate of the same CA is not the partner, with its own kid nor with alice's."""
    mallory = sides.authority.issue("mallory")
    own = signed(Jws(mallory.keystore("m"), JwsSettings()))
    with pytest.raises(PayloadSignerError):
        sides.service().verify(own, content=PAYLOAD, now=NOW)
    alices = header_of(signed(sides.caller()))["kid"]
    stolen = signed(Jws(mallory.keystore("m"), JwsSettings(kid="given", key_id=alices)))
    with pytest.raises(PayloadSignatureError):
        sides.service().verify(stolen, content=PAYLOAD, now=NOW)


def test_partner_who_must_not_sign(sides: Sides) -> None:
    """Of several partners only those that are stated may sign."""
    carol = sides.authority.issue("carol")
    keystore = two_partners(sides, carol.certificate)
    token = signed(Jws(carol.keystore("carol"), JwsSettings()))
    both = Jws(keystore, JwsSettings(signed_by=["alice", "carol"]))
    assert both.verify(token, content=PAYLOAD, now=NOW).signed_by == ("carol",)
    with pytest.raises(PayloadSignerError):
        Jws(keystore, JwsSettings(signed_by=["alice"])).verify(token, content=PAYLOAD, now=NOW)
    anyone = Jws(keystore, JwsSettings())
    assert anyone.verify(token, content=PAYLOAD, now=NOW).signed_by == ("carol",)


def two_partners(sides: Sides, other: Any) -> Keystore:
    keystore = sides.bank.keystore("bank").with_partner("alice", sides.alice.certificate)
    return keystore.with_partner("carol", other)


def test_our_own_signature(sides: Sides) -> None:
    """What we signed ourselves comes back: our own key is nobody's partner."""
    caller = sides.caller()
    with pytest.raises(PayloadSignerError):
        caller.verify(signed(caller), content=PAYLOAD, now=NOW)


def test_expired_certificate(sides: Sides) -> None:
    """A certificate counts within its time only, however it is named."""
    token = written(sides, good_header(sides, iat=int(later(4e8).timestamp())))
    with pytest.raises(PayloadSignerError) as caught:
        sides.service().verify(token, content=PAYLOAD, now=later(4e8))
    assert caught.value.reason == "expired"


def test_j7_weak_key() -> None:
    """J-08: a key of 1024 bits signs nothing and proves nothing."""
    authority = Authority.create("Weak CA", now=NOW, key="ec-p256", reuse_keys=True)
    weak, bank = authority.issue("alice", key="rsa-1024"), authority.issue("bank")
    with pytest.raises(Exception, match="1024"):
        Jws(weak.keystore("alice"), JwsSettings()).sign(PAYLOAD, now=NOW)
    sides = Sides(authority=authority, alice=weak, bank=bank)
    with pytest.raises(PayloadSignerError, match="1024"):
        sides.service().verify(written(sides, good_header(sides)), content=PAYLOAD, now=NOW)


def test_json_serialization(sides: Sides) -> None:
    """JW-10, JW-11: one protected header and one value: neither unprotected members nor a list of signatures."""
    good = signed(sides.caller())
    assert sides.service().verify(good, content=PAYLOAD, now=NOW).size
    protected, _, value = good.decode().split(".")
    one = {"protected": protected, "signature": value}
    for made in ({**one, "header": {"kid": "x"}}, {"signatures": [one, one]}, one):
        with pytest.raises(PayloadMalformedError):
            sides.service().verify(json.dumps(made).encode(), content=PAYLOAD, now=NOW)


@pytest.mark.parametrize("value", [b"", b"\0" * 64, b"\0" * 63, b"\0" * 96])
def test_ecdsa_values(value: bytes) -> None:
    """JW-12: zeros, and values of another length, are no signature."""
    sides = Sides.create("ec-p256")
    token = signed(sides.caller(algorithm="ES256"))
    forged = token.rpartition(b".")[0] + b"." + encoded(value).encode()
    with pytest.raises((PayloadSignatureError, PayloadMalformedError)):
        sides.service(algorithm="ES256").verify(forged, content=PAYLOAD, now=NOW)


def test_required_members(sides: Sides) -> None:
    """Claims that are demanded must be there, with their value where one is stated."""
    token = signed(sides.caller(claims={"iss": "alice"}))
    for wanted in ("alice", "*"):
        service = sides.service(required={"iss": wanted})
        assert service.verify(token, content=PAYLOAD, now=NOW).size
    for required in ({"iss": "bob"}, {"tan": "*"}):
        with pytest.raises(PayloadMalformedError):
            sides.service(required={"iss": "*", **required}).verify(token, content=PAYLOAD, now=NOW)


def test_type(sides: Sides) -> None:
    """JW-16: where a type is stated, a token of another type is none."""
    token = signed(sides.caller(typ="JOSE"))
    assert sides.service(typ="JOSE").verify(token, content=PAYLOAD, now=NOW).size
    with pytest.raises(PayloadMalformedError, match="typ"):
        sides.service(typ="payment+jws").verify(token, content=PAYLOAD, now=NOW)


def test_payload_is_octets(sides: Sides) -> None:
    """JW-15: text is refused, since its octets are not known."""
    with pytest.raises(PayloadUsageError):
        sides.caller().sign("text")  # type: ignore[arg-type]


def test_payload_over_the_limit(sides: Sides) -> None:
    """A payload is held in memory, so its size is bounded."""
    small = sides.caller(max_payload_bytes=len(PAYLOAD))
    assert signed(small)
    with pytest.raises(PayloadLimitError):
        small.sign(PAYLOAD + b" ", now=NOW)


def test_payload_missing(sides: Sides) -> None:
    """A detached signature says nothing without its payload."""
    with pytest.raises(PayloadUsageError):
        sides.service().verify(signed(sides.caller()), now=NOW)
