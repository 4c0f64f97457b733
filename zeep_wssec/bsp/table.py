"""All rules of the Basic Security Profile 1.1 by number: those that are checked, and why others are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from zeep_wssec.bsp.encryption import ENCRYPTION_RULES
from zeep_wssec.bsp.references import REFERENCE_RULES
from zeep_wssec.bsp.rule import Level, Rule, Violation
from zeep_wssec.bsp.saml import SAML_RULES
from zeep_wssec.bsp.signatures import SIGNATURE_RULES
from zeep_wssec.bsp.timestamps import TIMESTAMP_RULES
from zeep_wssec.bsp.tokens import BINARY_RULES, KERBEROS_RULES, X509_RULES
from zeep_wssec.bsp.usernames import USERNAME_RULES
from zeep_wssec.bsp.view import View

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        rule.id: rule
        for family in (
            TIMESTAMP_RULES,
            REFERENCE_RULES,
            SIGNATURE_RULES,
            ENCRYPTION_RULES,
            BINARY_RULES,
            USERNAME_RULES,
            X509_RULES,
            SAML_RULES,
            KERBEROS_RULES,
        )
        for rule in family
    }
)
"""Every rule that is checked, by its number."""

READ: Final[Mapping[str, str]] = MappingProxyType(
    {
        "R4212": "A password digest is computed again and compared.",
        "R4216": "A derived key is computed as the token profile says; with any other no signature holds.",
        "R5208": "A subject key identifier is looked up among the extensions of known certificates.",
        "R5210": "A thumbprint is looked up among the SHA-1 fingerprints of known certificates.",
        "R5414": "A PrefixList is read in any order.",
        "R5415": "A PrefixList is read with any white space.",
    }
)
"""Rules that no structure shows: what reading a message does in their place, always."""

UNCHECKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "R3024": "Whether a token elsewhere could be named by a Reference, no message says.",
        "R3025": "A token inside a reference is held to the same rules as one in the header.",
        "R3232": "It permits something and demands nothing.",
        "R3299": "It permits something and demands nothing.",
        "R5209": "How a token elsewhere could be named, no message says.",
        "R5405": "Which namespaces a sender wants to protect, no message says.",
        "R5408": "Whether a sender wants to protect the default namespace, no message says.",
        "R5606": "What was there before it was encrypted, no message says.",
        "R6301": "License tokens (REL) are not supported.",
        "R6302": "License tokens (REL) are not supported.",
        "R6304": "License tokens (REL) are not supported.",
        "R6605": "Every text is an xs:string.",
        "R6610": "It forbids the KeyIdentifier whose form other rules on assertions fix.",
        "R6903": "It is about a series of messages; Kerberos is not supported.",
        "R6904": "It is about a series of messages; Kerberos is not supported.",
    }
)
"""Rules that are not checked, and why."""


def violations(view: View, levels: Mapping[str, Level]) -> Iterator[Violation]:
    """Find what breaks a rule whose level is not ``"ignore"``.

    Args:
        view: The message.
        levels: Level of each rule of ``RULES``; one that is missing has its own.

    Spec: WS-I Basic Security Profile 1.1.
    """
    for rule in RULES.values():
        if levels.get(rule.id, rule.level) != "ignore":
            for node in rule.check(view):
                yield Violation(rule=rule, node=node)
