"""Profile files: field names as keys, strict types, nothing unknown, errors that say where."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from zeep_wssec.demands import (
    Anonymous,
    AnyoneUnder,
    Inbound,
    OverTLS,
    Pin,
    Subject,
    Unverified,
)
from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    LegacyAlgorithmError,
    ProfileError,
    UnknownOptionError,
    WrongPasswordError,
)
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.plan import TLS, Overlay, Plan, Service
from zeep_wssec.profile_file import MAX_FILE_BYTES, load_plan, loads_plan, settings_to_toml
from zeep_wssec.settings import (
    Addressing,
    BinaryToken,
    Encryption,
    SecurityContext,
    SecurityHeader,
    SessionKey,
    Signature,
    SignatureConfirmation,
    Step,
    Timestamp,
    UsernameToken,
)
from zeep_wssec.soap.limits import Limits
from zeep_wssec.testing.authority import Authority, Issued

NOW = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
PIN = "ab" * 32
SIGN = '[[outbound]]\nstep = "signature"\nparts = ["body"]\n'
TICKET = '[[outbound]]\nstep = "binary_token"\nvalue_type = "urn:ticket"\n'


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Who issues the certificates here."""
    return Authority.create("CN=ca", now=NOW)


@pytest.fixture(scope="module")
def client(authority: Authority) -> Issued:
    """Our key pair."""
    return authority.issue("CN=client")


@pytest.fixture
def folder(tmp_path: Path, authority: Authority, client: Issued) -> Path:
    """A folder with the files that the profiles here name."""
    (tmp_path / "client.p12").write_bytes(client.pkcs12("secret", name="client"))
    (tmp_path / "client.key").write_bytes(client.key_pem())
    (tmp_path / "client.crt").write_bytes(client.certificate_pem)
    (tmp_path / "client.pem").write_bytes(client.key_pem("secret") + client.chain_pem)
    (tmp_path / "partner.pem").write_bytes(authority.issue("CN=partner").certificate_pem)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "password").write_text("secret\n")
    return tmp_path


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P12_PASSWORD", "secret")


def load(text: str, base: Path = Path()) -> Plan:
    return loads_plan(text, base=base, name="partner.toml")


def refuse(text: str, kind: type[ProfileError] = ProfileError, base: Path = Path()) -> Any:
    with pytest.raises(kind) as caught:
        load(text, base)
    assert type(caught.value) is kind
    return caught.value


# What a file says.


def test_empty_file_has_the_defaults() -> None:
    """An empty file is a plan that does nothing and trusts nobody."""
    plan = load("")
    assert plan.outbound == ()
    assert plan.inbound is None
    assert plan.tls is None
    assert not plan.keystore.snapshot().keys


def test_steps_in_the_order_of_the_file() -> None:
    """The order of ``[[outbound]]`` is the order of work."""
    plan = load(
        """
        [[outbound]]
        step = "timestamp"
        ttl_seconds = 60
        [[outbound]]
        step = "signature"
        parts = ["body", "timestamp"]
        inclusive_prefixes = ["soap"]
        [[outbound]]
        step = "encryption"
        recipients = ["partner"]
        """
    )
    assert plan.outbound == (
        Timestamp(ttl_seconds=60),
        Signature(parts=("body", "timestamp"), inclusive_prefixes=("soap",)),
        Encryption(recipients=("partner",)),
    )


def test_token_password_is_named_by_its_place() -> None:
    """A token's password is a secret that knows where it is kept."""
    (token,) = load(
        """
        [[outbound]]
        step = "username_token"
        username = "me"
        password_env = "TOKEN_PASSWORD"
        """
    ).outbound
    assert isinstance(token, UsernameToken)
    assert repr(token.password) == "Secret.env('TOKEN_PASSWORD')"


def test_symmetric_steps() -> None:
    """Steps that share a key are joined by its name; fields of their common base are read like their own."""
    plan = load(
        """
        [[outbound]]
        step = "session_key"
        recipients = ["partner"]
        key_wrap = "kw-aes128"
        bytes = 16
        name = "k"
        [[outbound]]
        step = "signature"
        parts = ["body"]
        key = "k"
        derived_key = "1.3"
        part_prefixes = { body = ["soap"] }
        [[outbound]]
        step = "encryption"
        key = "k"
        wrapped = true
        """
    )
    assert plan.outbound == (
        SessionKey(recipients=("partner",), key_wrap="kw-aes128", bytes=16, name="k"),
        Signature(parts=("body",), key="k", derived_key="1.3", part_prefixes={"body": ("soap",)}),
        Encryption(key="k", wrapped=True),
    )


@pytest.mark.parametrize(
    ("text", "reply_to"),
    [("", "anonymous"), ('reply_to = "none"', None), ('reply_to = "urn:us"', "urn:us")],
)
def test_reply_to(text: str, reply_to: str | None) -> None:
    """A block that is written by default is left out by the word for nothing."""
    assert load(f'[[outbound]]\nstep = "addressing"\n{text}').outbound == (
        Addressing(reply_to=reply_to),
    )


