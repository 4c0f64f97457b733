"""TLS contexts: our trust, our client certificate, and nothing that an environment variable says."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

from zeep_wssec.errors import KeyUsageError
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.server_trust import load_server_trust
from zeep_wssec.plan import TLS


def client_context(keystore: Keystore, tls: TLS | None) -> ssl.SSLContext:
    """Make the context for connections to the service: host name and chain are always checked.

    Args:
        keystore: Holds the client key, if one is to be shown.
        tls: Trust and client key; ``None``: the CA bundle that requests ships, and no client key.

    Raises:
        KeyLoadError: A trust file is missing or holds no certificate.
        KeyUsageError: The client key cannot be used here.
    """
    settings = tls or TLS()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = (
        ssl.TLSVersion.TLSv1_3 if settings.minimum_version == "1.3" else ssl.TLSVersion.TLSv1_2
    )
    if settings.trust:
        load_server_trust(context, settings.trust)
    else:
        context.load_verify_locations(cafile=certifi.where())
    if settings.client_key is not None:
        _load_client_key(context, keystore.snapshot().require_key(settings.client_key))
    return context


def _load_client_key(context: ssl.SSLContext, entry: KeyEntry) -> None:
    key = entry.signer or entry.decrypter
    if not isinstance(key, FileKey):
        raise KeyUsageError(
            f"The key {entry.alias!r} does not leave its token, and Python's ssl needs its bytes.",
            hint="Use another key for TLS, or a proxy that holds this one.",
            reason="wrong_usage",
        )
    password = secrets.token_hex(32)
    chain = b"".join(item.pem for item in (entry.certificate, *entry.chain))
    with _private_file(key.encrypted_pem(password.encode()) + chain) as path:
        context.load_cert_chain(path, password=password)


@contextmanager
def _private_file(data: bytes) -> Iterator[str]:
    """Give a path that OpenSSL can read ``data`` from: memory where the system can, else a short-lived file.

    The key in it is encrypted under a password of this process either way.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("zeep-wssec", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{descriptor}"
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        path.touch(mode=0o600)
        path.write_bytes(data)
        yield str(path)
