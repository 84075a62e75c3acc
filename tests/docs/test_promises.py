"""Promises, tests and tree say the same, and name nothing that a reader does not have."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.promises import PAGE, naming_tests, problems, read_promises

from tests.conftest import ROOT

PROMISES = """# Promises

### M01 Nothing before an answer

Nothing is kept.

**kept** · browser, HTTP · *ePrivacy Directive, article 5(3)*

### M02 No probing

Nothing is probed.

**in part** · unit · *EDPB Guidelines 2/2023* · missing: fonts.

### S01 A grade

It is good.

**not yet** · browser · *the scanner* · today: it was not run.
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree without a problem."""
    write(tmp_path, PAGE, PROMISES)
    write(tmp_path, "tests/test_a.py", '"""M01, M02: nothing."""\n')
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_page_and_tree_say_the_same() -> None:
    """Every id that is named is a promise; what is kept has a test; no absent text is named."""
    assert problems(ROOT) == []


def test_the_page_is_read_whole() -> None:
    """All of them are there, in the order of nobody's memory."""
    promises = read_promises(ROOT)
    assert {f"M{number:02}" for number in range(1, 55)} <= promises.keys()
    assert all(promise.source and promise.text for promise in promises.values())
    assert any(path.startswith("sdk/js/test/") for path in naming_tests(ROOT)["M44"])


def test_a_tree_without_a_problem_has_none(tree: Path) -> None:
    """What the cases below add is what they are told of."""
    assert problems(tree) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("tests/test_b.py", '"""M99: new."""\n', "tests/test_b.py:1: M99 is no promise of"),
        ("sdk/js/src/a.ts", "/** As (S77). */\n", "sdk/js/src/a.ts:1: S77 is no promise of"),
        ("docs/a.md", "See O33.\n", "docs/a.md:1: O33 is no promise of"),
        ("tests/test_b.py", '"""S01: it is."""\n', "S01: not yet, but named by"),
        ("tests/b.py", '"""DESIGN 6: so."""\n', "names a text that is not here"),
        ("docs/a.md", "As RULES.md says.\n", "names a text that is not here"),
        ("README.md", "As HOUSE.md says.\n", "names a text that is not here"),
        ("scripts/a", "# STYLE 7\n", "names a text that is not here"),
        ("collector/a.py", "# Issue 5, point 2\n", "names a text that is not here"),
        ("tests/b.js", "// (issue 12)\n", "names a text that is not here"),
        ("tests/test_b.py", '"""Issue: so."""\n', "names a text that is not here"),
        ("tests/test_b.py", '"""The issue\'s bad input: so."""\n', "names a text that is not here"),
    ],
)
def test_what_is_planted_is_seen(tree: Path, name: str, text: str, problem: str) -> None:
    """An id or a text that nobody can look up fails, wherever it stands."""
    write(tree, name, text)
    (line,) = problems(tree)
    assert problem in line


def test_an_issue_of_somebody_else_is_a_link(tree: Path) -> None:
    """What a reader can follow may be named."""
    write(tree, "docs/a.md", "[its issue 335](https://github.com/emmett/granian/issues/335)\n")
    assert problems(tree) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("**kept** · browser, HTTP", "**done** · browser", "M01: status 'done'"),
        ("**kept** · browser, HTTP", "**kept** · by eye", "M01: proof ['by eye']"),
        (" · missing: fonts.", "", "M02: in part is followed by"),
        (" · today: it was not run.", "", "S01: not yet is followed by"),
        ("article 5(3)*", "article 5(3)* · missing: much", "M01: kept is followed by"),
        ("**in part** · unit", "**kept** · unit", "M02: kept is followed by"),
    ],
)
def test_a_status_says_what_it_has_to(tree: Path, old: str, new: str, problem: str) -> None:
    """Nobody reads "in part" without what is missing, nor "not yet" without what is so."""
    write(tree, PAGE, PROMISES.replace(old, new))
    (line,) = problems(tree)
    assert problem in line


def test_what_is_kept_has_a_test(tree: Path) -> None:
    """The last test of a promise takes its status along."""
    write(tree, "tests/test_a.py", '"""M02: nothing."""\n')
    assert problems(tree) == ["M01: kept, and no test names it"]


@pytest.mark.parametrize("end", ["**kept** · browser\n", "*no status* · browser · *source*\n"])
def test_a_promise_without_a_source_is_not_read(tree: Path, end: str) -> None:
    """Each has its id, its text, its proof and its source."""
    write(tree, PAGE, f"{PROMISES}\n### S02 Another\n\nText.\n\n{end}")
    with pytest.raises(ValueError, match="S02"):
        read_promises(tree)
