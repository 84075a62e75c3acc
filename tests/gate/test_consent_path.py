"""POST /askfirst/consent: answers, cookies, and everything that is no answer."""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from askfirst.gate.record_answer import MOST_RECEIPTS
from askfirst.http.set_cookie import cookie_date
from tests.gate.browser import SAME_ORIGIN, Got, until
from tests.gate.conftest import Shop
from tests.gate.memory import AWAY, NOW, ORIGIN, PURPOSES, make_policy, state_token

pytestmark = pytest.mark.anyio
STATE, RECEIPT = b"__Host-askfirst", b"__Host-askfirst-receipt"
Build = Callable[..., Shop]


def claims(token: bytes) -> dict[str, object]:
    body = token.split(b".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))))


def line_of(got: Got, name: bytes) -> bytes:
    (line,) = [line for line in got.all(b"set-cookie") if line.startswith(name + b"=")]
    return line


async def test_a_grant_is_recorded_before_it_takes_effect(shop: Build) -> None:
    """M17, M40: the ledger has it, then the two cookies come, each as it must be."""
    site = shop()
    got = await site.browser.consent("accept_all", site.policy.hash)
    assert got.status == 200
    assert got.json["decision"] == "granted"
    assert got.json["receipt"] == "receipt.of.ledger"
    (decision,) = site.collector.decisions
    assert decision.choices == dict.fromkeys(PURPOSES, 3)
    secret = site.browser.jar[RECEIPT]
    raw = base64.urlsafe_b64decode(secret + b"==")
    assert len(raw) == 16
    assert decision.handle == hashlib.sha256(raw).hexdigest()
    state, receipt = line_of(got, STATE), line_of(got, RECEIPT)
    assert state.endswith(b"; Path=/; Secure; SameSite=Lax")
    assert receipt.endswith(b"; Path=/; Secure; SameSite=Strict; HttpOnly")
    assert secret not in got.body
    assert secret not in b"".join(value for name, value in got.headers if name != b"set-cookie")
    assert (await site.browser.get("/")).status == 200
    assert site.seen[0]["askfirst"].allows("statistics")


async def test_with_server_side_the_receipt_is_lax(shop: Build) -> None:
    """M40: the one exception, so that the first page of a visit is seen."""
    site = shop(server_side=True)
    got = await site.browser.consent("accept_all", site.policy.hash)
    assert line_of(got, RECEIPT).endswith(b"; Path=/; Secure; SameSite=Lax; HttpOnly")


async def test_the_state_cookie_is_the_same_for_everyone(shop: Build) -> None:
    """M09: byte-identical for each visitor with that choice in that month; no id, no fine time."""
    site = shop()
    for method in ("accept_all", "reject_all"):
        lines = set()
        for day in range(0, 9, 3):
            site.clock[0] = NOW + day * 86_400 + day
            got = await site.another().consent(method, site.policy.hash)
            lines.add(line_of(got, STATE))
        (line,) = lines
        token = line.partition(b";")[0].partition(b"=")[2]
        assert claims(token).keys() == {"aud", "ch", "ed", "exp"}


async def test_a_refusal_is_the_same_whatever_came_before(shop: Build) -> None:
    """M09: after a withdrawal the browser holds what a visitor who refused at once holds."""
    site = shop()
    refused = site.another()
    await refused.consent("reject_all", site.policy.hash)
    await site.browser.consent("accept_all", site.policy.hash)
    for method in ("withdraw", "reject_all"):
        got = await site.browser.consent(method, site.policy.hash)
        assert site.browser.jar == refused.jar
        assert got.json["expires"] == claims(site.browser.jar[STATE])["exp"]


async def test_a_refusal_is_not_recorded(shop: Build) -> None:
    """A refusal without a receipt reaches no collector, and sets one cookie."""
    site = shop()
    got = await site.browser.consent("reject_all", site.policy.hash)
    assert got.json["decision"] == "refused"
    assert [*site.browser.jar] == [STATE]
    assert "record" not in site.collector.calls
    assert "tally_refusal" not in site.collector.calls


async def test_a_refusal_lasts(shop: Build) -> None:
    """M10: at least 184 days and as long as a grant; no cookie of ours outlives 400 days."""
    for days in (90, 184, 365):
        site = shop(consent_days=days, refusal_days=max(days, 184))
        for month in range(12):
            site.clock[0] = NOW + month * 30.4 * 86_400
            no = await site.another().consent("reject_all", site.policy.hash)
            yes = await site.another().consent("accept_all", site.policy.hash)
            ends = {}
            for name, got in (("no", no), ("yes", yes)):
                line = line_of(got, STATE)
                ends[name] = cookie_date(line.partition(b"Expires=")[2].partition(b";")[0]) or 0.0
                assert ends[name] == got.json["expires"]
            assert ends["no"] - site.clock[0] >= 184 * 86_400
            assert ends["no"] >= ends["yes"]
            assert ends["no"] - site.clock[0] <= 400 * 86_400


async def test_refusals_are_counted_once_where_the_policy_says_so(shop: Build) -> None:
    """`count_refusals` adds one to a tally; the same refusal again adds nothing."""
    site = shop(count_refusals=True)
    for _ in range(2):
        await site.browser.consent("reject_all", site.policy.hash)
    await until(lambda: site.collector.tally == 1)
    await site.browser.consent("reject_all", site.policy.hash)
    assert site.collector.calls.count("tally_refusal") == 1


async def test_a_network_grants_no_more_than_people_do(shop: Build) -> None:
    """S19: each grant is kept for years; past the limit none is, and refusing always works."""
    site = shop()
    site.collector.most_grants = 1
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 200
    crowd = site.another()
    got = await crowd.consent("accept_all", site.policy.hash)
    assert (got.status, got.json["reason"]) == (429, "too-many-requests")
    assert got.one(b"retry-after") == b"60"
    assert (len(site.collector.standing), crowd.jar) == (1, {})
    assert (await crowd.consent("reject_all", "")).status == 200
    assert (await site.browser.consent("withdraw", "")).status == 200
    assert site.collector.admitted == ["203.0.113.9"] * 2


async def test_a_change_keeps_the_receipt(shop: Build) -> None:
    """A changed choice appends under the same handle; a purpose left out keeps its pair."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    secret = site.browser.jar[RECEIPT]
    got = await site.browser.consent("save", site.policy.hash, choices={"marketing": 0})
    assert got.json["decision"] == "changed"
    assert site.browser.jar[RECEIPT] == secret
    assert claims(site.browser.jar[STATE])["ch"] == {
        "marketing": [0, 1], "preferences": [3, 1], "statistics": [3, 1]
    }  # fmt: skip
    assert len({decision.handle for decision in site.collector.decisions}) == 1


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


async def test_a_second_receipt_does_not_keep_the_first_alive(shop: Build) -> None:
    """A script may plant another receipt beside it; withdrawal wins all the same."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    planted = (
        b"cookie",
        b"; ".join(b"__Host-askfirst-receipt=" + b"%020dAA" % n for n in range(9)),
    )
    body = {"v": 1, "edition": "", "lang": "en", "method": "withdraw"}
    beside = (b"cookie", b"__Host-askfirst-receipt=" + b"A" * 22)
    got = await site.browser.post_json("/askfirst/consent", body, [SAME_ORIGIN, beside])
    assert got.status == 200
    assert not site.collector.standing
    before = len(site.collector.calls)
    await site.another().post_json("/askfirst/consent", body, [SAME_ORIGIN, planted])
    assert len(site.collector.calls) - before <= MOST_RECEIPTS


