"""Build the documentation as a site: pages are staged, then Sphinx makes HTML of them.

docs/README.md is the one list of pages: its headings and links are the navigation. What the pages
link to outside of docs/ is staged beside them, so that every link of the checkout is one of the
site, too. Warnings (a broken link, a page that is in no list) fail.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from openapi_page import markdown
from promises import naming_tests, read_promises
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
# Pages of the root that become pages of the site; the first is its front page.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
}
CONTENTS = "contents.md"
REFERENCE = "api-reference"
SETTINGS = {
    "project": "askfirst",
    "author": "The askfirst authors",
    "copyright": "The askfirst authors, Apache-2.0",
    "extensions": ["myst_parser"],
    "html_theme": "furo",
    "html_title": "askfirst",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_sourcelink": False,
    "myst_heading_anchors": 4,
    "templates_path": [],
    "html_theme_options": {
        "light_css_variables": {
            "color-brand-primary": "#0b5345",
            "color-brand-content": "#0b5345",
        },
        "dark_css_variables": {
            "color-brand-primary": "#7dcea0",
            "color-brand-content": "#7dcea0",
        },
    },
}


def stage(folder: Path) -> None:
    """Write the sources of the site into an empty folder."""
    shutil.copytree(ROOT / "docs", folder, dirs_exist_ok=True)
    (folder / "README.md").unlink()
    for path in folder.glob("*.md"):
        _write(path, _of_docs(path.read_text("utf-8")))
    for name, page in PAGES.items():
        _write(folder / page, _of_root((ROOT / name).read_text("utf-8")))
    contents = (ROOT / "docs/README.md").read_text("utf-8")
    _write(folder / CONTENTS, _of_docs(contents))
    with (folder / "index.md").open("a", encoding="utf-8") as file:
        file.write(navigation(contents))
    decisions = folder / "decisions/README.md"
    text = decisions.read_text("utf-8")
    _write(decisions, f"{text}\n{_tree('', _linked(text))}")
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    _write(folder / f"{REFERENCE}.md", markdown(document))
    promises = folder / "promises.md"
    _write(promises, with_tests(promises.read_text("utf-8"), naming_tests(ROOT)))
    static = folder / "_static"
    static.mkdir()
    (folder / "site.css").rename(static / "site.css")
    _stage_targets(folder)


def navigation(contents: str) -> str:
    """The trees of pages below each heading of the list, and a caption each."""
    trees = [_tree("", [CONTENTS.removesuffix(".md")])]
    for section in re.split(r"^## ", contents, flags=re.MULTILINE)[1:]:
        caption, _, body = section.partition("\n")
        pages = [page.removeprefix("../") for page in _linked(body)]
        if "api" in pages:
            pages.insert(pages.index("api") + 1, REFERENCE)
        trees.append(_tree(caption, pages))
    return "\n" + "\n".join(trees)


def with_tests(text: str, tests: Mapping[str, list[str]]) -> str:
    """The page of promises with the tests that name each."""
    for name in read_promises(ROOT):
        files = tests.get(name)
        if not files:
            continue
        items = "".join(f"<li><code>{path}</code></li>" for path in files)
        count = "1 file of tests" if len(files) == 1 else f"{len(files)} files of tests"
        block = f"<details><summary>{count}</summary><ul>{items}</ul></details>"
        pattern = rf"(^### {name} .+\n\n(?:.+\n)+\n(?:.+\n)+)"
        text = re.sub(pattern, rf"\1\n{block}\n", text, count=1, flags=re.MULTILINE)
    return text


def build(source: Path, target: Path, doctrees: Path) -> int:
    """Make HTML of the staged pages; the status that Sphinx ends with."""
    app = Sphinx(
        source,
        None,
        target,
        doctrees,
        "html",
        confoverrides=SETTINGS,
        status=None,
        warningiserror=True,
        freshenv=True,
    )
    app.build(force_all=True)
    return app.statuscode


def _linked(text: str) -> list[str]:
    """The pages that a list leads to, without their suffix."""
    return re.findall(r"\]\(([^)#]+)\.md\)", text)


def _tree(caption: str, pages: list[str]) -> str:
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["```{toctree}", *options, "", *pages, "```", ""])


def _of_docs(text: str) -> str:
    """What docs/ links to outside of itself stands beside it here."""
    text = text.replace("](README.md", f"]({CONTENTS}").replace("](../README.md", "](index.md")
    return text.replace("](../", "](")


def _of_root(text: str) -> str:
    text = text.replace("](docs/README.md", f"]({CONTENTS}").replace("](docs/)", f"]({CONTENTS})")
    return text.replace("](docs/", "](")


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _stage_targets(folder: Path) -> None:
    """Copy what pages link to and is no page: examples, policies."""
    for page in folder.glob("*.md"):
        for name in re.findall(r"\]\(([\w./-]+)\)", page.read_text("utf-8")):
            source, target = ROOT / name, folder / name
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


def main(target: Path) -> int:
    """Stage and build; the folder is replaced only by a site without a warning."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        source.mkdir()
        stage(source)
        status = build(source, folder / "html", folder / "doctrees")
        if status == 0:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder / "html", target)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site"))
