"""Every command beside every kind of server: no lock is lost, and nothing acknowledged."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from askfirst.gate.receipt import handle_of
from askfirst.http.cookie_header import RECEIPT
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.cli import main
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from tests.conftest import ROOT
from tests.support.commands import commands
from tests.support.site_keys import new_site_key
from tests.system.frameworks.visitor import Visitor
from tests.system.serving import PATIENCE, Server, call, removed, run_commands, served, unlocked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="locks are read from /proc")

SITE = "slackwater"  # of the demo, and of the others here
OTHER = "gazette"  # of policy.example.toml
PLACED = "gale-survey"
OWNER = "wind"
RECIPIENT = "age1d3jknlyql9ptz9lhnmgljyfj9q7lrspekqcdcrgxqqy6n9y9d9usux04nm"  # of age
DATA = "--data"

# What is run beside a server, in this order; {data} is its folder, {files} has the documents.
ROWS: dict[tuple[str, ...], list[str]] = {
    ("site", "list"): ["--data", "{data}"],
    ("site", "add"): ["{files}/other.toml", "--data", "{data}"],
    ("site", "key"): [OTHER, "--data", "{data}", "--revoke"],
    ("site", "keys"): [OTHER, "--data", "{data}"],
    ("site", "record"): [OTHER, "--data", "{data}"],
    ("site", "assessment"): [OTHER, "--data", "{data}"],
    ("site", "limit"): [OTHER, "1000", "--data", "{data}"],
    ("site", "review"): [OTHER, "statistics", "--data", "{data}"],
    ("export",): [OTHER, "--rows", "{files}/rows.jsonl", "--data", "{data}"],
    ("purge",): ["--data", "{data}"],
    ("request", "add"): [OTHER, "complaint", "--contact", "Anna", "--data", "{data}"],
    ("request", "list"): ["--data", "{data}"],
    ("request", "extend"): ["1", "--data", "{data}"],
    ("request", "close"): ["1", "refused", "--data", "{data}"],
    ("figures", "import"): ["matomo", "{files}/days.csv", "--site", OTHER, "--data", "{data}"],
    ("figures", "list"): ["--site", OTHER, "--data", "{data}"],
    ("figures", "remove"): ["matomo", "--site", OTHER, "--data", "{data}"],
    ("policy", "publish"): ["{files}/other.toml", "--data", "{data}"],
    ("policy", "unschedule"): [OTHER, "--data", "{data}"],
    ("collector", "add"): ["{files}/wind.toml", "--data", "{data}", "--owner", OWNER],
    ("collector", "list"): ["--data", "{data}"],
    ("collector", "state"): [SITE, PLACED, "active", "--data", "{data}"],
    ("collector", "key"): [SITE, PLACED, "--data", "{data}"],
    ("webhook", "set"): ["https://hooks.example/askfirst", "--data", "{data}"],
    ("webhook", "show"): ["--data", "{data}"],
    ("webhook", "test"): ["--data", "{data}"],
    ("webhook", "remove"): ["--data", "{data}"],
    ("transfer", "add"): [
        *(OTHER, "statistics", "Harbour Hosting", "https://hooks.example/in"),
        *("--data", "{data}"),
    ],
    ("transfer", "list"): [OTHER, "--data", "{data}"],
    ("transfer", "remove"): [OTHER, "statistics", "Harbour Hosting", "--data", "{data}"],
    ("user", "export"): [OTHER, "mira", "--data", "{data}"],
    ("user", "erase"): [OTHER, "mira", "--data", "{data}"],
    ("host", "link"): ["--data", "{data}"],
    ("host", "show"): ["--data", "{data}"],
    ("host", "set"): ["{files}/host.toml", "--data", "{data}"],
    ("close",): ["--data", "{data}"],
    ("migrate",): ["--data", "{data}"],
    ("snippet",): [
        *(OTHER, "--collector", "https://stats.example", "--out", "{files}/public"),
        *("--data", "{data}"),
    ],
    ("keys", "rotate"): ["receipts", "--data", "{data}"],
    ("backup",): ["{files}/copy.age", "--data", "{data}", "--recipient", RECIPIENT],
    ("ledger", "check"): ["--data", "{data}"],
    ("ledger", "verify"): ["--data", "{data}"],
    ("ledger", "export"): ["{files}/ledger.jsonl", "--data", "{data}"],
    ("site", "retire"): [OTHER, "--data", "{data}", "--yes"],
    ("site", "remove"): [OTHER, "--data", "{data}", "--export", "{data}-export", "--yes"],
}
# Servers themselves, which are started beside the other.
SERVERS = {("serve",), ("demo",)}
# Refused beside a server (tests/system/adversary/test_backups.py); or they need what only a test of
# their own knows: a visitor's file, the name of a key.
ALONE = {
    ("restore",),
    ("move",),
    ("request", "identify"),
    ("keys", "signed"),
    # Of folders that share a ledger: tests/system/machines.
    *(("machine", "list"), ("machine", "lost")),
}


def with_data() -> set[tuple[str, ...]]:
    """Every command that takes a data folder."""
    return {
        words
        for words, command in commands(main)
        if any(DATA in option.opts for option in command.params)
    }


@dataclass
class Load(threading.Thread):
    """Grants, one after another, of which every third is withdrawn; what was acknowledged."""

    server: Server
    key: str
    ended: threading.Event = field(default_factory=threading.Event)
    granted: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    failures: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            try:
                handle, withdraw = self.by_form() if not self.key else self.by_relay(number)
                self.granted.add(handle)
                if number % 3 == 0 and withdraw():
                    self.granted.discard(handle)
                    self.withdrawn.add(handle)
            except Exception as error:
                self.failures.append(error)
                return
            self.ended.wait(0.05)

    def by_relay(self, number: int) -> tuple[str, object]:
        """A grant under the site's key, and its withdrawal."""
        url, headers = f"http://127.0.0.1:{self.server.port}", {}
        headers["Authorization"] = f"Bearer {self.key}"
        handle = hashlib.sha256(b"%d" % number).hexdigest()
        body = {"v": 2, "site": SITE, "lang": "en", "adult": True, "handle": handle}
        while True:
            _, terms = call(f"{url}/v1/terms", headers=headers)
            body |= {"edition": terms["editions"][-1]["hash"], "method": "accept_all"}
            status, answer = call(f"{url}/v1/consents", body, headers)
            # 409: a command has just published another edition.
            if status != 409:
                break
        assert answer.get("decision") == "granted", answer

        def withdraw() -> bool:
            of = {**headers, "Askfirst-Handle": handle}
            status, answer = call(f"{url}/v1/rights/withdraw", {}, of)
            assert status == 200, answer
            return True

        return handle, withdraw

    def by_form(self) -> tuple[str, object]:
        """The same of a visitor of the demo's shop."""
        visitor = Visitor(self.server.port)
        # As above: it is asked again.
        while (answer := visitor.answer("accept_all")).status == 409:
            continue
        assert answer.status == 303
        handle = str(handle_of(visitor.jar[RECEIPT.decode()].encode()))

        def withdraw() -> bool:
            assert visitor.press(visitor.get("/"), "withdraw").status == 303
            return True

        return handle, withdraw


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """The files that the commands read."""
    folder = tmp_path / "files"
    folder.mkdir()
    other = {**read_policy(ROOT / "policy.example.toml").document, "site": OTHER}
    (folder / "other.toml").write_text(as_toml(other), "utf-8")
    counted = f"{date.today() - timedelta(days=9)},90,200"  # noqa: DTZ011 - days ago, anywhere
    (folder / "days.csv").write_text(f"date,nb_uniq_visitors,nb_pageviews\n{counted}\n")
    placed = files("askfirst_collector").joinpath("demo", "wind.toml").read_text("utf-8")
    (folder / "wind.toml").write_text(placed.replace("wind-survey", PLACED), "utf-8")
    host_policy = dict(shipped("host-default").document)
    host_policy["controller"] = {**host_policy["controller"], "name": "Another Host"}
    (folder / "host.toml").write_text(as_toml(host_policy), "utf-8")
    return folder


