"""A program that starts as a copy of a running process is what a started interpreter would be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import python

PROGRAM = """
import json, os, sys, __main__
wanted = [path for path in sys.path if path]
print(json.dumps([sys.argv, os.getcwd(), dict(os.environ), wanted, sys.stdin.read(), __name__,
    sys.stdout.encoding, __main__.__dict__ is globals(), sorted(os.listdir("/proc/self/fd"))]))
"""


def _ran(command: list[str], folder: Path) -> tuple[int, object]:
    started = python(*command[1:], **_options(folder)) if command[0] == "copy" else None
    process = started or subprocess.Popen([sys.executable, *command[1:]], **_options(folder))
    output, _ = process.communicate("typed")
    return process.returncode, json.loads(output)


def _options(folder: Path) -> dict[str, object]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "ASKFIRST_SEED": "7"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return {**pipes, "cwd": folder, "env": environment, "text": True}


@pytest.mark.parametrize("words", [("-c", PROGRAM, "one"), ("-m", "shown", "one", "two")])
def test_a_copy_sees_what_an_interpreter_sees(words: tuple[str, ...], tmp_path: Path) -> None:
    """Words, folder, environment, path, input, output, and no file of the process it was."""
    (tmp_path / "shown.py").write_text(PROGRAM)
    assert _ran(["copy", *words], tmp_path) == _ran(["plain", *words], tmp_path)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("import atexit, os; atexit.register(os._exit, 5)", 5),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_a_copy_ends_as_an_interpreter_does(code: str, status: int) -> None:
    """By its exit code, its last words, or a signal."""
    process = python("-c", code, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate()
    assert process.returncode == status
    assert ("ZeroDivisionError" in errors, "no\n" in errors) == ("1 / 0" in code, "'no'" in code)
