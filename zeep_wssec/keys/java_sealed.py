"""Secret keys in JCEKS files: Java objects that Java has serialized, sealed and serialized again.

Read are streams of plain data only, as far as a key needs it; no class is looked up, and nothing in a
stream is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.der import read_tlv
from zeep_wssec.keys.derivation_work import Work
from zeep_wssec.keys.java_protection import (
    decrypt_pbe,
    read_pbe_parameters,
    wrong_password,
)
from zeep_wssec.keys.java_stream import JavaObject, read_object

_SEALED = (
    "com.sun.crypto.provider.SealedObjectForKeyProtector",
    "javax.crypto.SealedObject",
)
_CIPHER = "PBEWithMD5AndTripleDES"


def skip_object(data: bytes, start: int) -> int:
    """Give where a serialized object ends; ``ValueError`` when it is broken."""
    return read_object(data, start)[1]


def open_secret(
    serialized: bytes, password: bytes, alias: str, work: Work, *, source: str
) -> bytes:
    """Give the raw octets of a secret key.

    Args:
        serialized: The sealed object, as the file has it.
        password: Of this key.
        alias: For errors.
        work: What the file has cost so far.
        source: For errors.

    Raises:
        WrongPasswordError: It does not open.
        KeyLoadError: It is sealed in another way, or no raw key.
        ValueError: It is broken.
    """
    sealed = read_object(serialized, 0)[0]
    fields = sealed.fields if isinstance(sealed, JavaObject) else {}
    if not isinstance(sealed, JavaObject) or sealed.name not in _SEALED:
        raise _unknown(f"an object of class {_name_of(sealed)}", alias, source)
    if fields.get("sealAlg") != _CIPHER:
        raise _unknown(f"sealed with {_shown(fields.get('sealAlg'))}", alias, source)
    parameters = read_tlv(_octets(fields, "encodedParams"))[1]
    salt, iterations = read_pbe_parameters(parameters)
    work.add(iterations, source=source)
    try:
        plain = decrypt_pbe(
            _octets(fields, "encryptedContent"), password, salt=salt, iterations=iterations
        )
        key, end = read_object(plain, 0)
    except ValueError:
        raise wrong_password(alias, source=source) from None
    if end != len(plain):
        raise wrong_password(alias, source=source)
    return _raw_key(key, alias, source)


def _raw_key(key: Any, alias: str, source: str) -> bytes:
    if isinstance(key, JavaObject):
        if key.name == "javax.crypto.spec.SecretKeySpec":
            return _octets(key.fields, "key")
        if key.name == "java.security.KeyRep" and key.fields.get("format") == "RAW":
            return _octets(key.fields, "encoded")
    raise _unknown(f"an object of class {_name_of(key)}", alias, source)


def _octets(fields: Mapping[str, Any], name: str) -> bytes:
    value = fields.get(name)
    if not isinstance(value, bytes):
        raise ValueError(name)
    return value


def _name_of(value: Any) -> str:
    return _shown(value.name) if isinstance(value, JavaObject) else "unknown"


def _shown(value: Any) -> str:
    return repr(value)[:100] if isinstance(value, str) else "something unknown"


def _unknown(what: str, alias: str, source: str) -> KeyLoadError:
    return KeyLoadError(
        f"{source}: the secret key {alias!r} is {what}; only raw keys are read.",
        hint="Leave it out: only=[…] names the entries to load.",
        source=source,
        alias=alias,
    )
