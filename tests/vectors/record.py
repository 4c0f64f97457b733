"""Makes the stored messages that ``recorders`` lists anew, from live peers and with new throwaway keys.

    PYTHONPATH=tests python -m vectors.record

Java with Maven, Node.js with npm and xmlsec1 must be installed. The keys are good for a year; every message
is checked at its own time, so the stored ones stay good.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from interop.matrix_run import SECRETS, Keys
from interop.matrix_steps import PASSWORD, USER, identifier
from vectors.corpus import FOLDER, KEYS, Vector, keystore
from vectors.recorded import Recorded
from vectors.recorders import RECORDERS

from zeep_wssec import Anonymous, Inbound

KINDS = ("rsa", "second", "p256", "ed25519", "x25519")
"""Key pairs that messages here are made with, as second halves of aliases."""


def write_keys(keys: Keys) -> None:
    """Write everybody's keys and what they share."""
    shutil.rmtree(KEYS, ignore_errors=True)
    KEYS.mkdir()
    (KEYS / "ca.pem").write_bytes(keys.ca.pem)
    for alias, item in keys.issued.items():
        if alias.partition("-")[2] in KINDS:
            (KEYS / f"{alias}.pem").write_bytes(item.key_pem() + item.certificate_pem)
    lines = ["# Throwaway keys of the stored messages.", "[users]", f"{USER} = {_text(PASSWORD)}"]
    for alias, octets in SECRETS.items():
        lines += ["", f"[secrets.{alias}]", f"value = {_text(base64.b64encode(octets).decode())}"]
        if alias.startswith("context"):
            lines.append(f"key_name = {_text(identifier(len(octets)))}")
    (KEYS / "shared.toml").write_text("\n".join(lines) + "\n", "utf-8")
    keystore.cache_clear()


def write(peer: str, item: Recorded) -> Vector:
    """Write one case."""
    folder = FOLDER / peer / item.name
    folder.mkdir(parents=True)
    (folder / "message.xml").write_bytes(item.message)
    if item.request is not None:
        (folder / "request.xml").write_bytes(item.request)
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    lines = [
        f"origin = {_text(item.origin)}",
        f"time = {now:%Y-%m-%dT%H:%M:%SZ}",
        'expect = "accept"',
        f"why = {_text(item.why)}",
        f"reader = {_text(item.reader)}",
        *_inbound(item.inbound),
    ]
    for sha1, octets, known_to in item.session_keys:
        lines += ["", "[[session_keys]]", f"sha1 = {_text(sha1.hex())}"]
        lines += [f"octets = {_text(base64.b64encode(octets).decode())}"]
        lines += [f"known_to = {_text(known_to)}"]
    (folder / "case.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return Vector(folder)


def _inbound(demands: Inbound) -> list[str]:
    given = demands.signed_by
    signers = given if isinstance(given, tuple) else (given,) if given is not None else ()
    table: dict[str, Any] = {
        "signed": demands.signed,
        "encrypted": demands.encrypted,
        "fresh_seconds": demands.fresh_seconds,
        "signed_by": [
            {"anonymous": item.reason} if isinstance(item, Anonymous) else item for item in signers
        ],
        "signature_confirmation": demands.signature_confirmation,
        "username_token": demands.username_token,
        "legacy": demands.legacy,
    }
    return [
        "",
        "[inbound]",
        *(f"{name} = {_toml(value)}" for name, value in table.items() if value),
    ]


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Record all; each message must be accepted as it is stored."""
    keys = Keys()
    write_keys(keys)
    for peer, record in RECORDERS.items():
        # What has its signer's certificate beside it was not made here.
        for path in sorted((FOLDER / peer).glob("*/case.toml")):
            if not (path.parent / "signer.pem").exists():
                shutil.rmtree(path.parent)
        made = [write(peer, item) for item in record(keys)]
        for vector in made:
            vector.check()
        print(f"{peer}: {len(made)}")  # noqa: T201  # what a script has to say


if __name__ == "__main__":
    main()
