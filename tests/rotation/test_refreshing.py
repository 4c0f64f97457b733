"""Files that are read again: when they have changed, when they are old, and while they cannot be used."""

from __future__ import annotations

import dataclasses
import logging
import os
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rotation.generations import NOW, generations, recipient_at, signer_at
from rotation.test_messages import MESSAGE

from zeep_wssec import (
    Encryption,
    Inbound,
    KeyLoadError,
    Keystore,
    MemoryReplayStore,
    Profile,
    ProfileError,
    Secret,
    Signature,
    Timestamp,
)
from zeep_wssec.keys.certificate import Certificate
from zeep_wssec.keys.opening import Opening
from zeep_wssec.keys.refreshing import GRACE_SECONDS, SETTLE_SECONDS
from zeep_wssec.keys.sources.file import FileContent
from zeep_wssec.testing.authority import Issued

OLD, NEW = generations("client").old, generations("client").new
PARTNER = generations("service")


@dataclass
class File:
    """A keystore file, and a clock that only we move."""

    path: Path
    seconds: float = 0.0
    reads: list[Path] = field(default_factory=list)

    def put(self, issued: Issued, name: str = "next") -> None:
        """Replace it by renaming, as it should be done."""
        made = self.path.with_name(name)
        made.write_bytes(issued.pkcs12("secret", name="client"))
        made.replace(self.path)

    def load(self, **settings: Any) -> Keystore:
        return Keystore.load(self.path, password="secret", clock=lambda: self.seconds, **settings)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> File:
    made = File(tmp_path / "client.p12")
    made.put(OLD)
    fetch = FileContent.fetch
    monkeypatch.setattr(
        FileContent, "fetch", lambda self: made.reads.append(made.path) or fetch(self)
    )  # type: ignore[func-returns-value]
    return made


def held(store: Keystore) -> Certificate:
    return store.snapshot().require_key("client").certificate


def test_changed_file_is_read_at_the_next_message(file: File) -> None:
    """No time has to pass; what was made of the keystore follows, what a message has stays."""
    store = file.load(watch=True)
    derived = store.with_user("u", "p")
    before = store.snapshot()
    file.put(NEW)
    assert (held(store), held(derived)) == (NEW.certificate, NEW.certificate)
    assert before.require_key("client").certificate == OLD.certificate


def test_file_that_does_not_change_is_not_read(file: File) -> None:
    """Once two ticks of any file system's clock have gone by, its status is enough."""
    store = file.load(watch=True)
    first = store.snapshot()
    file.seconds = SETTLE_SECONDS
    store.snapshot()
    reads = len(file.reads)
    for file.seconds in (SETTLE_SECONDS + 1, SETTLE_SECONDS + 1e6):
        assert store.snapshot() is first
    assert len(file.reads) == reads


