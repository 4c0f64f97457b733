"""The replay store in a profile file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import peers
import pytest
from replay.conftest import Clock

from zeep_wssec import Keystore, MemoryReplayStore, ProfileError, Secret, UnknownOptionError
from zeep_wssec.plan import Plan
from zeep_wssec.profile_file import loads_plan, settings_to_toml
from zeep_wssec.replay import MAX_ENTRIES, ReplayStore
from zeep_wssec.replay.redis import RedisReplayStore
from zeep_wssec.replay.settings import Replay
from zeep_wssec.replay.sqlite import MAX_FILE_ENTRIES, SQLiteReplayStore


@pytest.fixture(autouse=True)
def _library() -> None:
    peers.require_module("redis")


def store_of(text: str, base: Path) -> ReplayStore:
    """What a file with these lines under ``[replay]`` remembers in."""
    return loads_plan(f"[replay]\n{text}", base=base, name="p.toml").replay


def test_memory(tmp_path: Path) -> None:
    """Without a word it is memory; every profile has its own."""
    for text, entries in (("", MAX_ENTRIES), ('store = "memory"\nmax_entries = 5', 5)):
        store = store_of(text, tmp_path)
        assert isinstance(store, MemoryReplayStore)
        assert store.max_entries == entries
    assert store_of("", tmp_path) is not store_of("", tmp_path)


def test_sqlite(tmp_path: Path, clock: Clock) -> None:
    """Two profiles of one file share what they accepted; the path starts at the file's folder."""
    text = 'store = "sqlite"\npath = "replay.db"'
    one, two = store_of(text, tmp_path), store_of(f"{text}\nmax_entries = 7", tmp_path)
    assert isinstance(one, SQLiteReplayStore)
    assert isinstance(two, SQLiteReplayStore)
    assert (one.max_entries, two.max_entries) == (MAX_FILE_ENTRIES, 7)
    assert one.path == tmp_path / "replay.db"
    until = datetime.now(UTC) + timedelta(hours=1)
    assert one.add_if_absent(bytes(32), until)
    assert not two.add_if_absent(bytes(32), until)


@pytest.mark.parametrize("key", ["url_env", "url_file"])
def test_redis(
    key: str, tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """The URL, in which a password may stand, is kept elsewhere and read at use."""
    store = store_of(f'store = "redis"\n{key} = "REPLAY_URL"', tmp_path)
    assert isinstance(store, RedisReplayStore)
    monkeypatch.setenv("REPLAY_URL", redis_url)
    (tmp_path / "REPLAY_URL").write_text(f"{redis_url}\n", "utf-8")
    assert store.add_if_absent(key.encode() * 4, clock.after(60))
    assert not store.add_if_absent(key.encode() * 4, clock.after(60))


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('store = "redis-cluster"', "replay.store", "is not one of"),
        ('store = "sqlite"', "replay.path", "needs it"),
        ('store = "redis"', "replay.url", "needs it"),
        ('path = "replay.db"', "replay.path", "Only the store 'sqlite'"),
        ('store = "sqlite"\npath = "a"\nurl_env = "X"', "replay.url", "Only the store 'redis'"),
        ('store = "redis"\nurl_env = "X"\nmax_entries = 5', "replay.max_entries", "of its own"),
        ('store = "redis"\nurl = "redis://host"', "replay.url", "holds no secret"),
        ("max_entries = 0", "replay.max_entries", "at least 1"),
        ('store = "sqlite"\npath = "missing/replay.db"', "replay.path", "not there"),
        ('store = "sqlite"\npath = "https://host/replay.db"', "replay.path", "not an address"),
    ],
)
def test_wrong_settings(text: str, path: str, words: str, tmp_path: Path) -> None:
    """Settings that do not fit together are wrong when the file is read, with their place."""
    with pytest.raises(ProfileError, match=words) as caught:
        store_of(text, tmp_path)
    assert caught.value.path == f"p.toml: {path}"


def test_unknown_key(tmp_path: Path) -> None:
    """A slip of the pen is no default."""
    with pytest.raises(UnknownOptionError):
        store_of('stores = "sqlite"', tmp_path)


def test_written_and_read_again(tmp_path: Path) -> None:
    """A store that a file can name is written as it; any other is said not to be in a file."""
    for settings in (
        Replay(),
        Replay(max_entries=9),
        Replay(store="sqlite", path=tmp_path / "r.db", max_entries=9),
    ):
        text = settings_to_toml(Plan(keystore=Keystore(), replay=settings.open()))
        again = loads_plan(text, base=tmp_path, name="p.toml").replay
        assert (type(again), vars(again).get("path"), vars(again)["max_entries"]) == (
            type(settings.open()),
            settings.path,
            settings.max_entries or MAX_ENTRIES,
        )
    kept = Replay(store="redis", url=Secret.env("REPLAY_URL")).open()
    text = settings_to_toml(Plan(keystore=Keystore(), replay=kept))
    assert text == '[replay]\nstore = "redis"\nurl_env = "REPLAY_URL"\n'
    for only_here in (RedisReplayStore("redis://host"), _Other()):
        with pytest.raises(ProfileError, match="in memory only"):
            settings_to_toml(Plan(keystore=Keystore(), replay=only_here))


class _Other:
    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add nothing."""
        return True