async def test_withdrawing_takes_the_purposes_cookies_back(shop: Build) -> None:
    """M12: cookies of purposes that are no longer agreed to are expired; necessary ones stay."""
    site = shop()
    site.browser.jar |= {b"_ga": b"1", b"session": b"2", b"theme": b"dark", b"other": b"3"}
    got = await site.browser.consent("save", site.policy.hash, choices={"preferences": 3})
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
    assert claims(site.browser.jar[STATE])["ch"]["marketing"] == [0, 1]  # type: ignore[index]
    assert RECEIPT in site.browser.jar
    got = await site.browser.consent("withdraw", site.policy.hash)
    assert got.json["decision"] == "withdrawn"
    assert RECEIPT not in site.browser.jar
    site.browser.jar = dict(receipt)
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 503
    site.collector.away = None
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
    assert not any(pair[0] for pair in claims(site.browser.jar[STATE])["ch"].values())  # type: ignore[attr-defined]
    assert site.browser.jar[RECEIPT] == secret
    form = await site.browser.post_form("/askfirst/consent", f"v=1&method={method}")
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
    assert not any(pair[0] for pair in claims(site.browser.jar[STATE])["ch"].values())  # type: ignore[attr-defined]
    site.collector.spool = None
    for action in ("restrict", "erase", "withdraw"):
        assert (await site.browser.post_json(f"/askfirst/rights/{action}", {})).status == 200
    assert [entry.kind for entry in site.collector.owed] == ["restrict", "erase", "answer"]
    assert RECEIPT not in site.browser.jar


