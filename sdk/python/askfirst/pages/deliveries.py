"""Who else received what, and when: deliveries that may have had something of a visitor's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from askfirst.pages import describe
from askfirst.pages.document import section
from askfirst.pages.html import Html, el, own
from askfirst.pages.placed_collectors import title_in
from askfirst.pages.words import Words
from askfirst.terms.consent import Consent
from askfirst.terms.terms import Recipient

Delivery = Mapping[str, Any]


def deliveries(consent: Consent, entries: Sequence[Delivery], words: Words) -> Html | None:
    """One line for each recipient, purpose and kind, with its first and last day; None for none."""
    groups: dict[tuple[Recipient, str, str], list[str]] = {}
    for entry in entries:
        name, role, country = (str(entry["recipient"][key]) for key in ("name", "role", "country"))
        receiver = Recipient(name, role, country)
        key = receiver, str(entry["purpose"]), str(entry["what"])
        groups.setdefault(key, []).append(str(entry["hour"])[:10])
    if not groups:
        return None
    items = [
        el(
            "li",
            None,
            describe.recipient(receiver, words),
            " · ",
            own(title_in(consent.editions, purpose, words)),
            " · ",
            words.say("rights", "delivered", what) if _is_known(what, words) else own(what),
            " · ",
            _days(days),
        )
        for (receiver, purpose, what), days in groups.items()
    ]
    return section(
        "deliveries",
        words.say("rights", "deliveries"),
        el("p", {"class": "askfirst-note"}, words.say("rights", "deliveries_why")),
        el("ul", {"class": "askfirst-list"}, items),
    )


def _is_known(what: str, words: Words) -> bool:
    return words.has("rights", "delivered", what)


def _days(days: Sequence[str]) -> list[object]:
    first, last = (el("time", {"datetime": day}, own(day)) for day in (min(days), max(days)))
    return [first] if min(days) == max(days) else [first, " – ", last]
