"""The doctor follows the links of a site, and only those that a visitor follows without harm."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst_collector.cli import main
from tests.unit.doctor.sites import adding, outside, policy, site, tide

LINKS = """
<a href="/low">Low</a> <a href="low?again=1">Low again</a> <a href="http://127.0.0.1:1/">Else</a>
<a href="/logout">Out</a> <a href="/cart/add?id=1">Add</a> <a href="/book.pdf" download>Book</a>
<a href="//[::1">Broken</a> <a href="mailto:a@b.example">Mail</a> <a href="/askfirst/choices">Me</a>
"""


def run(*arguments: object) -> tuple[int, str]:
    words = ["doctor", *map(str, arguments), "--no-browser"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    return result.exit_code, result.output


def test_a_page_that_is_linked_is_looked_at(tmp_path: Path) -> None:
    """What is wrong one click away is found, with --links 0 it is not."""
    file = tmp_path / "policy.json"
    hint = adding("accept-ch", "Sec-CH-UA-Model", path="/low")
    with tide(tmp_path, site(LINKS), front=hint) as origin:
        file.write_text(json.dumps(policy(origins=[origin])), "utf-8")
        status, output = run(origin, "--policy", file)
        assert (status, "askfirst.D019" in output, "/low:" in output) == (2, True, True)
        assert run(origin, "--policy", file, "--links", 0)[0] == 0


@pytest.mark.parametrize("most", [1, 3])
def test_it_is_bounded_and_changes_nothing(tmp_path: Path, most: int) -> None:
    """A site without an end, and links that sign out, add or delete, or lead elsewhere."""
    paths: set[str] = set()

    def endless(path: str, message: dict[str, Any]) -> None:
        paths.add(path)

    body = LINKS + "".join(f'<a href="/n{number}">n</a>' for number in range(50))
    with tide(tmp_path, site(body), front=outside(endless)) as origin:
        run(origin, "--links", most)
    pages = {path for path in paths if not path.startswith(("/askfirst/", "/.well-known/"))}
    assert len(pages) == most + 1, pages
    assert "/low" in pages
    assert not pages & {"/logout", "/cart/add", "/book.pdf"}
    assert "/askfirst/choices" not in paths


class Text(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_a_page_too(tmp_path: Path) -> None:
    """It needs nothing else, and what a site says is text in it."""
    out = tmp_path / "report.html"
    front = adding("accept-ch", "<script>alert(1)</script>")
    with tide(tmp_path, site(), front=front) as origin:
        status, _ = run(origin, "--html", out)
    page = Text(out.read_text("utf-8"))
    assert status == 2
    assert "askfirst.D019: client hints are asked for" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert not page.tags & {"script", "link", "img"}


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """In a sentence, and with a status of its own."""
    with tide(tmp_path) as origin:
        status, output = run(origin, "--html", tmp_path / "nowhere" / "report.html")
    assert (status, "cannot be written" in output) == (1, True)
