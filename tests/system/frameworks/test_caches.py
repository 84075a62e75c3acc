"""A real nginx keeps what it may and replays it to others: no choice leaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.system.frameworks.nginx import cached
from tests.system.frameworks.servers import Site, serve
from tests.system.frameworks.visitor import Visitor

STATE, RECEIPT = "__Host-askfirst", "__Host-askfirst-receipt"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, front = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("nginx")
    app = "tests.system.frameworks.cached_site:app"
    with serve(app, "uvicorn", folder, where=ROOT) as origin, cached(origin, front) as site:
        yield site


def answered(site: Site, method: str) -> Visitor:
    """A visitor who answered, as the script does."""
    visitor = site.visitor()
    policy = visitor.get("/askfirst/policy", ("Accept", "application/json")).json
    value = {"v": 2, "edition": policy["hash"], "lang": "en", "method": method}
    assert visitor.post_json("/askfirst/consent", value).status == 200
    return visitor


def test_a_page_that_reads_consent_is_never_replayed_to_another(site: Site) -> None:
    """M39: in any order of visitors, each is shown their own answer; the same one may be kept."""
    granted, refused, nobody = answered(site, "accept_all"), answered(site, "reject_all"), None
    for _ in range(2):
        for visitor, expected in ((granted, "True"), (refused, "False"), (nobody, "False")):
            got = (visitor or site.visitor()).get("/reads")
            assert got.text == f"<p>{expected}</p>"
    # The cache does keep it, for those who are the same to it.
    assert site.visitor().get("/reads").one("x-cache") == "HIT"
    gpc = granted.get("/reads", ("Sec-GPC", "1"))
    assert gpc.one("x-cache") == "MISS"


def test_a_cookie_is_never_replayed(site: Site) -> None:
    """M39: neither a cookie that was agreed to, nor that it was taken out."""
    granted, refused = answered(site, "accept_all"), answered(site, "reject_all")
    for _ in range(2):
        for visitor, sets in ((refused, []), (granted, ["_pulse"]), (site.visitor(), [])):
            got = visitor.get("/sets")
            assert got.sets() == sets
            assert got.one("x-cache") == "MISS"


def test_a_page_that_reads_nothing_is_kept_for_all(site: Site) -> None:
    """M39: byte-identical, and one answer of the cache for everybody."""
    gots = [v.get("/about") for v in (answered(site, "accept_all"), site.visitor())]
    gots += [answered(site, "reject_all").get("/about", ("DNT", "1"))]
    assert {got.body for got in gots} == {b"<p>plain</p>"}
    assert [got.one("x-cache") for got in gots[1:]] == ["HIT", "HIT"]


def test_our_own_answers_are_nobodys_but_the_visitors(site: Site) -> None:
    """M39, M29: answers, choices and rights come from the site each time, with no store."""
    visitor = answered(site, "accept_all")
    page = visitor.get("/askfirst/choices")
    mine = visitor.get("/askfirst/rights/me")
    other = site.visitor()
    for path, own in (("/askfirst/choices", page), ("/askfirst/rights/me", mine)):
        got = other.get(path)
        assert got.body != own.body
        assert (own.one("x-cache"), got.one("x-cache")) == ("MISS", "MISS")
    assert STATE not in other.jar
    assert RECEIPT not in other.jar


def test_what_is_the_same_for_all_is_kept(site: Site) -> None:
    """The policy and the static files are public; the policy goes by Accept alone."""
    for path in ("/askfirst/policy", "/askfirst/static/askfirst.js"):
        answered(site, "accept_all").get(path)
        assert site.visitor().get(path).one("x-cache") == "HIT"
    told = site.visitor().get("/askfirst/policy", ("Accept", "application/json"))
    assert told.one("content-type") == "application/json"
