"""The stored messages of other implementations and of our own: what a folder says, and how it is checked.

Each case is a folder ``<peer>/<case>`` with ``message.xml`` and ``case.toml``: where the message comes from,
the time to check it at, ``accept`` or the error, and why. ``signer.pem`` is the signer's certificate; a case
without it is read with the throwaway keys of ``keys/``, by the side that ``reader`` names, and says under
``[inbound]`` what it proves. ``request.xml`` is the message that it answers.
"""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from zeep_wssec import Anonymous, Inbound, Keystore, Profile
from zeep_wssec.exchange import Exchange, Holder, SessionSecret
from zeep_wssec.results import Checked

FOLDER = Path(__file__).parent
KEYS = FOLDER / "keys"


class Forgetful:
    """A replay store that remembers nothing: each message is looked at many times."""

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Take anything as new."""
        return True


@cache
def keystore(side: str) -> Keystore:
    """All throwaway keys, as one side has them: its own key pairs, the other's certificates, all secrets."""
    shared = tomllib.loads((KEYS / "shared.toml").read_text("utf-8"))
    made = Keystore().with_trust(anchors=(KEYS / "ca.pem").read_bytes())
    for path in sorted(KEYS.glob("*-*.pem")):
        if path.stem.startswith(side):
            made = made.merge(Keystore.from_pem(key=path.read_bytes(), alias=path.stem))
        else:
            # The key stands in front of the certificate.
            pem = path.read_bytes()
            made = made.with_partner(path.stem, pem[pem.index(b"-----BEGIN CERT") :])
    for alias, secret in shared["secrets"].items():
        octets = base64.b64decode(secret["value"])
        made = made.with_secret(alias, octets, key_name=secret.get("key_name"))
    for name, password in shared["users"].items():
        made = made.with_user(name, password)
    return made


@dataclass(frozen=True)
class Vector:
    """One stored message."""

    folder: Path

    def __str__(self) -> str:
        return f"{self.peer}/{self.folder.name}"

    @property
    def peer(self) -> str:
        """Who made it."""
        return self.folder.parent.name

    @cached_property
    def case(self) -> dict[str, Any]:
        """What it says of itself."""
        return tomllib.loads((self.folder / "case.toml").read_text("utf-8"))

    @cached_property
    def message(self) -> bytes:
        """The message as it was sent."""
        return (self.folder / "message.xml").read_bytes()

    @property
    def is_good(self) -> bool:
        """Whether it is accepted."""
        return bool(self.case["expect"] == "accept")

    @cached_property
    def demands(self) -> Inbound:
        """What it must prove."""
        table: dict[str, Any] = dict(self.case.get("inbound", {}))
        if "inbound" not in self.case:
            return Inbound(legacy=self.case.get("legacy", {}))
        signers = table.pop("signed_by", ())
        table["signed_by"] = tuple(map(_signer, signers)) or None
        return Inbound(**{"signed": (), "fresh_seconds": None, **table})

    @cached_property
    def profile(self) -> Profile:
        """A profile that accepts it, or refuses it as the case says, at its time."""
        if "reader" in self.case:
            keys = keystore(self.case["reader"])
        else:
            keys = Keystore().with_partner("signer", self.folder / "signer.pem")
        return Profile(
            keystore=keys,
            inbound=self.demands,
            namespaces={"t": "urn:t"},
            replay=Forgetful(),
            clock=lambda: self.case["time"],
        )

    @cached_property
    def exchange(self) -> Exchange | None:
        """The request that it answers."""
        path = self.folder / "request.xml"
        if not path.exists():
            return None
        keys = tuple(map(_session_secret, self.case.get("session_keys", ())))
        return replace(Exchange.from_message(path.read_bytes()), session_keys=keys)

    def check(self, message: Any = None, profile: Profile | None = None) -> Checked:
        """Check the message, or another one in its place, with its profile or another one."""
        given = self.message if message is None else message
        return (profile or self.profile).check(given, request=self.exchange)


def _signer(item: Any) -> Any:
    return Anonymous(reason=item["anonymous"]) if isinstance(item, dict) else item


def _session_secret(item: dict[str, str]) -> SessionSecret:
    return SessionSecret(
        sha1=bytes.fromhex(item["sha1"]),
        octets=base64.b64decode(item["octets"]),
        known_to=(Holder("partner", item["known_to"]),),
    )


@cache
def vectors() -> Sequence[Vector]:
    """Every stored message."""
    return tuple(Vector(path.parent) for path in sorted(FOLDER.glob("*/*/case.toml")))


@cache
def good_vectors() -> Sequence[Vector]:
    """Those that are accepted."""
    return tuple(vector for vector in vectors() if vector.is_good)
