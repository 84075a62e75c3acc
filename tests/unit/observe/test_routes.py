"""The routes of a site: segments that have a name, and titles that are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import PolicyError
from askfirst.observe.event import Raw, observe
from askfirst.observe.identifiers import title
from askfirst.observe.page import page
from askfirst.terms.pages import route_problem
from askfirst.terms.policy import read_policy, shipped
from askfirst.terms.terms import Terms

from .test_identifiers import test_identifiers_are_replaced as replaced

ROUTES = ("/orders/:order", "/orders/:order/items/**", "/blog/*", "/docs/**", "/blog/archive")
# What names somebody or something of theirs, wherever it stands.
IDENTIFIERS = [
    "jane.doe@example.org",
    "jane(at)example.org",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "dQw4w9WgXcQ",
    "eyJhbGciOiJIUzI1NiJ9",
    "10.20.30.40",
    "2001:db8::1",
    "8812",
    "order-48213",
    "INV-2026-000123",
    "ABC-123-456",
    "+33 6 35 87 59 04",
    "06-35-87-59-04",
    "944-159-2231",
    "4111-1111-1111-1111",
    "1985-03-12",
    "2026-01-17-0635875904",
    "2026-01-17-jane@example.org",
    "2026-01-17-a1b2c3d4",
    "qzkjtxhmbwplrnhgfdcv",
    "a" * 50 + "1",
    # A date alone, of before, or beside other groups of digits may be a number of anything.
    "20121112",
    "jane20121112",
    "jane-19850312",
    "call-45-20121112",
    "invoice-20260117-4",
    "invoice-4-20260117.pdf",
    "order-20261399",
    "order-20991231",
    "order-20240115",
    "grok-20070915",
    "user@1",
    "johnsmith1985",
    "a1b2c3d4-20121112.html",
    # Of what is one without its day, and of two letters, as invoices are numbered.
    "Kq_Zv_Xw_Qj_Pz_Vb-20240115",
    "Xy-Zq-20101030",
    "AB-20240115",
    "界" * 50 + "-jane@example.org",
    "界" * 50 + "-06-35-87-59-04",
]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/orders/8812", "/orders/:order"),
        # As a page tells the route behind "/#/".
        ("//orders/8812", "/orders/:order"),
        ("/orders/jane@example.org", "/orders/:order"),
        ("/orders/%FF", "/orders/:order"),
        ("/orders/8812/items/4", "/orders/:order/items/4"),
        ("/orders/8812/items/4/8813", "/orders/:order/items/4/:id"),
        ("/orders/8812/notes", "/orders/:id/notes"),
        ("/orders", "/orders"),
        ("/blog/42", "/blog/42"),
        ("/blog/2026-01-17-spring-tides", "/blog/2026-01-17-spring-tides"),
        ("/blog/2026-01-17", "/blog/2026-01-17"),
        ("/blog/" + "界" * 60, "/blog/" + "界" * 60),
        ("/blog/grok-20070915.html", "/blog/grok-20070915.html"),
        ("/blog/xdotool-2.20100623.html", "/blog/xdotool-2.20100623.html"),
        ("/blog/order-20240115", "/blog/order-:id"),
        ("/blog/archive", "/blog/archive"),
        ("/blog/a/b", "/blog/a/b"),
        ("/blog/42/43", "/blog/:id/:id"),
        ("/docs/3/12/2026-01-17-tides", "/docs/3/12/2026-01-17-tides"),
        ("/docs", "/docs"),
        ("/other/42", "/other/:id"),
        ("/Blog/42", "/Blog/:id"),
        ("/blog/42/../../other/42", "/other/:id"),
    ],
)
def test_the_first_route_that_matches_says_what_segments_are(address: str, path: str) -> None:
    """M26: a name stands for whatever is there; a title is kept; elsewhere nothing changes."""
    assert page(address, {}, ROUTES)[1] == path


@pytest.mark.parametrize("segment", IDENTIFIERS)
def test_no_route_lets_an_identifier_through(segment: str) -> None:
    """M25, M26: an owner can declare that titles stand somewhere, and no identifier to be one."""
    assert segment not in title(segment)
    assert ":id" in title(segment)
    path = page(f"/docs/x/{segment}", {}, ROUTES)[1]
    assert ":id" in path
    # Nor one that is spelled out.
    assert ":id" in page(f"/u/{segment}", {}, [f"/u/{segment}"])[1]


@pytest.mark.parametrize("segment", replaced.pytestmark[0].args[1])  # type: ignore[attr-defined]
def test_what_is_replaced_anywhere_is_replaced_in_a_title(segment: str) -> None:
    """M26: but for a short number."""
    assert (title(segment) == ":id") is (segment != "1")


@given(st.text(max_size=60))
def test_a_title_that_was_cut_stays_so(segment: str) -> None:
    """M44: twice is once."""
    assert title(title(segment)) == title(segment)


@pytest.mark.parametrize(
    ("route", "says"),
    [
        ("/*", "begin with a word"),
        ("/**", "begin with a word"),
        ("/:page", "begin with a word"),
        ("/:page/x/**", "begin with a word"),
        ("/", "between slashes"),
        ("/blog/**/x", "as the last segment alone"),
        ("/blog/a*", "between slashes"),
        ("/blog/:Order", "between slashes"),
        ("/blog/:", "between slashes"),
        ("/blog/*?x=1", "no query"),
        ("/blog/../*", "no '.'"),
        ("blog/*", "'/orders/:order'"),
        ("/" + "a" * 200, "at most 200"),
        (1, "'/orders/:order'"),
    ],
)
def test_a_route_that_would_match_everything_is_refused(route: object, says: str) -> None:
    """What is no route is said with what to write instead."""
    with pytest.raises(PolicyError) as caught:
        read_policy({**shipped("standard").document, "routes": [route]})
    (problem,) = caught.value.problems
    assert problem.pointer == "/routes/0"
    assert says in problem.message


def test_routes_are_bounded_and_stand_in_the_hash() -> None:
    """M16: without them a policy has the hash it had; their order is part of what they say."""
    plain = shipped("standard")
    routes = [f"/a{n}/*" for n in range(65)]
    with pytest.raises(PolicyError):
        read_policy({**plain.document, "routes": routes})
    assert read_policy({**plain.document, "routes": []}).hash == plain.hash
    one, two = (read_policy({**plain.document, "routes": r}) for r in (routes[:2], routes[1::-1]))
    assert len({plain.hash, one.hash, two.hash}) == 3
    assert all(route_problem(route) is None for route in ROUTES)


def test_an_event_is_read_by_the_routes_of_its_site() -> None:
    """M26: as the rows have it, at the level that was agreed."""
    terms: Terms = shipped("standard").purposes["statistics"].terms
    event = {"type": "page_view", "page": "/orders/8812"}
    values = observe(Raw({}, "", 0.0), event, terms, place=None, routes=ROUTES)
    assert values["page"] == ("/orders", "/orders/:order")
