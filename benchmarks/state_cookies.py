"""How many visitors hold a state cookie that nobody else has: a year of answers, by the real rules.

    scripts/benchmark state_cookies

Visitors come first at any time of the year, and again every two weeks on average. One in five is
careful: decides each purpose by itself, half of them with less detail, and changes their mind at
one visit in fifty. Of the others three in five accept all and the rest reject all. Whoever is asked
again answers in the same way. Looked at is what all of them hold at the end of the year: the bytes
of the cookie but for its signature, which the same claims make the same.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from askfirst.terms.consent import Consent, state_of
from askfirst.terms.edition import Choice, Edition, Editions, edition_hash
from askfirst.terms.placed import Placed, read_placed
from askfirst.terms.policy import read_policy, shipped
from askfirst.terms.token import State, expires_at

YEAR, DAY = 365 * 86_400, 86_400
START = 1_767_225_600  # 2026-01-01T00:00:00Z
PAGE = "/tides/today"  # on which whatever is placed stands
CAREFUL, ACCEPT = 0.2, 0.6
BASE: dict[str, Any] = dict(shipped("standard").document)


@dataclass(frozen=True)
class Site:
    """So many purposes, editions in the year that ask for more, and placed collectors."""

    purposes: int
    widenings: int
    placed: int = 0

    def editions(self, draw: random.Random) -> list[Edition]:
        """The first from the beginning, the others at random times; each widens one purpose."""
        purpose = {**BASE["purposes"]["statistics"], "levels": {"page": 1, "time": 1}}
        purpose.pop("tables", None)
        names = [f"purpose{number}" for number in range(self.purposes)]
        document = {**BASE, "purposes": {name: copy.deepcopy(purpose) for name in names}}
        placed = {f"widget{number}": self._widget(number) for number in range(self.placed)}
        at = [START, *sorted(START + draw.randrange(YEAR) for _ in range(self.widenings))]
        found = []
        for number, effective in enumerate(at, 1):
            if number > 1:
                levels = document["purposes"][draw.choice(names)]["levels"]
                more = ("os", "browser", "language", "screen", "ip", "referrer")
                wider = next((name for name in more if name not in levels), None)
                levels[wider or "page"] = 1 if wider else 2
            policy = read_policy(copy.deepcopy(document))
            digest = edition_hash(policy, placed)
            found.append(Edition(number, digest, effective, policy, placed))
        return found

    def _widget(self, number: int) -> Placed:
        text = {"en": {"title": "Widget", "description": "Counts its readers."}}
        return read_placed(
            {
                "version": 1,
                "collector": f"widget{number}",
                "site": BASE["site"],
                "pages": ["/tides/**"],
                "controller": {"name": "Tide Ltd", "contact": "a@example.org", "country": "IE"},
                "jurisdiction": "EU",
                "languages": ["en"],
                "purposes": {
                    "purpose0": {
                        "data_use": BASE["purposes"]["statistics"]["data_use"],
                        "levels": {"page": 1},
                        "retention_days": 30,
                        "text": text,
                    }
                },
            }
        )


@dataclass
class Visitor:
    """What one holds: the ledger's choices, and the cookie."""

    is_careful: bool
    detail: int
    accepts: bool
    choices: dict[str, Choice] = field(default_factory=dict)
    state: State | None = None

    def visit(self, editions: Editions, now: float, draw: random.Random) -> None:
        """Answer what is asked, or change one's mind."""
        if self.state is not None and self.state.expires <= now:
            self.state, self.choices = None, {}
        consent = Consent(BASE["site"], self.state, editions)
        names = [question.purpose for question in consent.asks_on(PAGE)]
        if not names and self.is_careful and draw.random() < 0.02:
            names = list(editions.current.policy.asked)
        if not names:
            return
        number = editions.current.number
        for name in names:
            is_on = draw.random() < 0.5 if self.is_careful else self.accepts
            detail = 2 if "/" in name else self.detail
            self.choices[name] = Choice(detail if is_on else 0, number)
        granted = any(choice.detail for choice in self.choices.values())
        # Without any grant left the ledger ends the handle, and the cookie is the refusal of all.
        if not granted:
            self.choices = {name: Choice(0, number) for name in self.choices}
        self.state = state_of(BASE["site"], editions, self.choices, expires=expires_at(now))


def year(site: Site, visitors: int, draw: random.Random) -> Iterator[Visitor]:
    """Everybody at the end of the year."""
    all_editions = site.editions(draw)
    known = [Editions(tuple(all_editions[:count])) for count in range(1, len(all_editions) + 1)]
    for _ in range(visitors):
        is_careful = draw.random() < CAREFUL
        detail = draw.choice((1, 2)) if is_careful else 2
        visitor = Visitor(is_careful, detail, draw.random() < ACCEPT)
        now = START + draw.random() * YEAR
        while now < START + YEAR:
            current = sum(edition.effective <= now for edition in all_editions)
            visitor.visit(known[current - 1], now, draw)
            now += draw.expovariate(1 / (14 * DAY))
        yield visitor


def alone(site: Site, visitors: int, rounds: int) -> tuple[float, float]:
    """The shares of all and of the careful ones whose cookie nobody else holds."""
    every = careful = single = single_careful = 0
    for number in range(rounds):
        people = list(year(site, visitors, random.Random(number)))
        held = Counter(_value(visitor) for visitor in people)
        every += len(people)
        careful += sum(visitor.is_careful for visitor in people)
        lone = [visitor for visitor in people if held[_value(visitor)] == 1]
        single += len(lone)
        single_careful += sum(visitor.is_careful for visitor in lone)
    return single / every, single_careful / careful


def _value(visitor: Visitor) -> object:
    state = visitor.state
    assert state is not None
    return state.edition, tuple(sorted(state.choices.items())), state.expires


SITES = (
    Site(1, 0),
    Site(3, 1),
    Site(4, 2),
    Site(4, 4),
    Site(6, 2),
    Site(8, 4),
    Site(4, 2, placed=1),
    Site(4, 2, placed=3),
)


def main() -> None:
    """Print a row a site, for 10,000 visitors and for 200."""
    print("purposes  widenings  placed  |  10,000: all  careful  |  200: all  careful")
    for site in SITES:
        many, few = alone(site, 10_000, 3), alone(site, 200, 60)
        print(
            f"{site.purposes:8}{site.widenings:11}{site.placed:8}  |"
            f"{many[0]:13.2%}{many[1]:9.2%}  |{few[0]:10.2%}{few[1]:9.2%}"
        )


if __name__ == "__main__":
    main()
