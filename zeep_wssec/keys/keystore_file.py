"""Reads the content of a keystore file; of which kind it is, is seen from its octets."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WrongPasswordError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.java_keystore import is_java_keystore, load_java_keystore
from zeep_wssec.keys.jwk import is_jwk, load_jwk
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import load_pem
from zeep_wssec.keys.pem_bundle import NamedText, is_bundle, load_bundle
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.keys.sniff import describe_content, is_pem, is_pkcs12

WHAT = "a keystore (PKCS#12, PEM with a private key, JKS, JCEKS, or JWK)"

KeystoreKind = Literal["pkcs12", "pem", "jks", "jceks", "jwk"]
"""What a keystore file can be."""

_NAMES: Mapping[KeystoreKind, str] = {
    "pkcs12": "PKCS#12",
    "pem": "PEM with a private key",
    "jks": "a Java keystore (JKS)",
    "jceks": "a Java keystore (JCEKS)",
    "jwk": "a JSON Web Key",
}


def kind_of(data: bytes) -> KeystoreKind | None:
    """Tell what kind of keystore the octets look like."""
    if is_pkcs12(data):
        return "pkcs12"
    if is_java_keystore(data):
        return "jks" if data[:1] == b"\xfe" else "jceks"
    if is_jwk(data):
        return "jwk"
    return "pem" if is_pem(data) else None


def check_kind(kind: str | None) -> None:
    """Refuse a kind of keystore that there is not.

    Raises:
        KeyLoadError: With those that there are.
    """
    if kind is not None and kind not in _NAMES:
        known = ", ".join(map(repr, get_args(KeystoreKind)))
        raise KeyLoadError(f"There is no kind of keystore {kind!r:.40}.", hint=f"Kinds: {known}.")


def read_keystore(
    data: bytes,
    opening: Opening,
    *,
    source: str,
    kind: KeystoreKind | None = None,
    certificates: Sequence[Certificate] = (),
) -> KeystoreContent:
    """Read a keystore of any kind.

    Args:
        data: Content of the file.
        opening: Its passwords, and what of it is wanted.
        source: What to call the file in errors.
        kind: What it must be; unset: what it looks like.
        certificates: Further certificates, for keys that come without.

    Raises:
        KeyLoadError: It is no keystore, broken, or holds nothing that can be used.
    """
    found = kind_of(data)
    if found is None or kind not in (None, found):
        expected = WHAT if kind is None else _NAMES[kind]
        looks, hint = describe_content(data)
        if found is not None:
            hint = f'In a profile file write {found} = "…" in its place; in Python kind="{found}", or no kind.'
        raise KeyLoadError(
            f"{source}: {expected} expected, but this {looks}.", hint=hint, source=source
        )
    try:
        content = _READERS[found](data, opening, certificates, source)
        return _require_entries(content, found, source=source)
    except KeyMaterialError as error:
        if isinstance(error, WrongPasswordError):
            error.hint = error.hint or opening.describe()
        del data  # it may be a private key that nothing encrypts
        raise without_frames(error)  # noqa: B904  # it is the same error


def _require_entries(
    content: KeystoreContent, kind: KeystoreKind, *, source: str
) -> KeystoreContent:
    if not content.keys and not content.partners and not content.secrets:
        raise KeyLoadError(
            f"{source}: this file ({_NAMES[kind]}) has neither a private key nor a certificate with a name.",
            hint="For certificates alone use with_partner or with_trust; in a profile file partner or [trust].",
            source=source,
        )
    return content


def _read_pem(
    data: bytes, opening: Opening, certificates: Sequence[Certificate], source: str
) -> KeystoreContent:
    if is_bundle(data, source=source):
        files = [NamedText(name="key", data=data, source=source)]
        return load_bundle(files, opening, certificates=certificates, source=source)
    secret = opening.key_password or opening.password
    entry = load_pem(
        [data, *(item.pem for item in certificates)],
        password=secret.reveal() if secret else None,
        alias=opening.alias or "key",
        source=source,
    )
    return opening.select(KeystoreContent(keys=(entry,)), source=source)


def _read_pkcs12(
    data: bytes, opening: Opening, certificates: Sequence[Certificate], source: str
) -> KeystoreContent:
    # Imported here: it brings asn1crypto, which the others do not need.
    from zeep_wssec.keys.pkcs12 import load_pkcs12

    content = load_pkcs12(
        data,
        password=opening.password.reveal() if opening.password else None,
        opening=opening,
        certificates=certificates,
        source=source,
    )
    return opening.select(content, source=source)


def _read_java(
    data: bytes, opening: Opening, _certificates: Sequence[Certificate], source: str
) -> KeystoreContent:
    return load_java_keystore(data, opening, source=source)


def _read_jwk(
    data: bytes, opening: Opening, certificates: Sequence[Certificate], source: str
) -> KeystoreContent:
    return load_jwk(data, opening, certificates=certificates, source=source)


_READERS: Mapping[
    KeystoreKind, Callable[[bytes, Opening, Sequence[Certificate], str], KeystoreContent]
] = {
    "pkcs12": _read_pkcs12,
    "pem": _read_pem,
    "jks": _read_java,
    "jceks": _read_java,
    "jwk": _read_jwk,
}


def read_variable(variable: str) -> bytes:
    """Read the file that an environment variable holds: PEM or JSON as it is, anything else in base64.

    Raises:
        KeyLoadError: The variable is not set, or holds neither.
    """
    source = f"the environment variable {variable}"
    text = os.environ.get(variable)
    if text is None:
        raise KeyLoadError(f"{source} is not set; {WHAT} in base64 expected.", source=source)
    data = text.encode(errors="replace")
    plain = is_pem(data) or is_jwk(data)
    return data if plain else decode_base64(data, what=WHAT, source=source)


def decode_base64(text: bytes, *, what: str, source: str) -> bytes:
    """Decode base64 with white space anywhere; errors never quote it, because it may be a secret.

    Args:
        text: What was given.
        what: What it should be, for the error.
        source: Where it came from, for the error.

    Raises:
        KeyLoadError: It is something else.
    """
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise KeyLoadError(f"{source} is not base64; {what} expected.", source=source) from None
