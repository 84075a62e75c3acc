"""The form for a webhook, on the pages of the host policy, of a site and of a placed collector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.webhook_queue import read_webhook
from askfirst_collector.dashboard.layout.forms import Visit
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.services import Services
from askfirst_collector.usecases.webhooks import (
    remove_webhook,
    save_webhook,
    send_test,
)

SENT = "sent"  # in the query: a test is on its way
_MENDED = (Reason.BAD_SHAPE, Reason.TOO_MANY_REQUESTS, Reason.NOT_FOUND)  # on the form itself


@dataclass(frozen=True)
class WebhookForm:
    """What the form shows: the address as it is kept and as it is typed."""

    stored: str | None
    url: str
    problem: str = ""
    is_sent: bool = False
    status: int = 200


def back_of(path: str, form: Mapping[str, str]) -> str:
    """Where to go after the form, with what it did."""
    return f"{path}?{SENT}=1#webhook" if form.get("do") == "test" else path


def read_form(
    parts: Services, request: Request, *, site: str = "", collector: str = ""
) -> WebhookForm:
    """The form as the page shows it first."""
    stored = read_webhook(parts.engine, site=site, collector=collector)
    return WebhookForm(stored, stored or "", is_sent=SENT in request.query_params)


def answer_form(
    parts: Services,
    visit: Visit,
    form: Mapping[str, str],
    *,
    site: str = "",
    collector: str = "",
) -> str | WebhookForm:
    """Save, remove or test, as the form says: a new secret, "", or the form with its problem."""
    url, whose = form.get("url", "").strip(), {"site": site, "collector": collector}
    step = form.get("do", "save")
    try:
        if step == "test":
            send_test(parts, visit.member, **whose)
        elif step == "remove" or not url:
            remove_webhook(parts, visit.member, **whose)
        else:
            return save_webhook(parts, visit.member, url, **whose)
    except Refused as error:
        if error.reason not in _MENDED:
            raise
        stored = read_webhook(parts.engine, **whose)
        # What is not there any more needs no end.
        if step != "test" and not url and stored is None:
            return ""
        return WebhookForm(stored, url, message(error), status=error.status)
    return ""
