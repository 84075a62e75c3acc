"""Small plots of what a benchmark measured, as one SVG: for pages that are read, dark or light."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from askfirst.pages.html import Html, el

WIDTH, HEIGHT = 300, 200  # pixels of one plot
LEFT, RIGHT, TOP, BOTTOM = 56, 18, 34, 42
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #16242b } .title { font-weight: 600 }
.line { fill: none; stroke: #0b6e75; stroke-width: 2 } circle { fill: #0b6e75 }
.grid { stroke: #c9d3d6 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edef } .line { stroke: #5fc3ca }
  circle { fill: #5fc3ca } .grid { stroke: #3a4a50 }
}
"""


def growth(measured: Mapping[int, Mapping[str, float]], *, unit: str) -> str:
    """What was measured at each size, a plot for each name, two beside each other.

    Both axes are logarithmic, so that what grows as the size does is a straight line, as steep as
    one decade for another; what does not grow lies flat.
    """
    names = list(next(iter(measured.values())))
    plots = [
        el(
            "g",
            {"transform": f"translate({WIDTH * (n % 2)} {HEIGHT * (n // 2)})"},
            _plot(name, {size: values[name] for size, values in measured.items()}, unit),
        )
        for n, name in enumerate(names)
    ]
    size = {"width": 2 * WIDTH, "height": HEIGHT * math.ceil(len(names) / 2)}
    title = el("title", None, f"{', '.join(names)}, by {unit}")
    box = {"viewBox": f"0 0 {size['width']} {size['height']}", "role": "img"}
    whole = {"xmlns": "http://www.w3.org/2000/svg", **size, **box}
    return f"{el('svg', whole, title, el('style', None, Html(STYLE)), plots)}\n"


def _plot(name: str, values: Mapping[int, float], unit: str) -> list[Html]:
    first, last = _decades(values)
    low, high = _decades(values.values())
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(size: float) -> float:
        return round(LEFT + width * (math.log10(size) - first) / (last - first), 1)

    def y(value: float) -> float:
        return round(TOP + height * (1 - (math.log10(value) - low) / (high - low)), 1)

    parts = [el("text", {"x": LEFT, "y": 18, "class": "title"}, name)]
    for power in range(low, high + 1):
        label = {"x": LEFT - 6, "y": y(10.0**power) + 4, "text-anchor": "end"}
        parts += _grid(LEFT, y(10.0**power), WIDTH - RIGHT, y(10.0**power), label, power)
    for power in range(first, last + 1):
        label = {"x": x(10.0**power), "y": HEIGHT - BOTTOM + 16, "text-anchor": "middle"}
        parts += _grid(x(10.0**power), TOP, x(10.0**power), HEIGHT - BOTTOM, label, power)
    middle = {"x": LEFT + width / 2, "y": HEIGHT - 8, "text-anchor": "middle"}
    points = [(x(size), y(value)) for size, value in values.items()]
    drawn = " ".join(f"{a},{b}" for a, b in points)
    parts += [el("text", middle, unit), el("polyline", {"points": drawn, "class": "line"})]
    for (a, b), (size, value) in zip(points, values.items(), strict=True):
        said = f"{size:,} {unit}: {_number(value)}"
        parts.append(el("circle", {"cx": a, "cy": b, "r": 3.5}, el("title", None, said)))
    return parts


def _grid(
    x1: float, y1: float, x2: float, y2: float, label: dict[str, float | str], power: int
) -> list[Html]:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": "grid"}
    return [el("line", ends), el("text", label, _number(10.0**power))]


def _decades(values: Iterable[float]) -> tuple[int, int]:
    """The powers of ten around these values."""
    numbers = list(values)
    low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
    return low, max(high, low + 1)


def _number(value: float) -> str:
    for least, letter in ((1e6, "M"), (1e3, "k")):
        if value >= least:
            return f"{value / least:.3g}{letter}"
    return f"{value:.3g}"
