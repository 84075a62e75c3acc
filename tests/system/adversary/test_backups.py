"""Backups: what is copied, who can open it, and what a restore cannot bring back."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import anyio
import pyrage
import pytest
from click.testing import CliRunner

from askfirst.spool.files import lock
from askfirst_collector.cli import main
from askfirst_collector.config import Folder
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.ledger.changes import changes
from askfirst_collector.ledger.notes import read_checkpoint
from askfirst_collector.ledger.trees import newest_checkpoint
from askfirst_collector.runtime.backup import open_sealed
from askfirst_collector.runtime.restore import restore
from askfirst_collector.store.database import reading
from askfirst_collector.usecases.retention import purge
from tests.support.whole import FIREFOX, Visitor, view
from tests.system.adversary.test_restores import LOG, Site, rows
from tests.system.adversary.world import site_policy

pytestmark = pytest.mark.anyio
KEY = pyrage.x25519.Identity.generate()
OTHER = pyrage.x25519.Identity.generate()
RECIPIENT = ("--recipient", str(KEY.to_public()))


def run(*words: object, clock: Callable[[], float] = time.time) -> tuple[int, str]:
    """A command: its code, and all that it says."""
    with mock.patch("time.time", clock):
        ran = CliRunner().invoke(main, [str(word) for word in words])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.exit_code, ran.output


def identity(base: Path, key: pyrage.x25519.Identity = KEY) -> Path:
    file = base / "identity.txt"
    file.write_text(f"# an age identity\n{key}\n", "utf-8")
    return file


def opened(file: Path) -> tarfile.TarFile:
    """What is in a sealed file, by what its docstring says."""
    return tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(file.read_bytes(), [KEY])))


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


async def begun(base: Path, people: int = 3) -> tuple[Site, list[Visitor]]:
    site = Site(base, site_policy("standard"))
    await site.world.open()
    visitors = [Visitor(f"81.2.{64 + number}.69", FIREFOX) for number in range(people)]
    for visitor in visitors:
        await site.world.answer(visitor, {"statistics": 2, "marketing": 2})
        await site.world.send(visitor, view("/a"), view("/b", "marketing"))
    return site, visitors


async def test_a_backup_brings_back_what_was_not_taken_back(tmp_path: Path) -> None:
    """M48: made beside a running collector; who withdrew or erased since stays gone."""
    site, (stays, withdraws, erases) = await begun(tmp_path)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    newest, *_ = changes(site.world.collector.parts().engine, 1)
    assert (newest.action, newest.target) == ("backup.make", "monday.age")
    await site.world.answer(Visitor(jar=dict(withdraws.jar)), {}, "withdraw")
    before = rows(site)
    forgotten = Visitor(jar=dict(erases.jar))
    assert (await site.world.post(forgotten, "/askfirst/rights/erase", {})).status < 300
    erased = {*before} - {*rows(site)}
    assert erased
    words = ("restore", file, "--data", site.folder, "--identity", identity(tmp_path))
    code, output = run(*words)
    assert code == 1
    assert "is in use: stop every process" in output
    await site.world.aclose()
    replaced = (site.folder / "ledger.db").read_bytes()

    code, output = run(*words, clock=site.world.clock)
    assert code == 0, output
    assert "The folder is sound: start the collector." in output
    (aside,) = site.folder.glob("replaced-*")
    assert aside.name in output.replace("\n", "")
    assert (aside / "ledger.db").read_bytes()[100:] == replaced[100:], "but for its header"
    await site.start()
    assert not site.status(stays).ended
    assert site.status(withdraws).ended
    assert site.status(erases) is None
    assert await site.stores(stays, "marketing")
    assert not erased & {*rows(site)}
    actions = {change.action for change in changes(site.world.collector.parts().engine, 99)}
    assert {"backup.restore", "ledger.restore"} <= actions
    await site.world.aclose()


async def test_it_holds_two_databases_and_nothing_that_makes_pseudonyms(tmp_path: Path) -> None:
    """M48: no salt, no spool, no key, no log; sealed, and nothing of it is left in the clear."""
    site, (visitor, *_) = await begun(tmp_path)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    with opened(file) as tar:
        assert tar.getnames() == ["manifest.json", "signature", "events.db", "ledger.db"]
        manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert manifest["format"] == 1
    assert file.stat().st_mode & 0o777 == 0o600
    data = file.read_bytes()
    assert b"SQLite format" not in data
    assert b"statistics" not in data
    assert list(site.folder.glob(".copy-*")) == []
    code, output = run("backup", file, "--data", site.folder, *RECIPIENT)
    assert (code, file.read_bytes() == data) == (1, True)
    assert "is there already" in output
    assert visitor.secret not in data
    await site.world.aclose()


async def test_a_restore_that_ends_half_way_leaves_databases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50: the next start finds what was there; without a database it would begin an empty one."""
    site, (visitor, *_) = await begun(tmp_path)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    await site.world.aclose()
    before = (site.folder / "ledger.db").read_bytes()
    replace = Path.replace

    def broken(path: Path, target: Path) -> Path:
        if path.parent.name.startswith(".copy-"):
            raise OSError("the machine ends here")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", broken)
    opens = open_sealed(file, identity(tmp_path), None)
    with pytest.raises(OSError, match="ends here"):
        restore(Folder(site.folder), opens, now=site.world.clock())
    monkeypatch.undo()
    assert (site.folder / "ledger.db").read_bytes()[100:] == before[100:]
    await site.start()
    assert not site.status(visitor).ended
    await site.world.aclose()


