"""The development bar in a Django site: the same addresses, served by threads and by a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from askfirst.terms.policy import read_policy
from tests.conftest import ROOT
from tests.unit.adapters.test_django import fresh, told  # noqa: F401 (a fixture)

ORIGIN = "http://localhost:8000"
SAME = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
GPC = {"askfirst-gpc": "1"}
Ask = Callable[..., Any]


def page(request: HttpRequest) -> HttpResponse:
    from askfirst.django import consent_from

    scope: dict[str, Any] = getattr(request, "scope", {"headers": ()})
    response = HttpResponse(
        f"{request.headers.get('Sec-GPC')} {dict(scope['headers']).get(b'sec-gpc')} "
        f"{consent_from(request).signals.gpc}"
    )
    response.set_cookie("prefs", "1")
    return response


urlpatterns = [path("page", page)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A policy of loopback alone."""
    plain = (ROOT / "policy.example.toml").read_text("utf-8").splitlines()
    lines = [f'origins = ["{ORIGIN}"]' if row.startswith("origins") else row for row in plain]
    policy = tmp_path / "policy.toml"
    policy.write_text("\n".join(lines) + "\n", "utf-8")
    return policy


class LoopClient(AsyncClient):
    """Asks for the host it is told to; Django's own adds one beside it."""

    def _base_scope(self, **request: Any) -> Any:
        scope = super()._base_scope(**request)
        named = (b"host", b"testserver")
        return {**scope, "headers": [pair for pair in scope["headers"] if pair != named]}


@pytest.fixture(params=[Client, LoopClient], ids=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest, file: Path) -> Iterator[Ask]:
    """One request of a browser on this machine, through Django's own handler of the kind."""

    def send(method: str, address: str, *, cookies: Any = None, **options: Any) -> Any:
        headers = {"host": "localhost:8000", **options.pop("headers", {})}
        client = request.param()
        client.cookies.load(cookies or {})
        response = getattr(client, method)(address, headers=headers, **options)
        return asyncio.run(_awaited(response)) if request.param is LoopClient else response

    with override_settings(
        ASKFIRST=told(POLICY=file),
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["localhost", "shop.example"],
    ):
        yield send


async def _awaited(response: Any) -> Any:
    return await response


def test_it_reports_writes_and_forgets(ask: Ask, file: Path) -> None:
    """A cookie that the view sets is met, passes, and is written into the file; only from here."""
    assert "prefs" in ask("get", "/page").cookies
    report = ask("get", "/askfirst/bar").json()
    (row,) = report["cookies"]
    assert (row["cookie"], row["routes"], row["declared"]) == ("prefs", ["/page"], False)
    fields = {
        "v": 1, "cookie": "prefs", "purpose": None, "why": "your size",
        "file": report["file"]["hash"],
    }  # fmt: skip
    post = {"data": fields, "content_type": "application/json"}
    foreign = {"sec-fetch-site": "cross-site"}
    assert ask("post", "/askfirst/bar", headers=foreign, **post).status_code == 403
    assert ask("post", "/askfirst/bar", headers=SAME, **post).json()["cookies"][0]["declared"]
    assert read_policy(file).necessary[-1].cookie == "prefs"
    gone = ask("delete", "/askfirst/bar", headers=SAME)
    assert gone.status_code == 204
    assert gone.cookies["__Host-askfirst"]["expires"].startswith("Thu, 01 Jan 1970")


def test_gpc_can_be_tried(ask: Ask) -> None:
    """As a visitor with GPC: view, consent and script see it; under another name nobody does."""
    script = "/askfirst/static/askfirst.js"
    assert ask("get", "/page").content == b"None None False"
    tried = ask("get", "/page", cookies=GPC)
    scope = b"1" if hasattr(tried, "asgi_request") else None
    assert tried.content.decode() == f"1 {scope} True"
    assert b'globalPrivacyControl",{configurable' in ask("get", script, cookies=GPC).content
    assert ask("get", script).content.endswith(b'import("./bar.js").catch(()=>{});\n')
    elsewhere = {"host": "shop.example"}
    assert ask("get", "/page", cookies=GPC, headers=elsewhere).content == b"None None False"
    assert ask("get", "/askfirst/bar", headers=elsewhere).status_code == 404
    assert b"bar.js" not in ask("get", script, cookies=GPC, headers=elsewhere).content
