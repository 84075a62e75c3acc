"""Settles an answer: what is recorded, what the browser is told to keep, what happens without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from askfirst.client import Decision, Handle, Recorded
from askfirst.contracts.consent import VisitorAnswer
from askfirst.errors import AskfirstError, CollectorUnavailable, Refused
from askfirst.gate.receipt import all_handles, draw_secret, handle_of, only_handle
from askfirst.gate.relay import Relay, ended
from askfirst.gate.resolve_answer import Resolved, is_language, narrowed, refusal, resolve
from askfirst.http.cookie_header import RECEIPT, STATE, named, read_cookies
from askfirst.http.headers import Header, Headers, values
from askfirst.http.request import Request
from askfirst.http.set_cookie import SameSite, delete, expire, parents, prefixes, write
from askfirst.log_fault import log_fault
from askfirst.terms.consent import Consent, state_of
from askfirst.terms.policy import Policy
from askfirst.terms.token import LONGEST, State, sign_state

MOST_RECEIPTS = 4  # in one request; a browser may hold one more for each partition
MOST_EXPIRED = 50  # lines that take cookies of the site back, in one response


@dataclass(frozen=True)
class AnswerRecord:
    """How an answer ended: a word, the end in unix seconds, the receipt, and cookies to set.

    With `error`, a grant was not recorded, but what was refused beside it; or a refusal could not
    be written anywhere, and holds in this browser, which keeps its receipt.
    """

    decision: str
    expires: int
    cookies: tuple[Header, ...]
    receipt: str | None = None
    error: AskfirstError | None = None


@dataclass(frozen=True)
class AnswerRecorder:
    """One answer being settled."""

    relay: Relay
    request: Request
    consent: Consent
    resolved: Resolved
    answer: VisitorAnswer
    now: float

    async def record(self) -> AnswerRecord:
        """Record what must be; raises Refused, or CollectorUnavailable for a grant."""
        handle = only_handle(self.request.secrets)
        if not self.resolved.grants:
            return await self._refuse(handle)
        secret = self.request.secrets[0].decode("ascii") if handle else self._draw()
        try:
            await self.relay.admit(self.request.headers, self.request.peer)
            return await self._grant(secret)
        except Refused as error:
            if not ended(error):
                raise
            if self.consent.state is not None and self.consent.state.grants:
                return self._ask_again(error)
            # A dead receipt never lives again: this is a new grant.
            return await self._grant(self._draw())
        except CollectorUnavailable as error:
            return await self._only_refused(handle, error)

    def _draw(self) -> str:
        return draw_secret(self.relay.urandom)

    async def _grant(self, secret: str) -> AnswerRecord:
        handle = handle_of(secret.encode("ascii")) or ""
        recorded = await self.relay.record(self._sized(handle))
        state = self._state(recorded)
        lines = self.cookies(state, self._receipt(secret, state.expires))
        return AnswerRecord(recorded.status, state.expires, lines, recorded.receipt)

    def _ask_again(self, error: Refused) -> AnswerRecord:
        """What it would change was taken back while it was on its way, as in another tab (M11).

        Nobody can say which was meant last, so that nothing is granted.
        """
        over = taken_back(self.relay, self.request, self.answer, _none)
        lines = (*no_state(), *self._no_receipt(), *over)
        return AnswerRecord("withdrawn", int(self.now), lines, error=error)

    async def _only_refused(
        self, handle: Handle | None, error: CollectorUnavailable
    ) -> AnswerRecord:
        refused = {name: detail for name, detail in self.resolved.choices.items() if not detail}
        if handle is None or not refused or self.consent.state is None:
            raise error
        part = Resolved("save", refused)
        with suppress(AskfirstError):  # the answer is 503 whatever becomes of it
            await self.relay.owe(self._decision(handle, part))
        state = narrowed(part, self.consent, now=self.now)
        return AnswerRecord("changed", state.expires, self.cookies(state), error=error)

    async def _refuse(self, handle: Handle | None) -> AnswerRecord:
        old = self.consent.state
        if not self.resolved.choices and old is not None:
            return AnswerRecord("kept", old.expires, ())
        if handle is not None:
            return await self._narrow(handle)
        # Of several receipts nobody can say which is the visitor's: a refusal is meant for each.
        lessened = [
            await self._narrow(other)
            for other in sorted(all_handles(self.request.secrets))[:MOST_RECEIPTS]
        ]
        error = next((other.error for other in lessened if other.error is not None), None)
        state = refusal(self.resolved, self.consent, now=self.now)
        if old is None or old.choices != state.choices:
            self.relay.tally_refusal()
        gone = () if error is not None else self._no_receipt()
        return AnswerRecord("refused", state.expires, self.cookies(state, *gone), error=error)

    async def _erase(self, handle: Handle) -> AnswerRecord:
        """End a child's grant and erase what is linked to it (M30).

        Not withdrawn first: that destroys the key by which its rows are found.
        """
        error: CollectorUnavailable | None = None
        try:
            await self.relay.erase(handle)
        except Refused as refused:
            log_fault("erasing", refused)
        except CollectorUnavailable as away:
            error = away
        state = refusal(self.resolved, self.consent, now=self.now)
        gone = () if error is not None else self._no_receipt()
        return AnswerRecord("withdrawn", state.expires, self.cookies(state, *gone), error=error)

    async def _narrow(self, handle: Handle) -> AnswerRecord:
        if self.consent.closed:
            return await self._erase(handle)
        decision = self._sized(handle)
        state: State
        word = "refused"
        lives = False
        error: CollectorUnavailable | None = None
        try:
            try:
                recorded = await self.relay.record(decision)
                state, word = self._state(recorded), recorded.status
                lives = word != "withdrawn"
            except CollectorUnavailable:
                state = narrowed(self.resolved, self.consent, now=self.now)
                lives = state.grants
                word = "changed" if lives else "withdrawn"
                await self.relay.owe(decision)
        except Refused as refused:
            if not ended(refused):
                log_fault("recording a refusal", refused)
            word, lives = "refused", False
            state = refusal(self.resolved, self.consent, now=self.now)
        except CollectorUnavailable as away:
            error = away
        if lives:
            return AnswerRecord(word, state.expires, self.cookies(state), error=error)
        all_refused = Resolved(self.resolved.method, dict.fromkeys(state.choices, 0))
        state = refusal(all_refused, self.consent, now=self.now)
        # Without its receipt a visitor could not try again.
        gone = () if error is not None else self._no_receipt()
        return AnswerRecord(word, state.expires, self.cookies(state, *gone), error=error)

    def _decision(self, handle: Handle, resolved: Resolved) -> Decision:
        edition = self.consent.editions.current
        lang = self.answer.lang
        return Decision(
            site=self.consent.site,
            handle=handle,
            # A grant was checked to be for it; a refusal counts for it, whatever was shown.
            edition=edition.hash,
            lang=lang if is_language(lang, edition.policy) else edition.policy.languages[0],
            method=resolved.method,
            choices=resolved.choices,
            adult=self.answer.adult and resolved.grants,
            gpc=self.consent.signals.gpc,
        )

    def _sized(self, handle: Handle) -> Decision:
        headers, peer = self.request.headers, self.request.peer
        is_sized = self.relay.is_sized(self.consent.editions.current, handle, headers, peer)
        return replace(self._decision(handle, self.resolved), sized=is_sized)

    def _state(self, recorded: Recorded) -> State:
        editions = self.consent.editions
        choices, expires = recorded.choices, recorded.expires
        return state_of(self.consent.site, editions, choices, expires=expires)

    def _receipt(self, secret: str, expires: int) -> Header:
        same_site = _same_site(self.relay.policy)
        return write(named(RECEIPT), secret, expires=expires, same_site=same_site, http_only=True)

    def _no_receipt(self) -> tuple[Header, ...]:
        return no_receipt(self.relay.policy) if self.request.secrets else ()

    def cookies(self, state: State, *more: Header) -> tuple[Header, ...]:
        """The lines of a response that leaves the browser with this state."""
        token = self._token(state)
        line = write(named(STATE), token, expires=state.expires, same_site="Lax")
        allows = replace(self.consent, state=state).allows
        return (line, *more, *taken_back(self.relay, self.request, self.answer, allows))

    def _token(self, state: State) -> str:
        """The state as a token; where it would be too long to count, without what is gone."""
        key = self.relay.gate.known.keys[-1]
        token = sign_state(state, key)
        if len(token) <= LONGEST:
            return token
        # The ledger keeps the rest: what comes back is asked about once more.
        every = self.consent.editions.current.every
        choices = {name: choice for name, choice in state.choices.items() if name in every}
        return sign_state(replace(state, choices=choices), key)


async def record_answer(
    relay: Relay, request: Request, answer: VisitorAnswer, *, now: float
) -> AnswerRecord:
    """Record it; raises Refused, or CollectorUnavailable where a grant cannot be recorded."""
    consent = relay.gate.consent(request.headers)
    if not consent.editions:
        return await _record_unknown(relay, request, answer, now)
    return await AnswerRecorder(
        relay, request, consent, resolve(answer, consent), answer, now
    ).record()


async def record_decisions(
    relay: Relay, request: Request, consent: Consent, *, now: float
) -> tuple[Header, ...]:
    """Take what a browser decided by itself (ADPC) as its visitor's answer: cookies to set.

    Only what it takes back, and only where that is not the answer yet. Who has a receipt has it
    recorded before the page is served; nobody else is counted as having refused. Never raises.
    """
    try:
        if consent.signals.under_age:
            return await _end_child(relay, request, consent, now)
        choices = _taken_back(consent)
        if not choices or consent.closed or not _is_browsers_own(request.headers):
            return ()
        edition = consent.editions.current
        answer = VisitorAnswer(
            "save", edition.hash, edition.policy.languages[0], choices, adult=False
        )
        resolved = Resolved("save", choices)
        recorder = AnswerRecorder(relay, request, consent, resolved, answer, now)
        if request.secrets:
            record = await recorder.record()
            # What could not be written anywhere is tried again: the browser goes on to say it.
            return () if record.error is not None else record.cookies
        return recorder.cookies(narrowed(resolved, consent, now=now))
    except Exception as error:
        log_fault("taking a decision of the browser", error)
        return ()


async def _end_child(
    relay: Relay, request: Request, consent: Consent, now: float
) -> tuple[Header, ...]:
    """What was agreed to ends, and what is linked to it is erased; anybody's refusal is left (M30).

    Who has not answered gets it too, so that no script asks them. It is counted nowhere.
    """
    state = consent.state
    has_refused = state is not None and not state.grants and not request.secrets
    is_sure = consent.signals.decisions is not None and _is_browsers_own(request.headers)
    if has_refused or not is_sure or not consent.editions:
        return ()
    edition = consent.editions.current
    answer = VisitorAnswer("reject_all", edition.hash, edition.policy.languages[0], {}, adult=False)
    recorder = AnswerRecorder(relay, request, consent, resolve(answer, consent), answer, now)
    if request.secrets:
        record = await recorder.record()
        return () if record.error is not None else record.cookies
    return recorder.cookies(refusal(recorder.resolved, consent, now=now))


def _taken_back(consent: Consent) -> dict[str, int]:
    """What the browser takes back and the answer still has, or leaves open; all of it 0."""
    if not consent.signals.decisions or not consent.editions:
        return {}
    details = consent.state.choices if consent.state is not None else {}
    edition = consent.editions.current
    own = edition.policy.asked
    names = {name for name, detail in details.items() if detail} | {*own} - details.keys()
    denies = consent.signals.decisions.deny
    purposes = {name: edition.purpose(name) for name in sorted(names)}
    denied = [
        name
        for name, purpose in purposes.items()
        if denies(name, purpose.terms.data_use if purpose is not None else "")
    ]
    # Who has not answered is asked about the rest: no cookie has a part of it alone (M09).
    is_whole = consent.state is not None or len(denied) == len(own)
    return dict.fromkeys(denied, 0) if is_whole else {}


def _is_browsers_own(headers: Headers) -> bool:
    """Whether no script of another origin can have written the header (M47).

    It may where the application answers its preflight, so what such a script asks for is out.
    """
    return values(headers, b"sec-fetch-mode") in ([], [b"navigate"]) or values(
        headers, b"sec-fetch-site"
    ) in ([b"same-origin"], [b"none"])


def cookies_once_erased(relay: Relay, request: Request, now: float) -> tuple[Header, ...]:
    """What a browser is told when its receipt is erased: what one that refuses all is told."""
    consent = relay.gate.consent(request.headers)
    policy = relay.policy
    answer = VisitorAnswer("withdraw", "", policy.languages[0], {}, adult=False)
    if not consent.editions:
        return (*no_state(), *no_receipt(policy), *taken_back(relay, request, answer, _none))
    recorder = AnswerRecorder(relay, request, consent, resolve(answer, consent), answer, now)
    return recorder.cookies(refusal(recorder.resolved, consent, now=now), *no_receipt(policy))


def _none(_: str) -> bool:
    return False


async def _record_unknown(
    relay: Relay, request: Request, answer: VisitorAnswer, now: float
) -> AnswerRecord:
    # Nothing can be signed before the collector has spoken once; forgetting is always possible.
    if answer.method == "accept_all" or any(answer.choices.values()):
        raise CollectorUnavailable("the collector has not answered since the start")
    handle = only_handle(request.secrets)
    over = taken_back(relay, request, answer, _none)
    word = "withdrawn" if handle else "refused"
    if handle is not None:
        withdrawal = Decision(
            site=relay.policy.site,
            handle=handle,
            edition=relay.policy.hash,
            lang=relay.policy.languages[0],
            method="withdraw",
            choices=dict.fromkeys(relay.policy.asked, 0),
            adult=False,
            gpc=False,
        )
        try:
            await relay.owe(withdrawal)
        except CollectorUnavailable as error:
            return AnswerRecord(word, int(now), (*no_state(), *over), error=error)
        except Refused as error:
            word = "refused"
            if not ended(error):
                log_fault("recording a refusal", error)
    return AnswerRecord(word, int(now), (*no_state(), *no_receipt(relay.policy), *over))


def taken_back(
    relay: Relay, request: Request, answer: VisitorAnswer, allows: Callable[[str], bool]
) -> list[Header]:
    """Lines that expire the cookies of purposes that are not allowed, wherever they may stand.

    What the request carried stands at `/`. What stands at the page's own path is not carried here:
    declared names are expired there unseen, globs cannot be.
    """
    domains = parents(relay.policy.origins)
    carried = relay.gate.refused((name for name, _ in read_cookies(request.headers)), allows)
    lines = [line for name in carried for line in expire(name, domains)]
    deeper = prefixes(answer.return_to or "/")
    if deeper:
        names = dict.fromkeys([*carried, *relay.gate.literal(allows)])
        lines += [line for name in names for line in expire(name, domains, deeper)]
    return lines[:MOST_EXPIRED]


def no_state() -> tuple[Header, ...]:
    """The line that takes the state cookie back: not asked yet."""
    return (delete(named(STATE), same_site="Lax"),)


def no_receipt(policy: Policy) -> tuple[Header, ...]:
    """The line that takes the receipt cookie back."""
    return (delete(named(RECEIPT), same_site=_same_site(policy), http_only=True),)


def _same_site(policy: Policy) -> SameSite:
    # Page views seen by the server need the receipt on the first page of a visit too (M40).
    return "Lax" if policy.server_side else "Strict"
