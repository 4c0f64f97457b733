"""Taking signed data apart into its content and a detached signature, without looking at either.

Nothing is verified: the two halves prove exactly what the whole proved, once they are verified.
"""

from __future__ import annotations

from zeep_wssec.errors import PayloadMalformedError
from zeep_wssec.keys.secrets import hides_frames
from zeep_wssec.payload.cms.algorithms import SIGNED
from zeep_wssec.payload.cms.armour import ArmourWriter, Encoding, open_armour
from zeep_wssec.payload.cms.ber import BerReader
from zeep_wssec.payload.cms.der import INTEGER, OCTET_STRING, SEQUENCE, SET, context, oid, sequence
from zeep_wssec.payload.cms.structure import content_info, read_oid, unexpected_structure
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.sinks import open_sink
from zeep_wssec.payload.streams import PayloadReader, PayloadSink, PayloadSource, open_source


@hides_frames
def split_unverified(
    data: PayloadSource,
    *,
    content: PayloadSink | None = None,
    signature: PayloadSink | None = None,
    content_encoding: Encoding = "der",
    signature_encoding: Encoding = "der",
    content_info: bool = True,
) -> tuple[PayloadResult, PayloadResult]:
    """Take attached SignedData apart; trust nothing of it before ``verify`` took both halves.

    Args:
        data: SignedData in DER, PEM or base64.
        content: Where the content goes; unset: into the first result.
        signature: Where the detached signature goes; unset: into the second result.
        content_encoding: Of the content: ``"der"`` for its octets as they are, or ``"base64"``.
        signature_encoding: Of the signature.
        content_info: Whether the signature stands in a ContentInfo, as readers expect it.

    Returns:
        The content, and the signature; neither names a signer.

    Raises:
        PayloadMalformedError: It is no SignedData, or holds no content.
    """
    with (
        open_source(data, seekable=True) as source,
        open_armour(source) as octets,
        open_sink(content) as content_writer,
        open_sink(signature) as signature_writer,
    ):
        content_out = ArmourWriter(content_writer, content_encoding)
        detached = _split(octets, content_out, bare=not content_info)
        content_out.close()
        signature_out = ArmourWriter(signature_writer, signature_encoding)
        signature_out.write(detached)
        signature_out.close()
    return (
        PayloadResult(content=content_writer.content, size=content_writer.size, format="cms"),
        PayloadResult(content=signature_writer.content, size=signature_writer.size, format="cms"),
    )


def _split(octets: PayloadReader, out: ArmourWriter, *, bare: bool) -> bytes:
    ber = BerReader(octets)
    with content_info(ber) as number:
        if number != SIGNED:
            raise unexpected_structure(number, (SIGNED,))
        head = ber.element(INTEGER) + ber.element(SET)
        ber.enter(SEQUENCE)
        content_type = read_oid(ber)
        if ber.peek() is None:
            raise PayloadMalformedError("There is no content: the signature is detached already.")
        ber.enter(0xA0)
        for piece in ber.pieces(OCTET_STRING):
            out.write(piece)
        ber.leave()
        ber.leave()
        tail = b"".join(_rest(ber))
    signed = sequence(head, sequence(oid(content_type)), tail)
    return signed if bare else sequence(oid(SIGNED), context(0, signed))


def _rest(ber: BerReader) -> list[bytes]:
    """Give certificates, revocation lists and signatures as they are."""
    found = []
    while ber.peek() is not None:
        found.append(ber.verbatim())
    return found
