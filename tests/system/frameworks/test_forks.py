"""One collector folder under processes that forked: the WSGI example, preloaded by gunicorn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.behaviour import COUNTED, NOT_COUNTED
from tests.system.frameworks.servers import Site, serve
from tests.system.frameworks.visitor import Visitor, until

EXAMPLE = ROOT / "examples/wsgi"
JSON = ("Accept", "application/json")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("forked")
    with serve("app:app", "gunicorn-preloaded", folder, where=EXAMPLE) as site:
        yield site


def test_every_worker_knows_every_grant(site: Site) -> None:
    """M17: what one worker recorded, the others serve; each page view is stored once."""
    visitors = [site.visitor() for _ in range(8)]
    for visitor in visitors:
        assert visitor.answer("accept_all").status == 303
        assert COUNTED in visitor.get("/").text
    pages = [_views(visitor) for visitor in visitors]

    def stored() -> bool:
        return all(
            _views(visitor) > before for visitor, before in zip(visitors, pages, strict=True)
        )

    for visitor in visitors:
        visitor.get("/about")
    until(stored)


def test_a_withdrawal_is_known_to_every_worker(site: Site) -> None:
    """M12: after one worker acknowledged it, no worker stores anything."""
    for n in range(6):
        visitor = site.visitor()
        visitor.answer("accept_all")
        granted = dict(visitor.jar)
        assert visitor.press(visitor.get("/"), "withdraw").status == 303
        assert NOT_COUNTED in visitor.get("/").text
        old = Visitor(site.port, jar=granted)
        batch = f"{n:022d}"
        events = [{"purpose": "statistics", "type": "page_view", "page": "/about"}]
        told = old.post_json("/askfirst/events", {"v": 1, "batch": batch, "events": events})
        assert told.json["dropped"] == [{"index": 0, "reason": "no-grant"}]


def test_stopping_writes_what_waits(tmp_path: Path) -> None:
    """A page view whose answer was just sent is on disk after the server was asked to stop."""
    with serve("app:app", "gunicorn-preloaded", tmp_path, where=EXAMPLE) as site:
        visitor = site.visitor()
        visitor.answer("accept_all")
        jar = dict(visitor.jar)
        before = _views(visitor)
        for _ in range(5):
            visitor.get("/about")
    with serve("app:app", "gunicorn", tmp_path, where=EXAMPLE) as site:
        assert _views(Visitor(site.port, jar=jar)) >= before + 5
        assert "Traceback" not in site.said()


def _views(visitor: Visitor) -> int:
    return len(visitor.get("/askfirst/rights/me", JSON).json["rows"])
