"""Our own paths: pages, policy, static files, well-known files, and what stands around them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import date

import pytest

from askfirst.pages.assets import versioned
from askfirst.pages.words import words_in
from askfirst.terms.published import published
from tests.unit.gate.browser import Browser
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import AWAY, state_token

pytestmark = pytest.mark.anyio
JSON = [(b"accept", b"application/json")]
Build = Callable[..., Shop]
EVERY = (
    "/askfirst/", "/askfirst/nothing", "/askfirst/choices", "/askfirst/choices?lang=xx",
    "/askfirst/policy", "/askfirst/policy/nothing", "/askfirst/rights/me",
    "/askfirst/consent-requests",
    "/askfirst/rights/export", "/askfirst/rights/dpv", "/askfirst/receipt",
    "/askfirst/consent", "/askfirst/csp", "/askfirst/events",
    "/askfirst/static/askfirst.js",
    "/askfirst/static/../client.py", "/.well-known/gpc.json", "/.well-known/askfirst.json",
)  # fmt: skip


async def test_gpc_is_announced(shop: Build) -> None:
    """M24: application/json, a boolean, and an RFC 3339 date."""
    got = await shop().browser.get("/.well-known/gpc.json")
    assert got.one(b"content-type") == b"application/json"
    assert got.json["gpc"] is True
    assert date.fromisoformat(got.json["lastUpdate"]) == date(2026, 9, 21)


async def test_the_policy_is_named(shop: Build) -> None:
    """Anyone finds the policy in force by its hash."""
    site = shop()
    about = (await site.browser.get("/.well-known/askfirst.json")).json
    assert about["policy"]["hash"] == site.policy.hash
    archived = await site.browser.get(about["policy"]["url"], JSON)
    assert archived.json["policy"] == site.policy.document


async def test_the_policy_is_the_same_for_everyone(shop: Build) -> None:
    """Seam 7: page or JSON by Accept, with an ETag, and no trace of who asks."""
    site = shop()
    asker = site.another()
    asker.jar[b"__Host-askfirst"] = state_token({"statistics": 2})
    asker.also = [(b"accept-language", b"de"), (b"sec-gpc", b"1"), (b"user-agent", b"x")]
    for headers in ([], JSON, [(b"accept", b"text/html, application/json")]):
        one = await site.browser.get("/askfirst/policy", headers)
        assert await asker.get("/askfirst/policy", headers) == one
        assert one.one(b"vary") == b"Accept"
        assert one.one(b"cache-control") == b"public, max-age=300"
        tag = one.one(b"etag")
        again = await site.browser.get("/askfirst/policy", [*headers, (b"if-none-match", tag)])
        assert (again.status, again.body) == (304, b"")
    told = (await site.browser.get("/askfirst/policy", JSON)).json
    editions = await site.collector.editions(site.policy)
    words = words_in("en")
    failed = words.say("notice", "failed")
    assert {name: told.pop(name) for name in ("lang", "control")} == {
        "lang": "en",
        "control": {**words.entries["control"], "list": ", ", "failed": failed},
    }
    assert told == published(editions)


async def test_older_editions_stay_readable(shop: Build) -> None:
    """S13: every edition is archived under its hash."""
    site = shop()
    await site.browser.get("/")
    newer = shop(consent_days=180).policy
    await site.collector.editions(newer)
    other = Shop(newer, site.collector)
    for path, number in ((f"/askfirst/policy/{site.policy.hash}", 1), ("/askfirst/policy", 2)):
        assert (await other.browser.get(path, JSON)).json["number"] == number
        assert (await other.browser.get(path)).status == 200
    assert (await other.browser.get("/askfirst/policy/" + "0" * 64)).status == 404


async def test_words_that_there_are_not_are_english(shop: Build) -> None:
    """A page asks by its own language before it knows which one the site has for it."""
    site = shop()
    english, german = [
        (await site.browser.get(f"/askfirst/static/words/{name}.json")).body
        for name in ("en", "de")
    ]
    for name, body in (("ca", english), ("EN", english), ("De", german), ("x", english)):
        got = await site.browser.get(f"/askfirst/static/{versioned(f'words/{name}.json')}")
        assert (got.status, got.body) == (200, body), name
    for name in ("words/eng.json", "words/e1.json", "words/.json", "ca.json", "words/ca.js"):
        assert (await site.browser.get(f"/askfirst/static/{name}")).status == 404, name


async def test_static_files_are_ours_alone(shop: Build) -> None:
    """Package data by name, with an ETag; for good with `?v=`; no way out of the folder."""
    site = shop()
    got = await site.browser.get("/askfirst/static/words/en.json")
    assert got.status == 200
    assert got.one(b"content-type") == b"application/json"
    assert b"immutable" not in got.one(b"cache-control")
    kept = await site.browser.get(f"/askfirst/static/{versioned('words/en.json')}")
    assert b"immutable" in kept.one(b"cache-control")
    other = await site.browser.get("/askfirst/static/words/en.json?v=1")
    assert b"immutable" not in other.one(b"cache-control")
    tag = [(b"if-none-match", got.one(b"etag"))]
    assert (await site.browser.get("/askfirst/static/words/en.json", tag)).status == 304
    for name in ("../client.py", "", "words", "words/../words/en.json", "%2e%2e/client.py", "\0"):
        assert (await site.browser.get("/askfirst/static/" + name)).status == 404
    assert (await site.browser.get("/askfirst/static/words/en.json.br")).status == 404
    head = await site.browser.send("HEAD", "/askfirst/static/words/en.json")
    assert (head.status, head.body) == (200, b"")
    assert head.one(b"content-length") == str(len(got.body)).encode()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"br, gzip", b"br"),
        (b"gzip, deflate", b"gzip"),
        (b"br;q=0, gzip;q=0.5", b"gzip"),
        (b"br; q=0.0", None),
        (b"identity", None),
    ],
)
async def test_static_files_are_sent_packed(
    shop: Build, accepted: bytes, coding: bytes | None
) -> None:
    """What is built is packed once; a cache keeps the codings apart (RFC 9110, section 12.5.3)."""
    site = shop()
    for name in ("askfirst.js", "notice.css", "words/en.json"):
        plain = await site.browser.get(f"/askfirst/static/{name}")
        got = await site.browser.get(f"/askfirst/static/{name}", [(b"accept-encoding", accepted)])
        assert got.one(b"vary") == plain.one(b"vary") == b"Accept-Encoding"
        assert [v for n, v in got.headers if n == b"content-encoding"] == [coding][: bool(coding)]
        if coding is None:
            assert got.body == plain.body
            continue
        assert len(got.body) < len(plain.body) / 2
        assert got.one(b"etag") != plain.one(b"etag")
        if coding == b"gzip":
            assert gzip.decompress(got.body) == plain.body


async def test_reports_are_thrown_away_unread(shop: Build) -> None:
    """M01: a report tells nobody anything."""
    site = shop()

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/askfirst/csp", "headers": []}
    await site.app(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 204


async def test_every_page_of_ours_is_guarded(shop: Build) -> None:
    """M38: strict CSP, nosniff, no framing, no referrer to others, on errors too."""
    site = shop()
    for path in EVERY:
        if path == "/askfirst/events":
            continue
        got = await site.browser.get(path)
        assert got.status in (200, 401, 404, 405)
        policy = got.one(b"content-security-policy")
        assert policy.startswith(b"default-src 'none'; script-src 'self'")
        assert b"unsafe" not in policy
        assert got.one(b"x-content-type-options") == b"nosniff"
        assert got.one(b"referrer-policy") == b"same-origin"
        assert got.one(b"x-frame-options") == b"DENY"
        assert site.seen == []


async def test_refusers_get_the_same_bytes(shop: Build) -> None:
    """M43: whatever agent, address or language, on every path of ours, errors included."""
    site = shop()
    one, other = site.another(), Browser(site.app, peer="2001:db8::7")
    for browser in (one, other):
        browser.jar[b"__Host-askfirst"] = state_token({"statistics": 0})
    other.also = [
        (b"user-agent", b"curl/8"),
        (b"accept-language", b"ar"),
        (b"referer", b"https://elsewhere.example/x"),
        (b"sec-ch-ua", b"x"),
        (b"x-forwarded-for", b"198.51.100.1"),
    ]
    for path in EVERY:
        for headers in ([], JSON):
            assert await one.get(path, headers) == await other.get(path, headers), path
        assert await one.post_json(path, {}) == await other.post_json(path, {}), path


async def test_a_visitor_s_choices_stay_theirs(shop: Build) -> None:
    """M39: pages of ours that show an answer are stored nowhere."""
    site = shop()
    for path in ("/askfirst/choices", "/askfirst/rights/me"):
        assert (await site.browser.get(path)).one(b"cache-control") == b"no-store"


async def test_choices_lead_back_only_here(shop: Build) -> None:
    """M47: `return_to` of the page's address is checked as the form's is."""
    site = shop()
    page = await site.browser.get("/askfirst/choices?return_to=//evil.example/x")
    assert b"evil.example" not in page.body
    page = await site.browser.get("/askfirst/choices?return_to=/basket")
    assert re.search(rb'value="/basket"', page.body)


async def test_the_collector_s_faces_are_handed_on(shop: Build) -> None:
    """Events with what the gate vouches for; the dashboard with its root."""
    site = shop()
    got = await site.browser.post_json("/askfirst/events", {})
    assert got.json["dropped"][0]["reason"] == "no-grant"
    host = await site.browser.get("/askfirst/host/sites")
    assert host.json == ["/askfirst/host", "/askfirst/host/sites"]
    assert (await site.browser.get("/askfirst/hosts")).status == 404
    site.collector.away = AWAY
    assert (await site.browser.post_json("/askfirst/events", {})).status == 503
    assert (await site.browser.get("/askfirst/host/")).status == 503


async def test_before_the_editions_are_known(shop: Build) -> None:
    """A collector that is away costs our own pages, with Retry-After, and nothing else."""
    site = shop()
    site.collector.away = AWAY
    for path in ("/askfirst/choices", "/askfirst/policy", "/.well-known/gpc.json"):
        got = await site.browser.get(path)
        assert got.status == 503
        assert got.all(b"retry-after")
    assert (await site.browser.get("/")).status == 200
    assert (await site.browser.get("/askfirst/static/words/en.json")).status == 200
