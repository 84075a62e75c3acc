"""What is an answer on POST /askfirst/consent, and what everything else is told."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.unit.gate.browser import SAME_ORIGIN, claims
from tests.unit.gate.conftest import Build
from tests.unit.gate.memory import ORIGIN, PURPOSES, RECEIPT, STATE, make_policy

pytestmark = pytest.mark.anyio


async def test_a_refusal_carries_nothing_of_its_own(shop: Build) -> None:
    """M25: the ledger gets edition and language from closed lists, whatever the body says."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    value = {"v": 2, "method": "withdraw", "lang": "x-64-bits", "edition": "y", "adult": True}
    assert (await site.browser.post_json("/askfirst/consent", value)).status == 200
    decision = site.collector.decisions[-1]
    assert (decision.lang, decision.edition, decision.adult) == ("en", site.policy.hash, False)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"v": 1}, 409, "edition-changed"),
        ({"v": 3}, 422, "unknown-version"),
        ({"v": True}, 422, "unknown-version"),
        ({"v": "1"}, 422, "unknown-version"),
        ({"extra": 1}, 422, "unknown-field"),
        ({"handle": "0" * 64}, 422, "unknown-field"),
        ({"method": "grant"}, 422, "bad-shape"),
        ({"method": None}, 422, "bad-shape"),
        ({"method": ["accept_all"]}, 422, "bad-shape"),
        ({"choices": {"statistics": True}}, 422, "bad-shape"),
        ({"choices": {"statistics": 3}}, 422, "bad-shape"),
        ({"choices": {"statistics": -1}}, 422, "bad-shape"),
        ({"choices": {"statistics": "2"}}, 422, "bad-shape"),
        ({"choices": [2]}, 422, "bad-shape"),
        ({"choices": {"statistics": 0}}, 422, "choices-contradict-method"),
        (
            {"choices": {"marketing": 2, "preferences": 2, "statistics": 1}},
            422,
            "choices-contradict-method",
        ),
        ({"choices": {"statistics": 2}}, 422, "nothing-chosen"),
        ({"method": "save", "choices": {"statistics": 0}}, 422, "nothing-chosen"),
        ({"method": "reject_all", "choices": {"marketing": 1}}, 422, "choices-contradict-method"),
        ({"choices": {"nothing": 2}}, 422, "unknown-purpose"),
        ({"choices": {"a/statistics": 2}}, 422, "unknown-purpose"),
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
    value = {"v": 2, "edition": site.policy.hash, "lang": "en", "method": "accept_all"} | changes
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
    value = {"v": 2, "edition": site.policy.hash, "lang": "en", "method": "withdraw"}
    for got in (
        await site.browser.post_json("/askfirst/consent", value, headers),
        await site.browser.post_form("/askfirst/rights/erase", "", headers),
        await site.browser.post_form("/askfirst/rights/me", "action=erase", headers),
    ):
        assert (got.status, got.json["reason"]) == (403, "cross-origin")
    form = await site.browser.post_form("/askfirst/consent", "method=withdraw", headers)
    assert form.status == 403
    assert b"did not come from this site" in form.body
    assert site.browser.jar == jar
    assert site.collector.erased == []


async def test_a_text_browser_refuses_and_withdraws_by_its_referer(shop: Build) -> None:
    """M47: where neither header is sent, a same-origin Referer takes an answer back, never more."""
    site = shop()
    await site.browser.consent("accept_all", site.policy.hash)
    edition = f"v=2&edition={site.policy.hash}&lang=en&return_to=/tides"
    referer = [(b"referer", f"{ORIGIN}/tides?x=1".encode())]
    for form in (
        "method=accept_all",
        "method=save&purpose.statistics=2&purpose.marketing=0&purpose.preferences=0",
    ):
        got = await site.browser.post_form("/askfirst/consent", f"{edition}&{form}", referer)
        assert got.status == 403
        assert got.one(b"content-type") == b"text/html; charset=utf-8"
    decisions = len(site.collector.decisions)
    for sent in (
        [(b"referer", b"https://evil.example/")],
        [(b"referer", f"{ORIGIN}.evil.example/".encode())],
        [*referer, (b"origin", b"null")],
        [*referer, (b"sec-fetch-site", b"cross-site")],
    ):
        form = f"{edition}&method=withdraw"
        assert (await site.browser.post_form("/askfirst/consent", form, sent)).status == 403
    assert len(site.collector.decisions) == decisions

    got = await site.browser.post_form("/askfirst/consent", f"{edition}&method=withdraw", referer)
    assert (got.status, got.one(b"location")) == (303, b"/tides")


async def test_in_a_frame_nothing_is_granted(shop: Build) -> None:
    """M54: a form that a frame sends cannot agree, whoever stands around it; it may refuse."""
    site = shop()
    edition = f"v=2&edition={site.policy.hash}&lang=en&return_to=/tides"
    framed = [SAME_ORIGIN, (b"sec-fetch-dest", b"iframe")]
    got = await site.browser.post_form("/askfirst/consent", f"{edition}&method=accept_all", framed)
    assert got.status == 403
    assert site.collector.decisions == []
    got = await site.browser.post_form("/askfirst/consent", f"{edition}&method=reject_all", framed)
    assert got.status == 303


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
    fields = f"v=2&edition={site.policy.hash}&lang=en&return_to=%2Fa%3Fb%3Dc"
    choices = "purpose.statistics=2&purpose.preferences=0&purpose.marketing=0&detail=1"
    got = await site.browser.post_form("/askfirst/consent", f"{fields}&method=save&{choices}")
    assert (got.status, got.one(b"location")) == (303, b"/a?b=c")
    decided = {"statistics": 1, "preferences": 0, "marketing": 0}
    assert site.collector.decisions[0].choices == decided
    assert {*site.browser.jar} == {STATE, RECEIPT}
    away = fields.replace("%2Fa%3Fb%3Dc", quote("//evil.example"))
    got = await site.browser.post_form("/askfirst/consent", f"{away}&method=withdraw")
    assert (got.status, got.one(b"location")) == (303, b"/")
    assert {*site.browser.jar} == {STATE}


async def test_the_button_that_was_pressed_counts(shop: Build) -> None:
    """A form sends every field it has: rejecting rejects all, accepting agrees to what is named."""
    site = shop()
    named = "&".join(f"purpose.{name}=0" for name in PURPOSES)
    fields = f"v=2&edition={site.policy.hash}&lang=en&{named}"
    await site.browser.post_form("/askfirst/consent", f"{fields}&method=reject_all")
    assert set(claims(site.browser.jar[STATE])["ch"]) == set(PURPOSES)  # type: ignore[call-overload]
    other = site.another()
    await other.post_form("/askfirst/consent", f"{fields}&method=accept_all")
    assert site.collector.decisions[0].choices == dict.fromkeys(PURPOSES, 2)


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
            whole = json.dumps({"v": 2, "edition": site.policy.hash, "method": "accept_all"})
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
    base = {"v": 2, "edition": site.policy.hash, "lang": "en", "method": "accept_all"}
    for text in strings:
        for value in (
            base | {"edition": text},
            base | {"lang": text},
            base | {"method": text},
            base | {"choices": {text: 2}},
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
