"""The tables in ClickHouse, and that those which are there are ours.

    event    one row. A value is one text, its parts each followed by `END`: '' for none. `kept` is
             1 for rows that `keep` wrote, in the place of their period's own. `visitor` is '' for
             none. Rows lie by visitor within a period, in no order of arrival
    asked    pseudonyms, or values, that a statement is about, while it runs: in its own text they
             would stand in logs of the server, and in what it notes of each removal

What closes and begins together lies together, so that a day of which every period is closed goes as
a whole. What a table is made with is said once more in the page on ClickHouse, for a table that the
administrator makes: replicated, or on disks of its own.
"""

from __future__ import annotations

from askfirst_collector.config import SettingError
from askfirst_collector.store.schema import DIMENSIONS

VERSION = 1
END = "\x1f"

# An insert is on disk when it is answered, and a merge keeps what it is made of until its own
# result is. Without all five a power cut takes everything.
DURABLE = {
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    "min_rows_to_fsync_after_merge": 1,
    "min_compressed_bytes_to_fsync_after_merge": 1,
    "old_parts_lifetime": 480,
}
# How many of the last lots are recognised where they come again.
RECOGNISED = 10_000

_TEXT = "LowCardinality(String)"
COLUMNS: dict[str, str] = {
    **dict.fromkeys(("site", "collector", "purpose", "closes", "period"), _TEXT),
    "kept": "UInt8",
    "visitor": "String",
    "type": "UInt8",
    "min_cell_size": "UInt32",
    "retention_days": "UInt32",
    "keep_rows_days": "UInt32",
    "sized": "UInt8",
    "time": "Int64",
    "time_level": "UInt8",
    **dict.fromkeys(DIMENSIONS, _TEXT),
}
KEY = ("site", "collector", "purpose", "closes", "period")


def event_table(owner: str) -> str:
    """The statement that makes `event`, of the folder whose id is `owner`."""
    columns = ",\n    ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    settings = {**DURABLE, "non_replicated_deduplication_window": RECOGNISED}
    return (
        f"CREATE TABLE IF NOT EXISTS event (\n    {columns}\n) ENGINE = MergeTree\n"
        "PARTITION BY (closes, period, kept)\nORDER BY (site, collector, purpose, visitor)\n"
        f"SETTINGS {', '.join(f'{name} = {value}' for name, value in settings.items())}\n"
        f"COMMENT '{_comment(owner)}'"
    )


ASKED_TABLE = (
    "CREATE TABLE IF NOT EXISTS asked\n"
    "(draw String, content String, since DateTime DEFAULT now()) ENGINE = MergeTree\n"
    "PARTITION BY draw ORDER BY content\n"
    # Gone from the disk at once: nobody misses it after a power cut.
    "SETTINGS old_parts_lifetime = 0"
)


def _comment(owner: str) -> str:
    return f"askfirst events {VERSION} of {owner}"


def check(url: str, comment: str, columns: dict[str, str], made_with: str, owner: str) -> None:
    """SettingError `askfirst.E142` where `event` is not what this program and folder write to.

    `columns` are those that are there, with their types; `made_with` the statement that would
    make the same table.
    """
    version, _, of = comment.removeprefix("askfirst events ").partition(" of ")
    if not comment.startswith("askfirst events ") or not of:
        advice = "its table event is none of askfirst: name a database of its own"
        raise SettingError("askfirst.E142", url, advice)
    if of != owner:
        advice = "it holds the events of another data folder: name a database of its own"
        raise SettingError("askfirst.E142", url, advice)
    if version != str(VERSION):
        advice = (
            f"its table event has version {version}, and this program knows {VERSION}: run the "
            "version of askfirst that made it, or name an empty database"
        )
        raise SettingError("askfirst.E142", url, advice)
    wrong = sorted(
        {name for name, kind in COLUMNS.items() if columns.get(name) != kind}
        | (columns.keys() - COLUMNS.keys())
    )
    if wrong:
        advice = f"columns of its table event are not as expected ({', '.join(wrong)})"
        raise SettingError("askfirst.E142", url, f"{advice}: name an empty database")
    lacking = [name for name, value in DURABLE.items() if f"{name} = {value}" not in made_with]
    if lacking:
        advice = f"a power cut would lose events: set {', '.join(lacking)} on its table event"
        raise SettingError("askfirst.E142", url, advice)
