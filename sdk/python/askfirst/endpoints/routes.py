"""Our own paths on the site: which of them answers what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from askfirst.contracts.origin import local_path
from askfirst.endpoints.consent import take_answer
from askfirst.endpoints.csp import CspReports
from askfirst.endpoints.development import BAR, SCRIPT, DevelopmentBar
from askfirst.endpoints.policy import about, consent_requests, gpc, policy
from askfirst.endpoints.rights import ROOT as RIGHTS
from askfirst.endpoints.rights import rights
from askfirst.errors import AskfirstError, CollectorUnavailable, Reason, Refused
from askfirst.gate.placed_on_page import host_of
from askfirst.gate.read_request import read
from askfirst.gate.record_answer import record_decisions
from askfirst.gate.relay import Relay
from askfirst.http.headers import Header
from askfirst.http.request import UNBELIEVED, Answer, Request, html, only_by, problem
from askfirst.log_fault import log_fault
from askfirst.pages.assets import read_assets, static
from askfirst.pages.choices import choices_page
from askfirst.pages.receipt import receipt_page
from askfirst.pages.words import Words, words_in
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Editions

ROOT = "/askfirst/"
STATIC = ROOT + "static/"
EVENTS = ROOT + "events"
RECEIPT = ROOT + "receipt"
HOST = ROOT + "host"
DOCTOR = b"doctor"  # the query by which `askfirst doctor` asks who is believed
WELL_KNOWN = {"/.well-known/gpc.json": gpc, "/.well-known/askfirst.json": about}


def is_own(path: str) -> bool:
    """Whether a path, below the site's root, is one of ours."""
    return path.startswith(ROOT) or path in WELL_KNOWN


class Paths:
    """Answers what is ours; events and the dashboard are the collector's.

    `file` is the policy's, where it was read from one.
    """

    def __init__(self, relay: Relay, *, now: Callable[[], float], file: Path | None = None) -> None:
        self._relay = relay
        self._now = now
        assets = read_assets()
        self._assets = {name: asset for name, asset in assets.items() if name != BAR}
        self._bar = DevelopmentBar(relay, assets, file)
        self._csp_reports = CspReports()

    async def answer(self, request: Request) -> Answer:
        """Answer one request, whatever happens."""
        try:
            return await self._answer(request)
        except AskfirstError as error:
            return problem(error)
        except Exception as error:
            log_fault("answering a request of our own", error)
            return problem(CollectorUnavailable("this did not work; try again later"))

    async def take_decisions(self, request: Request, consent: Consent) -> tuple[Header, ...]:
        """Cookies to set, where the browser itself took something back; `request` is for a page."""
        return await record_decisions(self._relay, request, consent, now=self._now())

    async def _answer(self, request: Request) -> Answer:
        path = request.path
        if path.startswith(STATIC):
            name = path.removeprefix(STATIC)
            if name in (BAR, SCRIPT) and self._relay.gate.develops(request.headers):
                return self._bar.script(name, request)
            return static(self._assets, name, request)
        if path == ROOT + "consent":
            return await take_answer(self._relay, request, now=self._now())
        if path.startswith(RIGHTS):
            return await rights(self._relay, request, now=self._now())
        if path == ROOT + "choices":
            return self._choices(request)
        if path == RECEIPT:
            only_by(request, "GET")
            return html(receipt_page(self._relay.policy, words=self._words(request)))
        editions = self._relay.gate.known.editions
        if path == ROOT + "policy" or path.startswith(ROOT + "policy/"):
            return self._policy(editions, request)
        if path == ROOT + "consent-requests":
            return consent_requests(editions, request)
        if path in WELL_KNOWN:
            return WELL_KNOWN[path](self._relay.gate.known, request)
        if path == ROOT + "csp":
            testing = self._relay.gate.is_testing(read(request.headers)[2])
            return await self._csp_reports.take(request, testing=testing)
        if path == ROOT + "bar" and self._relay.gate.develops(request.headers):
            return await self._bar.answer(request, now=self._now())
        raise Refused(Reason.NOT_FOUND, "there is nothing here")

    def _policy(self, editions: Editions, request: Request) -> Answer:
        answer = policy(editions, request)
        if request.query != DOCTOR:
            return answer
        # Of nobody else what proxies say is read here.
        unbelieved = self._relay.client.proxies.unbelieved(request.peer, request.headers)
        extra = ((UNBELIEVED, unbelieved.encode("ascii")),) if unbelieved else ()
        return answer.also(*extra)

    def _words(self, request: Request) -> Words:
        query = parse_qs(request.query.decode("latin-1"))
        policy = self._relay.policy
        return words_in((query.get("lang") or [policy.languages[0]])[0], policy)

    def _choices(self, request: Request) -> Answer:
        only_by(request, "GET")
        consent = self._relay.gate.consent(request.headers)
        if not consent.editions:
            raise CollectorUnavailable("the editions are not known yet")
        query = parse_qs(request.query.decode("latin-1"))
        words = self._words(request)
        back = local_path((query.get("return_to") or ["/"])[0])
        host = host_of(request.headers)
        return html(choices_page(consent, words=words, return_to=back, host=host))