async def test_what_was_not_backed_up_is_in_no_audit(tmp_path: Path) -> None:
    """A file that is there, and a recipient that is none."""
    site, _ = await begun(tmp_path, 1)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, "--recipient", "ada")[0] == 1
    file.write_text("mine", "utf-8")
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 1
    assert run("backup", file, "--data", site.folder, "--keys", *RECIPIENT)[0] == 1
    assert file.read_text("utf-8") == "mine"
    actions = {change.action for change in changes(site.world.collector.parts().engine, 99)}
    assert not {"backup.make", "backup.keys"} & actions
    await site.world.aclose()


async def test_keys_are_apart_and_none_is_replaced(tmp_path: Path) -> None:
    """Those of cookies, receipts, checkpoints, sessions; put back where there are none alone."""
    site, _ = await begun(tmp_path, 1)
    await site.world.aclose()
    file = tmp_path / "keys.age"
    assert run("backup", file, "--data", site.folder, "--keys", *RECIPIENT)[0] == 0
    words = ("--data", site.folder, "--identity", identity(tmp_path))
    code, output = run("restore", file, *words, "--keys")
    assert (code, "holds keys" in output) == (1, True)
    before = bytes_below(site.folder / "keys")
    shutil.rmtree(site.folder / "keys")
    assert run("restore", file, *words, "--keys")[0] == 0
    assert bytes_below(site.folder / "keys") == before
    assert {"receipts.keys", "site-shop.keys"} <= before.keys()
    code, output = run("restore", file, *words)
    assert (code, "this is no backup" in output or "in no backup" in output) == (1, True)


async def test_a_passphrase_opens_it_with_the_identity_beside_it(tmp_path: Path) -> None:
    site, _ = await begun(tmp_path, 1)
    await site.world.aclose()
    file, words = tmp_path / "monday.age", tmp_path / "words"
    words.write_text("short\n", "utf-8")
    command = ("backup", file, "--data", site.folder, "--passphrase-file", words)
    code, output = run(*command)
    assert (code, "12 characters or more" in output, file.exists()) == (1, True, False)
    words.write_text("six otters at noon\n", "utf-8")
    assert run(*command)[0] == 0
    beside = tmp_path / "monday.age.identity"
    restore = ("restore", file, "--data", site.folder, "--identity", beside, "--passphrase-file")
    other = tmp_path / "other"
    other.write_text("seven otters at noon", "utf-8")
    code, output = run(*restore, other)
    assert (code, "the passphrase does not open" in output) == (1, True)
    assert run(*restore, words)[0] == 0


async def test_a_disk_that_is_full_leaves_neither_half_a_backup_nor_its_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S19: it says so; the next one may have the same name, and an identity of before stays."""
    site, _ = await begun(tmp_path, 1)
    (words := tmp_path / "words").write_text("correct horse battery staple\n", "utf-8")
    file = tmp_path / "monday.age"
    make = ("backup", file, "--data", site.folder, "--passphrase-file", words)
    sync = os.fsync

    def full(kind: str) -> Callable[[int], None]:
        """The first time: what takes a copy away writes over what is there, and needs no room."""
        faults = iter([OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))])

        def fsync(number: int) -> None:
            if kind in str(Path(f"/proc/self/fd/{number}").readlink()):
                for fault in faults:
                    raise fault
            sync(number)

        return fsync

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full(".age"))
        code, output = run(*make)
    assert (code, "cannot be written (No space left on device)" in output) == (1, True), output
    assert not [name for name in bytes_below(tmp_path) if name.startswith("monday")]
    assert run(*make)[0] == 0
    made = bytes_below(tmp_path)["monday.age.identity"]
    assert "is there already" in run(*make)[1]
    assert bytes_below(tmp_path)["monday.age.identity"] == made
    await site.world.aclose()
    before = bytes_below(site.folder)
    back = ("restore", file, "--data", site.folder, "--identity", f"{file}.identity")
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full("/.copy-"))
        code, output = run(*back, "--passphrase-file", words)
    # Not that the identity does not open it: what is unsealed has nowhere to go.
    assert (code, "could not be unpacked (No space left on device)" in output) == (1, True), output
    assert bytes_below(site.folder) == before


async def test_without_its_log_every_grant_ends(tmp_path: Path) -> None:
    """M48: refused, and where it is said to be lost nobody's grant comes back, nor a linked row."""
    site, (visitor, *_) = await begun(tmp_path)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    await site.world.aclose()
    words = ("restore", file, "--data", site.folder, "--identity", identity(tmp_path))
    code, output = run(*words, "--without-revocations")
    assert (code, "is there: leave" in output) == (1, True)
    (tmp_path / LOG).unlink()
    before = bytes_below(site.folder)
    code, output = run(*words)
    assert (code, "nobody can tell who withdrew" in output) == (1, True)
    assert bytes_below(site.folder) == before
    code, output = run(*words, "--without-revocations")
    assert code == 0, output
    await site.start()
    assert site.status(visitor).ended
    assert rows(site) == []
    await site.world.aclose()


