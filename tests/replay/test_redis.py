"""The replay store on a server: what it asks of the server, and what happens without one."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import peers
import pytest
from replay.conftest import Clock, Start

from zeep_wssec import Secret
from zeep_wssec.errors import ProfileError, ReplayError
from zeep_wssec.testing.authority import Authority

redis: Any = pytest.importorskip("redis") if not peers.REQUIRED else peers.require_module("redis")

from zeep_wssec.replay.redis import RedisReplayStore  # noqa: E402  # it needs the library

KEY = hashlib.sha256(b"key").digest()


def test_what_lies_on_the_server(redis_url: str, clock: Clock) -> None:
    """A digest that expires by itself, a minute later than asked, under the prefix; nothing else."""
    store = RedisReplayStore(redis_url, prefix="lies:", clock=clock)
    assert store.add_if_absent(KEY, clock.after(300))
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("lies:*") == [b"lies:" + KEY.hex().encode()]
        assert client.get("lies:" + KEY.hex()) == b"1"
        assert 300_000 < client.pttl("lies:" + KEY.hex()) <= 360_000


def test_prefix_parts_services(redis_url: str, clock: Clock) -> None:
    """Services that are no copies of one another have entries of their own."""
    one, two = (RedisReplayStore(redis_url, prefix=f"{n}:", clock=clock) for n in "12")
    assert one.add_if_absent(KEY, clock.after(60))
    assert two.add_if_absent(KEY, clock.after(60))


def test_no_server(tmp_path: Path, clock: Clock) -> None:
    """A server that is away refuses every message, with the cause; the URL is in no error."""
    store = RedisReplayStore(f"unix://{tmp_path}/none.sock?db=0", clock=clock)
    with pytest.raises(ReplayError, match="failed with ConnectionError") as caught:
        store.add_if_absent(KEY, clock.after(60))
    assert isinstance(caught.value.__cause__, redis.ConnectionError)


def test_silent_server(clock: Clock) -> None:
    """A server that does not answer is waited for as long as stated."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        store = RedisReplayStore(url, clock=clock, timeout_seconds=0.05)
        with pytest.raises(ReplayError, match="failed with TimeoutError"):
            store.add_if_absent(KEY, clock.after(60))


def test_server_that_drops_keys(start_redis: Start, clock: Clock) -> None:
    """A server that makes room by forgetting is refused; one that refuses to store more is taken."""
    limit = ("--maxmemory", "50mb", "--maxmemory-policy")
    store = RedisReplayStore(start_redis(*limit, "volatile-lru"), clock=clock)
    with pytest.raises(ReplayError, match="volatile-lru"):
        store.add_if_absent(KEY, clock.after(60))
    kept = RedisReplayStore(start_redis(*limit, "noeviction"), clock=clock)
    assert kept.add_if_absent(KEY, clock.after(60))


def test_full_server(start_redis: Start, clock: Clock) -> None:
    """A server without room refuses what is new."""
    url = start_redis("--maxmemory", "50mb", "--maxmemory-policy", "noeviction")
    store = RedisReplayStore(url, clock=clock)
    assert store.add_if_absent(KEY, clock.after(60))
    with redis.Redis.from_url(url) as client:
        client.config_set("maxmemory", 1)
    with pytest.raises(ReplayError, match="failed with OutOfMemoryError"):
        store.add_if_absent(hashlib.sha256(b"new").digest(), clock.after(60))


def test_restarted_connection(redis_url: str, clock: Clock) -> None:
    """Connections that the server has closed are made anew."""
    store = RedisReplayStore(redis_url, prefix="again:", clock=clock)
    assert store.add_if_absent(KEY, clock.after(60))
    with redis.Redis.from_url(redis_url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert not store.add_if_absent(KEY, clock.after(60))


def test_tls(start_redis: Start, tmp_path: Path, clock: Clock) -> None:
    """``rediss://`` believes a certificate under the CA that is named, for the host that is named."""
    authority = Authority.create("Server CA")
    issued = authority.issue("server", san=["127.0.0.1"])
    for name, data in (
        ("ca.pem", authority.pem),
        ("other.pem", Authority.create("Another CA", reuse_keys=False).pem),
        ("server.pem", issued.certificate_pem),
        ("server.key", issued.key_pem()),
    ):
        (tmp_path / name).write_bytes(data)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    start_redis(
        "--tls-port", str(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(tmp_path / "ca.pem"),
        "--tls-cert-file", str(tmp_path / "server.pem"), "--tls-key-file", str(tmp_path / "server.key"),
    )  # fmt: skip

    def attempt(host: str, ca: str) -> bool:
        url = f"rediss://{host}:{port}/0?ssl_ca_certs={tmp_path / ca}"
        return RedisReplayStore(url, clock=clock).add_if_absent(KEY, clock.after(60))

    assert attempt("127.0.0.1", "ca.pem")
    for host, ca in (("127.0.0.1", "other.pem"), ("localhost", "ca.pem")):
        with pytest.raises(ReplayError, match="failed with ConnectionError"):
            attempt(host, ca)
    assert not attempt("127.0.0.1", "ca.pem")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "secret-host:6379",
        "http://secret-host/",
        "redis://",
        "redis://secret-host:x/",
        "unix://",
        "rediss://secret-host/?ssl_cert_reqs=none",
        "rediss://secret-host/?ssl_check_hostname=false",
        "redis://secret-host/?socket_timeout=0",
        None,
    ],
)
def test_wrong_url(url: Any) -> None:
    """What is no URL of a server, or would switch a check off, is refused; the error does not show it."""
    with pytest.raises(ProfileError) as caught:
        RedisReplayStore(url)
    assert caught.value.path == "url"
    assert "secret-host" not in str(caught.value)


def test_wrong_url_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, clock: Clock
) -> None:
    """A secret is read at use: when it is missing or wrong the message is refused."""
    store = RedisReplayStore(Secret.env("REPLAY_URL"), prefix="secret:", clock=clock)
    monkeypatch.delenv("REPLAY_URL", raising=False)
    with pytest.raises(ReplayError, match="failed with KeyLoadError"):
        store.add_if_absent(KEY, clock.after(60))
    monkeypatch.setenv("REPLAY_URL", "http://user:hunter2@host/")
    with pytest.raises(ReplayError, match="failed with ProfileError") as caught:
        store.add_if_absent(KEY, clock.after(60))
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"
    monkeypatch.setenv("REPLAY_URL", redis_url)
    assert store.add_if_absent(KEY, clock.after(60))


def test_password_is_not_shown() -> None:
    """The URL holds a password; nothing prints it."""
    store = RedisReplayStore("rediss://user:hunter2@host:6379/0")
    assert "hunter2" not in repr(store)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), "5"])
def test_no_time_to_wait(seconds: Any) -> None:
    """The time to wait is a time."""
    with pytest.raises(ProfileError, match="time above 0"):
        RedisReplayStore("redis://host", timeout_seconds=seconds)
