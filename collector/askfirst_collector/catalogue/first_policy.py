"""A first policy: one of the ready-made ones, with what its owner alone knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from askfirst.terms.policy import read_policy, shipped
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
STATISTICS = "statistics"
# What a site may ask for beside statistics: cookies, embeds and scripts wait for it. No ready-made
# policy has them, as each counts a visit once more, and asks visitors for what a site may not do.
FURTHER: Mapping[str, Mapping[str, Any]] = {
    "preferences": {
        "data_use": "functional.service.improve",
        "levels": (),
        "title": "Preferences",
        "description": "To remember how you like this site to look and work.",
    },
    "marketing": {
        "data_use": "marketing.advertising.first_party",
        "levels": ("time", "page", "referrer", "campaign", "action", "visitor"),
        "title": "Marketing",
        "description": (
            "To see which of our advertisements bring people here, and to choose the next ones."
        ),
    },
}
PURPOSES = (STATISTICS, *FURTHER)
# The Union and the three states of the Economic Area, where the same law holds.
EUROPEAN = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"}
    | {"IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)


def closes_for(agreeing: int) -> Closes:
    """The period for so many agreeing visitors a day."""
    return "month" if agreeing < MONTH_BELOW else "week" if agreeing < WEEK_BELOW else "day"


def ready_made(
    level: str,
    *,
    site: str,
    origin: str,
    controller: str,
    contact: str,
    country: str,
    purposes: Collection[str] = (STATISTICS,),
) -> dict[str, Any]:
    """The document of a first policy; `read_policy` says what is wrong with the answers."""
    country = country.strip().upper()
    return {
        **with_purposes(level if level in LEVELS else "standard", purposes),
        "site": site,
        "origins": [tidy_origin(origin)],
        "jurisdiction": jurisdiction(country),
        "controller": {
            "name": controller.strip(),
            "contact": contact.strip(),
            "country": country,
        },
    }


def with_purposes(level: str, names: Collection[str]) -> dict[str, Any]:
    """The document of a ready-made policy with these of `PURPOSES`, as precise as its statistics.

    A further purpose that counts nothing keeps no rows.
    """
    document = shipped(level).document
    statistics = document["purposes"][STATISTICS]
    own = {STATISTICS: statistics, **{name: _further(name, statistics) for name in FURTHER}}
    chosen = {name: own[name] for name in sorted(names)}
    return read_policy({**document, "purposes": chosen}).document


def _further(name: str, statistics: Mapping[str, Any]) -> dict[str, Any]:
    further, levels = FURTHER[name], statistics["levels"]
    words = {key: further[key] for key in ("title", "description")}
    return {
        "data_use": further["data_use"],
        "levels": {key: levels[key] for key in further["levels"] if key in levels},
        **{key: statistics[key] for key in ("retention_days", "closes", "min_cell_size")},
        "keep_rows_days": statistics["keep_rows_days"] if further["levels"] else 0,
        "text": dict.fromkeys(statistics["text"], words),
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
