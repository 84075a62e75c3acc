"""Where requests come from, and where forms lead back to."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.contracts.origin import exact_origin, local_path, same_origin
from tests.unit.gate.memory import ORIGIN

SITE = b"sec-fetch-site"


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ([(SITE, b"same-origin")], True),
        ([(SITE, b"same-origin"), (b"origin", b"null")], True),
        ([(b"Sec-Fetch-Site", b"same-origin")], True),
        ([(b"origin", ORIGIN.encode())], True),
        ([], False),
        ([(b"origin", b"null")], False),
        ([(b"origin", b"https://evil.example")], False),
        ([(b"origin", ORIGIN.encode() + b".evil.example")], False),
        ([(b"origin", b"http://shop.example")], False),
        ([(b"origin", ORIGIN.encode()), (b"origin", ORIGIN.encode())], False),
        ([(SITE, b"same-site"), (b"origin", ORIGIN.encode())], False),
        ([(SITE, b"cross-site"), (b"origin", ORIGIN.encode())], False),
        ([(SITE, b"none"), (b"origin", ORIGIN.encode())], False),
        ([(SITE, b""), (b"origin", ORIGIN.encode())], False),
        ([(SITE, b"same-origin"), (SITE, b"cross-site")], False),
        ([(SITE, b"same-origin, same-origin")], False),
        ([(b"referer", ORIGIN.encode())], False),
    ],
)
def test_only_the_site_itself(headers: list[tuple[bytes, bytes]], taken: bool) -> None:
    """M47: same-origin by Sec-Fetch-Site, or without it an Origin of the site; null never."""
    assert same_origin(headers, (ORIGIN,)) is taken


def test_an_exact_origin_is_answered_by_its_name() -> None:
    """M47: one Origin among those of the site, which is what CORS is answered with."""
    told = (b"origin", ORIGIN.encode())
    assert exact_origin([told], (ORIGIN,)) == ORIGIN.encode()
    assert exact_origin([told, (SITE, b"cross-site")], (ORIGIN,)) == ORIGIN.encode()
    for headers in ([], [told, told], [(b"origin", b"null")], [(SITE, b"same-origin")]):
        assert exact_origin(headers, (ORIGIN, "null")) is None


@pytest.mark.parametrize(
    "wanted",
    [
        "", "x", "//evil.example", "/\\evil.example", "\\/evil", "https://evil.example", "/\t/evil",
        "/\n/evil", "javascript:alert(1)", "/a\\..\\b", "/ /evil", "/\x00", "/a\rSet-Cookie:x",
        "/" + "a" * 3000, "/\ud800", "///evil.example",
    ],
)  # fmt: skip
def test_what_may_lead_away_leads_home(wanted: str) -> None:
    """M47: a form goes back to a path of this origin, or to its root."""
    assert local_path(wanted) == "/"


@given(st.text(max_size=40) | st.text("/\\.@:#?%ax\t ", max_size=20).map("/".__add__))
def test_it_always_stays_on_the_origin(wanted: str) -> None:
    """M47: whatever is asked for, no browser leaves the origin by it."""
    path = local_path(wanted)
    assert path.isascii()
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert urlsplit(urljoin("https://shop.example/a", path)).netloc == "shop.example"


def test_paths_come_back_as_they_were() -> None:
    """A path with a query, a fragment or letters of any language is kept."""
    assert local_path("/a/b?c=d%20e&f=1#g") == "/a/b?c=d%20e&f=1#g"
    assert local_path("/möwe") == "/m%C3%B6we"
    assert local_path(None) == "/"
