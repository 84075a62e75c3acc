"""The gate: one request's headers in; its Consent, and a response's headers, out. No framework."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from askfirst.errors import WrongSetting
from askfirst.gate import log_context
from askfirst.gate import test_session as testing
from askfirst.gate.cookie_filter import CookieFilter, is_filtered
from askfirst.gate.page_token import PageTokens
from askfirst.gate.placed_on_page import host_of
from askfirst.gate.read_request import RequestAnswer, read
from askfirst.gate.signals import (
    UNDER_AGE,
    UNSURE,
    AgeSignal,
    is_under_age,
    prefers_safe,
    read_decisions,
)
from askfirst.gate.undeclared_cookies import (
    GPC,
    Report,
    Sighting,
    Undeclared,
    choose_mode,
    on_loopback,
    sends_gpc,
)
from askfirst.http import caching
from askfirst.http.cookie_header import PARENT, STATE, TEST
from askfirst.http.headers import Header, Headers
from askfirst.log_fault import log_fault

from ..terms.consent import Consent, Signals, narrowest
from ..terms.edition import Editions
from ..terms.policy import Policy
from ..terms.token import State, read_state
from .cookie_database import CookieDatabase
from .csp import CspBuilder, Mode
from .permissions import deny_unused
from .visit import Visit

log = logging.getLogger("askfirst")

MOST_KEPT = 1024  # checked answers; M09 makes visitors share them


@dataclass(frozen=True, eq=False)
class Known:
    """What a collector told us of the site: editions, keys of the state cookie and of receipts."""

    editions: Editions
    keys: tuple[bytes, ...]
    receipt_keys: Sequence[Mapping[str, object]] = ()

    def says_the_same(self, other: Known) -> bool:
        """Whether there is nothing new in it: editions are told apart by number and hash."""
        ours, theirs = (
            [(edition.number, edition.hash) for edition in known.editions]
            for known in (self, other)
        )
        keys = (self.keys, list(self.receipt_keys)) == (other.keys, list(other.receipt_keys))
        return keys and ours == theirs


NOTHING_KNOWN = Known(Editions(), ())


class Gate:
    """Reads answers and lets through what was agreed to. `now` gives unix seconds.

    Whatever goes wrong in here means: no consent, and the page is served. Wrong settings raise
    WrongSetting or Unusable at once.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        now: Callable[[], float],
        undeclared: Undeclared | None = None,
        cookie_database: Path | str | None = None,
        csp: Mode = "off",
        permissions: bool = False,
        under_age: AgeSignal | None = None,
    ) -> None:
        mode = choose_mode(undeclared, policy.origins)
        self.policy = policy
        self.known = NOTHING_KNOWN
        # False until the collector has spoken, and when a cookie names an edition it did not.
        self.ready = False
        self._now = now
        self._kept: dict[RequestAnswer, Consent] = {}
        self._keeping = threading.Lock()  # WSGI servers have threads; only what is new is kept
        self._learns = mode == "learn"
        suggest = CookieDatabase(Path(cookie_database), policy) if cookie_database else None
        self._report = Report(mode=mode, suggest=suggest)
        self._csp: Mode = csp
        self._filter_by(policy)
        self._permissions = permissions
        self._under_age = _age_adapter(under_age)
        self._page_tokens: PageTokens | None = None
        self.sends_page_tokens = (
            False  # asked before `vouched`: where nothing is placed it costs nothing
        )
        self._tells = permissions or self._csp_builder.on

    def undeclared_cookies(self) -> tuple[Sighting, ...]:
        """The undeclared cookies this process met, with their routes and days; no counts."""
        return self._report.sightings

    def develops(self, headers: Headers) -> bool:
        """Whether a request is of somebody who builds the site: undeclared cookies pass there.

        So every origin of the policy is loopback, and the host that was asked for is.
        """
        return self._learns and on_loopback(headers)

    def as_visitor(self, headers: Headers) -> Headers:
        """The headers as the application sees them: with what `also_sent` adds."""
        if not self._learns and self._under_age is None:
            return headers  # nearly always
        more = self.also_sent(headers)
        return [*headers, *more] if more else headers

    def also_sent(self, headers: Headers) -> tuple[Header, ...]:
        """What the bar was told to send, and what the age adapter says of the request."""
        more: tuple[Header, ...] = ()
        if self._learns and sends_gpc(headers) and on_loopback(headers):
            more = ((b"sec-gpc", b"1"),)
        if self._under_age is not None:
            try:
                if _is_yes(self._under_age(headers)):
                    more += (UNDER_AGE,)
            except Exception as error:
                log_fault("asking for the age signal", error)
                more += (UNSURE,)
        return more

    def undeclared(self, names: Iterable[bytes]) -> list[bytes]:
        """The names that no policy declares, and that are not ours."""
        return [name for name in self._cookie_filter.undeclared(names) if name != GPC]

    def learn(self, known: Known) -> None:
        """Take over what the collector says now; what was checked before it is forgotten."""
        if not known.says_the_same(self.known):
            self._page_tokens = PageTokens(known.keys, now=self._now) if known.keys else None
            self.sends_page_tokens = bool(known.editions and known.editions.current.placed)
            if known.editions:
                self._filter_by(known.editions.current.policy)
            # Whoever sees what is known now is vouched for and judged by it.
            self.known = known
            # Last: who began to read before keeps what is old among what is forgotten.
            self._kept = {}
        self.ready = bool(known.editions)

    def _filter_by(self, policy: Policy) -> None:
        """Judge responses by the policy in force; until it is known, by the one of the start."""
        self._cookie_filter = CookieFilter(policy, report=self._report)
        self._csp_builder = CspBuilder(policy, mode=self._csp)

    def refused(self, names: Iterable[bytes], allows: Callable[[str], bool]) -> list[bytes]:
        """The cookies that belong only to purposes that are not allowed."""
        return self._cookie_filter.refused(names, allows)

    def literal(self, allows: Callable[[str], bool]) -> list[bytes]:
        """The names, no globs, that the policy declares for purposes that are not allowed."""
        return self._cookie_filter.literal(allows)

    def visit(self, headers: Headers, known: RequestAnswer | None = None) -> Visit:
        """The lazy consent of a request; `known` is what it is read from, if at hand."""
        answer = read(headers)[2] if known is None else known
        visit = Visit(lambda _: self._answered(answer), headers)
        if answer[0]:
            visit.testing = self.is_testing(answer)
        log_context.set_visit(visit)
        return visit

    def is_testing(self, answer: RequestAnswer) -> bool:
        """Whether a request comes from a signed-in member who tests this site."""
        for name, token in answer[0]:
            if name == TEST:
                return testing.is_session(token, self.policy.site, self.known.keys, now=self._now())
        return False

    def consent(self, headers: Headers) -> Consent:
        """The consent of a request; cookies that are not ours, or no longer, are not there."""
        return self._answered(read(headers)[2])

    def _answered(self, answer: RequestAnswer) -> Consent:
        try:
            return self._consent(answer)
        except Exception as error:
            log_fault("reading consent", error)
            return Consent(self.policy.site)

    def _consent(self, answer: RequestAnswer) -> Consent:
        now = self._now()
        cache = self._kept
        cached_consent = cache.get(answer)
        if cached_consent is not None and (
            cached_consent.state is None or cached_consent.state.expires > now
        ):
            return cached_consent
        state = self._state(answer[0], now)
        decisions = read_decisions(answer[3]) if answer[3] else None
        child = is_under_age(answer[3]) if answer[3] else False
        signals = Signals(gpc=answer[1], dnt=answer[2], under_age=child, decisions=decisions)
        consent = Consent(self.policy.site, state, self.known.editions, signals)
        # Anybody can fill a memory with lines of ADPC; few browsers send one.
        if not answer[3] and (state is not None or not answer[0]):
            self._keep(cache, answer, consent)
        if state is not None and self.known.editions:
            self.ready &= state.edition <= self.known.editions.current.number
        return consent

    def _keep(
        self, cache: dict[RequestAnswer, Consent], answer: RequestAnswer, consent: Consent
    ) -> None:
        with self._keeping:
            cache[answer] = consent
            if len(cache) > MOST_KEPT:
                del cache[next(iter(cache))]

    def _state(self, tokens: tuple[Header, ...], now: float) -> State | None:
        read = [(name, self._read(token, now)) for name, token in tokens if name != TEST]
        state = narrowest(
            candidate for name, candidate in read if candidate is not None and name == STATE
        )
        for name, parent in read:
            if parent is not None and name == PARENT:
                state = _below(state, parent)
        return state

    def _read(self, token: bytes, now: float) -> State | None:
        keys = self.known.keys
        return read_state(token.decode("latin-1"), keys, site=self.policy.site, now=now)

    def finish(
        self,
        visit: Visit,
        headers: list[Header],
        *,
        route: Callable[[], str | None] = lambda: None,
    ) -> list[Header]:
        """The headers of a response as they may leave; the same list where nothing changes.

        `route` gives the template that answered, never a path; reports and access logs ask it.
        """
        visit.route = route
        outgoing, depends = headers, False
        if is_filtered(headers):
            outgoing, depends = self._cookie_filter.filter(
                headers,
                allows=visit.may,
                now=self._now,
                learns=lambda: visit.testing or self.develops(visit.headers),
                route=route,
            )
        if self._tells and self._csp_builder.concerns(visit.headers, outgoing):
            outgoing = self._for_browser(visit, outgoing)
        if visit.cookies:
            outgoing, depends = [*outgoing, *visit.cookies], True
        visit.sealed = not (visit.read or depends or visit.testing)
        if visit.sealed:
            return outgoing
        outgoing = caching.vary(outgoing)
        if visit.preload is not None:
            link = f"<{visit.preload}>; rel=preload; as=style"
            outgoing = [*outgoing, (b"link", link.encode("latin-1", "replace"))]
        # What the adapter looked at, no `Vary` of ours can name.
        if depends or visit.testing or self._under_age is not None:
            outgoing = caching.private(outgoing, stored=not visit.testing)
        return outgoing

    def with_page_tokens(
        self, visit: Visit, headers: list[Header], status: int, path: Callable[[], str]
    ) -> list[Header]:
        """The headers with our word for a page where collectors stand; the same for everyone."""
        page_tokens, editions = self._page_tokens, self.known.editions
        if page_tokens is None or not editions:
            return headers
        host = host_of(visit.headers)
        return page_tokens.told(headers, editions.current, status=status, path=path, host=host)

    def accepts_page_token(self, collector: str, path: str, vouch: str) -> bool:
        """Whether we gave this word for a page of a placed collector, today or yesterday."""
        page_tokens = self._page_tokens
        return page_tokens is not None and page_tokens.holds(collector, path, vouch)

    def _for_browser(self, visit: Visit, headers: list[Header]) -> list[Header]:
        if self._permissions:
            headers = deny_unused(headers)
        if self._csp_builder.on:
            headers = self._csp_builder.join(headers, visit.peek(), testing=visit.testing)
            visit.read |= self._csp_builder.depends
        return headers


def _is_yes(answer: object) -> bool:
    """Raises TypeError for what is neither: a coroutine, or "no", would end everybody's grant."""
    if isinstance(answer, bool):
        return answer
    raise TypeError("an age adapter answers True or False")


def _age_adapter(adapter: AgeSignal | None) -> Callable[[Headers], bool] | None:
    if adapter == "prefer-safe":
        return prefers_safe
    if adapter is None or callable(adapter):
        return adapter
    instead = 'write "prefer-safe", or a function of the headers that answers True or False'
    raise WrongSetting("E118", "under_age", adapter, instead)


def _below(state: State | None, parent: State) -> State | None:
    # A parent domain's cookie may be anybody's there: it refuses and narrows, and grants nothing.
    if state is None:
        refused = {name: 0 for name, detail in parent.choices.items() if not detail}
        return replace(parent, edition=0, choices=refused) if refused else None
    return narrowest([state, replace(parent, choices={**state.choices, **parent.choices})])
