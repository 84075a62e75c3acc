"""Two invented weeks: visitors, their answers and visits, a clock that is held, days that close.

The collector's own parts do what they do for real visitors: the ledger records each answer, what
was agreed to is observed and made less precise, each day is closed by the jobs. Only the way over
HTTP, through the gate and onto a disk that must not lose anything, is left out: it would take
minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from askfirst.adapters.background_loop import Background
from askfirst.client import Decision, Method
from askfirst.contracts.events import Action
from askfirst.observe.event import Observer, Raw
from askfirst.observe.location import Locator
from askfirst.terms.edition import Edition
from askfirst.terms.lattice import Detail
from askfirst.terms.placed import split
from askfirst_collector.demo.chain import Sites, place_collectors
from askfirst_collector.demo.site import demo_collector
from askfirst_collector.demo.visitors import (
    JOURNEYS,
    OFFICE_JOURNEYS,
    Visit,
    Visitor,
    draw_visit,
    draw_visitor,
    spread,
)
from askfirst_collector.ingest.build_row import row_template
from askfirst_collector.jobs.run import run_jobs
from askfirst_collector.ledger.entries import ConsentStatus
from askfirst_collector.services import Services
from askfirst_collector.store.database import not_at_once
from askfirst_collector.store.events import Authorized, Batch, Row
from askfirst_collector.usecases.record_consent import record_now

DAYS = 14
DAY = 86_400  # seconds
RETURNING = 0.5  # of visits
ELSEWHERE = 0.2  # of visitors come to the second site
AGREES = 0.7  # of those who are asked about a placed collector alone
MARK = "simulated"  # a file of this name in the folder: every page of the dashboard says so
CLOSING = timedelta(minutes=5)  # after midnight: the day before is closed by then
DESTROYING = timedelta(hours=3)  # after midnight: its salt is gone by then


@dataclass
class HeldClock:
    """Unix seconds that move only when told."""

    at: float

    def __call__(self) -> float:
        """The time."""
        return self.at


@dataclass
class Person:
    """A visitor of one of the sites, the handle of their receipt, and what they answered."""

    visitor: Visitor
    site: str
    handle: str
    answered: bool = False
    status: ConsentStatus | None = None  # None: nothing was agreed to
    asked_about: set[str] = field(default_factory=set)  # placed purposes


def simulate(
    data: Path,
    sites: Sites,
    visits: int,
    *,
    now: float,
    chance: Random,
    days: int = DAYS,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Fill the folder with `visits` of the `days` that end `now` (unix seconds)."""
    data.mkdir(parents=True, exist_ok=True)
    (data / MARK).touch()
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=days)
    clock = HeldClock(first.timestamp())
    collector = demo_collector(data, now=clock, jobs=False)
    background = Background(collector.aclose)
    try:
        parts = collector.parts()
        place_collectors(parts, sites)
        run = _Run(sites, parts, clock, chance, background, progress)
        dates = [first + timedelta(days=day) for day in range(days + 1)]
        plan = spread(visits, [day.weekday() for day in dates], (now - today.timestamp()) / 3600)
        with not_at_once(parts.engine):
            for day, hours in zip(dates, plan, strict=True):
                for hour, count in enumerate(hours):
                    clock.at = max(clock.at, min(now, (day + timedelta(hours=hour)).timestamp()))
                    run.hour(count)
                for after in (CLOSING, DESTROYING):
                    clock.at = min(now, (day + timedelta(days=1) + after).timestamp())
                    run_jobs(parts, clock.at)
    finally:
        background.close()
        collector.close()


