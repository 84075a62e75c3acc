"""What the tests of a relay share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.relay.wiretap import Wiretap
from tests.system.relay.world import World, site_key, start_server


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A collector that was never told of any site but by its key."""
    folder, own = tmp_path / "collector", tmp_path / "site"
    own.mkdir()
    key = site_key(folder)
    server = start_server(folder)
    wire = Wiretap(server.port)
    try:
        yield World(folder, own, server, wire, key)
    finally:
        wire.close()
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        server.process.kill()
        server.process.communicate()
