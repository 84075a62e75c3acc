"""Plausible tides for harbours that do not exist: a sum of five harmonic constituents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# Periods in hours: M2, S2, N2, O1, K1 (the five largest constituents of most coasts).
PERIODS = (12.4206012, 12.0, 12.65834751, 25.81933871, 23.93447213)
STEP = 360  # seconds between samples; turning points are refined between them


@dataclass(frozen=True)
class Harbour:
    """A place with a tide: amplitudes in metres and phases in hours, one a constituent."""

    key: str
    name: str
    region: str
    mean: float  # metres above chart datum
    amplitudes: tuple[float, ...]
    phases: tuple[float, ...]
    note: str


@dataclass(frozen=True)
class Turn:
    """A high or low water: when (unix seconds, UTC) and how high (metres)."""

    at: float
    height: float
    high: bool


def height(harbour: Harbour, at: float) -> float:
    """Metres above chart datum at `at` (unix seconds)."""
    hours = at / 3600
    waves = zip(harbour.amplitudes, harbour.phases, PERIODS, strict=True)
    return harbour.mean + sum(
        amplitude * math.cos(2 * math.pi * (hours - phase) / period)
        for amplitude, phase, period in waves
    )


@lru_cache(maxsize=512)
def turns(harbour: Harbour, start: float, end: float) -> tuple[Turn, ...]:
    """Every high and low water from `start` up to `end`."""
    count = int((end - start) // STEP) + 3
    times = [start + (step - 1) * STEP for step in range(count)]
    heights = [height(harbour, at) for at in times]
    extremes = []
    for index in range(1, count - 1):
        before, middle, after = heights[index - 1 : index + 2]
        if (middle - before) * (after - middle) > 0 or middle == before:
            continue
        # The vertex of the parabola through three samples.
        offset = (before - after) / (2 * (before - 2 * middle + after))
        at = times[index] + offset * STEP
        if start <= at < end:
            extremes.append(Turn(at=at, height=height(harbour, at), high=middle > before))
    return tuple(extremes)


@lru_cache(maxsize=64)
def curve(harbour: Harbour, start: float, hours: int = 24) -> tuple[tuple[float, float], ...]:
    """(share of the span, height) each twelve minutes, for drawing."""
    steps = hours * 5
    return tuple((step / steps, height(harbour, start + step * 720)) for step in range(steps + 1))


def outline(points: Sequence[tuple[float, float]], *, low: float, high: float) -> str:
    """The points as an SVG path in a box of 1000 by 1000, highest water at the top."""
    spots = [
        f"{share * 1000:.0f} {(high - level) / (high - low) * 1000:.0f}" for share, level in points
    ]
    return "M" + "L".join(spots)
