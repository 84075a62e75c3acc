"""Requests made to break the sign-in: hostile forms, slow ones, foreign hosts."""

from __future__ import annotations

import anyio
import httpx
import pytest
from starlette.types import ASGIApp, Message, Scope

from askfirst_collector.dashboard.layout import forms
from askfirst_collector.services import Services
from tests.unit.dashboard.conftest import BASE, set_up

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe=1", 401),
        (b"name=%ff%fe&password=%00", 401),
        (b"&".join(b"a=1" for _ in range(50)), 400),
        (b"name=" + b"a" * 9000, 413),
        (b"", 401),
        ("name=\ud800".encode("utf-8", "surrogatepass"), 401),
    ],
)
async def test_a_hostile_form_is_an_answer_and_never_an_error(
    client: httpx.AsyncClient, parts: Services, body: bytes, status: int
) -> None:
    await set_up(client, parts)
    answer = await client.post("/sign-in", content=body)
    assert answer.status_code in (status, 400)


async def test_a_form_that_does_not_come_is_not_waited_for(
    dashboard: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S19: slow bodies are cut, and one that breaks off is no fault of ours."""
    monkeypatch.setattr(forms, "SLOWEST", 0.01)

    async def never() -> Message:
        await anyio.Event().wait()
        raise AssertionError("nobody sets it")

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    for receive in (never, gone):
        sent: list[Message] = []

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await dashboard(scope_of("POST", "/sign-in"), receive, send)
        assert sent[0]["status"] == 408


@pytest.mark.parametrize("path", ["", "/", "/sign-in/", "/setup/", "/account/", "//evil.example/"])
async def test_no_answer_leads_to_the_host_of_the_request(dashboard: ASGIApp, path: str) -> None:
    """The Host header is the request's own word: no redirect, and no cache, may repeat it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await dashboard(scope_of("GET", path), _nothing, send)
    headers = dict(sent[0]["headers"])
    assert headers.get(b"location", b"/").startswith(b"/")
    assert b"evil" not in headers.get(b"location", b"")


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def scope_of(method: str, path: str) -> Scope:
    headers = [(b"host", b"evil.example"), (b"sec-fetch-site", b"same-origin")]
    return {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": BASE + path,
        "root_path": BASE,
        "query_string": b"",
        "headers": headers,
        "client": ("203.0.113.7", 50_000),
    }
