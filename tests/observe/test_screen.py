"""The screen as told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
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


@given(lengths, lengths)
def test_a_step_lies_in_one_class(width: int, height: int) -> None:
    """M44: told the step instead of the exact size, class and step are the same."""
    exact = screen([width, height])
    wide, high = exact[1].split("x")
    assert exact[0] in SCREENS
    assert screen([int(wide), int(high)])[:2] == exact[:2]


@pytest.mark.corpus
def test_classes_of_real_screens(corpus: Path) -> None:
    """In 98 of 100 rows of real traffic the class is the device's category."""
    with gzip.open(corpus / "ua/user-agents-npm/user-agents-2.1.198.jsonl.gz") as file:
        rows = [json.loads(line) for line in file]
    category = {"mobile": "phone", "tablet": "tablet", "desktop": "desktop"}
    right = sum(
        screen([row["screenWidth"], row["screenHeight"]])[0] == category[row["deviceCategory"]]
        for row in rows
    )
    assert right / len(rows) > 0.98
