"""The thirteen attributes: what can be gathered, and how precisely.

A value at level n is a tuple of n parts, coarse to fine, so that generalising is cutting the tuple
(a generalisation lattice, as in k-anonymity: Samarati 1998, Sweeney 2002). Level 0 is none.
"""

from __future__ import annotations

from dataclasses import dataclass

Value = tuple[str, ...]

# Stored where a raw input could not be read: never a guess.
UNKNOWN = "unknown"
# Stored where a string is neither listed nor shared by enough visitors.
OTHER = "other"


@dataclass(frozen=True)
class Attribute:
    """One thing that can be gathered: its parts, coarse to fine, and its fideslang category."""

    name: str
    parts: tuple[str, ...]
    category: str

    @property
    def finest(self) -> int:
        """The highest level."""
        return len(self.parts)


_ALL = (
    Attribute("time", ("day", "hour", "minute", "second"), "user.behavior"),
    Attribute("page", ("section", "path", "query"), "user.behavior.browsing_history"),
    Attribute("referrer", ("channel", "site"), "user.behavior.browsing_history"),
    Attribute("campaign", ("source", "medium", "name"), "user.behavior.browsing_history"),
    Attribute("browser", ("family", "major", "full"), "user.device"),
    Attribute("os", ("family", "major", "full"), "user.device"),
    Attribute("screen", ("class", "step", "exact"), "user.device"),
    Attribute("ip", ("country", "region", "city"), "user.location.imprecise"),
    Attribute("language", ("primary", "tag"), "user.device"),
    Attribute("cookies", ("enabled", "names"), "user.device.cookie"),
    Attribute("action", ("name", "properties"), "user.behavior"),
    Attribute("visitor", ("period", "receipt"), "user.unique_id.pseudonymous"),
    Attribute("user_id", ("pseudonym",), "user.unique_id.pseudonymous"),
)

ATTRIBUTES: dict[str, Attribute] = {attribute.name: attribute for attribute in _ALL}
NAMES: tuple[str, ...] = tuple(ATTRIBUTES)
# Those that came after 0.2: policies that were written before do not allow them.
ADDED = ("campaign",)
# The parameters of a page's address that each part of `campaign` is read from; the first that is
# there counts.
CAMPAIGN_PARAMETERS: tuple[tuple[str, ...], ...] = (
    ("utm_source", "ref", "source"),
    ("utm_medium",),
    ("utm_campaign",),
)
# What the script tells of by itself, as an action, where a purpose lists it with this property ("":
# with none).
AUTOMATIC: dict[str, str] = {
    "engaged": "seconds",
    "scrolled": "percent",
    "outbound": "host",
    "download": "kind",
    "form_sent": "form",
    "not_found": "",
    "lcp": "rating",
    "inp": "rating",
    "cls": "rating",
}
# Those that tell one visitor from another: the least detail leaves them out.
PSEUDONYMS = frozenset({"visitor", "user_id"})
# At most one of these finest levels, unless no rows are kept: together they single people out.
FINEST_TOGETHER: dict[str, int] = {
    "time": 4,
    "screen": 3,
    "ip": 3,
    "browser": 3,
    "os": 3,
    "language": 2,
}
