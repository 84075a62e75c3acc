"""Keys in files: drawn once, private, and apart from the ledger."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from askfirst_collector.catalogue.key_files import Keys
from askfirst_collector.config import SettingError, open_folder
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import bytes_of, decision, opened, policy


def keys(folder: Path) -> Keys:
    return Keys(folder, urandom=os.urandom)


def drawn(folder: Path) -> tuple[bytes, ...]:
    return keys(folder).site("shop")


def test_a_key_is_drawn_once(tmp_path: Path) -> None:
    """Whichever process asks first; no half file and no draft is ever left."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        found = pool.map(drawn, [tmp_path] * 16, 1)
    assert len(set(found)) == 1
    assert [len(key) for key in found[0]] == [32]
    assert [file.name for file in tmp_path.iterdir()] == ["site-shop.keys"]


def test_the_newest_key_stands_last(tmp_path: Path) -> None:
    """A line added below is the newer key; the older one goes on verifying."""
    (old,) = drawn(tmp_path)
    with (tmp_path / "site-shop.keys").open("a") as file:
        file.write("A" * 43 + "=\n")
    assert drawn(tmp_path) == (old, bytes(32))


@pytest.mark.parametrize("name", ["../ledger", "", "a/b", "A", "a" * 41])
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    """Only a site's name leads to a file."""
    with pytest.raises(ValueError, match="name"):
        keys(tmp_path).site(name)


@pytest.mark.file  # of the journals of files
def test_nobody_else_can_read_the_folder(tmp_path: Path) -> None:
    """Folders are 0700 and files 0600, journals included, whatever the umask says."""
    before = os.umask(0)
    try:
        with opened(tmp_path / "data") as parts:
            parts.registry.publish(policy())
            parts.keys.site("shop")
            record_now(parts, decision(policy()))
            parts.events.barrier()
            found = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
            assert any(path.name.endswith("-wal") for path in found)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in found}
    finally:
        os.umask(before)
    assert {name for name, mode in modes.items() if mode & 0o077} == set()


def test_cookie_keys_are_not_in_the_databases(tmp_path: Path) -> None:
    """A copy of the ledger forges no cookie and no receipt."""
    with opened(tmp_path) as parts:
        secret = parts.keys.site("shop") + parts.keys.receipts()
    databases = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))
    assert all(key not in databases for key in secret)
    assert secret[0].hex().encode() not in bytes_of(tmp_path)


def test_a_folder_that_is_a_file_is_a_bad_setting(tmp_path: Path) -> None:
    """With a stable id, the value, and what to write instead."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError) as error:
        open_folder(tmp_path / "file")
    assert error.value.code == "askfirst.E101"
