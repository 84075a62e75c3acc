"""The countries of the world: their names, and the shapes of the map."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

_PATH = re.compile(r"[Mlz0-9 -]+").fullmatch


def country_name(code: str) -> str:
    """The English name of an ISO 3166 code; the code itself where it is not known."""
    return str(atlas_of_the_world()["names"].get(code, code))


@cache
def atlas_of_the_world() -> dict[str, Any]:
    """`viewBox`, `names` and `shapes` by ISO 3166 code."""
    source = files("askfirst_collector").joinpath("dashboard", "world.json")
    atlas: dict[str, Any] = json.loads(source.read_text("utf-8"))
    # Ours, and seen to be paths: escaping 60 kB again for each page would cost milliseconds.
    shapes = {code: Markup(path) for code, path in atlas["shapes"].items() if _PATH(path)}  # noqa: S704
    return {**atlas, "shapes": shapes}