async def test_what_is_refused_beside_a_grant_holds_without_the_collector(shop: Build) -> None:
    """A refusal never waits: the grant beside it is not recorded, it is."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    site.collector.away = AWAY
    choices = {"marketing": 0, "statistics": 1}
    got = await site.browser.consent("save", site.policy.hash, choices=choices)
    assert got.status == 503
    pairs = claims(site.browser.jar[STATE])["ch"]
    assert pairs == {"marketing": [0, 1], "preferences": [3, 1], "statistics": [3, 1]}


async def test_before_the_collector_ever_spoke(shop: Build) -> None:
    """The page is served, grants are not taken, and forgetting is always possible."""
    site = shop()
    site.collector.away = AWAY
    site.browser.jar = {STATE: state_token({"statistics": (3, 1)}), RECEIPT: b"A" * 22}
    assert (await site.browser.get("/")).status == 200
    assert not site.seen[0]["askfirst"].allows("statistics")
    assert (await site.browser.consent("accept_all", site.policy.hash)).status == 503
    assert (await site.browser.consent("withdraw", "")).status == 200
    assert site.browser.jar == {}


async def test_gpc_leaves_what_sells_unasked(shop: Build) -> None:
    """M21, M23: whatever the body claims, no grant of it, and nothing stored as if chosen."""
    site = shop()
    site.browser.also = [(b"sec-gpc", b"1")]
    await site.browser.consent("accept_all", site.policy.hash)
    (decision,) = site.collector.decisions
    assert decision.gpc
    assert "marketing" not in decision.choices
    got = await site.browser.consent("save", site.policy.hash, choices={"marketing": 3})
    assert (got.status, got.json["reason"]) == (422, "nothing-chosen")
    assert "marketing" not in claims(site.browser.jar[STATE])["ch"]  # type: ignore[operator]


async def test_age_must_be_declared(shop: Build) -> None:
    """M30: 422 where a purpose with a minimum age is granted without `adult`; refusing is free."""
    site = shop(purposes={"statistics": {"minimum_age": 18}})
    edition = site.policy.hash
    for more in ({}, {"adult": False}):
        got = await site.browser.consent("accept_all", edition, **more)
        assert (got.status, got.json["reason"]) == (422, "age-not-declared")
    assert site.browser.jar == {}
    assert (await site.browser.consent("save", edition, choices={"marketing": 3})).status == 200
    assert (await site.browser.consent("reject_all", edition)).status == 200
    assert (await site.browser.consent("accept_all", edition, adult=True)).status == 200


async def test_for_children_every_answer_is_the_same_refusal(shop: Build) -> None:
    """M30: the refusal cookie byte for byte; an older grant is withdrawn and erased."""
    site = shop(for_children=True)
    refused = site.another()
    await refused.consent("reject_all", site.policy.hash)
    got = await site.browser.consent("accept_all", site.policy.hash, adult=True)
    assert got.json["decision"] == "refused"
    assert site.browser.jar == refused.jar
    assert site.collector.decisions == []
    older = site.another()
    older.jar = {STATE: state_token({"statistics": (3, 1)}), RECEIPT: b"A" * 22}
    handle = hashlib.sha256(bytes(16)).hexdigest()
    await older.get("/")
    site.collector.standing[handle] = _standing()
    await older.consent("accept_all", site.policy.hash)
    assert older.jar == refused.jar
    assert site.collector.erased == [handle]
    assert handle in site.collector.dead


def _standing() -> object:
    from askfirst.client import Recorded
    from askfirst.terms.edition import Choice

    return Recorded({"statistics": Choice(3, 1)}, int(NOW + 9e6), None, "granted")


async def test_an_old_edition_may_be_refused_and_not_granted(shop: Build) -> None:
    """409 for a grant of what is no longer asked; a refusal never fails for its edition."""
    site = shop()
    for edition in ("0" * 64, "", "x"):
        got = await site.browser.consent("accept_all", edition)
        assert (got.status, got.json["reason"]) == (409, "edition-changed")
        gone = {"gone": 0, "marketing": 0}
        assert (await site.another().consent("save", edition, choices=gone)).status == 200
        assert (await site.another().consent("reject_all", edition)).status == 200


async def test_refusing_only_what_was_widened_keeps_the_rest(shop: Build) -> None:
    """An empty `save` says: I have seen it, leave things as they are."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    jar = dict(site.browser.jar)
    got = await site.browser.consent("save", site.policy.hash, choices={})
    assert got.json["decision"] == "kept"
    assert site.browser.jar == jar
    assert (await site.another().consent("save", site.policy.hash, choices={})).status == 422


