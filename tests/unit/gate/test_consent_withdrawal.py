"""Withdrawing and refusing act at once, with the collector or without."""

from __future__ import annotations

import pytest

from askfirst.gate.record_answer import MOST_RECEIPTS
from tests.unit.gate.browser import SAME_ORIGIN, claims
from tests.unit.gate.conftest import Build
from tests.unit.gate.memory import AWAY, RECEIPT, STATE, state_token

pytestmark = pytest.mark.anyio


async def test_withdrawing_ends_the_receipt_for_good(shop: Build) -> None:
    """After it a new grant has a new secret, and what a dead one claims is not taken."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    secret = site.browser.jar[RECEIPT]
    got = await site.browser.consent("withdraw", "")
    assert got.json["decision"] == "withdrawn"
    assert RECEIPT not in site.browser.jar
    site.browser.jar[RECEIPT] = secret
    again = await site.browser.consent("accept_all", site.policy.hash)
    assert again.json["decision"] == "granted"
    assert site.browser.jar[RECEIPT] != secret


@pytest.mark.parametrize("method", ["accept_all", "save"])
async def test_what_comes_after_a_withdrawal_in_another_tab_grants_nothing(
    shop: Build, method: str
) -> None:
    """M11: sent before, with the cookies of then, it arrives after: who agrees is asked again."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    before = dict(site.browser.jar)
    await site.browser.consent("withdraw", "")
    site.browser.jar |= before | {b"_ga": b"1"}
    late = await site.browser.consent(method, site.policy.hash, choices={"statistics": 2})
    assert (late.status, late.json["reason"]) == (409, "handle-ended")
    assert site.browser.jar == {}
    assert not site.collector.consent_status
    again = await site.browser.consent("accept_all", site.policy.hash)
    assert again.json["decision"] == "granted"
    assert site.browser.jar[RECEIPT] != before[RECEIPT]


async def test_a_second_receipt_does_not_keep_the_first_alive(shop: Build) -> None:
    """A script may plant another receipt beside it; withdrawal wins all the same."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    planted = (
        b"cookie",
        b"; ".join(b"__Host-askfirst-receipt=" + b"%020dAA" % n for n in range(9)),
    )
    body = {"v": 2, "edition": "", "lang": "en", "method": "withdraw"}
    beside = (b"cookie", b"__Host-askfirst-receipt=" + b"A" * 22)
    got = await site.browser.post_json("/askfirst/consent", body, [SAME_ORIGIN, beside])
    assert got.status == 200
    assert not site.collector.consent_status
    before = len(site.collector.calls)
    await site.another().post_json("/askfirst/consent", body, [SAME_ORIGIN, planted])
    assert len(site.collector.calls) - before <= MOST_RECEIPTS


async def test_withdrawing_takes_the_purposes_cookies_back(shop: Build) -> None:
    """M12: cookies of purposes that are no longer agreed to are expired; necessary ones stay."""
    site = shop()
    site.browser.jar |= {b"_ga": b"1", b"session": b"2", b"theme": b"dark", b"other": b"3"}
    got = await site.browser.consent("save", site.policy.hash, choices={"preferences": 2})
    assert b"_ga=; Max-Age=0; Path=/; Domain=shop.example" in got.all(b"set-cookie")
    assert {*site.browser.jar} == {b"session", b"theme", b"other", STATE, RECEIPT}


async def test_cookies_below_the_page_are_taken_back_too(shop: Build) -> None:
    """M12: what stands at the page's own path is not carried to ours, and is expired unseen."""
    site = shop()
    edition = site.policy.hash
    await site.browser.consent("accept_all", edition)
    site.browser.jar |= {b"_ga": b"1"}
    form = f"edition={edition}&lang=en&method=withdraw&return_to=/cart/pay"
    lines = (await site.browser.post_form("/askfirst/consent", form)).all(b"set-cookie")
    for name in (b"_ga", b"_fbp", b"theme"):
        for path in (b"/cart", b"/cart/", b"/cart/pay"):
            assert name + b"=; Max-Age=0; Path=" + path in lines
            assert name + b"=; Max-Age=0; Path=" + path + b"; Domain=shop.example" in lines
    assert b"_ga=; Max-Age=0; Path=/" in lines
    assert not any(line.startswith(b"session=") for line in lines)
    assert len(lines) <= 52


async def test_forgetting_needs_no_collector(shop: Build) -> None:
    """M12: before the collector has spoken once, a refusal takes the cookies back all the same."""
    site = shop()
    site.collector.away = AWAY
    site.browser.jar |= {b"_ga": b"1", b"session": b"2"}
    await site.browser.consent("reject_all", site.policy.hash)
    assert {*site.browser.jar} == {b"session"}


async def test_while_the_collector_is_away_nothing_is_granted(shop: Build) -> None:
    """503, Retry-After, and the visitor stays unasked."""
    site = shop()
    await site.browser.get("/")
    site.collector.away = AWAY
    got = await site.browser.consent("accept_all", site.policy.hash)
    assert got.status == 503
    assert got.one(b"content-type") == b"application/problem+json"
    assert int(got.one(b"retry-after")) > 0
    assert got.json["reason"] == "collector-away"
    assert site.browser.jar == {}
    site.collector.away = ZeroDivisionError("a fault that is not ours")
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 503


