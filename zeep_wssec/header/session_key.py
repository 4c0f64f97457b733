"""``xenc:EncryptedKey`` that later steps sign and encrypt with: the protection token of a symmetric binding."""

from __future__ import annotations

import os

from zeep_wssec.header.context import Outgoing
from zeep_wssec.header.key_sealing import require_recipient, write_encrypted_key
from zeep_wssec.header.symmetric import ENCRYPTED_KEY_TOKEN, MadeKey
from zeep_wssec.settings import SessionKey
from zeep_wssec.soap.ids import fresh_id


def write_session_key(message: Outgoing, step: SessionKey) -> None:
    """Make a fresh key, encrypt it for every recipient, and have it ready for later steps by its name.

    Later steps refer to the EncryptedKey of the first recipient.

    Raises:
        KeyNotFoundError: No certificate under a recipient's alias.
        KeyUsageError: A certificate must not be encrypted to: expired, too short, of another kind or usage.
        OutboundError: The signer of a request is meant, and there is none.

    Spec: WS-SecurityPolicy 1.3, section 7.4, SymmetricBinding; WSS SOAP Message Security 1.1.1, section 7.7.
    """
    for alias in step.recipients:
        require_recipient(message, alias)
    octets = os.urandom(step.bytes)
    # Each goes in front of those before it, so the first recipient's is written last.
    for alias in reversed(step.recipients):
        element, sha1 = write_encrypted_key(message, step, alias, octets, key_id=fresh_id("EK"))
    message.message_keys[step.name] = MadeKey(
        name=step.name,
        octets=octets,
        element=element,
        value_type=ENCRYPTED_KEY_TOKEN,
        token_type=ENCRYPTED_KEY_TOKEN,
        sha1=sha1,
        recipients=tuple(map(message.keys.alias_of, step.recipients)),
    )
