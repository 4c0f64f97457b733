"""``zeep-wssec profile schema``: the JSON Schema of profile files."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of profile files, for completion and checks in editors."""
    from zeep_wssec import profile_schema

    click.echo(json.dumps(profile_schema.schema(), indent=2, ensure_ascii=False))