def test_ticket_is_named_by_its_place() -> None:
    """The text of a token is a secret like a password; without one there is no token."""
    (ticket,) = load(f'{TICKET}value_env = "TICKET"').outbound
    assert isinstance(ticket, BinaryToken)
    assert repr(ticket.value) == "Secret.env('TICKET')"
    error = refuse(TICKET)
    assert error.path == "partner.toml: outbound[0]"
    assert "value_env" in error.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"partner"', "partner"),
        (f'{{ pin = "{PIN}" }}', Pin(PIN)),
        ('{ subject = "CN=partner" }', Subject("CN=partner")),
        ('{ anyone_under = "test" }', AnyoneUnder(reason="test")),
        ('{ anonymous = "test" }', Anonymous(reason="test")),
        (f'["partner", {{ pin = "{PIN}" }}]', ("partner", Pin(PIN))),
    ],
)
def test_signed_by(text: str, expected: object) -> None:
    """Each way to say who must sign has its form."""
    plan = load(f"[inbound]\nsigned_by = {text}")
    assert plan.inbound == Inbound(signed_by=expected)  # type: ignore[arg-type]


def test_none_where_it_says_something() -> None:
    """TOML has no null, so a word stands for it where the default is another value."""
    plan = load('[inbound]\nsigned = ["body"]\nfresh_seconds = "none"')
    assert plan.inbound == Inbound(signed=("body",), fresh_seconds=None)


def test_over_tls() -> None:
    """``mode`` chooses the other forms of a demand."""
    assert load('[inbound]\nmode = "over_tls"').inbound == OverTLS()


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2027-01-31", date(2027, 1, 31)),
        ("2027-01-31T00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
    ],
)
def test_unverified_with_its_end(text: str, until: date) -> None:
    """An exception has a reason and an end: a date of TOML."""
    plan = load(f'[inbound]\nmode = "unverified"\nreason = "test system"\nuntil = {text}')
    assert plan.inbound == Unverified(reason="test system", until=until)


def test_operation_overlays() -> None:
    """An operation changes what it names; an empty list of steps is said, not left out."""
    plan = load(
        """
        [operation."Ping"]
        outbound = []
        [operation."urn:example:orders/Fetch".inbound]
        mode = "over_tls"
        """
    )
    assert plan.operations["Ping"].outbound == ()
    assert plan.operations["Ping"].inbound is None
    assert plan.operations["urn:example:orders/Fetch"].outbound is None
    assert plan.operations["urn:example:orders/Fetch"].inbound == OverTLS()


def test_other_sections() -> None:
    """Header, limits, service and namespaces have the fields of their classes."""
    plan = load(
        """
        [service]
        wsdl = "https://orders.example/orders?wsdl"
        timeout_seconds = 5
        [header]
        layout = "timestamp_last"
        must_understand = false
        [limits]
        max_signatures = 2
        [namespaces]
        o = "urn:example:orders"
        """
    )
    assert plan.service.wsdl == "https://orders.example/orders?wsdl"
    assert plan.service.timeout_seconds == 5.0
    assert plan.header.layout == "timestamp_last"
    assert plan.header.must_understand is False
    assert plan.limits.max_signatures == 2
    assert plan.namespaces == {"o": "urn:example:orders"}


# Keys.


@pytest.mark.parametrize(
    ("entry", "alias"),
    [
        ('pkcs12 = "client.p12"\npassword_env = "P12_PASSWORD"', "client"),
        ('pkcs12 = "client.p12"\npassword_file = "password"', "client"),
        ('pkcs12 = "client.p12"\npassword_env = "P12_PASSWORD"\nalias = "other"', "other"),
        ('pem = "client.pem"\npassword_file = "password"', "key"),
        ('key = "client.key"\ncertificate = "client.crt"\nalias = "ours"', "ours"),
        ('key = "client.key"\ncertificate = "client.crt"\nchain = ["ca.pem"]', "key"),
    ],
)
def test_key_pair(folder: Path, client: Issued, entry: str, alias: str) -> None:
    """A key pair comes from each form of entry, under its own name or a given one."""
    keys = load(f"[[keystore]]\n{entry}", folder).keystore.snapshot().keys
    assert list(keys) == [alias]
    assert keys[alias].certificate == client.certificate


def test_key_pair_from_the_environment(client: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container hands over its keystore in a variable."""
    import base64

    monkeypatch.setenv("KEYS", base64.b64encode(client.pkcs12("secret", name="c")).decode())
    plan = load('[[keystore]]\nbase64_env = "KEYS"\npassword_env = "P12_PASSWORD"')
    assert list(plan.keystore.snapshot().keys) == ["c"]


SHARED_KEY = bytes(range(32))
WRAPPED = "AAECAwQFBgcICQoLDA0O\n  DxAREhMUFRYXGBkaGxwdHh8=\n"


def test_shared_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A symmetric key comes in base64, from a variable or a file, under a name of its own."""
    monkeypatch.setenv("SHARED_KEY", WRAPPED)
    (folder / "shared.b64").write_text(WRAPPED)
    entry = '[[keystore]]\nsecret_key = "k1"\n'
    plain = load(f'{entry}value_env = "SHARED_KEY"', folder).keystore.snapshot()
    assert plain.require_secret("k1").octets == SHARED_KEY
    named = load(f'{entry}value_file = "shared.b64"\nkey_name = "theirs"', folder)
    found = named.keystore.snapshot().find_secret(key_name="theirs")
    assert found is not None
    assert (found.alias, found.octets) == ("k1", SHARED_KEY)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("not base64!", r"Secret\.env\('SHARED_KEY'\) of the secret 'k1' is not base64"),
        ("AAEC=AwQ", "is not base64"),
        ("AAECAwQFBgcICQoLDA0O", "'k1' has 15 octets; 16 to 1024"),
        ("", "'k1' has 0 octets"),
    ],
)
def test_shared_key_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    """What is wrong with it is told with its place, and its value is not."""
    monkeypatch.setenv("SHARED_KEY", value)
    with pytest.raises(KeyLoadError, match=words) as caught:
        load('[[keystore]]\nsecret_key = "k1"\nvalue_env = "SHARED_KEY"')
    assert str(caught.value).startswith("partner.toml: keystore[0]: ")
    assert not value or value not in repr(caught.value.to_dict())


