"""Architecture and decisions name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs/architecture.md"
DECISIONS = ROOT / "docs/decisions"
FOLDERS = ("sdk", "collector", "consent_banner", "tests", "docs", "scripts", "examples")


def missing(text: str, root: Path = ROOT) -> list[str]:
    """Paths in code marks that are not below the root, and dotted modules that are no file."""
    names = re.findall(r"`([\w./-]+)`", text)
    paths = [name for name in names if name.startswith(tuple(f"{each}/" for each in FOLDERS))]
    modules = [
        f"{above}/{name.replace('.', '/')}"
        for name in names
        for above, package in (("sdk/python", "askfirst"), ("collector", "askfirst_collector"))
        if name.startswith(f"{package}.")
    ]
    return [
        *(path for path in paths if not (root / path).exists()),
        *(name for name in modules if not _is_module(root / name)),
    ]


def _is_module(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_the_files_that_are_named_are_there() -> None:
    """Who renames a module renames it here."""
    text = PAGE.read_text("utf-8")
    assert missing(text) == []
    assert len(re.findall(r"`(?:sdk|collector|consent_banner)/", text)) > 50


@pytest.mark.parametrize(
    "name",
    ["sdk/python/askfirst/gone.py", "collector/askfirst_collector/gone", "askfirst.terms.gone"],
)
def test_one_that_is_gone_is_seen(name: str) -> None:
    """The test above can fail."""
    assert len(missing(f"It is in `{name}`, and in `askfirst.terms.lattice`.")) == 1


def test_each_decision_is_dated_and_whole() -> None:
    """Context, decision and consequences, in that order, and its place in the list."""
    listing = (DECISIONS / "README.md").read_text("utf-8")
    files = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    assert [path.name for path in files] == re.findall(r"\((\d{4}-[^)]+\.md)\)", listing)
    for number, path in enumerate(files, start=1):
        text = path.read_text("utf-8")
        assert path.name.startswith(f"{number:04}-"), path.name
        assert re.match(rf"# {number}\. .+\n\n\*Decided on \d{{4}}-\d\d-\d\d\. ", text), path.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            *("Context", "Decision", "Consequences")
        ], path.name
