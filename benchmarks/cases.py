"""The cases: which contestants take turns, and the rows that come of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any, Literal

from lxml import etree

from benchmarks import floors
from benchmarks.floors import Floors, Sealed, SignedNodes
from benchmarks.material import (
    NOW,
    SIZES,
    Material,
    parse,
    plain_message,
)
from benchmarks.measure import Contestant, Effort, Samples, sample, take_turns
from benchmarks.peers import Libxmlsec, ZeepWsse, with_timestamp
from benchmarks.table import Row, not_measured
from zeep_wssec import Encryption, Profile

Rows = Iterator[Row]
_SMALL = "2 KB"
_CONTROL = "the floor again"
_WSS4J = "WSS4J, warm JVM"


class Cases:
    """Everything that is measured inside this process by one thread."""

    def __init__(self, material: Material, effort: Effort) -> None:
        self._material = material
        self._effort = effort
        self._floors = Floors(material)
        self._zeep = ZeepWsse(material)
        self._libxmlsec = Libxmlsec(material)

    def sign(self) -> Rows:
        """``Profile.secure`` with Timestamp, BinarySecurityToken and Body."""
        profile = self._material.client_profile()
        for size in SIZES:
            contestants = [
                Contestant(
                    name="ours",
                    prepare=_fresh(size),
                    run=lambda root: profile.secure(root, now=NOW),
                ),
                self._sign_floor(size),
                Contestant(
                    name="zeep.wsse BinarySignature",
                    prepare=partial(with_timestamp, size),
                    run=self._zeep.sign,
                ),
                Contestant(
                    name="libxmlsec template",
                    prepare=partial(with_timestamp, size),
                    run=self._libxmlsec.sign,
                ),
            ]
            small = size == _SMALL
            at_least = (4.0, None) if small else (3.0, 3.0)
            yield from self._rows(
                f"sign {size}", contestants, at_most=1.8 if small else 1.15, at_least=at_least
            )

    def _sign_floor(self, size: str) -> Contestant:
        if size == _SMALL:
            data = plain_message(size)[:1000]
            return Contestant(
                name="raw RSA-2048 SHA-256 signature",
                run=lambda _: self._floors.raw_signature(data),
            )
        return Contestant(
            name="C14N + SHA-256 of the Body", prepare=_fresh(size), run=floors.digest_body
        )

    def verify(self) -> Rows:
        """``Profile.check`` of a signed answer; the tree is given and nothing is known of its octets."""
        profile = self._material.client_profile()
        request = profile.secure(parse(plain_message(_SMALL)), now=NOW).exchange

        def check(reply: bytes | etree._Element) -> object:
            return profile.check(reply, request=request, now=NOW)

        for size in SIZES:
            data = self._material.signed_answer(size)
            fresh = _parsed(data)
            contestants = [
                Contestant(name="ours", prepare=fresh, run=check),
                self._verify_floor(size, data),
                Contestant(name="zeep.wsse MemorySignature", prepare=fresh, run=self._zeep.verify),
                Contestant(name="libxmlsec verify", prepare=fresh, run=self._libxmlsec.verify),
            ]
            small = size == _SMALL
            rows = [*self._rows(f"verify {size}", contestants, at_most=4 if small else 2.2)]
            yield from rows
            if size != "10 MB":
                assert rows[0].ours is not None
                yield not_measured(f"verify {size}", rows[0].ours, _WSS4J, at_least=1)
            yield from self._verify_bytes(size, data, check)
        yield from self._verify_cold()

    def _verify_floor(self, size: str, data: bytes) -> Contestant:
        if size == _SMALL:
            return Contestant(
                name="C14N ×4 + SHA-256 ×3 + RSA verify",
                prepare=lambda: SignedNodes(parse(data)),
                run=self._floors.verify,
            )
        return Contestant(
            name="C14N + SHA-256 of the Body", prepare=_parsed(data), run=floors.digest_body
        )

    def _verify_bytes(self, size: str, data: bytes, check: Callable[[bytes], object]) -> Rows:
        contestants = [
            Contestant(name="ours", run=lambda _: check(data)),
            Contestant(
                name="parse + C14N + SHA-256 of the Body",
                run=lambda _: floors.parse_and_digest(data),
            ),
        ]
        yield from self._rows(f"verify {size}, from bytes", contestants)

    def _verify_cold(self) -> Rows:
        """The first message of a signer who is known by subject and anchor only."""
        data = self._material.signed_answer(_SMALL)

        def prepare() -> tuple[Profile, etree._Element]:
            profile = self._material.path_profile()
            forget_certificates()
            return profile, parse(data)

        contestants = [
            Contestant(
                name="ours", prepare=prepare, run=lambda given: given[0].check(given[1], now=NOW)
            ),
            Contestant(
                name="the same with the path by cryptography",
                prepare=lambda: (SignedNodes(parse(data)), NOW),
                run=self._floors.verify_with_path,
            ),
        ]
        yield from self._rows("verify 2 KB, cold", contestants, at_most=3)

    def encrypt(self) -> Rows:
        """``Profile.secure`` with the Body encrypted for one partner."""
        profile = self._material.client_profile((Encryption(recipients=("partner",)),))
        for size in SIZES:
            small = size == _SMALL
            contestants = [
                Contestant(
                    name="ours",
                    prepare=_fresh(size),
                    run=lambda root: profile.secure(root, now=NOW),
                ),
                Contestant(
                    name=("RSA-OAEP + " if small else "") + "serialise + AES-256-GCM + base64",
                    prepare=_fresh(size),
                    run=self._floors.encrypt_with_key if small else floors.encrypt,
                ),
            ]
            rows = [*self._rows(f"encrypt {size}", contestants, at_most=None if small else 1.3)]
            yield from rows
            if size == "1 MB":
                assert rows[0].ours is not None
                peer = Contestant(
                    name="libxmlsec encrypt_xml", prepare=_fresh(size), run=self._libxmlsec.encrypt
                )
                took = sample(peer)
                yield Row(
                    case=f"encrypt {size}",
                    ours=rows[0].ours,
                    against=f"{peer.name} (once)",
                    other=took,
                    ratio=took / rows[0].ours,
                    bound="≥",
                    bar=50,
                )

    def decrypt(self) -> Rows:
        """``Profile.check`` of an answer whose Body is encrypted; the tree is given."""
        profile = self._material.client_profile((Encryption(recipients=("partner",)),))
        request = profile.secure(parse(plain_message(_SMALL)), now=NOW).exchange
        for size in SIZES:
            small = size == _SMALL
            data = self._material.encrypted_answer(size)
            contestants = [
                Contestant(
                    name="ours",
                    prepare=_parsed(data),
                    run=lambda root: profile.check(root, request=request, now=NOW),
                ),
                Contestant(
                    name=("RSA-OAEP + " if small else "") + "base64 + AES-256-GCM + parse",
                    prepare=partial(self._sealed, data),
                    run=self._floors.decrypt_with_key if small else floors.decrypt,
                ),
            ]
            yield from self._rows(f"decrypt {size}", contestants, at_most=None if small else 1.3)

    def _sealed(self, data: bytes) -> Sealed:
        return Sealed(parse(data), self._floors)

    def _rows(
        self,
        case: str,
        contestants: list[Contestant],
        *,
        at_most: float | None = None,
        at_least: tuple[float | None, ...] = (),
    ) -> Rows:
        """Measure; the first contestant is ours, the second the floor, the others are peers."""
        batch = 20 if _SMALL in case and "cold" not in case else 1
        control = replace(contestants[1], name=_CONTROL)
        took = take_turns([*contestants, control], self._effort, batch=batch)
        ours, floor, *peers = (item.name for item in contestants)
        noise = abs(took.ratio(_CONTROL, floor) - 1)
        yield _row(case, took, floor, took.ratio(ours, floor), at_most, noise)
        for peer, bar in zip(peers, (*at_least, *(None for _ in peers)), strict=False):
            yield _row(case, took, peer, took.ratio(peer, ours), bar, noise, bound="≥")
        if case == "sign 2 KB":
            yield not_measured(case, took.median(ours), _WSS4J, at_least=2)


def _row(
    case: str,
    took: Samples,
    other: str,
    ratio: float,
    bar: float | None,
    noise: float,
    *,
    bound: Literal["≤", "≥"] = "≤",
) -> Row:
    return Row(
        case=case,
        ours=took.median("ours"),
        against=other,
        other=took.median(other),
        ratio=ratio,
        bound=bound,
        bar=bar,
        noise=noise,
    )


def forget_certificates() -> None:
    """Empty every cache below ``zeep_wssec.keys``: parsed certificates, names, fitness, paths."""
    for name, module in list(sys.modules.items()):
        if name.startswith("zeep_wssec.keys."):
            _forget(module)


def _forget(module: ModuleType) -> None:
    for value in vars(module).values():
        if callable(getattr(value, "cache_clear", None)):
            value.cache_clear()


def _fresh(size: str) -> Callable[[], Any]:
    return _parsed(plain_message(size))


def _parsed(data: bytes) -> Callable[[], Any]:
    return partial(parse, data)
