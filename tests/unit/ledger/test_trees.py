"""The ledger as trees: signed once a day, proved by leaf, and sound after whatever was erased."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from askfirst_collector.catalogue.activate import move_revision
from askfirst_collector.cli import main
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.ledger import merkle, trees
from askfirst_collector.ledger.notes import (
    NoteRefused,
    open_note,
    read_checkpoint,
    sign_checkpoint,
    verifier_key,
)
from askfirst_collector.ledger.trees import MULTIPLE, prove, prove_growth, sign_tree, signed_size
from askfirst_collector.services import Services
from askfirst_collector.store.database import changing, open_ledger
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.visitor_rights import erase
from tests.conftest import ROOT
from tests.support.collectors import HANDLE, OTHER, Clock, decision, opened, policy

POLICY = policy("standard")
SCRIPT = ROOT / "docs/verify_ledger.py"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    with opened(tmp_path / "data", Clock()) as services:
        services.registry.publish(POLICY)
        yield services


def leaf_of(parts: Services, handle: str = HANDLE) -> bytes:
    return parts.ledger.history("shop", handle)[-1].leaf


def signed(parts: Services) -> list[str]:
    with closing(sqlite3.connect(parts.folder.ledger)) as connection:
        rows = connection.execute("SELECT note FROM checkpoint WHERE tree = 'shop' ORDER BY size")
        return [note for (note,) in rows]


def verify(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["ledger", "verify", *map(str, arguments)])
    return result.exit_code, result.output


def change(ledger: Path, *statements: str) -> None:
    """What somebody does to the file who may write to it."""
    with closing(sqlite3.connect(ledger)) as connection:
        for name in ("entry_is_never_deleted", "entry_is_only_erased"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.file
def test_an_entry_is_proved_by_its_leaf(parts: Services) -> None:
    """M17, M27: once it is signed; a size tells no number of answers, and nobody's is asked for."""
    record_now(parts, decision(POLICY))
    leaf = leaf_of(parts)
    assert prove(parts.engine, leaf) is None
    sign_trees(parts, 0)
    proof = prove(parts.engine, leaf)
    assert proof is not None
    keys = [verifier_key("shop.example/askfirst/shop", seed) for seed in parts.keys.ledger()]
    first = read_checkpoint(open_note(proof.note, keys))
    assert first.size == MULTIPLE
    merkle.check_inclusion(leaf, proof.position, first.size, proof.path, first.root)

    sign_trees(parts, 0)
    assert signed(parts) == [proof.note]  # nothing was added: nothing is signed again
    record_now(parts, decision(POLICY, handle=OTHER))
    assert prove_growth(parts.engine, leaf_of(parts, OTHER), first.size) is None  # not signed yet
    sign_trees(parts, 0)
    assert prove_growth(parts.engine, leaf_of(parts, OTHER), first.size) is not None
    growth = prove_growth(parts.engine, leaf, first.size)
    assert growth is not None
    second = read_checkpoint(open_note(growth[0], keys))
    assert second.size == 2 * MULTIPLE
    arguments = (first.size, second.size, growth[1], first.root, second.root)
    merkle.check_consistency(*arguments)
    assert prove_growth(parts.engine, leaf, first.size - 1) is None
    assert prove(parts.engine, b"x" * 32) is prove_growth(parts.engine, b"x" * 32, 64) is None


