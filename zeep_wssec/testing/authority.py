"""A throwaway certificate authority for tests: good certificates, and bad ones of every kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp

from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.testing.certificates import (
    build_certificate,
    fitting_key_usage,
    generate_key,
    make_extended_key_usage,
    make_key_usage,
    make_subject_alternative_name,
    public_key_of,
    read_subject,
)

_HOUR = timedelta(hours=1)
FITTING = ("fitting",)
"""Key usage of a certificate that may do all that its key can."""


@dataclass(frozen=True, eq=False, repr=False)
class Issued:
    """A certificate with its private key and the certificates above it."""

    certificate: Certificate
    private_key: PrivateKeyTypes
    chain: tuple[Certificate, ...] = ()
    """Intermediates, nearest first; without the root."""

    @property
    def certificate_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.pem

    @property
    def chain_pem(self) -> bytes:
        """Certificate and intermediates."""
        return b"".join(item.pem for item in (self.certificate, *self.chain))

    def key_pem(self, password: str | bytes | None = None) -> bytes:
        """Give the private key as PKCS#8 PEM."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _encryption(password)
        )

    def pkcs12(self, password: str | bytes | None, *, name: str | None = "key") -> bytes:
        """Give key, certificate and chain as a PKCS#12 file."""
        return pkcs12.serialize_key_and_certificates(
            name.encode() if name is not None else None,
            self.private_key,  # type: ignore[arg-type]  # X25519 is refused there
            self.certificate.x509,
            [item.x509 for item in self.chain] or None,
            _encryption(password),
        )

    def keystore(self, alias: str = "key") -> Keystore:
        """Give a keystore with this key pair as its only entry."""
        key = FileKey(self.private_key)
        return Keystore(
            [KeyEntry.of_key(alias, key, certificate=self.certificate, chain=self.chain)]
        )

    def __repr__(self) -> str:
        return f"<Issued {self.certificate.describe()}>"


def _encryption(password: str | bytes | None) -> serialization.KeySerializationEncryption:
    if not password:
        return serialization.NoEncryption()
    return serialization.BestAvailableEncryption(
        password.encode() if isinstance(password, str) else password
    )


def _digest_for(key: PrivateKeyTypes) -> hashes.HashAlgorithm | None:
    return (
        None
        if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
        else hashes.SHA256()
    )


