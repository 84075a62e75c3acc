"""What a person reads when a form of ours could not be taken."""

from __future__ import annotations

from askfirst.pages.document import document
from askfirst.pages.forms import with_return
from askfirst.pages.html import el
from askfirst.pages.words import Words


def problem_page(reason: str, *, words: Words, site: str, return_to: str = "/") -> str:
    """A whole document for a refused form; `reason` is a word of `errors.Reason`."""
    known = reason if words.has("problem", reason) else "other"
    again = el(
        "a",
        {"class": "askfirst-button", "href": with_return("choices", return_to)},
        words.say("problem", "again"),
    )
    return document(
        words.say("problem", "title"),
        el("p", {"role": "alert"}, words.say("problem", known)),
        el("p", {"class": "askfirst-note"}, words.say("problem", "nothing")),
        el("div", {"class": "askfirst-row"}, again),
        words=words,
        site=site,
        back=return_to,
    )