def test_shared_key_from_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named at load, as that of a keystore's password is."""
    monkeypatch.delenv("SHARED_KEY", raising=False)
    with pytest.raises(KeyLoadError, match=r"keystore\[0\]: .*SHARED_KEY is not set"):
        load('[[keystore]]\nsecret_key = "k1"\nvalue_env = "SHARED_KEY"')


def test_user(folder: Path) -> None:
    """A user's password is kept elsewhere and read when a token needs it."""
    for where in ('password_env = "P12_PASSWORD"', 'password_file = "password"'):
        plan = load(f'[[keystore]]\nuser = "alice"\n{where}', folder)
        assert plan.keystore.snapshot().users["alice"].reveal() == b"secret"
    twice = '[[keystore]]\nuser = "alice"\npassword_file = "password"\n' * 2
    with pytest.raises(DuplicateAliasError, match=r"keystore\[1\]: .*'alice'"):
        load(twice, folder)


def test_partner_and_trust(folder: Path, authority: Authority) -> None:
    """A partner has its own anchors; ``[trust]`` is for all."""
    plan = load(
        f"""
        [[keystore]]
        partner = "partner"
        certificate = "partner.pem"
        anchors = ["ca.pem"]
        [trust]
        anchors = ["ca.pem"]
        pins = ["{PIN}"]
        """,
        folder,
    )
    held = plan.keystore.snapshot()
    assert held.partners["partner"].anchors == (authority.certificate,)
    assert held.shared_trust.anchors == (authority.certificate,)
    assert held.shared_trust.pins == {PIN}


def test_key_error_keeps_its_class_and_says_which_entry(folder: Path) -> None:
    """What is wrong with a key is told in its own words, with the place in the file."""
    text = '[[keystore]]\npartner = "p"\ncertificate = "partner.pem"\n[[keystore]]\npkcs12 = "client.p12"'
    with pytest.raises(WrongPasswordError, match=r"^partner\.toml: keystore\[1\]: "):
        load(text, folder)


def test_missing_key_file_says_which_entry(folder: Path) -> None:
    """A path that leads nowhere is found at load."""
    with pytest.raises(KeyLoadError, match=r"keystore\[0\]: .*nothing\.p12.*no such file"):
        load('[[keystore]]\npkcs12 = "nothing.p12"', folder)


def test_certificate_file_of_another_kind(folder: Path) -> None:
    """A PKCS#12 file in place of a partner's certificate is named by its path, with what to do."""
    text = '[[keystore]]\npartner = "p"\ncertificate = "{}"'
    with pytest.raises(
        KeyLoadError, match=r"keystore\[0\]: .*client\.p12: .* is PKCS#12\."
    ) as caught:
        load(text.format("client.p12"), folder)
    assert "keystore export" in caught.value.hint
    assert load(text.format("partner.pem"), folder).keystore.snapshot().partners


def test_keystore_of_another_kind(folder: Path) -> None:
    """A keystore under the key of another kind says which key is meant."""
    with pytest.raises(KeyLoadError, match=r"a Java keystore \(JKS\) expected") as caught:
        load('[[keystore]]\njks = "client.p12"\npassword_env = "P12_PASSWORD"', folder)
    assert 'write pkcs12 = "…"' in caught.value.hint


def test_text_where_a_list_is_needed() -> None:
    """A single text in place of a list comes with how to write it."""
    with pytest.raises(ProfileError) as caught:
        load('[[outbound]]\nstep = "encryption"\nrecipients = "partner"')
    assert caught.value.hint == 'Write it in brackets: ["partner"].'


def test_bad_trust_says_where(folder: Path) -> None:
    """An anchor that is no CA is refused with its section."""
    with pytest.raises(KeyLoadError, match=r"^partner\.toml: trust: "):
        load('[trust]\nanchors = ["partner.pem"]', folder)


