"""schemathesis calls a real collector by `/openapi.json`, as a relay, a page and a member.

The page's calls are made in every run, the others' in the long one.
`ASKFIRST_SCHEMATHESIS=300 pytest tests/unit/openapi/test_schemathesis.py` sends that many cases to
each operation, drawn anew, and every boundary of every policy.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from string import Template

import httpx
import pytest

from askfirst_collector.openapi.events import OBSERVED
from askfirst_collector.openapi.example import BATCH, HANDLE, ORIGIN, SECRET, SITE
from tests.unit.openapi.world import Collector, serving

CALLERS = Path(__file__).parent / "callers"
CASES = 4  # of an operation, beside its examples and its boundaries
LONG = os.environ.get("ASKFIRST_SCHEMATHESIS")
# The operations of each, by their tags.
TAGS = {
    "relay": ("events", "consents", "rights", "policies", "anyone"),
    "page": ("events", "consents", "rights", "preflights"),
    "member": ("sites", "collectors", "host-policy", "webhooks", "members"),
}
# Those that end what the others need: in a run of their own, afterwards.
ENDINGS = {
    "relay": ("withdraw", "erase", "publishPolicy"),
    "page": ("withdraw", "erase"),
    "member": ("changeMember", "removeMember", "saveHostPolicy", "retireSite", "endToken"),
}
pytestmark = pytest.mark.timeout(600 if LONG is None else 7200)


@pytest.mark.parametrize(
    "caller",
    ["page", *(pytest.param(name, marks=pytest.mark.long) for name in ("relay", "member"))],
)
def test_schemathesis_finds_nothing(caller: str, tmp_path: Path) -> None:
    """True to the code for every `/v1` path; by every check that schemathesis has."""
    endings = ENDINGS[caller]
    with serving(tmp_path / "data", placed=True) as collector:
        _visit(collector)
        own = [*_each("--include-tag", TAGS[caller]), *_each("--exclude-operation-id", endings)]
        _run(caller, collector, tmp_path, *own, also="open.toml")
        _run(caller, collector, tmp_path, *_each("--include-operation-id", endings))


def _visit(collector: Collector) -> None:
    """The visitor of the examples is seen, so that there is something to show and to erase."""
    answer = httpx.post(
        f"{collector.url}/v1/events",
        json={"v": 1, "site": SITE, "handle": HANDLE, "batch": BATCH[::-1], "events": [OBSERVED]},
        headers={"authorization": f"Bearer {collector.key}"},
    )
    assert answer.json() == {"stored": 1, "dropped": []}


def _each(option: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _run(caller: str, collector: Collector, folder: Path, *chosen: str, also: str = "") -> None:
    config = folder / "schemathesis.toml"
    config.write_text(_config(caller, collector, also), "utf-8")
    words = [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config)]
    words += ["run", f"{collector.url}/openapi.json", "--checks", "all", "--max-examples"]
    words += [LONG or str(CASES), *chosen]
    words += ["--generation-deterministic"] if LONG is None else []
    environment = {**os.environ, "ASKFIRST_CALLER": caller, "ASKFIRST_EDITION": collector.edition}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) > 0


def _config(caller: str, collector: Collector, also: str) -> str:
    files = ["common.toml", "" if LONG else "quick.toml", also, f"{caller}.toml"]
    text = "".join((CALLERS / file).read_text("utf-8") for file in files if file)
    return Template(text).substitute(
        hooks=str(Path(__file__).with_name("hooks.py")),
        key=collector.key,
        handle=HANDLE,
        secret=SECRET,
        origin=ORIGIN,
        site=SITE,
        token=collector.tokens[0],
    )
