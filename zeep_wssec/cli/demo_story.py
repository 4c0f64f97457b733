"""What ``zeep-wssec demo`` does: a folder with throwaway keys and a profile, one true answer, one forged."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zeep.plugins import Plugin

from zeep_wssec.errors import InboundError
from zeep_wssec.profile import Profile
from zeep_wssec.report import Report
from zeep_wssec.soap.envelope import to_octets
from zeep_wssec.testing.orders import WSDL, answer_order, make_element
from zeep_wssec.testing.parties import Parties
from zeep_wssec.testing.partner import Partner, Wire
from zeep_wssec.testing.wrapping import wrap_signed_body

PROFILE = """\
# A profile made by zeep-wssec demo; its keys are throwaway keys.
# Paths start at this folder. To see it in words: zeep-wssec profile show profile.toml

[service]
wsdl = "orders.wsdl"            # the partner was on this machine and is gone: set address

[[keystore]]
pkcs12 = "client.p12"
password_file = "client.password"

[[keystore]]
partner = "partner"
certificate = "partner.pem"
anchors = ["ca.pem"]

[[outbound]]
step = "timestamp"
ttl_seconds = 300

[[outbound]]
step = "signature"
parts = ["body", "timestamp", "header:wsa:To?", "header:wsa:Action?", "header:wsa:MessageID?"]

[[outbound]]
step = "encryption"
recipients = ["partner"]

[inbound]
signed = ["body", "timestamp", "header:wsa:RelatesTo?"]
encrypted = ["body"]
fresh_seconds = 300
signed_by = "partner"
"""
PASSWORD_FILE = "client.password"
_PASSWORD = "throwaway"


@dataclass(frozen=True, eq=False, kw_only=True)
class Story:
    """Everything that was said, in order."""

    made_at: datetime
    request: bytes
    """As zeep made it."""
    secured_request: bytes
    """As it was sent."""
    request_report: Report
    """What it proved to the partner."""
    secured_answer: bytes
    answer: bytes
    """As zeep reads it."""
    answer_report: Report
    order: Any
    """What the call gave."""
    forged_answer: bytes
    refusal: InboundError


def write_folder(folder: Path) -> Parties:
    """Write keys, certificates, WSDL and profile; only their owner may read the keys."""
    parties = Parties.create()
    files = {
        "client.p12": parties.client.pkcs12(_PASSWORD, name="client"),
        PASSWORD_FILE: f"{_PASSWORD}\n".encode(),
        "partner.pem": parties.partner.certificate_pem,
        "ca.pem": parties.authority.pem,
        "orders.wsdl": WSDL.read_bytes(),
        "profile.toml": PROFILE.encode(),
    }
    for name, content in files.items():
        write_private(folder / name, content)
    return parties


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)


def play(folder: Path, parties: Parties) -> Story:
    """Call the partner twice with the profile in ``folder``: the second answer is forged on its way."""
    profile = Profile.load(folder / "profile.toml")
    wire = _Forger()
    partner = Partner(parties.partner_profile(), answer_order, wire=Wire(tamper=wire.pass_on))
    trace = _Trace()
    with partner.serve() as address:
        client = profile.client(address=address, plugins=[trace])
        order = client.service.PlaceOrder(sku="42", quantity=1, nonce="a1")
        report, told = profile.last_report(), partner.answers[-1]
        request, answer = trace.request, trace.answer
        wire.forging = True
        refusal = _call_refused(client)
    if report is None or told.report is None:
        raise RuntimeError("the exchange left no reports")
    return Story(
        made_at=datetime.now(UTC),
        request=request,
        secured_request=told.request,
        request_report=told.report,
        secured_answer=told.content,
        answer=answer,
        answer_report=report,
        order=order,
        forged_answer=wire.forged,
        refusal=refusal,
    )


def _call_refused(client: Any) -> InboundError:
    try:
        client.service.PlaceOrder(sku="42", quantity=1, nonce="a2")
    except InboundError as error:
        return error
    raise RuntimeError("a forged answer was accepted")


class _Forger:
    """Between partner and caller: leaves answers alone until it is told to forge."""

    def __init__(self) -> None:
        self.forging = False
        self.forged = b""

    def pass_on(self, answer: bytes) -> bytes:
        if not self.forging:
            return answer
        response = make_element("PlaceOrderResponse", orderId="forged", sku="666", nonce="a2")
        self.forged = wrap_signed_body(answer, response)
        return self.forged


class _Trace(Plugin):
    """Keeps messages as zeep has them: before they are protected, and after they were checked."""

    request = b""
    answer = b""

    def egress(self, envelope: Any, http_headers: Any, operation: Any, binding_options: Any) -> Any:  # noqa: ARG002
        self.request = to_octets(envelope)
        return envelope, http_headers

    def ingress(self, envelope: Any, http_headers: Any, operation: Any) -> Any:  # noqa: ARG002
        self.answer = to_octets(envelope)
        return envelope, http_headers


def move_folder(made: Path, target: Path) -> None:
    """Put the finished folder in its place, which does not exist or is an empty folder.

    Raises:
        OSError: Something stands there by now; it is left alone.
    """
    with suppress(FileNotFoundError):
        target.rmdir()
    made.rename(target)
