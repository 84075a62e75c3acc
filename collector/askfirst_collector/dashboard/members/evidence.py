"""Evidence of grants: asked for by one host admin, opened by another."""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.evidence_locks import locks_of
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.site import read_own_form, to
from askfirst_collector.services import Services
from askfirst_collector.usecases.evidence import ACTION, ask_evidence, open_evidence, read_evidence

_MENDED = (Reason.BAD_SHAPE, Reason.NOT_FOUND)  # on the form itself


class Evidence:
    """The handlers."""

    def __init__(self, parts: Services, layout: Layout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        return [
            Page("/evidence", ACTION, self.show),
            Page("/evidence", ACTION, self.ask, "POST"),
            Page("/evidence/{id}/open", ACTION, self.open, "POST"),
            Page("/evidence/{id}/read", ACTION, self.read, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """What is asked for, and what is open."""
        return await run_in_threadpool(self._list, request, visit)

    async def ask(self, request: Request, visit: Visit) -> Response:
        """Ask for the entries of a receipt, by its leaf."""
        form = await read_own_form(request, visit)

        def done() -> Response:
            try:
                ask_evidence(self._parts, visit.member, form.get("leaf", ""))
            except Refused as error:
                if error.reason not in _MENDED:
                    raise
                return self._list(request, visit, leaf=form.get("leaf", ""), error=error)
            return to(request, "/evidence")

        return await run_in_threadpool(done)

    async def open(self, request: Request, visit: Visit) -> Response:
        """Agree to what somebody else asked for."""
        await read_own_form(request, visit)
        id = request.path_params["id"]
        await run_in_threadpool(open_evidence, self._parts, visit.member, id)
        return to(request, "/evidence")

    async def read(self, request: Request, visit: Visit) -> Response:
        """What is open, as a file."""
        await read_own_form(request, visit)
        id = request.path_params["id"]
        entries = await run_in_threadpool(read_evidence, self._parts, visit.member, id)
        headers = {"content-disposition": 'attachment; filename="evidence.json"'}
        body = json.dumps(entries, ensure_ascii=False, indent=2)
        return Response(body, media_type="application/json", headers=headers)

    def _list(
        self, request: Request, visit: Visit, *, leaf: str = "", error: Refused | None = None
    ) -> Response:
        return self._layout.page(
            request,
            visit,
            "evidence.html",
            status=200 if error is None else error.status,
            locks=locks_of(self._parts.engine, self._parts.now()),
            leaf=leaf,
            problem=message(error) if error else "",
        )
