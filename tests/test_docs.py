"""The documentation says what the code does: its examples run, its tables are complete."""

from __future__ import annotations

import ast
import base64
import json
import re
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import click
import pytest
from java_files import jks_file
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from test_public_api import ERRORS

import zeep_wssec.testing
from zeep_wssec import Inbound, InboundError, Keystore
from zeep_wssec.cli import main
from zeep_wssec.errors import WSSecError
from zeep_wssec.payload.formats import FORMATS
from zeep_wssec.profile_file import loads_plan
from zeep_wssec.profile_keys import KeystoreEntry
from zeep_wssec.profile_lint import weaknesses
from zeep_wssec.profile_schema import MODES, STEPS, TABLES, UNSET, Option, options_of, schema
from zeep_wssec.settings import KeyReference
from zeep_wssec.soap.parts import Kind
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner
from zeep_wssec.xmlcrypto import algorithms

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
API = (ROOT / "tests" / "typing" / "api.py").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLE = re.search(r"<!-- example -->\n```python\n(.*?)```", README, re.DOTALL)
REQUEST = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<PlaceOrder xmlns="urn:example:orders"><sku>42</sku></PlaceOrder></s:Body></s:Envelope>'
)


def blocks(language: str) -> list[Any]:
    """Every fenced block of a language, as one parameter each."""
    found = []
    for page in PAGES:
        texts = re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.M)
        found += [pytest.param(text, id=f"{page.name}-{n}") for n, text in enumerate(texts, 1)]
    return found


def test_readme_example_is_type_checked() -> None:
    """What the README shows is what mypy --strict sees."""
    assert EXAMPLE is not None
    checked = API.split("# README: begin\n")[1].split("    # README: end")[0]
    assert textwrap.dedent(checked) == EXAMPLE[1]


