"""The second site: the Harbour Office of Skarness, two pages and a table of berths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from askfirst_collector.demo.harbours import HARBOURS
from askfirst_collector.demo.pages import SECURITY, STATIC, templates
from askfirst_collector.demo.tides import turns

BERTHS = (
    ("A", "North quay", 12.0, 3.4, "Power, water"),
    ("B", "North quay", 9.0, 2.6, "Water"),
    ("C", "Inner basin", 15.0, 2.1, "Power, water"),
    ("D", "The mud", 7.5, 0.4, "Dries; legs or a friend"),
)  # name, place, longest boat in metres, water at low tide in metres, what there is


class Office:
    """The handlers; `notice` puts the notice into a page, `behind` is where the demo explains."""

    def __init__(
        self,
        *,
        notice: Callable[[Request], object],
        line: Callable[[], str],
        behind: str,
        now: Callable[[], float],
    ) -> None:
        self._notice = notice
        self._line = line
        self._behind = behind
        self._now = now
        self._templates = templates()

    def application(self) -> Starlette:
        """The office as an ASGI application."""
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/berths", self.berths),
                Route("/berths/{berth}", self.berth),
                Route("/favicon.ico", self.icon),
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            exception_handlers={404: self.lost},
        )

    async def home(self, request: Request) -> Response:
        """The board at the door."""
        now = self._now()
        midnight = now // 86_400 * 86_400
        today = turns(HARBOURS["skarness"], midnight, midnight + 86_400)
        return self._page(
            request, "office-home.html", today=today, date=datetime.fromtimestamp(now, UTC)
        )

    async def berths(self, request: Request) -> Response:
        """Every berth."""
        return self._page(request, "office-berths.html", berths=BERTHS, placed=self._line())

    async def berth(self, request: Request) -> Response:
        """One berth."""
        berths = [berth for berth in BERTHS if berth[0].lower() == request.path_params["berth"]]
        if not berths:
            raise HTTPException(404)
        return self._page(request, "office-berth.html", berth=berths[0], placed=self._line())

    async def icon(self, _request: Request) -> Response:
        """The mark."""
        return FileResponse(STATIC / "mark.svg", media_type="image/svg+xml")

    async def lost(self, request: Request, _error: Exception) -> Response:
        """What is not there."""
        return self._page(request, "office-lost.html", status=404)

    def _page(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        html = self._templates.get_template(template).render(
            notice=self._notice(request), path=request.url.path, behind=self._behind, **values
        )
        return HTMLResponse(html, status_code=status, headers=SECURITY)
