"""A replay store in Redis or Valkey, for services on many machines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from math import ceil, inf
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from zeep_wssec.errors import KeyMaterialError, ProfileError, ReplayError
from zeep_wssec.forks import start_over_in_children
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.replay.store import utc_now

if TYPE_CHECKING:
    from redis import Redis

_SCHEMES = ("redis", "rediss", "unix")
_QUERY = frozenset({"db", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})
"""What the query of an URL may say; anything else might switch a check off."""
_MARGIN = timedelta(seconds=60)
"""How much longer than asked for a key is kept: the clocks of several machines differ."""
_inherited: list[Redis] = []
"""Connections of a parent process, kept from being closed here: that is the parent's to do."""


class RedisReplayStore:
    """A replay store on a Redis or Valkey server that several machines share; needs the extra ``redis``.

    The server must not drop keys that have not expired: ``maxmemory-policy noeviction``. It keeps SHA-256
    values and when they expire, nothing else.
    """

    def __init__(
        self,
        url: str | Secret,
        *,
        prefix: str = "zeep-wssec:replay:",
        timeout_seconds: float = 2.0,
        volatile: str = "",
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Name the server; nothing is connected yet.

        Args:
            url: ``rediss://user:password@host:port/db`` with TLS, ``redis://…`` without, or
                ``unix:///path``. TLS shows a certificate for the host that ends at the CAs of the system,
                or of ``?ssl_ca_certs=file``. A ``Secret`` is read at the first message of each process.
            prefix: Stands in front of every key; services that share keys and partners share it.
            timeout_seconds: How long to wait for the server before the message is refused.
            volatile: Why it does no harm that the server forgets what was accepted when it is started again;
                empty: a server without a log on its disk (``appendonly``) is refused.
            clock: Gives the aware present time, from which the server counts.

        Raises:
            ProfileError: The extra is not installed, the URL is none of these, or a setting is wrong.
        """
        if find_spec("redis") is None:
            raise ProfileError(
                "A replay store in Redis needs the library redis.",
                hint="pip install 'zeep-wssec[redis]'",
                path="store",
            )
        if not isinstance(url, Secret):
            _check_url(url)
            url = Secret.of(url)
        if not isinstance(prefix, str):
            raise ProfileError(f"{prefix!r} is not a text.", path="prefix")
        if not isinstance(timeout_seconds, int | float) or not 0 < timeout_seconds < inf:
            raise ProfileError(
                f"{timeout_seconds!r} is not a time above 0.", path="timeout_seconds"
            )
        self.url = url
        if not isinstance(volatile, str):
            raise ProfileError(f"{volatile!r} is not a text.", path="volatile")
        self.volatile = volatile
        self._prefix = prefix.encode()
        self._timeout_seconds = timeout_seconds
        self._clock = clock or utc_now
        self._client: Redis | None = None
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Let go of the connections of a parent process."""
        self._lock = threading.Lock()
        if self._client is not None:
            _inherited.append(self._client)
        self._client = None

    def add_if_absent(self, key: bytes, expires: datetime) -> bool:
        """Add ``key`` unless it is there.

        What has expired already is not kept: nobody accepts it any more.

        Raises:
            ReplayError: The server cannot be reached or refuses, or it drops keys when it has no room.
        """
        from redis import RedisError

        left = expires - self._clock()
        if left <= timedelta(0):
            return True
        try:
            client = self._connected()
            # By the clock that is behind: when ours is put right, the message may come to be fresh again.
            left = max(left, expires - _time_of(client))
            milliseconds = ceil((left + _MARGIN) / timedelta(milliseconds=1))
            name = self._prefix + key.hex().encode()
            return bool(client.set(name, b"1", nx=True, px=milliseconds))
        except (RedisError, OSError, ProfileError, KeyMaterialError) as error:
            self._let_go()
            # The library's own words may show the URL, in which a password may stand.
            raise ReplayError(
                f"The replay store on the Redis server failed with {type(error).__name__}: whether the "
                "message was accepted before is not known.",
                hint="See the cause of this error.",
            ) from error

    def _connected(self) -> Redis:
        """Give the client of this process; its first use sees to it that the server keeps what it is given."""
        with self._lock:
            if self._client is None:
                client = self._open()
                try:
                    _check_keeps(client, self.volatile)
                except BaseException:
                    client.close()
                    raise
                self._client = client
            return self._client

    def _let_go(self) -> None:
        """Look at the server again at the next use: another one may have taken its place."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            # Other threads may be in the middle of theirs, and will notice by themselves.
            client.connection_pool.disconnect(inuse_connections=False)

    def _open(self) -> Redis:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        url = self.url.reveal().decode("utf-8", "replace").strip()
        _check_url(url)
        tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
        client: Redis = Redis.from_url(
            url,
            socket_timeout=self._timeout_seconds,
            socket_connect_timeout=self._timeout_seconds,
            # A second attempt may find the key of the first: what is new would look like a replay.
            retry=Retry(NoBackoff(), 0),
            **(tls if url.startswith("rediss:") else {}),
        )
        return client

    def __repr__(self) -> str:
        return f"<RedisReplayStore: {self.url!r}>"


def _time_of(client: Redis) -> datetime:
    seconds, microseconds = client.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


def _check_keeps(client: Redis, volatile: str) -> None:
    """Refuse a server that drops keys, to make room or by being started again: they would be accepted again.

    Raises:
        ReplayError: It does.
    """
    if not volatile and not int(client.info("persistence").get("aof_enabled", 0)):
        raise ReplayError(
            "The Redis server keeps no log on its disk, so it forgets what was accepted when it is started "
            "again.",
            hint="Set appendonly yes there, with appendfsync always to lose nothing at all; or say why that "
            'does no harm: volatile = "reason".',
        )
    memory = client.info("memory")
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if int(memory.get("maxmemory", 0)) and policy != "noeviction":
        raise ReplayError(
            f"The Redis server drops keys when its memory is full (maxmemory-policy {policy}).",
            hint="Set maxmemory-policy noeviction: a full server then refuses messages.",
        )


def _check_url(url: object) -> None:
    """Refuse what is no URL of a server; nothing here shows it, since a password may stand in it.

    Raises:
        ProfileError: With what is wrong.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        valid = parts.scheme in _SCHEMES and bool(
            parts.path if parts.scheme == "unix" else parts.hostname
        )
        valid = valid and (parts.scheme == "unix" or parts.port != 0)
    except ValueError:
        valid = False
    if not valid:
        raise ProfileError(
            "This is not the URL of a Redis server.",
            hint="Write rediss://host:port/0, redis://host:port/0 or unix:///path.",
            path="url",
        )
    unknown = sorted(set(parse_qs(parts.query, keep_blank_values=True)) - _QUERY)
    if unknown:
        raise ProfileError(
            f"The URL of a Redis server must not set {', '.join(unknown)[:100]}.",
            hint=f"It may set {', '.join(sorted(_QUERY))}.",
            path="url",
        )
