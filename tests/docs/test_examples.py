"""The how-to pages: the code they show is the code of the examples, which the tests run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from askfirst import read_policy
from tests.conftest import ROOT

SITES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/policy.toml"))
PAGES = ("django", "flask", "wsgi")
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = {"askfirst": "sdk/python", "askfirst_collector": "collector"}
BLOCK = re.compile(r"```(python|html|toml)\n(.*?)```", re.DOTALL)
KINDS = {"python": "*.py", "html": "*.html", "toml": "*.toml"}


def sources(folder: Path, kind: str) -> str:
    """Every file of a kind, the marks between its parts left out."""
    text = "\n\n".join(path.read_text("utf-8") for path in sorted(folder.rglob(KINDS[kind])))
    return re.sub(r"# \w+: (begins|ends)\n", "", text)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_runs(name: str) -> None:
    """Each block stands in the example, line for line."""
    text = (ROOT / f"docs/{name}.md").read_text("utf-8")
    blocks = BLOCK.findall(text)
    assert {kind for kind, _ in blocks} >= {"python"}
    for kind, block in blocks:
        assert block in sources(ROOT / "examples" / name, kind), block


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere(name: str) -> None:
    """What a page names is in the project."""
    text = (ROOT / f"docs/{name}.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target


def names(text: str) -> set[str]:
    """What a page names of our packages: dotted in code marks, or imported in its code."""
    dotted = set(re.findall(r"`(askfirst(?:_collector)?(?:\.[A-Za-z_]+)+)`", text))
    for module, imported in re.findall(r"^from (askfirst[\w.]*) import ([\w, ]+)$", text, re.M):
        dotted |= {f"{module}.{name}" for name in imported.split(", ")}
    return dotted


def is_there(name: str) -> bool:
    """Whether a module has the name; what begins with `askfirst` alone may be the script's."""
    package, *parts = name.split(".")
    path = ROOT / PACKAGES[package] / package
    depth = 0
    while parts and ((path / parts[0]).is_dir() or (path / f"{parts[0]}.py").is_file()):
        path, depth = path / parts.pop(0), depth + 1
    files = [path / "__init__.py" if path.is_dir() else path.with_suffix(".py")]
    if name.startswith("askfirst.") and not depth:
        files.append(ROOT / "sdk/js/src/api.ts")
    text = "".join(file.read_text("utf-8") for file in files)
    return all(re.search(rf"\b{part}\b", text) for part in parts)


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.stem)
def test_what_a_page_names_can_be_imported(page: Path) -> None:
    """Who moves a module, or a name, changes the pages that send readers there."""
    text = page.read_text("utf-8")
    assert [name for name in sorted(names(text)) if name[-3:] != ".js" and not is_there(name)] == []


def test_a_name_that_is_gone_is_seen() -> None:
    """The test above can fail."""
    text = "`askfirst_collector.gone.Thing`\nfrom askfirst.flask import AskFirst, gone\n"
    text += "`askfirst.gone` or `askfirst.ready`\n"
    gone = {"askfirst_collector.gone.Thing", "askfirst.flask.gone", "askfirst.gone"}
    assert {name for name in names(text) if not is_there(name)} == gone


@pytest.mark.parametrize("name", SITES)
def test_an_example_has_a_policy_that_can_be_used(name: str) -> None:
    """Whoever copies an example starts with a policy that is right."""
    policy = read_policy(ROOT / "examples" / name / "policy.toml")
    assert set(policy.asked) == {"preferences", "statistics", "marketing"}
    assert policy.server_side


def test_the_checks_of_django_are_listed() -> None:
    """Every id that a check can give is on the page, and no other."""
    given = re.findall(r"askfirst\.[EW]2\d\d", (ROOT / "docs/django.md").read_text("utf-8"))
    source = (ROOT / "sdk/python/askfirst/django/checks.py").read_text("utf-8")
    assert set(given) == set(re.findall(r'id="(askfirst\.[EW]2\d\d)"', source))
