"""Geometry of the pictures, columns over time and a map: templates draw it beside a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from askfirst_collector.dashboard.selection.countries import atlas_of_the_world

SPAN = 1000  # both sides of a chart's drawing box, which is stretched to the page
SHADES = 5


@dataclass(frozen=True)
class Series:
    """One row of columns: the name of its colour, and a value a period; None is not shown."""

    name: str
    values: Sequence[int | None]


@dataclass(frozen=True)
class Bars:
    """All bars of one colour, as one path in the drawing box: a year has hundreds."""

    name: str
    path: str


@dataclass(frozen=True)
class Tick:
    """A line of the grid: where (percent from the top), and what it stands for."""

    at: float
    value: int


@dataclass(frozen=True)
class Label:
    """A word under the columns: where (percent), which side it hangs from, what it says."""

    at: float
    anchor: str
    text: str


@dataclass(frozen=True)
class Columns:
    """A whole chart."""

    bars: tuple[Bars, ...]  # first of all those for periods whose figure is not shown
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Country:
    """One country of the map: a path, or a dot for those too small to draw."""

    code: str
    name: str
    path: Markup
    dot: tuple[int, int] | None
    shade: int  # 0 = nothing shown


@dataclass(frozen=True)
class World:
    """The map, in the coordinates of `view_box`."""

    view_box: str
    countries: tuple[Country, ...]


def columns(series: Sequence[Series], labels: Sequence[str], *, stacked: bool = False) -> Columns:
    """Columns for each label; series stand in front of one another, or on one another."""
    count = max(len(labels), 1)
    heights = [
        [measure.values[at] or 0 for measure in series if measure.values[at] is not None]
        for at in range(len(labels))
    ]
    tallest = max((sum(h) if stacked else max(h) for h in heights if h), default=0)
    top, step = _scale(tallest)
    slot = SPAN / count
    width = slot * (0.72 if count < 120 else 0.9)
    bars: dict[str, list[str]] = {"missing": [], **{measure.name: [] for measure in series}}
    for at in range(len(labels)):
        x = at * slot + (slot - width) / 2
        floor = 0.0
        if all(measure.values[at] is None for measure in series):
            bars["missing"].append(_bar(x, 0, width, SPAN))
        for measure in series:
            value = measure.values[at]
            if not value:
                continue
            height = value / top * SPAN
            bars[measure.name].append(_bar(x, SPAN - floor - height, width, height))
            floor += height if stacked else 0
    ticks = tuple(Tick(100 - value / top * 100, value) for value in range(0, top + 1, step))
    paths = tuple(Bars(name, "".join(shapes)) for name, shapes in bars.items() if shapes)
    return Columns(paths, ticks, tuple(_labels(labels)))


def _bar(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.2f} {y:.1f}h{width:.2f}v{height:.1f}h{-width:.2f}z"


def _scale(tallest: int) -> tuple[int, int]:
    """The top of the axis and its step: two to five round steps."""
    if tallest <= 0:
        return 1, 1
    power = 10 ** math.floor(math.log10(tallest))
    for step in (power // 2, power, power * 2, power * 5):
        if step and math.ceil(tallest / step) <= 4:
            return step * math.ceil(tallest / step), step
    return tallest, tallest


def _labels(labels: Sequence[str]) -> list[Label]:
    """At most five labels, the first and last among them, so that they fit 320 px."""
    if not labels:
        return []
    last = len(labels) - 1
    wanted = sorted({0, last, *(round(last * part / 3) for part in (1, 2))})
    return [
        Label(
            (at + 0.5) / len(labels) * 100 if 0 < at < last else (0 if at == 0 else 100),
            "middle" if 0 < at < last else ("start" if at == 0 else "end"),
            labels[at],
        )
        for at in wanted
    ]


def world(values: Mapping[str, int]) -> World:
    """The map, each country with a value shaded by the logarithm of its share of the largest."""
    atlas = atlas_of_the_world()
    largest = max(values.values(), default=0)

    def shade(code: str) -> int:
        value = values.get(code, 0)
        if value <= 0:
            return 0
        if largest <= 1:
            return SHADES
        return 1 + round((SHADES - 1) * math.log(value) / math.log(largest))

    names = atlas["names"]
    shapes = [
        Country(code, names.get(code, code.lstrip("-")), path, None, shade(code))
        for code, path in atlas["shapes"].items()
    ]
    dots = [
        Country(code, names.get(code, code), Markup(), (x, y), shade(code))
        for code, (x, y) in atlas["dots"].items()
        if code in values
    ]
    return World(atlas["viewBox"], (*shapes, *dots))
