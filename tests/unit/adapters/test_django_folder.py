"""A Django site in a sub-folder: every way to say so, and addresses that are not ASCII."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from tests.system.frameworks.visitor import until
from tests.unit.adapters.test_django import (
    SECRET,
    fresh,  # noqa: F401 (a fixture)
    policy,
    token,
)
from tests.unit.gate.memory import MemoryCollector

ROOTS = ("/blog", "/caf\u00e9", "/\u65e5\u672c")


def page(request: HttpRequest) -> HttpResponse:
    from askfirst import track
    from askfirst.django import askfirst_notice

    track(request, "signup")
    return HttpResponse(askfirst_notice(request))


urlpatterns = [path("hell\u00f6", page)]


def native(app: Any) -> Any:
    """The application behind a server: PEP 3333 has native strings that hold latin-1."""

    def served(environ: dict[str, Any], start: Any) -> Any:
        for name in ("SCRIPT_NAME", "PATH_INFO"):
            environ[name] = environ[name].encode().decode("latin-1")
        return app(environ, start)

    return served


def asked(kind: str, root: str, cookies: dict[str, str]) -> str:
    """The page: of a server that knows the root, or where the settings say it."""
    told = "" if kind.endswith("forced") else root
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    with override_settings(FORCE_SCRIPT_NAME=None if told else root):
        if kind.startswith("wsgi"):
            app = native(get_wsgi_application())
            with httpx.Client(transport=httpx.WSGITransport(app, script_name=told)) as browser:
                answer = browser.get("http://testserver/hell\u00f6", headers=headers)
        else:
            answer = asyncio.run(_asked(f"http://testserver{told}/hell\u00f6", told, headers))
    assert answer.status_code == 200
    return answer.text


async def _asked(address: str, root: str, headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(get_asgi_application(), root_path=root)
    async with httpx.AsyncClient(transport=transport) as browser:
        return await browser.get(address, headers=headers)


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("kind", ["wsgi", "asgi", "wsgi-forced", "asgi-forced"])
def test_pages_and_actions_are_told_below_it(kind: str, root: str) -> None:
    """M15, M45: the form, the way back, the page that is counted, and an action on it, alike."""
    collector = MemoryCollector()
    listed = {"statistics": {"actions": {"signup": {}}, "levels": {"page": 2, "action": 1}}}
    agreed = policy(server_side=True, purposes=listed)
    options = {"POLICY": agreed, "COLLECTOR": collector}
    with override_settings(ASKFIRST=options, ROOT_URLCONF=__name__):
        html = asked(kind, root, {})
        apart = "." + hashlib.sha256(quote(root).encode()).hexdigest()[:8]
        cookies = {f"__Host-askfirst{apart}": token(), f"__Host-askfirst-receipt{apart}": SECRET}
        asked(kind, root, cookies)
        until(lambda: len(collector.submitted) == 2)
    whole = quote(f"{root}/hell\u00f6")
    assert f'action="{quote(root)}/askfirst/consent"' in html
    assert f'name="return_to" value="{whole}"' in html
    payloads: list[Any] = [payload for _, payload, *_ in collector.submitted]
    pages = {event["type"]: event["page"] for payload in payloads for event in payload["events"]}
    assert pages == {"page_view": whole, "action": whole}
