"""``wsc:SecurityContextToken``: a name for a secret that both sides have."""

from __future__ import annotations

from lxml import etree

from zeep_wssec.errors import InvalidTokenError, OutboundError, TokenUnavailableError
from zeep_wssec.exchange import Holder
from zeep_wssec.header.context import Incoming, Outgoing
from zeep_wssec.header.symmetric import MadeKey, SymmetricKey
from zeep_wssec.settings import SecurityContext
from zeep_wssec.soap.ids import WSU_ID, fresh_id
from zeep_wssec.soap.namespaces import WSC, WSC_2005, WSU

_NAMESPACES = {"1.3": WSC, "2005/02": WSC_2005}
SECURITY_CONTEXT_TOKENS = frozenset(
    f"{{{namespace}}}SecurityContextToken" for namespace in _NAMESPACES.values()
)
"""Tags of the token in both versions."""
_MAX_IDENTIFIER = 1000


def write_security_context(message: Outgoing, step: SecurityContext) -> None:
    """Write the token, and have its secret ready for later steps.

    Raises:
        KeyNotFoundError: The keystore has no such secret.
        OutboundError: The identifier holds a character that XML cannot carry.

    Spec: WS-SecureConversation 1.4, section 2, Security Context Token.
    """
    secret = message.keys.require_secret(step.key)
    namespace = _NAMESPACES[step.version]
    token = etree.Element(
        f"{{{namespace}}}SecurityContextToken", nsmap={"wsc": namespace, "wsu": WSU}
    )
    token.set(WSU_ID, fresh_id("SCT"))
    try:
        etree.SubElement(token, f"{{{namespace}}}Identifier").text = step.identifier
    except ValueError:
        raise OutboundError("The identifier holds a character that XML cannot carry.") from None
    message.prepend(token)
    message.message_keys[step.name] = MadeKey(
        name=step.name,
        octets=secret.octets,
        element=token,
        value_type=namespace + "/sct",
        recipients=(secret.alias,),
    )


def read_security_context(message: Incoming, element: etree._Element) -> None:
    """Check the shape of a token; its secret is looked up when something names it.

    Raises:
        InvalidTokenError: Anything else than one Identifier and one Instance at most.
    """
    _identifier(element)


def security_context_secret(message: Incoming, element: etree._Element) -> SymmetricKey:
    """Give the secret of the keystore that a token stands for.

    Raises:
        InvalidTokenError: As for reading the token.
        TokenUnavailableError: No secret has the identifier as its key name or alias.

    Spec: WS-SecureConversation 1.4, section 2.
    """
    name = _identifier(element)
    secret = message.keys.find_secret(key_name=name) or message.keys.secrets.get(name)
    if secret is None:
        shown = message.shown(element, repr(name[:200]))
        raise TokenUnavailableError(
            f"The keystore has no secret for the security context {shown}.",
            hint="Add one whose key_name is the identifier of the context.",
        )
    return SymmetricKey(
        octets=secret.octets,
        text=f"the security context of the secret {secret.alias!r}",
        known_to=(Holder("secret", secret.alias),),
        elements=(element,),
        recipient=secret.alias,
    )


def _identifier(element: etree._Element) -> str:
    namespace = str(element.tag).rpartition("}")[0][1:]
    known = [f"{{{namespace}}}Identifier", f"{{{namespace}}}Instance"]
    if [child.tag for child in element] not in (known[:1], known) or element.keys() not in (
        [],
        [WSU_ID],
    ):
        raise InvalidTokenError(
            "A SecurityContextToken must hold one Identifier, then one Instance at most."
        )
    if any(len(child) or child.keys() for child in element):
        raise InvalidTokenError("A SecurityContextToken's elements hold text only.")
    name = (element[0].text or "").strip()
    if not 0 < len(name) <= _MAX_IDENTIFIER:
        raise InvalidTokenError("The Identifier of a SecurityContextToken must be a short text.")
    return name
