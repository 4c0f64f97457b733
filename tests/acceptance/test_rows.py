"""Rows P-01 to P-28 and SW-01 to SW-13: each field of the settings pages as a profile file says it.

Each row has the smallest file that expresses it and what was read from that; or the refusal that somebody
gets who asks for what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from acceptance.kit import (
    DS,
    ENVELOPE,
    KEY_NAME,
    SECEXT,
    SHARED,
    TEXT,
    World,
    applied,
    found,
    quoted,
)

from zeep_wssec import (
    TLS,
    AuthenticationError,
    Encryption,
    Inbound,
    KeyLoadError,
    KeyNotFoundError,
    Keystore,
    MemoryReplayStore,
    OverTLS,
    Profile,
    ProfileError,
    RequirementError,
    Secret,
    Signature,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.plan import Plan
from zeep_wssec.soap.namespaces import SOAP11, SOAP12

ALL = [f"P-{n:02}" for n in range(1, 29)] + [f"SW-{n:02}" for n in range(1, 14)]
MESSAGE = ENVELOPE.encode()
BODY_STRING = "{Content}{" + SOAP11 + "}Body"
TOKEN_STRING = "{Element}{" + SECEXT + "}UsernameToken"
TIMESTAMP = '[[outbound]]\nstep = "timestamp"\n'
SIGN = '[[outbound]]\nstep = "signature"\n'
ENCRYPT = '[[outbound]]\nstep = "encryption"\nrecipients = ["server"]\n'
LOGIN = (
    '[[outbound]]\nstep = "username_token"\nusername = "alice"\npassword_file = "user-password"\n'
)
IDENTIFIERS = {
    "IssuerSerial": "issuer_serial",
    "DirectReference": "binary_token",
    "X509KeyIdentifier": "x509_key_identifier",
    "Thumbprint": "thumbprint",
    "SKIKeyIdentifier": "subject_key_identifier",
}


@dataclass(frozen=True)
class Row:
    """What a file says, and what it means."""

    text: str
    read: Callable[[Plan], Any]
    expected: Any


def kinds(plan: Plan) -> list[str]:
    """Give the steps by their names."""
    return [type(step).__name__ for step in plan.outbound]


def of_last(*names: str) -> Callable[[Plan], Any]:
    """Read settings of the last step."""
    return lambda plan: tuple(getattr(plan.outbound[-1], name) for name in names)


def parts(plan: Plan) -> list[tuple[str, str | None, bool]]:
    """Give kind, scope and whether it may be missing, of each part of the last step."""
    step = plan.outbound[-1]
    return [(part.kind, part.scope, part.optional) for part in plan.parts[id(step)]]


def inbound(*names: str) -> Callable[[Plan], Any]:
    """Read what is demanded."""
    return lambda plan: tuple(getattr(plan.inbound, name) for name in names)


def legacy(*names: str) -> str:
    """Write opt-ins."""
    said = ", ".join(f'{quoted(name)} = "theirs"' for name in names)
    return f"legacy = {{ {said} }}\n"


def rows() -> Iterator[tuple[str, Row]]:
    """Give each row under its number; some have several values."""
    four = TIMESTAMP + LOGIN + SIGN + ENCRYPT
    order = ["Timestamp", "UsernameToken", "Signature", "Encryption"]
    yield "P-01", Row(four, kinds, order)
    actions = ("encryption", "signature", "username_token", "timestamp")
    said = f"[inbound]\norder = [{', '.join(map(quoted, actions))}]\n"
    yield "P-02", Row(said, inbound("order"), (actions,))
    both = LOGIN + ENCRYPT + f"parts = [{quoted(BODY_STRING + ';' + TOKEN_STRING)}]\n"
    yield "P-03", Row(both, parts, [("element", "content", False), ("element", "element", False)])
    optional = ENCRYPT + f"parts = [{quoted(BODY_STRING)}, {quoted('{Element}{urn:t}Gone?')}]\n"
    yield "P-04", Row(optional, lambda plan: [item[2] for item in parts(plan)], [False, True])
    for name in IDENTIFIERS.values():
        text = f'key_reference = "{name}"\n'
        yield "P-05", Row(ENCRYPT + text, of_last("key_reference"), (name,))
        yield "P-13", Row(SIGN + text, of_last("key_reference"), (name,))
    yield (
        "P-13",
        Row(SIGN + 'key_reference = "key_value"\n', of_last("key_reference"), ("key_value",)),
    )
    session = '[[outbound]]\nstep = "session_key"\nrecipients = ["server"]\n'
    by_sha1 = (
        '[[outbound]]\nstep = "encryption"\nkey = "session"\nkey_reference = "encrypted_key_sha1"\n'
    )
    yield "P-05", Row(session + by_sha1, of_last("key_reference"), ("encrypted_key_sha1",))
    by_name = '[[outbound]]\nstep = "encryption"\nkey = "shared"\nkey_reference = "key_name"\n'
    yield "P-05", Row(by_name, of_last("key_reference"), ("key_name",))
    yield "P-06", Row(ENCRYPT, of_last("recipients"), (("server",),))
    yield "P-07", Row(by_name, secret_of, (KEY_NAME, SHARED))
    yield from algorithm_rows()
    several = (
        TIMESTAMP + LOGIN + SIGN + 'parts = ["body", "timestamp", "username_token", "headers"]\n'
    )
    signed = ["body", "timestamp", "username_token", "headers"]
    yield "P-14", Row(several, lambda plan: [item[0] for item in parts(plan)], signed)
    yield "P-15", Row(SIGN + 'key = "client"\n', of_last("key"), ("client",))
    lived = TIMESTAMP + 'ttl_seconds = 300\nprecision = "milliseconds"\n'
    yield "P-16", Row(lived, of_last("ttl_seconds", "precision"), (300, "milliseconds"))
    fresh = "[inbound]\nfresh_seconds = 300\nclock_skew_seconds = 60\n"
    yield "P-17", Row(fresh, inbound("fresh_seconds", "clock_skew_seconds"), (300, 60))
    yield "P-17", Row("[inbound]\n", inbound("fresh_seconds", "clock_skew_seconds"), (300, 60))
    for kind in ("digest", "text"):
        text = LOGIN + f'password_type = "{kind}"\nnonce = true\ncreated = true\n'
        expected = (kind, True, True)
        yield "P-18", Row(text, of_last("password_type", "nonce", "created"), expected)
        yield "SW-02", Row(text, of_last("password_type"), (kind,))
    bare = '[[outbound]]\nstep = "username_token"\nusername = "alice"\npassword_type = "none"\n'
    yield "P-18", Row(bare, of_last("password_type", "password"), ("none", None))
    yield from connection_rows()
    yield from channel_rows()


def secret_of(plan: Plan) -> tuple[str, bytes]:
    """Give name and octets of the key that both sides have."""
    entry = plan.keystore.snapshot().require_secret("shared")
    return entry.message_name, entry.octets


def algorithm_rows() -> Iterator[tuple[str, Row]]:
    """Give the rows about algorithms, with the opt-ins that they need."""
    for name in ("aes128", "aes192", "aes256"):
        cbc, gcm = f'algorithm = "{name}-cbc"\n', f'algorithm = "{name}-gcm"\n'
        yield "P-08", Row(ENCRYPT + cbc + legacy("cbc"), of_last("algorithm"), (f"{name}-cbc",))
        yield "P-08", Row(ENCRYPT + gcm, of_last("algorithm"), (f"{name}-gcm",))
    triple = ENCRYPT + 'algorithm = "tripledes-cbc"\n' + legacy("cbc", "3des")
    yield "P-08", Row(triple, of_last("algorithm"), ("tripledes-cbc",))
    fields = of_last("key_transport", "digest", "mgf")
    old = ENCRYPT + 'key_transport = "rsa-1_5"\n' + legacy("rsa-1_5")
    yield "P-09", Row(old, of_last("key_transport"), ("rsa-1_5",))
    for name in ("rsa-oaep", "rsa-oaep-mgf1p"):
        text = ENCRYPT + f'key_transport = "{name}"\ndigest = "sha512"\nmgf = "sha384"\n'
        yield "P-09", Row(text, fields, (name, "sha512", "sha384"))
    for sha in ("sha256", "sha384", "sha512"):
        for scheme in ("rsa", "ecdsa"):
            text = SIGN + f'algorithm = "{scheme}-{sha}"\n'
            yield "P-11", Row(text, of_last("algorithm"), (f"{scheme}-{sha}",))
        yield "P-12", Row(SIGN + f'digest = "{sha}"\n', of_last("digest"), (sha,))
        if sha != "sha384":
            yield (
                "SW-05",
                Row(SIGN + f'algorithm = "rsa-{sha}"\n', of_last("algorithm"), (f"rsa-{sha}",)),
            )
    for name, opt_in in (("rsa-sha1", "sha1"), ("dsa-sha1", "dsa")):
        text = SIGN + f'algorithm = "{name}"\n' + legacy(opt_in)
        yield "P-11", Row(text, of_last("algorithm"), (name,))
        yield "SW-05", Row(text, of_last("algorithm"), (name,))
    yield "P-12", Row(SIGN + 'digest = "sha1"\n' + legacy("sha1"), of_last("digest"), ("sha1",))
    yield "SW-05", Row(SIGN, of_last("digest"), ("sha256",))
    suite = 'algorithm_suite = "Basic128GCMSha256"\n' + SIGN + ENCRYPT
    expected = ("aes128-gcm", "rsa-oaep-mgf1p")
    yield "SW-09", Row(suite, of_last("algorithm", "key_transport"), expected)


def connection_rows() -> Iterator[tuple[str, Row]]:
    """Give the rows about TLS."""
    one_way = '[tls]\ntrust = ["ca.pem"]\n'
    two_way = one_way + 'client_key = "client"\n'

    def ways(plan: Plan) -> tuple[str | None, int]:
        assert plan.tls is not None
        return plan.tls.client_key, len(plan.tls.trust)

    yield "P-22", Row(two_way, kinds, [])
    yield "P-23", Row(one_way, ways, (None, 1))
    yield "P-23", Row(two_way, ways, ("client", 1))
    for version in ("1.2", "1.3"):
        text = f'[tls]\nminimum_version = "{version}"\n'
        yield "P-24", Row(text, lambda plan: plan.tls, TLS(minimum_version=version))
    header = '[header]\nmust_understand = true\nactor = "urn:them"\n'
    read = lambda plan: (plan.header.must_understand, plan.header.actor)  # noqa: E731
    yield "P-28", Row(header, read, (True, "urn:them"))
    timeout = "[service]\ntimeout_seconds = 60.0\n"
    yield "SW-13", Row(timeout, lambda plan: plan.service.timeout_seconds, 60.0)


def channel_rows() -> Iterator[tuple[str, Row]]:
    """Give the rows of the second page that are not the first's."""
    yield "SW-01", Row("", kinds, [])
    yield "SW-01", Row(SIGN, kinds, ["Signature"])
    sealed = LOGIN + SIGN + ENCRYPT + 'parts = ["body", "username_token"]\n'
    hidden = [("body", None, False), ("username_token", None, False)]
    yield "SW-02", Row(sealed, parts, hidden)
    yield "SW-03", Row(SIGN, kinds, ["Signature"])
    yield "SW-03", Row(SIGN + ENCRYPT, kinds, ["Signature", "Encryption"])
    yield "SW-11", Row(ENCRYPT + SIGN, kinds, ["Encryption", "Signature"])
    said = '[inbound]\norder = ["signature", "encryption"]\n'
    yield "SW-11", Row(said, inbound("order"), (("signature", "encryption"),))
    aliases = SIGN + 'key = "client"\n' + ENCRYPT
    yield (
        "SW-04",
        Row(
            aliases,
            lambda plan: [
                getattr(plan.outbound[0], "key", 0),
                getattr(plan.outbound[1], "recipients", 0),
            ],
            ["client", ("server",)],
        ),
    )
    for_one = '[operation.Say]\n[[operation.Say.outbound]]\nstep = "signature"\nkey = "client"\n'
    read = lambda plan: plan.operations["Say"].outbound[0].key  # noqa: E731
    yield "SW-04", Row(for_one, read, "client")
    yield "SW-06", Row(TIMESTAMP + "[inbound]\n", inbound("signed"), (("body", "timestamp"),))
    yield (
        "SW-07",
        Row(SIGN, of_last("inclusive_prefixes", "canonicalization"), ("auto", "exc-c14n")),
    )
    for layout in ("strict", "lax"):
        text = f'[header]\nlayout = "{layout}"\n'
        yield "SW-08", Row(text, lambda plan: plan.header.layout, layout)
    tokens = {
        "issuer_serial": False,
        "subject_key_identifier": False,
        "thumbprint": False,
        "binary_token": True,
    }
    for name, included in tokens.items():
        text = SIGN + f'key_reference = "{name}"\ninclude_token = {str(included).lower()}\n'
        yield "SW-10", Row(text, of_last("key_reference", "include_token"), (name, included))


