"""Reading again while messages are made: from several threads, the handler of a signal, in mid-call, after a fork."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rotation.generations import AFTER, BEFORE, DAY, NOW, generations, signer_at
from rotation.test_messages import MESSAGE
from rotation.test_under_load import load

from zeep_wssec import TLS, Inbound, Keystore, Profile, Service, Signature, Timestamp, profile_hook
from zeep_wssec.keys.sources.file import FileContent
from zeep_wssec.payload.cms import Cms, CmsSettings
from zeep_wssec.payload.jws import Jws, JwsSettings
from zeep_wssec.plan import Plan
from zeep_wssec.testing.authority import Issued

OLD, NEW = generations("client").old, generations("client").new
PROFILE = """
[[keystore]]
pkcs12 = "client.p12"
password_file = "pw"
watch = true
[[outbound]]
step = "timestamp"
[[outbound]]
step = "signature"
[service]
address = "https://{name}.example/"
[payload.letters]
format = "jws"
"""


class Files:
    """The files of a profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pw").write_text("secret")
        self.state("old")
        self.put(OLD)

    def state(self, name: str) -> None:
        """Write the profile file."""
        (self.folder / "next.toml").write_text(PROFILE.format(name=name))
        (self.folder / "next.toml").replace(self.folder / "p.toml")

    def put(self, issued: Issued) -> None:
        """Replace the keystore by renaming."""
        (self.folder / "next").write_bytes(issued.pkcs12("secret", name="client"))
        (self.folder / "next").replace(self.folder / "client.p12")

    def load(self, **settings: Any) -> Keystore:
        return Keystore.load(self.folder / "client.p12", password="secret", **settings)

    def profile(self) -> Profile:
        return Profile.load(self.folder / "p.toml")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def finish(work: Callable[[], object]) -> None:
    """Do something that must not wait for itself."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def test_reload_that_began_later_counts(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that read the profile file before it was replaced, and is late, does not bring it back."""
    from zeep_wssec import profile_file

    profile, read = files.profile(), profile_file.load_plan
    has_read, go_on = threading.Event(), threading.Event()

    def slowly(path: Path) -> Any:
        plan = read(path)
        if plan.service.address == "https://old.example/":
            has_read.set()
            assert go_on.wait(60)
        return plan

    monkeypatch.setattr(profile_file, "load_plan", slowly)
    late = threading.Thread(target=profile.reload)
    late.start()
    assert has_read.wait(60)
    files.state("new")
    profile.reload()
    go_on.set()
    late.join()
    assert profile.plan.service.address == "https://new.example/"


@pytest.mark.parametrize("derived", [False, True])
def test_reload_in_the_middle_of_a_reading(
    files: Files, monkeypatch: pytest.MonkeyPatch, derived: bool
) -> None:
    """A handler of a signal is called in the middle of anything: it waits for nobody, and what it read counts."""
    fetch, made, nested = FileContent.fetch, [], []

    def interrupted(content: FileContent) -> Any:
        found = fetch(content)
        if made and not nested:
            nested.append(True)
            files.put(NEW)
            made[0].reload()
        return found

    monkeypatch.setattr(FileContent, "fetch", interrupted)
    store = files.load(cache_seconds=0)
    made.append(store.with_user("u", "p") if derived else store)
    files.put(generations("client").other)
    seen = []
    finish(lambda: seen.append(signer_at(made[0], NOW)))
    assert nested
    assert seen == [NEW.certificate]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there are no such signals here")
def test_reload_from_the_handler_of_a_signal(files: Files) -> None:
    """As services have it."""
    profile = files.profile()
    before = signal.signal(signal.SIGHUP, lambda *given: profile.reload())
    try:
        files.state("new")
        signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert profile.plan.service.address == "https://new.example/"