@pytest.mark.file
def test_a_leaf_is_looked_up_and_never_searched(parts: Services) -> None:
    """S19: whoever asks for leaves that nobody has costs no more than who has one."""
    queries: list[str] = []
    event.listen(parts.engine, "before_cursor_execute", lambda *told: queries.append(told[2]))
    prove(parts.engine, b"x" * 32)
    with closing(sqlite3.connect(parts.folder.ledger)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {queries[-1]}", (b"x", 1, 0)).fetchall()
    assert "USING INDEX entry_by_leaf" in plan[0][3]


@pytest.mark.file
def test_what_is_erased_leaves_a_tree_that_is_sound(parts: Services, tmp_path: Path) -> None:
    """M28, M29: entry and salt go, the leaf and its place stay; so says another program too."""
    record_now(parts, decision(POLICY))
    record_now(parts, decision(POLICY, handle=OTHER))
    leaf = leaf_of(parts)
    sign_trees(parts, 0)
    kept = tmp_path / "kept.note"
    kept.write_text(signed(parts)[0], "utf-8")
    erase(parts, "shop", HANDLE)
    sign_trees(parts, 0)
    assert prove(parts.engine, leaf) is not None

    data = parts.folder.ledger.parent
    code, output = verify("--data", data, "--from", kept)
    assert code == 0, output
    assert "shop  sound, 128 leaves" in output
    file = tmp_path / "ledger.jsonl"
    written = CliRunner().invoke(main, ["ledger", "export", str(file), "--data", str(data)])
    assert written.exit_code == 0, written.output
    assert HANDLE not in file.read_text("utf-8")
    assert verify(file, "--from", kept)[0] == 0
    command = [sys.executable, str(SCRIPT), str(file), str(kept)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "shop.example/askfirst/shop 64 sound: shop" in run.stdout


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "UPDATE entry SET body = CAST(substr(body, 1, 40) || substr(body, 42) AS BLOB)"
            " WHERE body IS NOT NULL",
            "not that of its",
        ),
        ("UPDATE entry SET salt = zeroblob(32) WHERE salt IS NOT NULL", "not that of its leaf"),
        ("UPDATE entry SET leaf = zeroblob(32) WHERE tree = 'shop' AND position = 9", "root"),
        ("DELETE FROM entry WHERE tree = 'shop' AND position = 9", "is followed by 10"),
        ("DELETE FROM entry WHERE tree = 'shop' AND position > 9", "64 leaves were signed"),
        ("UPDATE checkpoint SET note = replace(note, char(10) || '64', char(10) || '63')", "key"),
        ("UPDATE checkpoint SET note = 'x'", "no signed note"),
        ("UPDATE checkpoint SET size = 128 WHERE tree = 'shop'", "128 leaves are not what its"),
        ("UPDATE checkpoint SET root = zeroblob(32)", "not what its note says"),
        ("UPDATE checkpoint SET origin = 'tides'", "not what its note says"),
        ("UPDATE tree_node SET hash = zeroblob(32) WHERE number = 7", "leaves 0 to 7 is not"),
        ("DELETE FROM tree_node WHERE number = 1", "leaves 0 to 1 is not"),
        (
            "UPDATE entry SET leaf = CASE position WHEN 8 THEN leaf || (SELECT substr(leaf, 1, 1) "
            "FROM entry AS other WHERE other.tree = 'shop' AND other.position = 9) "
            "WHEN 9 THEN substr(leaf, 2) ELSE leaf END WHERE tree = 'shop'",
            "the leaf at 8 has 33 bytes",
        ),
        (
            "UPDATE entry SET leaf = CASE position WHEN 8 THEN (SELECT leaf FROM entry AS other "
            "WHERE other.tree = 'shop' AND other.position = 9) ELSE leaf END WHERE tree = 'shop'",
            "another root",
        ),
    ],
)
@pytest.mark.file
def test_whatever_is_changed_is_named(
    parts: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture, statement: str, why: str
) -> None:
    """M17: a byte of an entry, a salt, a leaf, the order, the end of a tree, a checkpoint."""
    record_now(parts, decision(POLICY))
    sign_trees(parts, 0)
    copy = tmp_path / "copy"
    copy.mkdir()
    with closing(sqlite3.connect(parts.folder.ledger)) as source:
        source.execute("VACUUM INTO ?", (str(copy / "ledger.db"),))
    shutil.copytree(parts.folder.keys, copy / "keys")
    assert verify("--data", copy)[0] == 0
    change(copy / "ledger.db", statement)
    code, output = verify("--data", copy)
    assert code == 1
    assert why in output, output


