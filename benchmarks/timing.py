"""Whether the time that a refusal takes tells why nothing could be decrypted."""

from __future__ import annotations

import base64
import gc
import itertools
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from lxml import etree

from benchmarks.material import NOW, XENC, Material, parse, plain_message
from benchmarks.table import Row
from zeep_wssec import DecryptionError, Encryption, Inbound, Keystore, Profile

BAR = 4.5
"""Welch's |t| above which two classes count as told apart."""
FULL, QUICK = 20_000, 500
"""Samples of each class."""
_VARIANTS = 32
"""Messages of each class; each sample takes the next one."""
_WARM_UPS = 20
_DEMANDS = Inbound(signed=(), encrypted=("body",), fresh_seconds=None)
_NO_XML = "no XML"
"""Informs only: whoever can seal content that does not parse has the key, and knows what he sealed."""
_places = itertools.cycle(range(1, 40))
_SHA256 = hashes.SHA256()
_OAEP = padding.OAEP(mgf=padding.MGF1(_SHA256), algorithm=_SHA256, label=None)
_VALUE = f"{{{XENC}}}CipherValue"
Octets = Callable[[bytes], bytes]
Failures = dict[str, Callable[[], bytes]]
"""Makes a message that fails, by what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class _Sealed:
    """One good encrypted message, and what is needed to make others of it."""

    data: bytes
    key: bytes
    """Its content key."""
    seal_key: Octets
    """Seals a content key as a sender does."""

    def altered(self, *, key: Octets = bytes, content: Octets = bytes) -> bytes:
        """Change the octets of the sealed key and of the sealed content."""
        root = parse(self.data)
        for node, change in zip(root.iter(_VALUE), (key, content), strict=True):
            node.text = base64.b64encode(change(base64.b64decode(node.text or ""))).decode()
        return etree.tostring(root)

    def with_key(self, octets: int) -> bytes:
        """Put another content key in, properly sealed."""
        return self.altered(key=lambda _: self.seal_key(os.urandom(octets)))

    def holding(self, plain: Octets) -> bytes:
        """Put other plain text in, properly encrypted."""

        def change(sealed: bytes) -> bytes:
            cipher, nonce = AESGCM(self.key), sealed[:12]
            return nonce + cipher.encrypt(
                nonce, plain(cipher.decrypt(nonce, sealed[12:], None)), None
            )

        return self.altered(content=change)


def timing(material: Material, *, quick: bool) -> Iterator[Row]:
    """Hold the classes of failure against each other, for each way in which the content key comes."""
    count = QUICK if quick else FULL
    sealed, profile = _transported(material)
    yield from _compare("rsa-oaep", profile, _failures(sealed), count)
    sealed, profile = _wrapped(material)
    failures = _failures(sealed)
    # How long the wrapped key is can be seen from outside: it has its like beside it.
    short = {name: failures.pop(name) for name in ("key of 16 octets",)}
    short = {"bad key of 16 octets": lambda: sealed.altered(key=lambda _: os.urandom(24)), **short}
    yield from _compare("kw-aes256", profile, failures, count)
    yield from _compare("kw-aes256, 16 octets", profile, short, count)


def _failures(sealed: _Sealed) -> Failures:
    return {
        "bad tag": lambda: sealed.altered(content=_flipped(-1)),
        "bad tag again": lambda: sealed.altered(content=_flipped(-1)),
        "changed content": lambda: sealed.altered(content=_flipped(40)),
        "truncated": lambda: sealed.altered(content=lambda octets: octets[:-3]),
        "another key": lambda: sealed.with_key(32),
        "key of 16 octets": lambda: sealed.with_key(16),
        "bad key unwrap": lambda: sealed.altered(key=_flipped(next(_places))),
        _NO_XML: lambda: sealed.holding(lambda plain: b"<<" + plain[2:]),
    }


def _flipped(index: int) -> Octets:
    def change(octets: bytes) -> bytes:
        place = index % len(octets)
        return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]

    return change


def _transported(material: Material) -> tuple[_Sealed, Profile]:
    public = cast(rsa.RSAPublicKey, material.client.certificate.public_key)
    private = cast(rsa.RSAPrivateKey, material.client.private_key)
    data = material.encrypted_answer("2 KB")
    sealed = _Sealed(
        data=data,
        key=private.decrypt(_sealed_key(data), _OAEP),
        seal_key=lambda key: public.encrypt(key, _OAEP),
    )
    return sealed, _receiver(material.client.keystore())


def _wrapped(material: Material) -> tuple[_Sealed, Profile]:
    secret = os.urandom(32)
    keystore = material.client.keystore().with_secret("shared", secret)
    step = Encryption(key="shared", wrapped=True)
    sender = Profile(keystore=keystore, outbound=(step,), inbound=_DEMANDS)
    data = sender.secure(parse(plain_message("2 KB")), now=NOW).to_bytes()
    sealed = _Sealed(
        data=data,
        key=aes_key_unwrap(secret, _sealed_key(data)),
        seal_key=lambda key: aes_key_wrap(secret, key),
    )
    return sealed, _receiver(keystore)


def _sealed_key(data: bytes) -> bytes:
    return base64.b64decode(next(parse(data).iter(_VALUE)).text or "")


def _receiver(keystore: Keystore) -> Profile:
    return Profile(keystore=keystore, inbound=_DEMANDS)


def _compare(way: str, profile: Profile, failures: Failures, count: int) -> Iterator[Row]:
    """Measure the classes in turns; give each one's distance from the one farthest from it."""
    messages = {name: [make() for _ in range(_VARIANTS)] for name, make in failures.items()}
    took: dict[str, list[float]] = {name: [] for name in messages}
    order = list(messages)
    for number in range(count + _WARM_UPS):
        random.shuffle(order)
        for name in order:
            spent = _refusal_ms(profile, messages[name][number % _VARIANTS])
            if number >= _WARM_UPS:
                took[name].append(spent)
    for name, values in took.items():
        claimed = [other for other in took if other not in (name, _NO_XML)]
        others = {other: abs(_welch(values, took[other])) for other in claimed}
        farthest = max(others, key=lambda other: others[other])
        yield Row(
            case=f"refused, {way}: {name}",
            ours=statistics.fmean(values),
            against=f"{farthest} (|t|)",
            other=statistics.fmean(took[farthest]),
            ratio=others[farthest],
            bound="≤",
            bar=None if name == _NO_XML else BAR,
        )


def _refusal_ms(profile: Profile, data: bytes) -> float:
    """Give milliseconds of this thread's processor time that one refusal takes."""
    root = parse(data)
    gc.disable()
    try:
        start = time.thread_time_ns()
        try:
            profile.check(root, now=NOW)
        except DecryptionError:
            end = time.thread_time_ns()
        else:
            raise AssertionError("a message that must be refused was accepted")
    finally:
        gc.enable()
    return (end - start) / 1e6


def _welch(one: list[float], other: list[float]) -> float:
    error = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / sqrt(error)
