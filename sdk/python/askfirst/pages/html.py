"""A small builder of HTML: the only way our pages are written, and it escapes everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

from askfirst.http.mount import mounted

Attributes = Mapping[str, str | int | bool | None]

_ADDRESSES = frozenset({"href", "src", "action"})
_VOID = frozenset({"br", "hr", "input", "link", "meta"})
# What stands within a sentence; after all else a line ends, so that words are apart without styles.
_INLINE = frozenset(
    {"a", "b", "bdi", "code", "em", "i", "script", "span", "strong", "time", "title"}
)
# What HTML forbids in text; a lone surrogate would make the page impossible to encode.
_FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

# Explicit embeddings, overrides and isolates: inside ours they could only be unbalanced (UAX 9).
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Html(str):
    """Text that is already markup; Jinja and Django take it as it is (`__html__`)."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def text(value: str) -> Html:
    """The value as text, whatever it holds."""
    return Html(escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value), quote=True))


def join(children: object) -> Html:
    """One child or many, in order; strings are escaped, None and False say nothing."""
    if children is None or children is False:
        return Html()
    if isinstance(children, Html):
        return children
    if isinstance(children, str):
        return text(children)
    if isinstance(children, Iterable):
        return Html("".join(map(join, children)))
    raise TypeError(f"{children!r} is no markup: give a string, an element, or several of them")


def el(name: str, attributes: Attributes | None = None, *children: object) -> Html:
    """The element; an attribute of None or False is left out, one of True stands alone."""
    opened = "".join(_attribute(key, value) for key, value in (attributes or {}).items())
    if name in _VOID:
        return Html(f"<{name}{opened}>")
    end = "" if name in _INLINE else "\n"
    return Html(f"<{name}{opened}>{join(children)}</{name}>{end}")


def own(value: str, lang: str | None = None) -> Html:
    """Words that are the site's, not ours: isolated, so that no direction in them leaves them.

    An isolate that was ended in them would end ours: browsers draw `bdi` by the same characters.
    """
    return el("bdi", {"lang": lang}, undirected(value))


def undirected(value: str) -> str:
    """The words without any character that only turns or isolates others."""
    return _BIDI_CONTROLS.sub("", value)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    address = mounted(str(value)) if name in _ADDRESSES else str(value)
    return f' {name}="{text(address)}"'
