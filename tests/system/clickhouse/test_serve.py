"""`askfirst serve --events`: the whole of it, with rows in ClickHouse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst_collector.cli import main
from askfirst_collector.config import Folder
from tests.conftest import ROOT
from tests.system.clickhouse.engines import PATIENCE, Face
from tests.system.frameworks.servers import free_port


def _serve(data: Path, port: int, **environ: str) -> subprocess.Popen[str]:
    words = ["-m", "askfirst", "serve", "--data", str(data), "--port", str(port)]
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ready(port: int) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
                ready: dict[str, Any] = json.load(answer)
                return ready
        except OSError:
            assert time.monotonic() < until, "it is not ready"
            time.sleep(0.1)


def test_a_server_has_its_rows_there(data: Path, face: Face, url: str) -> None:
    """It is ready, says that rows are away where they are, and begins again without the option."""
    port = free_port()
    with _serve(data, port, ASKFIRST_EVENTS=url) as process:
        ready = _ready(port)
        assert ready["status"] == "ok"
        assert "rows" not in ready["parts"]
        assert Folder(data).events_url == url
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    assert url not in output + errors
    database = url.rpartition("/")[2]
    tables = face.ask(f"SELECT name FROM system.tables WHERE database = '{database}' ORDER BY name")
    assert tables.split() == ["asked", "event"]
    with _serve(data, port) as process:
        assert _ready(port)["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def test_an_address_that_cannot_be_used_is_said_at_once(data: Path, url: str) -> None:
    """One line, status 1, no password, and the folder stays with what it has."""
    bad = url.replace("http://", "http://me:geheim@") + "?compress=1"
    with _serve(data, free_port(), ASKFIRST_EVENTS=bad) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "askfirst.E141" in errors
    assert "Traceback" not in errors
    assert "geheim" not in output + errors
    assert Folder(data).events_url == ""


def test_a_server_that_is_away_is_said_once(data: Path) -> None:
    """By `askfirst.E140`, and what the driver says of each attempt is in no log."""
    port = free_port()
    with _serve(data, port, ASKFIRST_EVENTS=f"http://127.0.0.1:{free_port()}/askfirst") as process:
        for _ in range(3):
            assert _ready(port)["parts"]["rows"] == "away"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert errors.count("askfirst.E140") == 1
    assert "Driver" not in errors


@pytest.mark.parametrize("is_noted", [False, True])
def test_an_engine_in_this_process_has_no_workers(data: Path, is_noted: bool) -> None:
    """All but one would end, and be begun anew, for ever: it is refused before anything opens."""
    url = f"chdb://{data.with_name('engine')}"
    if is_noted:
        data.mkdir()
        Folder(data).place_events(url)
    words = ["serve", "--data", str(data), "--workers", "2", "--port", str(free_port())]
    answer = CliRunner().invoke(main, words if is_noted else [*words, "--events", url])
    assert answer.exit_code == 2
    assert "leave out --workers" in answer.output
    assert not data.with_name("engine").exists()
