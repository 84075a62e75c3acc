"""The how-to pages: their code is the examples', which the tests run."""

from __future__ import annotations

import re
import textwrap

import pytest

from tests.conftest import ROOT

PAGES = ["asgi", "starlette", "fastapi", "quart", "litestar"]


def blocks(page: str) -> list[str]:
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_code_is_the_examples(page: str) -> None:
    """A how-to page for each, whose code is what the tests run."""
    lines = (ROOT / f"examples/{page}/app.py").read_text("utf-8").splitlines()
    whole = "\n".join(lines)
    found = blocks(page)
    assert found
    for block in found:
        indented = [textwrap.indent(block.rstrip(), " " * depth) for depth in (0, 4)]
        assert any(each in whole for each in indented), block


@pytest.mark.parametrize("page", [*PAGES, "access-logs"])
def test_links_lead_somewhere(page: str) -> None:
    """What a page names is in the project."""
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if not t.startswith("https://")]
    assert all((ROOT / "docs" / target).exists() for target in targets)
    assert f"({page}.md)" in (ROOT / "docs/README.md").read_text("utf-8")
