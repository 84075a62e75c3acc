"""The Content-Security-Policy by consent, as Chromium enforces it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Path

from askfirst.starlette import init_app
from tests.unit.adapters.test_asgi import served
from tests.unit.gate.memory import NOW, MemoryCollector, make_policy

HOST = "cdn.counter.example"
PAGE = f"""<!doctype html><title>A page</title>
<script>window.inline = true</script>
<script src="https://{HOST}/count.js"></script>
<img src="https://{HOST}/pixel.png" alt="">
<iframe src="https://{HOST}/frame.html"></iframe>
<script>fetch("https://{HOST}/beacon").catch(() => 0).finally(() => window.over = true)</script>"""
SITES_OWN = f"script-src 'nonce-abc'; img-src https://{HOST}"


RECIPIENT = {"name": "Counter", "role": "processor", "country": "DE", "hosts": [HOST]}
POLICY = make_policy(purposes={"statistics": {"recipients": [RECIPIENT]}})
GRANT = """async (edition) => (await fetch("/askfirst/consent", {
    method: "POST",
    headers: {"content-type": "application/json"},
    body: JSON.stringify({v: 2, edition, lang: "en", method: "save",
        choices: {statistics: 2, marketing: 0, preferences: 0}}),
})).status"""


def site(**headers: str) -> Any:
    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE, headers=headers)

    app = Starlette(routes=[Path("/", page)])
    init_app(
        app,
        policy=POLICY,
        collector=MemoryCollector(),
        now=lambda: NOW,
        csp="enforce",
    )
    return app


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Any]:
    """Opens a site's page as a visitor who granted or not; tells what reached the recipient."""
    contexts = []

    def opened(app: Any, *, granted: bool) -> tuple[Any, set[str]]:
        reached: set[str] = set()

        def answer(route: Route) -> None:
            reached.add(route.request.url.rpartition("/")[2])
            headers = {"access-control-allow-origin": "*"}
            route.fulfill(body="window.counted = true", headers=headers)

        context = chromium.new_context()
        contexts.append(context)
        context.route(f"https://{HOST}/**", answer)
        with served(app) as port:
            address = f"http://localhost:{port}"
            page = context.new_page()
            if granted:
                page.goto(f"{address}/askfirst/choices")
                assert page.evaluate(GRANT, POLICY.hash) == 200
            page.goto(address, wait_until="load")
            if page.evaluate("window.inline"):
                page.wait_for_function("window.over")
            return page.evaluate("[window.inline, window.counted]"), reached

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.browser
def test_a_refuser_s_page_reaches_nobody(open_page: Any) -> None:
    """M01: no request at all leaves for a recipient; the page's own scripts run."""
    ran, reached = open_page(site(), granted=False)
    assert ran == [True, None]
    assert reached == set()


@pytest.mark.browser
def test_a_grant_lets_the_recipient_in(open_page: Any) -> None:
    """What was agreed to works: script, connection, image and frame."""
    ran, reached = open_page(site(), granted=True)
    assert ran == [True, True]
    assert reached == {"count.js", "pixel.png", "frame.html", "beacon"}


@pytest.mark.browser
def test_the_site_s_own_policy_is_never_loosened(open_page: Any) -> None:
    """What the site forbids stays forbidden, whatever was agreed to."""
    own = {"content-security-policy": SITES_OWN}
    ran, reached = open_page(site(**own), granted=True)
    assert ran == [None, None]  # neither has the nonce
    assert reached == {"pixel.png", "frame.html"}
    _, reached = open_page(site(**own), granted=False)
    assert reached == set()
