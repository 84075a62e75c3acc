"""A real site in a process of its own, whose clock and randomness stand still.

    python -m tests.system.refuser.site FOLDER PORT LOG OUTGOING

Everything is logged at DEBUG to LOG; every connection that the process opens is named in OUTGOING.
A collector is placed on its pages below /tides.
"""

from __future__ import annotations

import logging
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from askfirst_collector.usecases.placed_collectors import set_collector_state
from tests.support.people import admin
from tests.support.placing import save

if TYPE_CHECKING:
    from askfirst.terms.policy import Policy
    from askfirst_collector.services import Services

FOLDER, PORT, LOG, OUTGOING = sys.argv[1:5]
NOW = 1_795_305_600.0  # 2026-11-22T00:00:00Z
_DRAWN = random.Random(43)
os.urandom = _DRAWN.randbytes  # before anything draws


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "subprocess.Popen"):
        # A descriptor of its own: opening a file through `open` would call this hook again.
        line = f"{event} {arguments[1:]!r}\n".encode()
        handle = os.open(OUTGOING, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line)
        os.close(handle)


def place(parts: Services, policy: Policy) -> str:
    """Have the collector stand on its pages; the line that its owner put there."""
    from askfirst.terms.placed import read_placed
    from askfirst_collector.api.serialize import line_of

    tides = read_placed(Path(__file__).with_name("tides.toml"))
    found = parts.placed_collectors.get(policy.site, tides.name)
    if found is None:
        parts.registry.publish(policy)
        save(parts, tides, owner="tim", actor="tim")
        found = set_collector_state(parts, admin(parts, "tim"), policy.site, tides.name, "active")
    return line_of(found)


def main() -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route

    from askfirst.adapters.asgi import ConsentMiddleware
    from askfirst.pages.notice import askfirst_notice
    from askfirst.terms.policy import read_policy
    from askfirst_collector.embedded import EmbeddedCollector

    async def page(request: Request) -> Response:
        notice = askfirst_notice(request)
        page = f"<!doctype html><title>A page</title><main>Hello {line}</main>{notice}"
        answer = HTMLResponse(page)
        answer.set_cookie("_pulse", "12345")
        answer.set_cookie("undeclared", "12345")
        return answer

    async def broken(request: Request) -> Response:
        raise RuntimeError("the site's own fault")

    logging.basicConfig(
        filename=LOG, level=logging.DEBUG, format="%(levelname)s %(name)s %(message)s"
    )
    sys.addaudithook(_watch)
    policy = read_policy(Path(__file__).with_name("policy.toml"))
    collector = EmbeddedCollector(FOLDER, now=lambda: NOW, urandom=_DRAWN.randbytes)
    line = place(collector.parts(), policy)
    routes = [Route("/", page), Route("/tides/{rest:path}", page), Route("/broken", broken)]
    app = ConsentMiddleware(
        Starlette(routes=routes),
        policy=policy,
        collector=collector,
        now=lambda: NOW,
        undeclared="strict",
    )
    uvicorn.run(app, port=int(PORT), access_log=False, log_config=None, log_level="debug")
    collector.close()


if __name__ == "__main__":
    main()