async def test_on_a_new_machine(tmp_path: Path) -> None:
    """The disk is gone, the log was on another: grants go on, linked rows go with their salts."""
    site, (visitor, *_) = await begun(tmp_path)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    await site.world.aclose()
    shutil.rmtree(site.folder)
    log = (tmp_path / LOG).rename(tmp_path / "kept.log")
    words = ("restore", file, "--data", site.folder, "--revocations", log, "--identity")
    code, _ = run(*words, identity(tmp_path, OTHER))
    assert (code, bytes_below(site.folder)) == (1, {})
    code, output = run(*words, identity(tmp_path))
    assert code == 0, output
    await site.start()
    assert not site.status(visitor).ended
    assert rows(site) == []
    await site.world.aclose()


async def test_a_copy_of_a_backup_that_was_killed_is_destroyed(tmp_path: Path) -> None:
    """M48: no erasure reaches it, so it goes within the hour; one that is being made stays."""
    site, _ = await begun(tmp_path, 1)
    program = (
        "import os, pathlib, sys\n"
        "from askfirst_collector.store.snapshot import draft_folder\n"
        "with draft_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'events.db').write_bytes(b'who came')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    process = await anyio.run_process(
        [sys.executable, "-c", program, str(site.folder)], check=False
    )
    assert process.returncode == -signal.SIGKILL
    (left,) = site.folder.glob(".copy-*/events.db")
    parts = site.world.collector.parts()
    other = os.open(left.with_name(".lock"), os.O_RDWR)
    assert lock(other)
    purge(parts, site.world.clock())
    assert left.read_bytes() == b"who came"
    os.link(left, tmp_path / "its-blocks")
    os.close(other)
    purge(parts, site.world.clock())
    assert list(site.folder.glob(".copy-*")) == []
    assert (tmp_path / "its-blocks").read_bytes() == bytes(8)
    await site.world.aclose()


async def test_what_was_signed_after_a_backup_is_never_contradicted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """M18: a tree that lost signed entries goes on under a new name, and all of it verifies."""
    site, _ = await begun(tmp_path)
    file = tmp_path / "monday.age"
    clock = site.world.clock

    def sign() -> tuple[str, int, bytes]:
        parts = site.world.collector.parts()
        sign_trees(parts, clock())
        with reading(parts.engine) as connection:
            note = newest_checkpoint(connection, "shop").note
        checkpoint = read_checkpoint(note.partition("\n\n")[0] + "\n")
        return checkpoint.origin, checkpoint.size, checkpoint.root

    monday = sign()
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    for number in range(70):
        visitor = Visitor(f"82.2.{number}.69", FIREFOX)
        await site.world.answer(visitor, {"statistics": 2, "marketing": 0})
    tuesday = sign()
    assert tuesday[0] == monday[0]
    assert tuesday[1] > monday[1]
    await site.world.aclose()
    words = ("restore", file, "--data", site.folder, "--identity", identity(tmp_path))
    assert run(*words)[0] == 0
    await site.start()
    clock = site.world.clock
    assert sign() == monday, "nothing new: what was signed then still holds"
    for number in range(70):
        visitor = Visitor(f"83.2.{number}.69", FIREFOX)
        await site.world.answer(visitor, {"statistics": 2, "marketing": 0})
    after = sign()
    assert "askfirst.W155" in caplog.text
    assert after[0].startswith(f"{monday[0]}/")
    assert after[1:] != tuesday[1:]
    await site.world.answer(Visitor("84.2.1.69", FIREFOX), {"statistics": 2, "marketing": 0})
    later = sign()
    assert later[0] == after[0]
    assert later[1] > after[1]
    await site.world.aclose()
    code, output = run("ledger", "verify", "--data", site.folder)
    assert code == 0, output
