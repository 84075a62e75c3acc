"""The page on which a receipt is checked: in the browser alone, by the keys of the site."""

from __future__ import annotations

from askfirst.pages.assets import versioned
from askfirst.pages.document import document
from askfirst.pages.forms import BASE
from askfirst.pages.html import el
from askfirst.pages.words import Words
from askfirst.terms.policy import Policy


def receipt_page(policy: Policy, *, words: Words) -> str:
    """`/askfirst/receipt` as a whole document, the same for everyone."""
    choose = el(
        "input",
        {
            "type": "file",
            "id": "askfirst-file",
            "accept": ".json,.jws,application/json",
            "aria-label": words.say("rights", "receipt"),
            "class": "askfirst-button",
        },
    )
    script = {"type": "module", "src": f"{BASE}/static/{versioned('receipt.js')}"}
    body = [
        el("p", None, choose),
        el("div", {"id": "askfirst-checked", "role": "status"}),
        el("noscript", None, el("p", None, words.say("receipt", "unable"))),
        el("script", script),
    ]
    title, intro = words.say("receipt", "title"), words.say("receipt", "intro")
    return document(title, body, words=words, site=policy.site, intro=intro)
