"""How a place is written, whatever the database calls its parts."""

from __future__ import annotations

import re

from ..terms.attributes import Value
from .value import known_parts

_COUNTRY = re.compile(r"[A-Z]{2}")
_SUBDIVISION = re.compile(r"[A-Z0-9]{1,3}")
# Codes that ISO 3166-1 leaves to users, as databases use them for "no country".
_NO_COUNTRY = frozenset({"ZZ", "XX"})


def place_of(
    country: object, region: object = None, city: object = None, *, region_name: object = None
) -> Value:
    """ISO 3166-1 alpha-2 code, ISO 3166-2 code, English name: ("GB", "GB-ENG", "London").

    A database that has no code of a region may have its name: ("GB", "England", "London").
    """
    code = _code(country, _COUNTRY)
    if code is None or code in _NO_COUNTRY:
        return known_parts(None)
    if isinstance(region, str):
        region = region.upper().removeprefix(f"{code}-")
    part = _code(region, _SUBDIVISION)
    return known_parts(
        code,
        f"{code}-{part}" if part else _text(region_name),
        _text(city),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _code(text: object, shape: re.Pattern[str]) -> str | None:
    return text.upper() if isinstance(text, str) and shape.fullmatch(text.upper()) else None
