"""A forked process: locks that another thread of its parent held at that moment do not hold it up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from peers import needs

from zeep_wssec.forks import cached_property
from zeep_wssec.keys.trust_rules import FetchedRevocation

PROGRAM = """
import os, signal, sys, threading
from datetime import UTC, datetime
from zeep_wssec import Keystore, RedactedHistory
from zeep_wssec.keys.path import Rfc5280PathValidator
from zeep_wssec.keys.refreshing import DerivedSource, RefreshedSource
from zeep_wssec.keys.trust import TrustStore
from zeep_wssec.keys.trust_rules import FetchedRevocation
from zeep_wssec.testing.authority import Authority

{make}
inside, leave = threading.Event(), threading.Event()

def keep():
    with item._lock:
        inside.set()
        leave.wait(60)

thread = threading.Thread(target=keep)
thread.start()
inside.wait(60)
child = os.fork()
if not child:
    signal.alarm(60)
    {use}
    os._exit(0)
_, status = os.waitpid(child, 0)
print(status, not item._lock.acquire(blocking=False))
leave.set()
thread.join()
"""
LOCKS = {
    "paths": (
        "authority = Authority.create('ca'); item = Rfc5280PathValidator()\n"
        "leaf, trust = authority.issue('x').certificate, TrustStore.load(anchors=authority.pem)",
        "assert item.validate(leaf, trust=trust, now=datetime.now(UTC))",
    ),
    "history": ("item = RedactedHistory()", "assert item.exchanges == ()"),
    "file": (
        "class Source:\n    def fetch(self): return b''\n    def digest(self, fetched): return fetched\n"
        "    def read(self, fetched): return 1\n"
        "item = RefreshedSource(Source(), make=str, cache_seconds=0)",
        "assert item.current() == '1'",
    ),
    "derived": (
        "item = DerivedSource((), make=len, made_of=(), made='made')",
        "assert item.current() == 'made'",
    ),
    "tls": (
        "from zeep_wssec.transport.tls import ContextSource\n"
        "item = ContextSource(lambda: (Keystore(), None), clock=lambda: datetime.now(UTC))",
        "assert item.current()",
    ),
    "notices": (
        "from zeep_wssec.keys.notices import KeyExpiryWarning, Notice, _Said\n"
        "leaf = Authority.create('ca').issue('x').certificate; item = _Said()\n"
        "notice = Notice(category=KeyExpiryWarning, alias='x', certificate=leaf, text='')",
        "assert item.is_new(notice, datetime.now(UTC).date())",
    ),
    "revocation": ("item = FetchedRevocation()", "assert item.put('url', ())"),
}


@needs(hasattr(os, "fork"), "this system has no fork")
@pytest.mark.parametrize("name", LOCKS)
def test_lock_held_at_the_fork(name: str, tmp_path: Path) -> None:
    """The child gets on at once; in the parent the other thread still has its lock."""
    make, use = LOCKS[name]
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(make=make, use=use))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.stdout == "0 True\n", done.stderr


def test_revocation_that_was_half_put_away() -> None:
    """What a fork cuts in two is put in order by the child, and verdicts made before do not count."""
    store = FetchedRevocation()
    store.put("url", ())
    before = store.generation
    store.start_over()
    assert store.generation > before


BUSY = """
import os, signal, threading
from lxml import etree
from zeep_wssec.forks import cached_property
from zeep_wssec.soap.expressions import Expression

parent, inside, leave = os.getpid(), threading.Event(), threading.Event()

def wait(*given):
    if os.getpid() == parent:
        inside.set()
        leave.wait(60)
    return True

class Lazy:
    value = cached_property(wait)

expression = Expression("wait()", extensions={{(None, "wait"): wait}})
thread = threading.Thread(target=lambda: {use})
thread.start()
inside.wait(60)
child = os.fork()
if not child:
    signal.alarm(60)
    os._exit(0 if {use} else 1)
_, status = os.waitpid(child, 0)
print(status)
leave.set()
thread.join()
"""


@needs(hasattr(os, "fork"), "this system has no fork")
@pytest.mark.parametrize("use", ["expression(etree.Element('x'))", "Lazy().value"])
def test_child_of_a_busy_parent(use: str) -> None:
    """What another thread was computing when a process was forked, the child computes for itself."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUSY.format(use=use)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_value_is_computed_once() -> None:
    """A cached value is computed once an instance, and documented as the method is."""

    class Counting:
        def __init__(self) -> None:
            self.calls = 0

        @cached_property
        def value(self) -> int:
            """What it is."""
            self.calls += 1
            return self.calls

    first, second = Counting(), Counting()
    assert (first.value, first.value, second.value, first.calls) == (1, 1, 1, 1)
    assert Counting.value.__doc__ == "What it is."