class _Run:
    """The visitors of a run."""

    def __init__(
        self,
        sites: Sites,
        parts: Services,
        clock: HeldClock,
        chance: Random,
        background: Background,
        progress: Callable[[], object],
    ) -> None:
        self._origins = {policy.site: policy.origins[0] for policy in sites.both}
        self._shop = sites.shop.site
        self._parts = parts
        self._clock = clock
        self._chance = chance
        self._background = background
        self._progress = progress
        self._place = Locator.open(None)
        self._known: list[Person] = []
        self._batches: list[Batch] = []  # that wait for the end of the hour

    def hour(self, count: int) -> None:
        """The visits of one hour, the clock going on between them; stored together at its end."""
        for _ in range(count):
            person, visit = self._next()
            rows = self._visit(person, visit)
            if rows and person.status is not None:
                self._batches.append(self._batch(person.status, rows))
            if visit.withdraws and person.status is not None:
                self._answer(person, "withdraw", dict.fromkeys(person.status.choices, 0))
                person.status = None
            self._clock.at += 3500 / count
            self._progress()
        self._store()

    def _store(self) -> None:
        batches, self._batches = self._batches, []

        async def store() -> None:
            await asyncio.gather(*map(self._parts.events.append, batches))

        if batches:
            self._background.run(store())

    def _next(self) -> tuple[Person, Visit]:
        if self._known and self._chance.random() < RETURNING:
            person = self._chance.choice(self._known)
        else:
            others = [name for name in self._origins if name != self._shop]
            elsewhere = others and self._chance.random() < ELSEWHERE
            site = others[0] if elsewhere else self._shop
            handle = self._chance.randbytes(32).hex()
            person = Person(draw_visitor(self._chance), site, handle)
            self._known.append(person)
        journeys = JOURNEYS if person.site == self._shop else OFFICE_JOURNEYS
        return person, draw_visit(self._chance, person.visitor, journeys)

    def _visit(self, person: Person, visit: Visit) -> list[Row]:
        rows: list[Row] = []
        source = visit.source
        for page in visit.pages:
            if page == "order":
                if person.visitor.has_script:
                    order = Action("order", {"title": visit.title})
                    rows += self._rows(person, "/order", source, order)
                continue
            # Who has answered on this page was not counted on it: nothing from before is sent.
            rows += self._rows(person, page, source)
            source = f"{self._origins[person.site]}/"
            if not person.answered:
                self._first_answer(person, page)
            else:
                self._answer_placed(person, page)
        return rows

    def _first_answer(self, person: Person, page: str) -> None:
        edition, visitor = self._edition(person), person.visitor
        if visitor.answer == "none":
            return
        person.answered = True
        own = edition.policy.asked
        if visitor.answer == "accept_all":
            names = edition.asked_on(page.partition("?")[0])
            person.asked_about |= set(names) - set(own)
            self._answer(person, "accept_all", dict.fromkeys(names, int(Detail.AS_ASKED)))
        elif visitor.answer == "save" and any(visitor.details):
            details = zip(("marketing", "preferences", "statistics"), visitor.details, strict=True)
            self._answer(person, "save", {name: n for name, n in details if name in own})
        elif edition.policy.count_refusals:
            calendar = self._parts.registry.calendar(person.site)
            self._parts.ledger.tally_refusal(person.site, edition.number, calendar)

    def _answer_placed(self, person: Person, page: str) -> None:
        """Who agreed to the site's own is asked once, on its pages, about what is placed there."""
        edition = self._edition(person)
        names = set(edition.asked_on(page.partition("?")[0])) - set(edition.policy.asked)
        names -= person.asked_about
        if not names or person.visitor.answer != "accept_all" or person.status is None:
            return
        person.asked_about |= names
        agrees = self._chance.random() < AGREES
        detail = Detail.AS_ASKED if agrees else Detail.NONE
        self._answer(person, "save", dict.fromkeys(sorted(names), int(detail)))

    def _answer(self, person: Person, method: Method, choices: dict[str, int]) -> None:
        if any(batch.judged.handle == person.handle for batch in self._batches):
            self._store()  # judged by the answer before
        edition = self._edition(person)
        record_now(
            self._parts,
            Decision(
                site=person.site,
                handle=person.handle,
                edition=edition.hash,
                lang="en",
                method=method,
                choices=choices,
                adult=True,
                gpc=False,
            ),
        )
        person.status = self._parts.ledger.consent_status(person.site, person.handle)

    def _rows(
        self, person: Person, page: str, source: str, action: Action | None = None
    ) -> list[Row]:
        status, site = person.status, self._parts.registry.site(person.site)
        if status is None or site is None:
            return []
        visitor, now = person.visitor, self._clock.at
        headers = {
            b"user-agent": visitor.agent.encode(),
            b"accept-language": visitor.language.encode(),
        }
        raw = Raw(headers, visitor.address, now)
        origin = self._origins[person.site]
        observer = Observer(
            raw, place=self._place, own_origins=(origin,), clock=site.calendar.clock
        )
        on_page = set(site.editions.current.asked_on(page.partition("?")[0]))
        type = "page_view" if action is None else "action"
        fields: dict[str, object] = {"type": type, "page": page, "action": action}
        fields |= {"referrer": source.rstrip("/"), "screen": visitor.screen}
        rows: list[Row] = []
        for name in sorted(on_page & set(status.choices)):
            terms = site.effective(name, status.choices[name])
            collector, purpose = split(name)
            if not any(terms.scope.levels):
                continue
            if action is not None and action.name not in terms.actions:
                continue
            template = row_template(
                status,
                purpose,
                terms,
                self._parts.salts,
                now,
                calendar=site.calendar,
                collector=collector,
            )
            if template is not None:
                rows.append(template.row(type, observer.observe(fields, terms)))
        return rows

    def _batch(self, status: ConsentStatus, rows: list[Row]) -> Batch:
        judged = Authorized(status.site, status.handle, status.index)
        key = self._chance.randbytes(32)
        return Batch(judged, int(self._clock.at) // DAY, key, tuple(rows), b"{}")

    def _edition(self, person: Person) -> Edition:
        site = self._parts.registry.site(person.site)
        if site is None:
            raise LookupError(person.site)
        return site.editions.current
