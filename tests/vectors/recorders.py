"""Has each peer make its messages: WSS4J and ourselves by the rows of the matrix, the others by hand."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from interop.cxf.batch import Batch
from interop.matrix import Cell, read_cells
from interop.matrix_run import Keys, Sides
from interop.matrix_steps import our_demands
from vectors.recorded import Recorded
from vectors.recorders_xml import record_cxf, record_libxmlsec, record_node, record_xmlsec1

from zeep_wssec import __version__
from zeep_wssec.results import Checked, Secured

WSS4J = "Apache WSS4J 3.0.5"
OURS = f"zeep-wssec {__version__}"
CELLS = (
    "sign soap1.1", "encrypt soap1.1", "sign-encrypt soap1.1", "encrypt-sign soap1.1", "sign soap1.2",
    "sign-encrypt soap1.2", "encrypt-sign soap1.2", "signature ecdsa-sha256 p256",
    "signature ed25519 ed25519", "signature rsa-pss-sha256 rsa", "signature hmac-sha256 session",
    "canonicalization c14n", "sign_reference thumbprint", "sign_reference x509_data_in_reference",
    "token/str binary_token", "token/str issuer_serial", "signed body timestamp headers",
    "signed body timestamp key_info token/str", "signed xpath timestamp", "signed username_token digest",
    "signed and encrypted username_token", "signed encrypted_key gcm", "endorsing certificates",
    "endorsing session derived", "cipher aes256-cbc encrypt-sign", "agreement x25519 hkdf",
    "agreement p256 concat-kdf", "encrypted element content", "encrypted signature who",
    "encrypted who soap1.2", "encrypted element encrypt-sign", "two recipients", "session sign-encrypt soap1.2",
    "session encrypt-sign binary_token derived 1.3", "session sign encrypted_key_sha1 derived 1.3",
    "context 1.3 sign-encrypt derived 1.3", "context 2005/02 sign derived 2005/02", "secret sign-encrypt",
    "request sign-encrypt derived 1.3", "username sign derived 1.3", "username encrypt derived 1.3",
    "answer confirmation-several", "answer confirmation-one sign-encrypt",
)  # fmt: skip
"""Cells of the matrix, without their direction: the shapes that messages have."""


@dataclass(frozen=True)
class Recording(Sides):
    """Both sides, and the requests that they wrote for an answer."""

    sent: list[Any] = field(default_factory=list)

    def _request_of_ours(self, cell: Cell) -> Secured | None:
        request = super()._request_of_ours(cell)
        self.sent.append(request)
        return request

    def _request_of_peer(self, cell: Cell) -> tuple[Checked | None, dict[str, Any]]:
        checked, sent = super()._request_of_peer(cell)
        self.sent.append(sent)
        return checked, sent


def _cells(keys: Keys, direction: str) -> Iterator[tuple[Cell, bytes, Any]]:
    """Give each cell that the matrix does not refuse with its message, and the request that it answers."""
    known = {cell.id: cell for cell in read_cells()}
    with Batch() as peer:
        sides = Recording(keys, peer)
        keys.give(peer, sides.name)
        for name in CELLS:
            cell = known[f"{direction}:{name}"]
            if not cell.refused_by:
                message, _ = sides.start(cell)
                yield cell, message.encode(), sides.sent[-1]


def _folder(cell: Cell) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", cell.id.partition(":")[2].lower())


def record_wss4j(keys: Keys) -> Iterator[Recorded]:
    """WSS4J writes, we are the client."""
    for cell, message, request in _cells(keys, "from"):
        yield Recorded(
            name=_folder(cell),
            message=message,
            origin=WSS4J,
            why=f"written by the peer: {cell.id.partition(':')[2]}",
            inbound=our_demands(cell),
            request=None if request is None else request.to_bytes(),
            session_keys=[
                (key.sha1, bytes(key.octets), "server-rsa")
                for key in (() if request is None else request.exchange.session_keys)
            ],
        )


def record_ours(keys: Keys) -> Iterator[Recorded]:
    """The same shapes as we write them; the server reads."""
    for cell, message, sent in _cells(keys, "to"):
        yield Recorded(
            name=_folder(cell),
            message=message,
            origin=OURS,
            why=f"written by ourselves: {cell.id.partition(':')[2]}",
            inbound=our_demands(cell),
            reader="server",
            request=sent["message"].encode() if sent else None,
            session_keys=[
                (base64.b64decode(sha1), base64.b64decode(octets), "client-rsa")
                for sha1, octets in sent.get("session_keys", {}).items()
            ],
        )


RECORDERS: Mapping[str, Callable[[Keys], Iterator[Recorded]]] = {
    "wss4j": record_wss4j,
    "zeep-wssec": record_ours,
    "cxf": record_cxf,
    "node-soap": record_node,
    "xmlsec1": record_xmlsec1,
    "libxmlsec": record_libxmlsec,
}
"""Folders, each with what fills it."""
