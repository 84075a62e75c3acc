"""Visitors of a site, what they did, and between which changes of the disk they did it."""

from __future__ import annotations

import http.client
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from askfirst.gate.receipt import handle_of
from tests.system.frameworks.visitor import Got, Visitor
from tests.system.relay.world import shop

RECEIPT = "__Host-askfirst-receipt"
AGENT = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
POLICY = shop()
FINEST = 2  # the detail of `accept_all`
PATIENCE = 60.0  # seconds until an operation must have been answered
# What visitors do, and how often.
WEIGHTS = {
    "events": 55,
    "retry": 10,
    "grant": 12,
    "change": 8,
    "withdraw": 6,
    "restrict": 3,
    "erase": 4,
    "ghost": 10,
}


@dataclass
class Operation:
    """One of a visitor's operations: `started` and `acknowledged` count changes of the disk."""

    kind: str
    started: int
    acknowledged: int | None = None
    page: str = ""  # of a batch: its events are those with this page
    events: int = 0
    choices: dict[str, int] = field(default_factory=dict)
    is_linked: bool = False  # its rows bear a pseudonym, by which they can be erased


@dataclass
class Person:
    """A visitor who agreed, and everything they did since, in order."""

    handle: str
    cookies: dict[str, str]
    operations: list[Operation]

    @property
    def kinds(self) -> set[str]:
        return {operation.kind for operation in self.operations}

    @property
    def is_linked(self) -> bool:
        """Whether what they agreed to last lets rows bear a pseudonym."""
        return [each.choices["statistics"] for each in self.operations if each.choices][
            -1
        ] == FINEST

    @property
    def has_ended(self) -> bool:
        """Whether no event of theirs may be stored any more."""
        return bool(self.kinds & {"withdraw", "erase", "restrict"})


class Wrong(Exception):
    """An answer that breaks a promise."""


