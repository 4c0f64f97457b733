"""Writing ``xenc:EncryptedKey``: a key sealed for a recipient's certificate, or wrapped under a shared key."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from zeep_wssec.errors import KeyUsageError, OutboundError
from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.key_info import write_key_info, write_reference_token
from zeep_wssec.header.known_key import encrypted_key_sha1
from zeep_wssec.header.symmetric import MadeKey, symmetric_key_info
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.fitness import check_fitness
from zeep_wssec.settings.encryption import EncryptedKeySettings
from zeep_wssec.soap.namespaces import DS, XENC, XENC11
from zeep_wssec.xmlcrypto.agreement import seal_key
from zeep_wssec.xmlcrypto.algorithms import KEY_AGREEMENTS_BY_KIND, KeyTransport, KeyWrap
from zeep_wssec.xmlcrypto.encrypting import transport_key, wrap_key

REQUEST_SIGNER = "request_signer"
"""In place of an alias: whoever signed the request that is answered."""


def require_recipient(message: Outgoing, alias: str) -> Certificate:
    """Give the certificate that a key is encrypted for.

    Args:
        message: The message.
        alias: Of a partner or key pair, or ``"request_signer"``.

    Raises:
        KeyNotFoundError: No certificate has the alias.
        KeyUsageError: It must not be encrypted to: expired, too short, of another kind or usage.
        OutboundError: The signer of a request is meant, and there is none.
    """
    certificate = (
        _request_signer(message)
        if alias == REQUEST_SIGNER
        else message.keys.require_certificate(alias, now=message.now)
    )
    agreed = certificate.key_kind in KEY_AGREEMENTS_BY_KIND
    unfit = check_fitness(certificate, purpose="agree" if agreed else "encrypt", now=message.now)
    if unfit is not None:
        raise KeyUsageError(
            f"Nothing may be encrypted to {alias!r}: {unfit.sentence}",
            hint=unfit.hint_theirs,
            reason=unfit.reason,
        )
    return certificate


def _request_signer(message: Outgoing) -> Certificate:
    if message.answers is None:
        raise OutboundError(
            f"The recipient {REQUEST_SIGNER!r} is the signer of a request, and this message answers none.",
            hint="Pass what the request proved: profile.secure(answer, answers=checked).",
        )
    if not message.answers.signers:
        raise OutboundError(
            "The request that this message answers has no trusted signer to encrypt to.",
            hint="Demand a signature of requests, or set recipients to the partner's alias.",
        )
    if len(message.answers.signers) > 1:
        raise OutboundError(
            "The request that this message answers has several signers; which one is meant is not said.",
            hint="Set recipients to an alias.",
        )
    return message.answers.signers[0]


def write_encrypted_key(
    message: Outgoing,
    settings: EncryptedKeySettings,
    alias: str,
    key: bytes,
    *,
    key_id: str,
    references: Sequence[str] = (),
) -> tuple[etree._Element, bytes]:
    """Encrypt ``key`` for a recipient and put the EncryptedKey in front of the header.

    Args:
        message: The message; its header gets the EncryptedKey and the token that it needs.
        settings: How.
        alias: Of the recipient; the kind of its key decides between key transport and key agreement.
        key: What is encrypted.
        key_id: Id of the EncryptedKey.
        references: Ids of the EncryptedData that it opens.

    Returns:
        The EncryptedKey, and the SHA-1 of the encrypted octets, which is its EncryptedKeySHA1.

    Raises:
        KeyMaterialError: As for the recipient; or the key has a length that cannot be encrypted so.

    Spec: XML Encryption 1.1, sections 3.5.1 and 5.5 to 5.7; WSS SOAP Message Security 1.1.1, section 9.2.
    """
    certificate = require_recipient(message, alias)
    reference = settings.key_reference
    token = write_reference_token(
        message, certificate, reference, include_token=settings.include_token
    )
    key_info = write_key_info(message, certificate, reference)
    try:
        if isinstance(certificate.public_key, rsa.RSAPublicKey):
            method = _transport_method(settings)
            sealed = transport_key(
                key,
                certificate.public_key,
                transport=settings.transport,
                digest=settings.oaep_digest.name,
                mgf_digest=settings.mask.name,
                label=settings.label,
            )
        else:
            method = _method(settings.wrap)
            key_info, sealed = _agreed(settings, certificate, key, key_info)
    except ValueError:
        raise _cannot_hold(key, f"an EncryptedKey for {alias!r}") from None
    element = _put(message, key_id, method, key_info, sealed, references)
    if token is not None:
        # A receiver that reads in document order must have met the token before its use.
        message.prepend(token)
        message.recipient_tokens[element] = token
    return element, encrypted_key_sha1(sealed)


def write_wrapped_key(
    message: Outgoing,
    settings: EncryptedKeySettings,
    under: MadeKey,
    key: bytes,
    *,
    key_id: str,
    references: Sequence[str] = (),
) -> tuple[etree._Element, bytes]:
    """Wrap ``key`` under a key that both sides have, and put the EncryptedKey in front of the header.

    Args:
        message: The message.
        settings: How.
        under: What it is wrapped under.
        key: What is wrapped.
        key_id: Id of the EncryptedKey.
        references: Ids of the EncryptedData that it opens.

    Returns:
        As for a recipient's.

    Raises:
        KeyUsageError: ``under`` is not as long as the key wrap takes.

    Spec: XML Encryption 1.1, section 5.7, Symmetric Key Wrap.
    """
    wrap = settings.wrap
    if len(under.octets) != wrap.key_bytes:
        raise KeyUsageError(
            f"The key {under.name!r} has {len(under.octets)} octets; {wrap.name} takes {wrap.key_bytes}.",
            hint="Set key_wrap to the one for its length: kw-aes128, kw-aes192 or kw-aes256.",
            reason="wrong_usage",
        )
    try:
        sealed = wrap_key(key, wrap=wrap, kek=under.octets)
    except ValueError:
        raise _cannot_hold(key, f"an EncryptedKey under {under.name!r}") from None
    reference = (
        "encrypted_key_sha1" if settings.key_reference == "encrypted_key_sha1" else "binary_token"
    )
    key_info = symmetric_key_info(message, under, reference)
    element = _put(message, key_id, _method(wrap), key_info, sealed, references)
    return element, encrypted_key_sha1(sealed)


def reference_list_xml(references: Sequence[str]) -> str:
    """Give a ReferenceList with the Ids of EncryptedData, or nothing for none."""
    if not references:
        return ""
    listed = "".join(f'<xenc:DataReference URI="#{name}"/>' for name in references)
    return f'<xenc:ReferenceList xmlns:xenc="{XENC}">{listed}</xenc:ReferenceList>'


def _transport_method(settings: EncryptedKeySettings) -> str:
    transport = settings.transport
    parameters = ""
    if transport.scheme == "rsa-oaep":
        if settings.label:
            label = base64.b64encode(settings.label).decode()
            parameters = f"<xenc:OAEPparams>{label}</xenc:OAEPparams>"
        parameters += f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{settings.oaep_digest.uri}"/>'
        if not transport.mgf_fixed:
            parameters += f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{settings.mask.uri}"/>'
    return _method(transport, parameters)


def _method(algorithm: KeyTransport | KeyWrap, parameters: str = "") -> str:
    return (
        f'<xenc:EncryptionMethod Algorithm="{algorithm.uri}">{parameters}</xenc:EncryptionMethod>'
    )


def _agreed(
    settings: EncryptedKeySettings, certificate: Certificate, key: bytes, key_info: str
) -> tuple[str, bytes]:
    """Give a KeyInfo with the AgreementMethod around what names the recipient, and the wrapped key."""
    head, _, rest = key_info.partition(">")
    named, end, _ = rest.rpartition("</")
    method, sealed = seal_key(
        key,
        certificate.public_key,
        agreement=KEY_AGREEMENTS_BY_KIND[certificate.key_kind],  # type: ignore[index]
        derivation=settings.derivation,
        digest=settings.derivation_hash.name,
        wrap=settings.wrap,
        recipient_key_info=named,
    )
    return f"{head}>{method}{end}ds:KeyInfo>", sealed


def _put(
    message: Outgoing,
    key_id: str,
    method: str,
    key_info: str,
    sealed: bytes,
    references: Sequence[str],
) -> etree._Element:
    element = etree.fromstring(
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="{key_id}">{method}{key_info}'
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(sealed).decode()}"
        "</xenc:CipherValue></xenc:CipherData>"
        f"{reference_list_xml(references)}</xenc:EncryptedKey>"
    )
    message.prepend(element)
    return element


def _cannot_hold(key: bytes, what: str) -> KeyUsageError:
    return KeyUsageError(
        f"A key of {len(key)} octets cannot be put into {what}.",
        hint="Set the bytes of the session key to 16, 24 or 32.",
        reason="wrong_usage",
    )