def test_two_changes_in_one_tick(file: File) -> None:
    """A change that the file system does not show is found all the same, as long as it may be one."""
    store = file.load(watch=True)
    status = file.path.stat()
    content = NEW.pkcs12("secret", name="client")
    file.path.write_bytes(content)
    os.truncate(file.path, len(content))
    os.utime(file.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert held(store) == NEW.certificate


def test_watched_file_is_also_read_by_age(file: File) -> None:
    """The two go together: content holds until it changes, and no longer than the time."""
    store = file.load(watch=True, cache_seconds=100)
    file.seconds = SETTLE_SECONDS
    store.snapshot()
    reads = len(file.reads)
    file.seconds += 99
    store.snapshot()
    file.seconds += 1
    store.snapshot()
    assert len(file.reads) == reads + 1


def test_half_a_file(file: File, caplog: pytest.LogCaptureFixture) -> None:
    """While a file cannot be used the old key goes on for a minute; then its error, until it is repaired."""
    store = file.load(watch=True)
    file.path.write_bytes(NEW.pkcs12("secret")[:500])
    with caplog.at_level(logging.WARNING, "zeep_wssec"):
        for file.seconds in (0.0, 1.0, GRACE_SECONDS - 0.1):
            assert held(store) == OLD.certificate
    assert len(caplog.messages) == 1
    file.seconds = GRACE_SECONDS
    for _ in range(2):
        with pytest.raises(KeyLoadError, match=r"client\.p12"):
            store.snapshot()
    file.put(NEW)
    assert held(store) == NEW.certificate


def test_password_that_changes_a_moment_later(file: File, tmp_path: Path) -> None:
    """File and password are two files: between the two changes nothing fails."""
    (tmp_path / "pw").write_text("secret")
    store = Keystore.load(
        file.path, password=Secret.file(tmp_path / "pw"), watch=True, clock=lambda: file.seconds
    )
    file.path.write_bytes(NEW.pkcs12("other", name="client"))
    assert held(store) == OLD.certificate
    (tmp_path / "pw").write_text("other")
    file.seconds = 1.0
    assert held(store) == NEW.certificate


def test_file_that_is_gone(file: File) -> None:
    """It may be on its way; after a minute it is an error."""
    store = file.load(cache_seconds=0)
    file.path.unlink()
    assert held(store) == OLD.certificate
    file.seconds = GRACE_SECONDS
    with pytest.raises(KeyLoadError, match="no such file"):
        store.snapshot()


def test_what_was_taken_out_is_gone_at_once(file: File) -> None:
    """The minute is for files that cannot be used: one that can is the truth."""
    store = file.load(watch=True)
    file.put(generations("client").other)
    assert store.snapshot().find_key(OLD.certificate) is None


def test_reload_reads_now(file: File) -> None:
    """Whatever the age; what cannot be used is told, and the old goes on."""
    store = file.load(cache_seconds=3600).with_user("u", "p")
    file.put(NEW)
    assert store.reload()
    assert held(store) == NEW.certificate
    file.path.write_bytes(b"")
    with pytest.raises(KeyLoadError):
        store.reload()
    assert held(store) == NEW.certificate
    assert not Keystore().reload()


def test_bytes_cannot_be_watched_in_vain() -> None:
    """A source that cannot tell that it changed is refused; with a time it is read."""

    class Asked:
        def fetch(self) -> bytes:
            return OLD.pkcs12("secret", name="client")

        def digest(self, fetched: bytes) -> bytes:
            return fetched[:16]

        def read(self, fetched: bytes) -> Any:
            content = FileContent(fetched, opening)
            return content.read(content.fetch())

    opening = Opening.of("secret")
    with pytest.raises(KeyLoadError, match="cannot be watched"):
        Keystore.from_source(Asked(), watch=True)
    Keystore.from_source(Asked(), cache_seconds=1)


PROFILE = """
[[keystore]]
pkcs12 = "client.p12"
password_file = "pw"
watch = true
[[keystore]]
partner = "service"
certificate = "service.pem"
watch = true
[[outbound]]
step = "timestamp"
[[outbound]]
step = "signature"
"""


@pytest.fixture
def profile(file: File, tmp_path: Path) -> Profile:
    (tmp_path / "pw").write_text("secret")
    (tmp_path / "service.pem").write_bytes(PARTNER.old.certificate_pem)
    (tmp_path / "p.toml").write_text(PROFILE)
    return Profile.load(tmp_path / "p.toml")


def test_watched_entries_of_a_profile_file(file: File, profile: Profile, tmp_path: Path) -> None:
    """Our key and the partner's certificate, from the next message on."""
    file.put(NEW)
    (tmp_path / "new.pem").write_bytes(PARTNER.new.certificate_pem)
    (tmp_path / "new.pem").replace(tmp_path / "service.pem")
    assert signer_at(profile.plan.keystore, NOW) == NEW.certificate
    assert recipient_at(profile.plan.keystore, NOW) == PARTNER.new.certificate


def test_p_33_profile_is_read_again(profile: Profile, tmp_path: Path) -> None:
    """P-33: file, keys and settings, without a restart; what was taken is still taken."""
    store = profile.plan.replay
    following = PROFILE.replace("watch = true\n[[keystore]]\npartner", "[[keystore]]\npartner")
    (tmp_path / "p.toml").write_text(following + '[service]\naddress = "https://a.example/"\n')
    profile.reload()
    assert profile.plan.service.address == "https://a.example/"
    assert profile.plan.replay is store
    (tmp_path / "p.toml").write_text(following + "[replay]\nmax_entries = 5\n")
    profile.reload()
    assert isinstance(profile.plan.replay, MemoryReplayStore)
    assert profile.plan.replay.max_entries == 5


def test_profile_that_cannot_be_read_again(profile: Profile, tmp_path: Path) -> None:
    """The error says what is wrong, and the profile is what it was."""
    plan = profile.plan
    (tmp_path / "p.toml").write_text("[[keystore]]\n")
    with pytest.raises(ProfileError, match=r"keystore\[0\]"):
        profile.reload()
    assert profile.plan is plan


def test_profile_in_memory(file: File) -> None:
    """Its keystore is read again; one without any file says so."""
    profile = Profile(keystore=file.load(cache_seconds=3600), outbound=[Timestamp(), Signature()])
    file.put(NEW)
    profile.reload()
    assert signer_at(profile.plan.keystore, NOW) == NEW.certificate
    with pytest.raises(ProfileError, match="in memory"):
        Profile(keystore=NEW.keystore("client")).reload()


def test_answer_for_the_key_of_the_request(file: File) -> None:
    """The key is replaced while the answer is on its way: it is read with the key that the request had."""
    store = file.load(watch=True).with_partner("service", PARTNER.old.certificate)
    steps = [Timestamp(), Signature(), Encryption(recipients=("service",))]
    caller = Profile(keystore=store, outbound=steps)
    theirs = PARTNER.old.keystore("service").with_partner("client", OLD.certificate)
    service = Profile(
        keystore=theirs,
        outbound=[Timestamp(), Signature(), Encryption(recipients=("client",))],
        inbound=Inbound(encrypted=("body",), signed_by="client"),
    )
    sent = caller.secure(MESSAGE, now=NOW)
    seen = service.check(sent.to_bytes(), now=NOW)
    answer = service.secure(MESSAGE, answers=seen, now=NOW).to_bytes()
    file.put(NEW)
    assert held(store) == NEW.certificate
    assert caller.check(answer, request=sent.exchange, now=NOW).body[0].text == "42"
    forgotten = pickle.loads(pickle.dumps(sent.exchange))  # noqa: S301  # our own bytes
    assert forgotten.own_keys.entries == ()
    assert dataclasses.asdict(sent.exchange)["own_keys"] is sent.exchange.own_keys