def test_payload_format_of_a_profile_that_is_read_again_meanwhile(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format that was being made of the keys of before is not kept for the time after."""
    profile = files.profile()
    plans = [profile.plan]

    def make(settings: Any, *, keystore: Any, clock: Any) -> Any:
        if len(plans) == 1:
            profile.reload()
            plans.append(profile.plan)
        return keystore

    monkeypatch.setattr(profile_hook, "make_format", make)
    assert profile.payload("letters") is plans[0].keystore
    assert profile.payload("letters") is plans[1].keystore
    assert profile.payload("letters") is plans[1].keystore


class Swapped(Profile):
    """A profile that another thread puts another plan into, between any two looks at it."""

    plans: list[Plan]

    @property
    def plan(self) -> Plan:  # type: ignore[override]
        self.plans.append(self.plans.pop(0))
        return self.plans[0]

    @plan.setter
    def plan(self, given: Plan) -> None:
        self.plans = [given]


def test_connection_and_signature_of_one_plan() -> None:
    """What is made while a profile is read again is of one plan: names in it are those of its own keys."""
    profile = Swapped.from_plan(Profile(keystore=Keystore()).plan)
    profile.plans = [
        Profile(
            keystore=OLD.keystore(name),
            tls=TLS(client_key=name),
            payload={name: JwsSettings(key=name)},
            service=Service(http_signature=name),
            clock=lambda: NOW,
        ).plan
        for name in ("one", "two")
    ]
    profile._clock = lambda: NOW
    source = profile._tls()
    for _ in range(5):
        assert source.current()
        assert profile.http_signature("https://a.example/", b"x")


def test_reading_that_was_broken_off_counts_for_nothing(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the reading after which a file counts as settled, as Ctrl-C does: it is made at the next look."""
    seconds, reads, fetch = [0.0], [], FileContent.fetch

    def read(content: FileContent) -> Any:
        reads.append(seconds[0])
        if seconds[0] == 5.0:
            raise KeyboardInterrupt
        return fetch(content)

    monkeypatch.setattr(FileContent, "fetch", read)
    store = files.load(watch=True, clock=lambda: seconds[0])
    seconds[0] = 5.0
    with pytest.raises(KeyboardInterrupt):
        store.snapshot()
    for seconds[0] in (6.0, 7.0):
        store.snapshot()
    assert reads == [0.0, 5.0, 6.0]


def test_link_that_leads_elsewhere(files: Files) -> None:
    """A file behind a link, as orchestrators mount secrets: the link is changed, and the change is seen."""
    for name, issued in (("one", OLD), ("two", NEW)):
        (files.folder / name).mkdir()
        (files.folder / name / "client.p12").write_bytes(issued.pkcs12("secret", name="client"))
    (files.folder / "data").symlink_to("one")
    path = files.folder / "data" / "client.p12"
    store = Keystore.load(path, password="secret", watch=True)
    (files.folder / "next").symlink_to("two")
    (files.folder / "next").replace(files.folder / "data")
    assert signer_at(store, NOW) == NEW.certificate


@pytest.mark.parametrize("target", ["nowhere", ".", "/dev/null", "client.p12"])
def test_file_that_becomes_a_useless_link(files: Files, target: str) -> None:
    """Into nothing, to a folder, a device or itself: the old key goes on, and the file once it is one again."""
    seconds = [0.0]
    store = files.load(watch=True, clock=lambda: seconds[0])
    (files.folder / "next").symlink_to(target)
    (files.folder / "next").replace(files.folder / "client.p12")
    assert signer_at(store, NOW) == OLD.certificate
    files.put(NEW)
    seconds[0] = 1.0
    assert signer_at(store, NOW) == NEW.certificate


def test_date_that_passes_during_a_call() -> None:
    """One message has one time: a key's day that comes meanwhile is for the next one."""
    moments = [BEFORE, AFTER, AFTER]
    keystore = generations("client").store("client", when=DAY)
    profile = Profile(
        keystore=keystore,
        outbound=[Timestamp(), Signature()],
        clock=lambda: moments.pop(0) if len(moments) > 1 else moments[0],
    )
    first, second = (profile.secure(MESSAGE) for _ in range(2))
    service = generations("client").known_as("client", Keystore())
    reader = Profile(keystore=service, inbound=Inbound(signed_by="client"))
    signers = [
        reader.check(item.to_bytes(), now=AFTER).report.signatures[0].thumbprint_sha256
        for item in (first, second)
    ]
    assert signers == [item.certificate.thumbprint_sha256 for item in (OLD, NEW)]


def test_two_keys_of_one_instant() -> None:
    """The one that was given first signs, however often it is asked, and whatever else the clock does."""
    old, new = (item.keystore("client").signing_from(DAY) for item in (OLD, NEW))
    for store, first in ((old.merge(new), OLD), (new.merge(old), NEW)):
        for when in (AFTER, DAY, AFTER):
            assert signer_at(store, when) == first.certificate


def test_clock_that_goes_back() -> None:
    """Who signs depends on the moment alone: before the day it is the old key again."""
    store = generations("client").store("client", when=DAY)
    seen = [signer_at(store, when) for when in (BEFORE, AFTER, BEFORE)]
    assert seen == [OLD.certificate, NEW.certificate, OLD.certificate]


class Replacing(io.RawIOBase):
    """A content that has the keys replaced when half of it was read."""

    def __init__(self, data: bytes, replace: Callable[[], None]) -> None:
        self._data, self._size, self._replace = io.BytesIO(data), len(data), replace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._data.tell() > self._size // 2 and self._replace:
            self._replace()
        return self._data.readinto(memoryview(buffer)[:70_000])


@pytest.mark.parametrize("kind", ["cms", "jws"])
def test_stream_that_is_signed_while_keys_are_replaced(files: Files, kind: str) -> None:
    """A signature is of one key and names that one, whichever it is."""
    data = os.urandom(300_000)
    store = files.load(watch=True)
    trusting = generations("client").known_as("client", Keystore())
    formats: dict[str, Callable[[Keystore], Any]] = {
        "cms": lambda held: Cms(held, CmsSettings(signers=["client"])),
        "jws": lambda held: Jws(held, JwsSettings()),
    }
    made = formats[kind](store)
    signed = made.sign(Replacing(data, lambda: files.put(NEW)), now=NOW)
    assert signer_at(store, NOW) == NEW.certificate
    reader = formats[kind](trusting)
    content = {"content": data} if kind == "jws" else {}
    seen = reader.verify(signed.content, now=NOW, **content)
    assert seen.signers[0].sha256 in {item.certificate.thumbprint_sha256 for item in (OLD, NEW)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_everything_at_once(files: Files) -> None:
    """Eight threads protect and check while files are replaced or broken, profiles reloaded, processes forked."""
    profile = files.profile()
    service = generations("client").known_as("client", Keystore())
    reader = Profile(keystore=service, inbound=Inbound(signed_by="client"))

    def call(number: int) -> None:
        message = profile.secure(MESSAGE, now=NOW).to_bytes()
        assert reader.check(message, now=NOW).body[0].text == "42"

    with load(call) as made:
        for issued in (NEW, OLD, NEW):
            made.wait_for(1)
            (files.folder / "client.p12").write_bytes(issued.pkcs12("secret")[:100])
            assert in_child(call) == 0
            files.put(issued)
            files.state("other")
            profile.reload()
            assert in_child(call) == 0
            made.wait_for(1)
    assert not made.failures
    assert signer_at(profile.plan.keystore, NOW) == NEW.certificate


def in_child(call: Callable[[int], None]) -> int:
    child = os.fork()
    if not child:
        code = 1
        try:
            signal.alarm(60)
            call(0)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
