"""Verifying ``ds:Signature``: what it covers, with which key, and whose key that is."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from zeep_wssec.errors import (
    MalformedSecurityError,
    TokenUnavailableError,
    UnsupportedAlgorithmError,
    UntrustedCertificateError,
)
from zeep_wssec.header.context import Incoming
from zeep_wssec.header.evidence import SharedKeySigner, SignatureEvidence
from zeep_wssec.header.signer import check_shared_key, check_signer
from zeep_wssec.header.str_transform import absent_token_octets, token_octets
from zeep_wssec.header.symmetric import SymmetricKey
from zeep_wssec.header.symmetric_reference import read_symmetric_key
from zeep_wssec.header.token_reference import (
    TOKEN_REFERENCE,
    read_key_info,
    read_token_reference,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.soap.ids import same_document_id
from zeep_wssec.soap.namespaces import readable_name
from zeep_wssec.xmlcrypto import signing
from zeep_wssec.xmlcrypto.algorithms import Digest, SignatureMethod
from zeep_wssec.xmlcrypto.c14n import CanonicalForm
from zeep_wssec.xmlcrypto.hmac_key import MIN_OCTETS, HmacKey
from zeep_wssec.xmlcrypto.signature_model import SignatureModel, read_signature


def read_signature_element(message: Incoming, element: etree._Element) -> None:
    """Verify one Signature and record which nodes it covers, by node and not by Id.

    Raises:
        MalformedSecurityError: A shape outside the allow-list, or an ambiguous reference.
        UnsupportedAlgorithmError: An algorithm outside the tables, or legacy without its opt-in.
        UntrustedCertificateError: Not signed by who must sign.
        SignatureInvalidError: A digest or the value does not match.

    Spec: WSS SOAP Message Security 1.1.1, section 8.4, Signature Validation; XML Signature 1.1,
    section 3.2, Core Validation.
    """
    model = read_signature(element, max_references=message.limits.max_references)
    _check_legacy(message, model)
    value = "".join((element[1].text or "").split())
    signer: Certificate | SharedKeySigner
    key: object
    if model.method.key_kind == "hmac":
        shared = _shared_key(message, model)
        trusted_as, form = check_shared_key(message, shared), shared.form
        signer = SharedKeySigner(
            subject=shared.text, known_to=shared.known_to, elements=shared.elements
        )
        key = _hmac_key(shared)
    else:
        named = read_key_info(message, model.key_info)
        signer = named.require_one()
        trusted_as, form, key = check_signer(message, signer), named.form, signer.public_key
    reader = _Reader(message, element)
    signing.check_value(model, key, as_written=reader.as_written)

    def settle() -> None:
        message.prove(
            SignatureEvidence(
                element=element,
                value=value,
                method=model.method.name,
                digests=tuple([reference.digest.name for reference in model.references]),
                key_reference=form,
                signer=signer,
                trusted_as=trusted_as,
                covered=signing.check_references(model, reader),
                digest_values=tuple([reference.value for reference in model.references]),
            )
        )

    stranger = trusted_as is None and bool(message.signed_by)
    if isinstance(signer, SharedKeySigner) and stranger and not message.is_covered(element):
        # Digests are costly, and anybody can make such a signature: only an endorsed one is worth them.
        message.unsettled.append(partial(_settle_endorsed, message, element, signer, settle))
    else:
        settle()


def _settle_endorsed(
    message: Incoming,
    element: etree._Element,
    signer: SharedKeySigner,
    settle: Callable[[], None],
) -> None:
    """Go on with a signature of a stranger if a trusted one endorses it.

    Raises:
        UntrustedCertificateError: None does.
    """
    if not message.is_covered(element):
        raise UntrustedCertificateError(
            f"The message is signed with {signer.subject}, which proves nobody who must sign, and no "
            "trusted signature covers that signature.",
            hint="Ask for an endorsing signature, or name in inbound.signed_by who may sign so.",
            reason="wrong_peer",
        )
    settle()


def _shared_key(message: Incoming, model: SignatureModel) -> SymmetricKey:
    """Find the key of an HMAC; a value of our own request that comes back proves nothing."""
    # By octets: their base64 can be written in more than one way.
    if model.value in _own_octets(message):
        raise UntrustedCertificateError(
            "The message is signed by our own request's signature: it was sent back.",
            reason="own_key",
        )
    key = read_symmetric_key(message, model.key_info)
    if key is None:
        raise TokenUnavailableError(
            "The message is signed with a key that came encrypted for somebody else.",
            hint="Ask the peer whose certificate it encrypts to.",
        )
    return key


def _own_octets(message: Incoming) -> Iterator[bytes]:
    for value in message.own_values:
        with contextlib.suppress(binascii.Error, ValueError):
            yield base64.b64decode(value)


def _hmac_key(key: SymmetricKey) -> HmacKey:
    """Give the key of an HMAC: one that is too short fails as one that could not be decrypted does."""
    long_enough = len(key.octets) >= MIN_OCTETS
    return HmacKey(key.octets if long_enough else os.urandom(2 * MIN_OCTETS))


class _Reader:
    """Finds what the references of one signature name."""

    def __init__(self, message: Incoming, signature: etree._Element) -> None:
        self._message = message
        self._around = (signature, *signature.iterancestors())
        self.as_written = message.placement.as_written

    def node(self, uri: str | None) -> etree._Element:
        """Give the one node with the Id; the whole document only where the signature is left out of it."""
        if uri == "":
            if self._message.replaced_by:
                raise MalformedSecurityError(
                    "A signature over the whole document must stand in front of what is decrypted."
                )
            return self._message.envelope.root
        name = same_document_id(uri, what="A Reference of a Signature")
        node = self._message.ids.require(name)
        if node in self._around:
            raise MalformedSecurityError("A Signature covers itself.")
        return node

    def token(self, reference: etree._Element, form: CanonicalForm) -> tuple[etree._Element, bytes]:
        """Give the token behind a SecurityTokenReference with its octets."""
        if reference.tag != TOKEN_REFERENCE:
            raise MalformedSecurityError(
                "An STR-Transform must start at a SecurityTokenReference, "
                f"not at {readable_name(reference.tag)}."
            )
        named = read_token_reference(self._message, reference)
        if named.token is not None:
            return named.token, token_octets(self.as_written(named.token), form)
        prefix = self.as_written(reference).prefix
        return reference, absent_token_octets(named.require_one(), prefix=prefix)


def _check_legacy(message: Incoming, model: SignatureModel) -> None:
    used: list[SignatureMethod | Digest] = [reference.digest for reference in model.references]
    for algorithm in (model.method, *used):
        if algorithm.legacy and algorithm.legacy not in message.legacy:
            raise UnsupportedAlgorithmError(
                f"The peer signs with {algorithm.name}, which is legacy.",
                hint=f'Ask for a current one, or add legacy = {{ {algorithm.legacy} = "reason" }} '
                "to inbound.",
                algorithm=algorithm.uri,
                opt_in=algorithm.legacy,
            )