def test_readme_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example places an order at a partner that checks it, and believes the answer."""
    assert EXAMPLE is not None
    parties = Parties.create()
    partner = Partner(parties.partner_profile(), answer_order)
    (tmp_path / "client.p12").write_bytes(parties.client.pkcs12("secret"))
    (tmp_path / "partner.pem").write_bytes(parties.partner.certificate_pem)
    (tmp_path / "server-ca.pem").write_bytes(parties.authority.pem)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("P12_PASSWORD", "secret")
    before, after = re.split(r"(?<=\n\n)(?=sent = )", EXAMPLE[1])
    names: dict[str, Any] = {"envelope": REQUEST}
    with partner.serve() as address:
        wsdl = re.sub(r'(?<=soap:address location=")[^"]+', address, WSDL.read_text("utf-8"))
        (tmp_path / "orders.wsdl").write_text(wsdl, "utf-8")
        exec(before, names)  # noqa: S102  # the README's own code
    assert names["order"].orderId == "order-a1"
    assert "body signed" in names["profile"].last_report().proved
    names["reply"] = partner.answer(names["profile"].secure(REQUEST).to_bytes()).content
    exec(after, names)  # noqa: S102
    assert names["seen"].body[0].tag == "{urn:example:orders}PlaceOrderResponse"


@pytest.mark.parametrize("text", blocks("python"))
def test_python_block_compiles(text: str) -> None:
    """Every Python block of the documentation is Python."""
    compile(text, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_testing_examples_run() -> None:
    """docs/testing.md shows an order that is placed, then an answer that is refused; so does the docstring."""
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.M)
    names: dict[str, Any] = {}
    for text in found:
        exec(text, names)  # noqa: S102  # the documentation's own code
    docstring = (zeep_wssec.testing.__doc__ or "").split("::\n\n")[1]
    assert textwrap.dedent(docstring).strip() == found[0].strip()


@pytest.mark.parametrize("text", blocks("toml"))
def test_profile_block_loads(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every profile of the documentation loads, with the files that it names beside it."""
    parties = Parties.create()
    (tmp_path / "client.p12").write_bytes(parties.client.pkcs12("secret"))
    (tmp_path / "partner.pem").write_bytes(parties.partner.certificate_pem)
    (tmp_path / "server-ca.pem").write_bytes(parties.authority.pem)
    for name, issued in (("client", parties.client), ("partner", parties.partner)):
        following = parties.authority.issue(issued.certificate.subject)
        (tmp_path / f"{name}-2027.p12").write_bytes(following.pkcs12("secret"))
        (tmp_path / f"{name}-2027.pem").write_bytes(following.certificate_pem)
    (tmp_path / "client.jks").write_bytes(jks_file(parties.client, "client", "secret"))
    (tmp_path / "client.jwk").write_text(jwk_text(parties.authority.issue("signing")))
    (tmp_path / "keys").mkdir()
    mail = parties.authority.issue("mail")
    (tmp_path / "keys" / "mail.pem").write_bytes(mail.key_pem() + mail.chain_pem)
    (tmp_path / "our_vault.py").write_text(
        "from pathlib import Path\n"
        "def client_keys():\n    return Path(__file__).with_name('client.p12').read_bytes()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "our_vault", raising=False)
    agreeing = Authority.create("CN=ca").issue("CN=partner", key="ec-p256")
    (tmp_path / "partner-ec.pem").write_bytes(agreeing.certificate_pem)
    monkeypatch.setenv("P12_PASSWORD", "secret")
    monkeypatch.setenv("SHARED_KEY", base64.b64encode(bytes(32)).decode())
    plan = loads_plan(text, base=tmp_path, name="block")
    assert isinstance(plan.keystore, Keystore)
    found = [str(item) for item in weaknesses(plan, datetime.now(UTC)) if item.severity == "error"]
    left_out = (
        "no key pair",
        "service.wsdl",
        "by whom is not stated",
        "a key ring expected",
        "done by GnuPG",
    )
    assert not [item for item in found if not any(words in item for words in left_out)]


@pytest.mark.parametrize("text", blocks(" toml"))
def test_profile_block_that_needs_more_is_valid(text: str) -> None:
    """Profiles that name a token or an address cannot be loaded here; an editor finds nothing wrong with them."""
    Draft202012Validator(schema()).validate(tomllib.loads(text))


def jwk_text(issued: Issued) -> str:
    """A private key with its certificate, as a JSON Web Key."""
    numbers = issued.private_key.private_numbers()  # type: ignore[union-attr]
    public = numbers.public_numbers
    named = {"n": public.n, "e": public.e, "d": numbers.d}
    octets = {name: value.to_bytes(256, "big") for name, value in named.items()}
    table = {
        name: base64.urlsafe_b64encode(value).decode().rstrip("=") for name, value in octets.items()
    }
    x5c = [base64.b64encode(issued.certificate.der).decode()]
    return json.dumps({"kty": "RSA", **table, "x5c": x5c})


def test_every_error_is_explained() -> None:
    """docs/errors.md has each class with its code and fault code, and no other."""
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (?:`(\w+)`)? ?\|", page, re.M)
    expected = {(name, kind.code, fault_code(kind)) for name, kind in ERRORS.items()}
    assert set(rows) == expected
    assert len(rows) == len(expected)


def fault_code(kind: type[WSSecError]) -> str:
    return kind.fault_code if issubclass(kind, InboundError) else ""


def test_every_algorithm_is_listed() -> None:
    """docs/supported.md has each name that a profile may use, under its heading, and whether it is legacy."""
    page = (ROOT / "docs" / "supported.md").read_text("utf-8")
    kinds = {
        "Signatures": (
            *algorithms.SIGNATURE_METHODS,
            *algorithms.DIGESTS,
            *algorithms.CANONICALIZATIONS,
        ),
        "Encryption": (
            *algorithms.DATA_CIPHERS,
            *algorithms.KEY_TRANSPORTS,
            *algorithms.MASK_GENERATIONS,
            *algorithms.KEY_WRAPS,
            *algorithms.KEY_AGREEMENTS,
            *algorithms.KEY_DERIVATIONS,
            *algorithms.DERIVATION_DIGESTS_BY_NAME.values(),
        ),
        "Legacy": (),
    }
    tables = [
        value for name, value in vars(algorithms).items() if name.isupper() and name[0] != "_"
    ]
    in_tables = [item for table in tables if isinstance(table, tuple) for item in table]
    assert {item.uri for item in in_tables} <= {item.uri for row in kinds.values() for item in row}
    for title, items in kinds.items():
        section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.M)
        assert section is not None
        for item in items:
            rows = [row for row in section[1].splitlines() if f"`{item.name}`" in row]
            assert rows, f"{item.name} is not listed"
            assert any("legacy" in row for row in rows) == bool(getattr(item, "legacy", ""))
        if title == "Legacy":
            assert set(re.findall(r"^\| `(.+?)` \|", section[1], re.M)) == set(algorithms.LEGACY)


def test_every_key_reference_is_listed() -> None:
    """Both pages have each form in which a message may name a key."""
    for name, column in (("profile-file.md", "Means"), ("supported.md", "Out")):
        page = (ROOT / "docs" / name).read_text("utf-8")
        table = re.search(
            rf"^\|[^\n]*`key_reference` \|[^\n]*{column}.*?\n\n", page, re.DOTALL | re.M
        )
        assert table is not None
        assert set(re.findall(r"`(\w+)`", table[0])) >= set(get_args(KeyReference))


def test_every_algorithm_has_its_uri() -> None:
    """The table of URIs says of each algorithm what follows which namespace, and of nothing else."""
    page = (ROOT / "docs" / "supported.md").read_text("utf-8")
    section = re.search(r"^## Algorithms by URI\n(.*?)(?=^## )", page, re.DOTALL | re.M)
    assert section is not None
    listed = set()
    for namespace, names in re.findall(r"^\| `(http\S+)` \| (.+) \|$", section[1], re.M):
        for name, other in re.findall(r"`([\w-]+)`(?: \((.+?)\))?", names):
            fragment = other.strip("`") if other else name
            listed.add((name, namespace + ("" if other == "nothing follows" else fragment)))
    tables = [
        value for name, value in vars(algorithms).items() if name.isupper() and name[0] != "_"
    ]
    found = [item for table in tables if isinstance(table, tuple) for item in table]
    assert listed == {(item.name, item.uri) for item in found}


