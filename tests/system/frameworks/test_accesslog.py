"""What real servers write to their access logs, with the filters and without."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.servers import Site, serve
from tests.system.frameworks.visitor import Visitor, until

MODULE = """
import askfirst.accesslog
{install}
from app import app
"""
CANARIES = (
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 Canary/7",
    ),
    ("Referer", "https://canary-referrer.example/secret?x=1"),
    ("Cookie", "theme=canary-cookie"),
)
TRACES = ("canary", "Canary/7", "Mozilla", "secret", "127.0.0.1", "Gecko")
SERVERS = [
    ("uvicorn-logged", "starlette"),
    ("hypercorn-logged", "starlette"),
    ("granian-logged", "starlette"),
    ("gunicorn-asgi-logged", "starlette"),
    ("gunicorn-logged", "flask"),
    ("granian-wsgi-logged", "flask"),
    ("werkzeug-logged", "flask"),
    ("gunicorn-logged", "django"),
]
# What each says of an agent, where its default format has one.
AGENTS = ("gunicorn-logged", "gunicorn-asgi-logged")


def lines(site: Site) -> list[str]:
    """What was said about requests."""
    return [line for line in site.said().splitlines() if "GET " in line or "POST " in line]


@pytest.fixture(scope="module", params=SERVERS, ids=["-".join(each) for each in SERVERS])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    kind, example = request.param
    folder = tmp_path_factory.mktemp("logged")
    module = MODULE.format(install="askfirst.accesslog.install()")
    if example == "django":
        module = module.replace("from app import app", "from serve import wsgi as app")
    (folder / "logged.py").write_text(module)
    with serve("logged:app", kind, folder, where=ROOT / "examples" / example) as site:
        yield site


def test_a_refuser_is_not_in_the_log(site: Site) -> None:
    """M43: without consent a line keeps method, route and status."""
    for visitor in (site.visitor(*CANARIES), refused(site)):
        before = len(lines(site))
        for target in ("/about?email=canary@example.org", "/canary-nothing", "/seen"):
            visitor.get(target)
        until(lambda before=before: len(lines(site)) >= before + 3)  # type: ignore[misc]
    said = "\n".join(lines(site))
    assert [trace for trace in TRACES if trace in said] == []
    assert any("GET /about" in line and "200" in line for line in lines(site))
    assert any("404" in line for line in lines(site))


def test_our_own_paths_are_named(site: Site) -> None:
    """What is ours says which of our paths, and no more."""
    site.visitor(*CANARIES).get("/askfirst/policy/canary-secret?x=canary")
    until(lambda: any("/askfirst/policy" in line for line in lines(site)))
    assert "canary" not in "\n".join(lines(site))


def test_a_grant_is_generalised(site: Site, request: pytest.FixtureRequest) -> None:
    """With consent a line says what was agreed to, and nothing finer."""
    visitor = site.visitor(*CANARIES[:2])
    assert visitor.answer("accept_all").status == 303
    before = len(lines(site))
    visitor.get("/about?email=canary@example.org")
    until(lambda: any("GET /about " in line for line in lines(site)[before:]))
    said = "\n".join(lines(site)[before:])
    assert [trace for trace in TRACES if trace in said] == []
    if any(f"[{name}" in request.node.name for name in AGENTS):
        assert "Firefox on Linux" in said


def refused(site: Site) -> Visitor:
    visitor = site.visitor(*CANARIES[:2])
    assert visitor.answer("reject_all").status == 303
    return visitor


def test_without_the_filters_all_of_it_is_there(tmp_path: Path) -> None:
    """The canaries would be in the log: this test can fail."""
    (tmp_path / "logged.py").write_text(MODULE.format(install=""))
    where = ROOT / "examples/starlette"
    with serve("logged:app", "gunicorn-asgi-logged", tmp_path, where=where) as site:
        site.visitor(*CANARIES).get("/about?email=canary@example.org")
        until(lambda: "canary@example.org" in site.said())
        said = site.said()
    assert all(trace in said for trace in TRACES), os.linesep.join(lines(site))
