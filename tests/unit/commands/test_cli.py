"""The command line, as people and programs call it."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from askfirst.__main__ import MISSING
from askfirst_collector.cli import main
from askfirst_collector.embedded import EmbeddedCollector
from askfirst_collector.services import Services
from askfirst_collector.store.faults import StoreFault
from tests.conftest import ROOT
from tests.support.programs import python

# The modules: what else is of that name is the command.
demo = import_module("askfirst_collector.commands.demo")
serving = import_module("askfirst_collector.commands.serve")
EXAMPLE = ROOT / "policy.example.toml"


def run(*arguments: object) -> Result:
    """One call; an exception of ours would be raised here."""
    return CliRunner().invoke(main, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A collector's folder with the example policy in force."""
    folder = tmp_path / "data"
    folder.mkdir()
    published = run("policy", "publish", EXAMPLE, "--data", folder)
    assert published.exit_code == 0, published.output
    return folder


def test_without_the_collector_the_command_names_the_extra() -> None:
    """Without the extra: exactly the one line, and status 1."""
    # -S: no site-packages, so that there is the SDK and the standard library alone.
    code = "from askfirst.__main__ import main; main()"
    path = {"PYTHONPATH": str(ROOT / "sdk/python")}
    found = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, env=path
    )
    assert (found.returncode, found.stdout, found.stderr) == (1, "", f"{MISSING}\n")
    assert MISSING.startswith("pip install 'askfirst[cli]'")


# What `askfirst[cli]` installs; every other package is as if it were not here.
ONLY_CLI = """
import sys
from importlib.abc import MetaPathFinder
here = {*sys.stdlib_module_names, "askfirst", "askfirst_collector", "shop"}
here |= {"click", "rich", "markdown_it", "mdurl", "pygments", "publicsuffixlist", "ada_url"}
here |= {"cffi", "_cffi_backend"}
class Only(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        # What `sysconfig` reads is of the standard library, under a name of the machine.
        if name.partition(".")[0] not in here and not name.startswith("_sysconfigdata_"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Only())
from askfirst.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("command", "status", "wanted"),
    [
        (["init", "--yes", "--origin", "https://shop.example", "mine.toml"], 0, "mine.toml"),
        (["policy", "check", str(EXAMPLE)], 0, "can be used"),
        (["policy", "explain", str(EXAMPLE)], 0, "answered for by"),
        (["doctor", "http://127.0.0.1:1", "--no-browser"], 2, "D001"),
        (["serve", "--data", "here"], 1, "pip install 'askfirst[collector]'"),
    ],
)
def test_a_relay_s_site_needs_no_collector(
    command: list[str], status: int, wanted: str, tmp_path: Path
) -> None:
    """With `askfirst[cli]` alone a policy is written and checked, and a site looked at."""
    found = subprocess.run(
        [sys.executable, "-c", ONLY_CLI, *command], capture_output=True, text=True, cwd=tmp_path
    )
    assert (found.returncode, wanted in found.stdout + found.stderr) == (status, True), found


def test_the_help_in_the_docs_is_what_the_commands_say() -> None:
    """Generated things are committed and checked."""
    written = runpy.run_path(str(ROOT / "scripts/cli_docs.py"))["text"]()
    assert (ROOT / "docs/cli.md").read_text("utf-8") == written


def test_a_good_policy_is_told_by_its_hash() -> None:
    """`policy check`, for people and for programs."""
    found = run("policy", "check", EXAMPLE, "--json")
    assert found.exit_code == 0
    told = json.loads(found.output)
    assert (told["usable"], told["problems"]) == (True, [])
    assert told["hash"] in run("policy", "check", EXAMPLE).output.replace("\n", "")


def test_a_bad_policy_is_told_by_pointer_value_and_advice(tmp_path: Path) -> None:
    """M31: refused with a JSON pointer, both values, and what to write instead."""
    bad = tmp_path / "policy.toml"
    text = EXAMPLE.read_text("utf-8").replace('closes = "day"', 'closes = "fortnight"')
    bad.write_text(text, "utf-8")
    found = run("policy", "check", bad, "--json")
    assert found.exit_code == 1
    (problem,) = json.loads(found.output)["problems"]
    assert (problem["pointer"], problem["found"]) == ("/purposes/statistics/closes", "fortnight")
    said = run("policy", "check", bad)
    assert said.exit_code == 1
    assert "/purposes/statistics/closes" in said.output
    assert '"fortnight"' in said.output


def test_a_policy_beyond_the_hosts_is_refused(tmp_path: Path) -> None:
    """M31: subsumption against the host's policy is part of the check."""
    beyond = tmp_path / "policy.toml"
    text = EXAMPLE.read_text("utf-8").replace("retention_days = 365", "retention_days = 700", 1)
    beyond.write_text(text, "utf-8")
    (problem,) = json.loads(run("policy", "check", beyond, "--json").output)["problems"]
    assert problem["pointer"] == "/purposes/statistics/retention_days"
    assert "365" in problem["message"]


