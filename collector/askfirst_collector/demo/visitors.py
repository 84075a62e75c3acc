"""Invented visitors: where they come from, with what, what they do. Chance is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeVar

T = TypeVar("T")
Answer = Literal["accept_all", "reject_all", "save", "none"]

# (share, country's network, Accept-Language). Networks of large access providers.
PLACES = (
    (26, "86.128.{}.{}", "en-GB,en;q=0.9"),
    (13, "86.40.{}.{}", "en-IE,en;q=0.9"),
    (11, "84.160.{}.{}", "de-DE,de;q=0.9,en;q=0.6"),
    (8, "90.2.{}.{}", "fr-FR,fr;q=0.9,en;q=0.5"),
    (8, "84.208.{}.{}", "nb-NO,nb;q=0.9,en;q=0.8"),
    (7, "83.80.{}.{}", "nl-NL,nl;q=0.9,en;q=0.8"),
    (5, "80.62.{}.{}", "da-DK,da;q=0.9,en;q=0.8"),
    (5, "78.64.{}.{}", "sv-SE,sv;q=0.9,en;q=0.8"),
    (5, "24.5.{}.{}", "en-US,en;q=0.9"),
    (3, "157.157.{}.{}", "is-IS,is;q=0.9,en;q=0.8"),
    (3, "81.240.{}.{}", "nl-BE,nl;q=0.9,fr;q=0.8"),
    (2, "80.24.{}.{}", "es-ES,es;q=0.9"),
    (2, "24.64.{}.{}", "en-CA,en;q=0.9"),
    (2, "1.128.{}.{}", "en-AU,en;q=0.9"),
    (2, "49.224.{}.{}", "en-NZ,en;q=0.9"),
    (1, "81.84.{}.{}", "pt-PT,pt;q=0.9"),
    (1, "126.3.{}.{}", "ja-JP,ja;q=0.9"),
)
_WINDOWS, _MAC = "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
# (share, User-Agent, screen)
DEVICES = (
    (20, f"Mozilla/5.0 ({_WINDOWS}) {_WEBKIT} Chrome/143.0.0.0 Safari/537.36", "desktop"),
    (4, f"Mozilla/5.0 ({_WINDOWS}) {_WEBKIT} Chrome/142.0.0.0 Safari/537.36", "desktop"),
    (6, f"Mozilla/5.0 ({_WINDOWS}) {_WEBKIT} "
        "Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0", "desktop"),
    (9, f"Mozilla/5.0 ({_WINDOWS}; rv:145.0) Gecko/20100101 Firefox/145.0", "desktop"),
    (4, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "desktop"),
    (8, f"Mozilla/5.0 ({_MAC}) {_SAFARI} Version/19.1 Safari/605.1.15", "desktop"),
    (24, "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) "
         f"{_SAFARI} Version/19.1 Mobile/15E148 Safari/604.1", "phone"),
    (20, f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} "
         "Chrome/143.0.0.0 Mobile Safari/537.36", "phone"),
    (5, "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) "
        f"{_SAFARI} Version/18.6 Mobile/15E148 Safari/604.1", "tablet"),
)  # fmt: skip
# (share, Referer of the first page)
SOURCES = (
    (30, ""),
    (31, "https://www.google.com/"),
    (6, "https://duckduckgo.com/"),
    (4, "https://www.bing.com/"),
    (7, "https://www.facebook.com/"),
    (3, "https://chatgpt.com/"),
    (9, "https://psmsl.org/"),
    (6, "https://classicboat.example/"),
    (4, "https://mail.google.com/"),
)
# (share, the pages of one visit, in order; "order" is the form being sent)
JOURNEYS = (
    (17, ("/",)),
    (14, ("/", "/tables/skarness")),
    (11, ("/", "/tables", "/tables/hollow-haven")),
    (8, ("/tables/skarness",)),
    (7, ("/tables/saint-orrin",)),
    (5, ("/tables", "/tables/muckle-voe")),
    (10, ("/journal/the-week-of-small-tides",)),
    (5, ("/journal/the-week-of-small-tides", "/", "/order")),
    (6, ("/?via=poster", "/tables/skarness", "/order")),
    (4, ("/?via=newsletter", "/order", "order")),
    (7, ("/", "/order", "order")),
    (3, ("/", "/tables/skarness", "/order", "order")),
    (3, ("/", "/journal", "/journal/the-week-of-small-tides")),
)
OFFICE_JOURNEYS = (
    (20, ("/",)),
    (25, ("/", "/berths")),
    (15, ("/berths",)),
    (12, ("/berths", "/berths/a")),
    (8, ("/berths", "/berths/c")),
)
TITLES = ((6, "pocket"), (3, "wall"), (2, "almanac"))
ANSWERS: tuple[tuple[int, Answer], ...] = (
    (48, "accept_all"),
    (14, "save"),
    (27, "reject_all"),
    (11, "none"),
)
# How many come in each hour of the day, midnight first.
HOURS = (2, 1, 1, 1, 2, 5, 9, 12, 12, 11, 10, 10, 12, 11, 10, 10, 11, 13, 15, 17, 16, 13, 8, 4)
WEEKEND = 1.35  # people who go out look at tides before a free day


@dataclass(frozen=True)
class Visitor:
    """Someone invented: what a request of theirs carries, and how they answer."""

    address: str
    language: str
    agent: str
    screen: str
    answer: Answer
    details: tuple[int, int, int]  # of marketing, preferences, statistics, where they `save`
    has_script: bool


@dataclass(frozen=True)
class Visit:
    """One coming: from where, to which pages; `title` is what is ordered, where something is."""

    visitor: Visitor
    source: str
    pages: tuple[str, ...]
    title: str
    withdraws: bool


def draw_visitor(chance: Random) -> Visitor:
    """One visitor."""
    network, language = _weighted(chance, [(s, (n, lang)) for s, n, lang in PLACES])
    agent, screen = _weighted(chance, [(s, (a, kind)) for s, a, kind in DEVICES])
    detail = chance.choice((1, 2, 2))
    return Visitor(
        address=network.format(chance.randrange(1, 255), chance.randrange(1, 255)),
        language=language,
        agent=agent,
        screen=screen,
        answer=_weighted(chance, ANSWERS),
        details=(chance.choice((0, 0, 0, detail)), chance.choice((0, detail)), detail),
        has_script=chance.random() < 0.97,
    )


def draw_visit(
    chance: Random,
    visitor: Visitor,
    journeys: Sequence[tuple[int, tuple[str, ...]]] = JOURNEYS,
) -> Visit:
    """One visit of theirs."""
    return Visit(
        visitor=visitor,
        source=_weighted(chance, SOURCES),
        pages=_weighted(chance, journeys),
        title=_weighted(chance, TITLES),
        withdraws=chance.random() < 0.03,
    )


def spread(total: int, weekdays: Sequence[int], last_hours: float) -> list[list[int]]:
    """How many visits each hour of each day has, `total` in all.

    `weekdays` has a day each (0 is Monday); of the last one only `last_hours` have passed.
    """
    weights = []
    for at, weekday in enumerate(weekdays):
        grows = 0.8 + 0.4 * at / max(1, len(weekdays) - 1)
        factor = grows * (WEEKEND if weekday >= 5 else 1.0)
        until = last_hours if at == len(weekdays) - 1 else 24.0
        weights.append(
            [factor * w * max(0.0, min(1.0, until - hour)) for hour, w in enumerate(HOURS)]
        )
    whole = sum(map(sum, weights))
    # The rounding errors are carried on, so that the sum is exact.
    counts, owed, paid = [], 0.0, 0
    for hours in weights:
        row = []
        for weight in hours:
            owed += total * weight / whole
            row.append(round(owed) - paid)
            paid = round(owed)
        counts.append(row)
    return counts


def _weighted(chance: Random, choices: Sequence[tuple[int, T]]) -> T:
    (choice,) = chance.choices([value for _, value in choices], [share for share, _ in choices])
    return choice