@pytest.mark.file
def test_nothing_is_signed_that_contradicts_what_was(
    parts: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M17: a tree that was changed gets no further checkpoint, and whoever runs it is told."""
    record_now(parts, decision(POLICY))
    sign_trees(parts, 0)
    (note,) = signed(parts)
    change(parts.folder.ledger, "UPDATE entry SET leaf = zeroblob(32) WHERE position = 9")
    record_now(parts, decision(POLICY, handle=OTHER))
    with caplog.at_level(logging.ERROR):
        sign_trees(parts, 0)
    assert "askfirst.E116" in caplog.text
    assert signed(parts) == [note]


@pytest.mark.file
def test_a_place_tells_nobody_when_others_answered(parts: Services) -> None:
    """M27: places are drawn when they are signed; nothing else of an entry changes by it."""
    handles = [f"{number:064x}" for number in range(40)]
    for handle in handles:
        record_now(parts, decision(POLICY, handle=handle))
    with closing(sqlite3.connect(parts.folder.ledger)) as connection:
        for more in ("hour = hour + 1", "site = 'tides'", "handle = NULL", "salt = zeroblob(32)"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                connection.execute(f"UPDATE entry SET position = 0, {more} WHERE body NOT NULL")
    assert "41 to be signed" in verify("--data", parts.folder.ledger.parent)[1]
    sign_trees(parts, 0)
    proofs = [prove(parts.engine, leaf_of(parts, handle)) for handle in handles]
    positions = [proof.position for proof in proofs if proof is not None]
    assert len(set(positions)) == len(handles)
    assert positions != sorted(positions)
    code, output = verify("--data", parts.folder.ledger.parent)
    assert (code, "shop  sound, 64 leaves" in output) == (0, True), output


def test_an_erasure_while_it_is_signed(parts: Services) -> None:
    """M28: it waits for the checkpoint, and the tree is sound before and after it."""
    record_now(parts, decision(POLICY))
    leaf = leaf_of(parts)
    with ThreadPoolExecutor(1) as pool:
        erasures: list[Future[None]] = []

        def urandom(length: int) -> bytes:
            if not erasures:
                erasures.append(pool.submit(erase, parts, "shop", HANDLE))
            return os.urandom(length)

        seed = parts.keys.ledger()[-1]
        assert sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=urandom)
        erasures[0].result()
    assert parts.ledger.history("shop", HANDLE) == ()
    sign_trees(parts, 0)
    assert prove(parts.engine, leaf) is not None
    assert verify("--data", parts.folder.ledger.parent)[0] == 0


@pytest.mark.file
def test_many_are_signed_in_slices_and_the_rest_after_a_cut(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M17: each slice is a checkpoint that the next one continues, and all of it is sound."""
    monkeypatch.setattr(trees, "SLICE", MULTIPLE)
    answers = 3 * MULTIPLE + 5
    for number in range(answers):
        record_now(parts, decision(POLICY, handle=f"{number:064x}"))
    seed = parts.keys.ledger()[-1]
    first_slice = trees._sign
    calls: list[int] = []

    def cut_off(*arguments: Any, **options: Any) -> Any:
        calls.append(len(arguments[3]))
        if len(calls) > 1:
            raise KeyboardInterrupt
        return first_slice(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(trees, "_sign", cut_off)
        with pytest.raises(KeyboardInterrupt):
            sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=os.urandom)
    assert calls == [MULTIPLE, MULTIPLE]  # of three, the last of which takes five more
    record_now(parts, decision(POLICY, handle="f" * 64))
    assert sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=os.urandom)
    sizes = [read_checkpoint(note.rpartition("\n\n")[0] + "\n").size for note in signed(parts)]
    assert sizes == [MULTIPLE, 2 * MULTIPLE, 4 * MULTIPLE]
    for number in (0, answers - 1):
        leaf = leaf_of(parts, f"{number:064x}")
        assert prove(parts.engine, leaf) is not None
        assert prove_growth(parts.engine, leaf, MULTIPLE) is not None
    assert verify("--data", parts.folder.ledger.parent)[0] == 0
    assert sign_tree(parts.engine, "shop", origin="shop", seed=seed, urandom=os.urandom) is None


@pytest.mark.file
def test_a_site_that_cannot_be_read_holds_no_other_up(parts: Services) -> None:
    """M33: its tree waits until it can be; all others are signed."""
    arcade = policy("standard", site="arcade", origins=["https://arcade.example"])
    parts.registry.publish(arcade)
    record_now(parts, replace(decision(arcade), site="arcade"))
    record_now(parts, decision(POLICY))
    with changing(parts.engine) as connection:
        damage = "UPDATE edition SET document = '{}' WHERE site = 'arcade'"
        connection.exec_driver_sql(damage)
        move_revision(connection)
    sign_trees(parts, 0)
    assert signed(parts)


