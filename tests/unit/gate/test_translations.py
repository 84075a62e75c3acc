"""Every language says everything: the same strings and holes, no English left over."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.pages.plurals import plural
from tests.browser.browsers import missing
from tests.conftest import ROOT

FOLDER = ROOT / "consent_banner/translations"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.json"))
HOLE = re.compile(r"\{[a-z_]+\}")
# What may be the same word elsewhere: punctuation, names, and words that languages share.
SHARED = {
    ", ", "; ", "{name} ({role}, {country})", "{status}: {choices}", "{date}", "Cookies", "System",
    "Browser", "Page", "Action", "Contact", "Purpose", "Kontakt", "Min", "Email", "On", "Off",
    "week",
}  # fmt: skip
COUNTED = (("days",), ("rights", "rows_count"))
NUMBERS = [*range(131), 365, 1095, 1_000_000]


def strings(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every string with its path; the forms of a counted thing differ by language."""
    if path in COUNTED:
        return
    if isinstance(node, str):
        yield path, node
        return
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        yield from strings(child, (*path, str(key)))


def read(lang: str) -> dict[str, Any]:
    entries: dict[str, Any] = json.loads((FOLDER / f"{lang}.json").read_text("utf-8"))
    return entries


ENGLISH = dict(strings(read("en")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_string_is_there_with_its_holes(lang: str) -> None:
    """S09: the same paths, none empty, the same holes."""
    found = dict(strings(read(lang)))
    assert list(found) == list(ENGLISH)
    assert [
        path for path, text in found.items() if not text.strip(" \u200b") and text != ", "
    ] == []
    wrong = {
        path: text
        for path, text in found.items()
        if sorted(HOLE.findall(text)) != sorted(HOLE.findall(ENGLISH[path]))
    }
    assert wrong == {}
    assert found["lang",] == lang
    assert found["dir",] == ("rtl" if lang in {"ar", "he"} else "ltr")


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_no_english_is_left_over(lang: str) -> None:
    """S09: no string is the English one but for what languages share."""
    same = {text for path, text in strings(read(lang)) if text == ENGLISH[path]} - SHARED
    assert same - {"lang", "ltr"} == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_has_its_form(lang: str) -> None:
    """S09: counted things have each form that a whole number asks for, and no other hole."""
    entries = read(lang)
    for forms in (entries["days"], entries["rights"]["rows_count"]):
        assert {plural(lang, n) for n in NUMBERS} <= set(forms)
        assert {hole for text in forms.values() for hole in HOLE.findall(text)} <= {"{n}"}


def test_the_forms_are_those_of_the_browser(tmp_path: Path) -> None:
    """S09: server and script count alike, in every language that has a file."""
    if not shutil.which("node"):
        missing("Node is not here")
    code = """
        const [langs, numbers] = JSON.parse(process.argv[1]);
        const said = langs.map((lang) => {
            const rules = new Intl.PluralRules(lang);
            return [lang, numbers.map((n) => rules.select(n))];
        });
        process.stdout.write(JSON.stringify(Object.fromEntries(said)));
    """
    argument = json.dumps([LANGUAGES, NUMBERS])
    ran = subprocess.run(
        ["node", "-e", code, argument], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    theirs = json.loads(ran.stdout)
    assert {lang: [plural(lang, n) for n in NUMBERS] for lang in LANGUAGES} == theirs