async def test_a_refusal_carries_nothing_of_its_own(shop: Build) -> None:
    """M25: the ledger gets edition and language from closed lists, whatever the body says."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    value = {"v": 1, "method": "withdraw", "lang": "x-64-bits", "edition": "y", "adult": True}
    assert (await site.browser.post_json("/askfirst/consent", value)).status == 200
    decision = site.collector.decisions[-1]
    assert (decision.lang, decision.edition, decision.adult) == ("en", site.policy.hash, False)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"v": 2}, 422, "unknown-version"),
        ({"v": True}, 422, "unknown-version"),
        ({"v": "1"}, 422, "unknown-version"),
        ({"extra": 1}, 422, "unknown-field"),
        ({"handle": "0" * 64}, 422, "unknown-field"),
        ({"method": "grant"}, 422, "bad-shape"),
        ({"method": None}, 422, "bad-shape"),
        ({"method": ["accept_all"]}, 422, "bad-shape"),
        ({"choices": {"statistics": True}}, 422, "bad-shape"),
        ({"choices": {"statistics": 4}}, 422, "bad-shape"),
        ({"choices": {"statistics": -1}}, 422, "bad-shape"),
        ({"choices": {"statistics": "3"}}, 422, "bad-shape"),
        ({"choices": [3]}, 422, "bad-shape"),
        ({"choices": {"statistics": 2}}, 422, "choices-contradict-method"),
        ({"method": "reject_all", "choices": {"marketing": 1}}, 422, "choices-contradict-method"),
        ({"choices": {"nothing": 3}}, 422, "unknown-purpose"),
        ({"choices": {"a/statistics": 3}}, 422, "unknown-purpose"),
        ({"method": "save"}, 422, "nothing-chosen"),
        ({"adult": 1}, 422, "bad-shape"),
        ({"lang": "xx-evil"}, 422, "bad-shape"),
        ({"lang": 7}, 422, "bad-shape"),
        ({"edition": ["x"]}, 422, "bad-shape"),
        ({"edition": "é" * 64}, 422, "bad-shape"),
    ],
)
async def test_what_is_no_answer_is_told_why(
    shop: Build, changes: dict[str, object], status: int, reason: str
) -> None:
    """Every refusal has its reason, as application/problem+json, and sets nothing."""
    site = shop()
    value = {"v": 1, "edition": site.policy.hash, "lang": "en", "method": "accept_all"} | changes
    got = await site.browser.post_json("/askfirst/consent", value)
    assert (got.status, got.json["reason"]) == (status, reason)
    assert got.one(b"content-type") == b"application/problem+json"
    assert site.browser.jar == {}
    assert site.collector.decisions == []


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"origin", b"null")],
        [(b"origin", b"https://evil.example")],
        [(b"sec-fetch-site", b"cross-site"), (b"origin", ORIGIN.encode())],
        [(b"sec-fetch-site", b"same-site")],
        [(b"sec-fetch-site", b"none")],
    ],
)
async def test_only_the_site_itself_answers(
    shop: Build, headers: list[tuple[bytes, bytes]]
) -> None:
    """M47: anything else is 403, before the body is read, and changes nothing."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    jar = dict(site.browser.jar)
    value = {"v": 1, "edition": site.policy.hash, "lang": "en", "method": "withdraw"}
    for got in (
        await site.browser.post_json("/askfirst/consent", value, headers),
        await site.browser.post_form("/askfirst/consent", "method=withdraw", headers),
        await site.browser.post_form("/askfirst/rights/erase", "", headers),
        await site.browser.post_form("/askfirst/rights/me", "action=erase", headers),
    ):
        assert (got.status, got.json["reason"]) == (403, "cross-origin")
    assert site.browser.jar == jar
    assert site.collector.erased == []