TABLE = list(rows())


@pytest.mark.parametrize(("number", "row"), TABLE, ids=[number for number, _ in TABLE])
def test_row(world: World, number: str, row: Row) -> None:
    """What the page offers can be said, and is read as it is meant."""
    assert number in ALL
    assert row.read(world.load(row.text).plan) == row.expected


REFUSED = {
    "P-04": (ENCRYPT + "optional_parts = []\n", "optional_parts"),
    "P-08": (ENCRYPT + 'algorithm = "tripledes-cbc"\n', "3des"),
    "P-09": (ENCRYPT + 'key_transport = "rsa-1_5"\n', "rsa-1_5"),
    "P-11": (SIGN + 'algorithm = "rsa-sha1"\n', "sha1"),
    "P-12": (SIGN + 'digest = "sha1"\n', "sha1"),
    "P-20": (LOGIN.replace("password_file", "password"), "password_env"),
    "P-24": ('[tls]\nminimum_version = "1.0"\n', '"1.2"'),
    "P-26": ('[policy]\nfile = "rampart.xml"\n', "write as steps what the policy asserts"),
    "P-27 connector": ('[sts]\naddress = "https://sts"\n', "STS"),
    "P-27 token": ('[[outbound]]\nstep = "saml_token"\n', "SAML"),
    "P-27 issued": ('[[outbound]]\nstep = "issued_token"\n', "STS"),
    "P-28": ("[service]\nmtom = true\n", "MTOM"),
    "P-30 keytab": ('[[keystore]]\nkeytab = "a.keytab"\n', "Kerberos"),
    "P-30 kerberos": ('[[outbound]]\nstep = "kerberos_token"\n', "Kerberos"),
    "SW-01": ("WsPolicy = true\n", "write as steps"),
    "SW-03": ('[[outbound]]\nstep = "none"\n', '"signature"'),
    "SW-07": ("[inbound]\nbsp = false\n", "bsp"),
    "SW-08": ('[header]\nlayout = "loose"\n', "lax"),
    "SW-09": ('algorithm_suite = "Basic256Sha512"\n', "Did you mean Basic256Sha256"),
    "SW-12": ('[inbound]\nkeep_evidence = "folder"\n', "on_exchange"),
}


