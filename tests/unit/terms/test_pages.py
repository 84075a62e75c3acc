"""Page patterns: what they match, and which are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.pages import covers, is_active_on, pattern_problem

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
    assert is_active_on([pattern], path) is matches


@pytest.mark.parametrize(
    "pattern",
    ["/**", "/*", "/*/**", "*", "", "shop/*", "/a//b", "/a/../b", "/a?b=1", "/a#b", "/a/**/b",
     "/a**", "/*a*/b", "/a b", "/" + "a" * 200, "/%2e%2e/x"],
)  # fmt: skip
def test_a_pattern_for_everything_or_nothing_is_refused(pattern: str) -> None:
    """Patterns that match everything or nothing are refused with advice."""
    assert pattern_problem(pattern)


@given(st.text(max_size=60), st.sampled_from([pattern for pattern, _, _ in MATCHES]))
def test_any_path_is_judged(path: str, pattern: str) -> None:
    """No path makes matching fail, and none with a dot segment is matched."""
    if is_active_on([pattern], path):
        assert ".." not in path.split("/")


COVERED = [
    (["/shop/**"], "/shop/**", True),
    (["/shop/**"], "/shop/a/*", True),
    (["/shop/**"], "/shop", True),
    (["/shop/*"], "/shop/**", False),
    (["/shop", "/shop/*"], "/shop/**", False),
    (["/shop/*/**"], "/shop/**", False),
    (["/shop/*/**", "/shop"], "/shop/**", False),  # by one of them, so that none is enumerated
    (["/blog-*"], "/blog-2026*", True),
    (["/blog-2026*"], "/blog-*", False),
    (["/*/x"], "/a*/x", True),
    (["/a*/x"], "/*/x", False),
    (["/a*b"], "/ab", True),
    (["/a*a"], "/a", False),
    (["/tides/**", "/health/**"], "/health/x", True),
    ([], "/x", False),
]


@pytest.mark.parametrize(("patterns", "pattern", "covered"), COVERED)
def test_one_pattern_covers_another(patterns: list[str], pattern: str, covered: bool) -> None:
    """M16: where a collector stands that stood there before."""
    assert covers(patterns, pattern) is covered


SEGMENTS = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "a*b"])
PATTERNS = st.builds(
    lambda segments, below: "/" + "/".join(segments) + below,
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "/**"]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "aab", "c"]), min_size=1, max_size=5)


@given(PATTERNS, PATTERNS, PATHS)
def test_what_is_covered_matches_nothing_more(wide: str, narrow: str, path: list[str]) -> None:
    """M16, M44: whatever the covered pattern matches, the one that covers it matches too."""
    page = "/" + "/".join(path)
    if covers([wide], narrow) and is_active_on([narrow], page):
        assert is_active_on([wide], page)