async def test_other_methods_and_types(shop: Build) -> None:
    """405 with Allow, 415 for other types, charsets and codings."""
    site = shop()
    got = await site.browser.get("/askfirst/consent")
    assert (got.status, got.one(b"allow")) == (405, b"POST")
    for kind in (b"text/plain", b"multipart/form-data; boundary=x", b"application/json;charset=x"):
        headers = [SAME_ORIGIN, (b"content-type", kind)]
        sent = await site.browser.send("POST", "/askfirst/consent", b"{}", headers)
        assert (sent.status, sent.json["reason"]) == (415, "unsupported-media-type")
    headers = [SAME_ORIGIN, (b"content-encoding", b"gzip")]
    bomb = await site.browser.post_json("/askfirst/consent", b"\x1f\x8b", headers)
    assert (bomb.status, bomb.json["reason"]) == (415, "encoded-body")


async def test_bodies_are_bounded(shop: Build) -> None:
    """64 kB: refused by its length unread, and by its bytes where it does not say one."""
    site = shop()
    for headers in ([SAME_ORIGIN], [SAME_ORIGIN, (b"content-length", b"9" * 5000)]):
        got = await site.browser.post_json("/askfirst/consent", b" " * 65_537, headers)
        assert (got.status, got.json["reason"]) == (413, "too-large")


async def test_a_form_goes_back_to_its_page(shop: Build) -> None:
    """M45: the same by a form, 303 to a path of this origin."""
    site = shop()
    fields = f"edition={site.policy.hash}&lang=en&return_to=%2Fa%3Fb%3Dc"
    got = await site.browser.post_form(
        "/askfirst/consent", f"{fields}&method=save&purpose.statistics=2&purpose.marketing=0"
    )
    assert (got.status, got.one(b"location")) == (303, b"/a?b=c")
    assert site.collector.decisions[0].choices == {"statistics": 2, "marketing": 0}
    assert {*site.browser.jar} == {STATE, RECEIPT}
    away = fields.replace("%2Fa%3Fb%3Dc", quote("//evil.example"))
    got = await site.browser.post_form("/askfirst/consent", f"{away}&method=withdraw")
    assert (got.status, got.one(b"location")) == (303, b"/")
    assert {*site.browser.jar} == {STATE}


