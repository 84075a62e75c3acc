"""The campaign that a link names in the address of the page, and the channel it stands for."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl

from ..terms.attributes import CAMPAIGN_PARAMETERS, OTHER, UNKNOWN, Value
from .recent import PAGES, Recent
from .value import NONE, free_text

# What mediums and sources are called that name no host, by the channel they stand for.
_WORDS = {
    word: channel
    for channel, words in {
        "mail": "mail email e-mail newsletter",
        "search": "google bing duckduckgo",
        "social": "social facebook fb instagram ig twitter linkedin reddit youtube tiktok",
        "ai": "ai chatgpt openai claude gemini copilot perplexity",
    }.items()
    for word in words.split()
}


def campaign(address: object, level: int = len(CAMPAIGN_PARAMETERS)) -> Value:
    """Source, medium, name: ("newsletter", "email", "spring-sale"); `none` where one is not told.

    `address` is the page's, with its query; parameters above `level` are not read. Lower case, with
    identifiers replaced; a text that is too long, or markup, is `other`.
    """
    return _recent[level](address) if isinstance(address, str) else (UNKNOWN,)


def _read(address: str, level: int) -> Value:
    parameters: dict[str, str] = {}
    search = address.partition("#")[0].partition("?")[2]
    for name, value in parse_qsl(search, errors="replace"):
        parameters.setdefault(name, value)
    parts = []
    for names in CAMPAIGN_PARAMETERS[:level]:
        text = next((parameters[name] for name in names if name in parameters), "")
        parts.append(free_text(text).lower())
    return tuple(parts)


_recent = tuple(
    Recent(partial(_read, level=level), texts=PAGES)
    for level in range(len(CAMPAIGN_PARAMETERS) + 1)
)


def channel_word(campaign: Value) -> str | None:
    """The channel that a campaign's medium, else its source, is a word for; None for other ones."""
    words = (part for part in (*campaign[1:2], *campaign[:1]) if part not in (NONE, OTHER))
    return next((_WORDS[word] for word in words if word in _WORDS), None)