def test_one_alias_twice(folder: Path) -> None:
    """Somebody else under a name that is taken is refused, at the second; the same certificate counts once."""
    entry = '[[keystore]]\npartner = "p"\ncertificate = "partner.pem"\n'
    with pytest.raises(DuplicateAliasError, match=r"keystore\[1\].*encrypt_from"):
        load(entry + entry.replace("partner.pem", "ca.pem"), folder)
    held = load(entry * 2, folder).keystore.snapshot()
    assert len(held.partners_of("p")) == 1


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("", "keystore[0]"),
        ('pkcs12 = "a"\npem = "b"', "keystore[0]"),
        ('partner = "p"', "keystore[0].certificate"),
        ('partner = "p"\ncertificate = "c"\npassword_env = "X"', "keystore[0].password"),
        ('pkcs12 = "a"\nchain = ["b"]', "keystore[0].chain"),
        ('secret_key = "k1"', "keystore[0].value"),
        ('secret_key = "k1"\nvalue_env = "X"\nalias = "k2"', "keystore[0].alias"),
        ('secret_key = "k1"\nuser = "alice"\nvalue_env = "X"', "keystore[0]"),
        ('user = "alice"', "keystore[0].password"),
        ('user = "alice"\npassword_env = "X"\nkey_name = "y"', "keystore[0].key_name"),
        ('value_env = "X"', "keystore[0]"),
        ('pkcs12 = "a"\nkey_name = "b"', "keystore[0].key_name"),
    ],
)
def test_entry_is_of_one_kind(entry: str, path: str) -> None:
    """An entry is one thing, with the keys that belong to it."""
    assert refuse(f"[[keystore]]\n{entry}").path == f"partner.toml: {path}"


# What is refused, and where it is said to be.


INSTEAD = {
    "[tls]\nverify = false": "tls.trust",
    "[inbound]\nverify = false": "unverified",
    '[tls]\ncert = "client.pem"': "tls.client_key",
    'policy = "orders.wsdl"': "algorithm_suite",
    "mtom = true": "attachments",
}


@pytest.mark.parametrize("text", INSTEAD)
def test_key_that_people_ask_for(text: str) -> None:
    """What is often looked for, and is not there, is refused with what there is in its place."""
    assert INSTEAD[text] in refuse(text, UnknownOptionError).hint


@pytest.mark.parametrize(
    ("text", "path", "close"),
    [
        ("[outbund]", "outbund", "outbound"),
        ('[[outbound]]\nstep = "signature"\ndigset = "x"', "outbound[0].digset", "digest"),
        ("[inbound]\nrequrie = 1", "inbound.requrie", None),
        ("[inbound]\nencryptd = []", "inbound.encryptd", "encrypted"),
        ('[inbound]\nmode = "over_tls"\nsigned = []', "inbound.signed", None),
        ('[inbound]\nsigned_by = { pni = "x" }', "inbound.signed_by.pni", "pin"),
        ("[tls]\nverify = false", "tls.verify", None),
        ("[operation.Ping]\noutbond = []", "operation.Ping.outbond", "outbound"),
        (
            '[operation."a b"]\n[[operation."a b".outbound]]\nstep = "timestamp"\nttl = 1',
            'operation."a b".outbound[0].ttl',
            None,
        ),
        ('[[keystore]]\npkcs12 = "a"\npassphrase_env = "X"', "keystore[0].passphrase_env", None),
        ("[limits]\nmax_deth = 5", "limits.max_deth", "max_depth"),
    ],
)
def test_unknown_key(text: str, path: str, close: str | None) -> None:
    """A key that nothing reads is refused with its path and what may have been meant."""
    error = refuse(text, UnknownOptionError)
    assert error.path == f"partner.toml: {path}"
    assert close is None or close in error.close_matches


