"""The request desk: what visitors ask by mail, entered, identified, answered and closed.

The audit has number, kind, days and outcome of each, and nothing that somebody wrote. A receipt is
looked at where it is shown, and what it entitles to is done then: neither it nor its handle is kept
beside the address of whoever sent it (GDPR, articles 11 and 12).
"""

from __future__ import annotations

import hmac
from datetime import date, timedelta
from typing import Any

from askfirst.contracts.strict_json import read_json
from askfirst.errors import Reason, Refused
from askfirst.gate.receipt import handle_of
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.catalogue.requests import (
    KINDS,
    MONTHS,
    MORE_MONTHS,
    OUTCOMES,
    VisitorRequest,
    add_request,
    close,
    due_after,
    extend,
    find_request,
    note_identified,
    read_request,
    today,
)
from askfirst_collector.ledger.receipts import ReceiptRefused, verify_receipt
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import Transaction, transaction
from askfirst_collector.services import Services
from askfirst_collector.usecases.visitor_rights import erase, me, restrict, withdraw

ACTION = "request.change"
LONGEST = {"contact": 500, "note": 4_000, "answer": 8_000}  # characters
OLDEST = 366  # days ago that a letter may have come
COPIES = ("access", "portability")  # the kinds that a copy answers
_ACTS = {
    "erasure": erase,
    "restriction": restrict,
    "objection": withdraw,
    "withdrawal": withdraw,
}


def enter_request(
    parts: Services,
    actor: Member,
    site: str,
    kind: str,
    *,
    received: date,
    contact: str,
    note: str = "",
) -> VisitorRequest:
    """Enter a request; it is to be answered within a month of the day it came.

    Raises Refused `no-such-site`, and `bad-shape` for a kind, a day or a text that cannot be.
    """
    present = today(parts.now())
    if kind not in KINDS:
        raise Refused(Reason.BAD_SHAPE, f"choose a kind: {', '.join(KINDS)}")
    if not present - timedelta(days=OLDEST) <= received <= present:
        raise Refused(Reason.BAD_SHAPE, "write the day it came, within the last year")
    if not contact.strip():
        raise Refused(Reason.BAD_SHAPE, "say where the answer goes")
    _check_lengths(contact=contact, note=note)
    with transaction(parts, actor, ACTION) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
        entry = add_request(work.connection, site, kind, received, contact, note)
        work.record("request.enter", str(entry.number), before=None, after=_as_change(entry))
    return entry


def identify_request(
    parts: Services, actor: Member, number: int, receipt: str
) -> dict[str, Any] | None:
    """Look at the receipt that came with a request, and do what it asks for; a copy to send, if so.

    `receipt` is the visitor's own file, `{receipt, secret}`. It is of the site of the request, and
    is kept nowhere. Doing it twice is harmless. Raises Refused `bad-shape` for what proves nothing.
    """
    with transaction(parts, actor, ACTION) as work:
        entry = _open(work, number)
    handle = open_receipt(parts, entry.site, receipt)
    copy = me(parts, entry.site, handle) if entry.kind in COPIES else None
    act = _ACTS.get(entry.kind)
    if act is not None:
        act(parts, entry.site, handle)
    with transaction(parts, actor, ACTION) as work:
        _open(work, number)
        note_identified(work.connection, number)
        work.record("request.identify", str(number), before=None, after={"kind": entry.kind})
    return copy


def extend_request(parts: Services, actor: Member, number: int) -> None:
    """Take two months more, once, before the first is over; inform whoever asked why."""
    with transaction(parts, actor, ACTION) as work:
        entry = _open(work, number)
        if entry.is_extended or today(work.now) > entry.due:
            raise Refused(Reason.WRONG_STATE, "it can be extended once, within its first month")
        due = due_after(entry.received, MONTHS + MORE_MONTHS)
        extend(work.connection, number, due)
        before, after = {"due": entry.due.isoformat()}, {"due": due.isoformat()}
        work.record("request.extend", str(number), before=before, after=after)


def close_request(
    parts: Services, actor: Member, number: int, outcome: str, answer: str = ""
) -> None:
    """End a request with what was decided, and what was answered."""
    if outcome not in OUTCOMES:
        raise Refused(Reason.BAD_SHAPE, f"choose an outcome: {', '.join(OUTCOMES)}")
    _check_lengths(answer=answer)
    with transaction(parts, actor, ACTION) as work:
        entry = _open(work, number)
        close(work.connection, number, outcome, answer, work.now)
        day = today(work.now).isoformat()
        after = {**_as_change(entry), "closed": day, "outcome": outcome}
        work.record("request.close", str(number), before=None, after=after)


def look_at_request(parts: Services, number: int) -> VisitorRequest:
    """A request as it stands. Raises Refused `not-found`."""
    entry = find_request(parts.engine, number)
    if entry is None:
        raise _not_found()
    return entry


def open_receipt(parts: Services, site: str, text: str) -> str:
    """The handle of a visitor's own file, of this site: signed here, with the secret beside it."""
    advice = "paste the whole file that the visitor downloaded, with its secret"
    try:
        document = read_json(text.encode())
    except Refused:
        raise Refused(Reason.BAD_SHAPE, advice) from None
    token = document.get("receipt") if isinstance(document, dict) else None
    secret = document.get("secret") if isinstance(document, dict) else None
    if not isinstance(token, str) or not isinstance(secret, str):
        raise Refused(Reason.BAD_SHAPE, advice)
    try:
        payload = verify_receipt(token, parts.receipts.public(), site=site)
    except ReceiptRefused as error:
        raise Refused(Reason.BAD_SHAPE, f"this receipt proves nothing: {error}") from None
    handle = handle_of(secret.encode("utf-8", "replace"))
    if handle is None or not hmac.compare_digest(handle, str(payload.get("handle"))):
        raise Refused(Reason.BAD_SHAPE, "the secret beside this receipt opens another one")
    return handle


def _open(work: Transaction, number: int) -> VisitorRequest:
    entry = read_request(work.connection, number)
    if entry is None:
        raise _not_found()
    if entry.closed is not None:
        raise Refused(Reason.WRONG_STATE, "this request is closed: enter another one")
    return entry


def _not_found() -> Refused:
    return Refused(Reason.NOT_FOUND, "there is no request of this number: see the list of them")


def _check_lengths(**texts: str) -> None:
    for name, text in texts.items():
        if len(text) > LONGEST[name]:
            raise Refused(Reason.BAD_SHAPE, f"write {name} in {LONGEST[name]} characters at most")


def _as_change(entry: VisitorRequest) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "received": entry.received.isoformat(),
        "due": entry.due.isoformat(),
    }
