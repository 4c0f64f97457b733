"""The three ways to read CMS: verify, decrypt, open; what they give back, and what they give away on failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from zeep_wssec.errors import (
    PayloadAlgorithmError,
    PayloadDecryptionError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
    PayloadUsageError,
)
from zeep_wssec.payload.cms.algorithms import (
    CONTENT_TYPES,
    SIGNED,
    SIGNED_AND_ENVELOPED,
)
from zeep_wssec.payload.cms.armour import Output
from zeep_wssec.payload.cms.ber import BerReader
from zeep_wssec.payload.cms.der import INTEGER, OCTET_STRING, SEQUENCE
from zeep_wssec.payload.cms.opening import (
    ENCRYPTED,
    Enveloped,
    check_cipher,
    content_key,
    decrypt_content,
    read_enveloped,
    unsealed_signature,
)
from zeep_wssec.payload.cms.recipient_info import describe_recipients
from zeep_wssec.payload.cms.structure import content_info, read_oid, unexpected_structure
from zeep_wssec.payload.cms.verifying import (
    ContentDigests,
    Judging,
    judge_signers,
    read_certificates,
    read_digests,
    read_signers,
)
from zeep_wssec.payload.results import PayloadResult, PayloadSigner
from zeep_wssec.payload.sinks import PayloadWriter
from zeep_wssec.payload.streams import PayloadReader, PayloadSpool

_BROKEN = (
    PayloadAlgorithmError,
    PayloadLimitError,
    PayloadMalformedError,
    PayloadSignatureError,
    PayloadSignerError,
    PayloadUnsignedError,
)
"""What can be found in decrypted octets that somebody may have changed. Who signed is one of them: anybody can
put a signature of his own around octets that he guesses, and be told whether the guess is right."""


def verify_data(
    data: PayloadReader,
    writer: Output,
    judging: Judging,
    *,
    content: PayloadReader | None = None,
) -> PayloadResult:
    """Verify SignedData; the content goes to ``writer``, which must not be released on an error.

    Args:
        data: In BER.
        writer: Takes the content.
        judging: Who must have signed, and what is known.
        content: That of a detached signature.

    Returns:
        The result without its content and size.

    Raises:
        PayloadError: It is refused.
    """
    ber = BerReader(data)
    # 1. Structure up to the content.
    with content_info(ber) as number:
        if number != SIGNED:
            raise unexpected_structure(number, (SIGNED,))
        ber.element(INTEGER)
        digests = ContentDigests.of(read_digests(ber))
        ber.enter(SEQUENCE)
        content_type = _require_type(read_oid(ber), judging)
        # 2. The content.
        attached = ber.peek() is not None
        for piece in _pieces(ber, content, attached=attached):
            digests.update(piece)
            writer.write(piece)
        if attached:
            ber.leave()
        ber.leave()
        # 3. Certificates and signers, to the very end of the data.
        bag = read_certificates(ber)
        infos = read_signers(ber, judging.settings)
    signers = judge_signers(
        infos, bag=bag, content_type=content_type, digests=digests, judging=judging
    )
    detail = {"structure": "SignedData", "content_type": content_type, "detached": not attached}
    return _result(signers=signers, detail=detail)


def _require_type(content_type: str, judging: Judging) -> str:
    wanted = judging.settings.content_type
    if content_type != wanted:
        raise PayloadMalformedError(
            f"The content is of type {CONTENT_TYPES.get(content_type, content_type)}; "
            f"{CONTENT_TYPES.get(wanted, wanted)} expected.",
            hint=f'If that is what they send, set content_type = "{content_type}".',
        )
    return content_type


def _pieces(ber: BerReader, content: PayloadReader | None, *, attached: bool) -> Iterator[bytes]:
    if not attached:
        if content is None:
            raise PayloadUsageError(
                "The signature is detached: it does not hold the content.",
                hint="Give the content: verify(signature, content=…).",
            )
        yield from content.chunks()
        return
    if content is not None:
        raise PayloadMalformedError(
            "A detached signature expected, but this one holds content of its own.",
            hint="Which of the two is meant is not guessed; leave content out to read its own.",
        )
    ber.enter(0xA0)
    yield from ber.pieces(OCTET_STRING)


def decrypt_data(data: PayloadReader, writer: Output, judging: Judging) -> PayloadResult:
    """Decrypt EnvelopedData or AuthEnvelopedData; see ``verify_data`` for the arguments.

    Raises:
        PayloadError: It is refused.
    """
    ber = BerReader(data)
    found = read_enveloped(ber, judging.settings, wanted=ENCRYPTED)
    check_cipher(found, judging.settings, signed=False)
    _decrypt(ber, found, writer, judging)
    return _opened(found, judging, signers=())


def open_data(
    data: PayloadReader, writer: PayloadWriter, judging: Judging, *, spool: PayloadSpool
) -> PayloadResult:
    """Decrypt and verify: SignedData inside of encrypted data, or SignedAndEnvelopedData.

    Args:
        data: In BER.
        writer: Takes the content.
        judging: Who must have signed, and what is known.
        spool: Takes what is decrypted and not verified yet.

    Raises:
        PayloadError: It is refused.
    """
    settings = judging.settings
    ber = BerReader(data)
    found = read_enveloped(ber, settings, wanted=(*ENCRYPTED, SIGNED_AND_ENVELOPED))
    must_be_signed = settings.unsigned == "refuse" or found.structure == SIGNED_AND_ENVELOPED
    check_cipher(found, settings, signed=must_be_signed)
    if found.structure == SIGNED_AND_ENVELOPED:
        return _open_signed(ber, found, writer, judging)
    _decrypt(ber, found, spool, judging)
    signed = _is_signed(spool.reader())
    if not signed and not must_be_signed:
        for piece in spool.reader().chunks():
            writer.write(piece)
        return _opened(found, judging, signers=())
    with _uniform(found):
        if not signed:
            raise PayloadUnsignedError(
                "It is encrypted, but nobody signed it.",
                hint='Ask the sender to sign it; unsigned = "accept" takes it as it is.',
            )
        inner = _verify_inner(spool.reader("what was encrypted"), writer, judging)
    return _opened(found, judging, signers=inner.signers, inner=inner)


def _verify_inner(data: PayloadReader, writer: Output, judging: Judging) -> PayloadResult:
    """Verify what was encrypted; without content of its own it is the sender's mistake, not the caller's."""
    try:
        return verify_data(data, writer, judging)
    except PayloadUsageError:
        raise PayloadMalformedError(
            "What is encrypted is a signature without the content that it signs."
        ) from None


def _open_signed(
    ber: BerReader, found: Enveloped, writer: Output, judging: Judging
) -> PayloadResult:
    _require_type(found.content_type, judging)
    key = content_key(found, judging.keys, judging.settings)
    digests = ContentDigests.of(found.digests)
    for piece in decrypt_content(ber, found, key):
        digests.update(piece)
        writer.write(piece)
    with _uniform(found):
        signers, reading = _judge_either(found, key, digests, judging)
    result = _opened(found, judging, signers=signers)
    return replace(result, detail={**result.detail, "signatures": reading})


def _judge_either(
    found: Enveloped, key: bytes, digests: ContentDigests, judging: Judging
) -> tuple[tuple[PayloadSigner, ...], str]:
    """Judge the signatures as they stand, and as RFC 2315 words them: encrypted as the content is."""

    def judged(infos: tuple[object, ...]) -> tuple[PayloadSigner, ...]:
        return judge_signers(
            infos,  # type: ignore[arg-type]
            bag=found.certificates,
            content_type=found.content_type,
            digests=digests,
            judging=judging,
        )

    try:
        return judged(found.signers), "as they are"
    except PayloadSignatureError as first:
        values = [unsealed_signature(found, info.value, key) for info in found.signers]
        if None in values:
            raise
        inner = tuple(
            replace(info, value=value or b"")
            for info, value in zip(found.signers, values, strict=True)
        )
        try:
            return judged(inner), "encrypted"
        except PayloadSignatureError:
            raise first from None


@contextmanager
def _uniform(found: Enveloped) -> Iterator[None]:
    """Behind CBC, which anybody may have changed, every failure of the content is the same.

    Else the difference between a wrong padding and a wrong content would tell what is encrypted.
    """
    try:
        yield
    except _BROKEN:
        if not found.sealed_with.cipher.authenticates:
            raise PayloadDecryptionError from None
        raise


def _decrypt(ber: BerReader, found: Enveloped, writer: Output, judging: Judging) -> None:
    key = content_key(found, judging.keys, judging.settings)
    for piece in decrypt_content(ber, found, key):
        writer.write(piece)


def _is_signed(data: PayloadReader) -> bool:
    """Tell whether decrypted octets are SignedData; nothing is decided by it where a signature is demanded."""
    try:
        ber = BerReader(data)
        ber.enter(SEQUENCE)
        return ber.peek() == INTEGER or read_oid(ber) == SIGNED
    except (PayloadMalformedError, PayloadLimitError):
        return False


def _opened(
    found: Enveloped,
    judging: Judging,
    *,
    signers: tuple[PayloadSigner, ...],
    inner: PayloadResult | None = None,
) -> PayloadResult:
    detail = {
        "structure": CONTENT_TYPES[found.structure],
        "content_type": inner.detail["content_type"] if inner else found.content_type,
    }
    return replace(
        _result(signers=signers, detail=detail),
        recipients=describe_recipients(found.recipients, judging.keys),
        encryption=found.sealed_with.cipher.name,
    )


def _result(*, signers: tuple[PayloadSigner, ...], detail: dict[str, object]) -> PayloadResult:
    return PayloadResult(content=None, size=0, format="cms", signers=signers, detail=detail)