@dataclass(frozen=True, eq=False, repr=False)
class Authority:
    """A certificate authority that lives as long as the test; make one with ``create``."""

    issued: Issued
    """Its own certificate and key."""
    now: datetime
    """The moment around which it issues: validity starts a day before."""
    reuse_keys: bool = True
    above: tuple[Certificate, ...] = ()
    """Its own certificate and those above it, without the root: the chain of what it issues."""

    @classmethod
    def create(
        cls,
        name: str,
        *,
        now: datetime | None = None,
        key: str = "rsa-2048",
        reuse_keys: bool = True,
    ) -> Authority:
        """Make a root authority.

        Args:
            name: Common name, or a whole name in RFC 4514 form.
            now: Moment around which it issues; the present when left out.
            key: Kind of its key, as for ``generate_key``.
            reuse_keys: Share keys with other authorities of this process, which saves 100 ms each.
        """
        moment = now or datetime.now(UTC)
        private_key = generate_key(key, reuse=reuse_keys)
        certificate = build_certificate(
            subject=read_subject(name),
            issuer=read_subject(name),
            subject_key=private_key,
            signed_by=private_key,
            not_before=moment - timedelta(days=1),
            not_after=moment + timedelta(days=3650),
            extensions=[
                (x509.BasicConstraints(ca=True, path_length=None), True),
                (make_key_usage(("key_cert_sign", "crl_sign")), True),
                (x509.SubjectKeyIdentifier.from_public_key(public_key_of(private_key)), False),
            ],
        )
        return cls(Issued(certificate, private_key), moment, reuse_keys)

    @property
    def certificate(self) -> Certificate:
        """Its certificate; of a root, the trust anchor."""
        return self.issued.certificate

    @property
    def pem(self) -> bytes:
        """Its certificate as PEM."""
        return self.certificate.pem

    def issue(
        self,
        name: str,
        *,
        key: str | PrivateKeyTypes = "rsa-2048",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        key_usage: Iterable[str] | None = FITTING,
        extended_key_usage: Iterable[str] = (),
        san: Iterable[str] = (),
        ca: bool | None = False,
        path_length: int | None = None,
        serial: int | None = None,
        digest: str = "sha256",
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> Issued:
        """Issue a certificate; the defaults give one that signs and is encrypted to.

        Args:
            name: Common name, or a whole name in RFC 4514 form.
            key: Kind of key as for ``generate_key``, or a private key to certify.
            not_before: Start of validity; a day before ``now`` when left out.
            not_after: End of validity; a year after ``now`` when left out.
            key_usage: Names as in RFC 5280 with underscores; ``None`` for no such extension. When
                left out, what the kind of key can do: sign, be encrypted to, be agreed with.
            extended_key_usage: Dotted OIDs, or names as in ``cryptography``: ``"client_auth"``.
            san: DNS names, IP addresses, ``https://…`` URIs or mail addresses.
            ca: Value in basicConstraints; ``None`` for no such extension.
            path_length: Path length in basicConstraints.
            serial: Serial number; random when left out.
            digest: Digest of the issuer's signature; ``"sha1"`` and ``"md5"`` make weak ones.
            extensions: Further extensions, each with whether it is critical.
        """
        private_key = generate_key(key, reuse=self.reuse_keys) if isinstance(key, str) else key
        wanted: list[tuple[x509.ExtensionType, bool]] = []
        if ca is not None:
            wanted.append((x509.BasicConstraints(ca=ca, path_length=path_length), True))
        if key_usage is not None:
            usages = fitting_key_usage(private_key) if key_usage is FITTING else key_usage
            wanted.append((make_key_usage(usages), True))
        if extended_key_usage := tuple(extended_key_usage):
            wanted.append((make_extended_key_usage(extended_key_usage), False))
        if san := tuple(san):
            wanted.append((make_subject_alternative_name(san), False))
        wanted.append(
            (x509.SubjectKeyIdentifier.from_public_key(public_key_of(private_key)), False)
        )
        authority_key = x509.AuthorityKeyIdentifier(
            self.certificate.subject_key_identifier, None, None
        )
        certificate = build_certificate(
            subject=read_subject(name),
            issuer=self.certificate.x509.subject,
            subject_key=private_key,
            signed_by=self.issued.private_key,
            not_before=not_before or self.now - timedelta(days=1),
            not_after=not_after or self.now + timedelta(days=365),
            extensions=[*wanted, (authority_key, False), *extensions],
            serial=serial,
            digest=digest,
        )
        return Issued(certificate, private_key, self.above)

    def crl(
        self,
        *revoked: Issued,
        revoked_at: datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
        signer: Issued | None = None,
    ) -> bytes:
        """Issue a CRL in DER; an hour old and good for a week when nothing else is said.

        Args:
            revoked: What it lists.
            revoked_at: When they were revoked; an hour before ``now`` when left out.
            reason: Why.
            this_update: When it was made.
            next_update: Until when it holds.
            extensions: Extensions of the list, each with whether it is critical.
            signer: Whose key signs it; its own when left out.
        """
        made = this_update or self.now - _HOUR
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.x509.subject,
            last_update=made,
            next_update=next_update or made + timedelta(days=7),
        )
        for issued in revoked:
            entry = x509.RevokedCertificateBuilder(
                issued.certificate.serial_number, revoked_at or self.now - _HOUR
            )
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        key = (signer or self.issued).private_key
        crl = builder.sign(key, _digest_for(key))  # type: ignore[arg-type]
        return crl.public_bytes(serialization.Encoding.DER)

    def ocsp(
        self,
        issued: Issued,
        *,
        status: Literal["good", "revoked", "unknown"] = "good",
        revoked_at: datetime | None = None,
        this_update: datetime | None = None,
        next_update: datetime | None = None,
        responder: Issued | None = None,
        lasting: bool = True,
    ) -> bytes:
        """Answer in DER what an OCSP responder is asked about a certificate.

        Args:
            issued: What it is about.
            status: What it says.
            revoked_at: When it was revoked; an hour before ``now`` when left out.
            this_update: When that was known; an hour before ``now`` when left out.
            next_update: Until when it holds; a day after ``this_update`` when left out.
            responder: Who signs, with its certificate inside; the authority itself when left out.
            lasting: Whether it says until when it holds.
        """
        made = this_update or self.now - _HOUR
        is_revoked = status == "revoked"
        by = responder or self.issued
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=issued.certificate.x509,
            issuer=self.certificate.x509,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus[status.upper()],
            this_update=made,
            next_update=(next_update or made + timedelta(days=1)) if lasting else None,
            revocation_time=(revoked_at or self.now - _HOUR) if is_revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate.x509)
        if responder is not None:
            builder = builder.certificates([responder.certificate.x509])
        answer = builder.sign(by.private_key, _digest_for(by.private_key))  # type: ignore[arg-type]
        return answer.public_bytes(serialization.Encoding.DER)

    def intermediate(
        self, name: str, *, key: str = "rsa-2048", path_length: int | None = None
    ) -> Authority:
        """Make an authority under this one."""
        issued = self.issue(
            name, key=key, ca=True, path_length=path_length, key_usage=("key_cert_sign", "crl_sign")
        )
        return self.sub_authority(issued)

    def sub_authority(self, issued: Issued) -> Authority:
        """Let something that was issued act as an authority, rightly or not."""
        return Authority(issued, self.now, self.reuse_keys, (issued.certificate, *issued.chain))

    def __repr__(self) -> str:
        return f"<Authority {self.certificate.describe()}>"
