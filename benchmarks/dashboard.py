"""CPU milliseconds of each page of the dashboard, after a year of closed days.

    scripts/benchmark dashboard [--days 365] [--pages 400] [--rounds 5] [--sites 1]

Every day is disclosed by the real rule and written by the real function: a site with many pages,
referrers and campaigns, goals, and all pairs of the ready-made policy. Asked in process by a
signed-in host admin, for the whole year, for the usual days and under a filter; the best and the
median of the rounds. All sites have those days.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from pyroaring import BitMap

from askfirst.terms.policy import shipped
from askfirst_collector.closing.disclosure import day_totals, disclose
from askfirst_collector.closing.rule import Rule
from askfirst_collector.closing.tables import TREES, questions_of
from askfirst_collector.dashboard.selection.tables import tables_of
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.store.disclosed import write
from askfirst_collector.store.events import PeriodKey
from askfirst_collector.store.facts import DayFacts, Facts, Frequent, Pair, Pairs, Shared
from tests.support.whole import Got
from tests.system.adversary.watcher import Shown, Watcher
from tests.system.adversary.world import MIDNIGHT, World, site_policy

LAST = date(2026, 11, 23)
VISITORS = 2_000  # a day
ACTIONS = ("order", "leave")
NAMES = {
    "browser": [f"Browser {n}" for n in range(12)],
    "os": [f"System {n}" for n in range(8)],
    "screen": ["phone", "tablet", "desktop"],
    "ip": ["DE", "FR", "GB", "US", "IE", "ES", "IT", "PL", "NL", "AT", "CH", "SE", "JP", "BR"],
    "language": ["en", "de", "fr", "es", "it", "pl", "nl", "sv", "ja", "pt"],
}


def facts(day: str, pages: int, draw: random.Random) -> Facts:
    """A day of visitors, each with a device and a few pages."""
    trees: dict[str, dict[tuple[str, ...], BitMap]] = {name: {} for name in (*TREES, "action")}
    all_views = 0
    for visitor in range(1, VISITORS + 1):
        views = 1 + int(draw.expovariate(0.5))
        values: dict[str, list[tuple[str, ...]]] = {
            name: [(draw.choice(names),)] for name, names in NAMES.items()
        }
        seen = [int(draw.paretovariate(0.7)) % pages for _ in range(views)]
        values["page"] = [(f"/s{page % 20}", f"/s{page % 20}/p{page}") for page in seen]
        values["referrer"] = [("other", f"site{int(draw.paretovariate(0.7)) % 300}.example")]
        values["time"] = [(day, f"{draw.randrange(24):02}")]
        values["entry_page"] = values["page"][:1]
        values["campaign"] = [("letter", "mail", f"week {draw.randrange(40)}")]
        values["action"] = [(name,) for name in ACTIONS if draw.random() < 0.2]
        for name, of_visitor in values.items():
            for value in of_visitor:
                trees[name].setdefault(value, BitMap()).add(visitor)
        all_views += min(views, 5)
    total = BitMap(range(1, VISITORS + 1))
    return Facts(total, trees, {day: DayFacts(total, all_views, all_views)})


def together(_: Facts, wanted: Collection[Pair], frequent: Frequent, size: int) -> Pairs:
    """How many have both values, as if a visitor had all of theirs in one row."""
    return {
        (one, other): {
            (a, b): Shared(those.intersection_cardinality(these), 0)
            for a, those in frequent[one].items()
            for b, these in frequent[other].items()
        }
        for one, other in wanted
    }


def fill(parts: Services, days: int, pages: int, sites: int) -> int:
    """A year of closed days of both purposes at each site; how many cells."""
    draw = random.Random(1)
    cells = 0
    shop = parts.registry.site("shop")
    assert shop is not None
    questions = questions_of(shop.editions.current.policy.purposes["statistics"].terms)
    for back in range(days):
        day = (LAST - timedelta(days=back)).isoformat()
        rule, day_facts = Rule(5, draw.randbytes), facts(day, pages, draw)
        totals = {day: day_totals(day_facts.days[day], rule, visits=True)}
        answers = disclose(day_facts, questions, rule, days=totals, pairs=together, whole=day)
        with writing(parts.engine) as connection:
            for site in ("shop", *(f"shop{number}" for number in range(2, sites + 1))):
                for purpose in ("statistics", "marketing"):
                    key = PeriodKey(site, "", purpose, "day", day)
                    expires = int(MIDNIGHT) + 2000 * 86_400
                    write(connection, key, answers, size=5, expires=expires, settled=True)
                    cells += len(answers.cells)
    return cells


async def measure(folder: Path, days: int, pages: int, rounds: int, sites: int) -> None:
    """Every page and export of the site."""
    listed = shipped("standard").document["purposes"]["statistics"]["tables"]
    funnels = {"buying": ["page:/s1/p1", "action:order"]}
    tables = {"pairs": listed["pairs"], "goals": ["order"], "funnels": funnels}
    world = World(folder, site_policy(tables=tables))
    world.clock.now = MIDNIGHT + 3600
    await world.open()
    parts = world.collector.parts()
    print(f"{days} days, {fill(parts, days, pages, sites):,} cells")
    site = parts.registry.site("shop")
    assert site is not None
    terms = site.editions.current.policy.purposes["statistics"].terms
    whole = f"?purpose=statistics&from={LAST - timedelta(days=days - 1)}&to={LAST}"
    root = "/askfirst/host/sites/shop"
    slugs = [each.slug for each in tables_of(terms)]
    filtered = "?by=page&is=%5B%22%2Fs1%22%2C%22%2Fs1%2Fp1%22%5D"
    paths = [f"{root}{query}" for query in ("", "?range=12m", whole, filtered)]
    paths += [f"{root}/policy", f"{root}/editions"]
    paths += [f"{root}/{slug}{query}" for slug in slugs for query in ("", whole)]
    paths += [f"{root}/{slug}.{kind}{whole}" for slug in ("pages",) for kind in ("csv", "json")]
    watcher = Watcher(world)
    await watcher.begin()
    query = f"site=shop&{whole.removeprefix('?')}"
    queries = [query, f"{query}&table=page"]
    queries.append(f"{query}&table=referrer{filtered.replace('?', '&')}")
    asking: dict[str, Callable[[], Awaitable[Got | Shown]]] = {
        path: partial(world.ask, world.admin, "GET", path) for path in paths
    }
    asking |= {f"/v1/stats?{query}": partial(watcher.stats, query) for query in queries}
    slowest = 0.0
    for path, ask in asking.items():
        took = []
        for _ in range(rounds):
            began = time.process_time()
            got = await ask()
            took.append((time.process_time() - began) * 1e3)
            if got.status != 200:
                raise SystemExit(f"{path}: {got.status}")
        slowest = max(slowest, statistics.median(took))
        print(
            f"{min(took):7.1f} {statistics.median(took):7.1f} ms {len(got.body):8,} bytes  {path}"
        )
    print(f"slowest page, median: {slowest:.1f} ms")
    await world.aclose()


def main() -> None:
    """Fill a year, ask for every page."""
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--days", type=int, default=365)
    reading.add_argument("--pages", type=int, default=400)
    reading.add_argument("--rounds", type=int, default=5)
    reading.add_argument("--sites", type=int, default=1)
    wanted = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(
            measure(Path(folder) / "data", wanted.days, wanted.pages, wanted.rounds, wanted.sites)
        )


if __name__ == "__main__":
    main()
