"""A refuser leaves no trace: two visits by different people are the same visit."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from askfirst.terms.edition import edition_hash
from askfirst.terms.placed import read_placed
from askfirst.terms.policy import read_policy
from tests.conftest import ROOT
from tests.support.programs import python
from tests.system.refuser.visit import ALICE, BOB, Character, Seen, Visit

POLICY = read_policy(ROOT / "tests/system/refuser/policy.toml")
TIDES = read_placed(ROOT / "tests/system/refuser/tides.toml")
EDITION = edition_hash(POLICY, {TIDES.name: TIDES})
# What would betray either of them, wherever it turned up.
TRACES = (b"203.0.113.5", b"db8::b0b", b"alice", b"BobBob", b"bob.example", b"pt-BR", b"1920")


@contextmanager
def served(folder: Path, log: Path, outgoing: Path) -> Iterator[int]:
    """A real server on a real port; stopped cleanly."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ("-m", "tests.system.refuser.site", folder, port, log, outgoing)
    process = python(*words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode in (0, -signal.SIGTERM), errors


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
        else:
            return


def visit(folder: Path, who: Character) -> tuple[list[Seen], bytes, bytes]:
    """The answers, the log and the outgoing connections of one refuser's visit."""
    log, outgoing = folder.with_suffix(".log"), folder.with_suffix(".out")
    with served(folder, log, outgoing) as port:
        seen = Visit(port, who)
        seen.look_around(EDITION)
        seen.send_everything()
        seen.refuse(EDITION)
        seen.look_around(EDITION)
        seen.send_everything()
    # What the operating system chose for the process says nothing about its visitors.
    plain = re.sub(rb"\[\d+\]|:%d\b" % port, b"", log.read_bytes())
    answers = [
        Seen(s.what, s.status, s.headers, s.body.replace(str(port).encode(), b""))
        for s in seen.seen
    ]
    return answers, plain, outgoing.read_bytes() if outgoing.exists() else b""


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder.parent)): path.read_bytes()
        for path in (*sorted(folder.rglob("*")), folder.with_name("data.revocations.log"))
        # In SQLite's shared memory readers queue, as the machine's load would have it.
        if path.is_file() and not path.name.endswith("-shm")
    }


def tables(path: Path) -> list[str]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def visits(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Path, list[Seen], bytes, bytes]]:
    base = tmp_path_factory.mktemp("refusers")
    first = base / "first/data"
    with served(first, base / "first.log", base / "first.out") as port:
        Visit(port, ALICE).ask("GET", "/.well-known/gpc.json")
        Visit(port, ALICE).ask("GET", "/")
    found = {}
    for name, who in (("alice", ALICE), ("bob", BOB)):
        folder = shutil.copytree(first.parent, base / name) / "data"
        found[name] = (folder, *visit(folder, who))
    return found


Visits = dict[str, tuple[Path, list[Seen], bytes, bytes]]


def test_answers_are_equal(visits: Visits) -> None:
    """M43: on every path, on errors too, a refuser is answered what every refuser is answered."""
    alice, bob = visits["alice"][1], visits["bob"][1]
    assert len(alice) == len(bob) > 80
    for one, other in zip(alice, bob, strict=True):
        assert one == other
    assert any(seen.status == 202 for seen in alice)
    assert all(seen.status < 500 for seen in alice if "/broken" not in seen.what)


def test_the_refusal_was_heard(visits: Visits) -> None:
    """The visit did what it claims: it refused, was remembered, and was not asked again."""
    answers = visits["alice"][1]
    pages = [seen for seen in answers if seen.what.startswith("GET / {'Accept'")]
    assert b'value="accept_all"' in pages[0].body
    assert b'value="accept_all"' not in pages[-1].body


def test_a_refuser_is_asked_by_no_collector(visits: Visits) -> None:
    """M43, M49: on its pages too; the word for the page is the same for everybody."""
    answers = visits["alice"][1]
    pages = [seen for seen in answers if seen.what.startswith("GET /tides/ {'Accept'")]
    assert b"Tide counter" in pages[0].body
    assert b"Tide counter" not in pages[-1].body
    words = {dict(seen.headers).get("server-timing") for seen in pages}
    assert len(words) == 1
    assert "tides." in str(words)
    sent = [seen for seen in answers if seen.what.startswith("POST /askfirst/events")]
    told = {reason for seen in sent if seen.status == 202 for reason in _reasons(seen)}
    assert told == {"no-grant"}


def _reasons(seen: Seen) -> set[str]:
    return {each["reason"] for each in json.loads(seen.body)["dropped"]}


def test_files_are_equal(visits: Visits) -> None:
    """M43: nothing that was written depends on who refused."""
    alice, bob = (files(visits[name][0]) for name in ("alice", "bob"))
    assert alice.keys() == bob.keys()
    assert {"data/ledger.db", "data/events.db", "data/salts.db"} <= alice.keys()
    for name in ("ledger.db", "events.db", "salts.db"):
        assert tables(visits["alice"][0] / name) == tables(visits["bob"][0] / name)
    assert [name for name in alice if alice[name] != bob[name]] == []


def test_logs_and_outgoing_requests_are_equal(visits: Visits) -> None:
    """M43: at DEBUG the logs say the same, and nothing was sent anywhere."""
    assert visits["alice"][2] == visits["bob"][2]
    assert visits["alice"][2]
    assert visits["alice"][3] == visits["bob"][3] == b""


def test_no_trace_of_either_is_anywhere(visits: Visits) -> None:
    """M20, M43: no byte about the visitor in any file or log."""
    for folder, _, log, _ in visits.values():
        kept = b"".join(files(folder).values()) + log
        assert [trace for trace in TRACES if trace.lower() in kept.lower()] == []
