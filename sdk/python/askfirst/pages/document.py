"""The document around each of our own pages."""

from __future__ import annotations

from askfirst.pages.forms import PAGE_STYLES, STYLES
from askfirst.pages.html import Html, el, own
from askfirst.pages.words import Words


def document(
    title: str, *body: object, words: Words, site: str, back: str = "/", intro: object = None
) -> str:
    """A whole HTML document; `site` is shown beside the way back."""
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        el("meta", {"name": "robots", "content": "noindex"}),
        el("meta", {"name": "referrer", "content": "same-origin"}),
        el("title", None, f"{title} · {site}"),
        [el("link", {"rel": "stylesheet", "href": href}) for href in (STYLES, PAGE_STYLES)],
    )
    top = el(
        "header",
        {"class": "askfirst-top"},
        own(site),
        el("a", {"href": back}, words.say("button", "back")),
    )
    main = el(
        "main",
        {"class": "askfirst-main", "id": "askfirst-main"},
        el("h1", None, title),
        el("p", {"class": "askfirst-intro"}, intro) if intro else None,
        body,
    )
    shown = el("body", {"class": "askfirst-page askfirst"}, top, main)
    html = el("html", {"lang": words.lang, "dir": words.direction}, head, shown)
    return f"<!doctype html>\n{html}\n"


def section(name: str, title: object, *body: object, level: int = 2) -> Html:
    """A part of a page with its heading; `name` is its address within the page, without a dot."""
    heading = el(f"h{level}", {"id": f"{name}.title"}, title)
    labels = {"id": name, "class": "askfirst-section", "aria-labelledby": f"{name}.title"}
    return el("section", labels, heading, body)


def terms_list(pairs: list[tuple[str, object]]) -> Html:
    """Names with what they mean."""
    rows = [el("div", None, el("dt", None, key), el("dd", None, value)) for key, value in pairs]
    return el("dl", {"class": "askfirst-terms"}, rows)


def bullets(items: list[object]) -> Html:
    """A plain list."""
    return el("ul", {"class": "askfirst-list"}, [el("li", None, item) for item in items])
