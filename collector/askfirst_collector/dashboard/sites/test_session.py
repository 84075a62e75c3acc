"""A member tests a site: for some minutes their own browser is given what no visitor is."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from askfirst.gate import test_session as testing
from askfirst.gate.cookie_filter import CookieFilter, Kind
from askfirst.gate.undeclared_cookies import UNDECLARED, Report, Sighting, necessary
from askfirst.http.cookie_header import TEST
from askfirst.http.headers import Header
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.layout.forms import Visit, check_csrf, origin_of, read_form
from askfirst_collector.dashboard.layout.page import Page
from askfirst_collector.dashboard.layout.site import SiteLayout
from askfirst_collector.services import Services


class Testing:
    """The handlers. The gate reads the cookie; it can be set where both are of one origin."""

    def __init__(self, parts: Services, layout: SiteLayout) -> None:
        self._parts = parts
        self._layout = layout

    def pages(self) -> list[Page]:
        """Every page of this file."""
        path = "/sites/{site}/test"
        return [
            Page(path, "site.change", self.show),
            Page(path, "site.change", self.start, "POST"),
            Page(f"{path}/end", "site.change", self.end, "POST"),
        ]

    async def show(self, request: Request, visit: Visit) -> Response:
        """What a test is, and the button that starts or ends one."""
        return await run_in_threadpool(self._page, request, visit)

    async def start(self, request: Request, visit: Visit) -> Response:
        """Give the member's browser the cookie, where it will come back to the site."""
        check_csrf(visit, await read_form(request))

        def started() -> Response:
            site = self._site(request)
            if origin_of(request) not in site.editions.current.policy.origins:
                return self._page(request, visit, status=409, elsewhere=True)
            line = testing.start(site.name, self._keys(site), now=self._parts.now())
            return _back(request, site, line)

        return await run_in_threadpool(started)

    async def end(self, request: Request, visit: Visit) -> Response:
        """Take the cookie back."""
        check_csrf(visit, await read_form(request))
        site = await run_in_threadpool(self._site, request)
        return _back(request, site, testing.end())

    def _page(
        self, request: Request, visit: Visit, *, status: int = 200, elsewhere: bool = False
    ) -> Response:
        site = self._site(request)
        token = request.cookies.get(TEST.decode("ascii"), "").encode("latin-1", "replace")
        keys, now = self._keys(site), self._parts.now()
        return self._layout.page(
            request,
            visit,
            "test.html",
            status=status,
            of=site.name,
            origins=site.editions.current.policy.origins,
            minutes=testing.SECONDS // 60,
            runs=testing.is_session(token, site.name, keys, now=now),
            elsewhere=elsewhere,
            cookies=self._undeclared(request, site),
        )

    def _undeclared(self, request: Request, site: Site) -> list[tuple[Sighting, str]] | None:
        """What the site's gate met in this process, with lines to paste; None: it is elsewhere."""
        sightings = request.scope.get(UNDECLARED, {}).get(site.name)
        if sightings is None:
            return None
        kind = CookieFilter(
            site.editions.current.policy, report=Report(mode="strict", suggest=None)
        ).kind
        open_ones = (one for one in sightings if kind(one.cookie.encode("ascii")) == Kind())
        return [(one, necessary(one.cookie)) for one in open_ones]

    def _site(self, request: Request) -> Site:
        site = self._parts.registry.site(request.path_params["site"])
        if site is None:
            raise HTTPException(404)
        return site

    def _keys(self, site: Site) -> tuple[bytes, ...]:
        return self._parts.keys.site(site.name)


def _back(request: Request, site: Site, line: Header) -> Response:
    base = request.scope.get("root_path", "")
    response = RedirectResponse(f"{base}/sites/{site.name}/test", status_code=303)
    response.raw_headers.append(line)
    return response
