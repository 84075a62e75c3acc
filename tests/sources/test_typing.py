"""What type checkers say of the public names, to applications that use them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

SNIPPETS = ROOT / "tests/sources/typing"
_EXPECTED = re.compile(r"# E: ([a-z-]+)$")
_ERROR = re.compile(r"^(?P<path>.+?):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$", re.MULTILINE)

Errors = set[tuple[str, int, str]]  # file, line, code


def expected(folder: Path) -> Errors:
    """The errors that the snippets of a folder say they have."""
    return {
        (path.name, number, match[1])
        for path in sorted(folder.glob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := _EXPECTED.search(line))
    }


def reported(folder: Path) -> Errors:
    """The errors that `mypy --strict` reports in them; it reports nothing without a code."""
    paths = map(str, sorted(folder.glob("*.py")))
    options = ("--strict", "--config-file", "pyproject.toml", "--no-error-summary", "--no-pretty")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *paths], cwd=ROOT, capture_output=True, text=True
    )
    errors = {
        (Path(m["path"]).name, int(m["line"]), m["code"]) for m in _ERROR.finditer(run.stdout)
    }
    assert len(errors) == run.stdout.count(": error: "), run.stdout
    assert run.returncode == bool(errors), run.stdout + run.stderr
    return errors


def test_snippets_have_the_errors_they_say_and_no_other() -> None:
    """Right uses pass `mypy --strict`, wrong ones fail with the code beside them."""
    assert reported(SNIPPETS) == expected(SNIPPETS)


def test_a_wrong_snippet_is_seen(tmp_path: Path) -> None:
    """A test of the test above: an option that is misspelt in a copy is reported."""
    text = (SNIPPETS / "gate.py").read_text("utf-8")
    (tmp_path / "planted.py").write_text(text.replace("permissions=True", "permission=True"))
    assert {code for _, _, code in reported(tmp_path) - expected(tmp_path)} == {"call-arg"}
