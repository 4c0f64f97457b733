"""Certificates that an old PKCS#12 file has under RC2.

No primitive for 40-bit RC2 is offered, only the loader of whole files; so the encrypted part is put
alone into a new file, with a MAC of its own, and that file is loaded.
"""

from __future__ import annotations

import hmac
import os
from typing import Any

from asn1crypto import pkcs12 as asn1  # type: ignore[import-untyped]
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.pkcs12_crypto import check_work, derive_pkcs12


def open_certificates(
    content_info: Any, *, password: bytes, source: str
) -> list[tuple[Certificate, str | None]]:
    """Give the certificates of an encrypted ``ContentInfo``, with their friendly names.

    Raises:
        KeyLoadError: The cryptography library was built or started without its legacy ciphers.
    """
    check_work(
        content_info["content"]["encrypted_content_info"]["content_encryption_algorithm"],
        source=source,
    )
    try:
        loaded = pkcs12.load_pkcs12(_wrap(content_info, password), password)
    except UnsupportedAlgorithm:
        raise KeyLoadError(
            f"{source}: its certificates are encrypted with RC2, which this system does not have.",
            hint="Export the file again with a current tool.",
            source=source,
        ) from None
    return [
        (
            Certificate.from_der(item.certificate.public_bytes(Encoding.DER)),
            item.friendly_name.decode(errors="replace") if item.friendly_name else None,
        )
        for item in loaded.additional_certs
    ]


def _wrap(content_info: Any, password: bytes) -> bytes:
    content = asn1.AuthenticatedSafe([content_info]).dump()
    salt = os.urandom(20)
    secret = password.decode("utf-8", errors="replace").encode("utf-16-be") + b"\0\0"
    key = derive_pkcs12(secret, salt=salt, iterations=1, purpose=3, length=32, digest="sha256")
    mac = {
        "mac": {
            "digest_algorithm": {"algorithm": "sha256"},
            "digest": hmac.digest(key, content, "sha256"),
        },
        "mac_salt": salt,
        "iterations": 1,
    }
    whole = asn1.Pfx(
        {
            "version": "v3",
            "auth_safe": {"content_type": "data", "content": content},
            "mac_data": mac,
        }
    )
    return bytes(whole.dump())
