"""All that a collector says of a population, whatever keeps its rows.

python -m tests.system.clickhouse.figures ROOT    reads a line with a case, writes one with figures

A case is `[policy, seed, visits]`. Of every purpose that asks anything: rows are put in, looked at
while their period runs, those of some visitors shown, of one erased; then the periods close.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select

from askfirst.terms.attributes import ATTRIBUTES, Value
from askfirst.terms.policy import Policy, read_policy
from askfirst.terms.terms import CONSENT
from askfirst_collector.closing.calendar import asked
from askfirst_collector.closing.close import close_due
from askfirst_collector.closing.so_far import count_days
from askfirst_collector.closing.tables import questions_of
from askfirst_collector.closing.today import add_newcomers
from askfirst_collector.services import Services
from askfirst_collector.store import so_far, today
from askfirst_collector.store.clickhouse import slices
from askfirst_collector.store.disclosed import cell, closing
from askfirst_collector.store.events import PeriodKey, Row
from askfirst_collector.store.periods import IN_UTC, period_after
from tests.support.collectors import Clock
from tests.support.draws import drawn
from tests.support.policies import every_purpose
from tests.unit.closing.house import MONDAY, noon, opened, store

Case = tuple[str, int, int]  # the name of a policy, a seed, how many page views

TYPES = ("page_view", "page_view", "page_view", "action", "drop")
WORDS = ("a", "b", "c")


def policy_of(name: str) -> Policy:
    """A ready-made policy of the site `shop`; what the host's own allows closes by the month.

    Pages that are listed as the steps of a funnel are in it.
    """
    own = every_purpose("full" if name == "host-default" else name)
    purposes: dict[str, Any] = {}
    for purpose, written in dict(own.document)["purposes"].items():
        terms = own.purposes[purpose].terms
        purposes[purpose] = dict(written)
        if terms.scope.level("page") > 1:
            steps = ["page:/a", "page:/b", *(["action:not_found"] * (purpose == "statistics"))]
            purposes[purpose]["tables"] = written.get("tables", {}) | {"funnels": {"way": steps}}
        if name == "host-default" and terms.legal_basis == CONSENT:
            purposes[purpose]["closes"] = "month"
    return read_policy({**own.document, "site": "shop", "purposes": purposes})


def figures_of(folder: Path, case: Case, url: str | None) -> list[Any]:
    """Everything that anybody sees, as JSON has it."""
    name, seed, size = case
    draw = random.Random(seed)
    clock = Clock(noon())
    seen: list[Any] = []
    with opened(folder, clock, policy_of(name), urandom=drawn(seed), events=url) as parts:
        keys = list(_periods(parts))
        for key in keys:
            store(parts, _rows(parts, key, draw, size))
        add_newcomers(parts, clock.now)
        seen.append(_all(parts, today.today))
        for key in keys:
            own = [entry.pseudonym for entry in parts.events.rows(key) if entry.pseudonym]
            some = sorted(set(own))[:3]
            seen.append(sorted(map(repr, parts.events.of_pseudonyms(some))))
            seen.append([parts.events.erase(some[:1]), repr(parts.events.counts(key))])
            seen.append([repr(parts.events.limits(key)), parts.events.rows_on("shop", MONDAY)])
        clock.now = noon() + 3 * 86_400
        count_days(parts, clock.now)
        seen.append(_all(parts, so_far.so_far))
        last = max(period_after(key.closes, key.period) for key in keys)
        clock.now = IN_UTC.start_of(last) + 86_400
        seen.append([repr(key) for key in close_due(parts, clock.now)])
        seen += [_all(parts, closing), _all(parts, cell)]
        for key in sorted(parts.events.periods(), key=repr):
            seen.append([repr(key), sorted(map(repr, parts.events.rows(key)))])
        clock.now += 40 * 86_400
        calendar = parts.registry.calendar
        seen.append(parts.events.expire_kept(clock.now, {}, calendar))
        seen.append([repr(key) for key in parts.events.periods()])
    result: list[Any] = json.loads(json.dumps(seen))
    return result


def _periods(parts: Services) -> Iterator[PeriodKey]:
    site = parts.registry.site("shop")
    assert site is not None
    for purpose in sorted(site.editions.current.policy.purposes):
        terms = asked(site, purpose)
        if terms is not None and questions_of(terms).trees:
            period = IN_UTC.period_of(terms.closes, noon())
            yield PeriodKey("shop", "", purpose, terms.closes, period)


def _rows(parts: Services, key: PeriodKey, draw: random.Random, size: int) -> list[Row]:
    site = parts.registry.site("shop")
    assert site is not None
    terms = asked(site, key.purpose)
    assert terms is not None
    level = terms.scope.level
    rows = []
    for _ in range(size):
        values: dict[str, Value] = {}
        for name, attribute in ATTRIBUTES.items():
            depth = min(level(name), attribute.finest)
            if name in ("visitor", "user_id", "time") or not depth:
                continue
            parts_of = [f"/{draw.choice(WORDS)}" for _ in range(draw.randint(0, depth))]
            if name == "referrer":
                parts_of = [draw.choice(["internal", "search", "other"]), *parts_of][:depth]
            values[name] = tuple(parts_of)
        kind = draw.choice(TYPES)
        if kind != "page_view":
            values["action"] = (draw.choice(["order", "engaged", "not_found", "no-signal"]),)
        else:
            values.pop("action", None)
        day = f"2026-11-{draw.choice([16, 16, 17, 18])}" if key.closes != "day" else MONDAY
        at = (day, f"{draw.randrange(9, 12):02}", f"{draw.randrange(60):02}")
        values["time"] = at[: min(level("time"), draw.choice([1, 2, 3]))]
        who = draw.choice([None, *range(max(2, size // 4))])
        limits = terms.min_cell_size, terms.retention_days, terms.keep_rows_days
        given = {name: value for name, value in values.items() if value}
        # Not by a salt: those are drawn for each folder.
        pseudonym = hashlib.sha256(f"{key.purpose} {who}".encode()).digest()
        is_sized = who is None or who % 9 > 0
        fields = (key.site, key.collector, key.purpose, key.closes, key.period, kind, given)
        rows.append(Row(*fields, None if who is None else pseudonym, *limits, is_sized))
    return rows


def _all(parts: Services, table: Any) -> list[list[str]]:
    """Every row of a table, without what is drawn for it."""
    with parts.engine.connect() as connection:
        rows = connection.execute(select(table)).mappings()
        return sorted(
            [f"{name}={value!r}" for name, value in entry.items() if name != "id"] for entry in rows
        )


def main() -> None:
    """Answer one case after the other, each in a folder of its own."""
    root = Path(sys.argv[1])
    slices.ROWS = 100  # several slices, where a server has one
    for number, line in enumerate(sys.stdin):
        name, seed, size = json.loads(line)
        url = f"chdb://{root / f'engine-{number}'}"
        answer = figures_of(root / f"data-{number}", (name, seed, size), url)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
