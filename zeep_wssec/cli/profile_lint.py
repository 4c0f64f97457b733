"""``zeep-wssec profile lint``: what is weak in a profile, or about to fail."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines

if TYPE_CHECKING:
    from zeep_wssec.profile_lint import Finding


@click.command()
@click.argument("path", metavar="PROFILE")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@now_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def lint(path: str, strict: bool, now: datetime, as_json: bool) -> None:
    """Find what is weak in a profile or about to fail.

    Exits with 1 when there is an error: something that fails now, such as an expired certificate.
    """
    from zeep_wssec.profile_file import load_plan
    from zeep_wssec.profile_lint import weaknesses

    findings = [*weaknesses(load_plan(path), now), *_exposure(path)]
    if as_json:
        click.echo(json.dumps([asdict(item) for item in findings], indent=2))
    else:
        show_lines([str(item) for item in findings] or ["Nothing found."])
    serious = {"error", "warning"} if strict else {"error"}
    if any(item.severity in serious for item in findings):
        click.get_current_context().exit(1)


def _exposure(path: str) -> Iterator[Finding]:
    """Report a file that others may change: what they write there is trusted."""
    from zeep_wssec.profile_lint import Finding

    if os.name == "posix" and Path(path).stat().st_mode & stat.S_IWOTH:
        yield Finding(
            severity="warning",
            path=Path(path).name,
            text="Everybody on this machine may change it.",
        )
