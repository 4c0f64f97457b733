"""``zeep-wssec demo``: a secured exchange on this machine, with throwaway keys."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zeep_wssec.cli.output import show_lines

if TYPE_CHECKING:
    from zeep_wssec.cli.demo_story import Story


@click.command()
@click.option(
    "--keep",
    metavar="DIR",
    help="Leave keys, profile, WSDL and messages in this folder; it must not exist or be empty.",
)
def demo(keep: str | None) -> None:
    """Show a secured exchange on this machine, with throwaway keys, and a forged answer refused.

    Nothing leaves the machine. A zeep client calls a partner on 127.0.0.1 that decrypts and verifies the
    request, and signs and encrypts its answer.
    """
    from zeep_wssec.cli import demo_story
    from zeep_wssec.cli.demo_show import show_story

    target = None if keep is None else _check_target(keep)
    with _workshop(target) as folder:
        story = demo_story.play(folder, demo_story.write_folder(folder))
        if target is not None:
            _write_messages(folder, story)
            _move(folder, target)
    show_story(story)
    if keep is not None:
        show_lines(["", *_what_next(keep, story.made_at)])


def _check_target(keep: str) -> Path:
    """Refuse a folder that holds something, before any work is done.

    Raises:
        click.UsageError: It is not empty, no folder, or has no folder above it.
    """
    target = Path(keep).resolve()
    try:
        if not target.parent.is_dir():
            raise click.UsageError(f"{keep} cannot be made: there is no folder above it.")
        if target.exists() and not target.is_dir():
            raise click.UsageError(f"{keep} is not a folder.")
        if target.exists() and next(target.iterdir(), None) is not None:
            raise click.UsageError(f"{keep} is not empty; nothing in it was touched.")
    except OSError as error:
        raise click.UsageError(f"{keep} cannot be used: {error.strerror}.") from None
    return target


@contextmanager
def _workshop(target: Path | None) -> Iterator[Path]:
    """Give a private folder beside ``target`` to work in; what is left of it at the end is removed."""
    beside = None if target is None else target.parent
    try:
        folder = Path(tempfile.mkdtemp(prefix=".zeep-wssec-demo-", dir=beside))
    except OSError as error:
        raise click.UsageError(f"No folder can be made in {beside}: {error.strerror}.") from None
    try:
        yield folder
    except OSError as error:
        raise click.ClickException(f"The demo broke off: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_messages(folder: Path, story: Story) -> None:
    from zeep_wssec.cli.demo_story import write_private

    write_private(folder / "request.xml", story.request)
    write_private(folder / "request-secured.xml", story.secured_request)
    write_private(folder / "answer-secured.xml", story.secured_answer)
    write_private(folder / "answer-plain.xml", story.answer)
    write_private(folder / "answer-forged.xml", story.forged_answer)


def _move(folder: Path, target: Path) -> None:
    from zeep_wssec.cli.demo_story import move_folder

    try:
        move_folder(folder, target)
    except OSError as error:
        raise click.UsageError(f"{target} cannot be made: {error.strerror}.") from None


def _what_next(keep: str, made_at: datetime) -> list[str]:
    folder = Path(keep)
    profile, request, answer = (
        shlex.quote(str(folder / name))
        for name in ("profile.toml", "request-secured.xml", "answer-secured.xml")
    )
    return [
        f"{keep} has the keys, the profile, the WSDL and the messages. To go on:",
        f"  zeep-wssec profile show {profile}",
        f"  zeep-wssec check {answer} --profile {profile} --request {request}"
        f" --now {made_at:%Y-%m-%dT%H:%M:%SZ}",
        "The answer is fresh for five minutes; --now goes back to when it was.",
    ]