async def test_the_button_that_was_pressed_counts(shop: Build) -> None:
    """A form sends every field it has: rejecting rejects all, accepting agrees to what is named."""
    site = shop()
    fields = f"edition={site.policy.hash}&lang=en&purpose.statistics=3"
    await site.browser.post_form("/askfirst/consent", f"{fields}&method=reject_all")
    assert set(claims(site.browser.jar[STATE])["ch"]) == set(PURPOSES)  # type: ignore[call-overload]
    other = site.another()
    await other.post_form("/askfirst/consent", f"{fields}&method=accept_all")
    assert site.collector.decisions[0].choices == {"statistics": 3}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 422),
        ("method", 400),
        ("method=save&method=save", 400),
        ("method=save&x=1", 422),
        ("method=save&purpose.statistics=9", 422),
        ("method=%ff", 400),
        ("method=save&lang=%00", 422),
        ("&".join(f"purpose.p{n}=0" for n in range(201)), 400),
    ],
)
async def test_a_form_that_is_none_is_explained_on_a_page(
    shop: Build, body: str, status: int
) -> None:
    """M45: without scripts a problem is a page for people, with the way back."""
    site = shop()
    got = await site.browser.post_form("/askfirst/consent", body)
    assert got.status == status
    assert got.one(b"content-type") == b"text/html; charset=utf-8"
    assert site.browser.jar == {}


@pytest.mark.corpus
async def test_json_test_suite(shop: Build, corpus: Path) -> None:
    """JSONTestSuite: every file as a body, and as a value in one, gets 4xx with a reason."""
    site = shop()
    seen = 0
    with tarfile.open(next((corpus / "json").glob("JSONTestSuite-*.tar.gz"))) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".json") else None
            if file is None:
                continue
            data = file.read()
            whole = json.dumps({"v": 1, "edition": site.policy.hash, "method": "accept_all"})
            held = whole[:-1].encode() + b',"lang":' + data + b"}"
            for body in (data, held):
                seen += 1
                got = await site.browser.post_json("/askfirst/consent", body)
                assert 400 <= got.status < 500, member.name
                assert got.json["reason"]
    assert seen > 600
    assert site.browser.jar == {}
    assert site.collector.decisions == []


@pytest.mark.corpus
async def test_naughty_strings(shop: Build, corpus: Path) -> None:
    """Each string in every place a string may stand: 4xx, nothing stored, nothing echoed."""
    site = shop()
    strings = json.loads((corpus / "naughty/blns.json").read_text("utf-8"))
    base = {"v": 1, "edition": site.policy.hash, "lang": "en", "method": "accept_all"}
    for text in strings:
        for value in (
            base | {"edition": text},
            base | {"lang": text},
            base | {"method": text},
            base | {"choices": {text: 3}},
            base | {text: text},
        ):
            got = await site.browser.post_json("/askfirst/consent", value)
            assert 400 <= got.status < 500, text
        form = f"method={quote(text)}&lang={quote(text)}&purpose.{quote(text)}={quote(text)}"
        got = await site.browser.post_form("/askfirst/consent", form)
        assert 400 <= got.status < 500, text
    assert site.browser.jar == {}
    assert site.collector.decisions == []


async def test_policy_fixture_is_what_the_tests_think(shop: Build) -> None:
    """The purposes the tests speak of are those that are asked, and one of them sells."""
    policy = make_policy()
    assert policy.asked == PURPOSES
    assert [n for n, p in policy.purposes.items() if p.terms.sells_or_shares] == ["marketing"]
