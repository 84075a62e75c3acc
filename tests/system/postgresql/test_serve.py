"""`askfirst serve --ledger`: the whole of it, with its ledger in PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.config import Folder
from tests.conftest import ROOT
from tests.support.postgresql import Cluster
from tests.system.frameworks.servers import free_port

pytestmark = pytest.mark.long
PATIENCE = 90.0  # seconds


@contextmanager
def _serve(data: Path, port: int, *words: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    command = ["-m", "askfirst", "serve", "--data", str(data), "--port", str(port), *words]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()  # its workers end with it
        process.communicate(timeout=PATIENCE)


def _get(port: int, path: str) -> tuple[int, bytes]:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            assert time.monotonic() < until, "it does not answer"
            time.sleep(0.1)


def _ready(port: int) -> dict[str, Any]:
    ready: dict[str, Any] = json.loads(_get(port, "/readyz")[1])
    return ready


def _end(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    return output + errors


def test_a_server_has_its_ledger_there(tmp_path: Path, postgresql: Cluster) -> None:
    """An empty database gets its tables; a start without the option finds it."""
    data, port, name = tmp_path / "data", free_port(), postgresql.new()
    url = postgresql.url(name, over_network=True).replace("@", ":geheim@")
    with _serve(data, port, ASKFIRST_LEDGER=url) as process:
        assert _ready(port)["status"] == "ok"
        assert b"<form" in _get(port, "/askfirst/host/sign-in")[1]
        said = _end(process)
    assert "geheim" not in said
    assert Folder(data).ledger_url == url
    assert (data / "ledger.url").stat().st_mode & 0o77 == 0
    assert (data / "ledger.db").stat().st_size == 0
    assert postgresql.run("SELECT count(*) FROM pair", name) == [[1]]
    with _serve(data, port) as process:
        assert _ready(port)["status"] == "ok"
        _end(process)


def test_workers_share_it(tmp_path: Path, postgresql: Cluster) -> None:
    """Each finds the address, has sessions of its own, and ends with the others."""
    port, name = free_port(), postgresql.new()
    url = postgresql.url(name, over_network=True)
    with _serve(tmp_path / "data", port, "--workers", "2", ASKFIRST_LEDGER=url) as process:
        until = time.monotonic() + PATIENCE
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        while postgresql.run(sessions, name)[0][0] < 5:  # the one that asks, and two of each
            assert _ready(port)["status"] == "ok"
            assert time.monotonic() < until, "a worker has no ledger"
            time.sleep(0.1)
        assert "Traceback" not in _end(process)


def test_what_cannot_be_used_is_said_at_once(tmp_path: Path, postgresql: Cluster) -> None:
    """One line, status 1, no password, no traceback, and the folder stays with what it has."""
    name = postgresql.new()
    away = f"postgresql://ask:geheim@127.0.0.1:{free_port()}/{name}"
    missing = postgresql.url("nowhere", over_network=True).replace("@", ":geheim@")
    for url, code in (
        ("mysql://ask:geheim@db/consents", "askfirst.E160"),
        (away, "ledger is away: it cannot be reached"),
        (missing, "ledger is away: invalid_catalog_name 3D000"),
    ):
        with _serve(tmp_path / "data", free_port(), "--ledger", url) as process:
            output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1, errors
        assert code in errors
        assert "Traceback" not in errors
        assert "geheim" not in output + errors
        assert Folder(tmp_path / "data").ledger_url == ""


def test_a_server_that_goes_is_said_and_is_found_again(tmp_path: Path, failing: Cluster) -> None:
    """503 with PostgreSQL's name for it, once in the log; ready again by itself."""
    data, port = tmp_path / "data", free_port()
    with _serve(data, port, ASKFIRST_LEDGER=failing.url(failing.migrated())) as process:
        assert _ready(port)["status"] == "ok"
        failing.stop()
        status, body = _get(port, "/readyz")
        assert (status, json.loads(body)["parts"]["ledger"]) == (503, "away")
        failing.start()
        until = time.monotonic() + PATIENCE
        while _get(port, "/readyz")[0] != 200:
            assert time.monotonic() < until, "it is not found again"
            time.sleep(0.2)
        said = _end(process)
    assert said.count("askfirst.E110 ledger is away") == 1
    assert "Traceback" not in said
