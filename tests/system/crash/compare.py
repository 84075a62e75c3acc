"""What the files of a collector hold, against what visitors were told."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from askfirst_collector.ledger.entries import mark_of
from askfirst_collector.ledger.leaves import leaf_hash
from tests.support.ledger import contents
from tests.system.crash.visits import Operation, Person

DATABASES = ("ledger.db", "events.db", "salts.db")
FOREVER = 2**62
State = tuple[str, tuple[tuple[str, int], ...]]  # a word, and the details by purpose

GRANTS, WITHDRAWALS, LOST, DOUBLED, OTHER = "grants", "withdrawals", "rows", "doubled", "other"


@dataclass(frozen=True)
class Difference:
    """Something that was acknowledged and is not so."""

    kind: str  # grants, withdrawals or rows that are lost; rows that are doubled; other
    text: str


def states(person: Person, cut: int = FOREVER) -> set[State]:
    """How a visitor may stand in the ledger when the power was cut; empty: nothing is promised."""
    grant = person.operations[0]
    if not _is_promised(grant, cut):
        return set()
    possible: set[State] = {_after(("", ()), grant)}
    for operation in person.operations[1:]:
        if operation.kind != "events" and operation.started <= cut:
            changed = {_after(state, operation) for state in possible}
            if not _is_promised(operation, cut):
                # An erasure ends the grant first.
                first: set[State] = {("withdrawn", ())} if operation.kind == "erase" else set()
                # Of a change on its way that is noted, the start takes back what it takes back.
                first |= {_meet(before, _after(before, operation)) for before in possible}
                changed |= possible | first
            possible = changed
    return possible


def rows(
    person: Person, cut: int = FOREVER, *, spooled: bool = False
) -> dict[str, tuple[int, int]]:
    """The least and the greatest number of rows of each batch.

    What is `spooled` at a relay is judged when it arrives: after a withdrawal it may be dropped,
    and after a changed choice it may bear no pseudonym by which it could be erased.
    """
    numbers = {}
    operations = {each.kind: each for each in person.operations if each.started <= cut}
    for batch in person.operations:
        if batch.kind != "events":
            continue
        least = batch.events if _is_promised(batch, cut) else 0
        most = batch.events if batch.started <= cut else 0
        if "erase" in operations:
            least = 0
            is_linked = batch.is_linked and not (spooled and "change" in operations)
            if is_linked and _is_promised(operations["erase"], cut):
                most = 0
        if spooled and operations.keys() & {"withdraw", "restrict"}:
            least = 0
        numbers[batch.page] = (least, most)
    return numbers


def _is_promised(operation: Operation, cut: int) -> bool:
    return operation.acknowledged is not None and operation.acknowledged <= cut


def _after(state: State, operation: Operation) -> State:
    choices = state[1]
    if operation.kind in ("grant", "change"):
        merged = {**dict(choices), **operation.choices}
        return "granted", tuple(sorted(merged.items()))
    if operation.kind == "restrict":
        return "restricted", choices
    return ("withdrawn" if operation.kind == "withdraw" else "erased"), ()


def _meet(before: State, after: State) -> State:
    if not before[1] or not after[1]:
        return after
    least = {name: min(detail, dict(after[1])[name]) for name, detail in before[1]}
    shared = min(filter(None, least.values()), default=0)
    if not shared:
        return "withdrawn", ()
    return before[0], tuple((name, min(detail, shared)) for name, detail in least.items())


def ledger_differences(
    folder: Path, people: Iterable[Person], cut: int = FOREVER, *, site: str = "shop"
) -> list[Difference]:
    """Grants, changed choices and endings that the ledger does not have."""
    latest: dict[str, Mapping[str, object]] = {}
    with closing(_reading(folder / "ledger.db")) as connection:
        for *_, content in contents(connection):
            entry = json.loads(content) if content else {}
            if entry.get("handle") is not None:
                latest[entry["handle"]] = entry
        dead = {mark for (mark,) in connection.execute("SELECT mark FROM dead")}
    differences = []
    for person in people:
        possible = states(person, cut)
        state = _state(latest.get(person.handle), mark_of(site, person.handle) in dead)
        if possible and state not in possible:
            words = {word for word, _ in possible}
            kind = GRANTS if words & {"granted"} else WITHDRAWALS
            text = f"{person.handle[:8]} is {state}, not {sorted(possible)}"
            differences.append(Difference(kind, text))
    return differences


def _state(body: Mapping[str, object] | None, is_dead: bool) -> State:
    if body is None:
        return ("erased" if is_dead else "unknown"), ()
    choices = body["choices"]
    assert isinstance(choices, dict)
    status = str(body["status"])
    details = {name: int(pair["detail"]) for name, pair in choices.items()}
    return status, () if status == "withdrawn" else tuple(sorted(details.items()))


def row_differences(
    folder: Path, expected: Mapping[str, tuple[int, int]], ghosts: Mapping[str, str]
) -> list[Difference]:
    """Batches of which a row is missing, is there twice, or is there though the grant was over."""
    stored = row_counts(folder)
    differences = [
        Difference(LOST, f"{page}: {stored[page]} of {least} rows")
        for page, (least, _) in expected.items()
        if stored[page] < least
    ]
    for page, (_, most) in expected.items():
        if stored[page] > most:
            kind = DOUBLED if most else WITHDRAWALS
            differences.append(Difference(kind, f"{page}: {stored[page]} rows, not {most}"))
    return differences + [
        Difference(WITHDRAWALS, f"{page}: {stored[page]} rows though {why}")
        for page, why in ghosts.items()
        if stored[page]
    ]


def row_counts(folder: Path) -> Counter[str]:
    """How many rows there are of each batch's page, read from the file."""
    query = "SELECT page_1, count(*) FROM events_text WHERE type <> 'drop' GROUP BY page_1"
    with closing(_reading(folder / "events.db")) as connection:
        # Until the first event the file has no tables.
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return Counter()
        return Counter(dict(connection.execute(query).fetchall()))


def damage(folder: Path) -> list[Difference]:
    """Databases that are not whole, and entries of the ledger whose leaf does not fit."""
    differences = []
    for name in DATABASES:
        with closing(sqlite3.connect(folder / name, timeout=30)) as connection:
            try:
                lines = [line for (line,) in connection.execute("PRAGMA integrity_check")]
            except sqlite3.DatabaseError as error:
                lines = [str(error)]
        differences += [Difference(OTHER, f"{name}: {line}") for line in lines if line != "ok"]
    if differences:
        return differences
    with closing(_reading(folder / "ledger.db")) as connection:
        for number, (index, leaf, salt, body) in enumerate([*contents(connection)]):
            if index - number not in (0, 1):
                differences.append(Difference(OTHER, f"entry {index} stands at place {number}"))
            if salt is not None and leaf_hash(salt, body) != leaf:
                differences.append(Difference(OTHER, f"the leaf of entry {index} does not fit"))
    return differences


def _reading(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=30)
    connection.execute("PRAGMA query_only=ON")
    return connection