def prepare(folder: Path) -> str:
    """The demo's shop without the demo; the key of its relay."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    demo = files("askfirst_collector").joinpath("demo", "policy.toml").read_text("utf-8")
    (folder.parent / "policy.toml").write_text(demo, "utf-8")
    parts.registry.publish(read_policy(folder.parent / "policy.toml"))
    key = new_site_key(parts.engine, SITE, urandom=os.urandom)
    close_services(parts)
    return key


def add_member(folder: Path) -> None:
    """Somebody whose collector it is."""
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    assert (
        set_up_admin(
            parts, create_set_up_link(parts, ON_THE_MACHINE), OWNER, "a long enough pass phrase"
        )
        is not None
    )
    close_services(parts)


def wait_for(load: Load, count: int) -> None:
    """Until so many more grants are acknowledged."""
    wanted = len(load.granted) + count
    until = time.monotonic() + PATIENCE
    while len(load.granted) < wanted:
        assert load.is_alive(), load.failures
        assert time.monotonic() < until
        time.sleep(0.01)


def test_every_command_that_takes_a_folder_has_a_row() -> None:
    """A new command is run beside the servers, or is missed here."""
    assert with_data() == set(ROWS) | SERVERS | ALONE


@pytest.mark.parametrize("kind", ["serve", "demo", "embedded"])
def test_commands_beside_a_server_lose_nothing(kind: str, tmp_path: Path, documents: Path) -> None:
    """M12: under load, every command beside it; killed, all that was acknowledged is there."""
    folder = tmp_path / "data"
    key = "" if kind == "demo" else prepare(folder)
    with served(kind, folder) as server:
        load = Load(server, key)
        load.start()
        wait_for(load, 3)
        assert (unlocked(server.pid, folder), removed(server.pid, folder)) == ([], [])
        add_member(folder)
        lines = [
            [*name, *(word.format(data=folder, files=documents) for word in words)]
            for name, words in ROWS.items()
        ]
        for line, (code, output) in zip(lines, run_commands(lines), strict=True):
            assert code == 0, (line, output)
        if key:
            # What a command published governs within five seconds.
            host_policy = read_policy(documents / "host.toml", kind="host").hash
            until = time.monotonic() + 5
            url, headers = f"http://127.0.0.1:{server.port}", {"Authorization": f"Bearer {key}"}
            while call(f"{url}/v1/terms", headers=headers)[1]["host"] != host_policy:
                assert time.monotonic() < until
            assert call(f"{url}/readyz")[1]["status"] == "ok"
        if kind == "serve":
            for beside in SERVERS:
                with served(*beside, folder):
                    wait_for(load, 1)
        wait_for(load, 3)
        assert (unlocked(server.pid, folder), removed(server.pid, folder)) == ([], [])
        load.ended.set()
        load.join(PATIENCE)
        server.kill()
        server.start()
        server.stop()
    assert load.failures == []
    assert load.withdrawn
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    for handle in load.granted | load.withdrawn:
        standing = parts.ledger.consent_status(SITE, handle)
        assert standing is not None
        assert standing.alive is (handle in load.granted)
    close_services(parts)
