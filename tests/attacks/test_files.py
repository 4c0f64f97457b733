"""Files, the environment and the process: what is trusted must not be widened by them, and they must not hang."""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import random
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import click
import pytest
from peers import needs
from roundtrip.pair import answer

import zeep_wssec
from zeep_wssec import Profile, Signature, Timestamp
from zeep_wssec.cli.group import main
from zeep_wssec.keys.files import read_file

PACKAGE = Path(zeep_wssec.__file__).parent
POSIX = needs(os.name == "posix", "modes are those of POSIX")


@POSIX
@pytest.mark.parametrize(
    ("mode", "folder", "said"),
    [
        (0o600, 0o700, ""), (0o644, 0o755, ""), (0o664, 0o775, ""), (0o646, 0o700, "can be changed"),
        (0o666, 0o700, "can be changed"), (0o600, 0o777, "can be replaced"), (0o600, 0o1777, ""),
    ],
)  # fmt: skip
def test_what_others_may_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, folder: int, said: str
) -> None:
    """Whoever can write a trust anchor decides what is trusted: it is said whenever it is read."""
    inner = tmp_path / "keys"
    inner.mkdir()
    path = inner / "ca.pem"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----")
    path.chmod(mode)
    inner.chmod(folder)
    read_file(path, what="a trust anchor")
    assert [said in message for message in caplog.messages] == ([True] if said else [])
    assert all(str(path) in message for message in caplog.messages)


@POSIX
def test_profile_that_others_may_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The same for a profile: loading it says so, as ``profile lint`` does."""
    path = tmp_path / "partner.toml"
    path.write_text("")
    path.chmod(0o666)
    Profile.load(path)
    assert "can be changed by every user" in caplog.text
    caplog.clear()
    path.chmod(0o644)
    Profile.load(path)
    assert caplog.text == ""


def test_file_swapped_after_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kind, mode and content are those of one descriptor: a file in its place is not read."""
    path = tmp_path / "key"
    path.write_bytes(b"first")
    inspect = os.fstat

    def swap(descriptor: int) -> os.stat_result:
        path.unlink()
        path.write_bytes(b"second")
        return inspect(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", swap)
        assert read_file(path, what="a key") == b"first"
    assert read_file(path, what="a key") == b"second"


def commands(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command there is."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}".strip())


SECRET_WORD = re.compile(r"pass|pin\b|secret|token|ticket|private", re.IGNORECASE)


def test_no_secret_among_the_arguments() -> None:
    """Arguments of a process are seen by everybody: a command takes where a secret is kept, never the secret."""
    named = [
        (path, name)
        for path, command in commands(main)
        for option in command.params
        if not getattr(option, "is_flag", False)
        for name in option.opts
        if SECRET_WORD.search(name)
    ]
    assert [item for item in named if not re.search(r"(env|file|stdin|prompt)$", item[1])] == []
    assert len(list(commands(main))) > 8


def uses(names: set[str]) -> set[str]:
    """Modules of the package, but for the testing kit, that use one of these names of a library."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                used = {node.module or "", *(f"{node.module}.{item.name}" for item in node.names)}
            elif isinstance(node, ast.Import):
                used = {item.name for item in node.names}
            else:
                used = {ast.unparse(node)} if isinstance(node, ast.Attribute) else set()
            if used & names:
                found.add(path.relative_to(PACKAGE).as_posix())
    return {path for path in found if not path.startswith("testing/")}


def test_nothing_is_read_from_the_environment() -> None:
    """No variable changes what a profile demands: only keys and secrets are read from there, by stated names."""
    readers = uses({"os.environ", "os.getenv", "os.environb"})
    assert "keys/secrets.py" in readers
    # GnuPG is found by PATH, and makes its files where TMPDIR says; nothing else is handed on.
    readers.discard("payload/openpgp/homes.py")
    assert [path for path in readers if not path.startswith("keys/")] == []


def test_random_numbers_come_from_the_system() -> None:
    """Whoever seeds ``random`` learns nothing of keys, nonces or Ids."""
    assert uses({"random"}) == set()
    made = []
    for _ in range(2):
        random.seed(1)
        made.append(answer((Timestamp(), Signature())))
    assert made[0] != made[1]


@needs(hasattr(os, "fork"), "needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_random_numbers_after_a_fork() -> None:
    """Two children of one process never give one Id."""
    seen = []
    for _ in range(2):
        ours, theirs = os.pipe()
        child = os.fork()
        if not child:
            from zeep_wssec.soap.ids import fresh_id

            os.write(theirs, fresh_id("x").encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(theirs)
        seen.append(os.read(ours, 100))
        os.close(ours)
    assert seen[0] != seen[1]
    assert all(len(item) > 30 for item in seen)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every pattern that a module of the package keeps."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "zeep_wssec."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


def has_separator(tree: Any) -> bool:
    """Whether each round begins with a mark such as a dot, so that a text is divided in one way only."""
    first, argument = tree[0]
    if first is _constants.SUBPATTERN:
        return has_separator(argument[3])
    return first is _constants.LITERAL and not chr(argument).isalnum()


def repeats_inside_repeats(tree: Any, inside: bool = False) -> bool:
    """Whether something without end is repeated without end: what can take for ever to fail."""
    for operation, argument in tree:
        below: list[Any] = []
        endless = inside
        if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            if inside and argument[1] is _constants.MAXREPEAT:
                return True
            endless = argument[1] is _constants.MAXREPEAT and not has_separator(argument[2])
            endless, below = inside or endless, [argument[2]]
        elif operation is _constants.SUBPATTERN:
            below = [argument[3]]
        elif operation is _constants.BRANCH:
            below = argument[1]
        if any(repeats_inside_repeats(item, endless) for item in below):
            return True
    return False


def test_patterns_end() -> None:
    """No pattern that reads a peer's text repeats a repetition."""
    found = dict(patterns())
    assert len(found) > 15
    endless = [
        name
        for name, pattern in found.items()
        if repeats_inside_repeats(_parser.parse(pattern.pattern, pattern.flags))
    ]
    assert endless == []
    assert repeats_inside_repeats(_parser.parse(r"(a+)+b"))
    for linear in (r"(a|b)+c*", r"a+(\.a+)*"):
        assert not repeats_inside_repeats(_parser.parse(linear))
