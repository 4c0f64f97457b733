"""RecipientInfos on input: those that are for us, and the content key out of them.

Spec: RFC 5652, section 6.2; RFC 3560; RFC 5753; RFC 8418.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from zeep_wssec.errors import (
    KeyUsageError,
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadMalformedError,
)
from zeep_wssec.keys.der import iterate_tlv, read_tlv
from zeep_wssec.keys.der_writing import write_tlv
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.cms.agreeing import agree, derive_kek
from zeep_wssec.payload.cms.algorithms import (
    DIGESTS_BY_OID,
    KEY_SCHEMES_BY_OID,
    KEY_TRANSPORTS_BY_OID,
    KEY_WRAPS_BY_OID,
    MGF1,
    OAEP_DIGESTS_BY_NAME,
    P_SPECIFIED,
    KeyScheme,
    KeyTransport,
    KeyWrap,
    algorithm_name,
)
from zeep_wssec.payload.cms.der import INTEGER, NULL, OCTET_STRING, SEQUENCE
from zeep_wssec.payload.cms.identifiers import read_algorithm, refused_algorithm
from zeep_wssec.payload.cms.naming import CertificateName, read_certificate_name
from zeep_wssec.payload.trust import alias_of

MAX_TRIES: Final = 4
"""Keys of ours that are tried: a message has one entry for each recipient."""
_MAX_UKM: Final = 1024
_OTHER: Final = {0xA2: "a shared key", 0xA3: "a password", 0xA4: "another way"}


@dataclass(frozen=True, kw_only=True, repr=False)
class Transported:
    """A content key under the RSA key of a recipient."""

    name: CertificateName
    number: str
    parameters: bytes
    sealed: bytes


@dataclass(frozen=True, kw_only=True, repr=False)
class Agreed:
    """A content key wrapped under a key that was agreed on with a recipient."""

    name: CertificateName
    number: str
    wrap_identifier: bytes
    """AlgorithmIdentifier of the key wrap, whole."""
    point: bytes
    ukm: bytes
    sealed: bytes


@dataclass(frozen=True, repr=False)
class OtherRecipient:
    """A recipient that is known by no certificate."""

    how: str


RecipientInfo = Transported | Agreed | OtherRecipient


def read_recipients(members: Sequence[bytes]) -> tuple[RecipientInfo, ...]:
    """Read the members of RecipientInfos.

    Raises:
        PayloadMalformedError: One has another shape than it should have.
    """
    found: list[RecipientInfo] = []
    for member in members:
        try:
            tag, content, _ = read_tlv(member)
            if tag == SEQUENCE:
                found.append(_read_transported(content))
            elif tag == 0xA1:
                found += _read_agreed(content)
            elif tag in _OTHER:
                found.append(OtherRecipient(_OTHER[tag]))
            else:
                raise ValueError
        except (ValueError, IndexError):
            raise PayloadMalformedError("A recipient cannot be read.") from None
    return tuple(found)


def describe_recipients(infos: Sequence[RecipientInfo], keys: Snapshot) -> tuple[str, ...]:
    """Name the recipients: aliases where we know them, else what the data says."""
    found = []
    for info in infos:
        if isinstance(info, OtherRecipient):
            found.append(info.how)
            continue
        known = (alias_of(item, keys) for item in keys.certificates if info.name.matches(item))
        found.append(next((alias for alias in known if alias), info.name.describe()))
    return tuple(found)


def open_content_key(
    infos: Sequence[RecipientInfo],
    *,
    keys: Snapshot,
    legacy: Container[str],
    key_bytes: int,
) -> bytes:
    """Give the content key.

    A key that does not come out as it should is replaced by a random one, so that a wrong RSA padding
    looks as a wrong content does.

    Raises:
        PayloadAlgorithmError: It is sealed for us in a way that is not allowed.
        PayloadDecryptionError: It is not sealed for us.
    """
    problem: PayloadAlgorithmError | None = None
    openings = []
    for info, entry in _for_us(infos, keys):
        try:
            openings.append(_prepare(info, entry, legacy))
        except PayloadAlgorithmError as error:
            problem = problem or error
    if problem is not None and not openings:
        raise problem
    if not openings:
        raise PayloadDecryptionError
    key = os.urandom(key_bytes)
    for opening in openings[:MAX_TRIES]:
        try:
            opened = opening.open()
        except (ValueError, KeyUsageError):
            continue
        if len(opened) == key_bytes:
            key = opened
    return key


def _for_us(
    infos: Sequence[RecipientInfo], keys: Snapshot
) -> Iterator[tuple[Transported | Agreed, KeyEntry]]:
    for info in infos:
        if isinstance(info, OtherRecipient):
            continue
        for entry in keys.key_entries:
            can = entry.decrypter if isinstance(info, Transported) else entry.agreement
            if can is not None and info.name.matches(entry.certificate):
                yield info, entry


@dataclass(frozen=True, repr=False)
class _TransportOpening:
    entry: KeyEntry
    transport: KeyTransport
    sealed: bytes
    digest: str = "sha256"
    mgf: str = "sha256"
    label: bytes = b""

    def open(self) -> bytes:
        return self.entry.require_decrypter().decrypt(
            self.sealed,
            scheme=self.transport.scheme,
            digest=self.digest,
            mgf_digest=self.mgf,
            label=self.label,
        )


@dataclass(frozen=True, repr=False)
class _AgreementOpening:
    entry: KeyEntry
    info: Agreed
    scheme: KeyScheme
    wrap: KeyWrap

    def open(self) -> bytes:
        secret = agree(self.entry.require_agreement(), self.entry.certificate, self.info.point)
        kek = derive_kek(
            secret,
            self.scheme,
            wrap_identifier=self.info.wrap_identifier,
            size=self.wrap.key_bytes,
            ukm=self.info.ukm,
        )
        try:
            return aes_key_unwrap(kek, self.info.sealed)
        except InvalidUnwrap:
            raise ValueError from None


def _prepare(
    info: Transported | Agreed, entry: KeyEntry, legacy: Container[str]
) -> _TransportOpening | _AgreementOpening:
    """Check the algorithms before a key is touched."""
    if isinstance(info, Agreed):
        wrap_number = read_algorithm(read_tlv(info.wrap_identifier)[1])[0]
        scheme, wrap = KEY_SCHEMES_BY_OID.get(info.number), KEY_WRAPS_BY_OID.get(wrap_number)
        if scheme is None or wrap is None:
            raise refused_algorithm(wrap_number if scheme else info.number)
        return _AgreementOpening(entry, info, scheme, wrap)
    transport = KEY_TRANSPORTS_BY_OID.get(info.number)
    if transport is None:
        raise refused_algorithm(info.number)
    if transport.legacy and transport.legacy not in legacy:
        raise PayloadAlgorithmError(
            f"The key transport {transport.name} is not allowed.",
            hint=f'Ask the sender for OAEP, or add legacy = {{ {transport.legacy} = "reason" }}.',
            algorithm=transport.name,
            opt_in=transport.legacy,
        )
    if transport.scheme == "rsa-pkcs1v15":
        return _TransportOpening(entry, transport, info.sealed)
    digest, mgf, label = _read_oaep(info.parameters)
    return _TransportOpening(entry, transport, info.sealed, digest, mgf, label)


def _read_transported(content: bytes) -> Transported:
    (version, _), (name_tag, name), (method_tag, method), (tag, sealed) = iterate_tlv(content)
    if (version, method_tag, tag) != (INTEGER, SEQUENCE, OCTET_STRING):
        raise ValueError
    number, parameters = read_algorithm(method)
    return Transported(
        name=read_certificate_name(name_tag, name),
        number=number,
        parameters=parameters,
        sealed=sealed,
    )


def _read_agreed(content: bytes) -> Iterator[RecipientInfo]:
    fields = list(iterate_tlv(content))
    (version, _), (originator_tag, originator) = fields[:2]
    ukm = read_tlv(fields.pop(2)[1])[1] if fields[2][0] == 0xA1 else b""
    (method_tag, method), (list_tag, members) = fields[2:]
    if (version, originator_tag, method_tag, list_tag) != (INTEGER, 0xA0, SEQUENCE, SEQUENCE):
        raise ValueError
    tag, public, _ = read_tlv(originator)
    if tag != 0xA1 or len(ukm) > _MAX_UKM:  # a static key of the sender is not known here
        yield OtherRecipient("a static key agreement")
        return
    (_, _), (bit_string, point) = iterate_tlv(public)
    if bit_string != 0x03 or point[:1] != b"\x00":
        raise ValueError
    number, wrap_identifier = read_algorithm(method)
    for member_tag, member in iterate_tlv(members):
        (name_tag, name), (sealed_tag, sealed) = iterate_tlv(member)
        if (member_tag, sealed_tag) != (SEQUENCE, OCTET_STRING):
            raise ValueError
        yield Agreed(
            name=read_certificate_name(name_tag, name),
            number=number,
            wrap_identifier=wrap_identifier or write_tlv(SEQUENCE, b""),
            point=point[1:],
            ukm=ukm,
            sealed=sealed,
        )


def _read_oaep(parameters: bytes) -> tuple[str, str, bytes]:
    """Read RSAES-OAEP-params: digest, digest of the mask, label; the default of both is SHA-1.

    Spec: RFC 8017, appendix A.2.1.
    """
    digest = mgf = "sha1"
    label = b""
    try:
        tag, content, end = read_tlv(parameters)
        if tag != SEQUENCE or end != len(parameters):
            raise ValueError
        for tag, value in iterate_tlv(content):
            number, inner = read_algorithm(read_tlv(value)[1])
            if tag == 0xA0:
                digest = _oaep_digest(number, inner)
            elif tag == 0xA1 and number == MGF1:
                mgf = _oaep_digest(*read_algorithm(read_tlv(inner)[1]))
            elif tag == 0xA2 and number == P_SPECIFIED:
                label = read_tlv(inner)[1]
            else:
                raise ValueError
    except (ValueError, IndexError):
        raise PayloadMalformedError("The parameters of OAEP cannot be read.") from None
    return digest, mgf, label


def _oaep_digest(number: str, parameters: bytes) -> str:
    found = DIGESTS_BY_OID.get(number)
    if found is None or found.name not in OAEP_DIGESTS_BY_NAME or parameters not in (b"", NULL):
        raise PayloadAlgorithmError(
            f"OAEP with {algorithm_name(number)} is not allowed.", algorithm=algorithm_name(number)
        )
    return found.name
