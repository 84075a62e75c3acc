"""Why an event is not stored, as the answer says it."""

from __future__ import annotations

from enum import StrEnum


class Drop(StrEnum):
    """A stable word; whatever is not granted has one name, so that no answer tells why (M43)."""

    NO_GRANT = "no-grant"
    UNKNOWN_PURPOSE = "unknown-purpose"
    UNKNOWN_COLLECTOR = "unknown-collector"
    WRONG_PAGE = "wrong-page"
    OPT_OUT = "opt-out-signal"
    BAD_EVENT = "bad-event"
    BOT = "bot"
    OVER_LIMIT = "over-daily-limit"
    SITE_FULL = "over-site-limit"
    PERIOD_CLOSED = "period-closed"
