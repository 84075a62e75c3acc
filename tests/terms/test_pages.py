"""Page patterns: what they match, and which are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.pages import pattern_problem, stands_on

MATCHES = [
    ("/shop/**", "/shop", True),
    ("/shop/**", "/shop/", True),
    ("/shop/**", "/shop/a/b", True),
    ("/shop/**", "/shopping", False),
    ("/shop/*", "/shop/a", True),
    ("/shop/*", "/shop/", False),
    ("/shop/*", "/shop/a/b", False),
    ("/blog-*", "/blog-2026", True),
    ("/blog-*/x", "/blog-2026/x", True),
    ("/blog-*", "/blog-a/b", False),
    ("/", "/", True),
    ("/", "/a", False),
    ("/a.b", "/aXb", False),
    ("/shop/**", "/shop/../health", False),
    ("/shop/**", "/shop/%2e%2E/health", False),
    ("/shop/**", "/shop//x", False),
    ("/shop/**", "/shop/a%2fb", False),
    ("/shop/**", "/shop/a\\b", False),
    ("/shop/**", "shop/a", False),
    ("/shop/**", "/Shop/a", False),
]


@pytest.mark.parametrize(("pattern", "path", "matches"), MATCHES)
def test_a_pattern_matches_whole_segments(pattern: str, path: str, matches: bool) -> None:
    """M49: a collector stands on the pages its patterns say, and on no other spelling of them."""
    assert pattern_problem(pattern) is None
    assert stands_on([pattern], path) is matches


@pytest.mark.parametrize(
    "pattern",
    ["/**", "/*", "/*/**", "*", "", "shop/*", "/a//b", "/a/../b", "/a?b=1", "/a#b", "/a/**/b",
     "/a**", "/*a*/b", "/a b", "/" + "a" * 200, "/%2e%2e/x"],
)  # fmt: skip
def test_a_pattern_for_everything_or_nothing_is_refused(pattern: str) -> None:
    """Issue's bad input: patterns that match everything or nothing are refused with advice."""
    assert pattern_problem(pattern)


@given(st.text(max_size=60), st.sampled_from([pattern for pattern, _, _ in MATCHES]))
def test_any_path_is_judged(path: str, pattern: str) -> None:
    """No path makes matching fail, and none with a dot segment is matched."""
    if stands_on([pattern], path):
        assert ".." not in path.split("/")
