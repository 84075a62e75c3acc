"""A first policy: one of the ready-made ones, with what its owner alone knows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from askfirst.terms.policy import shipped
from askfirst.terms.terms import Closes

# Agreeing visitors a day below which a period should be that long; else it is a day.
MONTH_BELOW = 200
WEEK_BELOW = 2_000
# The policies whose purposes a new one starts from.
LEVELS = {
    "minimal": "hours, sections, channels, families of browsers; figures of 10 or more",
    "standard": "adds paths, referring sites, countries, languages, action names; 5 or more",
    "full": "adds minutes, queries, regions, and rows kept 30 days for visitors' own rights",
}
# The Union and the three states of the Economic Area, where the same law holds.
EUROPEAN = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"}
    | {"IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)


def closes_for(agreeing: int) -> Closes:
    """The period for so many agreeing visitors a day."""
    return "month" if agreeing < MONTH_BELOW else "week" if agreeing < WEEK_BELOW else "day"


def ready_made(
    level: str, *, site: str, origin: str, controller: str, contact: str, country: str
) -> dict[str, Any]:
    """The document of a first policy; `read_policy` says what is wrong with the answers."""
    country = country.strip().upper()
    return {
        **shipped(level if level in LEVELS else "standard").document,
        "site": site,
        "origins": [tidy_origin(origin)],
        "jurisdiction": jurisdiction(country),
        "controller": {
            "name": controller.strip(),
            "contact": contact.strip(),
            "country": country,
        },
    }


def jurisdiction(country: str) -> str:
    """Whose law the notice follows, for a controller in this country."""
    return "EU" if country in EUROPEAN or country == "ZZ" else country


def tidy_origin(value: str) -> str:
    """An address as people paste it, as an origin: no path, no usual port, lower case."""
    value = value.strip()
    try:
        parts = urlsplit(value if "://" in value else f"https://{value}")
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return value
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != usual else "")
