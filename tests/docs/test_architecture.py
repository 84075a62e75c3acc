"""Architecture and decisions name what is there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs/architecture.md"
DECISIONS = ROOT / "docs/decisions"
FOLDERS = ("sdk/", "collector/", "consent_banner/", "tests/", "docs/", "scripts/", "examples/")
# What the page calls them, and where they are.
PACKAGES = {
    "askfirst/": "sdk/python/askfirst/",
    "askfirst_collector/": "collector/askfirst_collector/",
}


def named(text: str) -> list[str]:
    """The paths in code marks, below the root; a dotted module is one, too."""
    paths = []
    for name in re.findall(r"`([\w./-]+)`", text):
        path = name
        if re.fullmatch(r"askfirst(_collector)?(\.\w+)+", name):
            path = name.replace(".", "/")
        for package, folder in PACKAGES.items():
            if path.startswith(package):
                path = folder + path.removeprefix(package)
        if path.startswith(FOLDERS):
            paths.append(path)
    return paths


def missing(text: str) -> list[str]:
    """The paths that are named and neither a file, a folder nor a module."""
    return [
        path
        for path in named(text)
        if not (ROOT / path).exists() and not (ROOT / f"{path}.py").is_file()
    ]


def test_the_files_that_are_named_are_there() -> None:
    """Who renames a module renames it here."""
    text = PAGE.read_text("utf-8")
    assert missing(text) == []
    assert len(named(text)) > 50


@pytest.mark.parametrize(
    "name",
    ["askfirst/terms/gone.py", "askfirst_collector/gone", "sdk/js/gone.ts", "askfirst.gone"],
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
