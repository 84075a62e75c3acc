"""`POST /askfirst/consent`: an answer comes in, as JSON or as a form."""

from __future__ import annotations

from askfirst.contracts.body import FORM, JSON, media_type, read_form
from askfirst.contracts.consent import VisitorAnswer, read_answer
from askfirst.contracts.origin import is_framed, local_path, same_origin, same_referer
from askfirst.errors import AskfirstError, Reason, Refused
from askfirst.gate.record_answer import AnswerRecord, record_answer
from askfirst.gate.relay import Relay
from askfirst.http.headers import Header
from askfirst.http.request import (
    NO_STORE,
    Answer,
    Request,
    as_json,
    html,
    only_by,
    problem,
    see_other,
)
from askfirst.pages.problem import problem_page
from askfirst.pages.words import words_in

_CROSS_ORIGIN = Refused(Reason.CROSS_ORIGIN, "send this from a page of the site itself")


async def take_answer(relay: Relay, request: Request, *, now: float) -> Answer:
    """Take one answer; a form is sent back to its page, and its problems are pages too."""
    only_by(request, "POST")
    kind = media_type(request.headers, JSON, FORM)
    if kind != FORM:
        _check_sender(relay, request)
        settled = await _settled(relay, request, kind, await request.body(), now)
        if settled.error is not None:
            return problem(settled.error).also(*settled.cookies)
        receipt = {"receipt": settled.receipt} if settled.receipt else {}
        document = {"decision": settled.decision, **receipt, "expires": settled.expires}
        return as_json(document).also(*settled.cookies)
    back = "/"
    try:
        _check_sender(relay, request)
        data = await request.body()
        back = local_path(read_form(data).get("return_to"))
        settled = await _settled(relay, request, kind, data, now)
    except AskfirstError as error:
        return explain(relay, error, back)
    if settled.error is not None:
        return explain(relay, settled.error, back).also(*settled.cookies)
    return see_other(back).also(*settled.cookies)


def _check_sender(relay: Relay, request: Request) -> None:
    """Refuse what the site did not send, before any of it is read."""
    headers, origins = request.headers, relay.policy.origins
    if not same_origin(headers, origins) and not same_referer(headers, origins):
        raise _CROSS_ORIGIN


async def _settled(
    relay: Relay, request: Request, kind: str, data: bytes, now: float
) -> AnswerRecord:
    """Record an answer; from a frame, or by a `Referer` alone, no grant."""
    answer = read_answer(kind, data)
    is_site = same_origin(request.headers, relay.policy.origins)
    grants = answer.method == "accept_all" or any(answer.choices.values())
    if grants and (not is_site or is_framed(request.headers)):
        raise _CROSS_ORIGIN
    return await record_answer(relay, request, answer, now=now)


async def withdraw(relay: Relay, request: Request, *, now: float) -> AnswerRecord:
    """The same as an answer that takes everything back."""
    answer = VisitorAnswer("withdraw", "", relay.policy.languages[0], {}, adult=False)
    return await record_answer(relay, request, answer, now=now)


def explain(relay: Relay, error: AskfirstError, back: str) -> Answer:
    """A page for people that says why a form was not taken."""
    answer = problem(error)
    reason = error.reason if isinstance(error, Refused) else Reason.COLLECTOR_AWAY
    words = words_in(relay.policy.languages[0], relay.policy)
    page = problem_page(reason, words=words, site=relay.policy.site, return_to=back)
    headers: tuple[Header, ...] = tuple(
        header for header in answer.headers if header[0] in (b"retry-after", b"allow")
    )
    return html(page, status=answer.status, headers=(NO_STORE, *headers))
