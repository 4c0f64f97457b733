"""Header blocks that the sender insists on: whoever does not understand one must not use the message."""

from __future__ import annotations

from collections.abc import Collection

from lxml import etree

from zeep_wssec.soap.envelope import Envelope
from zeep_wssec.soap.namespaces import SOAP11, SOAP12, WSA, WSA_2004, WSSE

_NEXT = {"1.1": "http://schemas.xmlsoap.org/soap/actor/next", "1.2": SOAP12 + "/role/next"}
_ATTRIBUTE = {"1.1": f"{{{SOAP11}}}mustUnderstand", "1.2": f"{{{SOAP12}}}mustUnderstand"}
_NO = ("", "0", "false")
_SECURITY = f"{{{WSSE}}}Security"
_ADDRESSING = (f"{{{WSA}}}", f"{{{WSA_2004}}}")


def find_not_understood(
    envelope: Envelope, *, actor: str | None, understood: Collection[str]
) -> etree._Element | None:
    """Give the first header block for us that must be understood and is not.

    WS-Addressing and our own security header are understood. What is for everybody on the way is for us
    as well. A value that is neither yes nor no counts as yes.

    Args:
        envelope: The message, decrypted as far as it can be.
        actor: Whom we are, besides the last receiver.
        understood: Tags of further blocks that the program understands.

    Spec: SOAP 1.1, section 4.2.3; SOAP 1.2 part 1, section 2.4, Understanding SOAP Header Blocks.
    """
    if envelope.header is None:
        return None
    attribute = _ATTRIBUTE[envelope.version]
    ours = (None, actor, _NEXT[envelope.version])
    for block in envelope.header:
        if (
            (block.get(attribute) or "").strip() not in _NO
            and block.tag not in understood
            and envelope.actor_of(block) in ours
            and not _knows(block, envelope, actor)
        ):
            return block
    return None


def _knows(block: etree._Element, envelope: Envelope, actor: str | None) -> bool:
    if block.tag == _SECURITY:
        # Who has an actor of its own leaves the header of the last receiver to whoever that is.
        return envelope.actor_of(block) in (actor, None)
    return str(block.tag).startswith(_ADDRESSING)
