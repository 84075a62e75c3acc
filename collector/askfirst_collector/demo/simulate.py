"""Two invented weeks: visitors who ask over HTTP, a clock that is held, days that close.

Everything goes the way real visits go: a proxy's header says the address, the gate asks, the
collector stores, and each day is closed by the jobs. Only the visitors and the clock are ours.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import uvicorn

from askfirst.observe.proxies import Proxies
from askfirst.terms.edition import Edition
from askfirst.terms.placed import split
from askfirst_collector.demo.chain import Sites
from askfirst_collector.demo.site import demo_collector, demo_site_and_office
from askfirst_collector.demo.visitors import (
    JOURNEYS,
    OFFICE_JOURNEYS,
    Visit,
    Visitor,
    draw_visit,
    draw_visitor,
    spread,
)
from askfirst_collector.demo.wire import Jar, Wire
from askfirst_collector.jobs.run import run_jobs
from askfirst_collector.services import Services

DAYS = 14
AT_ONCE = 24  # visits under way at the same time
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
    """A visitor of one of the sites, the cookies they keep there, and what they answered."""

    visitor: Visitor
    site: str
    jar: Jar = field(default_factory=Jar)
    answered: bool = False
    asked_about: set[str] = field(default_factory=set)  # placed purposes
    agreed: set[str] = field(default_factory=set)  # those of them they agreed to


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
    asyncio.run(_simulate(data, sites, visits, now, chance, days, progress))


async def _simulate(
    data: Path,
    sites: Sites,
    visits: int,
    now: float,
    chance: Random,
    days: int,
    progress: Callable[[], object],
) -> None:
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=days)
    clock = HeldClock(first.timestamp())
    collector = demo_collector(data, now=clock, proxies=Proxies.of(["127.0.0.1"]), jobs=False)
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(
        uvicorn.Config(
            demo_site_and_office(collector, sites, now=clock),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            lifespan="off",
            timeout_keep_alive=3600,  # the shared connections wait while days close
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    run = _Run(sites, collector.parts(), clock, chance, listener.getsockname()[1], progress)
    try:
        dates = [first + timedelta(days=day) for day in range(days + 1)]
        plan = spread(visits, [day.weekday() for day in dates], (now - today.timestamp()) / 3600)
        for day, hours in zip(dates, plan, strict=True):
            for hour, count in enumerate(hours):
                clock.at = max(clock.at, min(now, (day + timedelta(hours=hour)).timestamp()))
                await run.hour(count)
            for after in (CLOSING, DESTROYING):
                clock.at = min(now, (day + timedelta(days=1) + after).timestamp())
                await asyncio.to_thread(run_jobs, collector.parts(), clock.at)
        clock.at = now
        await asyncio.to_thread(run_jobs, collector.parts(), now)
    finally:
        await run.close()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
        await collector.aclose()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl+C ends the whole command, not this server alone."""
        yield


