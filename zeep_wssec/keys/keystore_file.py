"""Reads the content of a keystore file, PKCS#12 or PEM; which of the two is seen from its bytes."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import replace

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WrongPasswordError
from zeep_wssec.keys.content import KeystoreContent
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.pem import load_pem
from zeep_wssec.keys.secrets import without_frames
from zeep_wssec.keys.sniff import describe_content, is_pem, is_pkcs12

WHAT = "a keystore (PKCS#12, or PEM with a private key)"


def read_keystore(data: bytes, opening: Opening, *, source: str) -> KeystoreContent:
    """Read PKCS#12 or PEM.

    Args:
        data: Content of the file.
        opening: Its passwords, and the name for its only key pair.
        source: What to call the file in errors.

    Raises:
        KeyLoadError: It is no keystore, broken, or holds nothing that can be used.
    """
    try:
        return _open(data, opening, source=source)
    except KeyMaterialError as error:
        if isinstance(error, WrongPasswordError):
            error.hint = error.hint or opening.describe()
        del data  # it may be a private key that nothing encrypts
        raise without_frames(error)  # noqa: B904  # it is the same error


def _open(data: bytes, opening: Opening, *, source: str) -> KeystoreContent:
    alias = opening.alias
    password = opening.password.reveal() if opening.password else None
    key_password = opening.key_password.reveal() if opening.key_password else None
    if is_pkcs12(data):
        content = _read_pkcs12(data, password=password, key_password=key_password, source=source)
        return content if alias is None else _rename_only_key(content, alias, source=source)
    if is_pem(data):
        password = password if key_password is None else key_password
        entry = load_pem([data], password=password, alias=alias or "key", source=source)
        return KeystoreContent(keys=(entry,))
    found, hint = describe_content(data)
    raise KeyLoadError(f"{source}: {WHAT} expected, but this {found}.", hint=hint, source=source)


def read_variable(variable: str) -> bytes:
    """Read the file that an environment variable holds: PEM as it is, anything else in base64.

    Raises:
        KeyLoadError: The variable is not set, or holds neither.
    """
    source = f"the environment variable {variable}"
    text = os.environ.get(variable)
    if text is None:
        raise KeyLoadError(f"{source} is not set; {WHAT} in base64 expected.", source=source)
    data = text.encode(errors="replace")
    return data if is_pem(data) else decode_base64(data, what=WHAT, source=source)


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


def _read_pkcs12(
    data: bytes, *, password: bytes | None, key_password: bytes | None, source: str
) -> KeystoreContent:
    # Imported here: it brings asn1crypto, which PEM does not need.
    from zeep_wssec.keys.pkcs12 import load_pkcs12

    content = load_pkcs12(data, password=password, key_password=key_password, source=source)
    if not content.keys and not content.partners:
        raise KeyLoadError(
            f"{source}: this PKCS#12 file has neither a private key nor a certificate with a name.",
            hint="For certificates alone use with_partner or with_trust.",
            source=source,
        )
    return content


def _rename_only_key(content: KeystoreContent, alias: str, *, source: str) -> KeystoreContent:
    names = [entry.alias for entry in content.keys]
    if len(names) != 1:
        raise KeyLoadError(
            f"{source}: alias={alias!r} names one key pair, but the file has {len(names)}: {names}.",
            hint="Load it without alias, then use renamed(old, new).",
            source=source,
        )
    return replace(content, keys=(replace(content.keys[0], alias=alias),))
