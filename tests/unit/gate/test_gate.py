"""The state cookie, read: what counts, what does not, and what a page that reads it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.gate.gate import MOST_KEPT, Gate, Known
from askfirst.gate.read_request import MOST_TOKENS
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.token import LONGEST
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import KEY, NOW, make_policy, state_token

ALL = {"statistics": 2, "marketing": 2, "preferences": 2}
POLICY = make_policy()


def make_gate(now: Callable[[], float] = lambda: NOW) -> Gate:
    gate = Gate(POLICY, now=now)
    editions = Editions((Edition(1, POLICY.hash, int(NOW), POLICY),))
    gate.learn(Known(editions, (bytes(32), KEY)))
    return gate


def cookie(*tokens: bytes, name: bytes = b"__Host-askfirst") -> list[tuple[bytes, bytes]]:
    return [(b"cookie", b"; ".join(name + b"=" + token for token in tokens))]


GRANTED = state_token(ALL)


def test_an_answer_is_read() -> None:
    """The answer of the state cookie is the consent of the request."""
    consent = make_gate().consent(cookie(state_token({"statistics": 1, "marketing": 0})))
    assert consent.allows("statistics")
    assert not consent.allows("marketing")
    assert not consent.allows("preferences")
    assert consent.source == "visitor"
    assert [question.purpose for question in consent.asks] == ["preferences"]


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"x",
        GRANTED[:-1],
        GRANTED + b"x",
        GRANTED[:40],
        GRANTED.replace(b".", b"", 1),
        b"\xff" * 100,
        b"." * 4000,
        state_token(ALL, key=bytes(31) + b"!"),
        state_token(ALL, site="other"),
        state_token(ALL, expires=NOW),
        state_token(ALL, expires=NOW + 401 * 86_400),
        b"eyJhbGciOiJub25lIn0." + GRANTED.split(b".")[1] + b".",
    ],
)
def test_what_is_not_ours_is_not_an_answer(token: bytes) -> None:
    """Malformed, truncated, forged, expired or foreign: not asked yet."""
    consent = make_gate().consent(cookie(token))
    assert consent.state is None
    assert not consent.allows("statistics")
    assert len(consent.asks) == 3


@given(st.integers(0, len(GRANTED) - 1), st.integers(0, 255))
def test_no_changed_byte_is_an_answer(at: int, byte: int) -> None:
    """A cookie with any byte changed is not asked yet, and never a fault."""
    forged = GRANTED[:at] + bytes([byte]) + GRANTED[at + 1 :]
    state = make_gate().consent(cookie(forged)).state
    assert (state is None) or forged == GRANTED


def test_of_several_the_meet_counts() -> None:
    """M40: of several state cookies the meet counts."""
    lower = state_token({"statistics": 1, "marketing": 0})
    for tokens in ((GRANTED, lower), (lower, GRANTED), (GRANTED, b"forged", lower)):
        consent = make_gate().consent(cookie(*tokens))
        assert consent.detail("statistics") == 1
        assert not consent.allows("marketing")
        assert not consent.allows("preferences")


def test_a_parent_domain_can_only_narrow() -> None:
    """M40: a parent-domain cookie refuses or narrows; alone it grants nothing."""
    parent = cookie(state_token({"statistics": 1, "marketing": 0}), name=b"askfirst")
    alone = make_gate().consent(parent)
    assert not alone.allows("statistics")
    assert "marketing" not in [question.purpose for question in alone.asks]
    both = make_gate().consent([*cookie(GRANTED), *parent])
    assert both.detail("statistics") == 1
    assert not both.allows("marketing")
    assert both.allows("preferences")
    wider = cookie(GRANTED, name=b"askfirst")
    refused = cookie(state_token({"statistics": 0}))
    assert not make_gate().consent([*refused, *wider]).allows("statistics")
    assert make_gate().consent(wider).state is None


def test_a_checked_answer_still_expires() -> None:
    """An answer in the cache ends when it ends."""
    clock = [NOW]
    gate = make_gate(lambda: clock[0])
    assert gate.consent(cookie(GRANTED)).allows("statistics")
    assert gate.consent(cookie(GRANTED)) is gate.consent(cookie(GRANTED))
    clock[0] = NOW + 86_400
    assert gate.consent(cookie(GRANTED)).state is None


def test_the_cache_is_bounded() -> None:
    """S19: neither forged nor real answers fill the memory."""
    gate = make_gate()
    for number in range(MOST_KEPT + 50):
        gate.consent(cookie(b"forged%d" % number))
        gate.consent(cookie(state_token(ALL, expires=NOW + 1000 + number)))
    assert len(gate._kept) == MOST_KEPT


def test_what_hangs_on_a_real_answer_is_not_remembered() -> None:
    """S19: a true answer beside a long or a thousandfold false one keeps no copy of it."""
    gate = make_gate()
    long = [*cookie(GRANTED), *cookie(b"x" * 100_000, name=b"askfirst")]
    assert gate.consent(long).allows("statistics")
    many = [*cookie(GRANTED), *cookie(*([b"x"] * MOST_TOKENS), name=b"askfirst")]
    assert gate.consent(many).state is None
    assert sum(len(token) for key in gate._kept for _, token in key[0]) < 2 * LONGEST


def test_signals_deny_for_the_request() -> None:
    """M23: GPC beats an older grant for this request; without it the grant is there again."""
    gate = make_gate()
    under = gate.consent([*cookie(GRANTED), (b"sec-gpc", b"1")])
    assert not under.allows("marketing")
    assert under.allows("statistics")
    assert under.source == "gpc"
    assert gate.consent(cookie(GRANTED)).allows("marketing")
    assert not gate.consent([(b"dnt", b"1")]).asks


@pytest.mark.anyio
async def test_a_page_that_reads_says_so(shop: Callable[..., Shop]) -> None:
    """M39: Vary where consent was read; else the page is byte-identical for everyone."""
    site = shop()
    site.headers = [(b"cache-control", b"public, max-age=60"), (b"X-Odd", b"\xff")]
    granted, refused = site.another(), site.another()
    granted.jar[b"__Host-askfirst"] = GRANTED
    refused.jar[b"__Host-askfirst"] = state_token({"statistics": 0})
    pages = [await each.get("/") for each in (granted, refused, site.browser)]
    assert pages[0] == pages[1] == pages[2]
    assert pages[0].headers[1:] == site.headers
    site.reads = "statistics"
    pages = [await each.get("/") for each in (granted, refused, site.browser)]
    assert [page.body for page in pages] == [b"<p>hello True", b"<p>hello False", b"<p>hello False"]
    assert {page.one(b"vary") for page in pages} == {b"Cookie, Sec-GPC, DNT, ADPC"}
    assert {page.one(b"cache-control") for page in pages} == {b"public, max-age=60"}


@pytest.mark.anyio
async def test_a_page_that_sets_a_purpose_s_cookie_is_private(shop: Callable[..., Shop]) -> None:
    """M39: whether the cookie passed or was taken out, no shared cache keeps the page."""
    site = shop()
    site.headers = [(b"Cache-Control", b"public, s-maxage=9"), (b"Set-Cookie", b"_ga=1")]
    granted = site.another()
    granted.jar[b"__Host-askfirst"] = GRANTED
    for browser, cookies in ((granted, [b"_ga=1"]), (site.browser, [])):
        page = await browser.get("/")
        assert page.all(b"set-cookie") == cookies
        assert page.one(b"cache-control") == b"private"
        assert page.one(b"vary") == b"Cookie, Sec-GPC, DNT, ADPC"


@pytest.mark.anyio
async def test_the_application_never_sees_the_receipt(shop: Callable[..., Shop]) -> None:
    """M40: the receipt cookie is taken out of the request, the others are as they were."""
    site = shop()
    line = b'a="x; __Host-askfirst-receipt=AAAAAAAAAAAAAAAAAAAAAA; \xff=1'
    await site.browser.send("GET", "/", headers=[(b"cookie", line)])
    assert (b"cookie", b'a="x; \xff=1') in site.seen[0]["headers"]
    assert b"AAAAAAAAAA" not in repr(site.seen[0]).encode()
