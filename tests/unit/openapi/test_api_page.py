"""docs/api.md: its commands run as they stand, and answer what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.unit.openapi.world import serving

PAGE = (ROOT / "docs/api.md").read_text("utf-8")
CUT = "---8<---"


def blocks() -> list[tuple[str, str]]:
    """Each block of commands, and the answer below it; "" where none is shown."""
    found = re.findall(r"```sh\n(.*?)```\n(?:\n```json\n(.*?)```)?", PAGE, re.DOTALL)
    return [(commands, answer) for commands, answer in found]


def fits(told: object, shown: object) -> bool:
    """Whether an answer is the one shown, in which … is anything."""
    if shown == "…":
        return True
    if isinstance(shown, dict) and isinstance(told, dict):
        return shown.keys() == told.keys() and all(fits(told[key], shown[key]) for key in shown)
    if isinstance(shown, list) and isinstance(told, list):
        return len(shown) == len(told) and all(map(fits, told, shown))
    return told == shown


def test_its_commands_run(tmp_path: Path) -> None:
    """In one shell, against a real collector: each answer is the one below its block."""
    script = f"\necho '{CUT}'\n".join(commands for commands, _ in blocks())
    with serving(tmp_path / "data") as collector:
        told = {"COLLECTOR": collector.url, "KEY": collector.key, "TOKEN": collector.tokens[0]}
        done = subprocess.run(
            ["sh", "-eu"], input=script, env={**os.environ, **told}, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split(CUT)
    for (commands, shown), answer in zip(blocks(), answers, strict=True):
        if shown:
            assert fits(json.loads(answer), json.loads(shown)), f"{commands}\n{answer}"
        else:
            assert answer.strip() == ""


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_links_lead_somewhere(target: str) -> None:
    """What the page names is in the project, and the page is in the list of pages."""
    assert target.startswith("https://") or (ROOT / "docs" / target).exists()
    assert "(api.md)" in (ROOT / "docs/README.md").read_text("utf-8")
