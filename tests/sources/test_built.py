"""The scripts, styles and words that ship are those their sources make."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

STATIC = ROOT / "sdk/python/askfirst/static"
# Every folder a built file may come from, and the kinds of file that count there.
SOURCES = {
    "sdk/js/src": "*.ts",
    "consent_banner/src": "*.[tc]s*",
    "consent_banner/translations": "*.json",
}
# Types leave nothing in a bundle; the lattice is for relays: to a page the site publishes bounds.
UNBUNDLED = {"sdk/js/src/api.ts", "sdk/js/src/lattice.ts"}

MANIFEST = json.loads((STATIC / "manifest.json").read_text("utf-8"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shipped() -> set[str]:
    return {
        str(path.relative_to(STATIC))
        for path in STATIC.rglob("*")
        if path.suffix in {".js", ".css", ".json"} and path.name != "manifest.json"
    }


def test_what_ships_is_what_was_built() -> None:
    """Nobody changed a built file by hand, added one, or left one behind; told without Node."""
    assert {name: sha256(STATIC / name) for name in shipped()} == MANIFEST["built"]


def test_sources_are_those_it_was_built_from() -> None:
    """Nobody changed a source without building; told without Node."""
    present = {
        str(path.relative_to(ROOT))
        for folder, kind in SOURCES.items()
        for path in (ROOT / folder).rglob(kind)
    }
    if not present:
        pytest.skip("this is an installed package: the sources of its scripts are not here")
    assert present - UNBUNDLED == set(MANIFEST["sources"]), "run scripts/build"
    stale = [name for name, known in MANIFEST["sources"].items() if sha256(ROOT / name) != known]
    assert not stale, f"changed since they were built: {stale}; run scripts/build"


@pytest.mark.parametrize("command", [["scripts/build", "--check"], ["scripts/size"]])
def test_building_again_changes_nothing_and_stays_within_its_budget(command: list[str]) -> None:
    """The committed bundle is byte for byte what esbuild makes, and within its Brotli bytes."""
    if not shutil.which("node") or not (ROOT / "node_modules").is_dir():
        if os.environ.get("CI") == "true" and shutil.which("npm"):
            pytest.fail("CI has npm but no node_modules: run `npm install` first")
        pytest.skip("Node or node_modules is not here; the hashes above were checked all the same")
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


IMPORTED = re.compile(r'^(?:import|export)\b(?! type).* from "\./(\w+\.ts)"', re.MULTILINE)


def sources_of(entry: str) -> str:
    """A source of the notice, and all that it imports from its folder."""
    read, waiting = dict[str, str](), [entry]
    while waiting:
        name = waiting.pop()
        if name not in read:
            read[name] = (ROOT / "consent_banner/src" / name).read_text("utf-8")
            waiting += IMPORTED.findall(read[name])
    return "".join(read.values())


@pytest.mark.parametrize(
    ("entry", "least"),
    [
        ("notice.ts", {"button.choose", "level.", "notice.gpc_plain", "problem."}),
        ("placeholder.ts", {"embed.once", "recipients.some"}),
    ],
)
def test_words_before_the_choices_are_all_in_the_smaller_file(entry: str, least: set[str]) -> None:
    """What is said before they are opened; what they say comes with them, in `words/all`."""
    if not (ROOT / "consent_banner").is_dir():
        pytest.skip("this is an installed package: the sources of its scripts are not here")
    small, whole = [
        json.loads((STATIC / folder / "en.json").read_text("utf-8"))
        for folder in ("words", "words/all")
    ]
    path = re.compile(rf"[\"`]((?:{'|'.join(whole)})\.(?!js\b|css\b)[a-z_]*)")  # files are no words
    said = set(path.findall(sources_of(entry)))
    assert said >= least  # or the expression above finds nothing any more
    sections = {one for one in said if one.endswith(".")}
    assert [one for one in sorted(sections) if small.get(one[:-1]) != whole[one[:-1]]] == []
    of_one = [one.split(".") for one in sorted(said - sections)]
    assert [[section, key] for section, key in of_one if key not in small.get(section, {})] == []
