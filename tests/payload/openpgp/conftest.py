"""Keys that are made once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from payload.openpgp.kit import MODERN, Gnupg, Rings, make_rings


@pytest.fixture(scope="session")
def rings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rings]:
    with Gnupg.create() as peer:
        yield make_rings(tmp_path_factory.mktemp("rings"), peer)


@pytest.fixture
def expiring(tmp_path: Path) -> Callable[[int], Path]:
    """Make public rings with a key that ends so many days after 2027-03-01 12:00."""

    def make(days: int) -> Path:
        with Gnupg.create() as peer:
            end = datetime(2027, 3, 1, 12, tzinfo=UTC) + timedelta(days=days)
            peer.make_key(
                f"Ends {days} <ends{days}@example.com>",
                *MODERN,
                f"Expire-Date: {end:%Y%m%dT%H%M%S}",
                at="20250101T000000",
            )
            ring = tmp_path / f"ends{days}.gpg"
            ring.write_bytes(peer.run("--faked-system-time=20250101T000000", "--export"))
        return ring

    return make
