"""Which cookies leave, and what is said about those that do not."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from askfirst.gate.cookie_filter import CookieFilter, glob
from askfirst.gate.undeclared_cookies import Report
from askfirst.http.headers import Header
from tests.unit.gate.memory import NOW, make_policy


def passing() -> CookieFilter:
    return CookieFilter(make_policy(), report=Report(mode="strict", suggest=None))


def left(lines: list[bytes], *allowed: str, learns: bool = False) -> tuple[list[bytes], bool]:
    headers: list[Header] = [(b"Set-Cookie", line) for line in lines]
    kept, depends = passing().filter(
        headers, allows=lambda p: p in allowed, now=lambda: NOW, learns=lambda: learns
    )
    return [value for _, value in kept], depends


def test_necessary_cookies_leave_and_nothing_hangs_on_the_answer() -> None:
    """S14: the closed list passes for everyone, globs included."""
    lines = [b"session=1; Path=/; Partitioned; Priority=High", b"csrf_token=\xff\x00{}"]
    assert left(lines) == (lines, False)


def test_a_purpose_s_cookies_leave_only_with_consent() -> None:
    """M39: agreed or not, the response hangs on the answer."""
    assert left([b"_ga_XY=1"]) == ([], True)
    assert left([b"_ga_XY=1"], "marketing") == ([], True)
    assert left([b"_ga_XY=1"], "statistics") == ([b"_ga_XY=1"], True)


def test_undeclared_cookies_leave_for_nobody() -> None:
    """Taken out for all alike, so no cache needs to know; while learning they pass."""
    lines = [b"tracker=1", b"session", b"=session=1", b"SESSION=1", b"session2=1"]
    assert left(lines, "statistics", "marketing") == ([], False)
    assert left(lines[:1], learns=True) == (lines[:1], False)


@given(
    st.text("ab*", min_size=1, max_size=8).filter(lambda text: text.strip("*")),
    st.text("ab", max_size=12),
)
def test_a_glob_is_what_globs_are(pattern: str, name: str) -> None:
    """S14: as `fnmatch` reads it, however many stars there are."""
    found = glob([pattern])
    assert found is not None
    assert bool(found.fullmatch(name.encode())) == fnmatchcase(name, pattern)


def test_a_visitor_s_names_take_no_time() -> None:
    """The names are the visitor's own, and a policy's glob may have many stars."""
    found = glob(["*_a*_a*_a*_a*x"])
    assert found is not None
    began = time.process_time()
    assert not found.fullmatch(b"_a" * 2048)
    assert time.process_time() - began < 5


def test_our_own_names_are_ours_alone() -> None:
    """M40: an application cannot write the state or the receipt cookie."""
    assert left([b"__Host-askfirst=x", b"__Host-askfirst-receipt=y", b"askfirst=z"]) == ([], False)
    assert left([b"__Host-askfirst=x"], learns=True) == ([], False)


def test_deletions_always_leave() -> None:
    """Taking back is never refused, and hangs on nothing."""
    lines = [b"_ga=; Max-Age=0", b"tracker=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
    assert left(lines) == (lines, False)


def test_a_split_response_is_no_cookie() -> None:
    """What could hide another header does not leave, whatever it is called."""
    assert left([b"session=1\r\nSet-Cookie: _ga=2"], "statistics") == ([], False)


def test_client_hints_are_never_asked_for() -> None:
    """M26: no response sends Accept-CH or Critical-CH, however it is written."""
    headers = [(b"ACCEPT-ch", b"Sec-CH-UA"), (b"Critical-CH", b"x"), (b"accept-xx", b"kept")]
    kept, depends = passing().filter(headers, allows=lambda _: True, now=lambda: NOW)
    assert kept == [(b"accept-xx", b"kept")]
    assert not depends


def test_an_untouched_response_is_the_same_list() -> None:
    """Nothing is copied where nothing changes."""
    headers = [(b"content-type", b"text/html"), (b"x-frame-op", b"same length as set-cookie")]
    kept, _ = passing().filter(headers, allows=lambda _: False, now=lambda: NOW)
    assert kept is headers


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_line_has_a_verdict(lines: list[bytes]) -> None:
    """Whatever an application sends, it is judged, and what leaves is unchanged and in order."""
    kept, _ = left(lines, "statistics")
    rest = iter(lines)
    assert all(line in rest for line in kept)
