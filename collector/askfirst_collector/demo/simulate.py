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
from askfirst.terms.policy import Policy
from askfirst_collector.demo.site import demo_collector, demo_site
from askfirst_collector.demo.visitors import Visit, Visitor, draw_visit, draw_visitor, spread
from askfirst_collector.demo.wire import Jar, Wire
from askfirst_collector.jobs.run import run_jobs

DAYS = 14
AT_ONCE = 24  # visits under way at the same time
RETURNING = 0.5  # of visits
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
    """A visitor with the cookies they keep, and whether they answered."""

    visitor: Visitor
    jar: Jar = field(default_factory=Jar)
    answered: bool = False


def simulate(
    data: Path,
    policy: Policy,
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
    asyncio.run(_simulate(data, policy, visits, now, chance, days, progress))


async def _simulate(
    data: Path,
    policy: Policy,
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
            demo_site(collector, policy, now=clock),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            lifespan="off",
            timeout_keep_alive=3600,  # the shared connections wait while days close
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    run = _Run(policy, clock, chance, listener.getsockname()[1], progress)
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
        policy: Policy,
        clock: HeldClock,
        chance: Random,
        port: int,
        progress: Callable[[], object],
    ) -> None:
        self._policy = policy
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
                *(self._visit(*each, wire) for each, wire in zip(some, self._wires, strict=False))
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
            person = Person(draw_visitor(self._chance))
            self._known.append(person)
        return person, draw_visit(self._chance, person.visitor)

    async def _visit(self, person: Person, visit: Visit, wire: Wire) -> None:
        headers = _headers(person.visitor)
        source = visit.source
        for page in visit.pages:
            if page == "order":
                await self._order(person, visit, wire, headers)
                continue
            told_by_script = person.visitor.has_script and self._chance.random() < 0.6
            await self._page(person, page, source, wire, headers, told_by_script=told_by_script)
            source = f"{self._policy.origins[0]}/"
            if not person.answered and person.visitor.answer != "none":
                await self._answer(person, wire, headers)
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
            seen: dict[str, object] = {
                "type": "page_view",
                "page": page,
                "screen": person.visitor.screen,
                **({"referrer": source.rstrip("/")} if source else {}),
            }
            await self._tell(person, seen, wire, headers)

    async def _answer(self, person: Person, wire: Wire, headers: dict[str, str]) -> None:
        body: dict[str, object] = {"method": person.visitor.answer}
        if person.visitor.answer == "save":
            names = ("marketing", "preferences", "statistics")
            body["choices"] = dict(zip(names, person.visitor.details, strict=True))
        await self._post(person, "consent", body, wire, headers)
        person.answered = True

    async def _order(
        self, person: Person, visit: Visit, wire: Wire, headers: dict[str, str]
    ) -> None:
        if person.visitor.has_script and person.answered:
            action = {"name": "order", "properties": {"title": visit.title}}
            told: dict[str, object] = {
                "type": "action",
                "page": "/order",
                "action": action,
                "referrer": self._policy.origins[0],
                "screen": person.visitor.screen,
            }
            await self._tell(person, told, wire, headers)
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
            if event["type"] == "page_view" or purpose == "statistics"
        ]
        await self._post(person, "events", {"batch": batch, "events": events}, wire, headers)

    async def _post(
        self,
        person: Person,
        path: str,
        body: dict[str, object],
        wire: Wire,
        headers: dict[str, str],
    ) -> None:
        if path == "consent":
            body = {"edition": self._policy.hash, "lang": "en", **body}
        more = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        sent = json.dumps({"v": 1, **body}).encode()
        await wire.send("POST", f"/askfirst/{path}", {**headers, **more}, person.jar, sent)


def _headers(visitor: Visitor) -> dict[str, str]:
    return {
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
        for each in rest:
            taken = len(some) >= size or id(each[0]) in busy
            busy.add(id(each[0]))
            (later if taken else some).append(each)
        yield some
        rest = later
