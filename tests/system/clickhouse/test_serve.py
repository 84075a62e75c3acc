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
