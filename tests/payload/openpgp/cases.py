"""The cases of the matrix of OpenPGP: what each means in our settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from zeep_wssec.payload.openpgp.algorithms import CIPHERS_BY_NAME, COMPRESSIONS

Verb = Literal["protect", "encrypt", "sign", "detached"]


@dataclass(frozen=True)
class Case:
    """One way to protect data."""

    verb: Verb = "protect"
    cipher: str = "aes256"
    compression: str = "zip"
    armor: bool = False

    @property
    def legacy(self) -> dict[str, str]:
        """The opt-in that the cipher needs."""
        name = CIPHERS_BY_NAME[self.cipher].legacy
        return {name: "an old gateway"} if name else {}

    def settings(self) -> dict[str, Any]:
        """Our settings."""
        return {
            "cipher": self.cipher,
            "compression": self.compression,
            "armor": self.armor,
            "detached": self.verb == "detached",
            "legacy": self.legacy,
        }


def cases() -> dict[str, Case]:
    """Every case by its name."""
    return {
        **{
            f"protect {cipher} {compression}": Case("protect", cipher, compression)
            for cipher in CIPHERS_BY_NAME
            for compression in COMPRESSIONS
        },
        "protect armored": Case("protect", armor=True),
        "encrypt": Case("encrypt", compression="none"),
        "encrypt compressed": Case("encrypt"),
        "sign": Case("sign", compression="none"),
        "sign compressed": Case("sign"),
        "sign detached": Case("detached"),
    }


def possible() -> Iterator[tuple[str, str, str]]:
    """Every peer, direction and case that there is a way to run."""
    for name, case in cases().items():
        for way in ("to_peer", "from_peer"):
            yield "gpg", way, name
            is_tried = case.cipher == "aes256" or case.compression == "zip"
            if case.verb == "protect" and is_tried and (way == "to_peer" or not case.armor):
                yield "bouncycastle", way, name
        if case.cipher == "aes256":
            yield "pysequoia", "to_peer", name
        # It writes AES-256 and no compression, as it has no choice of either.
        if name in ("protect aes256 none", "encrypt", "sign", "sign detached", "protect armored"):
            yield "pysequoia", "from_peer", name
