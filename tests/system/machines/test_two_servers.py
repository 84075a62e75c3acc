"""A standby was promoted, and the server before it came back: two that take what is written."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from askfirst.errors import CollectorUnavailable
from askfirst_collector.runtime.open import close_services, open_services
from tests.support.postgresql import cluster


@pytest.mark.long
def test_two_that_take_what_is_written_are_none(tmp_path: Path) -> None:
    """M48: which of them knows who withdrew nobody can tell; with one of them gone it goes on."""
    with cluster() as former:
        name = former.migrated()
        standby = former.standby()
        hosts = f"127.0.0.1:{former.port},127.0.0.1:{standby.port}"
        ledger = f"postgresql://askfirst@{hosts}/{name}"

        def opened() -> None:
            parts = open_services(
                tmp_path / "data",
                host_policy=None,
                now=time.time,
                urandom=os.urandom,
                ledger=ledger,
            )
            close_services(parts)

        try:
            opened()
            former.stop(at_once=False)
            standby.promote()
            opened()
            former.start()
            with pytest.raises(CollectorUnavailable, match="two of its servers"):
                opened()
            former.stop()
            opened()
        finally:
            standby.stop()
            shutil.rmtree(standby.folder, ignore_errors=True)
