"""The scripts, styles and words that ship are those their sources make."""

from __future__ import annotations

import hashlib
import json
import os
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
