"""How servers of ours are run."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What the garbage collector passes over, as the application sees it at its start.
SERVING = """
import gc, os, signal, socket
from askfirst_collector.commands.listening import WorkerConfig, run, server_options

async def app(scope, receive, send):
    await receive()
    print(gc.get_freeze_count(), gc.get_threshold()[0], flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})

assert gc.get_freeze_count() == 0
"""
ALONE = "run(app, socket.create_server(('127.0.0.1', 0)), None, None)"
WORKER = """
WorkerConfig(app, lifespan="on", **server_options(None, None)).load()
print(gc.get_freeze_count(), gc.get_threshold()[0])
"""


@pytest.mark.parametrize("serve", [ALONE, WORKER])
def test_what_a_server_loads_is_not_looked_through_again(serve: str) -> None:
    """In a process alone and in each of several: a full collection holds up every visitor."""
    command = [sys.executable, "-c", SERVING + serve]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    frozen, young = map(int, done.stdout.split())
    assert frozen > 10_000, done.stderr
    # What waits for the disk is no garbage: of 64 callers some two thousand objects.
    assert young >= 10_000
