"""The visitor's own notice for a policy that is being written: what they would see; nothing acts.

It stands in a frame of the form's page, which sends its fields there.
"""

from __future__ import annotations

from starlette.responses import HTMLResponse

from askfirst.pages.html import el
from askfirst.pages.notice import first_layer
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent, Question
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import Policy

# No form is sent and no script runs; the frame's own sandbox says the same.
CSP = (
    "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox allow-same-origin"
)


def notice_page(policy: Policy, base: str) -> HTMLResponse:
    """The first layer as a visitor who was never asked sees it."""
    edition = Edition(1, policy.hash, 0, policy)
    consent = Consent(policy.site, editions=Editions((edition,)))
    words = words_in(policy.languages[0], policy)
    asks = tuple(Question(name) for name in policy.asked)
    layer = first_layer(consent, asks, "/", words) if asks else None
    body = el(
        "div",
        {"class": "askfirst", "lang": words.lang, "dir": words.direction},
        layer or el("p", None, "No purpose asks anything, so that visitors see no notice."),
    )
    return _page(str(body), base, words.lang)


def no_notice(text: str, base: str) -> HTMLResponse:
    """In place of the notice of a policy that cannot be read yet."""
    return _page(str(el("p", {"class": "askfirst"}, text)), base, "en")


def _page(body: str, base: str, lang: str) -> HTMLResponse:
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "color-scheme", "content": "light dark"}),
        el("title", None, "The notice"),
        el("link", {"rel": "stylesheet", "href": f"{base}/notice/notice.css"}),
    )
    html = f'<!doctype html>\n<html lang="{lang}">{head}<body>{body}</body></html>\n'
    return HTMLResponse(html, headers={"content-security-policy": CSP})
