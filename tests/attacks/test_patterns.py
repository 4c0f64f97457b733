"""Messages that are small and take long: a megabyte takes no longer than a thousand times a kilobyte."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from attacks.test_limits import reader, sealed
from lxml import etree
from roundtrip.pair import NOW, SIGNED, answer, authority, keystore

from zeep_wssec import DecryptionError, KeyLoadError, MalformedSecurityError, OverTLS, Profile
from zeep_wssec.keys.revocation_data import load_crls

PROCESSOR_SECONDS = 20
"""What no input may take; each one here would take an hour and more if it were gone through again and again."""


@contextmanager
def bounded() -> Iterator[None]:
    """Bound processor time, whatever else the machine does meanwhile."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"more than {PROCESSOR_SECONDS} seconds of processor time")

    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def test_decrypted_text_that_looks_like_declarations() -> None:
    """DO-11: ciphertext that anybody may have sent is searched for declarations once."""
    text = "xmlns:" * 200_000
    lenient = Profile(keystore=keystore("client", "service"), inbound=OverTLS(), clock=lambda: NOW)
    with bounded():
        checked = lenient.check(sealed(f"<a>{text}</a>".encode()))
    assert checked.body.findtext("a") == text


def test_decrypted_nodes_below_many_namespaces() -> None:
    """DO-06: what is in scope is not gone through for each node, where prefixes meet and content is built anew."""
    scope = "".join(f' xmlns:p{number}="u{number}"' for number in range(200))
    lenient = Profile(keystore=keystore("client", "service"), inbound=OverTLS(), clock=lambda: NOW)
    with bounded():
        checked = lenient.check(sealed(f'<r xmlns:q="u0"{scope}>{"<a/>" * 500_000}</r>'.encode()))
    assert len(checked.body[0]) == 500_000
    assert checked.body[0].nsmap["q"] == checked.body[0].nsmap["p0"] == "u0"


def test_nodes_behind_what_is_decrypted() -> None:
    """DO-06: that they stay as they are is not found by canonical forms where that takes long."""
    scope = "".join(f' xmlns:p{number}="u:{number}"' for number in range(200)).encode()
    lenient = Profile(keystore=keystore("client", "service"), inbound=OverTLS(), clock=lambda: NOW)

    def behind(more: bytes) -> bytes:
        message = sealed(b'<r xmlns:q="u:0"/>')
        at = message.index(b">", message.index(b"<soap:Body"))
        message = message[:at] + scope + message[at:]
        return message.replace(b"</soap:Body>", more + b"</soap:Body>")

    with bounded():
        checked = lenient.check(behind(b"<a/>" * 100_000))
        assert (len(checked.body), checked.body[0].nsmap["q"]) == (100_001, "u:0")
        # Moved, it would lose a declaration on which what it says may depend.
        with pytest.raises(DecryptionError):
            lenient.check(behind(b'<a xmlns:z="u:1">z:kind</a>' * 10_000))


@pytest.mark.parametrize("begin", [b"<!--", b"<![CDATA[", b"<?x "])
def test_markup_that_does_not_end(begin: bytes) -> None:
    """DO-11: what begins again and again and never ends is counted once, as what it could become."""
    hostile = begin * (1_000_000 // len(begin))
    with bounded(), pytest.raises(MalformedSecurityError, match="nodes"):
        reader(max_nodes=1000).check(hostile)


@pytest.mark.parametrize(("more", "word"), [(5000, "nodes"), (5, "processing instruction")])
def test_markup_between_instructions(monkeypatch: pytest.MonkeyPatch, more: int, word: str) -> None:
    """DO-02: instructions that hold the marks of a comment hide no elements from being counted."""
    hidden = b"<?x <!-- ?>" + b"<b/>" * more + b"<?x --> ?>"
    message = answer(SIGNED).replace(b"</soap:Body>", hidden + b"</soap:Body>")
    assert hidden in message
    if more > 1000:
        monkeypatch.setattr(etree, "fromstring", None)
    with pytest.raises(MalformedSecurityError, match=word):
        reader(max_nodes=1000).check(message)


def test_revocation_lists_that_do_not_end() -> None:
    """DO-11: a list that is fetched, and only ever begins, is gone through once."""
    block = authority().crl()
    assert len(load_crls(block, source="a list")) == 1
    with bounded(), pytest.raises(KeyLoadError):
        load_crls(b"-----BEGIN X509 CRL-----\n" * 100_000, source="a list")