def test_a_file_that_is_not_there_is_a_message() -> None:
    """No traceback, whatever is given."""
    for command in (["policy", "check", "nowhere.toml"], ["policy", "explain", "nowhere.toml"]):
        found = run(*command)
        assert found.exit_code in (1, 2)
        assert "write one with askfirst init" in " ".join(found.output.split())


def test_diff_says_who_is_asked_again(tmp_path: Path) -> None:
    """0 where nobody is asked again, 1 where someone is."""
    wider = tmp_path / "wider.toml"
    text = EXAMPLE.read_text("utf-8").replace("browser = 1", "browser = 2", 1)
    wider.write_text(text, "utf-8")
    found = run("policy", "diff", EXAMPLE, wider, "--json")
    assert found.exit_code == 1
    (change,) = json.loads(found.output)["widened"]["statistics"]
    assert change == {"dimension": "/levels/browser", "old": 1, "new": 2}
    assert run("policy", "diff", wider, EXAMPLE).exit_code == 0
    assert run("policy", "diff", EXAMPLE, EXAMPLE).output.strip() == "The two are the same."


def test_explain_says_what_visitors_read() -> None:
    """The sentences of the notice, one a line."""
    (purpose,) = json.loads(run("policy", "explain", EXAMPLE, "--json").output)["purposes"]
    assert purpose["name"] == "statistics"
    assert {each["attribute"] for each in purpose["stored"]} >= {"page", "browser", "ip"}
    text = " ".join(run("policy", "explain", EXAMPLE).output.split())
    assert all(each["means"] in text for each in purpose["stored"])


def test_publishing_makes_the_next_edition(data: Path, tmp_path: Path) -> None:
    """A hash that is new becomes the next edition, one that is known does not."""
    assert "was published already" in run("policy", "publish", EXAMPLE, "--data", data).output
    wider = tmp_path / "wider.toml"
    wider.write_text(EXAMPLE.read_text("utf-8").replace("browser = 1", "browser = 2", 1), "utf-8")
    assert "Edition 2 of" in run("policy", "publish", wider, "--data", data).output
    (site,) = json.loads(run("site", "list", "--data", data, "--json").output)
    assert site["edition"] == 2


def test_a_site_key_is_shown_once_and_kept_as_a_hash(data: Path) -> None:
    """Nothing in the folder holds the key itself."""
    (site,) = json.loads(run("site", "list", "--data", data, "--json").output)
    key = run("site", "key", site["site"], "--data", data).output.split()[-1]
    assert len(key) >= 32
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert key.encode() not in kept
    assert run("site", "key", "nobody", "--data", data).exit_code == 1
    assert run("site", "key", "nobody", "--new", "--data", data).exit_code == 0
    assert run("site", "key", "No/body", "--new", "--data", data).exit_code == 1


def test_nothing_is_due_on_the_first_day(data: Path) -> None:
    """`close --dry-run` says which periods are due, and closes nothing."""
    told = json.loads(run("close", "--data", data, "--dry-run", "--json").output)
    assert told == {"closed": False, "periods": []}
    assert "0 periods are closed." in run("close", "--data", data).output


def test_geo_says_by_which_database() -> None:
    """Which, how old, what it answers."""
    told = json.loads(run("geo", "86.40.1.1", "--json").output)
    assert told["answer"][0] == "IE"
    assert told["database"].startswith("iptocc")
    assert run("geo", "--places", EXAMPLE).exit_code == 1


