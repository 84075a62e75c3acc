"""What is kept about me, over HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable

import pytest

from tests.unit.gate.browser import SAME_ORIGIN
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import AWAY

pytestmark = pytest.mark.anyio
RECEIPT = b"__Host-askfirst-receipt"
JSON = [(b"accept", b"application/json")]
NAVIGATED = [(b"sec-fetch-mode", b"navigate")]
Build = Callable[..., Shop]


async def granted(shop: Build) -> Shop:
    site = shop()
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 200
    return site


async def test_a_visitor_sees_and_takes_home_what_is_kept(shop: Build) -> None:
    """M29: as a page, as JSON, as a file; the receipt with its secret, for its owner alone."""
    site = await granted(shop)
    page = await site.browser.get("/askfirst/rights/me")
    assert page.status == 200
    assert b"<h1" in page.body
    kept = (await site.browser.get("/askfirst/rights/me", JSON)).json
    assert kept["record"]["choices"]["statistics"] == 2
    file = await site.browser.get("/askfirst/rights/receipt", NAVIGATED)
    assert file.one(b"content-disposition") == b'attachment; filename="receipt.json"'
    assert file.json == {"receipt": kept["receipt"], "secret": site.browser.jar[RECEIPT].decode()}
    everything = await site.browser.get("/askfirst/rights/export")
    assert everything.json == kept
    posted = await site.browser.post_form("/askfirst/rights/me", "action=export")
    assert posted.json == kept
    assert {page.one(b"cache-control"), file.one(b"cache-control")} == {b"no-store"}


@pytest.mark.parametrize("mode", [b"cors", b"no-cors", b"same-origin", b""])
async def test_no_script_is_told_the_secret(shop: Build, mode: bytes) -> None:
    """M40: the cookie is HttpOnly, and no fetch of the site's own pages gets around that."""
    site = await granted(shop)
    fetched = [SAME_ORIGIN, *([(b"sec-fetch-mode", mode)] if mode else [])]
    for target in ("receipt", "me", "export"):
        got = await site.browser.get(f"/askfirst/rights/{target}", [*JSON, *fetched])
        assert site.browser.jar[RECEIPT] not in got.body
    nobody = await site.another().get("/askfirst/rights/receipt", [*JSON, *fetched])
    asked = await site.browser.get("/askfirst/rights/receipt", [*JSON, *fetched])
    assert asked == nobody
    header = (b"authorization", b"Receipt " + site.browser.jar[RECEIPT])
    known = await site.another().get("/askfirst/rights/receipt", [*fetched, header])
    assert known.status == 200


async def test_the_secret_may_come_in_the_header(shop: Build) -> None:
    """Rights take the secret in the cookie or in Authorization."""
    site = await granted(shop)
    header = (b"authorization", b"receipt " + site.browser.jar[RECEIPT])
    got = await site.another().get("/askfirst/rights/me", [*JSON, header])
    assert got.json["record"]
    ended = await site.another().post_json("/askfirst/rights/withdraw", {}, [SAME_ORIGIN, header])
    assert ended.json == {"done": "withdrawn"}
    assert not site.collector.consent_status


async def test_an_unknown_or_dead_receipt_tells_nothing(shop: Build) -> None:
    """M29, M43: none, unknown, dead, two at once or malformed: the same bytes."""
    site = await granted(shop)
    dead = site.browser.jar[RECEIPT]
    await site.browser.consent("withdraw", "")
    cases = [
        b"",
        dead,
        b"A" * 22,
        b"A" * 21 + b"B",
        b"x",
        dead + b"; " + RECEIPT + b"=" + b"A" * 22,
    ]
    for target in ("/askfirst/rights/me", "/askfirst/rights/receipt", "/askfirst/rights/export"):
        # As a person opens them: a script is told less still.
        answers = []
        for value in cases:
            headers = [(b"cookie", RECEIPT + b"=" + value)] if value else []
            browser = site.another()
            answers.append(await browser.get(target, [*JSON, *NAVIGATED, *headers]))
            answers[-1].headers += (await browser.get("/askfirst/rights/me", headers)).headers
        assert all(answer == answers[0] for answer in answers)
        assert (answers[0].status, answers[0].json["reason"]) == (401, "no-receipt")


@pytest.mark.parametrize(("act", "done"), [("erase", "erased"), ("restrict", "restricted")])
async def test_rights_are_exercised(shop: Build, act: str, done: str) -> None:
    """M29: by its own path or by `action`, as a form or as JSON; twice is harmless."""
    site = await granted(shop)
    secret = site.browser.jar[RECEIPT]
    handle = hashlib.sha256(_raw(secret)).hexdigest()
    form = await site.browser.post_form(f"/askfirst/rights/{act}", "return_to=%2F")
    assert (form.status, form.one(b"location")) == (
        303,
        f"/askfirst/rights/me?done={done}".encode(),
    )
    own = [SAME_ORIGIN, (b"authorization", b"Receipt " + secret)]
    by_json = await site.browser.post_json("/askfirst/rights/me", {"action": act}, own)
    assert by_json.json == {"done": done}
    calls = site.collector.erased if act == "erase" else site.collector.restricted
    assert calls == [handle, handle]


def _raw(secret: bytes) -> bytes:
    import base64

    return base64.urlsafe_b64decode(secret + b"==")


