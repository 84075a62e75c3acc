"""What stands in no source: what loses cookies or time, and a file too large to read at once."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.imports import PACKAGES, imports, python_files

LARGEST = 400  # lines
CODE = frozenset({".py", ".ts", ".mjs", ".js", ".css", ".html", ".svelte", ".c", ".sh"})
BUILT = ("sdk/js/built/", "sdk/python/askfirst/static/")


def test_databases_are_opened_in_one_place() -> None:
    """A descriptor of a database that is closed outside of SQLite drops the process's locks."""
    calls = re.compile(
        r"sqlite3\.connect\((?!\"\")|create_engine\(|os\.open\(|copyfile|shutil\.copy"
    )
    collector = ROOT / PACKAGES["askfirst_collector"]
    offending = {
        str(path.relative_to(collector)): calls.findall(path.read_text("utf-8"))
        for path in python_files(ROOT)
        if collector in path.parents and calls.search(path.read_text("utf-8"))
    }
    assert offending == {
        "config.py": ["os.open("],  # what is not there yet
        "store/database.py": ["create_engine("],  # over `connect`
        "store/migrate.py": ["create_engine("],  # over a copy that has no name
        "store/postgresql.py": ["create_engine("],  # no file
    }


@pytest.mark.parametrize("forbidden", ["http.cookies", "starlette.middleware.base"])
def test_what_loses_cookies_or_time_is_not_used(forbidden: str) -> None:
    """http.cookies loses every cookie behind one odd chunk; BaseHTTPMiddleware costs 300 µs."""
    offending = [
        found.module
        for path in python_files(ROOT)
        for found in imports(ROOT, path)
        if found.name.startswith(forbidden)
    ]
    assert offending == []


def test_files_stay_small() -> None:
    """When a file passes 400 lines the design is asking for something."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    large = {
        name: lines
        for name in tracked
        if not name.startswith(BUILT)
        and is_code(ROOT / name)
        and (lines := len((ROOT / name).read_text("utf-8").splitlines())) > LARGEST
    }
    assert large == {}


def is_code(path: Path) -> bool:
    """By its ending, or as a program without one."""
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        return path.suffix in CODE or (not path.suffix and file.read(2) == b"#!")


def test_programs_without_an_ending_are_code() -> None:
    """A test of the test above: what it looks at."""
    names = ("scripts/vectors", "tests/conftest.py", "LICENSE", "docs/openapi.json")
    assert [is_code(ROOT / name) for name in names] == [True, True, False, False]


def test_the_tests_are_laid_out_as_the_source() -> None:
    """Who looks for the tests of a folder finds them under its name."""
    sources = (ROOT / "sdk/python/askfirst", ROOT / "collector/askfirst_collector")
    names = {folder.name for source in sources for folder in source.iterdir() if folder.is_dir()}
    folders = {folder.name for folder in (ROOT / "tests/unit").iterdir() if folder.is_dir()}
    assert folders - {"__pycache__"} <= names


def test_there_is_one_clock_for_tests() -> None:
    """Time that stands still until it is set, and starts at the same moment everywhere."""
    defining = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if re.search(r"^class Clock\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert defining == ["tests/support/collectors.py"]
