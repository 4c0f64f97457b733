"""libcrypto's PKCS#7 functions through ctypes: the peer for SignedAndEnvelopedData, which no command has."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from peers import miss

SIGNED_AND_ENVELOPED = 24
"""NID_pkcs7_signedAndEnveloped."""
_PROTOTYPES = {
    "BIO_new": (ctypes.c_void_p, ctypes.c_void_p),
    "BIO_s_mem": (ctypes.c_void_p,),
    "BIO_new_mem_buf": (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
    "BIO_read": (ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
    "BIO_write": (ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
    "BIO_ctrl": (ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p),
    "BIO_free_all": (None, ctypes.c_void_p),
    "PEM_read_bio_X509": (ctypes.c_void_p, *[ctypes.c_void_p] * 4),
    "PEM_read_bio_PrivateKey": (ctypes.c_void_p, *[ctypes.c_void_p] * 4),
    "X509_free": (None, ctypes.c_void_p),
    "EVP_PKEY_free": (None, ctypes.c_void_p),
    "EVP_aes_256_cbc": (ctypes.c_void_p,),
    "EVP_sha256": (ctypes.c_void_p,),
    "PKCS7_new": (ctypes.c_void_p,),
    "PKCS7_free": (None, ctypes.c_void_p),
    "PKCS7_set_type": (ctypes.c_int, ctypes.c_void_p, ctypes.c_int),
    "PKCS7_set_cipher": (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    "PKCS7_add_signature": (ctypes.c_void_p, *[ctypes.c_void_p] * 4),
    "PKCS7_add_certificate": (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    "PKCS7_add_recipient": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    "PKCS7_dataInit": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    "PKCS7_dataFinal": (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    "PKCS7_dataDecode": (ctypes.c_void_p, *[ctypes.c_void_p] * 4),
    "PKCS7_get_signer_info": (ctypes.c_void_p, ctypes.c_void_p),
    "PKCS7_signatureVerify": (ctypes.c_int, *[ctypes.c_void_p] * 4),
    "OPENSSL_sk_value": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
    "OPENSSL_sk_num": (ctypes.c_int, ctypes.c_void_p),
    "i2d_PKCS7_bio": (ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    "d2i_PKCS7_bio": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
}
_FLUSH, _EOF_RETURN = 11, 130


class LibCrypto:
    """Makes and reads SignedAndEnvelopedData."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("crypto")
        if name is None:
            miss("libcrypto is not installed")
        library = ctypes.CDLL(name)
        for function, (result, *arguments) in _PROTOTYPES.items():
            found = getattr(library, function)
            found.restype, found.argtypes = result, arguments
        self._lib: Any = library
        self._kept: list[Any] = []
        """What a BIO reads from must live as long as the BIO."""

    def make(
        self, content: bytes, *, signer: tuple[bytes, bytes], recipients: list[bytes]
    ) -> bytes:
        """Sign and envelop ``content``; a signer is certificate and key, all in PEM."""
        lib = self._lib
        made = lib.PKCS7_new()
        assert lib.PKCS7_set_type(made, SIGNED_AND_ENVELOPED) == 1
        assert lib.PKCS7_set_cipher(made, lib.EVP_aes_256_cbc()) == 1
        certificate, key = self._certificate(signer[0]), self._key(signer[1])
        assert lib.PKCS7_add_signature(made, certificate, key, lib.EVP_sha256())
        assert lib.PKCS7_add_certificate(made, certificate) == 1
        for pem in recipients:
            assert lib.PKCS7_add_recipient(made, self._certificate(pem))
        chain = lib.PKCS7_dataInit(made, None)
        assert chain
        assert lib.BIO_write(chain, content, len(content)) == len(content)
        lib.BIO_ctrl(chain, _FLUSH, 0, None)
        assert lib.PKCS7_dataFinal(made, chain) == 1
        out = lib.BIO_new(lib.BIO_s_mem())
        assert lib.i2d_PKCS7_bio(out, made) == 1
        data = self._drain(out)
        lib.BIO_free_all(chain)
        lib.PKCS7_free(made)
        return data

    def open(
        self, data: bytes, *, certificate: bytes, key: bytes, signer: bytes
    ) -> tuple[bytes, bool]:
        """Decrypt; give the content, and whether every signature is the signer's."""
        lib = self._lib
        read = lib.d2i_PKCS7_bio(self._buffer(data), None)
        assert read, "libcrypto does not read it"
        chain = lib.PKCS7_dataDecode(read, self._key(key), None, self._certificate(certificate))
        assert chain, "libcrypto does not decrypt it"
        content = self._drain(chain, free=False)
        infos = lib.PKCS7_get_signer_info(read)
        count = lib.OPENSSL_sk_num(infos)
        who = self._certificate(signer)
        verified = [
            lib.PKCS7_signatureVerify(chain, read, lib.OPENSSL_sk_value(infos, index), who) == 1
            for index in range(count)
        ]
        lib.BIO_free_all(chain)
        lib.PKCS7_free(read)
        return content, bool(verified) and all(verified)

    def _buffer(self, data: bytes) -> Any:
        self._kept.append(data)
        return self._lib.BIO_new_mem_buf(data, len(data))

    def _certificate(self, pem: bytes) -> Any:
        found = self._lib.PEM_read_bio_X509(self._buffer(pem), None, None, None)
        assert found
        return found

    def _key(self, pem: bytes) -> Any:
        found = self._lib.PEM_read_bio_PrivateKey(self._buffer(pem), None, None, None)
        assert found
        return found

    def _drain(self, bio: Any, *, free: bool = True) -> bytes:
        found = bytearray()
        buffer = ctypes.create_string_buffer(4096)
        while (size := self._lib.BIO_read(bio, buffer, 4096)) > 0:
            found += buffer.raw[:size]
        if free:
            self._lib.BIO_free_all(bio)
        return bytes(found)
