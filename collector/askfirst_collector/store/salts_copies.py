"""Whether a PostgreSQL server could have copies of the salts in it: by what it is set to."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from askfirst_collector.config import SettingError
from askfirst_collector.store.postgresql import Run
from askfirst_collector.store.postgresql_address import Address, read_address

_COPIES = (
    "SELECT current_setting('wal_level'), current_setting('archive_mode'),"
    " (SELECT count(*) FROM pg_stat_replication), (SELECT count(*) FROM pg_replication_slots)"
)
_LEFT = (
    "SELECT current_setting('wal_recycle') = 'on',"
    " has_function_privilege('pg_switch_wal()', 'execute'),"
    " EXISTS (SELECT 1 FROM pg_roles WHERE (rolname = current_user AND rolsuper)"
    " OR (rolname = 'pg_checkpoint' AND pg_has_role(oid, 'usage')))"
)
_SYSTEM = "SELECT system_identifier FROM pg_control_system()"
MINIMAL = "set wal_level = minimal, max_wal_senders = 0 and archive_mode = off, and start it anew"


def check_no_copies(session: Any, address: Address) -> None:
    """SettingError `askfirst.E163` for a server that could be followed, archived or copied.

    One whose `wal_level` is minimal lets nobody: no standby, archive, slot or base backup.
    """
    holders = copies(session)
    if holders:
        advice = f"{holders}: salts would outlive their destruction there; {MINIMAL}"
        raise SettingError("askfirst.E163", address.shown, advice)


def copies(session: Any) -> str:
    """What could have, or has, copies of what a server writes; '' where nothing can."""
    ((level, archives, standbys, slots),) = session.execute_simple(_COPIES).rows
    if level == "minimal":
        return ""
    ways = [f"its wal_level is {level}"]
    if archives != "off":
        ways.append(f"archive_mode is {archives}")
    for count, name in ((standbys, "followed by"), (slots, "slots")):
        if count:
            ways.append(f"{name} {count}")
    return ", ".join(ways)


def left_behind(session: Any) -> list[str]:
    """What keeps former content of the write-ahead log longer than it has to; each with a cure."""
    ((recycles, may_switch, may_checkpoint),) = session.execute_simple(_LEFT).rows
    cures = []
    if recycles:
        cures.append("wal_recycle is on: set it to off, and segments are removed")
    if not may_switch:
        cures.append("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO its user")
    if not may_checkpoint:
        cures.append("GRANT pg_checkpoint TO its user, or before PostgreSQL 15 make it a superuser")
    return cures


def system_at(session: Any) -> int:
    """The number that the cluster of a session was made with."""
    number: int = session.execute_simple(_SYSTEM).rows[0][0]
    return number


def is_ledgers(number: int, ledger: str) -> bool:
    """Whether the ledger at a URL, if it is at one, is on the cluster of that number.

    Raises SettingError and StoreFault.
    """
    if not ledger:
        return False
    with closing(Run(read_address(ledger)).connect()) as session:
        return system_at(session) == number
