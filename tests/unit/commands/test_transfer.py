"""`askfirst transfer` where there is nothing, or nobody of that name: it says what to write."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst_collector.catalogue.transfers import Transfer, add_transfer, note_failure
from askfirst_collector.cli import main
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.store.database import writing
from tests.support.collectors import policy


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A folder with the site `shop`."""
    folder = tmp_path / "data"
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    parts.registry.publish(policy())
    close_services(parts)
    return str(folder)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["list", "shop"], 0, "Nothing is delivered."),
        (["list", "shap"], 1, "no site 'shap'. See: askfirst site list"),
        (["remove", "shop", "statistics", "Nobody Ltd"], 1, "no such delivery"),
        (["add", "shop", "stats", "Nobody Ltd", "https://x.example"], 1, "preferences, statistics"),
        (["add", "shop", "statistics", "Nobody Ltd", "https://10.0.0.1"], 1, "public net: write a"),
    ],
)
def test_what_is_not_there_is_said(data: str, words: list[str], status: int, said: str) -> None:
    """An empty list is no blank, and a name that is wrong is no empty list."""
    answer = CliRunner().invoke(main, ["transfer", *words, "--data", data])
    assert (answer.exit_code, said in answer.output) == (status, True), answer.output


def test_what_does_not_arrive_is_said_in_words(data: str) -> None:
    """Which fault it is, what to do, and when it is tried again, as on the page; no code."""
    parts = open_services(Path(data), host_policy=None, now=time.time, urandom=os.urandom)
    address = "https://hooks.example/figures"
    entry = Transfer(
        "t1", "shop", "statistics", "Nobody Ltd", "figures", "webhook", address, "", "", b"s"
    )
    with writing(parts.engine) as connection:
        add_transfer(connection, entry)
    note_failure(parts.engine, entry, "not-public", 1_795_424_400.0)
    close_services(parts)
    answer = CliRunner().invoke(main, ["transfer", "list", "shop", "--data", data])
    assert answer.output == (
        "figures of statistics to Nobody Ltd, webhook at hooks.example\n"
        "  does not arrive: hooks.example is in a private network, to which nothing is sent: use a"
        " public address. Next try 23 Nov 2026, 09:01 UTC\n"
    )
