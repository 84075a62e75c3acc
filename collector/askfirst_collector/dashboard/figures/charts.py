"""Geometry of the pictures, columns over time and a map: a table beside each says the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from askfirst_collector.dashboard.selection.countries import atlas_of_the_world

SHADES = 5


@dataclass(frozen=True)
class Point:
    """One column: its value, None where none is shown; what it says, and where a click leads."""

    label: str
    value: int | None
    text: str
    state: str = ""  # "open": not whole yet; "missing": not shown
    href: str = ""
    before: int | None = None  # what it is held against


@dataclass(frozen=True)
class Bar:
    """A column as it is drawn, in percent of the box from its top left corner."""

    point: Point
    slot: tuple[float, float]  # left edge and width of what the mouse meets
    x: float
    y: float
    width: float
    height: float
    tip: float  # where its words stand
    anchor: str


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
    """A whole chart; `before` are the points of a line (percent), in unbroken runs."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    before: tuple[str, ...] = ()


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


def columns(points: Sequence[Point]) -> Columns:
    """A column for each point, and a line for what they are held against."""
    values = [v for point in points for v in (point.value, point.before) if v is not None]
    top, step = _scale(max(values, default=0))
    slot = 100 / max(len(points), 1)
    width = slot * (0.74 if len(points) < 120 else 0.9)
    ticks = tuple(Tick(100 - value / top * 100, value) for value in range(0, top + 1, step))
    bars = tuple(_bar(point, at, slot, width, top) for at, point in enumerate(points))
    return Columns(bars, ticks, tuple(_labels([p.label for p in points])), _line(points, slot, top))


def _bar(point: Point, at: int, slot: float, width: float, top: int) -> Bar:
    x = at * slot + (slot - width) / 2
    height = 100.0 if point.value is None else point.value / top * 100
    middle = (at + 0.5) * slot
    # Words at the edges hang inwards, so that nothing is cut off.
    anchor = "start" if middle < 12 else "end" if middle > 88 else "middle"
    tip = {"start": x, "end": x + width, "middle": middle}[anchor]
    return Bar(point, (at * slot, slot), x, 100 - height, width, height, tip, anchor)


def _line(points: Sequence[Point], slot: float, top: int) -> tuple[str, ...]:
    runs: list[list[str]] = [[]]
    for at, point in enumerate(points):
        if point.before is None:
            runs.append([])
        else:
            runs[-1].append(f"{(at + 0.5) * slot:.2f},{100 - point.before / top * 100:.1f}")
    return tuple(" ".join(run) for run in runs if len(run) > 1)


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
