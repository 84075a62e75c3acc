"""Two sites on one origin, each in a sub-folder: neither sees, reads or overwrites the other's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from askfirst import ConsentMiddleware
from askfirst.wsgi import ConsentMiddleware as WsgiMiddleware
from askfirst_collector.embedded import EmbeddedCollector
from tests.support.collectors import policy

pytestmark = pytest.mark.anyio
ORIGIN = "https://example.org"
SAME = {"sec-fetch-site": "same-origin", "accept": "application/json"}
POLICY = policy(origins=[ORIGIN])
# SHA-256 of "/one" and "/two", of which eight digits name the cookies.
ONE, TWO = ".1e1d1696", ".3ef5f6bf"


async def _cookies(scope: Any, receive: Any, send: Any) -> None:
    sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    kind = (b"content-type", b"text/plain")
    await send({"type": "http.response.start", "status": 200, "headers": [kind]})
    await send({"type": "http.response.body", "body": sent})


def _wsgi_cookies(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ.get("HTTP_COOKIE", "").encode("latin-1")]


@pytest.fixture(params=["asgi", "wsgi"])
async def visitor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Of both sites: `visitor(method, path, …)` gives the answer; one browser, one jar."""
    jar = httpx.Cookies()
    collectors = {root: EmbeddedCollector(tmp_path / root[1:], jobs=False) for root in _ROOTS}
    gates: list[Any] = []
    transports: dict[str, Any] = {}
    for root, collector in collectors.items():
        document = POLICY.document
        if request.param == "asgi":
            gate: Any = ConsentMiddleware(_cookies, policy=document, collector=collector)
            transports[root] = httpx.ASGITransport(gate, root_path=root)
        else:
            gate = WsgiMiddleware(_wsgi_cookies, policy=document, collector=collector)
            transports[root] = httpx.WSGITransport(gate, script_name=root)
        gates.append(gate)

    async def ask(method: str, address: str, **options: Any) -> httpx.Response:
        root, rest = f"/{address.split('/')[1]}", "/" + address.split("/", 2)[2]
        asked = httpx.Request(method, ORIGIN + address, headers=SAME, **options)
        if request.param == "wsgi":
            asked = httpx.Request(method, ORIGIN + rest, headers=SAME, **options)
            jar.set_cookie_header(asked)
            answer: httpx.Response = transports[root].handle_request(asked)
            answer.read()
        else:
            jar.set_cookie_header(asked)
            answer = await transports[root].handle_async_request(asked)
            await answer.aread()
        answer.request = asked
        jar.extract_cookies(answer)
        return answer

    ask.jar = jar  # type: ignore[attr-defined]
    yield ask
    for gate in gates:
        if request.param == "asgi":
            await gate.aclose()
        else:
            gate.close()


_ROOTS = ("/one", "/two")


async def _answer(visitor: Any, root: str, method: str) -> httpx.Response:
    body = {"v": 2, "edition": POLICY.hash, "lang": "en", "method": method, "choices": {}}
    answer: httpx.Response = await visitor(
        "POST", f"{root}/askfirst/consent", json={**body, "adult": True}
    )
    assert answer.status_code == 200, answer.text
    return answer


async def test_each_keeps_its_own_answer(visitor: Any) -> None:
    """M40, M09: what is answered at one neither answers nor ends what is answered at the other."""
    await _answer(visitor, "/one", "accept_all")
    await _answer(visitor, "/two", "reject_all")
    names = set(visitor.jar)
    assert names == {
        f"__Host-askfirst{ONE}",
        f"__Host-askfirst-receipt{ONE}",
        f"__Host-askfirst{TWO}",
    }
    kept = await visitor("GET", "/one/askfirst/rights/me")
    assert kept.json()["record"]["status"] == "granted"
    assert (await visitor("GET", "/two/askfirst/rights/me")).status_code != 200
    assert (await visitor("GET", "/one/askfirst/policy")).json()["suffix"] == ONE
    await _answer(visitor, "/one", "withdraw")
    assert f"__Host-askfirst-receipt{ONE}" not in visitor.jar
    await _answer(visitor, "/two", "accept_all")
    assert (await visitor("GET", "/two/askfirst/rights/me")).status_code == 200


async def test_neither_application_sees_a_receipt(visitor: Any) -> None:
    """M40: not its own site's, nor that of the other one on its origin."""
    await _answer(visitor, "/one", "accept_all")
    await _answer(visitor, "/two", "accept_all")
    visitor.jar.set("theme", "dark", domain="example.org")
    for root in _ROOTS:
        sent = (await visitor("GET", f"{root}/page")).text
        assert "theme=dark" in sent
        assert "receipt" not in sent
