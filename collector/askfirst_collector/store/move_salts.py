"""From `salts.db` to a server: the same salts, keys and numbers, until the same day."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from askfirst_collector.config import SettingError
from askfirst_collector.store.postgresql import Run
from askfirst_collector.store.postgresql_address import read_address
from askfirst_collector.store.salts import GRACE
from askfirst_collector.store.salts_copies import check_no_copies
from askfirst_collector.store.salts_file import STEPS
from askfirst_collector.store.salts_server import SaltServer
from askfirst_collector.store.versions import version_of

_OTHERS = "it has other salts than salts.db: name an empty database; nothing was changed"


def check_salts(source: sqlite3.Connection) -> None:
    """SettingError `askfirst.E164` for a file that another version made."""
    if version_of(source) != len(STEPS):
        advice = "another version made it: start the collector once, and stop it"
        raise SettingError("askfirst.E164", "salts.db", advice)


def count_salts(source: sqlite3.Connection) -> int:
    """How many salts, keys and numbers there are."""
    tables = ("period_salt", "batch_key", "grant_key", "user_number")
    counts = (source.execute(f"SELECT COUNT(*) FROM {table}") for table in tables)  # noqa: S608
    return sum(count.fetchone()[0] for count in counts)


def rehearse_salts_move(url: str) -> None:
    """Ask the server whether it could have them; nothing is written. Raises as `move_salts`."""
    address = read_address(url)
    with closing(Run(address, "salts").connect()) as session:
        check_no_copies(session, address)


def move_salts(source: sqlite3.Connection, url: str, ledger: str) -> None:
    """Have on the server what the file has, for the ledger of that name.

    Whatever is there already is left as it is, so that an attempt that was cut off is gone on with.
    Raises SettingError `askfirst.E164` where that is something else; StoreFault.
    """
    drawn = b""
    # What is put there is what would be drawn; nothing of it is over.
    server = SaltServer(url, now=lambda: 0.0, urandom=lambda _: drawn)

    def have(secret: bytes, put: Callable[[], bytes]) -> None:
        nonlocal drawn
        drawn = secret
        if put() != secret:
            raise SettingError("askfirst.E164", server.shown, _OTHERS)

    try:
        server.belong_to(ledger)
        for site, closes, period, salt, due in source.execute("SELECT * FROM period_salt"):
            have(salt, lambda: server.period(site, closes, period, due - GRACE))  # noqa: B023
        for day, key, _ in source.execute("SELECT * FROM batch_key"):
            have(key, lambda: server.batch_key(day))  # noqa: B023
        for handle, key, due in source.execute("SELECT * FROM grant_key"):
            have(key, lambda: server.new_grant_key(handle, due=due))  # noqa: B023
        for site, mark, number, due in source.execute("SELECT * FROM user_number"):
            have(number, lambda: server.number_of_mark(site, mark, due))  # noqa: B023
    finally:
        server.close()
