"""The request desk: what visitors ask by mail, until when, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.requests import (
    KINDS,
    OUTCOMES,
    VisitorRequest,
    requests_of,
    today,
)
from askfirst_collector.dashboard.layout.forms import Visit, check_csrf, read_form
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.site import to
from askfirst_collector.services import Services
from askfirst_collector.usecases.requests import (
    ACTION,
    COPIES,
    LONGEST,
    close_request,
    enter_request,
    extend_request,
    identify_request,
    look_at_request,
)

LARGEST = 300_000  # bytes of a form with a receipt, or an answer, in it
KIND_NAMES = {
    "access": "Access: what is kept about me",
    "portability": "Portability: a copy for another service",
    "correction": "Correction",
    "erasure": "Erasure",
    "restriction": "Restriction",
    "objection": "Objection",
    "withdrawal": "Withdrawal",
    "complaint": "Complaint, or a question",
}
OUTCOME_NAMES = {
    "fulfilled": "Done as asked",
    "partly": "Done in part",
    "refused": "Refused",
    "not-identified": "Nothing could be linked to whoever asked",
    "taken-back": "Taken back",
}
_MENDED = (Reason.BAD_SHAPE, Reason.WRONG_STATE, Reason.NO_SUCH_SITE)  # said on the page itself


class Requests:
    """The handlers."""

    def __init__(self, parts: Services, layout: Layout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        one = "/requests/{number}"
        return [
            Page("/requests", ACTION, self.show),
            Page("/requests", ACTION, self.enter, "POST"),
            Page(one, ACTION, self.show_one),
            Page(f"{one}/identify", ACTION, self.identify, "POST"),
            Page(f"{one}/extend", ACTION, self.extend, "POST"),
            Page(f"{one}/close", ACTION, self.close, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """The list, what is due first before the others."""
        return await run_in_threadpool(self._list, request, visit)

    async def enter(self, request: Request, visit: Visit) -> Response:
        """Enter one, and go to its page."""
        form = await _form(request, visit)

        def entered() -> Response:
            try:
                entry = enter_request(
                    self._parts,
                    visit.member,
                    form.get("site", ""),
                    form.get("kind", ""),
                    received=_day(form.get("received", "")),
                    contact=form.get("contact", ""),
                    note=form.get("note", ""),
                )
            except Refused as error:
                return self._list(request, visit, form=form, error=error)
            return to(request, f"/requests/{entry.number}")

        return await run_in_threadpool(entered)

    async def show_one(self, request: Request, visit: Visit) -> Response:
        """One, with what can be done."""
        return await run_in_threadpool(self._one, request, visit)

    async def identify(self, request: Request, visit: Visit) -> Response:
        """See a receipt, and do what it asks for; a copy is a file to send on."""
        form = await _form(request, visit)

        def identified() -> Response:
            number = _number(request)
            try:
                copy = identify_request(self._parts, visit.member, number, form.get("receipt", ""))
            except Refused as error:
                return self._one(request, visit, error=error)
            if copy is None:
                return to(request, f"/requests/{number}")
            name = f'attachment; filename="request-{number}.json"'
            body = json.dumps(copy, ensure_ascii=False, indent=2)
            headers = {"content-disposition": name}
            return Response(body, media_type="application/json", headers=headers)

        return await run_in_threadpool(identified)

    async def extend(self, request: Request, visit: Visit) -> Response:
        """Take two months more."""
        await _form(request, visit)

        def extended() -> Response:
            try:
                extend_request(self._parts, visit.member, _number(request))
            except Refused as error:
                return self._one(request, visit, error=error)
            return to(request, f"/requests/{_number(request)}")

        return await run_in_threadpool(extended)

    async def close(self, request: Request, visit: Visit) -> Response:
        """End it with what was decided and answered."""
        form = await _form(request, visit)

        def closed() -> Response:
            number, outcome = _number(request), form.get("outcome", "")
            try:
                close_request(self._parts, visit.member, number, outcome, form.get("answer", ""))
            except Refused as error:
                return self._one(request, visit, form=form, error=error)
            return to(request, "/requests")

        return await run_in_threadpool(closed)

    def _list(
        self,
        request: Request,
        visit: Visit,
        *,
        form: Mapping[str, str] | None = None,
        error: Refused | None = None,
    ) -> Response:
        day = today(self._parts.now())
        entries = requests_of(self._parts.engine)
        return self._layout.page(
            request,
            visit,
            "requests.html",
            status=_status(error),
            entries=[replace(e, contact="") if e.closed else e for e in entries],
            days={entry.number: (entry.due - day).days for entry in entries},
            day=day.isoformat(),
            sites=self._parts.registry.sites(),
            form=form or {},
            problem=message(error) if error else "",
            **_NAMES,
        )

    def _one(
        self,
        request: Request,
        visit: Visit,
        *,
        form: Mapping[str, str] | None = None,
        error: Refused | None = None,
    ) -> Response:
        entry: VisitorRequest = look_at_request(self._parts, _number(request))
        day = today(self._parts.now())
        return self._layout.page(
            request,
            visit,
            "request.html",
            status=_status(error),
            entry=entry,
            days=(entry.due - day).days,
            copies=entry.kind in COPIES,
            form=form or {},
            problem=message(error) if error else "",
            **_NAMES,
        )


_NAMES: Mapping[str, Any] = {
    "kinds": {kind: KIND_NAMES[kind] for kind in KINDS},
    "outcomes": {outcome: OUTCOME_NAMES[outcome] for outcome in OUTCOMES},
    "longest": LONGEST,
}


def _status(error: Refused | None) -> int:
    if error is not None and error.reason not in _MENDED:
        raise error
    return 200 if error is None else error.status


async def _form(request: Request, visit: Visit) -> dict[str, str]:
    form = await read_form(request, largest=LARGEST)
    check_csrf(visit, form)
    return form


def _number(request: Request) -> int:
    text = str(request.path_params["number"])
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HTTPException(404)
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min  # refused with what to write
