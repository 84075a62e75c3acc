"""Websockets of every asynchronous framework, over real sockets of real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.conftest import ROOT
from tests.system.frameworks.behaviour import RECEIPT, STATE
from tests.system.frameworks.servers import Site, serve
from tests.system.frameworks.visitor import Visitor, until

SERVED = (
    ("starlette", "uvicorn"),
    ("starlette", "hypercorn"),
    ("fastapi", "uvicorn"),
    ("quart", "hypercorn"),
    ("litestar", "uvicorn"),
)


@pytest.fixture(scope="module", params=SERVED, ids="-".join)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    framework, server = request.param
    app = f"tests.system.frameworks.socket_sites:{framework}_site"
    with serve(app, server, tmp_path_factory.mktemp(framework), where=ROOT) as site:
        yield site


def talk(site: Site, visitor: Visitor) -> tuple[bool, list[str], list[str]]:
    """Whether statistics are allowed, the cookies the application saw, and those it could set."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.jar.items())
    headers = {"Cookie": cookies} if cookies else {}
    with connect(f"ws://127.0.0.1:{site.port}/ws", additional_headers=headers) as socket:
        allowed, seen = json.loads(socket.recv(timeout=20))
        socket.send("echo ÿ\0")
        assert socket.recv(timeout=20) == "echo ÿ\0"
        assert socket.response is not None
        lines = socket.response.headers.get_all("set-cookie")
    return allowed, seen, [line.partition("=")[0] for line in lines]


def test_a_socket_is_asked_first(site: Site) -> None:
    """M01, M40: consent read, cookies gated as it is accepted, the receipt never seen."""
    visitor = site.visitor()
    assert talk(site, visitor) == (False, [], [])
    chosen = {f"purpose.{name}": "0" for name in ("marketing", "preferences")}
    until(lambda: visitor.get("/askfirst/choices").status == 200)  # the collector has opened
    page = visitor.get("/askfirst/choices")
    assert visitor.press(page, "save", **chosen, **{"purpose.statistics": "2"}).status == 303
    assert RECEIPT in visitor.jar
    assert talk(site, visitor) == (True, [STATE], ["_pulse"])
    assert visitor.press(visitor.get("/askfirst/choices"), "withdraw").status == 303
    assert talk(site, visitor)[0] is False
    assert talk(site, visitor)[2] == []
