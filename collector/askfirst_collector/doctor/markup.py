"""What a page's HTML makes a browser do at once, without anybody's answer."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

SCRIPT = "/askfirst/static/askfirst.js"
NOTICE = "askfirst-notice"
# Relations that make a browser ask, or at least connect, before anybody clicked.
_RELATIONS = {
    "stylesheet", "preload", "modulepreload", "prefetch", "prerender", "preconnect",
    "dns-prefetch", "icon", "apple-touch-icon", "manifest",
}  # fmt: skip
_SOURCES = {
    "script", "img", "iframe", "embed", "audio", "video", "source", "track", "input", "frame",
}  # fmt: skip
_SCRIPTS = {"", "module", "text/javascript", "application/javascript", "importmap"}
_HINTS = {"accept-ch", "critical-ch", "delegate-ch"}
_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", re.IGNORECASE)


@dataclass(frozen=True)
class Markup:
    """What was found: `loads` are addresses as written, `hints` names of client hint headers."""

    loads: tuple[str, ...]
    hints: tuple[str, ...]
    has_notice: bool
    has_script: bool
    links: tuple[str, ...] = ()  # as written


def read_markup(text: str) -> Markup:
    """Read a page; never raises, whatever it is."""
    reader = _Reader()
    # The parser of the standard library gives up on some odd declarations; a browser does not.
    with suppress(AssertionError):
        reader.feed(text)
    return Markup(
        tuple(dict.fromkeys(reader.loads)),
        tuple(reader.hints),
        reader.notice,
        reader.script,
        tuple(dict.fromkeys(reader.links)),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[str] = []
        self.hints: list[str] = []
        self.links: list[str] = []
        self.notice = self.script = False
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.notice |= attributes.get("id") == NOTICE
        self._styled(attributes.get("style", ""))
        if tag == "script" and attributes.get("type", "").strip().lower() not in _SCRIPTS:
            return  # waits for its purpose, or is data
        if tag in _SOURCES and attributes.get("src"):
            self.loads.append(attributes["src"])
            # As a module it cannot know where it came from, and does nothing.
            runs = tag == "script" and attributes.get("type", "").strip().lower() != "module"
            self.script |= runs and attributes["src"].partition("?")[0].endswith(SCRIPT)
        for candidate in attributes.get("srcset", "").split(","):
            self.loads += candidate.split()[:1]
        if tag == "a" and attributes.get("href") and "download" not in attributes:
            self.links.append(attributes["href"])
        if tag == "object" and attributes.get("data"):
            self.loads.append(attributes["data"])
        if tag == "video" and attributes.get("poster"):
            self.loads.append(attributes["poster"])
        if tag == "link" and _RELATIONS.intersection(attributes.get("rel", "").lower().split()):
            self.loads.append(attributes.get("href", ""))
        if tag == "meta" and (hint := attributes.get("http-equiv", "").lower()) in _HINTS:
            self.hints.append(hint)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._styled(data)

    def _styled(self, css: str) -> None:
        self.loads += [one or two for one, two in _URL.findall(css)]
