"""docs/placed.md and docs/host.md: what they show is what runs."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.client import Decision
from askfirst.gate.receipt import handle_of
from askfirst_collector.cli import main
from askfirst_collector.commands.data import opened
from askfirst_collector.members.rows import add_member
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.record_consent import record_now
from tests.conftest import ROOT

PLACED = (ROOT / "docs/placed.md").read_text("utf-8")
HOST = (ROOT / "docs/host.md").read_text("utf-8")


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def run_all(text: str) -> list[str]:
    """Every command of the page, in its order; what each printed."""
    said = []
    for block in blocks(text, "sh"):
        for line in block.splitlines():
            _, *arguments = shlex.split(line, comments=True)
            result = CliRunner().invoke(main, arguments, catch_exceptions=False)
            assert result.exit_code == 0, (line, result.output)
            said.append(result.output)
    return said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the pages take for granted: the example's policy in force, and a member called ann."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "policy.example.toml", tmp_path / "policy.toml")
    (tmp_path / "data").mkdir(mode=0o700)
    publish = ["policy", "publish", "policy.toml", "--data", "data"]
    assert CliRunner().invoke(main, publish).exit_code == 0
    with opened(tmp_path / "data") as parts, writing(parts.engine) as connection:
        add_member(connection, "ann", "site-owner", ("example",), "")
    return tmp_path


def test_the_page_on_placed_collectors_runs(folder: Path) -> None:
    """Its document fits the example policy, its commands work, its line is what they print."""
    (document,) = blocks(PLACED, "toml")
    (folder / "tides.toml").write_text(document, "utf-8")
    _, added, listed = run_all(PLACED)
    (line,) = blocks(PLACED, "html")
    before, after = line.strip().split("placed_…")
    assert re.search(re.escape(before) + r"placed_[\w-]{22}" + re.escape(after), added)
    assert "example/tides  active, of ann" in listed


def test_the_page_on_the_host_policy_runs(folder: Path) -> None:
    """Its commands work one after the other, from an empty file on; a visitor sent a receipt."""
    secret = "A" * 22
    with opened(folder / "data") as parts:
        site = parts.registry.site("example")
        handle = handle_of(secret.encode())
        assert site is not None
        assert handle is not None
        edition = site.editions.current.hash
        answer = Decision("example", handle, edition, "en", "accept_all", {}, True, False)
        receipt = record_now(parts, answer).receipt
    sent = json.dumps({"receipt": receipt, "secret": secret})
    (folder / "receipt.json").write_text(sent, "utf-8")
    said = run_all(HOST)
    assert "can be used" in said[1]
