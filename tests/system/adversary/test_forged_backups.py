"""Backups that somebody else made, who knows for whom they have to be sealed."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pyrage
import pytest

from tests.system.adversary.test_backups import (
    KEY,
    OTHER,
    RECIPIENT,
    begun,
    bytes_below,
    identity,
    opened,
    run,
)

pytestmark = pytest.mark.anyio


def sealed(file: Path, members: Mapping[str, bytes], *more: tarfile.TarInfo) -> Path:
    """A file that somebody else made, who knows for whom it has to be."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in more:
            tar.addfile(info, io.BytesIO(b"0\n".ljust(info.size, b"\0")))
    file.write_bytes(pyrage.encrypt(out.getvalue(), [KEY.to_public()]))
    return file


async def test_whose_backup_it_is_is_told_by_the_keys(tmp_path: Path) -> None:
    """Of this collector's keys, older ones too; without any it is said that nobody can tell."""
    site, _ = await begun(tmp_path, 1)
    file, keys = tmp_path / "monday.age", tmp_path / "keys.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    await site.world.aclose()
    assert run("keys", "rotate", "ledger", "--data", site.folder)[0] == 0
    assert run("backup", keys, "--data", site.folder, "--keys", *RECIPIENT)[0] == 0
    words = ("--data", site.folder, "--identity", identity(tmp_path))
    code, output = run("restore", file, *words)
    assert (code, "Nobody can tell" in output) == (0, False), output
    shutil.rmtree(site.folder / "keys")
    code, output = run("restore", file, *words)
    assert (code, "Nobody can tell who made this backup" in output) == (0, True), output
    assert run("keys", "rotate", "ledger", "--data", site.folder)[0] == 0
    code, output = run("restore", file, *words)
    assert (code, "signed it, and anybody" in output) == (1, True), "by keys that were drawn since"
    shutil.rmtree(site.folder / "keys")
    assert run("restore", keys, *words, "--keys")[0] == 0
    code, output = run("restore", file, *words)
    assert (code, "Nobody can tell" in output) == (0, False), output


@pytest.mark.parametrize(
    "how",
    [
        "cut",
        "other",
        "none",
        "climbs",
        "links",
        "sparse",
        "bent",
        "twice",
        "newer",
        "changed",
        "forged",
        "unsigned",
    ],
)
async def test_what_is_no_whole_backup_changes_nothing(tmp_path: Path, how: str) -> None:
    """Whoever knows for whom it is sealed can make one, and gets no file anywhere by it."""
    site, _ = await begun(tmp_path, 1)
    file = tmp_path / "monday.age"
    assert run("backup", file, "--data", site.folder, *RECIPIENT)[0] == 0
    await site.world.aclose()
    with opened(file) as tar:
        members = {name: data.read() for name in tar.getnames() if (data := tar.extractfile(name))}
    opens = identity(tmp_path, OTHER if how == "other" else KEY)
    sparse = tarfile.TarInfo("ledger.db")
    sparse.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "ledger.db",
        "GNU.sparse.realsize": str(1 << 50),
    }
    twice = tarfile.TarInfo("events.db")
    link = tarfile.TarInfo("ledger.db")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
    manifest = json.loads(members["manifest.json"])
    match how:
        case "cut":
            file.write_bytes(file.read_bytes()[:-40])
        case "none":
            sealed(file, {"manifest.json": b"{}"})
        case "climbs":
            sealed(file, {**members, "../keys/receipts.keys": b"x"})
        case "links":
            sealed(file, {"manifest.json": members["manifest.json"]}, link)
        case "sparse" | "bent":
            sparse.size = 512 if how == "sparse" else 0
            sealed(file, {"manifest.json": members["manifest.json"]}, sparse)
        case "twice":
            sealed(file, members, twice)
        case "newer":
            manifest["revision"] = "9999"
            sealed(file, {**members, "manifest.json": json.dumps(manifest).encode()})
        case "forged" | "unsigned":
            manifest["made"] = "2026-01-01T00:00:00Z"
            members["manifest.json"] = json.dumps(manifest, indent=2).encode() + b"\n"
            if how == "unsigned":
                del members["signature"]
            sealed(file, members)
        case "changed":
            sealed(file, {**members, "events.db": members["events.db"][:-1] + b"x"})
    before = bytes_below(site.folder)
    code, output = run("restore", file, "--data", site.folder, "--identity", opens)
    assert code == 1
    assert "Error:" in output
    assert bytes_below(site.folder) == before
