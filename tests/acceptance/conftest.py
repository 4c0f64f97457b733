"""One client and server for all checks, and one process of WSS4J."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acceptance.kit import World
from interop.cxf.batch import Batch
from interop.cxf.peer import PeerMissing
from peers import miss
from tls.kit import CALLS, Call


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys that all checks share."""
    return World.create(tmp_path_factory.mktemp("acceptance"))


@pytest.fixture(scope="session")
def wss4j(world: World) -> Iterator[Batch]:
    """The running peer, with the server's keys."""
    try:
        with Batch() as running:
            world.give(running)
            yield running
    except PeerMissing as error:
        miss(str(error))


@pytest.fixture(params=CALLS, ids=lambda call: call.__name__)
def call(request: pytest.FixtureRequest) -> Call:
    """Each way to call a server over TLS."""
    found: Call = request.param
    return found
