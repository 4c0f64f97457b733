"""Key agreement: a content key sealed under a secret of an ephemeral and a static key."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.soap.namespaces import DS, XENC, XENC11
from zeep_wssec.xmlcrypto.agreement_model import (
    CURVES,
    DSIG11,
    MORE21,
    AgreementModel,
    DerivationParameters,
)
from zeep_wssec.xmlcrypto.algorithms import (
    DERIVATION_DIGESTS_BY_NAME,
    PRF_URIS,
    KeyAgreement,
    KeyDerivation,
    KeyWrap,
)
from zeep_wssec.xmlcrypto.derivation import concat_kdf, hkdf
from zeep_wssec.xmlcrypto.encrypting import UNREADABLE, wrap_key

PublicKey = ec.EllipticCurvePublicKey | x25519.X25519PublicKey | x448.X448PublicKey
"""A recipient's key that a secret can be agreed on with."""

_CURVE_URIS: Final = {curve.name: uri for uri, curve in CURVES.items()}


def seal_key(
    key: bytes,
    public_key: object,
    *,
    agreement: KeyAgreement,
    derivation: KeyDerivation,
    digest: str,
    wrap: KeyWrap,
    recipient_key_info: str,
) -> tuple[str, bytes]:
    """Wrap a content key for a recipient under a fresh ephemeral key.

    Args:
        key: The content key.
        public_key: Of the recipient; must fit ``agreement``.
        agreement: How the secret comes about.
        derivation: How the wrapping key comes from it.
        digest: Of the derivation: ``"sha256"``, ``"sha384"``, ``"sha512"`` or ``"sha224"``.
        wrap: How the content key is encrypted.
        recipient_key_info: XML that names the recipient: the content of a ``ds:KeyInfo``, with its namespaces.

    Returns:
        An ``xenc:AgreementMethod`` as XML, to be the content of the EncryptedKey's ``ds:KeyInfo``; and the
        octets of its CipherValue.

    Raises:
        KeyUsageError: The recipient's key is of another kind, on another curve, or gives no secret.

    Spec: XML Encryption 1.1, sections 5.4 and 5.6.
    """
    usable = _require_usable(public_key, agreement)
    try:
        ephemeral, secret = _agree(usable)
    except ValueError:
        raise KeyUsageError(
            "No secret can be agreed on with the recipient's key.", reason="weak_key"
        ) from None
    parameters, parameters_xml = _fresh_parameters(derivation, digest, wrap)
    kek = _derive(secret, parameters, length=wrap.key_bytes)
    xml = (
        f'<xenc:AgreementMethod xmlns:xenc="{XENC}" Algorithm="{agreement.uri}">'
        f'<xenc11:KeyDerivationMethod xmlns:xenc11="{XENC11}" Algorithm="{derivation.uri}">'
        f"{parameters_xml}</xenc11:KeyDerivationMethod>"
        f"<xenc:OriginatorKeyInfo>{_key_value(ephemeral)}</xenc:OriginatorKeyInfo>"
        f"<xenc:RecipientKeyInfo>{recipient_key_info}</xenc:RecipientKeyInfo></xenc:AgreementMethod>"
    )
    return xml, wrap_key(key, wrap=wrap, kek=kek)


def derive_kek(model: AgreementModel, *, wrap: KeyWrap, agree: Callable[[bytes], bytes]) -> bytes:
    """Derive the key that ``wrap`` unwraps the content key with.

    The sender's key is checked here, whatever the recipient's key is kept in: kind, curve, and that its
    point is on the curve. A secret of zeros, as a key of small order makes it, is none.

    Args:
        model: What the message says.
        wrap: The key wrap.
        agree: Gives the raw secret of the recipient's private key with a DER SubjectPublicKeyInfo.

    Raises:
        ValueError: For every cause the same, and the same as of ``unwrap_key``.
    """
    try:
        _require_usable(load_der_public_key(model.originator_key), model.agreement)
        secret = agree(model.originator_key)
        if not any(secret):
            raise ValueError(UNREADABLE)
    except (ValueError, TypeError, KeyUsageError, UnsupportedAlgorithm):
        raise ValueError(UNREADABLE) from None
    return _derive(secret, model.derivation, length=wrap.key_bytes)


