"""What a look at a TLS server comes to: an exit code for each kind of failure, lines, plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from zeep_wssec.errors import TransportSecurityError
from zeep_wssec.transport.tls_failures import server_names
from zeep_wssec.transport.watched import fingerprints

if TYPE_CHECKING:
    from zeep_wssec.keys.certificate import Certificate
    from zeep_wssec.transport.tls_probe import Probe

EXIT_CODES: Mapping[str, int] = {
    "unreachable": 10,
    "no_tls": 11,
    "no_common_version": 11,
    "no_common_cipher": 11,
    "no_path": 12,
    "self_signed": 12,
    "wrong_usage": 12,
    "weak_key": 12,
    "bad_signature": 12,
    "name_mismatch": 13,
    "expired": 14,
    "not_yet_valid": 14,
    "pin_mismatch": 15,
    "client_certificate_missing": 16,
    "client_certificate_refused": 17,
    "client_certificate_not_asked": 18,
}
"""Exit code by reason; 19 for any other."""
OTHER = 19


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One thing that is wrong."""

    reason: str
    message: str
    hint: str

    @property
    def exit_code(self) -> int:
        """What the command exits with, if this is the first failure."""
        return EXIT_CODES.get(self.reason, OTHER)


def failures(probe: Probe, *, validate: bool, expects_client: bool) -> Iterator[Failure]:
    """Give what is wrong, what matters most first.

    Args:
        probe: What was seen.
        validate: Whether it matters that the server is not trusted.
        expects_client: Whether a client key was to be shown.
    """
    if validate and probe.distrust is not None:
        yield failure_of(probe.distrust)
    if validate and probe.name_matches is False:
        names = ", ".join(server_names(probe.chain[0])) or "no host at all"
        yield Failure(
            reason="name_mismatch",
            message=f"The certificate is for another name than {probe.target.host}: it is for {names}.",
            hint="Address the server by a name of its certificate, or have one issued for this name.",
        )
    if probe.problem is not None:
        yield failure_of(probe.problem)
    elif expects_client and not probe.asks and probe.chain:
        yield Failure(
            reason="client_certificate_not_asked",
            message="The server does not ask for a client certificate, so it does not see who calls.",
            hint="See the port and the host name; some servers ask only where the path needs it: give it "
            "with --path, or ask the operator.",
        )


def failure_of(error: TransportSecurityError) -> Failure:
    """Give an error as a failure."""
    reason = str(error.details.get("reason") or "other")
    return Failure(reason=reason, message=str(error.message), hint=error.hint)


def lines(
    probe: Probe, found: list[Failure], root: Certificate | None, now: datetime
) -> Iterator[str]:
    """Give what was seen, for people."""
    yield f"server: {probe.target.host} port {probe.target.port} ({probe.peer})"
    if probe.protocol:
        yield f"protocol: {probe.protocol}, {probe.cipher}"
    for index, item in enumerate(probe.chain):
        yield f"chain {index}: {item.describe()}, {_validity(item, now)}"
        yield f"  issued by {item.issuer}"
    if probe.chain:
        yield from _about_server(probe, root)
        yield from _about_client(probe)
    for failure in found:
        yield f"error: {failure.message}"
        if failure.hint:
            yield f"  hint: {failure.hint}"
    if not found and (probe.distrust is not None or probe.name_matches is False):
        yield "accepted by --no-validate alone: calls refuse this server."
    elif not found:
        yield "accepted: calls with these settings can be made."


def _about_server(probe: Probe, root: Certificate | None) -> Iterator[str]:
    by = f", by {root.describe()}" if root is not None else ""
    yield (
        f"trusted: yes{by}" if probe.distrust is None else f"trusted: no ({probe.distrust.reason})"
    )
    yield f"name: {'matches' if probe.name_matches else 'does not match'}"
    certificate, key = fingerprints(probe.chain[0])
    yield f"pins: {certificate} (certificate), {key} (key)"


def _about_client(probe: Probe) -> Iterator[str]:
    yield f"client certificate: {'asked for' if probe.asks else 'not asked for'}"
    if probe.asks:
        yield f"  accepted are those issued by: {'; '.join(probe.accepts) or 'it does not say'}"
    for item in probe.sent:
        yield f"  sent: {item.describe()}"
    if probe.asks and not probe.sent:
        yield "  sent: none"
    if probe.accepted is not None:
        yield f"  accepted: {'yes' if probe.accepted else 'no'}"


def _validity(certificate: Certificate, now: datetime) -> str:
    if now < certificate.not_before:
        return f"not valid before {certificate.not_before:%Y-%m-%d}"
    left = (certificate.not_after - now).days
    return "expired" if now > certificate.not_after else f"{left} days left"


def as_data(probe: Probe, found: list[Failure], root: Certificate | None) -> dict[str, Any]:
    """Give what was seen, for programs."""
    return {
        "host": probe.target.host,
        "port": probe.target.port,
        "peer": probe.peer,
        "protocol": probe.protocol,
        "cipher": probe.cipher,
        "chain": [_certificate(item) for item in probe.chain],
        "trusted": bool(probe.chain) and probe.distrust is None,
        "trusted_by": root.subject if root is not None else None,
        "distrust": probe.distrust.to_dict() if probe.distrust is not None else None,
        "name_matches": probe.name_matches,
        "client_certificate": {
            "asked": probe.asks,
            "accepts": list(probe.accepts),
            "sent": [_certificate(item) for item in probe.sent],
            "accepted": probe.accepted,
        },
        "failures": [
            {
                "reason": item.reason,
                "exit_code": item.exit_code,
                "message": item.message,
                "hint": item.hint,
            }
            for item in found
        ],
    }


def _certificate(item: Certificate) -> dict[str, Any]:
    certificate, key = fingerprints(item)
    return {
        "subject": item.subject,
        "issuer": item.issuer,
        "serial_number": f"{item.serial_number:x}",
        "not_before": item.not_before.isoformat(),
        "not_after": item.not_after.isoformat(),
        "names": list(server_names(item)),
        "sha256": certificate,
        "key_pin": key,
    }