class Crowd:
    """Several clients, each with visitors of its own, until `stop`.

    `sequence` tells how many changes of the disk there were.
    """

    def __init__(
        self,
        ports: list[int],
        sequence: Callable[[], int],
        drawn: random.Random,
        *,
        clients: int = 4,
    ) -> None:
        self.people: list[Person] = []
        self.ghosts: dict[str, str] = {}  # pages of which no row may be there: why
        self.wrong: list[str] = []
        self.done = 0
        self._ports = ports
        self._sequence = sequence
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._pages = page_names()
        self._threads = [
            threading.Thread(target=self._client, args=(random.Random(drawn.random()),))
            for _ in range(clients)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody finish what they are at."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self, operations: int, unless: Callable[[], bool] = lambda: False) -> None:
        """Until so many more were acknowledged, somebody was wronged, or `unless` holds."""
        wanted = self.done + operations
        until = time.monotonic() + PATIENCE
        while self.done < wanted and not unless() and not self.wrong:
            if time.monotonic() > until:
                self.wrong.append("nobody is answered any more")
            time.sleep(0.003)

    def new_page(self) -> str:
        with self._lock:
            return next(self._pages)

    def send(self, person: Person, page: str, events: int, drawn: random.Random) -> Got:
        """A batch, again until it is answered; it bears the page's name."""
        event = {"purpose": "statistics", "type": "page_view", "page": page}
        body = {"v": 1, "batch": page.strip("/").rjust(22, "_"), "events": [event] * events}
        return self._until_answered(person.cookies, "/askfirst/events", body, drawn, (202,))[0]

    def haunt(self, person: Person, drawn: random.Random) -> None:
        """Send for somebody whose grant is over: nothing of it may be stored."""
        page = self.new_page()
        self.ghosts[page] = f"{person.handle[:8]} had ended"
        answer = self.send(person, page, 1, drawn).json
        if answer != {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}:
            raise Wrong(f"withdrawal lost: {person.handle[:8]} was answered {answer}")

    # A client

    def _client(self, drawn: random.Random) -> None:
        own: list[Person] = []
        try:
            while not self._over.is_set() and not self.wrong:
                self._act(own, drawn)
                self.done += 1
        except Wrong as wrong:
            self.wrong.append(str(wrong))
        except Exception as error:
            self.wrong.append(f"a client failed: {error!r}")

    def _act(self, own: list[Person], drawn: random.Random) -> None:
        kind = drawn.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        alive = [person for person in own if not person.has_ended]
        if kind == "ghost":
            over = [person for person in own if person.has_ended]
            return self.haunt(drawn.choice(over), drawn) if over else None
        if kind == "grant" or not alive:
            own.append(self._grant(drawn))
            return None
        person = drawn.choice(alive)
        batches = [each for each in person.operations if each.kind == "events"]
        if kind == "events":
            self._events(person, drawn)
        elif kind == "retry":
            if batches:
                self.retry(person, drawn.choice(batches), drawn)
        elif kind == "change":
            own += self._change(person, drawn)
        else:
            self._end(person, kind, drawn)
        return None

    def _grant(self, drawn: random.Random) -> Person:
        started = self._sequence()
        _, cookies = self._until_answered(
            {}, "/askfirst/consent", _answer("accept_all", {}), drawn, (200,)
        )
        handle = handle_of(cookies[RECEIPT].encode()) or ""
        choices = dict.fromkeys(POLICY.asked, FINEST)
        grant = Operation("grant", started, self._sequence(), choices=choices)
        person = Person(handle, cookies, [grant])
        self.people.append(person)
        return person

    def _events(self, person: Person, drawn: random.Random) -> None:
        page, events = self.new_page(), drawn.choice((1, 1, 2, 5))
        batch = Operation("events", self._sequence(), page=page, events=events)
        batch.is_linked = person.is_linked
        person.operations.append(batch)
        self.retry(person, batch, drawn)
        batch.acknowledged = self._sequence()

    def retry(self, person: Person, batch: Operation, drawn: random.Random) -> None:
        """Send a batch, perhaps once more: the answer is that all of it is stored."""
        answer = self.send(person, batch.page, batch.events, drawn).json
        if answer != {"stored": batch.events, "dropped": []}:
            raise Wrong(f"grant lost: {person.handle[:8]} was answered {answer}")

    def _change(self, person: Person, drawn: random.Random) -> list[Person]:
        """Who they are from now on, where it is not who they were.

        A first attempt that nobody heard the end of is taken back, and that ends the receipt: the
        next attempt is refused, as the answer of a tab in which nobody knew of a withdrawal is, and
        the visitor, who is asked again, answers the same.
        """
        choices = {name: drawn.choice((0, 1, FINEST)) for name in POLICY.asked}
        detail = drawn.choice((1, FINEST))  # all that are granted share one
        choices = {name: detail if choice else 0 for name, choice in choices.items()}
        choices["statistics"] = detail
        change = Operation("change", self._sequence(), choices=choices)
        person.operations.append(change)
        path, body = "/askfirst/consent", _answer("save", choices)
        answer, cookies = self._until_answered(
            person.cookies, path, body, drawn, (200,), again=(409,)
        )
        started, change.acknowledged = change.started, self._sequence()
        if answer.status == 409:
            started = change.acknowledged
            if answer.json["reason"] != "handle-ended" or RECEIPT in cookies:
                raise Wrong(f"{path} was answered {answer.body[:200]!r}, and left {[*cookies]}")
            _, cookies = self._until_answered(cookies, path, body, drawn, (200,))
        handle = handle_of(cookies[RECEIPT].encode()) or ""
        if handle == person.handle:
            person.cookies = cookies
            return []
        grant = Operation("grant", started, self._sequence(), choices=choices)
        change.kind, change.choices = "withdraw", {}
        renewed = Person(handle, cookies, [grant])
        self.people.append(renewed)
        return [renewed]

    def _end(self, person: Person, kind: str, drawn: random.Random) -> None:
        end = Operation(kind, self._sequence())
        person.operations.append(end)
        path, body = f"/askfirst/rights/{kind}", dict[str, object]()
        if kind == "withdraw" and drawn.random() < 0.5:
            path = "/askfirst/consent"
            body = {
                "v": 2,
                "edition": POLICY.hash,
                "lang": "en",
                "method": "withdraw",
                "choices": {},
            }
        self._until_answered(person.cookies, path, body, drawn, (200,))
        end.acknowledged = self._sequence()

    def _until_answered(
        self,
        cookies: dict[str, str],
        path: str,
        body: object,
        drawn: random.Random,
        statuses: tuple[int, ...],
        again: tuple[int, ...] = (),
    ) -> tuple[Got, dict[str, str]]:
        """The first answer that is no 503, and the cookies after it.

        It has one of these statuses, or one of `again` where it is not the first attempt.
        """
        until = time.monotonic() + PATIENCE
        jar = dict(cookies)
        while True:
            visitor = Visitor(drawn.choice(self._ports), jar, [AGENT])
            answer = None
            try:
                answer = visitor.post_json(path, body)
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)  # nobody listens: the next server does not start sooner
            if answer is not None and not answer.all("content-length"):
                # Killed between its status line and its headers, which the standard library's
                # server writes one by one, and its client takes for all that there are.
                answer = None
            if answer is not None and answer.status in statuses:
                return answer, visitor.jar
            if answer is not None and answer.status != 503:
                raise Wrong(f"{path} was answered {answer.status} {answer.body[:200]!r}")
            statuses = (*statuses, *again)
            if answer is not None:
                time.sleep(0.01)
            if time.monotonic() > until:
                last = answer.body[:200] if answer is not None else "not at all"
                raise Wrong(f"{path} is not answered any more: {last!r}")


def _answer(method: str, choices: dict[str, int]) -> dict[str, object]:
    """The body of an answer as the notice's script sends it."""
    body = {"v": 2, "edition": POLICY.hash, "lang": "en", "method": method, "choices": choices}
    return {**body, "adult": method != "withdraw"}


def page_names() -> Iterator[str]:
    """Pages by which batches are told apart: words, since numbers are replaced."""
    for letters in itertools.product("abcdefghij", repeat=5):
        yield f"/v-{''.join(letters)}"
