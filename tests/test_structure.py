"""How the package is built: who may import whom, how large a piece may be, what nothing is called."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "zeep_wssec"
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *(ROOT / "benchmarks").rglob("*.py")]

LAYERS = (
    {"error_root"},
    {"errors", "forks"},
    {"keys", "report", "soap"},
    {"bsp", "profile_secrets", "profile_trust", "redaction", "wsdl_names", "xmlcrypto"},
    {"settings", "profile_keys"},
    {"algorithm_suites", "conformance", "demands", "replay", "step_order"},
    {"signer_trust"},
    {"payload"},
    {"exchange", "plan"},
    {
        "calls",
        "postponed",
        "header",
        "profile_findings",
        "profile_key_names",
        "profile_schema",
        "profile_unsupported",
        "results",
    },
    {"history", "profile_values", "verdict"},
    {
        "evidence_words",
        "plain_http",
        "profile_step_words",
        "profile_suite",
        "repetition",
        "requirements",
    },
    {"profile_payloads"},
    {"inbound", "outbound", "profile_rotation_lint", "profile_step_lint", "profile_words"},
    {"profile_file", "profile_lint", "transport"},
    {"arguments", "clients"},
    {"profile_hook"},
    {"profile_connections"},
    {"profile"},
    {""},  # zeep_wssec/__init__.py: the public names
    {"testing"},
    {"cli"},
    {"__main__"},
)
"""Imports go down only: a module may import its own unit and units of the layers before its own."""
RANKS = {unit: rank for rank, units in enumerate(LAYERS) for unit in units}

EVERYWHERE = {"cryptography", "lxml"}
IMPORTERS = {
    "asn1crypto": {"keys"},
    "certifi": {"cli.tls_check", "transport"},
    "click": {"cli"},
    "httpx": {"testing", "transport"},
    "pkcs11": {"keys"},
    "pyhanko_certvalidator": {"keys"},
    "pytest": {"testing"},
    "redis": {"replay"},
    "requests": {"testing", "transport"},
    "requests_toolbelt": {"transport"},
    "rich": {"cli"},
    "urllib3": {"transport"},
    "xmlsec": {"cli.doctor", "payload.xmldsig"},
    "zeep": {
        "cli",
        "clients",
        "error_root",
        "errors",
        "history",
        "profile",
        "testing",
        "transport",
    },
}
"""Which units may import what others wrote; a library that stands nowhere here is refused."""

MODULE_LINES = 400
FUNCTION_LINES = 40
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def dotted(path: Path) -> str:
    """Name of a module below the package: ``keys.pem``; empty for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and absolute name of everything a module imports when it runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            base = node.module or ""
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        else:
            yield from imported(node)


def is_within(name: str, unit: str) -> bool:
    return name == unit or name.startswith(f"{unit}.")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parametrize_modules(function: object) -> object:
    return pytest.mark.parametrize("path", MODULES, ids=shown)(function)


@parametrize_modules
def test_imports_go_down(path: Path) -> None:
    """A module imports its own unit and units of a lower rank."""
    unit = dotted(path).partition(".")[0]
    assert unit in RANKS, f"{shown(path)} has no place in LAYERS"
    wrong = []
    for line, name in imported(ast.parse(path.read_text("utf-8"))):
        if not is_within(name, "zeep_wssec"):
            continue
        target = name.split(".")[1]
        target = (
            target if (PACKAGE / target).is_dir() or (PACKAGE / f"{target}.py").exists() else ""
        )
        if target != unit and RANKS[target] >= RANKS[unit]:
            wrong.append(f"{shown(path)}:{line} {name}")
    assert not wrong


@parametrize_modules
def test_foreign_imports(path: Path) -> None:
    """Each library is imported only where it belongs; libxmlsec is no part of the core."""
    wrong = []
    for line, name in imported(ast.parse(path.read_text("utf-8"))):
        library = name.partition(".")[0]
        if library in sys.stdlib_module_names or library in EVERYWHERE or library == "zeep_wssec":
            continue
        if not any(is_within(dotted(path), unit) for unit in IMPORTERS.get(library, ())):
            wrong.append(f"{shown(path)}:{line} {name}")
    assert not wrong


def test_no_import_cycle() -> None:
    """Modules of one unit do not import each other in a circle."""
    graph = {dotted(path): set[str]() for path in MODULES}
    for path in MODULES:
        for _, name in imported(ast.parse(path.read_text("utf-8"))):
            inner = name.removeprefix("zeep_wssec").removeprefix(".")
            target = inner if inner in graph else inner.rpartition(".")[0]
            if is_within(name, "zeep_wssec") and target in graph:
                graph[dotted(path)].add(target)
    while ends := graph.keys() - {name for name in graph if in_between(name, graph)}:
        graph = {name: targets for name, targets in graph.items() if name not in ends}
    assert not graph, f"a circle among {sorted(graph)}"


def in_between(name: str, graph: dict[str, set[str]]) -> bool:
    """Whether a module imports another one and is imported by another one."""
    return bool(graph[name] & graph.keys()) and any(name in targets for targets in graph.values())


@parametrize_modules
def test_sizes(path: Path) -> None:
    """A module has 400 lines at most, a function 40 without its docstring."""
    text = path.read_text("utf-8")
    assert text.count("\n") <= MODULE_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
    sizes = {f"{shown(path)}:{node.lineno} {node.name}": body_lines(node) for node in functions}
    assert not {name: size for name, size in sizes.items() if size > FUNCTION_LINES}


def body_lines(node: Function) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_names_say_something() -> None:
    """No module is called after nothing in particular."""
    folders = {
        folder for path in SOURCES for folder in path.relative_to(ROOT).with_suffix("").parts
    }
    assert not folders & SAYS_NOTHING


def test_nothing_left_for_later() -> None:
    """What is not done is said in docs/supported.md, not in a comment."""
    words = ("TO" + "DO", "FIX" + "ME")
    found = [shown(path) for path in SOURCES for word in words if word in path.read_text("utf-8")]
    assert not found
