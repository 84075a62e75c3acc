"""A site in a sub-folder, behind a real nginx: every address of ours begins there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.nginx import in_a_folder
from tests.system.frameworks.servers import Site, serve
from tests.system.frameworks.visitor import Got, Visitor, until

SERVERS = {"fastapi_app": "uvicorn", "flask_app": "gunicorn"}
ADDRESSES = re.compile(r'(?:href|src|action)="(/[^"]*)"')


@pytest.fixture(scope="module", params=SERVERS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder, front = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("nginx")
    app = f"tests.system.frameworks.folder_sites:{request.param}"
    with (
        serve(app, SERVERS[request.param], folder, where=ROOT) as origin,
        in_a_folder(origin, front, "/blog") as site,
    ):
        yield site


def followed(visitor: Visitor, answer: Got) -> Got:
    """The page that a form leads to."""
    assert answer.status == 303, answer.text
    return visitor.get(answer.one("location"))


def test_every_address_begins_below_the_folder(site: Site) -> None:
    """M15, M45: notice, styles, script, choices, policy, rights, and what they link to."""
    visitor = site.visitor()
    pages, checked = ["/blog/hello"], set[str]()
    while pages:
        path = pages.pop()
        checked.add(path.partition("?")[0])
        answer = visitor.get(path)
        assert answer.status == 200, path
        if not answer.one("content-type").startswith("text/html"):
            continue
        addresses = set(ADDRESSES.findall(answer.text)) - {"/blog/"}
        assert all(address.startswith("/blog/") for address in addresses), addresses
        pages += [
            address
            for address in addresses
            if address.partition("?")[0] not in checked and not address.endswith("/consent")
        ]
    assert {f"/blog/askfirst/{page}" for page in ("choices", "policy", "static/askfirst.js")} <= (
        checked
    )


def test_answering_leads_back_and_counts_the_page_as_the_browser_has_it(site: Site) -> None:
    """M45, M11, M29: the way back keeps the folder; server and script count the same page."""
    visitor = site.visitor()
    page = visitor.get("/blog/hello")
    accepted = visitor.press(page, "accept_all")
    assert accepted.one("location").partition("?")[0] == "/blog/hello"
    assert 'id="askfirst-notice"' not in followed(visitor, accepted).text

    def parts() -> set[str]:
        answer = visitor.get("/blog/askfirst/rights/me", ("Accept", "application/json"))
        pages = [row["values"]["page"] for row in answer.json["rows"] if "page" in row["values"]]
        return {part for page in pages for part in page if part.startswith("/")}

    until(lambda: "/blog/hello" in parts())
    assert parts() == {"/blog", "/blog/hello"}
    rights = visitor.get("/blog/askfirst/rights/me")
    withdrawn = visitor.press(rights, "withdraw")
    assert withdrawn.one("location").startswith("/blog/askfirst/rights/me")


def test_the_dashboard_is_below_it_too(site: Site) -> None:
    """Its pages, its styles, its redirects."""
    visitor = site.visitor()
    answer = visitor.get("/blog/askfirst/host/")
    assert answer.one("location") == "/blog/askfirst/host/sign-in"
    page = visitor.get("/blog/askfirst/host/sign-in")
    assert page.status == 200
    assert all(address.startswith("/blog/") for address in ADDRESSES.findall(page.text))
    assert visitor.get("/blog/askfirst/host/static/host.css").status == 200
