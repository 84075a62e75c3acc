"""What a site delivers to the recipients that its policy names: the list, and a form for more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.transfers import transfers_of
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.labels import WAY_NAMES, fault_of, message
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.dashboard.selection.source import read_source
from askfirst_collector.services import Services
from askfirst_collector.usecases.transfers import create_transfer, remove_transfer

_MENDED = (
    *(Reason.BAD_SHAPE, Reason.UNKNOWN_PURPOSE, Reason.NAME_TAKEN, Reason.TOO_MANY_REQUESTS),
)  # on the form itself
_EMPTY = dict.fromkeys(("recipient", "what", "way", "url", "key_id", "region"), "")
_BETWEEN = "/"  # of a purpose and a recipient in one field; the name of a purpose has none


class TransferPages:
    """The handlers."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        path = "/sites/{site}/transfers"
        return [
            Page(path, "site.change", self.show),
            Page(path, "site.change", self.create, "POST"),
            Page(f"{path}/end", "site.change", self.end, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """What is delivered, and a form for another."""
        return await run_in_threadpool(self._show, request, visit)

    async def create(self, request: Request, visit: Visit) -> Response:
        """Deliver from now on; the secret of a webhook is shown this once."""
        form = await read_own_form(request, visit)
        return await run_in_threadpool(self._create, request, visit, form)

    async def end(self, request: Request, visit: Visit) -> Response:
        """Deliver nothing more by one."""
        form = await read_own_form(request, visit)
        site, id = request.path_params["site"], form.get("id", "")
        await run_in_threadpool(remove_transfer, self._parts, visit.member, site, id)
        return to(request, f"/sites/{site}/transfers")

    def _create(self, request: Request, visit: Visit, form: Mapping[str, str]) -> Response:
        site = request.path_params["site"]
        purpose, _, recipient = form.get("recipient", "").partition(_BETWEEN)
        names = ("what", "way", "url", "key_id", "secret", "region")
        values = {name: form.get(name, "").strip() for name in names}
        if values["way"] == "webhook":
            # Their fields are there whichever way was chosen.
            values |= {"key_id": "", "secret": "", "region": ""}
        try:
            entry, secret = create_transfer(
                self._parts, visit.member, site, purpose=purpose, recipient=recipient, **values
            )
        except Refused as error:
            if error.reason not in _MENDED:
                raise
            filled = {**values, "recipient": form.get("recipient", "")}
            return self._show(
                request, visit, filled=filled, problem=message(error), status=error.status
            )
        if not secret:
            return to(request, f"/sites/{site}/transfers")
        back = f"/sites/{site}/transfers"
        return self._layout.page(
            request, visit, "webhook.html", secret=secret, url=entry.url, back=back
        )

    def _show(
        self,
        request: Request,
        visit: Visit,
        *,
        filled: Mapping[str, Any] = _EMPTY,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        policy, titles = site.editions.current.policy, read_source(self._parts, site, "").titles
        recipients = {
            f"{purpose}{_BETWEEN}{one.name}": (
                f"{one.name} ({one.role.replace('_', ' ')}, {one.country}): "
                f"{titles.get(purpose, purpose)}"
            )
            for purpose in policy.asked
            for one in sorted(policy.purposes[purpose].terms.recipients, key=str)
        }
        entries = transfers_of(self._parts.engine, site.name)
        return self._layout.page(
            request,
            visit,
            "transfers.html",
            status=status,
            entries=entries,
            ways=WAY_NAMES,
            faults={one.id: fault_of(one.fault, one.host) for one in entries if one.fault},
            titles=titles,
            recipients=recipients,
            unnamed={
                entry.id
                for entry in entries
                if f"{entry.purpose}{_BETWEEN}{entry.recipient}" not in recipients
            },
            filled=filled,
            problem=problem,
        )