def _require_usable(public_key: object, agreement: KeyAgreement) -> PublicKey:
    if not isinstance(public_key, PublicKey) or agreement.key_kind != _kind_of(public_key):
        raise KeyUsageError(
            f"The key does not fit {agreement.name}, which takes one of kind {agreement.key_kind}.",
            reason="wrong_usage",
        )
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        curve = public_key.curve.name
        if curve not in _CURVE_URIS:
            raise KeyUsageError(
                f"The key is on the curve {curve}; one of {', '.join(_CURVE_URIS)} is needed.",
                reason="wrong_usage",
            )
    return public_key


def _kind_of(public_key: PublicKey) -> str:
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return "ec"
    return "x25519" if isinstance(public_key, x25519.X25519PublicKey) else "x448"


def _agree(public_key: PublicKey) -> tuple[PublicKey, bytes]:
    """Give a fresh public key and the secret of its private key with the recipient's key."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        on_curve = ec.generate_private_key(public_key.curve)
        return on_curve.public_key(), on_curve.exchange(ec.ECDH(), public_key)
    if isinstance(public_key, x25519.X25519PublicKey):
        private = x25519.X25519PrivateKey.generate()
        return private.public_key(), private.exchange(public_key)
    longer = x448.X448PrivateKey.generate()
    return longer.public_key(), longer.exchange(public_key)


def _derive(secret: bytes, parameters: DerivationParameters, *, length: int) -> bytes:
    digest = parameters.digest
    if parameters.method.name == "concat-kdf":
        return concat_kdf(secret, digest=digest, length=length, other_info=parameters.other_info)
    return hkdf(secret, digest=digest, length=length, salt=parameters.salt, info=parameters.info)


def _fresh_parameters(
    method: KeyDerivation, digest: str, wrap: KeyWrap
) -> tuple[DerivationParameters, str]:
    """Give parameters for one use, and their XML."""
    if method.name == "concat-kdf":
        other_info = wrap.uri.encode()
        # The first octet of a bit string counts the padding bits of its last one.
        return DerivationParameters(method=method, digest=digest, other_info=other_info), (
            f'<xenc11:ConcatKDFParams AlgorithmID="00{other_info.hex()}" PartyUInfo="" PartyVInfo="">'
            f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{DERIVATION_DIGESTS_BY_NAME[digest].uri}"/>'
            "</xenc11:ConcatKDFParams>"
        )
    salt = os.urandom(DERIVATION_DIGESTS_BY_NAME[digest].size)
    return DerivationParameters(method=method, digest=digest, salt=salt), (
        f'<dsig-more:HKDFParams xmlns:dsig-more="{MORE21}">'
        f'<dsig-more:PRF Algorithm="{PRF_URIS[digest]}"/>'
        f"<dsig-more:Salt>{base64.b64encode(salt).decode()}</dsig-more:Salt>"
        f"<dsig-more:KeyLength>{wrap.key_bytes}</dsig-more:KeyLength></dsig-more:HKDFParams>"
    )


def _key_value(key: PublicKey) -> str:
    """Write a public key: curves by name, the others as DER, as Java writes them."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return (
            f'<ds:KeyValue xmlns:ds="{DS}"><dsig11:ECKeyValue xmlns:dsig11="{DSIG11}">'
            f'<dsig11:NamedCurve URI="{_CURVE_URIS[key.curve.name]}"/>'
            f"<dsig11:PublicKey>{base64.b64encode(point).decode()}</dsig11:PublicKey>"
            "</dsig11:ECKeyValue></ds:KeyValue>"
        )
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return (
        f'<dsig11:DEREncodedKeyValue xmlns:dsig11="{DSIG11}">'
        f"{base64.b64encode(der).decode()}</dsig11:DEREncodedKeyValue>"
    )