async def test_withdrawing_acts_at_once_while_the_collector_is_away(shop: Build) -> None:
    """Locally at once; retried until acknowledged, before any later answer."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    receipt = dict(site.browser.jar)
    site.collector.away = AWAY
    part = await site.browser.consent("save", site.policy.hash, choices={"marketing": 0})
    assert part.status == 200
    assert claims(site.browser.jar[STATE])["ch"]["marketing"] == 0  # type: ignore[index]
    assert RECEIPT in site.browser.jar
    got = await site.browser.consent("withdraw", site.policy.hash)
    assert got.json["decision"] == "withdrawn"
    assert RECEIPT not in site.browser.jar
    site.browser.jar = dict(receipt)
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 503
    site.collector.away = None
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 409
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 200
    methods = [decision.method for decision in site.collector.decisions]
    assert methods == ["accept_all", "save", "withdraw", "accept_all"]
    assert site.browser.jar[RECEIPT] != receipt[RECEIPT]


@pytest.mark.parametrize("method", ["withdraw", "reject_all"])
async def test_what_can_be_written_nowhere_is_refused_here_and_can_be_tried_again(
    shop: Build, method: str
) -> None:
    """M50: never answered as recorded; the browser refuses all the same, and keeps its key."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    secret = site.browser.jar[RECEIPT]
    site.collector.away = site.collector.spool = AWAY
    got = await site.browser.consent(method, site.policy.hash)
    assert (got.status, got.json["reason"]) == (503, "collector-away")
    assert int(got.one(b"retry-after")) > 0
    assert not any(claims(site.browser.jar[STATE])["ch"].values())  # type: ignore[attr-defined]
    assert site.browser.jar[RECEIPT] == secret
    form = await site.browser.post_form("/askfirst/consent", f"v=2&method={method}")
    assert (form.status, form.one(b"content-type")) == (503, b"text/html; charset=utf-8")
    assert site.browser.jar[RECEIPT] == secret
    site.collector.away = None
    assert (await site.browser.consent(method, site.policy.hash)).status == 200
    assert RECEIPT not in site.browser.jar
    assert [each.method for each in site.collector.decisions] == ["accept_all", method]


async def test_rights_that_can_be_written_nowhere_keep_the_receipt(shop: Build) -> None:
    """M29, M50: by the rights page too, erasing and restricting as well; then they are owed."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    secret = site.browser.jar[RECEIPT]
    site.collector.away = site.collector.spool = AWAY
    for action in ("erase", "restrict", "withdraw"):
        assert (await site.browser.post_json(f"/askfirst/rights/{action}", {})).status == 503
        page = await site.browser.post_form("/askfirst/rights/me", f"action={action}")
        assert (page.status, site.browser.jar[RECEIPT]) == (503, secret)
    assert not any(claims(site.browser.jar[STATE])["ch"].values())  # type: ignore[attr-defined]
    site.collector.spool = None
    own = [SAME_ORIGIN, (b"authorization", b"Receipt " + secret)]
    for action in ("restrict", "erase", "withdraw"):
        assert (await site.browser.post_json(f"/askfirst/rights/{action}", {}, own)).status == 200
    assert [entry.kind for entry in site.collector.owed] == ["restrict", "erase", "answer"]
    assert RECEIPT not in site.browser.jar


async def test_what_is_refused_beside_a_grant_holds_without_the_collector(shop: Build) -> None:
    """A refusal never waits: the grant beside it is not recorded, it is."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    site.collector.away = AWAY
    choices = {"marketing": 0, "statistics": 2}
    got = await site.browser.consent("save", site.policy.hash, choices=choices)
    assert got.status == 503
    pairs = claims(site.browser.jar[STATE])["ch"]
    assert pairs == {"marketing": 0, "preferences": 2, "statistics": 2}


async def test_before_the_collector_ever_spoke(shop: Build) -> None:
    """The page is served, grants are not taken, and forgetting is always possible."""
    site = shop()
    site.collector.away = AWAY
    site.browser.jar = {STATE: state_token({"statistics": 2}), RECEIPT: b"A" * 22}
    assert (await site.browser.get("/")).status == 200
    assert not site.seen[0]["askfirst"].allows("statistics")
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 503
    assert (await site.browser.consent("withdraw", "")).status == 200
    assert site.browser.jar == {}


async def test_what_the_browser_takes_back_is_tried_until_it_is_written(shop: Build) -> None:
    """S07, M50: where neither ledger nor spool take it, it is denied, and tried again."""
    site = shop()
    site.reads = "statistics"
    await site.browser.consent("accept_all", site.policy.hash)
    before = dict(site.browser.jar)
    site.collector.away = site.collector.spool = AWAY
    takes_back = [(b"adpc", b"withdraw=*")]
    assert (await site.browser.get("/", takes_back)).body == b"<p>hello False"
    assert site.browser.jar == before
    site.collector.away = site.collector.spool = None
    await site.browser.get("/", takes_back)
    assert [decision.method for decision in site.collector.decisions] == ["accept_all", "save"]
    assert site.collector.dead
    assert RECEIPT not in site.browser.jar
    recorded = len(site.collector.calls)
    await site.browser.get("/", takes_back)
    assert len(site.collector.calls) == recorded