@pytest.mark.parametrize(
    ("good", "bad", "path"),
    [
        ("[header]\nextend = false", '[header]\nextend = "false"', "header.extend"),
        ("[header]\nextend = false", "[header]\nextend = 0", "header.extend"),
        ("[limits]\nmax_depth = 1", "[limits]\nmax_depth = true", "limits.max_depth"),
        ("[limits]\nmax_depth = 1", "[limits]\nmax_depth = 1.0", "limits.max_depth"),
        ("[limits]\nmax_depth = 1", '[limits]\nmax_depth = "1"', "limits.max_depth"),
        (
            "[service]\ntimeout_seconds = 1",
            "[service]\ntimeout_seconds = nan",
            "service.timeout_seconds",
        ),
        (
            "[service]\ntimeout_seconds = 1.5",
            "[service]\ntimeout_seconds = inf",
            "service.timeout_seconds",
        ),
        (
            "[service]\ntimeout_seconds = 2147483647",
            f"[service]\ntimeout_seconds = {'9' * 400}",
            "service.timeout_seconds",
        ),
        (
            "[inbound]\nfresh_seconds = 2147483647",
            "[inbound]\nfresh_seconds = 2147483648",
            "inbound.fresh_seconds",
        ),
        ("[limits]\nmax_depth = 2048", "[limits]\nmax_depth = 2049", "limits.max_depth"),
        ("[limits]\nmax_nodes = 9", f"[limits]\nmax_nodes = {2**63}", "limits.max_nodes"),
        ('[service]\naddress = "a"', "[service]\naddress = 1", "service.address"),
        ('[inbound]\nsigned = ["body"]', '[inbound]\nsigned = "body"', "inbound.signed"),
        ('[inbound]\nsigned = ["body"]', '[inbound]\nsigned = ["body", 1]', "inbound.signed[1]"),
        ('[inbound]\nsigned_by = "a"', "[inbound]\nsigned_by = 1", "inbound.signed_by"),
        ('[inbound]\nsigned_by = "a"', "[inbound]\nsigned_by = {}", "inbound.signed_by"),
        (
            '[inbound]\nempty_replies = "accept"',
            "[inbound]\nempty_replies = true",
            "inbound.empty_replies",
        ),
        (
            '[inbound]\nmode = "over_tls"\nempty_replies = "accept"',
            '[inbound]\nmode = "over_tls"\nempty_replies = "yes"',
            "inbound.empty_replies",
        ),
        ('[namespaces]\na = "urn:a"', "[namespaces]\na = 1", "namespaces.a"),
        ('[namespaces]\na = "urn:a"', '[namespaces]\na = ""', "namespaces.a"),
        ("[header]", "header = 1", "header"),
        (
            '[header]\nattributes = { a = "b" }',
            "[header]\nattributes = { a = 1 }",
            "header.attributes.a",
        ),
        ('[header]\norder = ["token"]', '[header]\norder = "token"', "header.order"),
        (
            f'{SIGN}part_prefixes = {{ body = ["soap"] }}',
            f'{SIGN}part_prefixes = {{ body = "soap" }}',
            "outbound[0].part_prefixes.body",
        ),
        (
            f"{SIGN}part_prefixes = {{ body = [] }}",
            f"{SIGN}part_prefixes = {{ body = [1] }}",
            "outbound[0].part_prefixes.body[0]",
        ),
        (
            f"{SIGN}derived_key_bytes = 32",
            f'{SIGN}derived_key_bytes = "32"',
            "outbound[0].derived_key_bytes",
        ),
        (f'{SIGN}derived_key = "none"', f"{SIGN}derived_key = false", "outbound[0].derived_key"),
        ("[[keystore]]\npartner = 'p'\ncertificate = 'partner.pem'", "[keystore]", "keystore"),
        ('[[outbound]]\nstep = "timestamp"', '[outbound]\nstep = "timestamp"', "outbound"),
        ('[[outbound]]\nstep = "timestamp"', 'outbound = ["timestamp"]', "outbound"),
        ("[operation.Ping]\noutbound = []", "[operation]\nPing = []", "operation.Ping"),
    ],
)
def test_type(folder: Path, good: str, bad: str, path: str) -> None:
    """A value of another type is refused; nothing is taken for what it looks like."""
    load(good, folder)
    assert refuse(bad, base=folder).path == f"partner.toml: {path}"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[[outbound]]\nstep = "timestamp"\nttl_seconds = 0', "outbound[0].ttl_seconds"),
        ('[[outbound]]\nstep = "timestamp"\nprecision = "days"', "outbound[0].precision"),
        ('[[outbound]]\nstep = "signature"\nparts = ["body", "bdoy"]', "outbound[0].parts[1]"),
        ('[[outbound]]\nstep = "signature"\nparts = ["timestamp"]', "outbound[0].parts"),
        ('[[outbound]]\nstep = "encryption"', "outbound[0].recipients"),
        ('[[outbound]]\nstep = "session_key"', "outbound[0].recipients"),
        ('[[outbound]]\nstep = "session_key"\nrecipients = ["p"]\nbytes = 8', "outbound[0].bytes"),
        (
            '[[outbound]]\nstep = "addressing"\nmust_understand = ["to"]',
            "outbound[0].must_understand[0]",
        ),
        ('[[outbound]]\nstep = "security_context"\nkey = "k"', "outbound[0]"),
        ('[header]\norder = ["sig"]', "header.order[0]"),
        ('[header]\nattributes = { "a b" = "c" }', "header.attributes"),
        ('[inbound]\norder = ["token"]', "inbound.order[0]"),
        ('[inbound]\nsigned_by = { anonymous = " " }', "inbound.signed_by.anonymous"),
        ('[inbound]\nusername_token = "hash"', "inbound.username_token"),
        ('[[outbound]]\nstep = "sign"', "outbound[0].step"),
        ("[[outbound]]\nttl_seconds = 1", "outbound[0]"),
        ('[inbound]\nsigned = ["bdoy"]', "inbound.signed[0]"),
        ('[inbound]\nsigned_by = { pin = "12" }', "inbound.signed_by.pin"),
        ('[inbound]\nmode = "unverified"', "inbound"),
        ('[inbound]\nmode = "unverified"\nreason = " "', "inbound.reason"),
        ('[inbound]\nmode = "none"', "inbound.mode"),
        (
            '[operation.Ping.inbound]\nencrypted = ["header:x:Y"]',
            "operation.Ping.inbound.encrypted[0]",
        ),
        ("[limits]\nmax_depth = 0", "limits.max_depth"),
        ('[tls]\nminimum_version = "1.1"', "tls.minimum_version"),
    ],
)
def test_refused_setting_has_its_path(text: str, path: str) -> None:
    """What a settings class refuses is told with the file and the place in it."""
    error = refuse(text)
    assert error.path == f"partner.toml: {path}"
    assert str(error).startswith(f"partner.toml: {path}: ")


def test_legacy_needs_its_opt_in() -> None:
    """SHA-1 is refused by name, and accepted with a reason."""
    text = '[[outbound]]\nstep = "signature"\nparts = ["body"]\ndigest = "sha1"\n'
    error = refuse(text, LegacyAlgorithmError)
    assert error.path == "partner.toml: outbound[0].digest"
    assert error.opt_in == "sha1"
    assert load(text + 'legacy = { sha1 = "their gateway" }').outbound


# Secrets.