@pytest.mark.parametrize("number", REFUSED)
def test_refused_row(world: World, number: str) -> None:
    """What is not there is refused when the file is loaded, with what to do; the file without it loads."""
    text, said = REFUSED[number]
    with pytest.raises(ProfileError) as caught:
        world.load(text)
    assert said in str(caught.value)
    world.load(TIMESTAMP)


BEHAVIOUR = {"P-10", "P-19", "P-20", "P-21", "P-22", "P-25", "P-26", "P-27", "SW-12"}
"""Rows that the tests below, the refusals and the checks of TLS show."""


def test_no_row_is_left_out() -> None:
    """Every row stands somewhere."""
    shown = {number for number, _ in TABLE} | {number.split()[0] for number in REFUSED}
    assert not set(ALL) - shown - BEHAVIOUR


def test_row_p_10_shape(world: World) -> None:
    """P-10: EncryptedData with Id and Type, its key in the header; listed by the key, or named by the data."""
    demands = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
    server = Profile(keystore=world.theirs, inbound=demands)
    listed = applied(world.load(ENCRYPT))
    session = '[[outbound]]\nstep = "session_key"\nrecipients = ["server"]\n'
    named = applied(world.load(session + '[[outbound]]\nstep = "encryption"\nkey = "session"\n'))
    for message in (listed, named):
        (data,), (key,) = found(message, "{*}EncryptedData"), found(message, "{*}EncryptedKey")
        assert data.get("Type", "").endswith("#Content")
        assert data.get("Id")
        assert key.getparent().tag == f"{{{SECEXT}}}Security"
        assert server.check(message).body[0].text == TEXT
    assert found(listed, "{*}EncryptedKey")[0].find("{*}ReferenceList") is not None
    (reference,) = found(named, "{*}EncryptedData")[0].iterfind(
        f"{DS}KeyInfo//{{{SECEXT}}}Reference"
    )
    assert reference.get("URI") == "#" + found(named, "{*}EncryptedKey")[0].get("Id", "")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, None),
        ({"password_type": "text"}, RequirementError),
        ({"password_type": "none", "password": None}, RequirementError),
        ({"password": "another"}, AuthenticationError),
        ({"username": "nobody"}, AuthenticationError),
    ],
)
def test_row_p_19_user(world: World, settings: dict[str, Any], error: Any) -> None:
    """P-19: the password must be of the demanded kind and right; without one a token is refused."""
    token = UsernameToken(**{"username": "alice", "password": "ecila-secret", **settings})
    message = Profile(keystore=world.theirs, outbound=(Timestamp(), token)).secure(MESSAGE)
    receiver = world.load('[inbound]\nsigned = []\nusername_token = "digest"\n')
    if error is None:
        assert receiver.check(message.to_bytes()).report.username == "alice"
        return
    with pytest.raises(error):
        receiver.check(message.to_bytes())


