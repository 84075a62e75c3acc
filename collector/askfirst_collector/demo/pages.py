"""The pages of the shop: an ordinary Starlette site that does not know about consent.

It sets its cookies the careless way most shops do; what may pass is the gate's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from askfirst_collector.demo.harbours import HARBOURS, TITLES
from askfirst_collector.demo.tides import Harbour, curve, height, outline, turns

STATIC = Path(__file__).parent / "static"
FEET = 3.28084
LARGEST_FORM = 8_192  # bytes
YEAR = 31_536_000  # seconds

# Nothing but our own origin, no inline style or script: what a careful shop would send.
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


class Shop:
    """The handlers; `notice` puts the consent notice into a page, `now` is the clock in seconds.

    `line` is what somebody placed on the pages of the journal, `more` are pages of the demo's own.
    """

    def __init__(
        self,
        *,
        notice: Callable[[Request], object],
        now: Callable[[], float],
        line: Callable[[], str] = str,
        more: Sequence[Route] = (),
    ) -> None:
        self._notice = notice
        self._now = now
        self._line = line
        self._more = more
        self._templates = templates()

    def application(self) -> Starlette:
        """The shop as an ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.home, name="home"),
                Route("/tables", self.tables),
                Route("/tables/{harbour}", self.harbour),
                Route("/journal", self.journal),
                Route("/journal/the-week-of-small-tides", self.article),
                Route("/order", self.order),
                Route("/order", self.take_order, methods=["POST"]),
                Route("/order/thanks", self.thanks),
                Route("/units", self.units, methods=["POST"]),
                *self._more,
                Route("/favicon.ico", self.icon),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            exception_handlers={404: self.lost},
        )

    async def home(self, request: Request) -> Response:
        response = self._page(
            request, "home.html", tide=self._tide(request, HARBOURS["skarness"]), titles=TITLES
        )
        # Which poster or newsletter brought the visitor: set on every visit, agreed to or not.
        via = request.query_params.get("via", "")
        response.set_cookie(
            "slackwater_via", via if via.isalnum() and len(via) < 20 else "direct", max_age=YEAR
        )
        return response

    async def tables(self, request: Request) -> Response:
        tides = [self._tide(request, harbour) for harbour in HARBOURS.values()]
        return self._page(request, "tables.html", tides=tides)

    async def harbour(self, request: Request) -> Response:
        harbour = HARBOURS.get(request.path_params["harbour"])
        if harbour is None:
            raise HTTPException(404)
        midnight = self._midnight()
        week = [
            {
                "day": midnight + timedelta(days=day),
                "turns": turns(
                    harbour,
                    midnight.timestamp() + day * 86400,
                    midnight.timestamp() + (day + 1) * 86400,
                ),
            }
            for day in range(14)
        ]
        return self._page(request, "harbour.html", tide=self._tide(request, harbour), week=week)

    async def journal(self, request: Request) -> Response:
        return self._page(request, "journal.html", placed=self._line())

    async def article(self, request: Request) -> Response:
        return self._page(request, "article.html", placed=self._line())

    async def order(self, request: Request) -> Response:
        return self._page(
            request,
            "order.html",
            titles=TITLES,
            harbours=HARBOURS,
            chosen=request.query_params.get("title", "pocket"),
        )

    async def take_order(self, request: Request) -> Response:
        form = await _form(request)
        if form.get("title") not in TITLES or form.get("harbour") not in HARBOURS:
            raise HTTPException(400, "The order names no title or harbour of ours.")
        response = RedirectResponse("/order/thanks", status_code=303)
        # The basket: needed to do what was asked for, so it is in the policy's necessary list.
        response.set_cookie(
            "slackwater_basket", f"{form['title']}.{form['harbour']}", httponly=True, samesite="lax"
        )
        return response

    async def thanks(self, request: Request) -> Response:
        title, _, harbour = request.cookies.get("slackwater_basket", "").partition(".")
        return self._page(
            request, "thanks.html", title=TITLES.get(title), harbour=HARBOURS.get(harbour)
        )

    async def units(self, request: Request) -> Response:
        form = await _form(request)
        back = form.get("return_to", "/")
        response = RedirectResponse(
            back if back.startswith("/") and back[1:2] not in ("/", "\\") else "/", status_code=303
        )
        response.set_cookie(
            "slackwater_units", "ft" if form.get("units") == "ft" else "m", max_age=YEAR
        )
        return response

    async def icon(self, _request: Request) -> Response:
        return FileResponse(STATIC / "mark.svg", media_type="image/svg+xml")

    async def lost(self, request: Request, _error: Exception) -> Response:
        return self._page(request, "lost.html", status=404)

    def _page(
        self, request: Request, template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        units = "ft" if request.cookies.get("slackwater_units") == "ft" else "m"
        html = self._templates.get_template(template).render(
            notice=self._notice(request),
            path=request.url.path,
            units=units,
            year=self._midnight().year,
            level=lambda metres: f"{metres * (FEET if units == 'ft' else 1):.1f}",
            **values,
        )
        return HTMLResponse(html, status_code=status, headers=SECURITY)

    def _midnight(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC).replace(
            hour=0, minute=0, second=0, microsecond=0
        )

    def _tide(self, request: Request, harbour: Harbour) -> dict[str, Any]:
        # To the minute, so that what was computed once serves many visitors.
        now, start = self._now() // 60 * 60, self._midnight().timestamp()
        points = curve(harbour, start)
        low, high = 0.0, max(level for _, level in points) * 1.12
        ahead = turns(harbour, now, now + 90_000)
        return {
            "harbour": harbour,
            "line": outline(points, low=low, high=high),
            "now": {
                "share": (now - start) / 864,
                "height": height(harbour, now),
                "top": (high - height(harbour, now)) / (high - low) * 100,
                "rising": ahead[0].high,
            },
            "marks": [
                {
                    "turn": turn,
                    "share": (turn.at - start) / 864,
                    "top": (high - turn.height) / (high - low) * 100,
                }
                for turn in turns(harbour, start, start + 86400)
            ],
            "today": turns(harbour, start, start + 86400),
            "next": ahead[:2],
        }


def templates() -> Environment:
    """The templates of both sites."""
    environment = Environment(
        loader=PackageLoader("askfirst_collector.demo"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = _clock
    environment.filters["pounds"] = lambda pence: f"£{pence / 100:.2f}"
    return environment


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M")


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode(), max_num_fields=20)
    except ValueError as error:
        raise HTTPException(400) from error
    return {name: values[-1] for name, values in fields.items()}