@pytest.mark.parametrize(
    "text",
    [
        '[[keystore]]\npkcs12 = "a"\npassword = "hunter2"',
        '[[keystore]]\npkcs12 = "a"\nkey_password = "hunter2"',
        '[[keystore]]\nuser = "alice"\npassword = "hunter2"',
        '[[outbound]]\nstep = "username_token"\nusername = "me"\npassword = "hunter2"',
    ],
)
def test_literal_password(text: str) -> None:
    """A password in the file is refused with what to write instead, and not repeated."""
    error = refuse(text)
    assert "password_env" in error.hint
    assert "password_file" in error.hint
    assert "hunter2" not in repr(error.to_dict())


def test_literal_key() -> None:
    """A symmetric key in the file is refused in the same way."""
    error = refuse('[[keystore]]\nsecret_key = "k1"\nvalue = "AAECAwQFBgcICQoLDA0ODw=="')
    assert error.path == "partner.toml: keystore[0].value"
    assert "value_env" in error.hint
    assert "value_file" in error.hint
    assert "AAEC" not in repr(error.to_dict())


def test_literal_ticket() -> None:
    """So is the text of a token."""
    error = refuse(f'{TICKET}value = "hunter2"')
    assert error.path == "partner.toml: outbound[0].value"
    assert "value_file" in error.hint
    assert "hunter2" not in repr(error.to_dict())


def test_password_in_place_of_a_variable() -> None:
    """What cannot be the name of a variable may be the password itself, and is not shown."""
    error = refuse('[[keystore]]\npkcs12 = "a"\npassword_env = "hunter2!"')
    assert error.path == "partner.toml: keystore[0].password_env"
    assert "hunter2" not in repr(error.to_dict())


def test_password_twice(folder: Path) -> None:
    """A secret is kept in one place."""
    entry = '[[keystore]]\npkcs12 = "client.p12"\npassword_file = "password"\n'
    refuse(entry + 'password_env = "P12_PASSWORD"', base=folder)
    load(entry, folder)


def test_token_without_password_says_what_to_write() -> None:
    """The hint names keys of the file, not arguments of Python."""
    error = refuse('[[outbound]]\nstep = "username_token"\nusername = "me"')
    assert error.path == "partner.toml: outbound[0].password"
    assert "password_env" in error.hint


# Paths.


@pytest.mark.parametrize(
    "path",
    [
        "https://example.com/ca.pem",
        "file:///etc/ssl/ca.pem",
        "file:ca.pem",
        "//server/share/ca.pem",
        "\\\\\\\\server\\\\share\\\\ca.pem",
        "ca\\u0000.pem",
        "",
    ],
)
def test_no_path(folder: Path, path: str) -> None:
    """An address, another machine and a NUL are no paths; nothing is fetched."""
    assert refuse(f'[trust]\nanchors = ["{path}"]', base=folder).path.endswith("trust.anchors[0]")


