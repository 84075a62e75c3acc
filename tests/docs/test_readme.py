"""The README: what it shows is what runs."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette

from askfirst import ConsentMiddleware
from askfirst_collector.cli import main
from askfirst_collector.frameworks import FRAMEWORKS, Framework
from tests.conftest import ROOT
from tests.unit.doctor.sites import start

README = (ROOT / "README.md").read_text("utf-8")
ORIGIN = "https://example.org"


def python_block() -> str:
    """The whole application; the blocks of other frameworks come after it."""
    return str(re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0])


def test_embedding_takes_ten_lines_or_so() -> None:
    """README: how to embed it in an ASGI app in ten lines."""
    lines = [line for line in python_block().splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith(("from ", "import "))]) <= 10


async def policy_of(client: httpx.AsyncClient) -> Any:
    """The policy in JSON: the first start of a collector may take longer than it is waited for."""
    async with asyncio.timeout(60):
        while True:
            answer = await client.get("/askfirst/policy", headers={"accept": "application/json"})
            if answer.status_code == 200:
                return answer.json()
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.1)


def test_the_block_asks_and_then_does_as_it_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example as it stands, with the example policy: asked, granted, told so."""
    policy = (ROOT / "policy.example.toml").read_text("utf-8")
    (tmp_path / "policy.toml").write_text(policy, "utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__file__": str(tmp_path / "app.py")}
    exec(compile(python_block(), "README.md", "exec"), names)
    app: Starlette = names["app"]

    async def visit() -> tuple[str, str]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            policy = await policy_of(client)
            first = await client.get("/")
            answer = await client.post(
                "/askfirst/consent",
                json={
                    "v": 2,
                    "edition": policy["hash"],
                    "lang": "en",
                    "method": "accept_all",
                    "adult": True,
                },
                headers={"sec-fetch-site": "same-origin"},
            )
            assert answer.status_code == 200, answer.text
            return first.text, (await client.get("/")).text

    try:
        before, after = asyncio.run(visit())
    finally:
        gate = app.middleware_stack
        assert isinstance(gate, ConsentMiddleware)
        asyncio.run(gate._relay.client.aclose())
    assert "askfirst-notice" in before
    assert "You are not counted." in before
    assert "askfirst-notice" not in after
    assert "You are counted." in after


def test_the_doctor_finds_nothing_wrong_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From `askfirst init` on, with what nobody told, started as the README says."""
    words = ["init", str(tmp_path), "--yes", "--framework", "starlette"]
    written = CliRunner().invoke(main, words)
    assert written.exit_code == 0, written.output
    last = [line.strip() for line in python_block().splitlines() if line.startswith("init_app(")]
    assert last[0] in written.output
    assert start(tmp_path, python_block(), monkeypatch).findings == ()


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_each_framework_has_its_tab(framework: Framework) -> None:
    """With the lines that `askfirst init` prints, and a page and an extra that are there."""
    title = framework.title[0].upper() + framework.title[1:]
    tab = README.partition(f"<summary>{title}</summary>")[2].partition("</details>")[0]
    assert framework.lines(app="app", policy="policy.toml", up=0) in tab
    assert framework.where in tab
    for tag in re.findall(r"{[{%].*?[}%]}", framework.template):
        assert f"`{tag}`" in tab
    assert f"(docs/{framework.name}.md)" in tab
    (extras,) = re.findall(r"'askfirst\[(.*?)\]'", tab)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert {*extras.split(",")} <= {*known["project"]["optional-dependencies"]}


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_somewhere(target: str) -> None:
    """What the README names is in the project."""
    assert target.startswith("https://") or (ROOT / target).exists()


@pytest.mark.parametrize("command", re.findall(r"^(scripts/[a-z-]+)", README, re.MULTILINE))
def test_the_commands_are_there(command: str) -> None:
    """The two commands can be run."""
    assert (ROOT / command).stat().st_mode & 0o111
