"""The documentation as a site: whole, searchable, and asking nobody else for anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPTS = ROOT / "scripts"
# What a browser fetches by itself; a link that somebody has to follow is none.
FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
}


class Fetches(HTMLParser):
    """The addresses that a page fetches when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of one element."""
        values = dict(attrs)
        self.addresses += [values[name] or "" for name in FETCHED.get(tag, ()) if name in values]


def foreign(name: str, text: str) -> Iterator[str]:
    """The addresses elsewhere that a page or a stylesheet fetches."""
    if name.endswith(".css"):
        addresses = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')\s]+)", text)
    else:
        page = Fetches()
        page.feed(text)
        addresses = page.addresses
    return (one for one in addresses if re.match(r"(?!data:)[a-z]+:|//", one, re.IGNORECASE))


def run(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `scripts/docs` builds it; a broken link or a page in no list fails here."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    code = "import sys, pathlib, docs_site; sys.exit(docs_site.main(pathlib.Path(sys.argv[1])))"
    result = run(code, folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    """The README in front, the list of pages, and each page of docs/."""
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    sources = {
        path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
    }
    assert pages >= sources - {"README.html"} | {"index.html", "contents.html", "CHANGELOG.html"}


def test_nobody_else_is_asked(site: Path) -> None:
    """No font, no script, no picture, no style of another host."""
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css"}]
    assert len(files) > 30
    assert {
        (path.name, address)
        for path in files
        for address in foreign(path.name, path.read_text("utf-8"))
    } == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<link rel="stylesheet" href="https://fonts.example/a.css">'),
        ("a.html", '<script src="//cdn.example/a.js"></script>'),
        ("a.html", '<img alt="" src="http://images.example/a.png">'),
        ("a.css", "@font-face { src: url('https://fonts.example/a.woff2'); }"),
        ("a.css", '@import "https://fonts.example/a.css";'),
    ],
)
def test_who_else_is_asked_is_seen(name: str, text: str) -> None:
    """The test above can fail."""
    assert len(list(foreign(name, text))) == 1


def test_the_http_interface_is_whole(site: Path) -> None:
    """Each operation of the document, and each of its shapes that has a name."""
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    page = (site / "api-reference.html").read_text("utf-8")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation["tags"] != ["preflights"]:
                assert f"{method.upper()} {path}" in re.sub(r"<[^>]+>", "", page)
    for name in document["components"]["schemas"]:
        assert f'id="{name.lower()}"' in page or name.startswith("JsonValue")


def test_promises_lead_to_their_tests(site: Path) -> None:
    """What proves a promise stands below it."""
    page = (site / "promises.html").read_text("utf-8")
    section = page.split('id="m44-')[1].split("<section")[0]
    assert "<code>tests/unit/terms/test_lattice.py</code>" in section
    assert "<code>sdk/js/test/lattice.test.ts</code>" in section


def test_it_can_be_searched(site: Path) -> None:
    """The index is a file of the site's own, and knows the words."""
    index = (site / "searchindex.js").read_text("utf-8")
    assert all(word in index for word in ("withdraw", "pseudonym", "subsumed"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[gone](#no-such-heading)", "no-such-heading"),
        ("![gone](gone.png)", "gone.png"),
    ],
)
def test_a_broken_link_fails(tmp_path: Path, text: str, problem: str) -> None:
    """Warnings are errors: nothing is published that leads nowhere."""
    source = tmp_path / "source"
    (source / "_static").mkdir(parents=True)
    (source / "index.md").write_text(f"# A page\n\n{text}\n", "utf-8")
    code = (
        "import sys, pathlib, docs_site; source, target, trees = map(pathlib.Path, sys.argv[1:]);"
        "sys.exit(docs_site.build(source, target, trees))"
    )
    result = run(code, source, tmp_path / "html", tmp_path / "trees")
    assert result.returncode != 0
    assert problem in result.stderr
