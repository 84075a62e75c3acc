"""One static page for each notice: what it asks for, and when it is there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from askfirst.endpoints.policy import policy_json
from askfirst.pages.assets import FOLDER
from askfirst.pages.forms import STYLES
from askfirst.pages.notice import notice_html
from askfirst.pages.words import words_in
from askfirst.terms.consent import Consent, Signals
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.policy import read_policy, shipped

PURPOSES = ("Marketing", "Preferences", "Statistics")
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}


@dataclass(frozen=True)
class Notice:
    """A page at `/`, the files that it may ask for by path, and the element that shows it."""

    html: str
    files: Mapping[str, bytes]
    seen: str
    link: str = ""  # a header that comes with the page


def page(head: str, body: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tides</title>'
        f'<link rel="icon" href="data:,">{head}</head>'
        f"<body><h1>Tides</h1><p>Text.</p>{body}</body></html>"
    )


def ours() -> dict[str, Notice]:
    """By script, as the server draws it, and the page without either."""
    policy = read_policy({**shipped("standard").document, "origins": ["http://localhost"]})
    editions = Editions((Edition(1, policy.hash, int(time.time()), policy),))
    words = words_in("en")
    built = [path for path in FOLDER.rglob("*") if path.suffix in TYPES]
    files = {f"/askfirst/static/{path.relative_to(FOLDER)}": path.read_bytes() for path in built}
    files["/askfirst/policy"] = policy_json(editions, words)
    line = '<script src="/askfirst/static/askfirst.js" defer></script>'
    drawn = notice_html(Consent("example", None, editions, Signals()), path="/", words=words)
    # As the gate says it, so that the styles come with the script.
    early = f"<{STYLES}>; rel=preload; as=style"
    return {
        # What the page costs by itself: the browser's own tasks, its first fonts.
        "(no notice)": Notice(page(""), {}, "h1"),
        "askfirst, by script": Notice(page(line), files, "#askfirst-notice"),
        "askfirst, by server": Notice(page(line, drawn), files, "#askfirst-notice", early),
    }
