"""The screen as told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import user_agents
from hypothesis import given
from hypothesis import strategies as st

from askfirst.contracts.events import SCREENS
from askfirst.observe.screen import LARGEST, SMALLEST, screen
from askfirst.terms.attributes import UNKNOWN

lengths = st.integers(SMALLEST, LARGEST)


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ([1366, 768], ("desktop", "1300x700", "1366x768")),
        ([390, 844], ("phone", "300x800", "390x844")),
        ([844, 390], ("phone", "800x300", "844x390")),
        ([820, 1180], ("tablet", "800x1100", "820x1180")),
        ([1080, 1920], ("tablet", "1000x1900", "1080x1920")),
        ((1440, 900), ("desktop", "1400x900", "1440x900")),
        ("tablet", ("tablet",)),
    ],
)
def test_class_step_exact(told: object, value: tuple[str, ...]) -> None:
    """A class word is taken as told; a size gives class, 100 px step and itself."""
    assert screen(told) == value


@pytest.mark.parametrize(
    "told",
    [None, "", "watch", [], [1], [1, 2, 3], [0, 0], [-1366, 768], [1e3, 7e2], [True, 500],
     [10**9, 700], {"w": 1}, "1366x768", [float("nan"), 1], ["1366", "768"]],
)  # fmt: skip
def test_the_rest_is_unknown(told: object) -> None:
    """What is no class and no plausible size is unknown."""
    assert screen(told) == (UNKNOWN,)


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
LINUX = f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Chrome/141.0.0.0 Safari/537.36"
MAC = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Safari/605.1.15"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {_APPLE} Mobile/15E148"
PHONE = f"Mozilla/5.0 (Linux; Android 15; K) {_WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36"
TABLET = f"Mozilla/5.0 (Linux; Android 15; SM-X710) {_WEBKIT} Chrome/141.0.0.0 Safari/537.36"
TV = f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) {_WEBKIT} 94.0.4606.31/7.0 TV Safari/537.36"


@pytest.mark.parametrize(
    ("told", "agent", "kind"),
    [
        ([1080, 1920], WINDOWS, "desktop"),  # a monitor that stands upright
        ([911, 512], WINDOWS, "desktop"),  # a laptop of 1366 × 768 at 150 %
        ([1280, 800], TABLET, "tablet"),  # held sideways
        ([1920, 1080], TV, "tv"),
        ([1920, 1080], "Roku4640X/DVP-14.50 (14.50.0.4205-88)", "tv"),
        (
            [960, 540],
            "Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7233) Silk/94 Safari/537.36",
            "tv",
        ),
        ([412, 915], PHONE, "phone"),
        ([915, 412], PHONE, "phone"),
        ([412, 915], LINUX, "phone"),  # asks for desktop pages
        ([1366, 768], LINUX, "desktop"),
        ([820, 1180], MAC, "tablet"),  # an iPad says that it is a Mac
        ([1440, 900], MAC, "desktop"),
        ([390, 844], IPHONE, "phone"),
        ([700, 900], "curl/8.0", "tablet"),
        ("phone", WINDOWS, "desktop"),
        ("tablet", MAC, "tablet"),
        ("desktop", TABLET, "tablet"),
        ("desktop", "", "desktop"),
        (None, TABLET, "tablet"),
        (None, WINDOWS, "desktop"),
        (None, "", UNKNOWN),
        (None, "curl/8.0", UNKNOWN),
        ("watch", WINDOWS, UNKNOWN),
    ],
)
def test_size_and_agent_together(told: object, agent: str, kind: str) -> None:
    """What was told is a window's shape; the agent says on what it is."""
    assert screen(told, agent)[0] == kind


@given(lengths, lengths)
def test_a_step_lies_in_one_class(width: int, height: int) -> None:
    """M44: told the step instead of the exact size, class and step are the same."""
    exact = screen([width, height])
    wide, high = exact[1].split("x")
    assert exact[0] in SCREENS
    assert screen([int(wide), int(high)])[:2] == exact[:2]


@pytest.mark.corpus
def test_classes_of_real_screens(corpus: Path) -> None:
    """In 99 of 100 rows of real traffic the class is the device's category."""
    with gzip.open(corpus / "ua/user-agents-npm/user-agents-2.1.198.jsonl.gz") as file:
        rows = [json.loads(line) for line in file]
    category = {"mobile": "phone", "tablet": "tablet", "desktop": "desktop"}
    right = sum(
        screen([row["screenWidth"], row["screenHeight"]], row["userAgent"])[0]
        == category[row["deviceCategory"]]
        for row in rows
    )
    assert right / len(rows) > 0.99


@pytest.mark.corpus
def test_agents_of_a_real_log(corpus: Path) -> None:
    """Of the agents that user-agents names a class of, 96 in 100 are given the same."""
    with gzip.open(corpus / "logs/log_replay_testip.jsonl.gz") as file:
        agents = {json.loads(line)["ua"] for line in file}
    same = named = 0
    for agent in agents:
        read = user_agents.parse(agent)
        kinds = {"tablet": read.is_tablet, "phone": read.is_mobile, "desktop": read.is_pc}
        kind = next((kind for kind, holds in kinds.items() if holds), None)
        named += kind is not None
        same += screen(None, agent)[0] == kind
    assert named > 300
    assert same / named >= 0.96