def test_a_link_is_made_for_whoever_has_the_machine(data: Path) -> None:
    """`host link`: a fresh token each time."""
    first, second = (run("host", "link", "--data", data).output.split()[-1] for _ in range(2))
    assert first.startswith("http://127.0.0.1:8321/askfirst/host/setup?token=")
    assert first != second


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_off_loopback_needs_tls(command: str, tmp_path: Path) -> None:
    """M29's secrets and sign-in never cross a network in the clear."""
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        found = run(command, "--host", host, "--data", tmp_path / "data")
        assert found.exit_code == 2
        assert "loopback" in found.output
    assert not (tmp_path / "data").exists()


def test_visits_are_not_invented_over_real_ones(data: Path) -> None:
    """What is simulated never mixes with what is not."""
    found = run("demo", "--visits", 10, "--data", data, "--port", 18_321)
    assert found.exit_code == 2
    assert "has data already" in found.output


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_leaves_no_data_behind(tmp_path: Path, how: signal.Signals) -> None:
    """Without --data the folder is gone at the end, by Ctrl+C and by a supervisor alike."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = python(
        *("-m", "askfirst", "demo", "--empty", "--port", port),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl+C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        assert list(tmp_path.glob("askfirst-demo-*/data/ledger.db"))
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/").status_code == 200
    finally:
        process.send_signal(how)
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert list(tmp_path.glob("askfirst-demo-*")) == []


def test_a_demo_that_is_stopped_while_it_invents_ends_quietly(tmp_path: Path) -> None:
    """It says how far it is without a terminal too; no traceback, and no data left behind."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = python(
        *("-m", "askfirst", "demo", "--visits", 400, "--port", port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=60)
    assert first == "Inventing two weeks of visits: 25 %\n"
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert "The shop" not in rest
    assert list(tmp_path.glob("askfirst-demo-*")) == []


@pytest.mark.parametrize(
    ("words", "visits"),
    [((), [demo.VISITS]), (("--visits", 7), [7]), (("--empty",), [])],
    ids=["unasked", "as many as told", "empty"],
)
def test_the_demo_begins_with_figures_unless_it_is_told_not_to(
    words: tuple[object, ...], visits: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are there before anybody is answered; both at once is no wish."""
    invented: list[int] = []
    served: list[list[int]] = []
    monkeypatch.setattr(demo, "simulate", lambda data, sites, count, **_: invented.append(count))
    monkeypatch.setattr(demo, "run", lambda *_: served.append([*invented]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = run("demo", *words, "--data", tmp_path / "data", "--port", port)
    assert (found.exit_code, served) == (0, [visits]), found.output
    both = run("demo", "--empty", "--visits", 3)
    assert (both.exit_code, "exclude each other" in both.output) == (2, True)


def test_serve_has_the_collectors_face_and_the_dashboard(tmp_path: Path) -> None:
    """`serve` in a process of its own: well, its keys, and the door; nothing is logged."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "askfirst", "serve", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "setup?token=" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/readyz").json()["status"] == "ok"
            assert client.get("/.well-known/askfirst.json").json()["keys"]
            assert client.get("/askfirst/host/sign-in").status_code == 200
            assert client.get("/askfirst/host/").headers["location"] == "/askfirst/host/sign-in"
            assert client.post("/v1/events", json={"v": 1}).status_code in (401, 422, 400)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in rest
    assert "127.0.0.1" not in rest


@pytest.mark.parametrize("is_released", [True, False])
def test_serve_waits_for_a_ledger_that_is_locked(
    data: Path, monkeypatch: pytest.MonkeyPatch, is_released: bool
) -> None:
    """Where another program holds it; one that does not let go is named, with what to do."""
    monkeypatch.setattr(serving, "PATIENCE", 30.0 if is_released else 0.5)
    collector = EmbeddedCollector(data, jobs=False)
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        if is_released:
            attempts: list[Exception] = []
            first = serving.set_up_token

            def attempt(parts: Services) -> str:
                try:
                    return str(first(parts))
                except StoreFault as error:
                    attempts.append(error)
                    holder.rollback()
                    raise

            monkeypatch.setattr(serving, "set_up_token", attempt)
            assert serving._set_up(collector, data)
            assert len(attempts) == 1
        else:
            with pytest.raises(click.ClickException, match=r"SQLITE_BUSY.* then start again"):
                serving._set_up(collector, data)
    collector.close()
