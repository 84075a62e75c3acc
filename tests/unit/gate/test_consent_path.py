"""POST /askfirst/consent: answers, cookies, and everything that is no answer."""

from __future__ import annotations

import base64
import hashlib

import pytest

from askfirst.http.set_cookie import cookie_date
from tests.unit.gate.browser import claims, line_of, until
from tests.unit.gate.conftest import Build
from tests.unit.gate.memory import NOW, PURPOSES, RECEIPT, STATE, state_token

pytestmark = pytest.mark.anyio


async def test_a_grant_is_recorded_before_it_takes_effect(shop: Build) -> None:
    """M17, M40: the ledger has it, then the two cookies come, each as it must be."""
    site = shop()
    got = await site.browser.consent("accept_all", site.policy.hash)
    assert got.status == 200
    assert got.json["decision"] == "granted"
    assert got.json["receipt"] == "receipt.of.ledger"
    (decision,) = site.collector.decisions
    assert decision.choices == dict.fromkeys(PURPOSES, 2)
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
    """M09: byte-identical for each visitor with that choice in that half-year; no id, no time."""
    site = shop()
    for method in ("accept_all", "reject_all"):
        lines = set()
        for day in range(0, 99, 33):
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
    """M10: 181 days at least and as long as a grant, whatever the policy says; 400 days at most."""
    for days in (90, 184, 365):
        site = shop(consent_days=days, refusal_days=max(days, 184))
        site.collector.now = lambda clock=site.clock: clock[0]
        for month in range(12):
            site.clock[0] = NOW + month * 30.4 * 86_400
            no = await site.another().consent("reject_all", site.policy.hash)
            yes = await site.another().consent("accept_all", site.policy.hash)
            ends = {}
            for name, got in (("no", no), ("yes", yes)):
                line = line_of(got, STATE)
                ends[name] = cookie_date(line.partition(b"Expires=")[2].partition(b";")[0]) or 0.0
                assert ends[name] == got.json["expires"]
            assert ends["no"] - site.clock[0] >= 181 * 86_400
            assert ends["no"] == ends["yes"]
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
    assert (len(site.collector.consent_status), crowd.jar) == (1, {})
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
        "marketing": 0, "preferences": 2, "statistics": 2
    }  # fmt: skip
    assert len({decision.handle for decision in site.collector.decisions}) == 1


async def test_gpc_leaves_what_sells_unasked(shop: Build) -> None:
    """M21, M23: whatever the body claims, no grant of it, and nothing stored as if chosen."""
    site = shop()
    site.browser.also = [(b"sec-gpc", b"1")]
    await site.browser.consent("accept_all", site.policy.hash)
    (decision,) = site.collector.decisions
    assert decision.gpc
    assert "marketing" not in decision.choices
    got = await site.browser.consent("save", site.policy.hash, choices={"marketing": 2})
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
    assert (await site.browser.consent("save", edition, choices={"marketing": 2})).status == 200
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
    older.jar = {STATE: state_token({"statistics": 2}), RECEIPT: b"A" * 22}
    handle = hashlib.sha256(bytes(16)).hexdigest()
    await older.get("/")
    site.collector.consent_status[handle] = _standing()
    await older.consent("accept_all", site.policy.hash)
    assert older.jar == refused.jar
    # An erasure ends it as well; a withdrawal before it would leave nobody who finds its rows.
    assert site.collector.erased == [handle]
    assert site.collector.decisions == []


def _standing() -> object:
    from askfirst.client import Recorded
    from askfirst.terms.edition import Choice

    return Recorded({"statistics": Choice(2, 1)}, int(NOW + 9e6), None, "granted")


async def test_an_old_edition_may_be_refused_and_not_granted(shop: Build) -> None:
    """409 for a grant of what is no longer asked; a refusal never fails for its edition."""
    site = shop()
    for edition in ("0" * 64, "", "x"):
        got = await site.browser.consent("accept_all", edition)
        assert (got.status, got.json["reason"]) == (409, "edition-changed")
        gone = {"gone": 0, "marketing": 0}
        assert (await site.another().consent("save", edition, choices=gone)).status == 200
        assert (await site.another().consent("reject_all", edition)).status == 200


async def test_an_answer_to_nothing_changes_nothing(shop: Build) -> None:
    """Where nothing is asked an empty `save` leaves things as they are; nothing is set anew."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    jar = dict(site.browser.jar)
    got = await site.browser.consent("save", site.policy.hash, choices={})
    assert got.json["decision"] == "kept"
    assert (got.all(b"set-cookie"), site.browser.jar) == ([], jar)
    assert (await site.another().consent("save", site.policy.hash, choices={})).status == 422
