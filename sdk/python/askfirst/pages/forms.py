"""The forms that carry an answer to `/askfirst/consent`, from notice, choices and control."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from askfirst.contracts.consent import VERSION
from askfirst.pages.assets import versioned
from askfirst.pages.html import Html, el
from askfirst.pages.words import Words
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Edition

BASE = "/askfirst"
STYLES = f"{BASE}/static/{versioned('notice.css')}"
PAGE_STYLES = f"{BASE}/static/{versioned('askfirst.css')}"


def form(name: str, hidden: Mapping[str, str], *children: object, action: str = "consent") -> Html:
    """A form of ours that posts to one of our paths; it works without any script."""
    fields = [
        el("input", {"type": "hidden", "name": key, "value": value})
        for key, value in hidden.items()
    ]
    attributes = {"id": name, "method": "post", "action": f"{BASE}/{action}", "class": name}
    return el("form", attributes, fields, children)


def hidden(edition: Edition, words: Words, return_to: str) -> dict[str, str]:
    """The fields every answer has."""
    version = str(VERSION)
    return {"v": version, "edition": edition.hash, "lang": words.lang, "return_to": return_to}


def answer(method: str, label: str, *, of: str | None = None, kind: str = "") -> Html:
    """A button that answers; `of` is the form it belongs to when it stands in another one."""
    return el(
        "button",
        {
            "type": "submit",
            "name": "method",
            "value": method,
            "form": of,
            "class": f"askfirst-button {kind}".strip(),
        },
        label,
    )


def unanswered(of: str) -> Html:
    """Ahead of all buttons of a form with switches: Enter on one of them presses the first button.

    This one closes a dialog that is not there, which is to do nothing (HTML, implicit submission).
    A disabled one would be passed over for the next: to agree takes its own button.
    """
    return el("button", {"type": "submit", "form": of, "formmethod": "dialog", "hidden": True})


def also_with_withdrawal(words: Words) -> Html:
    """What may go with a withdrawal: to erase as well, unticked, and the receipt to keep."""
    box = el("input", {"type": "checkbox", "name": "erase", "value": "1"})
    download = {"href": f"{BASE}/rights/receipt", "download": "receipt.json"}
    return el(
        "span",
        {"class": "askfirst-row"},
        el("label", None, box, " ", words.say("button", "erase")),
        el("a", download, words.say("button", "download")),
    )


def too_young(
    consent: Consent, words: Words, return_to: str, *, age: int, name: str
) -> tuple[Html | None, Html | None]:
    """The form, and its button, of who is under `age`; none where anybody may agree (0).

    It is anybody's refusal, and says nothing of why; what was agreed to ends and is erased.
    """
    if not age:
        return None, None
    grants = consent.state is not None and consent.state.grants
    action, method = ("rights/erase", "erase") if grants else ("consent", "reject_all")
    fields = hidden(consent.editions.current, words, return_to)
    label = words.say("button", "under_age", age=age)
    return form(name, fields, action=action), answer(method, label, of=name)


def with_return(page: str, return_to: str) -> str:
    """The address of one of our pages that knows the way back."""
    return f"{BASE}/{page}?return_to={quote(return_to, safe='/')}"
