"""``zeep-wssec tls-check``: the connection to a server alone, before any message is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

from zeep_wssec.cli.files import check_output, write_output
from zeep_wssec.cli.options import now_option
from zeep_wssec.cli.output import show_lines
from zeep_wssec.cli.tls_findings import Failure, as_data, failure_of, failures, lines
from zeep_wssec.errors import KeyMaterialError, TransportSecurityError

if TYPE_CHECKING:
    from zeep_wssec.keys.certificate import Certificate
    from zeep_wssec.keys.snapshot import Snapshot
    from zeep_wssec.settings.tls import TLS
    from zeep_wssec.transport.tls_probe import Probe, Target


@click.command("tls-check")
@click.argument("server", metavar="HOST[:PORT]")
@click.option(
    "--profile", "-p", "profile_path", metavar="FILE", help="Whose [tls] and keys to use."
)
@click.option("--client-key", metavar="ALIAS", help="Key pair to show, in place of tls.client_key.")
@click.option(
    "--trust", multiple=True, metavar="FILE", help="CA certificates, in place of tls.trust."
)
@click.option("--path", default="/", show_default=True, help="What to ask for, if a key is shown.")
@click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
)
@click.option("--save-chain", metavar="FILE", help="Write the presented chain there, as PEM.")
@click.option(
    "--no-validate", is_flag=True, help="Go on, and succeed, when the server is not trusted."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was seen as JSON.")
@now_option
def tls_check(
    server: str, profile_path: str | None, save_chain: str | None, as_json: bool, **given: Any
) -> None:
    """Connect to a server as calls do, and tell what it presents, trusts and asks for.

    Exit codes: 0 calls can be made; 10 not reached; 11 no TLS in common; 12 not trusted; 13 other name;
    14 expired or not yet valid; 15 other pin; 16 it wants a client certificate; 17 it refuses ours;
    18 it does not ask for ours; 19 anything else.
    """
    from zeep_wssec.transport.tls_probe import Target

    if save_chain is not None:
        check_output(save_chain)
    host, port = _address(server)
    target = Target(
        host=host,
        port=port,
        path=quote(given["path"], safe="/?&=%:,;@!$'()*+~-._"),
        timeout_seconds=given["timeout"],
    )
    tls, held = _settings(profile_path, given["client_key"], given["trust"])
    validate = not given["no_validate"]
    try:
        seen = _probe(target, tls, held, validate=validate, now=given["now"])
    except TransportSecurityError as error:
        _report_unreached(target, failure_of(error), as_json=as_json)
        return
    if save_chain is not None and seen.chain:
        write_output(save_chain, b"".join(item.pem for item in seen.chain))
    found = [*failures(seen, validate=validate, expects_client=tls.client_key is not None)]
    root = _root(seen, tls, held)
    if as_json:
        click.echo(json.dumps(as_data(seen, found, root), indent=2))
    else:
        show_lines(lines(seen, found, root, given["now"]))
    if found:
        click.get_current_context().exit(found[0].exit_code)


def _address(server: str) -> tuple[str, int]:
    """Read ``host``, ``host:port``, ``[v6]:port`` or an https address."""
    try:
        parts = urlsplit(server if "://" in server else f"https://{server}")
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        host, port = None, 443
    if not host or parts.scheme != "https":
        raise click.BadParameter(f"{server!r} is not HOST:PORT.", param_hint="HOST[:PORT]")
    return host, port


def _settings(
    profile_path: str | None, client_key: str | None, trust: tuple[str, ...]
) -> tuple[TLS, Snapshot]:
    from zeep_wssec.keys.snapshot import Snapshot
    from zeep_wssec.profile_file import load_plan
    from zeep_wssec.settings.tls import TLS

    if profile_path is None:
        if client_key is not None:
            raise click.UsageError("--client-key needs --profile, whose keystore has the key.")
        return TLS(trust=trust), Snapshot()
    plan = load_plan(profile_path)
    tls = plan.tls or TLS()
    if client_key is not None:
        tls = replace(tls, client_key=client_key)
    if trust:
        tls = replace(tls, trust=trust, trust_aliases=())
    return tls, plan.keystore.snapshot()


def _probe(target: Target, tls: TLS, held: Snapshot, *, validate: bool, now: datetime) -> Probe:
    from zeep_wssec.transport.client_certificate import find_client_key, with_chain
    from zeep_wssec.transport.tls_probe import Contexts, probe

    entry = find_client_key(held, tls, now=now)
    shown = None if entry is None else with_chain(entry, held, now=now)
    return probe(target, Contexts.of(tls, held, shown, validate=validate), validate=validate)


def _root(seen: Probe, tls: TLS, held: Snapshot) -> Certificate | None:
    """Find by which of the trusted certificates the server is trusted, as far as that can be told."""
    import certifi

    from zeep_wssec.keys.chain_fetch import walk_chain
    from zeep_wssec.keys.trust import load_certificates

    if seen.distrust is not None or not seen.chain:
        return None
    sources: tuple[Any, ...] = tuple(tls.trust)
    if not sources and not tls.trust_aliases:
        sources = (certifi.where(),)
    try:
        trusted = load_certificates(sources, what="trust")
    except KeyMaterialError:
        return None
    partners = (held.require_partner(alias) for alias in tls.trust_aliases)
    trusted += tuple(item for entry in partners for item in (entry.certificate, *entry.anchors))
    top = walk_chain(seen.chain[0], seen.chain, anchors=trusted).links[-1]
    return top if top in trusted else None


def _report_unreached(target: Target, failure: Failure, *, as_json: bool) -> None:
    from zeep_wssec.transport.tls_probe import Probe

    found = [failure]
    if as_json:
        click.echo(json.dumps(as_data(Probe(target=target), found, None), indent=2))
    else:
        show_lines([f"error: {failure.message}", f"  hint: {failure.hint}"])
    click.get_current_context().exit(failure.exit_code)
