"""The log of the corpus: its rows, in order, and what each says by other libraries than ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import ua_parser
from publicsuffixlist import PublicSuffixList

from askfirst.observe.agent import is_bot
from askfirst.observe.channels import channel_of
from askfirst.observe.page import page
from askfirst.observe.screen import screen

# What a visitor does on a page: files are loaded, by their ending, and posts read, by their part.
KINDS = ("ico", "png", "xhtml")
PARTS = ("articles", "geekery", "rants", "tags")
OWN = ("semicomplete.com", "www.semicomplete.com")
_SUFFIXES = PublicSuffixList()


@dataclass(frozen=True)
class Line:
    """One request of the log."""

    at: int  # unix seconds
    ip: str
    agent: str
    path: str
    referrer: str | None
    country: str | None
    referrer_host: str | None

    @property
    def who(self) -> str:
        """One visitor a pair of address and agent."""
        return f"{self.ip} {self.agent}"

    @property
    def day(self) -> str:
        """The day it came on, UTC."""
        return datetime.fromtimestamp(self.at, UTC).date().isoformat()

    def values(self) -> dict[str, tuple[str, ...]]:
        """What it says of each attribute of the standard policy, as fine as that is."""
        parsed = ua_parser.parse(self.agent)
        browser = parsed.user_agent.family if parsed.user_agent else "unknown"
        system = parsed.os.family if parsed.os else "unknown"
        stamp = f"{(self.at % 86_400) // 3600:02}"
        return {
            "time": (self.day, stamp),
            "page": page(self.path, {})[:2],
            "referrer": self._referrer(),
            "campaign": self._campaign(),
            "browser": (browser,),
            "os": (system,),
            "screen": screen(None, self.agent),
            "ip": (self.country or "unknown",),
            "language": ("unknown",),
        }

    def _campaign(self) -> tuple[str, ...]:
        """As its links name themselves: of this log, feeds alone."""
        told = parse_qs(urlsplit(self.path).query)
        names = ("utm_source", "utm_medium", "utm_campaign")
        parts = [told.get(name, ["none"])[0] for name in names]
        if "source" in told and parts[0] == "none":
            parts[0] = told["source"][0]
        return tuple(part.lower().replace("/", " ") for part in parts)

    def action(self) -> tuple[str, str, str] | None:
        """What is done by it: a name, a property, and its value."""
        path = self.path.partition("?")[0]
        kind, part = path.rpartition(".")[2], [*path.split("/"), "", ""][2]
        if path.startswith("/blog/") and part in PARTS:
            return "read", "part", part
        return ("download", "kind", kind) if kind in KINDS else None

    def _referrer(self) -> tuple[str, ...]:
        if not self.referrer:
            return ("direct", "none")
        host = self.referrer_host
        if not host:
            return ("unknown",)
        domain = _SUFFIXES.privatesuffix(host)
        if host in OWN:
            return ("internal", domain or host)
        if domain is None:
            return ("other", "unknown")
        return (channel_of(host, domain.partition(".")[2]) or "other", domain)


@cache
def people(corpus: Path) -> tuple[Line, ...]:
    """The rows that are no bots, in order of time."""
    return tuple(sorted(_read(corpus), key=lambda line: line.at))


def _read(corpus: Path) -> Iterator[Line]:
    with gzip.open(corpus / "logs/log_replay_testip.jsonl.gz", "rt") as rows:
        for row in map(json.loads, rows):
            if not is_bot(row["ua"]):
                at = datetime.strptime(row["ts"], "%d/%b/%Y:%H:%M:%S %z").timestamp()
                yield Line(
                    int(at),
                    row["ip"],
                    row["ua"],
                    row["path"],
                    row["referrer"],
                    row["expected_country"],
                    row["expected_referrer_host"],
                )
