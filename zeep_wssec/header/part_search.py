"""The elements of one outgoing message that the parts of a step mean."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from zeep_wssec.errors import OutboundError, PartNotFoundError
from zeep_wssec.header.context import Outgoing
from zeep_wssec.soap.parts import Part, find_part

_WITHOUT_TOKEN = (
    'The key reference brings no token: set include_token = true, key_reference = "binary_token", '
    "or str_transform = true."
)
"""What to do about the part ``token`` of a signature that has none."""


def find_parts(
    message: Outgoing, parts: Sequence[Part], *, token: etree._Element | None = None
) -> list[tuple[Part, etree._Element]]:
    """Give every element that ``parts`` mean, each once, with the part that names it.

    Raises:
        PartNotFoundError: The message lacks a part that is not optional.
        OutboundError: A part is, or surrounds, the security header itself.
    """
    found: list[tuple[Part, etree._Element]] = []
    around = {id(node) for node in (message.security, *message.security.iterancestors())}
    for part in parts:
        elements = find_part(
            part,
            envelope=message.envelope,
            security=message.security,
            token=token,
            namespaces=message.namespaces,
        )
        if not elements and not part.optional:
            optional = f"Write {part.text + '?'!r} if it may be missing."
            raise PartNotFoundError(
                f"The message has no element for the part {part.text!r}.",
                hint=_WITHOUT_TOKEN if part.kind == "token" else optional,
                part=part.text,
            )
        for element in elements:
            if id(element) in around:
                raise OutboundError(
                    f"The part {part.text!r} surrounds the security header, which cannot cover itself."
                )
            if all(element is not other for _, other in found):
                found.append((part, element))
    return found
