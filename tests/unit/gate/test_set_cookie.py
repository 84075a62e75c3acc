"""Set-Cookie lines: names, deletions, dates, and the lines we write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.http.set_cookie import (
    cookie_date,
    delete,
    deletes,
    expire,
    name_of,
    prefixes,
    write,
)
from tests.unit.gate.memory import NOW

PAST = b"Thu, 01 Jan 1970 00:00:00 GMT"
FUTURE = b"Fri, 31 Dec 2038 23:59:59 GMT"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"a=1", b"a"),
        (b" a\t= 1; Path=/", b"a"),
        (b"a==;=", b"a"),
        (b"=_ga=1", b""),
        (b"session", b""),
        (b"", b""),
        (b"\xe4=\xff; Partitioned; Priority=High", b"\xe4"),
        (b'a={"b":"c;d"}', b"a"),
        (b"a=1, _ga=2; Path=/", b"a"),
        (b"n\x00=1", b"n\x00"),
        (b"a=1\r\nSet-Cookie: _ga=2", None),
        (b"a=1\n_ga=2", None),
    ],
)
def test_the_name_is_the_one_a_browser_stores(line: bytes, name: bytes | None) -> None:
    """No chunk hides another cookie, and a line break is no cookie at all (RFC 6265bis 5.7)."""
    assert name_of(line) == name


@pytest.mark.parametrize(
    "line",
    [
        b"a=; Max-Age=0",
        b"a=; max-age=-1; Expires=" + FUTURE,
        b"a=; EXPIRES=" + PAST + b"; Path=/",
        b"a=; Expires=Thu, 01-Jan-70 00:00:01 GMT",
        b"a=x; Expires=Sun Nov  6 08:49:37 1994; Partitioned; Priority=Low",
        b"a=; Max-Age=0; Max-Age=-5",
    ],
)
def test_deletions_are_known(line: bytes) -> None:
    """What every browser takes as a deletion is one."""
    assert deletes(line, NOW)


@pytest.mark.parametrize(
    "line",
    [
        b"a=1",
        b"a=1; Max-Age=60; Expires=" + PAST,
        b"a=1; Max-Age=0; Max-Age=60",
        b"a=1; Max-Age=60; Max-Age=0",
        b"a=1; Max-Age=0x",
        b'a=1; Max-Age="0"',
        b"a=1; Max-Age=",
        b"a=1; Expires=" + FUTURE,
        b"a=1; Expires=soon",
        b"a=1; Expires=" + PAST + b"; Expires=" + FUTURE,
        b"Max-Age=0",
        b"Expires=" + PAST,
        b"a=1\x00; Max-Age=0",
        b"a=1; Max-Age=" + b"-" * 400,
        b"a=1; Expires=Thu, 32 Jan 1970 00:00:00 GMT",
        b"a=1; Expires=Thu, 01 Jan 1600 00:00:00 GMT",
    ],
)
def test_what_may_be_read_as_a_cookie_is_no_deletion(line: bytes) -> None:
    """In doubt a line is judged as a cookie that is set."""
    assert not deletes(line, NOW)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)))  # noqa: DTZ001
def test_dates_are_read_as_servers_write_them(moment: datetime) -> None:
    """RFC 6265bis 5.1.1, over the three forms of RFC 9110."""
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"):
        assert cookie_date(moment.strftime(form).encode()) == moment.timestamp()


@given(st.binary(max_size=80))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    """Any bytes have an answer."""
    name_of(line)
    deletes(b"a=1; Expires=" + line, NOW)
    deletes(line, NOW)


def test_our_lines_are_for_the_whole_host_and_secure() -> None:
    """M40: `__Host-` asks for Secure and Path=/, and no Domain."""
    _, line = write(b"__Host-x", "v", expires=NOW, same_site="Strict", http_only=True)
    date = b"Mon, 21 Sep 2026 14:13:20 GMT"
    assert line == b"__Host-x=v; Expires=" + date + b"; Path=/; Secure; SameSite=Strict; HttpOnly"
    assert deletes(delete(b"__Host-x", same_site="Lax")[1], NOW)


def test_cookies_of_the_site_are_taken_back_where_they_may_stand() -> None:
    """M12: on the host and on each domain it may have been set for; odd names are not written."""
    lines = [line for _, line in expire(b"_ga", ("shop.example",))]
    assert lines == [b"_ga=; Max-Age=0; Path=/", b"_ga=; Max-Age=0; Path=/; Domain=shop.example"]
    assert [line for _, line in expire(b"__Host-a", ("shop.example",))] == [
        b"__Host-a=; Max-Age=0; Path=/; Secure"
    ]
    assert expire(b"a b\r\nSet-Cookie: c", ()) == []
    assert expire(b"_ga", (), ("/a;b", "/\r\nX: y", "no")) == []
    assert [line for _, line in expire(b"_ga", (), ("/shop",))] == [b"_ga=; Max-Age=0; Path=/shop"]


def test_every_path_that_could_hold_a_cookie() -> None:
    """M12: a page's own path and each above it, with and without the slash at its end."""
    assert prefixes("/") == ()
    assert prefixes("/a") == ("/a",)
    assert prefixes("/a/b/?x=/c#d") == ("/a", "/a/", "/a/b", "/a/b/")
    assert prefixes("//a") == ("//a",)
