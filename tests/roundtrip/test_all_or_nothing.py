"""A message is protected as a whole or left alone: after a failure the given tree is as it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from lxml import etree
from roundtrip.pair import ENCRYPTED, SIGNED, canonical, envelope, issued, service, tree_of

from zeep_wssec import (
    Encryption,
    KeyNotFoundError,
    Keystore,
    KeyUsageError,
    OutboundError,
    PartNotFoundError,
    SecurityHeader,
    Signature,
    Timestamp,
    UsernameToken,
    WSSecError,
)
from zeep_wssec.settings import Step
from zeep_wssec.soap.namespaces import SOAP12, WSA, WSSE, WSU

TO = f'<wsa:To xmlns:wsa="{WSA}" xmlns:unused="urn:unused">urn:to</wsa:To>'
MISSING = Signature(parts=("id:not-there",))
USER = UsernameToken(username="u", password="p")


class BrokenSigner:
    """A key that fails when it is asked to sign."""

    def sign(self, data: bytes, *, scheme: str, digest: str) -> bytes:
        """Fail as a remote key may."""
        raise KeyUsageError("The key is gone.", reason="wrong_usage")


FAILURES: dict[str, tuple[Sequence[Step], type[WSSecError]]] = {
    "no such part": ((Timestamp(), Signature(), MISSING), PartNotFoundError),
    "no such part, alone": ((MISSING,), PartNotFoundError),
    "no such part, last of several": (
        (Timestamp(), Signature(parts=("body", "headers?", "id:not-there"))), PartNotFoundError),
    "no such key": ((Timestamp(), Signature(), Signature(key="other")), KeyNotFoundError),
    "no such recipient": ((*SIGNED, Encryption(recipients=("nobody",))), KeyNotFoundError),
    "after encrypting the Body": ((*SIGNED, ENCRYPTED, MISSING), PartNotFoundError),
    "after encrypting headers": (
        (*SIGNED, Encryption(recipients=("client",), parts=("headers?", "timestamp", "signature")), MISSING),
        PartNotFoundError,
    ),
    "after encrypting elements": (
        (Timestamp(), Encryption(recipients=("client",), parts=("xpath://*[local-name()='b']?",)), MISSING),
        PartNotFoundError,
    ),
    "after a user name": ((USER, Signature(parts=("username_token", "body")), MISSING), PartNotFoundError),
    "character that XML lacks": (
        (Timestamp(), Signature(), UsernameToken(username="a\0b", password="p")), OutboundError),
    "wrong key kind": ((Timestamp(), Signature(algorithm="ecdsa-sha256")), KeyUsageError),
    "part around the header": ((Timestamp(), Signature(parts=("xpath:/*",))), OutboundError),
    "part inside a part": (
        (*SIGNED, Encryption(recipients=("client",), parts=("body", "xpath://*[local-name()='b']"))), OutboundError),
}  # fmt: skip

TREES = {
    "plain": envelope("<a><b>1</b>tail</a>"),
    "with a Header": envelope("<a><b>1</b>tail</a>", headers=TO),
    "with an empty Header": envelope("<a><b>1</b></a>").replace(
        b"<soap:Body", b"<soap:Header/><soap:Body"
    ),
    "with layout": b"<soap:Envelope xmlns:soap='%s'>\n <soap:Header>\n  <h/>\n </soap:Header>\n "
    b"<soap:Body>\n  text<a>\n   <b/>x\n  </a>tail\n </soap:Body>\n</soap:Envelope>"
    % SOAP12.encode(),
    "with the prefix": envelope("<a><b wsu:Id='x'/></a>", declarations=f' xmlns:wsu="{WSU}"'),
    "with comments": envelope("<a><!-- c --><b/><?pi x?></a>"),
}


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("failure", FAILURES)
def test_failure_leaves_the_tree(failure: str, tree: str) -> None:
    """Serialised before and after, the tree is the same octet by octet, and so are its nodes."""
    steps, error = FAILURES[failure]
    root = etree.fromstring(TREES[tree])
    before, nodes = etree.tostring(root), list(root.iter())
    with pytest.raises(error) as caught:
        service(*steps).secure(root)
    assert caught.type is error
    assert etree.tostring(root) == before
    assert list(root.iter()) == nodes


def test_signer_that_fails() -> None:
    """A key may fail at the very last moment."""
    entry = issued("service").keystore("service").snapshot().keys["service"]
    keystore = Keystore([replace(entry, signer=BrokenSigner())])
    root = tree_of(envelope(headers=TO))
    before = etree.tostring(root)
    with pytest.raises(KeyUsageError):
        service(*SIGNED, keystore=keystore).secure(root)
    assert etree.tostring(root) == before


@pytest.mark.parametrize(
    "failure", ["no such part", "after encrypting headers", "no such recipient"]
)
def test_extended_header(failure: str) -> None:
    """A header that was there keeps what it had."""
    steps, error = FAILURES[failure]
    user = "<w:UsernameToken><w:Username>u</w:Username></w:UsernameToken>"
    present = f'<w:Security xmlns:w="{WSSE}">\n {user}\n</w:Security>'
    root = tree_of(envelope("<a><b/></a>", headers=present + TO))
    before = etree.tostring(root)
    with pytest.raises(error):
        service(*steps, header=SecurityHeader(extend=True)).secure(root)
    assert etree.tostring(root) == before


def test_the_prefix_declared_deeper() -> None:
    """A declaration of the prefix that the content needs for its own text is never taken away."""
    root = etree.fromstring(envelope(f"<a xmlns:wsu='{WSU}' t='wsu:x'><b/></a>"))
    before = canonical(root)
    with pytest.raises(PartNotFoundError):
        service(*SIGNED, MISSING).secure(root)
    assert canonical(root) == before
    assert root[0][0].nsmap["wsu"] == WSU


@pytest.mark.xfail(
    strict=True,
    reason="lxml merges declarations of one namespace when nodes are put back into their place",
)
def test_prefixes_that_meet() -> None:
    """Content with a second prefix for a namespace of the envelope comes back as it was."""
    content = '<a:x xmlns:a="urn:e"><a:y/></a:x>'
    root = tree_of(envelope(content, declarations=' xmlns:b="urn:e"'))
    before = etree.tostring(root)
    with pytest.raises(PartNotFoundError):
        service(Timestamp(), ENCRYPTED, MISSING).secure(root)
    assert etree.tostring(root) == before


def test_success_after_failure() -> None:
    """The twin: what failed once can be protected afterwards."""
    root = tree_of(envelope())
    with pytest.raises(PartNotFoundError):
        service(*SIGNED, ENCRYPTED, MISSING).secure(root)
    service(*SIGNED, ENCRYPTED).secure(root)
    assert root.find(f".//{{{WSSE}}}Security") is not None
