"""Detached JWS as a payload format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar

from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadError,
    PayloadLimitError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUsageError,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.keys.snapshot import Snapshot
from zeep_wssec.payload.jws.algorithms import ALGORITHMS, JwsAlgorithm, sign_octets, verify_octets
from zeep_wssec.payload.jws.header import (
    MAX_TOKEN_BYTES,
    check_header,
    encode_header,
    read_token,
    require_key_id,
    signing_input,
)
from zeep_wssec.payload.jws.key_ids import base64url, certificate_key_id, key_id_of
from zeep_wssec.payload.jws.settings import JwsSettings
from zeep_wssec.payload.keystore_format import KeystoreFormat
from zeep_wssec.payload.parties import require_signing_key
from zeep_wssec.payload.results import PayloadResult, PayloadSigner
from zeep_wssec.payload.signing_only import SigningOnly
from zeep_wssec.payload.sinks import open_sink
from zeep_wssec.payload.streams import PayloadSink, PayloadSource, open_source
from zeep_wssec.signer_trust import TrustedSigner


class Jws(KeystoreFormat[JwsSettings], SigningOnly):
    """Signs payloads and verifies the partners' signatures; a signature is ``header..value``.

    What is signed is octets: text has to be encoded first, exactly as it is sent.
    """

    format: ClassVar[str] = "jws"
    settings_class = JwsSettings

    @hides_frames
    def sign(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign a payload; the result is the detached signature, in ASCII.

        Args:
            data: The payload, octet for octet as it is sent.
            to: Where the signature goes; unset: into ``content`` of the result.
            now: Aware time of signing, instead of the clock.

        Raises:
            KeyMaterialError: The key is missing, must not sign, or does not fit the algorithm.
            PayloadLimitError: The payload is larger than the settings allow.

        Spec: RFC 7515, Appendix F; RFC 7797.
        """
        now = self._moment(now)
        payload = self._read(data)
        entry = require_signing_key(self.keystore.snapshot(), self.settings.key, now=now)
        algorithm = ALGORITHMS[self.settings.algorithm]
        kid = key_id_of(entry.certificate, self.settings)
        header = encode_header(self.settings, kid=kid, now=now)
        value = sign_octets(signing_input(header, payload, self.settings), algorithm, entry)
        signer = _signer(entry.certificate, kid, algorithm, now, alias=entry.alias)
        return _delivered(f"{header}..{base64url(value)}".encode(), to, signer, {})

    @hides_frames
    def verify(
        self,
        data: PayloadSource,
        *,
        content: PayloadSource | None = None,
        to: PayloadSink | None = None,
        now: datetime | None = None,
    ) -> PayloadResult:
        """Verify a detached signature; the result is the payload that it is about.

        Args:
            data: The signature, ``header..value``.
            content: The payload, octet for octet as it was received.
            to: Where the payload goes once it is verified; unset: into ``content`` of the result.
            now: Aware time, instead of the clock.

        Raises:
            PayloadMalformedError: It is no detached signature, or its header is not as demanded.
            PayloadAlgorithmError: Its algorithm is not accepted, or does not fit the key.
            PayloadSignerError: Nobody who must sign has that ``kid``, or their certificate is not fit.
            PayloadSignatureError: It was made over another payload, or with another key.

        Spec: RFC 7515, section 5.2 and Appendix F; RFC 7797.
        """
        if content is None:
            raise PayloadUsageError(
                "The payload is missing: the signature is detached.",
                hint="Give it: content=…, --content FILE.",
            )
        now = self._moment(now)
        with open_source(data) as reader:
            token = read_token(reader.read(MAX_TOKEN_BYTES + 1))
        signed_at = check_header(token.header, self.settings, now)
        kid = require_key_id(token.header)
        payload, keys = self._read(content), self.keystore.snapshot()
        candidates = self._require_certificates(kid, keys, now)
        algorithm = ALGORITHMS[token.header["alg"]]
        octets = signing_input(token.encoded_header, payload, self.settings)
        certificate = _verified_by(candidates, octets, token.value, algorithm)
        trusted = self._judge.judge(certificate, keys=keys, now=now)
        signer = _signer(certificate, kid, algorithm, signed_at, trusted=trusted)
        return _delivered(payload, to, signer, {"header": dict(token.header)})

    def _read(self, source: PayloadSource) -> bytes:
        limit = self.settings.max_payload_bytes
        with open_source(source) as reader:
            payload = reader.read(limit + 1)
        if len(payload) > limit:
            raise PayloadLimitError(
                f"The payload is larger than {limit} bytes.",
                hint="Raise max_payload_bytes if payloads really are that large.",
                limit=limit,
            )
        return payload

    def _require_certificates(
        self, kid: str, keys: Snapshot, now: datetime
    ) -> tuple[Certificate, ...]:
        """Give the partner's certificates with that ``kid``; of several of one key the one that is valid.

        There are several keys only where our own settings say that a ``kid`` is a partner's, who has two
        certificates for a while.
        """
        found = [item for name, item in _partners(keys) if self._is_named(kid, name, item)]
        if not found:
            raise PayloadSignerError(
                f"No partner has a certificate with the kid {ascii(kid)[:100]}.",
                hint=f"kid is read as {self.settings.kid!r}; partners are "
                f"{', '.join(map(repr, keys.partners)) or 'none'}.",
                reason="unknown_signer",
            )
        # Later ones replace earlier ones of their key: those that are valid now come last.
        found.sort(key=lambda item: item.not_before <= now <= item.not_after)
        by_key = {item.public_key_octets: item for item in found}
        if len(by_key) > 1 and self.settings.kid != "given":
            raise PayloadSignerError(
                f"Certificates of two keys have the kid {ascii(kid)[:100]}; neither is chosen.",
                reason="unknown_signer",
            )
        return tuple(by_key.values())

    def _is_named(self, kid: str, alias: str, certificate: Certificate) -> bool:
        if self.settings.kid == "given":
            return self.settings.key_ids.get(kid) == alias
        return certificate_key_id(certificate, self.settings) == kid


