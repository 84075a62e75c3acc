"""Deriving a ledger again: what an export holds, and that no byte can be changed unseen."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import string
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from askfirst.terms.canonical import canonical
from askfirst_collector.catalogue.key_files import Keys
from askfirst_collector.cli import main
from askfirst_collector.config import Folder
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.ledger.check import check_folder
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.notes import NoteRefused, open_note, sign_note, verifier_key
from askfirst_collector.ledger.verify import keys_of, read_folder, verify
from askfirst_collector.services import Services
from askfirst_collector.usecases.evidence import ask_evidence, open_evidence, read_evidence
from askfirst_collector.usecases.members import change_member
from askfirst_collector.usecases.record_consent import record_now
from tests.conftest import ROOT
from tests.support.collectors import HANDLE, Clock, decision, opened, policy
from tests.support.people import admin, member

POLICY = policy("standard")
SCRIPT = ROOT / "docs/verify_ledger.py"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    """A ledger with an answer of a visitor, and an act of a member, both signed."""
    with opened(tmp_path / "data", Clock()) as services:
        services.registry.publish(POLICY)
        record_now(services, decision(POLICY))
        member(services, "olive", "site-owner", "shop")
        change_member(services, admin(services, "ada"), "olive", "reader", ["shop"])
        sign_trees(services, 0)
        yield services


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["ledger", *map(str, arguments)])


def exported(parts: Services, file: Path) -> list[dict[str, Any]]:
    assert run("export", file, "--data", parts.folder.path).exit_code == 0
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_an_export_holds_no_evidence_and_what_is_opened_fits_it(
    parts: Services, tmp_path: Path
) -> None:
    """M17: of an answer the leaf alone; two members open the entry, which proves itself by it."""
    file = tmp_path / "ledger.jsonl"
    lines = exported(parts, file)
    leaf = parts.ledger.history("shop", HANDLE)[0].leaf.hex()
    (line,) = [line for line in lines if line.get("leaf") == leaf]
    assert line.keys() == {"tree", "position", "leaf"}
    assert not [text for text in (HANDLE, "accept_all") if text in file.read_text("utf-8")]
    # It looks like a blank one: how many answered is nobody's to count.
    assert [one.keys() for one in lines if one.get("tree") == "shop"].count(line.keys()) >= 60
    assert {json.loads(one["entry"])["kind"] for one in lines if "entry" in one} == {"admin"}
    assert run("verify", file).exit_code == 0
    command = [sys.executable, str(SCRIPT), str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "shop.example/askfirst/shop 64 sound: shop" in told

    bob, carl = admin(parts, "bob"), admin(parts, "carl")
    id = ask_evidence(parts, bob, leaf)
    open_evidence(parts, carl, id)
    (evidence,) = read_evidence(parts, bob, id)
    assert leaf_hash(bytes.fromhex(evidence["salt"]), canonical(evidence["entry"])).hex() == leaf


def test_a_change_of_an_export_is_named(parts: Services, tmp_path: Path) -> None:
    """M17: by the command, and by another program that has none of its code."""
    file = tmp_path / "ledger.jsonl"
    exported(parts, file)
    command = [sys.executable, str(SCRIPT), str(file)]
    text = file.read_text("utf-8")
    lines = text.splitlines(keepends=True)
    own = next(line for line in lines if '"tree":"shop"' in line and '"leaf"' in line)
    act = next(line for line in lines if '"entry"' in line)
    other = own.replace('"shop"', '"other"', 1)
    changed = act.replace('\\"kind\\"', '\\"kinD\\"', 1)
    assert changed != act
    for wrong, why in (
        (text.replace(act, changed), "is not that of its leaf"),
        (text + other + own, "two places"),
        (text + other + own.replace('"leaf":"', '"leaf":"00'), "has 33 bytes"),
    ):
        file.write_text(wrong, "utf-8")
        assert why in run("verify", file).output
        assert subprocess.run(command, capture_output=True, check=False).returncode
    file.write_text(text + "[]\n", "utf-8")
    assert "line" in run("verify", file).output


def test_any_byte_of_an_export_that_is_changed_is_found(parts: Services, tmp_path: Path) -> None:
    """M17: of keys, checkpoints, signed leaves and acts, whatever it is changed to; and named."""
    file = tmp_path / "ledger.jsonl"
    exported(parts, file)
    data, draw = file.read_bytes(), random.Random(19)
    for at in sorted(draw.sample(range(len(data)), 150)):
        # A bit that makes another letter, other bytes, or no UTF-8 at all.
        changed = data[at] ^ 1 << draw.randrange(8)
        file.write_bytes(data[:at] + bytes([changed]) + data[at + 1 :])
        outcome = run("verify", file)
        assert outcome.exit_code == 1, (at, data[at - 20 : at + 20], changed)
        assert outcome.output
        assert isinstance(outcome.exception, SystemExit), (at, changed)


def test_after_a_rotation_all_of_it_verifies_still(parts: Services, tmp_path: Path) -> None:
    """M17: what an older key signed and what the new one did; by the script of others too."""
    assert CliRunner().invoke(main, ["keys", "rotate", "ledger", *at(parts)]).exit_code == 0
    before = tmp_path / "before.jsonl"
    exported(parts, before)
    with opened(parts.folder.path, Clock()) as anew:
        record_now(anew, decision(POLICY, handle="8" * 64))
        sign_trees(anew, 0)
    after = tmp_path / "after.jsonl"
    lines = exported(parts, after)
    assert sum("checkpoint" in line and line["tree"] == "shop" for line in lines) == 2
    with opened(parts.folder.path, Clock()) as anew:
        record_now(anew, decision(POLICY, handle="9" * 64))
    waiting = tmp_path / "waiting.jsonl"
    exported(parts, waiting)
    # What waits is no leaf of the tree yet, and counts among none of it.
    assert "128 leaves (127 erased or blank), 2 checkpoints" in run("verify", waiting).output
    for file, sizes in ((before, ("64",)), (after, ("64", "128"))):
        assert run("verify", file).exit_code == 0
        command = [sys.executable, str(SCRIPT), str(file)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for size in sizes:
            assert f"shop.example/askfirst/shop {size} sound: shop" in told


def at(parts: Services) -> tuple[str, str]:
    return "--data", str(parts.folder.path)


def test_an_export_that_cannot_be_written_leaves_nothing(parts: Services, tmp_path: Path) -> None:
    """S19: no folder, or no room: a message, no traceback, and no part of a ledger."""
    where = ["--data", str(parts.folder.path)]
    outcome = run("export", tmp_path / "none" / "ledger.jsonl", *where)
    assert (outcome.exit_code, "cannot be written: No such file" in outcome.output) == (1, True)
    file = tmp_path / "ledger.jsonl"
    code = (
        "import resource, sys; from askfirst_collector.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); main()"
    )
    command = [sys.executable, "-c", code, "ledger", "export", str(file), *where]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, "cannot be written: File too large." in ran.stderr) == (1, True)
    assert not file.exists()


@pytest.mark.file
def test_a_checkpoint_that_is_taken_out_is_missed(parts: Services, tmp_path: Path) -> None:
    """M17: of an export and of a folder: what has a position was signed."""
    file = tmp_path / "ledger.jsonl"
    lines = exported(parts, file)
    less = [one for one in lines if "checkpoint" not in one or one["tree"] != "shop"]
    file.write_text("".join(json.dumps(line) + "\n" for line in less), "utf-8")
    with closing(sqlite3.connect(parts.folder.ledger)) as own, own:
        own.execute("DELETE FROM checkpoint WHERE tree = 'shop'")
    for source in ((file,), at(parts)):
        output = run("verify", *source).output
        assert "64 leaves have a position, and no checkpoint was signed of them" in output


def test_a_signature_is_written_in_one_way() -> None:
    """M17: the last letter of it has bits that say nothing, and may be no other one."""
    seed = bytes(32)
    note, key = sign_note("text\n", "shop", seed), verifier_key("shop", seed)
    assert open_note(note, [key]) == "text\n"
    head, last, tail = note[:-3], note[-3], note[-2:]
    assert tail == "=\n"
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    for other in letters.replace(last, ""):
        with pytest.raises(NoteRefused):
            open_note(head + other + tail, [key])


def problems_of(folder: Folder, keys: Keys) -> list[str]:
    """What verifying, and looking through the files, say of a folder."""
    with read_folder(folder) as (_, leaves, signed):
        reports = verify(leaves, replace(signed, keys=keys_of(signed.notes, keys.ledger())))
    trees = [problem for report in reports for problem in report.problems]
    (file,) = (report for report in check_folder(folder) if report.name == "ledger.db")
    return [*trees, *file.problems]


def flipped(value: object) -> Iterator[object]:
    """The value with one byte changed, for each byte of it."""
    if value is None:
        return
    if isinstance(value, int):
        yield from (value ^ 1 << bit for bit in range(0, 32, 8))
        return
    data = value.encode() if isinstance(value, str) else value
    assert isinstance(data, bytes)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        yield changed.decode() if isinstance(value, str) else changed


@pytest.mark.file
@pytest.mark.parametrize("table", ["entry", "checkpoint", "tree_node"])
def test_any_byte_that_is_changed_is_found(parts: Services, tmp_path: Path, table: str) -> None:
    """M17: of an entry, its salt, leaf, place and columns; of a checkpoint; of a stored subtree."""
    copy = Folder(tmp_path / "copy")
    copy.path.mkdir()
    with closing(sqlite3.connect(parts.folder.ledger)) as source:
        source.execute("VACUUM INTO ?", (str(copy.ledger),))
    shutil.copytree(parts.folder.keys, copy.keys)
    keys = Keys(copy.keys, urandom=os.urandom)
    assert problems_of(copy, keys) == []
    where = {"entry": "handle NOT NULL", "checkpoint": "tree = 'shop'", "tree_node": "number = 7"}
    unseen: list[tuple[str, object]] = []
    with closing(sqlite3.connect(copy.ledger, isolation_level=None)) as file:
        for name in ("entry_is_never_deleted", "entry_is_only_erased"):
            file.execute(f"DROP TRIGGER {name}")
        file.row_factory = sqlite3.Row
        row = file.execute(f"SELECT * FROM {table} WHERE {where[table]}").fetchone()
        for name in dict(row):
            for value in flipped(row[name]):
                change = f"UPDATE {table} SET {name} = ? WHERE {name} IS ?"
                with suppress(sqlite3.IntegrityError):  # a place that another one has
                    file.execute(change + f" AND {where[table]}", (value, row[name]))
                if not file.execute("SELECT changes()").fetchone()[0]:
                    continue
                if not problems_of(copy, keys):
                    unseen.append((name, value))
                file.execute(change, (row[name], value))
    assert unseen == []
    assert problems_of(copy, keys) == []
