"""The harbours whose tables the press prints, and what it sells."""

from __future__ import annotations

from dataclasses import dataclass

from askfirst_collector.demo.tides import Harbour

HARBOURS = {
    harbour.key: harbour
    for harbour in (
        Harbour(
            key="skarness",
            name="Skarness",
            region="Outer Firth",
            mean=2.9,
            amplitudes=(1.62, 0.55, 0.31, 0.12, 0.09),
            phases=(3.1, 4.4, 2.2, 7.9, 11.3),
            note="Our own quay. The bar dries a cable to seaward at springs.",
        ),
        Harbour(
            key="hollow-haven",
            name="Hollow Haven",
            region="Outer Firth",
            mean=2.6,
            amplitudes=(1.41, 0.49, 0.28, 0.11, 0.08),
            phases=(3.6, 4.9, 2.8, 8.3, 11.9),
            note="Twenty-six minutes after Skarness, and a good deal more shelter.",
        ),
        Harbour(
            key="saint-orrin",
            name="Saint Orrin",
            region="The Sound",
            mean=1.9,
            amplitudes=(0.94, 0.37, 0.19, 0.14, 0.12),
            phases=(6.8, 8.0, 6.1, 2.4, 5.2),
            note="A long stand at high water: a small tide that takes its time.",
        ),
        Harbour(
            key="muckle-voe",
            name="Muckle Voe",
            region="North Isles",
            mean=1.3,
            amplitudes=(0.61, 0.22, 0.13, 0.08, 0.07),
            phases=(9.4, 10.6, 8.8, 4.1, 7.7),
            note="Mind the eddy under the north shore in the last of the ebb.",
        ),
    )
}


@dataclass(frozen=True)
class Title:
    """A thing the press prints and sells; the price is in pence."""

    key: str
    name: str
    price: int
    line: str
    detail: str


TITLES = {
    title.key: title
    for title in (
        Title(
            key="pocket",
            name="The Pocket Table",
            price=650,
            line="One harbour, one year, forty-eight pages.",
            detail="Stone paper, sewn, with round corners. Survives a wet oilskin pocket.",
        ),
        Title(
            key="wall",
            name="The Wall Sheet",
            price=1800,
            line="Every tide of the year on one sheet.",
            detail="Letterpress in two blues, 50 by 70 cm. Springs stand out from across the room.",
        ),
        Title(
            key="almanac",
            name="The Slackwater Almanac",
            price=2400,
            line="Four harbours, streams, sun and moon.",
            detail="Two hundred and eight pages, cloth spine, a ribbon that does not fray.",
        ),
    )
}