def _verified_by(
    candidates: Sequence[Certificate], octets: bytes, value: bytes, algorithm: JwsAlgorithm
) -> Certificate:
    """Give the one whose key has made ``value``.

    Raises:
        PayloadAlgorithmError: No key fits the algorithm.
        PayloadSignatureError: None of them has made it.
    """
    refusal: PayloadError | None = None
    for certificate in candidates:
        try:
            verify_octets(octets, value, algorithm, certificate)
        except (PayloadAlgorithmError, PayloadSignatureError) as error:
            refusal = error
        else:
            return certificate
    raise refusal or PayloadSignatureError("There is no key to verify with.")


def _partners(keys: Snapshot) -> Iterator[tuple[str, Certificate]]:
    """Give every certificate of every partner."""
    for alias in keys.partners:
        for entry in keys.partners_of(alias):
            yield alias, entry.certificate


def _signer(
    certificate: Certificate,
    kid: str,
    algorithm: JwsAlgorithm,
    signed_at: datetime | None,
    *,
    alias: str | None = None,
    trusted: TrustedSigner | None = None,
) -> PayloadSigner:
    method = algorithm.method_for(certificate)
    return PayloadSigner(
        alias=trusted.alias if trusted is not None else alias,
        trusted_as=trusted.text if trusted is not None else "our own key",
        subject=certificate.subject,
        sha256=certificate.thumbprint_sha256,
        key_id=kid,
        signed_at=signed_at,
        algorithm=method.scheme,
        digest=method.digest,
    )


def _delivered(
    octets: bytes, to: PayloadSink | None, signer: PayloadSigner, detail: dict[str, object]
) -> PayloadResult:
    with open_sink(to) as writer:
        writer.write(octets)
    return PayloadResult(
        content=writer.content,
        size=writer.size,
        format="jws",
        signers=(signer,),
        detail=detail,
    )
