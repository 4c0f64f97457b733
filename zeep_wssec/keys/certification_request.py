"""Asks an authority for a certificate: a PKCS#10 request, signed by whatever holds the key."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from asn1crypto import core, csr  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509

from zeep_wssec.errors import KeyLoadError, KeyUsageError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.entries import KeyEntry
from zeep_wssec.keys.protocols import SignatureScheme

_ALGORITHMS: dict[str, tuple[str, SignatureScheme, str]] = {
    "rsa": ("sha256_rsa", "rsa-pkcs1v15", "sha256"),
    "ec": ("sha256_ecdsa", "ecdsa", "sha256"),
    "ed25519": ("ed25519", "eddsa", ""),
    "ed448": ("ed448", "eddsa", ""),
}
"""How a key of a kind signs a request: name of the algorithm, scheme, digest."""
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
_ALL_USAGES = (
    *_USAGES,
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def subject_name(text: str) -> x509.Name:
    """Read a whole name.

    Args:
        text: As RFC 4514 has it: ``"CN=client,O=Example,C=DE"``.

    Raises:
        KeyLoadError: It is none, or empty.
    """
    try:
        name = x509.Name.from_rfc4514_string(text)
    except (ValueError, TypeError):
        name = x509.Name([])
    if not list(name):
        raise KeyLoadError(
            f"{text[:80]!r} is no name of a subject.", hint="Write CN=client,O=Example,C=DE."
        )
    return name


def alternative_names(texts: Iterable[str]) -> x509.SubjectAlternativeName | None:
    """Read alternative names: DNS names, IP addresses, URIs with ``://``, mail addresses with ``@``.

    Raises:
        KeyLoadError: One is none.
    """
    found = [_general_name(text) for text in texts]
    return x509.SubjectAlternativeName(found) if found else None


def _general_name(text: str) -> x509.GeneralName:
    try:
        if "://" in text:
            return x509.UniformResourceIdentifier(text)
        if "@" in text:
            return x509.RFC822Name(text)
        try:
            return x509.IPAddress(ipaddress.ip_address(text))
        except ValueError:
            if not text.strip() or any(char.isspace() or char in "/:" for char in text):
                raise
            return x509.DNSName(text)
    except ValueError:
        raise KeyLoadError(
            f"{text[:80]!r} is no alternative name.",
            hint="A DNS name, an IP address, a URI or a mail address is one, in ASCII.",
        ) from None


def names_of(certificate: Certificate) -> tuple[str, ...]:
    """Give the alternative names of a certificate as ``alternative_names`` reads them."""
    if certificate.extensions is None:
        return ()
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    kinds = (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier, x509.RFC822Name)
    return tuple(str(item.value) for item in found.value if isinstance(item, kinds))


def request_extensions(
    key_kind: str, names: Iterable[str]
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """Give the extensions of a certificate for messages, each with whether it is critical."""
    usages = {"digital_signature"}
    usages |= {"rsa": {"key_encipherment"}, "ec": {"key_agreement"}}.get(key_kind, set())
    yield x509.KeyUsage(**{name: name in usages for name in _ALL_USAGES}), True
    alternative = alternative_names(names)
    if alternative is not None:
        yield alternative, False


def certification_request(
    entry: KeyEntry, *, subject: str | None = None, names: Iterable[str] | None = None
) -> bytes:
    """Make a certification request for a key pair, in DER.

    The key signs it wherever it is kept: in a file, on a token, with a service.

    Args:
        entry: The key pair.
        subject: Whole name; unset, that of its certificate.
        names: Alternative names; unset, those of its certificate.

    Raises:
        KeyLoadError: A name is none.
        KeyUsageError: The key cannot sign.

    Spec: RFC 2986, section 4; RFC 2985, section 5.4.2, ``extensionRequest``.
    """
    certificate = entry.certificate
    if certificate.key_kind not in _ALGORITHMS:
        raise KeyUsageError(
            f"A key of kind {certificate.key_kind} signs no request.",
            reason="wrong_usage",
            alias=entry.alias,
        )
    algorithm, scheme, digest = _ALGORITHMS[certificate.key_kind]
    name = certificate.x509.subject if subject is None else subject_name(subject)
    asked = request_extensions(
        certificate.key_kind, names_of(certificate) if names is None else names
    )
    extensions = [
        {"extn_id": item.oid.dotted_string, "critical": critical, "extn_value": _octets(item)}
        for item, critical in asked
    ]
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": asn1.Name.load(name.public_bytes()),
            "subject_pk_info": csr.PublicKeyInfo.load(certificate.public_key_der),
            "attributes": [{"type": "extension_request", "values": [extensions]}],
        }
    )
    value = entry.require_signer().sign(info.dump(), scheme=scheme, digest=digest)
    made = csr.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": {"algorithm": algorithm},
            "signature": value,
        }
    )
    return bytes(made.dump())


def _octets(extension: x509.ExtensionType) -> core.ParsableOctetString:
    return core.ParsableOctetString(extension.public_bytes())
