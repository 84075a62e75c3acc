"""Microseconds of CPU to observe one event, cold and warm.

    scripts/benchmark observe [--mmdb FILE] [--events N]

Warm: the same few hundred agents come back, as they do. Cold: no agent comes twice. Without --mmdb
places come from iptocc. Levels are those of the ready-made policies, and the finest there are.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import replace

from askfirst.observe import agent
from askfirst.observe.event import Raw, is_bot, observe
from askfirst.observe.language import language
from askfirst.observe.location import Locator
from askfirst.observe.page import page
from askfirst.observe.proxies import Proxies
from askfirst.observe.referrer import referrer
from askfirst.observe.screen import screen
from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.lattice import Scope
from askfirst.terms.sets import Listed
from askfirst.terms.terms import BOTTOM, Terms

MINIMAL = {"time": 2, "page": 1, "referrer": 1, "browser": 1, "os": 1, "screen": 1}
STANDARD = {**MINIMAL, "page": 2, "referrer": 2, "ip": 1, "language": 1, "action": 1}
FULL = {**STANDARD, "time": 3, "page": 3, "browser": 2, "os": 2, "screen": 2, "ip": 2, "cookies": 1}
FINEST = {name: attribute.finest for name, attribute in ATTRIBUTES.items()}
PROXIES = Proxies.of(["10.0.0.0/8"])
PATHS = ("/", "/blog/my-first-post", "/shop/8812?sort=price&u=7", "/docs/guide/install.html")
REFERRERS = ("", "https://www.google.com", "https://example.org", "https://l.facebook.com")


def terms(levels: dict[str, int]) -> Terms:
    listed = Listed(frozenset({("sort", "price")}))
    return replace(BOTTOM, scope=Scope.of(levels), parameters=listed)


def requests(count: int, agents: int) -> list[tuple[Raw, dict[str, object]]]:
    dice = random.Random(1)
    made = []
    for index in range(count):
        version = index % agents
        raw = Raw(
            {
                b"user-agent": b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
                b"(KHTML, like Gecko) Chrome/148.0.%d.0 Safari/537.36" % version,
                b"accept-language": b"de-AT,de;q=0.9,en;q=0.8",
                b"x-forwarded-for": b"81.2.%d.%d" % (dice.randrange(256), dice.randrange(256)),
            },
            "10.0.0.1",
            1_795_356_309.0 + index,
        )
        event: dict[str, object] = {
            "type": "page_view",
            "page": dice.choice(PATHS),
            "referrer": dice.choice(REFERRERS),
            "screen": [1366, 768],
        }
        made.append((raw, event))
    return made


def micros(work: Callable[[], object], times: int) -> float:
    """CPU a call, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best / times * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mmdb")
    parser.add_argument("--events", type=int, default=5_000)
    arguments = parser.parse_args()
    place = Locator.open(arguments.mmdb)
    print(f"places from {place.describe(now=time.time()).database}")
    warm, cold = requests(arguments.events, 300), requests(arguments.events, 10**9)
    for name, levels in (
        ("minimal", MINIMAL),
        ("standard", STANDARD),
        ("full", FULL),
        ("finest", FINEST),
    ):
        wanted = terms(levels)

        def run(sent: list[tuple[Raw, dict[str, object]]], wanted: Terms = wanted) -> None:
            for raw, event in sent:
                if not is_bot(raw, wanted):
                    observe(raw, event, wanted, place=place, proxies=PROXIES)

        run(warm)
        once = micros(lambda run=run: run(warm), len(warm))  # type: ignore[misc]
        # More agents than are remembered, so that every round is cold.
        new = micros(lambda run=run: run(cold), len(cold))  # type: ignore[misc]
        print(f"{name:9} warm {once:6.1f} µs   cold {new:6.1f} µs   (bots told apart)")
    text = warm[0][0].header(b"user-agent")
    for name, call in (
        ("browser", lambda: agent.browser(text)),
        ("is_bot", lambda: agent.is_bot(text)),
        ("page", lambda: page("/shop/8812?sort=price&u=7", {"sort": frozenset({"price"})})),
        ("referrer", lambda: referrer("https://www.google.com")),
        ("place", lambda: place.locate("81.2.69.142")),
        ("client", lambda: PROXIES.client("10.0.0.1", warm[0][0].headers)),
        ("language", lambda: language("de-AT,de;q=0.9,en;q=0.8")),
        ("screen", lambda: screen([1366, 768])),
    ):
        each = micros(lambda call=call: [call() for _ in range(5_000)], 5_000)  # type: ignore[misc]
        print(f"  {name:9} {each:5.1f} µs warm")


if __name__ == "__main__":
    main()
