"""Evidence in words: from nodes to the names that people use for them."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from zeep_wssec.header.context import Incoming
from zeep_wssec.header.evidence import UsernameTokenEvidence
from zeep_wssec.report import EncryptionReport, Report, SignatureReport
from zeep_wssec.soap.namespaces import DS, WSSE, WSSE11, WSU, XENC, readable_name
from zeep_wssec.verdict import signs_with, users_of

_IN_SECURITY = {
    f"{{{WSU}}}Timestamp": "timestamp",
    f"{{{WSSE}}}BinarySecurityToken": "token",
    f"{{{WSSE}}}UsernameToken": "username_token",
    f"{{{DS}}}Signature": "signature",
    f"{{{XENC}}}EncryptedKey": "encrypted_key",
    f"{{{WSSE11}}}SignatureConfirmation": "confirmation",
}
_KEY_INFO = f"{{{DS}}}KeyInfo"


def part_name(message: Incoming, node: etree._Element) -> str:
    """Give the name of the part that ``node`` is, or where it stands."""
    replaced = message.replaced_by.get(node)
    if replaced and len(replaced) == 1:
        node = replaced[0]
    envelope = message.envelope
    parent = node.getparent()
    if node is envelope.body:
        return "body"
    if node is envelope.root:
        return "envelope"
    if node.tag == _KEY_INFO and parent is not None and parent.getparent() is message.security:
        return "key_info"
    if parent is message.security:
        return _IN_SECURITY.get(str(node.tag)) or readable_name(node.tag)
    if parent is not None and parent is envelope.header:
        return f"header:{node.tag!s}"
    names = [readable_name(item.tag) for item in (*reversed(list(node.iterancestors())), node)]
    return "/".join(names)


def _proof(message: Incoming, token: UsernameTokenEvidence) -> str:
    return token.proved or ("derived_key" if signs_with(message, token) else "")


def report_of(
    message: Incoming,
    *,
    order: Sequence[str],
    proved: Sequence[str],
    warnings: Sequence[str],
    accepted: bool = True,
) -> Report:
    """Give the evidence of a message as plain data."""
    timestamp = message.timestamp
    users = users_of(message)
    return Report(
        accepted=accepted,
        proved=tuple(proved),
        signatures=tuple(
            [
                SignatureReport(
                    signer=item.signer.subject,
                    thumbprint_sha256=item.signer.thumbprint_sha256,
                    trusted_as=item.trusted_as,
                    algorithm=item.method,
                    digests=tuple(dict.fromkeys(item.digests)),
                    key_reference=item.key_reference,
                    parts=tuple([part_name(message, node) for node in item.covered]),
                )
                for item in message.signatures
            ]
        ),
        encryptions=tuple(
            [
                EncryptionReport(
                    part=part_name(message, item.node),
                    scope=item.scope,
                    algorithm=item.algorithm,
                    key_transport=item.key_transport,
                    recipient=item.recipient,
                    covered=item.covered,
                )
                for item in message.encryptions
            ]
        ),
        created=timestamp.created if timestamp else None,
        expires=timestamp.expires if timestamp else None,
        username=users[0].username if users else None,
        username_proof=_proof(message, users[0]) if users else "",
        order=tuple(order),
        fault=message.envelope.fault is not None,
        warnings=tuple(warnings),
    )