def test_every_part_is_listed() -> None:
    """docs/supported.md has each way to name a part."""
    page = (ROOT / "docs" / "supported.md").read_text("utf-8")
    section = re.search(r"^## Parts\n(.*?)(?=^## )", page, re.DOTALL | re.M)
    assert section is not None
    written = {"element": "{Element}", "header": "header:", "id": "id:", "xpath": "xpath:"}
    texts = [f"`{written.get(kind, kind)}" for kind in get_args(Kind)]
    assert [text for text in texts if text not in section[1]] == []


def test_every_claim_has_a_test() -> None:
    """A row of docs/supported.md that says that something works, or is refused, names the test that shows it."""
    page = (ROOT / "docs" / "supported.md").read_text("utf-8")
    claims, silent = 0, []
    for table in re.findall(r"(?:^\|.*\n)+", page, re.M):
        head, _, *rows = ([cell.strip() for cell in row.split("|")] for row in table.splitlines())
        for row in rows:
            if "Shown by" in head and {"yes", "legacy", "refused"} & set(row):
                claims += 1
                silent += [] if "::test_" in row[head.index("Shown by")] else [row[1]]
    assert claims > 100
    assert silent == []


def test_named_tests_exist() -> None:
    """Each test that the documentation names is there, under its name."""
    named = {
        found
        for page in PAGES
        for found in re.findall(r"`(?:tests/)?([\w/]+\.py)::(\w+)`", page.read_text("utf-8"))
    }
    assert named
    texts = {path: (ROOT / "tests" / path).read_text("utf-8") for path, _ in named}
    assert [item for item in named if f"def {item[1]}(" not in texts[item[0]]] == []


def test_guards_are_where_it_says() -> None:
    """docs/security.md names modules that there are."""
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)`", page)
    assert named
    assert [name for name in named if not (ROOT / "zeep_wssec" / name).exists()] == []


def sections() -> list[Any]:
    """Each settings class of a profile file, with the headings that it stands under."""
    found: list[tuple[str, type]] = [(f"[{name}]", cls) for name, cls in TABLES.items()]
    found += [(f'step = "{name}"', cls) for name, cls in STEPS.items()]
    found += [("[inbound]", Inbound), ("[[keystore]]", KeystoreEntry)]
    found += [("[inbound]", cls) for cls in MODES.values()]
    found += [(f'format = "{name}"', row.settings_class()) for name, row in FORMATS.items()]
    return [pytest.param(title, cls, id=cls.__name__) for title, cls in found]


@pytest.mark.parametrize(("title", "cls"), sections())
def test_every_key_is_explained(title: str, cls: type) -> None:
    """docs/profile-file.md has each key in its section, with the default that it has."""
    page = (ROOT / "docs" / "profile-file.md").read_text("utf-8")
    section = re.search(rf"^#+ `{re.escape(title)}`\n(.*?)(?=^##+ |\Z)", page, re.DOTALL | re.M)
    assert section is not None
    keys = [key for option in options_of(cls).values() for key in option.keys]
    assert [key for key in keys if f"`{key}`" not in section[1]] == []
    if cls not in MODES.values():
        rows = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", section[1], re.M))
        options = options_of(cls)
        assert rows == {name: in_toml(options[name]) for name in rows}


def in_toml(option: Option) -> str:
    """Give the default of an option as the page writes it."""
    value = option.default
    if value is None:
        return f'"{UNSET}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, MappingProxyType | dict):
        return "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the project finds it."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def anchors_of(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as the site makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.M)
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {
        re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", item).strip().lower()) for item in titles
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_headings_lead_somewhere(page: Path) -> None:
    """A link to a heading of a page finds it there."""
    links = re.findall(r"\]\(([^)#:]*\.md|)#([^)]+)\)", page.read_text("utf-8"))
    found = {target: anchors_of(page.parent / target if target else page) for target, _ in links}
    assert [link for link in links if link[1] not in found[link[0]]] == []


def test_every_page_can_be_found() -> None:
    """Each page of docs/ is in the site's menu; the start page links all but decisions, which have a page."""
    docs = ROOT / "docs"
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
    assert {page for page in pages if f": {page}\n" not in menu} == set()
    linked = set(re.findall(r"\]\(([^)#:]+)", (docs / "index.md").read_text("utf-8")))
    decided = {page for page in pages if re.match(r"decisions/\d", page)}
    assert pages - decided - linked == {"index.md"}


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, those of groups inside too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")
        else:
            yield f"{prefix}{name}", command


def test_every_command_is_explained() -> None:
    """docs/cli.md has each command with each of its options, and no other command."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    texts = dict(re.findall(r"^## `([\w -]+)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.M))
    found = dict(commands(main))
    assert set(texts) == set(found)
    for name, command in found.items():
        options = [item.opts for item in command.params if isinstance(item, click.Option)]
        missing = [opt for opts in options for opt in opts if f"`{opt}`" not in texts[name]]
        assert not missing, f"{name}: {missing}"