class _Run:
    """The visitors of a run, and the connections they share as behind one proxy."""

    def __init__(
        self,
        sites: Sites,
        parts: Services,
        clock: HeldClock,
        chance: Random,
        port: int,
        progress: Callable[[], object],
    ) -> None:
        self._origins = {policy.site: policy.origins[0] for policy in sites.both}
        self._shop = sites.shop.site
        self._parts = parts
        self._clock = clock
        self._chance = chance
        self._progress = progress
        self._wires = [Wire(port) for _ in range(AT_ONCE)]
        self._known: list[Person] = []

    async def hour(self, count: int) -> None:
        """The visits of one hour, some at a time, the clock going on between them."""
        pending = [self._next() for _ in range(count)]
        step = 3500 / max(1, len(pending) / AT_ONCE)
        for some in _some_at_a_time(pending, AT_ONCE):
            await asyncio.gather(
                *(self._visit(*pair, wire) for pair, wire in zip(some, self._wires, strict=False))
            )
            self._clock.at += step if len(pending) > AT_ONCE else 0

    async def close(self) -> None:
        """Close the connections."""
        for wire in self._wires:
            await wire.close()

    def _next(self) -> tuple[Person, Visit]:
        if self._known and self._chance.random() < RETURNING:
            person = self._chance.choice(self._known)
        else:
            others = [name for name in self._origins if name != self._shop]
            elsewhere = others and self._chance.random() < ELSEWHERE
            person = Person(draw_visitor(self._chance), others[0] if elsewhere else self._shop)
            self._known.append(person)
        journeys = JOURNEYS if person.site == self._shop else OFFICE_JOURNEYS
        return person, draw_visit(self._chance, person.visitor, journeys)

    async def _visit(self, person: Person, visit: Visit, wire: Wire) -> None:
        headers = _headers(person.visitor, self._origins[person.site])
        source = visit.source
        for page in visit.pages:
            if page == "order":
                await self._order(person, visit, wire, headers)
                continue
            told_by_script = person.visitor.has_script and self._chance.random() < 0.6
            await self._page(person, page, source, wire, headers, told_by_script=told_by_script)
            source = f"{self._origins[person.site]}/"
            if not person.answered and person.visitor.answer != "none":
                await self._answer(person, page, wire, headers)
            elif person.answered:
                await self._answer_placed(person, page, wire, headers)
        if visit.withdraws and person.answered:
            await self._post(person, "consent", {"method": "withdraw"}, wire, headers)
        self._progress()

    async def _page(
        self,
        person: Person,
        page: str,
        source: str,
        wire: Wire,
        headers: dict[str, str],
        *,
        told_by_script: bool,
    ) -> None:
        more = {"sec-fetch-dest": "document", **({"referer": source} if source else {})}
        if told_by_script:
            # Fetched ahead by the browser: the server does not count it, the script does.
            more["sec-purpose"] = "prefetch"
        await wire.send("GET", page, {**headers, **more}, person.jar)
        if told_by_script and person.answered and person.visitor.answer != "reject_all":
            event: dict[str, object] = {
                "type": "page_view",
                "page": page,
                "screen": person.visitor.screen,
                **({"referrer": source.rstrip("/")} if source else {}),
            }
            await self._tell(person, event, wire, headers)

    async def _answer(self, person: Person, page: str, wire: Wire, headers: dict[str, str]) -> None:
        body: dict[str, object] = {"method": person.visitor.answer}
        placed = self._placed(person, page)
        if person.visitor.answer == "save":
            names = ("marketing", "preferences", "statistics")
            purposes = self._edition(person).policy.asked
            details = dict(zip(names, person.visitor.details, strict=True))
            body["choices"] = {name: details[name] for name in purposes}
        elif person.visitor.answer == "accept_all" and placed:
            body["choices"] = dict.fromkeys(self._edition(person).asked_on(page), 3)
            person.agreed |= placed
        await self._post(person, "consent", body, wire, headers)
        person.answered = True
        person.asked_about |= placed if person.visitor.answer == "accept_all" else set()

    async def _answer_placed(
        self, person: Person, page: str, wire: Wire, headers: dict[str, str]
    ) -> None:
        """Who agreed to the site's own is asked once, on its pages, about what is placed there."""
        collectors = self._placed(person, page) - person.asked_about
        if not collectors or person.visitor.answer != "accept_all":
            return
        person.asked_about |= collectors
        agrees = self._chance.random() < AGREES
        choices = dict.fromkeys(collectors, 3 if agrees else 0)
        person.agreed |= collectors if agrees else set()
        await self._post(person, "consent", {"method": "save", "choices": choices}, wire, headers)

    def _placed(self, person: Person, page: str) -> set[str]:
        edition = self._edition(person)
        return set(edition.asked_on(page.partition("?")[0])) - set(edition.policy.asked)

    def _edition(self, person: Person) -> Edition:
        site = self._parts.registry.site(person.site)
        if site is None:
            raise LookupError(person.site)
        return site.editions.current

    async def _order(
        self, person: Person, visit: Visit, wire: Wire, headers: dict[str, str]
    ) -> None:
        if person.visitor.has_script and person.answered:
            action = {"name": "order", "properties": {"title": visit.title}}
            event: dict[str, object] = {
                "type": "action",
                "page": "/order",
                "action": action,
                "referrer": self._origins[person.site],
                "screen": person.visitor.screen,
            }
            await self._tell(person, event, wire, headers)
        form = f"title={visit.title}&harbour=skarness&name=".encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        await wire.send("POST", "/order", {**headers, **kind}, person.jar, form)

    async def _tell(
        self, person: Person, event: dict[str, object], wire: Wire, headers: dict[str, str]
    ) -> None:
        batch = base64.urlsafe_b64encode(self._chance.randbytes(16)).rstrip(b"=").decode()
        events = [
            {**event, "purpose": purpose, **cut}
            for purpose, cut in (
                ("statistics", {}),
                ("marketing", {"page": _section(str(event["page"]))}),
            )
            if purpose == "statistics" or (event["type"] == "page_view" and self._sells(person))
        ]
        words = dict(wire.words)
        await self._post(person, "events", {"batch": batch, "events": events}, wire, headers)
        if event["type"] == "page_view":
            await self._tell_placed(person, event, words, wire, headers)

    def _sells(self, person: Person) -> bool:
        return "marketing" in self._edition(person).policy.asked

    async def _tell_placed(
        self,
        person: Person,
        event: dict[str, object],
        words: dict[str, str],
        wire: Wire,
        headers: dict[str, str],
    ) -> None:
        """What the line that stands on the page makes the script send, with the gate's word."""
        for name in sorted(self._placed(person, str(event["page"])) & person.agreed):
            collector, _ = split(name)
            row = self._parts.placing.get(person.site, collector)
            if row is None or collector not in words:
                continue
            batch = base64.urlsafe_b64encode(self._chance.randbytes(16)).rstrip(b"=").decode()
            placed: dict[str, object] = {
                "collector": row.write_key,
                "vouch": words[collector],
                "batch": batch,
                "events": [{**event, "purpose": name}],
            }
            await self._post(person, "events", placed, wire, headers)

    async def _post(
        self,
        person: Person,
        path: str,
        body: dict[str, object],
        wire: Wire,
        headers: dict[str, str],
    ) -> None:
        if path == "consent":
            body = {"edition": self._edition(person).hash, "lang": "en", **body}
        more = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        sent = json.dumps({"v": 1, **body}).encode()
        await wire.send("POST", f"/askfirst/{path}", {**headers, **more}, person.jar, sent)


def _headers(visitor: Visitor, origin: str) -> dict[str, str]:
    return {
        "host": origin.partition("://")[2],
        "x-forwarded-for": visitor.address,
        "user-agent": visitor.agent,
        "accept-language": visitor.language,
        "accept": "text/html",
    }


def _section(page: str) -> str:
    return "/" + page.partition("?")[0].strip("/").partition("/")[0]


def _some_at_a_time(
    pending: list[tuple[Person, Visit]], size: int
) -> Iterator[list[tuple[Person, Visit]]]:
    """Groups in which nobody is twice: one visitor is not in two places."""
    rest = pending
    while rest:
        some: list[tuple[Person, Visit]] = []
        later: list[tuple[Person, Visit]] = []
        busy: set[int] = set()
        for pair in rest:
            must_wait = len(some) >= size or id(pair[0]) in busy
            busy.add(id(pair[0]))
            (later if must_wait else some).append(pair)
        yield some
        rest = later
