"""M27: who knows everybody but one, and asks for everything at every moment, learns nothing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from askfirst_collector.closing.rule import MARGIN
from tests.support.whole import FIREFOX, Visitor, view
from tests.system.adversary.watcher import Shown, Watcher
from tests.system.adversary.world import MIDNIGHT, MORNING, SIZE, World, site_policy

pytestmark = pytest.mark.anyio

NOON = MORNING + 3 * 3600
CHROME = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36"
OPERA = b"Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18"
COMMON = ("/shop/tea", "/shop/cups", "/about")


@dataclass(frozen=True)
class Story:
    """What the one visitor does, and in the midst of how many; None does not come at all."""

    others: int
    ending: str | None = "stays"  # or erases, withdraws, refuses, erases later
    page: str = "/only/here"
    referrer: str = "https://one.example"
    agent: bytes = OPERA
    language: bytes = b"eu"
    address: str = "175.16.199.1"


async def told(folder: Path, story: Story) -> list[Shown]:
    """The day of a story and two after it, as the watcher sees them."""
    world = World(folder, site_policy())
    await world.open()
    watcher = Watcher(world)
    await watcher.begin()
    for number in range(story.others):
        await _come(world, number)
    one = Visitor(story.address, story.agent, [(b"accept-language", story.language)])
    seen = []
    for second in range(8):
        world.clock.now = NOON + second
        with world.drawn.aside():
            await _act(world, one, story, second)
        world.run_jobs()
        seen += await watcher.glance()
    for now in (NOON + 3700, MIDNIGHT + 30, MIDNIGHT + 600):
        world.clock.now = now
        world.run_jobs()
        seen += await (watcher.look(1) if now > MIDNIGHT + 60 else watcher.glance())
    if story.ending == "erases later":
        with world.drawn.aside():
            await _erase(world, one)
    world.clock.now = MIDNIGHT + 86_400 + 600
    world.run_jobs()
    seen += await watcher.look(1)
    await world.aclose()
    return seen


async def _come(world: World, number: int) -> None:
    agent = FIREFOX if number % 2 else CHROME
    visitor = Visitor(f"81.2.{64 + number}.69", agent, [(b"accept-language", b"en")])
    await world.answer(visitor, {"statistics": 2, "marketing": 2})
    referrer = "https://news.example" if number % 3 else "https://www.google.com"
    for page in COMMON[: 1 + number % 3]:
        await world.send(
            visitor,
            view(page, referrer=referrer, screen="desktop"),
            view(page, "marketing"),
            {"purpose": "statistics", "type": "action", "page": page, "action": {"name": "order"}},
        )
        world.move()


async def _act(world: World, one: Visitor, story: Story, second: int) -> None:
    if story.ending is None:
        return
    if story.ending == "refuses":
        if second == 1:
            await world.answer(one, {}, "reject_all")
    elif second == 1:
        await world.answer(one, {"statistics": 2, "marketing": 2})
    elif second in (2, 3):
        # What tells no screen is of the class that its agent says.
        leave = {"type": "action", "page": "/", "screen": "desktop", "action": {"name": "leave"}}
        await world.send(
            one,
            view(story.page, referrer=story.referrer, screen="desktop"),
            view(story.page, "marketing"),
            {"purpose": "statistics", **leave},
        )
        world.move()
    elif second == 5 and story.ending == "erases":
        await _erase(world, one)
    elif second == 5 and story.ending == "withdraws":
        await world.answer(one, {}, "withdraw")


async def _erase(world: World, one: Visitor) -> None:
    got = await world.post(one, "/askfirst/rights/erase", {})
    assert got.status < 300, got.body


# As rare as the story above in everything that is said of it.
ANOTHER = Story(
    others=22,
    page="/elsewhere/under/it",
    referrer="https://two.example",
    agent=b"Lynx/2.8.9rel.1 libwww-FM/2.14",
    language=b"cy",
    address="202.196.224.1",
)
RARE = Story(others=22)
TRACES = (
    *(b"/only", b"one.example", b"Opera", b'"eu"', b"China"),
    *(b"/elsewhere", b"two.example", b"Lynx", b'"cy"', b"Welsh"),
)


def differences(first: list[Shown], second: list[Shown]) -> list[str]:
    """Where two runs were shown something else, for people to read."""
    assert [each.what for each in first] == [each.what for each in second]
    found = []
    for one, other in zip(first, second, strict=True):
        if one != other:
            lines = difflib.unified_diff(
                repr(one).replace("\\n", "\n").splitlines(),
                repr(other).replace("\\n", "\n").splitlines(),
                n=0,
                lineterm="",
            )
            found.append(f"{one.what}\n" + "\n".join(lines))
    return found


async def runs(folder: Path, stories: Mapping[str, Story]) -> dict[str, list[Shown]]:
    return {name: await told(folder / name, story) for name, story in stories.items()}


@pytest.mark.long
async def test_one_among_too_few(tmp_path: Path) -> None:
    """M27: in a period under the size, coming, staying, refusing, withdrawing, erasing look alike.

    Two others and the watcher itself: with the one they are four, and the size is five.
    """
    few = Story(others=SIZE - 3)
    endings = (None, "stays", "erases", "withdraws", "refuses", "erases later")
    seen = await runs(tmp_path, {str(each): replace(few, ending=each) for each in endings})
    for one, other in pairwise(seen.values()):
        assert differences(one, other) == []


async def test_a_rare_visitor_among_many(tmp_path: Path) -> None:
    """M27: where a period is shown, who is rare in it looks like whoever else is rare in it.

    Every value differs (page, referrer, browser, system, language, country), and no answer does.
    """
    seen = await runs(tmp_path, {"rare": RARE, "another": ANOTHER})
    assert differences(seen["rare"], seen["another"]) == []
    everything = b"".join(each.body for each in seen["rare"])
    assert b"/shop/tea" in everything
    assert [trace for trace in TRACES if trace in everything] == []


@pytest.mark.long
async def test_an_erasure_is_as_if_nobody_came(tmp_path: Path) -> None:
    """M27: erased before closing, a visitor is in no figure; afterwards no figure moves."""
    stories = {str(each): replace(RARE, ending=each) for each in (None, "erases", "stays")}
    stories["erases later"] = replace(RARE, ending="erases later")
    seen = await runs(tmp_path, stories)
    assert differences(seen["None"], seen["erases"]) == []
    assert differences(seen["stays"], seen["erases later"]) == []


@pytest.mark.long
async def test_what_the_size_itself_tells(tmp_path: Path) -> None:
    """M27, its limit: one visitor more makes others visible, by chance; and no more is said.

    Without chance it is the eighth; nothing of that visitor is shown.
    """
    eighth = Story(others=SIZE + MARGIN - 2)
    seen = await runs(tmp_path, {"came": eighth, "not": replace(eighth, ending=None)})
    assert differences(seen["came"], seen["not"])
    everything = b"".join(each.body for each in seen["came"])
    assert [trace for trace in TRACES if trace in everything] == []
