"""`askfirst doctor FOLDER`: could anything keep a copy of the salts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from askfirst_collector.cli import main
from askfirst_collector.config import Folder, SettingError, open_folder
from askfirst_collector.runtime.open import close_services, open_services
from tests.support.postgresql import OF_SALTS, Cluster, cluster


@pytest.fixture(scope="module")
def failing() -> Iterator[Cluster]:
    """A server that tests end and begin anew; each leaves it as it was."""
    with cluster(**OF_SALTS) as server:
        yield server


def doctor(folder: Path) -> Result:
    return CliRunner().invoke(main, ["doctor", str(folder), "--json"])


def test_salts_in_a_file_are_no_finding(tmp_path: Path) -> None:
    """It says where they are, and that no backup may have them."""
    open_folder(tmp_path / "data")
    answered = json.loads(doctor(tmp_path / "data").stdout)
    assert (answered["findings"], "salts.db" in answered["notes"][0]) == ([], True)


@pytest.mark.long
def test_the_doctor_looks_at_the_server(tmp_path: Path, failing: Cluster) -> None:
    """M48: sound; then set so that it may be followed; then the ledger's own."""
    folder, name = tmp_path / "data", failing.new()
    folder.mkdir(mode=0o700)
    Folder(folder).place_salts(failing.url(name))
    close_services(open_services(folder, host_policy=None, now=time.time, urandom=os.urandom))
    sound = doctor(folder)
    assert (sound.exit_code, json.loads(sound.stdout)["findings"]) == (0, [])
    failing.stop()
    failing.start(wal_level="logical")
    try:
        answered = doctor(folder)
        assert answered.exit_code == 2
        ids = [finding["id"] for finding in json.loads(answered.stdout)["findings"]]
        assert ids == [
            f"askfirst.{check}" for check in ("D033", "D034")
        ]  # wal_recycle is as it comes
        with pytest.raises(SettingError, match="E163"):
            close_services(
                open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
            )
    finally:
        failing.stop()
        failing.start(**OF_SALTS)
    (folder / "ledger.url").write_text(failing.url(failing.migrated()))
    (finding,) = json.loads(doctor(folder).stdout)["findings"]
    assert (finding["id"], "same server" in finding["found"]) == ("askfirst.D033", True)
    failing.run(f"DROP DATABASE {name} WITH (FORCE)")
    lost = doctor(folder)
    assert lost.exit_code == 1
    assert "salts is away: invalid_catalog_name 3D000" in lost.output
