"""What was gathered of a site, before anything is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from askfirst.terms.policy import Policy
from askfirst_collector.doctor.browser import BrowserReport
from askfirst_collector.doctor.decisions import DecisionReport
from askfirst_collector.doctor.markup import Markup
from askfirst_collector.doctor.notice_look import NoticeLook
from askfirst_collector.doctor.steps import StepReport
from askfirst_collector.doctor.visitor import Answer
from askfirst_collector.loopback import is_loopback


@dataclass(frozen=True)
class Page:
    """One page as somebody new gets it, twice, and as those get it who send DNT, or Sec-GPC."""

    path: str
    plain: Answer
    again: Answer
    signals: tuple[Answer, ...]
    markup: Markup


@dataclass(frozen=True)
class InsideReport:
    """What only the site's own process shows; see `probe.Probe.seen`."""

    outside: tuple[str, ...] = ()
    undeclared: tuple[tuple[str, str], ...] = ()  # cookie, route
    believes: tuple[str, ...] = ()  # who takes a stranger's word for an address


@dataclass(frozen=True)
class Written:
    """What an access log had afterwards: by file, which kinds of what a visitor sent."""

    file: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """Everything a check may look at. `now` in unix seconds."""

    origin: str
    started: bool
    now: float
    host: Policy
    unreachable: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    own: Mapping[str, Answer] = field(default_factory=dict)  # our own paths, and what they answered
    policy: Policy | None = None
    inside: InsideReport | None = None
    browser: BrowserReport | None = None
    steps: tuple[StepReport, ...] = ()  # what a visitor did, before `pages` were seen again
    decisions: tuple[DecisionReport, ...] = ()
    written: tuple[Written, ...] = ()
    certificate_ends: float | None = None
    notes: tuple[str, ...] = ()  # what could not be looked at, and why

    @property
    def looks(self) -> tuple[NoticeLook, ...]:
        """The notice as a browser showed it; none without one."""
        return self.browser.looks if self.browser else ()

    @property
    def public(self) -> bool:
        """Whether others than this machine can reach the site under this name."""
        return not is_loopback(urlsplit(self.origin).hostname or "")

    @property
    def gated(self) -> bool:
        """Whether our own paths are answered by a gate, even if it knows nothing yet."""
        answer = self.own.get(POLICY)
        if answer is None:
            return False
        kind = (answer.all(b"content-type") or [b""])[0]
        return kind.startswith(b"application/json") or self.away

    @property
    def away(self) -> bool:
        """Whether the gate is there, and its collector is not."""
        answer = self.own.get(POLICY)
        kinds = answer.all(b"content-type") if answer else []
        return bool(
            answer
            and answer.status == 503
            and kinds
            and kinds[0].startswith(b"application/problem")
        )


POLICY = "/askfirst/policy"
PROXIES = "/askfirst/policy?doctor"  # answered with `UNBELIEVED` where a proxy is not trusted
GPC = "/.well-known/gpc.json"


def plain(value: Any) -> str:
    """A value of somebody else's as text that is safe in a terminal."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return "".join(c if c.isprintable() else "?" for c in text)[:200]