@pytest.mark.file
def test_a_checkpoint_that_was_kept_shows_another_ledger(parts: Services, tmp_path: Path) -> None:
    """M17: whoever has the key could sign anew; who kept a checkpoint sees it."""
    record_now(parts, decision(POLICY))
    sign_trees(parts, 0)
    seed = parts.keys.ledger()[-1]
    real = read_checkpoint(signed(parts)[0].rpartition("\n\n")[0] + "\n")
    for origin, why in ((real.origin, "another root"), ("tides.example", "no tree is called")):
        kept = tmp_path / "kept.note"
        other = type(real)(origin, real.size, b"o" * 32)
        kept.write_text(sign_checkpoint(other, seed), "utf-8")
        key = verifier_key(origin, seed)
        keys = ["--key", key, "--key", verifier_key(real.origin, seed)]
        code, output = verify("--data", parts.folder.ledger.parent, "--from", kept, *keys)
        assert (code, why in output) == (1, True), output
    kept.write_text(signed(parts)[0].replace("64", "65"), "utf-8")
    assert "proves nothing" in verify("--data", parts.folder.ledger.parent, "--from", kept)[1]


def test_what_was_there_before_is_one_sealed_tree(tmp_path: Path) -> None:
    """Entries of an older folder keep their order in a tree of their own, and go on being found."""
    ledger = tmp_path / "ledger.db"
    dump = ROOT / "tests/unit/ledger/before-two-details.sql"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.executescript(dump.read_text("utf-8"))
        before = connection.execute("SELECT idx, leaf FROM entry ORDER BY idx").fetchall()
    assert before
    open_ledger(ledger).dispose()
    with closing(sqlite3.connect(ledger)) as connection:
        query = "SELECT position, leaf FROM entry WHERE tree = '@before' ORDER BY position"
        assert connection.execute(query).fetchall() == before
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute("UPDATE entry SET position = position + 1000")


@pytest.mark.file
def test_what_was_there_before_is_signed_in_parts(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M17: others have the ledger between, and what a cut leaves is a tree that goes on."""
    monkeypatch.setattr(trees, "SEALED", MULTIPLE)
    answers = 3 * MULTIPLE + 5
    for number in range(answers):
        record_now(parts, decision(POLICY, handle=f"{number:064x}"))
    change(
        parts.folder.ledger,
        "UPDATE entry SET tree = '@before', position = idx - (SELECT MIN(idx) FROM entry WHERE"
        " handle NOT NULL) WHERE handle NOT NULL",
    )
    seed = parts.keys.ledger()[-1]
    sign = partial(sign_tree, parts.engine, "@before", origin="a", seed=seed, urandom=os.urandom)
    pauses: list[int] = []

    def another_writer(_: float) -> None:
        record_now(parts, decision(POLICY, handle=f"{len(pauses):a>64}"))
        pauses.append(signed_size(parts.engine, "@before"))
        if len(pauses) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trees.time, "sleep", another_writer)
        with pytest.raises(KeyboardInterrupt):
            sign()
        assert pauses == [MULTIPLE, 2 * MULTIPLE]
        assert sign()
    assert pauses[2:] == [3 * MULTIPLE]
    assert signed_size(parts.engine, "@before") == answers
    for number in (0, answers - 1):
        leaf = leaf_of(parts, f"{number:064x}")
        proof = prove(parts.engine, leaf)
        assert proof is not None
        assert proof.position == number
        assert prove_growth(parts.engine, leaf, MULTIPLE) is not None
    assert verify("--data", parts.folder.ledger.parent)[0] == 0
    assert sign() is None


def test_notes_are_those_of_others(corpus: Path) -> None:
    """The example of the C2SP specification is signed by its key, and by no other text's."""
    example = json.loads((corpus / "merkle/signed-note-example.json").read_text("utf-8"))
    text = open_note(example["note"], [example["vkey"]])
    assert text == "This is an example message.\n"
    for wrong in (example["note"].replace("example message", "other message"), "", "a\n\nb\n"):
        with pytest.raises(NoteRefused):
            open_note(wrong, [example["vkey"]])
    with pytest.raises(NoteRefused):
        open_note(example["note"], ["example.com/foo+530d903a+AekyeRrm"])
    for text in ("", "a\nb\nc\n", "a\n-1\n\n", "a\n01\nAAAA\n", f"a\n{'9' * 30}\nAAAA\n"):
        with pytest.raises(NoteRefused):
            read_checkpoint(text)
