"""Letters by e-mail: a member's own about one site; confirming the address, and ending them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.mail_queue import trouble
from askfirst_collector.catalogue.subscriptions import (
    Subscription,
    find_ending,
    read_subscription,
)
from askfirst_collector.dashboard.layout.forms import Visit, check_csrf, read_form
from askfirst_collector.dashboard.layout.labels import message
from askfirst_collector.dashboard.layout.page import Layout, Page
from askfirst_collector.dashboard.layout.site import SiteLayout, read_own_form, to
from askfirst_collector.dashboard.layout.templates import Pages
from askfirst_collector.letters.smtp import Post
from askfirst_collector.services import Services
from askfirst_collector.usecases.subscriptions import (
    confirm_subscription,
    end_subscription,
    send_test_letter,
    subscribe,
    unsubscribe,
)

LETTERS = {"week": "each week, on Monday", "month": "each month, on the 1st", "": "none"}
_SAID = (Reason.BAD_SHAPE, Reason.TOO_MANY_REQUESTS)


class Letters:
    """The handlers; `post` is None on a host that sends no mail."""

    def __init__(self, parts: Services, pages: Pages, layout: Layout, post: Post | None) -> None:
        self._parts = parts
        self._pages = pages
        self._layout = layout
        self._site = SiteLayout(parts, pages)
        self._post = post

    def pages(self) -> list[Page]:
        """The pages for members."""
        return [
            Page("/sites/{site}/letters", "site.read", self.show),
            Page("/sites/{site}/letters", "site.read", self.ask, "POST"),
            Page("/sites/{site}/letters/test", "site.read", self.test, "POST"),
            Page("/sites/{site}/letters/end", "site.read", self.stop, "POST"),
            Page("/letters/confirm", None, self.ask_to_confirm),
            Page("/letters/confirm", None, self.confirm, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """What one gets, and a form for it."""
        return await run_in_threadpool(self._show, request, visit)

    async def ask(self, request: Request, visit: Visit) -> Response:
        """Ask for letters, or for others."""
        form = await read_own_form(request, visit)
        return await run_in_threadpool(self._ask, request, visit, form)

    async def test(self, request: Request, visit: Visit) -> Response:
        """Have the last letter sent once more."""
        await read_own_form(request, visit)

        def sent() -> Response:
            site = request.path_params["site"]
            try:
                send_test_letter(self._parts, visit.member, site)
            except Refused as error:
                if error.reason not in _SAID:
                    raise
                return self._show(request, visit, problem=message(error), status=error.status)
            return to(request, f"/sites/{site}/letters?sent=1")

        return await run_in_threadpool(sent)

    async def stop(self, request: Request, visit: Visit) -> Response:
        """End one's own."""
        await read_own_form(request, visit)
        site = request.path_params["site"]
        await run_in_threadpool(end_subscription, self._parts, visit.member, site)
        return to(request, f"/sites/{site}/letters")

    async def ask_to_confirm(self, request: Request, visit: Visit) -> Response:
        """What the mail to a new address leads to: looking at it confirms nothing."""
        word = request.query_params.get("word", "")[:100]
        return self._layout.page(request, visit, "letters-confirm.html", word=word, target=None)

    async def confirm(self, request: Request, visit: Visit) -> Response:
        """Confirm one's own address."""
        form = await read_form(request)
        check_csrf(visit, form)
        word = form.get("word", "")[:100]
        target = await run_in_threadpool(confirm_subscription, self._parts, visit.member, word)
        return self._layout.page(request, visit, "letters-confirm.html", word="", target=target)

    async def ask_to_end(self, request: Request) -> Response:
        """What a letter's last link leads to: looking at it ends nothing."""
        word = request.path_params["word"]
        target = await run_in_threadpool(find_ending, self._parts.engine, word)
        status = 410 if target is None else 200
        return self._pages.page(
            request, "unsubscribe.html", status=status, target=target, is_over=False
        )

    async def end(self, request: Request) -> Response:
        """End the letters of a link, by its form or by a mail program (RFC 8058); no sign-in."""
        await run_in_threadpool(unsubscribe, self._parts, request.path_params["word"])
        return self._pages.page(request, "unsubscribe.html", target=None, is_over=True)

    def _ask(self, request: Request, visit: Visit, form: dict[str, str]) -> Response:
        site = request.path_params["site"]
        if self._post is None:
            return self._show(request, visit)
        try:
            subscribe(
                self._parts,
                visit.member,
                site,
                form.get("email", ""),
                every=form.get("every", ""),
                alerts="alerts" in form,
            )
        except Refused as error:
            if error.reason not in _SAID:
                raise
            return self._show(request, visit, form, problem=message(error), status=error.status)
        return to(request, f"/sites/{site}/letters")

    def _show(
        self,
        request: Request,
        visit: Visit,
        form: dict[str, str] | None = None,
        *,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        site = request.path_params["site"]
        target = read_subscription(self._parts.engine, site, visit.member.name)
        return self._site.page(
            request,
            visit,
            "letters.html",
            status=status,
            target=target,
            trouble=trouble(self._parts.engine, target.id) if target is not None else None,
            filled=form if form is not None else _filled(target),
            letters=LETTERS,
            sends=self._post is not None,
            has_address=self._post is not None and bool(self._post.url),
            is_test_sent=request.query_params.get("sent") == "1",
            problem=problem,
        )


def _filled(target: Subscription | None) -> dict[str, str]:
    if target is None:
        return {"email": "", "every": "week", "alerts": "1"}
    alerts = {"alerts": "1"} if target.alerts else {}
    return {"email": target.email, "every": target.every, **alerts}