@pytest.mark.parametrize("away", [False, True])
async def test_who_is_erased_is_as_one_who_refused(shop: Build, away: bool) -> None:
    """M12, M29: in this browser nothing runs on; nobody waits for that, and nothing is counted."""
    site = await granted(shop)
    refused = site.another()
    await refused.consent("reject_all", site.policy.hash)
    site.collector.away = AWAY if away else None
    assert (await site.browser.post_form("/askfirst/rights/erase", "return_to=%2F")).status == 303
    assert site.browser.jar == refused.jar
    assert len(site.collector.decisions) == 1  # the grant


async def test_withdrawing_here_is_withdrawing(shop: Build) -> None:
    """M12: the same cookies change as by the consent form."""
    site = await granted(shop)
    got = await site.browser.post_form("/askfirst/rights/me", "action=withdraw")
    assert got.status == 303
    assert RECEIPT not in site.browser.jar
    assert not site.collector.consent_status
    again = await site.browser.post_form("/askfirst/rights/me", "action=withdraw")
    assert (again.status, again.one(b"location")) == (303, b"/askfirst/rights/me")


async def test_what_is_no_right_is_told_so(shop: Build) -> None:
    """Unknown actions, paths and bodies have a reason; a collector that is away is no fault."""
    site = await granted(shop)
    for body in (b"[]", b'"x"', b"{}", b'{"action": ["erase"]}', b'{"action": "sell"}'):
        got = await site.browser.post_json("/askfirst/rights/me", body)
        assert (got.status, got.json["reason"]) == (422, "bad-shape")
    assert (await site.browser.get("/askfirst/rights/nothing")).status == 404
    assert (await site.browser.send("PUT", "/askfirst/rights/me")).status == 405
    site.collector.away = AWAY
    page = await site.browser.get("/askfirst/rights/me")
    assert (page.status, page.one(b"content-type")) == (503, b"text/html; charset=utf-8")
    assert (await site.browser.get("/askfirst/rights/me", JSON)).status == 503
    site.collector.spool = AWAY
    assert (await site.browser.post_json("/askfirst/rights/erase", {})).status == 503
    assert (await site.browser.post_form("/askfirst/rights/erase", "")).status == 503


async def test_withdrawing_may_erase_in_the_same_step(shop: Build) -> None:
    """M29: only where it is ticked; as a form and as JSON; the browser ends as one that refused."""
    for ticked in (False, True):
        for as_form in (True, False):
            site = await granted(shop)
            if as_form:
                body = "return_to=%2F" + ("&erase=1" if ticked else "")
                got = await site.browser.post_form("/askfirst/rights/withdraw", body)
                done = (got.one(b"location") or b"").decode().partition("done=")[2]
            else:
                erase = {"erase": True} if ticked else {}
                got = await site.browser.post_json("/askfirst/rights/withdraw", erase)
                done = got.json["done"]
            assert done == ("erased" if ticked else "withdrawn")
            assert len(site.collector.erased) == ticked
            assert RECEIPT not in site.browser.jar


@pytest.mark.parametrize("odd", ["0", "", "on", "1 "])
async def test_nothing_else_erases(shop: Build, odd: str) -> None:
    """What is not the box of the page is no wish to erase."""
    site = await granted(shop)
    await site.browser.post_form("/askfirst/rights/withdraw", f"erase={odd}")
    assert site.collector.erased == []


async def test_a_text_browser_withdraws_here_and_does_nothing_else(shop: Build) -> None:
    """M47: by its Referer alone, as at the notice."""
    site = await granted(shop)
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"referer", b"https://shop.example/askfirst/rights/me"),
    ]
    for name, status in (("erase", 403), ("restrict", 403), ("withdraw", 303)):
        got = await site.browser.send("POST", f"/askfirst/rights/{name}", b"", headers)
        assert got.status == status, name


async def test_rows_are_taken_along_as_a_table(shop: Build) -> None:
    """M29 (GDPR, article 20): a line each, no field that a spreadsheet would run."""
    site = await granted(shop)
    site.collector.rows = [
        {
            "collector": "",
            "purpose": "statistics",
            "closes": "day",
            "period": "2026-11-22",
            "type": "page_view",
            "values": {"page": ["/a", "/a/b"], "action": ["=cmd()"]},
        }
    ]
    got = await site.browser.get("/askfirst/rights/csv")
    assert got.one(b"content-type") == b"text/csv; charset=utf-8"
    assert got.one(b"content-disposition") == b'attachment; filename="askfirst.csv"'
    head, line = list(csv.reader(io.StringIO(got.body.decode())))
    row = dict(zip(head, line, strict=True))
    assert (row["purpose"], row["page"], row["action"]) == ("statistics", "/a › /a/b", "'=cmd()")
    assert (await site.another().get("/askfirst/rights/csv", JSON)).status == 401


async def test_why_nothing_was_stored_is_a_column_of_its_own(shop: Build) -> None:
    """M29: nobody reads in a table that they did an action that is called "bot"."""
    site = await granted(shop)
    dropped = {"purpose": "statistics", "type": "drop", "values": {"action": ["bot"]}}
    site.collector.rows = [dropped]
    got = await site.browser.get("/askfirst/rights/csv")
    head, line = list(csv.reader(io.StringIO(got.body.decode())))
    row = dict(zip(head, line, strict=True))
    assert (row["type"], row["action"], row["why_not_stored"]) == ("drop", "", "bot")


async def test_what_is_refused_says_what_to_send(shop: Build) -> None:
    """M29: that nothing is kept would be untrue of one that ended, and of a live one."""
    site = await granted(shop)
    for browser in (site.browser, site.another()):
        got = await browser.get("/askfirst/rights/receipt", JSON)
        assert got.status == 401
        assert "in its own browser, or send Authorization: Receipt SECRET" in got.body.decode()
        assert "nothing is kept" not in got.body.decode()
