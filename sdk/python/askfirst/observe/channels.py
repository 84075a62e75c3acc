"""Which channel a host stands for, by the table in `channels.txt` (`scripts/build-channels`).

A line is a host and its channel. ".facebook.com" is that domain and all below it, "bing.com" that
host alone (and its "www."), "google.*" the name under any public suffix of a country. An app stands
there as Android names it: "android-app://com.google.android.gm".
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

# "com", "de", "co.uk", "com.br": not "blogspot.com", under which anybody can be "google".
_COUNTRY_SUFFIX = re.compile(r"(?:[a-z]{2,3}|(?:com|co)\.[a-z]{2})")

DIRECT, INTERNAL = "direct", "internal"  # beside those of the list


@cache
def table() -> dict[str, str]:
    """Host pattern to channel."""
    text = files(__package__).joinpath("channels.txt").read_text(encoding="utf-8")
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {line[0]: line[1] for line in lines}


def channel_of(host: str, suffix: str) -> str | None:
    """The channel of a host name, or None; `suffix` is its public suffix. Longest match wins."""
    known = table()
    host = host.removeprefix("www.")
    if channel := known.get(host):
        return channel
    anywhere = host.removesuffix(suffix) + "*"
    if _COUNTRY_SUFFIX.fullmatch(suffix) and (channel := known.get(anywhere)):
        return channel
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if channel := known.get("." + ".".join(labels[start:])):
            return channel
    return None