def test_row_p_20_secrets(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """P-15, P-20: the password of a key may be another than the file's, and is read where it is kept."""
    path = tmp_path / "client.pem"
    path.write_bytes(world.client.key_pem("of the key") + world.client.certificate_pem)
    text = f'[[keystore]]\npem = "{path}"\nkey_password_env = "KEY_PASSWORD"\n' + SIGN
    monkeypatch.delenv("KEY_PASSWORD", raising=False)
    with pytest.raises(KeyLoadError, match="KEY_PASSWORD"):
        world.load(text, keys=False)
    monkeypatch.setenv("KEY_PASSWORD", "of the key")
    assert world.load(text, keys=False).secure(MESSAGE)
    asked = Secret.callable(lambda: "of the key")
    assert Keystore.load(path, key_password=asked).snapshot().keys


def test_row_p_21_store(world: World) -> None:
    """P-21: every profile remembers nonces without being told to."""
    one, two = world.load(""), world.load("")
    assert isinstance(one.plan.replay, MemoryReplayStore)
    assert one.plan.replay is not two.plan.replay


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_row_p_22_no_header(world: World, soap: str) -> None:
    """P-22, SW-01: a profile without steps adds nothing, in both versions of SOAP."""
    plain = ENVELOPE.replace(SOAP11, soap)
    profile = world.load('[tls]\ntrust = ["ca.pem"]\n')
    assert b"Security" not in profile.secure(plain.encode()).to_bytes()


def test_row_sw_04_alias_that_is_not_there(world: World) -> None:
    """SW-04: aliases are those of the keystore, and never come from a message."""
    with pytest.raises(KeyNotFoundError, match="'cleint'") as caught:
        world.load(SIGN + 'key = "cleint"\n').secure(MESSAGE)
    assert "Did you mean 'client'" in caught.value.hint
    assert world.load(SIGN + 'key = "client"\n').secure(MESSAGE)


def test_row_sw_10_token_is_included(world: World) -> None:
    """SW-10: whether the certificate goes along is said apart from how it is named."""
    named = SIGN + 'key_reference = "thumbprint"\n'
    token = f"{{{SECEXT}}}BinarySecurityToken"
    assert not found(applied(world.load(named + TLS_ONLY)), token)
    assert len(found(applied(world.load(named + "include_token = true\n" + TLS_ONLY)), token)) == 1


TLS_ONLY = '[inbound]\nmode = "over_tls"\n'


def test_settings_of_rows_in_python(world: World) -> None:
    """SW-01: what a file says can be said in Python."""
    profile = Profile(
        keystore=world.ours,
        outbound=[Timestamp(), Signature(), Encryption(recipients=["server"])],
        inbound=OverTLS(),
    )
    assert kinds(profile.plan) == kinds(world.load(TIMESTAMP + SIGN + ENCRYPT).plan)
