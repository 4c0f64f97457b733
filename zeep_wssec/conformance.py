"""Holding a message to the Basic Security Profile 1.1, when it comes in and before it is sent."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lxml import etree

from zeep_wssec.bsp import RULES, Level, View, Violation, violations
from zeep_wssec.errors import MalformedSecurityError, OutboundError, WSSecError
from zeep_wssec.settings.basic_profile import BasicSecurityProfile
from zeep_wssec.soap.envelope import Envelope

logger = logging.getLogger(__name__)
_SHOWN = 5
_OF_CIPHERTEXT = [rule.id for rule in RULES.values() if rule.family == "encryption"]


def check_received(
    settings: BasicSecurityProfile | None,
    envelope: Envelope,
    security: etree._Element,
    *,
    opened: bool = False,
) -> tuple[str, ...]:
    """Check a message that came in.

    Args:
        settings: The rules that hold; ``None``: none.
        envelope: The message.
        security: Our security header.
        opened: Whether it is decrypted already: then the rules on ciphertext have nothing to be held to.

    Returns:
        What the rules only warn of, in words that show nothing of the content.

    Raises:
        MalformedSecurityError: It breaks a rule; with ``rule``, the first one, and all ``rules``.

    Spec: WS-I Basic Security Profile 1.1.
    """
    if settings is None or not settings.inbound:
        return ()
    levels: dict[str, Level] = dict(settings.levels)
    if opened:
        levels |= dict.fromkeys(_OF_CIPHERTEXT, "ignore")
    return _judged(MalformedSecurityError, levels, envelope, security)


def check_sent(
    settings: BasicSecurityProfile | None, envelope: Envelope, security: etree._Element
) -> None:
    """Check a message of ours before it is sent; what the rules only warn of is logged.

    Raises:
        OutboundError: It breaks a rule; with ``rule``, the first one, and all ``rules``.

    Spec: WS-I Basic Security Profile 1.1.
    """
    if settings is not None and settings.outbound:
        for text in _judged(OutboundError, dict(settings.levels), envelope, security):
            logger.warning("a message of ours: %s", text)


def _judged(
    error: type[WSSecError],
    levels: dict[str, Level],
    envelope: Envelope,
    security: etree._Element,
) -> tuple[str, ...]:
    found = list(violations(View(envelope, security), levels))
    wrong = [item for item in found if levels[item.rule.id] == "error"]
    if wrong:
        raise _refusal(error, wrong)
    return tuple(dict.fromkeys(str(item) for item in found))


def _refusal(error: type[WSSecError], wrong: Sequence[Violation]) -> WSSecError:
    texts = list(dict.fromkeys(str(item) for item in wrong))
    broken = list(dict.fromkeys(item.rule.id for item in wrong))
    sent = error is OutboundError
    mild = next((item.rule.id for item in wrong if sent or not item.rule.always), None)
    hint = (
        f'Have it mended by whoever writes it, or set bsp.rules = {{ {mild} = "ignore" }}.'
        if mild is not None
        else "Have it mended by whoever writes it: such a message is never read."
    )
    more = f" And {len(texts) - _SHOWN} more." if len(texts) > _SHOWN else ""
    return error(
        f"The message breaks the Basic Security Profile: {' '.join(texts[:_SHOWN])}{more}",
        hint=hint,
        rule=broken[0],
        rules=tuple(broken),
    )