@pytest.mark.parametrize("path", ["~/ca.pem", "$HOME/ca.pem", "%HOME%/ca.pem"])
def test_paths_are_not_expanded(folder: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A tilde or a variable is a part of the name like any other."""
    monkeypatch.setenv("HOME", str(folder))
    text = f'[trust]\nanchors = ["{path}"]'
    with pytest.raises(KeyLoadError, match="no such file"):
        load(text, folder)
    (folder / path).parent.mkdir()
    (folder / path).write_bytes((folder / "ca.pem").read_bytes())
    assert load(text, folder).keystore.snapshot().trust.anchors


def test_paths_start_at_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of the file counts, not the one of the process, then or later."""
    (folder / "sub").mkdir()
    (folder / "sub" / "partner.toml").write_text(
        '[service]\nwsdl = "orders.wsdl"\n[tls]\ntrust = ["../ca.pem"]\n[trust]\nanchors = ["../ca.pem"]'
    )
    monkeypatch.chdir(folder)
    plan = load_plan("sub/partner.toml")
    assert plan.service.wsdl == folder / "sub" / "orders.wsdl"
    assert plan.tls is not None
    assert plan.tls.trust == (folder / "sub" / "../ca.pem",)
    assert plan.keystore.snapshot().trust.anchors


def test_only_the_wsdl_may_be_an_address() -> None:
    """A WSDL may come from the web; a scheme that reads files may not pose as one."""
    assert load('[service]\nwsdl = "http://a.example/?wsdl"').service.wsdl
    assert refuse('[service]\nwsdl = "file:///a.wsdl"').path == "partner.toml: service.wsdl"


# TOML itself.


@pytest.mark.parametrize(
    "text",
    [
        "[inbound]\nfresh_seconds = 300\nfresh_seconds = 9",
        "[inbound]\n[header]\n[inbound]",
        "[header]\n\nlegacy = { a = 1, a = 2 }",
    ],
)
def test_key_given_twice(text: str) -> None:
    """Of two values neither wins."""
    error = refuse(text)
    assert error.line == 3
    assert str(error) == "partner.toml: Line 3: a key or table is given twice."


def test_not_toml() -> None:
    """A slip in the syntax is told with its line."""
    assert str(refuse("[header]\nextend = fals")).startswith("partner.toml: Line 2 is not TOML:")


def test_number_of_many_digits() -> None:
    """Python reads no whole number of more than 4,300 digits; that is a slip in the file, too."""
    error = refuse(f"[header]\n[limits]\nmax_depth = {'9' * 5000}")
    assert "digits" in str(error)
    assert "99999" not in str(error)


def test_windows_path() -> None:
    """The commonest slip on Windows gets its own advice."""
    assert "single quotes" in refuse('[service]\nwsdl = "C:\\users\\me.wsdl"').hint


def test_nested_without_end() -> None:
    """Nesting ends in an error, not in the interpreter's own."""
    refuse("a = " + "[" * 100_000)


def test_file_with_byte_order_mark(tmp_path: Path) -> None:
    """Editors on Windows write one; it is no part of the text."""
    file = tmp_path / "partner.toml"
    file.write_bytes(b"\xef\xbb\xbf[header]\r\nextend = true\r\n")
    assert load_plan(file).header.extend is True


def test_file_in_another_encoding(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused by name."""
    file = tmp_path / "partner.toml"
    file.write_bytes('[service]\naddress = "ü"'.encode("latin-1"))
    with pytest.raises(ProfileError, match=r"^partner\.toml: .*UTF-8"):
        load_plan(file)


def test_missing_file(tmp_path: Path) -> None:
    """A profile that is not there is a wrong profile, not a wrong key."""
    with pytest.raises(ProfileError, match="no such file"):
        load_plan(tmp_path / "nothing.toml")


def test_large_file(tmp_path: Path) -> None:
    """A profile is read up to a bound."""
    file = tmp_path / "partner.toml"
    file.write_bytes(b"#" * MAX_FILE_BYTES)
    load_plan(file)
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ProfileError, match="larger than"):
        load_plan(file)


# The other way round.


FULL = Plan(
    keystore=Keystore(),
    outbound=(
        Timestamp(ttl_seconds=60, precision="seconds"),
        UsernameToken(username='m"e', password=Secret.env("X"), nonce=False, password_type="text"),
        UsernameToken(username="me\x7f\n€😀", password=Secret.file("/run/secret")),
        Signature(
            parts=("body", "header:o:To?"), digest="sha1", legacy={"sha1": "why"},
            inclusive_prefixes=("a",),
        ),
        Encryption(recipients=("partner",)),
    ),
    inbound=Inbound(signed_by=("partner", Pin(PIN), AnyoneUnder(reason="r")), fresh_seconds=None),
    operations={
        "Ping": Overlay(outbound=(), inbound=OverTLS(fresh_seconds=5)),
        "urn:a b": Overlay(outbound=(Timestamp(),)),
        "Late": Overlay(inbound=Unverified(reason="r", until=date(2027, 1, 31))),
        "Same\x7f\"é": Overlay(),
    },
    header=SecurityHeader(actor="urn:x", must_understand=False),
    namespaces={"o": "urn:example:orders"},
    limits=Limits(max_depth=50),
    service=Service(wsdl="https://a.example/?wsdl", timeout_seconds=2.5),
    tls=TLS(trust=(Path("/etc/ca.pem"),)),
)  # fmt: skip


def test_written_settings_read_the_same() -> None:
    """Every setting survives being written and read."""
    again = load(settings_to_toml(FULL))
    for item in fields(Plan):
        if item.name not in ("keystore", "outbound", "replay"):
            assert getattr(again, item.name) == getattr(FULL, item.name), item.name
    assert [_shown(step) for step in again.outbound] == [_shown(step) for step in FULL.outbound]


def _shown(step: Step) -> tuple[str, str]:
    """Two secrets are equal when they name the same place."""
    return repr(step), repr(getattr(step, "password", getattr(step, "value", None)))


DEFAULTS = (
    Addressing(),
    Timestamp(),
    UsernameToken(username="u", password=Secret.env("X")),
    BinaryToken(value_type="", value=Secret.env("X")),
    SecurityContext(identifier="urn:context", key="shared"),
    SignatureConfirmation(),
    SessionKey(recipients=("partner",)),
    Signature(parts=("body",)),
    Encryption(recipients=("partner",)),
)
DERIVING: dict[str, Any] = {"password_type": "none", "derive_for": "mac"}
WITH_KEY: dict[str, Any] = {"recipients": (), "key": "shared"}
OTHER: dict[str, list[dict[str, Any]]] = {
    "Addressing": [
        {"version": "2004/08"}, {"to": "urn:to"}, {"action": "urn:do"}, {"message_id": "none"},
        {"reply_to": None}, {"from_address": "urn:us"}, {"fault_to": "urn:us"},
        {"must_understand": ("To", "Action")},
    ],
    "Timestamp": [
        {"ttl_seconds": 1}, {"precision": "microseconds"}, {"offset": "-03:30"},
        {"clock_offset_seconds": -90},
    ],
    "UsernameToken": [
        {"username": "é"}, {"password": Secret.file("/run/secret")}, {"password_type": "text"},
        {"password_hash": "sha1"}, {"password_type": "text", "typed": False}, {"nonce": True},
        {"created": True}, {"precision": "seconds"}, {"offset": "+02:00"},
        {"clock_offset_seconds": 5}, DERIVING, {**DERIVING, "iterations": 2000, "name": "k"},
    ],
    "BinaryToken": [
        {"value_type": "urn:t"}, {"value": Secret.file("/run/ticket")}, {"encoding_type": False},
        {"attributes": {"wsu:x": "y"}},
    ],
    "SecurityContext": [
        {"identifier": "urn:b"}, {"key": "k"}, {"version": "2005/02"}, {"name": "context"},
    ],
    "SignatureConfirmation": [{}],
    "SessionKey": [
        {"name": "k"}, {"bytes": 16}, {"recipients": ("a",)},
        {"key_transport": "rsa-oaep-mgf1p"}, {"digest": "sha1"}, {"mgf": "sha1"},
        {"oaep_params": "AAEC"}, {"key_wrap": "kw-aes192"}, {"key_derivation": "concat-kdf"},
        {"derivation_digest": "sha512"}, {"key_reference": "x509_ski"}, {"include_token": True},
        {"legacy": {"rsa-1_5": "why"}},
    ],
    "Signature": [
        {"key": "k"}, {"parts": ("body", "token")}, {"algorithm": "hmac-sha256"},
        {"digest": "sha3-256"}, {"key_reference": "embedded"}, {"include_token": True},
        {"typed_reference": False}, {"inclusive_prefixes": ()}, {"part_prefixes": {"body": ("a", "b")}},
        {"parts": ("header:{urn:a}To",), "part_prefixes": {"header:{urn:a}To": ()}},
        {"signed_info_prefixes": ("soap",)}, {"canonicalization": "c14n"},
        {"part_canonicalization": "c14n11"}, {"str_transform": True}, {"key": "k", "derived_key": "1.3"},
        {"derived_key_bytes": 24}, {"legacy": {"dsa": "why"}},
    ],
    "Encryption": [
        WITH_KEY, {**WITH_KEY, "wrapped": True}, {**WITH_KEY, "derived_key": "2005/02"},
        {"recipients": ("request_signer",)}, {"parts": ("body", "header:{urn:a}To")},
        {"algorithm": "aes128-gcm"}, {"key_transport": "rsa-oaep-mgf1p"}, {"digest": "sha1"},
        {"mgf": "sha1"}, {"oaep_params": "AAEC"}, {"key_wrap": "kw-aes128"},
        {"key_derivation": "concat-kdf"}, {"derivation_digest": "sha384"},
        {"key_reference": "thumbprint"}, {"include_token": True}, {"legacy": {"3des": "why"}},
    ],
}  # fmt: skip
"""For every field of every step another value than its default, with what else that needs."""


@pytest.mark.parametrize(
    ("step", "change"),
    [(step, change) for step in DEFAULTS for change in OTHER[type(step).__name__]],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "-".join(value),
)
def test_every_field_of_a_step_is_written(step: Step, change: dict[str, Any]) -> None:
    """A value that is no default survives, alone among defaults."""
    changed = replace(step, **change)
    text = settings_to_toml(Plan(keystore=Keystore(), outbound=(changed,)))
    assert [_shown(item) for item in load(text).outbound] == [_shown(changed)]


def test_every_field_has_another_value() -> None:
    """The table above forgets no field, and no step."""
    assert {type(step) for step in DEFAULTS} == set(get_args(Step))
    for step in DEFAULTS:
        named = {name for change in OTHER[type(step).__name__] for name in change}
        assert named == {item.name for item in fields(step)}, type(step).__name__


@pytest.mark.parametrize(
    "settings",
    [
        {"header": SecurityHeader(order=("timestamp", "token"))},
        {"header": SecurityHeader(attributes={"o:b": "c", "{urn:a}b": "d"})},
        {"header": SecurityHeader(namespace="2002/12")},
        {"inbound": Inbound(signature_confirmation="required")},
        {"inbound": Inbound(username_token="derived_key")},
        {"inbound": Inbound(order=("encryption", "signature"))},
        {"inbound": Inbound(signed_by=Anonymous(reason="why"))},
        {"inbound": Inbound(signed_by=("shared", Anonymous(reason="why")))},
    ],
    ids=str,
)
def test_header_and_demands_are_written(settings: dict[str, Any]) -> None:
    """So do those of the header and of what answers must prove."""
    again = load(settings_to_toml(Plan(keystore=Keystore(), namespaces={"o": "urn:o"}, **settings)))
    assert {name: getattr(again, name) for name in settings} == settings


def test_defaults_are_not_written() -> None:
    """What has its default is left out; an empty ``[tls]`` says something and stays."""
    assert settings_to_toml(Plan(keystore=Keystore(), outbound=[Timestamp()])) == (
        '[[outbound]]\nstep = "timestamp"\n'
    )
    assert settings_to_toml(Plan(keystore=Keystore(), tls=TLS())) == "[tls]\n"


@pytest.mark.parametrize("password", ["hunter2", Secret.of("hunter2")])
def test_password_in_memory_is_not_written(password: Secret | str) -> None:
    """A password that has no place outside the program stays inside it."""
    plan = Plan(keystore=Keystore(), outbound=[UsernameToken(username="me", password=password)])
    with pytest.raises(ProfileError) as caught:
        settings_to_toml(plan)
    assert caught.value.path == "outbound[0].password"
    assert "hunter2" not in str(caught.value)


def test_certificate_in_memory_is_not_written() -> None:
    """Bytes are in no file that the text could name."""
    with pytest.raises(ProfileError, match=r"tls\.trust"):
        settings_to_toml(Plan(keystore=Keystore(), tls=TLS(trust=(b"PEM",))))
