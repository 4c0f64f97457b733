"""Takes CMS apart and puts it together again, with one thing changed: the attacker's tools."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from payload.cms.people import people

from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.payload.cms import algorithms
from zeep_wssec.payload.cms.der import (
    algorithm,
    context,
    integer,
    octet_string,
    oid,
    sequence,
    set_of,
)
from zeep_wssec.payload.cms.naming import issuer_and_serial
from zeep_wssec.testing.authority import Issued

Change = Callable[[bytes], bytes]
SHA256 = algorithms.DIGESTS_BY_NAME["sha256"].oid
RSA = algorithms.RSA_ENCRYPTION


def digest_of(data: bytes, name: str = "sha256") -> bytes:
    """Digest some octets."""
    digest = hashes.Hash(getattr(hashes, name.upper())())
    digest.update(data)
    return digest.finalize()


@dataclass
class Forged:
    """One SignedData with one signer, each part of which can be replaced."""

    content: bytes
    signer: str = "alice"
    content_type: str = algorithms.DATA
    signed_type: str | None = None
    attributes: list[bytes] | None = None
    """Whole attributes in place of the usual two."""
    more: list[bytes] = field(default_factory=list)
    bare: bool = False
    digests: list[str] | None = None
    digest: str = "sha256"
    method: bytes = field(default_factory=lambda: algorithm(RSA, b"\x05\x00"))
    sign: Callable[[bytes], bytes] | None = None
    wrap: Change = bytes
    """Changes the encoding of the signed attributes once they are signed."""
    unsigned: list[bytes] = field(default_factory=list)
    certificates: list[bytes] | None = None
    infos: int = 1
    name: bytes | None = None
    issued: Issued | None = None
    """Whose key signs, in place of the one of that name."""

    @property
    def who(self) -> Issued:
        """Whose key signs."""
        return self.issued or people().issued[self.signer]

    def usual(self) -> list[bytes]:
        """The two attributes that must be there."""
        return [
            attribute(
                algorithms.CONTENT_TYPE_ATTRIBUTE, oid(self.signed_type or self.content_type)
            ),
            attribute(
                algorithms.MESSAGE_DIGEST_ATTRIBUTE,
                octet_string(digest_of(self.content, self.digest)),
            ),
        ]

    def info(self) -> bytes:
        """The SignerInfo."""
        members = [*(self.attributes if self.attributes is not None else self.usual()), *self.more]
        signed = self.content if self.bare else set_of(members)
        key: Any = self.who.private_key
        number = algorithms.DIGESTS_BY_NAME[self.digest].oid
        hashed = getattr(hashes, self.digest.upper())()
        value = self.sign(signed) if self.sign else key.sign(signed, padding.PKCS1v15(), hashed)
        certificate = self.who.certificate
        return sequence(
            integer(1),
            self.name or issuer_and_serial(certificate),
            algorithm(number),
            b"" if self.bare else self.wrap(b"\xa0" + signed[1:]),
            self.method,
            octet_string(value),
            context(1, b"".join(self.unsigned)) if self.unsigned else b"",
        )

    def build(self) -> bytes:
        """The whole."""
        found = self.certificates
        if found is None:
            found = [self.who.certificate.der]
        digests = self.digests if self.digests is not None else [self.digest]
        numbers = [algorithms.DIGESTS_BY_NAME[name].oid for name in digests]
        return content_info(
            algorithms.SIGNED,
            sequence(
                integer(1),
                set_of(map(algorithm, numbers)),
                sequence(oid(self.content_type), context(0, octet_string(self.content))),
                context(0, b"".join(found)) if found else b"",
                set_of(self.info() for _ in range(self.infos)),
            ),
        )


def attribute(number: str, *values: bytes) -> bytes:
    """One attribute."""
    return sequence(oid(number), set_of(values))


def content_info(number: str, content: bytes) -> bytes:
    """A structure in its ContentInfo."""
    return sequence(oid(number), context(0, content))


def indefinite(element: bytes) -> bytes:
    """The same element with an indefinite length."""
    tag, content, _ = read_tlv(element)
    return bytes([tag]) + b"\x80" + content + b"\x00\x00"


def edited(data: bytes, path: Iterable[int], change: Change) -> bytes:
    """Replace the element at a path of indexes; ``change`` takes and gives it whole."""
    first, *rest = [*path, None]
    if first is None:
        return change(data)
    tag, content, _ = read_tlv(data)
    members = [write_tlv(*item) for item in iterate_tlv(content)]
    members[first] = edited(members[first], [item for item in rest if item is not None], change)
    return write_tlv(tag, b"".join(members))


def member(data: bytes, *path: int) -> bytes:
    """The element at a path of indexes."""
    found: list[bytes] = []
    edited(data, path, lambda element: found.append(element) or element)  # type: ignore[func-returns-value]
    return found[0]
