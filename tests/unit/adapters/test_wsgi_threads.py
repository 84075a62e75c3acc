"""ConsentMiddleware under WSGI with threads: sharing, forking, closing, slow readers."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from askfirst.adapters.asgi_in_thread import AHEAD
from tests.support.wsgi import Call, Wrap, page, wrap
from tests.system.frameworks.visitor import until
from tests.unit.gate.memory import NOW, MemoryCollector, state_token

__all__ = ["wrap"]  # a fixture


def test_many_threads_share_one_gate(wrap: Wrap) -> None:
    """Requests in 8 threads, answers kept past their number: each reads its own visitor's."""
    app = wrap(page(reads="statistics"))
    wrong: list[object] = []
    tokens = [state_token({"statistics": n % 3}, expires=NOW + 60 + n) for n in range(1500)]

    def work(start: int) -> None:
        for n in range(start, len(tokens), 8):
            got = Call(app, HTTP_COOKIE=f"__Host-askfirst={tokens[n].decode()}").read()
            if got != str(n % 3 > 0).encode():
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_fork_gets_a_loop_of_its_own(wrap: Wrap) -> None:
    """A process that forked after the first request serves on, in parent and child."""
    app = wrap(page(reads="statistics"))
    assert Call(app, "/askfirst/policy").starts[0][0] == "200 OK"
    child = os.fork()
    if child == 0:
        served = Call(app, "/askfirst/policy").starts[0][0] == "200 OK"
        os._exit(0 if served else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert Call(app, "/askfirst/policy").starts[0][0] == "200 OK"


def test_closing_finishes_what_is_under_way(wrap: Wrap) -> None:
    """The collector is closed once, whoever closes; pages go on."""
    collector = MemoryCollector()
    app = wrap(page(), collector)
    Call(app).read()
    app.close()
    assert collector.closed
    app.close()
    assert Call(app).read() == b"page"


def test_closing_lets_nobody_wait(wrap: Wrap) -> None:
    """A thread that waits for an answer of ours is told that there will be none."""
    reached = threading.Event()

    class Hanging(MemoryCollector):
        async def host(self, scope: Any, receive: Any, send: Any) -> None:
            reached.set()
            await asyncio.Event().wait()

    app = wrap(page(), Hanging())
    calls: list[Call] = []
    thread = threading.Thread(target=lambda: calls.append(Call(app, "/askfirst/host/")))
    thread.start()
    assert reached.wait(10)
    app.close()
    thread.join(10)
    assert calls[0].starts[0][0].startswith("503")


def test_a_slow_reader_holds_the_answer_back(wrap: Wrap) -> None:
    """A long answer waits for its reader instead of filling the memory; hanging up ends it."""
    made: list[int] = []
    over = threading.Event()

    class Endless(MemoryCollector):
        async def host(self, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                while True:
                    made.append(1)
                    await send({"type": "http.response.body", "body": b"x", "more_body": True})
            finally:
                over.set()

    call = Call(wrap(page(), Endless()), "/askfirst/host/")
    body = iter(call.body)
    assert [next(body) for _ in range(100)] == [b"x"] * 100
    until(lambda: len(made) >= 100)
    assert len(made) <= 100 + AHEAD + 1
    call.body.close()  # type: ignore[attr-defined]
    assert over.wait(10)
