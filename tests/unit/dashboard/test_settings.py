"""What owners change on pages: attacks, stale forms, later editions, closed doors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from askfirst.terms.policy import shipped
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.ledger.milestones import milestones
from askfirst_collector.usecases.placed_collectors import set_collector_state
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision, opened, policy, purposes
from tests.support.people import admin
from tests.support.placing import save, tides
from tests.system.isolation.world import SHOP, World, world

pytestmark = pytest.mark.anyio
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def shop(**changes: Any) -> dict[str, Any]:
    """The document of shop's policy, with other values."""
    return {**policy(site=SHOP, origins=["https://shop.example"]).document, **changes}


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    page = (await client.get("/account")).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert csrf is not None
    return await client.post(path, data={**fields, "csrf": csrf[1]})


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return unescape(found[1])


def edition(here: World, site: str = SHOP) -> int:
    found = here.parts.registry.site(site)
    assert found is not None
    return found.editions.current.number


async def test_a_policy_of_another_site_is_not_published_through_ones_own(here: World) -> None:
    """An owner writes the name of another site into the form."""
    club = policy(site="club", origins=["https://evil.example"], refusal_days=200)
    before = here.state()
    async with here.browser("olive") as client:
        looked = await post(client, "/sites/shop/publish", text=as_toml(club.document))
        assert (looked.status_code, "/site" in looked.text) == (422, True)
        done = await post(
            client, "/sites/shop/publish", do="publish", document=club.canonical().decode()
        )
        assert done.status_code == 409
    assert here.state() == before


async def test_a_collector_of_another_site_or_name_is_not_saved(here: World) -> None:
    found = here.parts.registry.site("club")
    assert found is not None
    theirs = tides(found.editions.current.policy, collector="waves").document
    before = here.state()
    async with here.browser("olive") as client:
        answer = await post(client, "/sites/shop/place", text=as_toml(theirs))
        assert answer.status_code == 422
    async with here.browser("carl") as client:
        answer = await post(client, "/sites/club/collectors/tides/edit", text=as_toml(theirs))
        assert (answer.status_code, "keeps its name" in answer.text) == (422, True)
    assert here.state() == before


async def test_nobody_but_a_host_admin_gives_a_collector_away(here: World) -> None:
    found = here.parts.registry.site(SHOP)
    assert found is not None
    text = as_toml(tides(found.editions.current.policy).document)
    async with here.browser("olive") as client:
        await post(client, "/sites/shop/place", text=text, owner="carl", expected="0")
    async with here.browser("ada") as client:
        saved = here.parts.placed_collectors.get(SHOP, "tides")
        assert saved is not None
        assert saved.owner == "olive"
        fields = {"text": text, "owner": "carl", "expected": str(saved.version)}
        await post(client, "/sites/shop/collectors/tides/edit", **fields)
    saved = here.parts.placed_collectors.get(SHOP, "tides")
    assert saved is not None
    assert saved.owner == "carl"


async def test_what_owners_write_is_never_markup(here: World) -> None:
    """Stored XSS: in names, words, recipients, conflicts, and what comes back as it was typed."""
    recipient = {"name": EVIL, "role": "processor", "country": "IE"}
    own = purposes("full", statistics={"recipients": [recipient]})
    for each in own.values():
        each["text"] = {"en": {"title": EVIL, "description": EVIL}}
    controller = {"name": EVIL, "contact": EVIL, "country": "IE"}
    evil = shop(controller=controller, purposes=own)
    async with here.browser("olive") as client:
        looked = await post(client, "/sites/shop/publish", text=as_toml(evil))
        assert looked.status_code == 200
        done = await post(
            client,
            "/sites/shop/publish",
            do="publish",
            document=hidden(looked.text, "document"),
            expected=hidden(looked.text, "expected"),
        )
        assert done.status_code == 303
        found = here.parts.registry.site(SHOP)
        assert found is not None
        words = {"en": {"title": EVIL, "description": EVIL}}
        terms = {"text": words, "recipients": [recipient], "retention_days": 400}
        placed = tides(found.editions.current.policy, controller=controller, statistics=terms)
        wrong = await post(client, "/sites/shop/place", text=as_toml(placed.document))
        assert wrong.status_code == 409
        cut = await post(client, "/sites/shop/place", text=as_toml(placed.document), do="clamp")
        saved = await post(
            client, "/sites/shop/place", document=hidden(cut.text, "document"), expected="0"
        )
        assert saved.status_code == 303
        pages = [looked.text, wrong.text, cut.text]
        for path in (
            *("policy", "editions", "editions/2", "publish", "start", "collectors", "place"),
            *("collectors/tides", "collectors/tides/edit", "collectors/tides/edit?as=toml"),
        ):
            answer = await client.get(f"/sites/shop/{path}")
            assert answer.status_code == 200, path
            pages.append(answer.text)
        pages.append((await post(client, "/sites/shop/place", **{"controller.name": EVIL})).text)
    assert all("<script>alert" not in page and "<img src=x" not in page for page in pages)
    assert sum("&lt;script&gt;alert" in page for page in pages) > 8


ODD = (
    "",
    "0",
    "-1",
    "nul\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    EVIL,
    "9" * 400,
)
FORMS = (
    ("/sites", ("name",)),
    ("/sites/shop/publish", ("text", "document", "do", "expected", "when", "date", "time")),
    ("/sites/shop/publish", ("level", "origin", "controller", "contact", "country", "from")),
    ("/sites/shop/keys/end", ("id",)),
    ("/sites/shop/webhook", ("url",)),
    ("/sites/shop/place", ("collector", "pages", "languages", "use.statistics.on", "origin.x")),
    ("/sites/shop/place", ("text", "document", "do", "expected", "owner")),
    ("/sites/club/collectors/tides/edit", ("use.statistics.level.page", "controller.name", "do")),
    ("/sites/club/collectors/tides/state", ("state", "expected", "sure")),
    ("/host-policy", ("text", "document", "do", "expected")),
    ("/host-policy", ("base", "analytics.level.page", "analytics.closes", "consent_days")),
    ("/retire-site", ("site", "again")),
)


@pytest.mark.parametrize(("path", "names"), FORMS)
async def test_no_form_breaks_a_page(here: World, path: str, names: tuple[str, ...]) -> None:
    """Whatever stands in the fields, the answer is a page that says what to do."""
    chance = Random(path)
    steps = ("edit", "save", "publish", "clamp", "active", "{}", '{"version":1}', "[]", "later")
    async with here.browser("ada") as client:
        for _ in range(60):
            fields = {
                name: chance.choice((*ODD, *steps)) for name in names if chance.random() < 0.8
            }
            answer = await post(client, path, **fields)
            assert answer.status_code in (200, 303, 404, 409, 410, 422), (fields, answer.text)


@pytest.mark.parametrize("path", ["keys", "keys/end", "webhook", "unschedule"])
async def test_a_small_form_stays_small(here: World, path: str) -> None:
    async with here.browser("olive") as client:
        answer = await post(client, f"/sites/shop/{path}", url="x" * 9_000)
    assert answer.status_code == 413


async def test_a_policy_may_be_long_and_no_longer(here: World) -> None:
    """A policy of 100 kB is taken; a form of half a megabyte, or of 3,000 fields, is not."""
    long = shop()
    long["purposes"]["statistics"]["text"]["en"]["description"] = "Long. " * 300
    text = as_toml(long)
    async with here.browser("olive") as client:
        padded = text + "# " + "x" * 100_000 + "\n"
        assert (await post(client, "/sites/shop/publish", text=padded)).status_code == 200
        huge = await post(client, "/sites/shop/publish", text="x" * 500_000)
        assert huge.status_code == 413
        many = {f"use.{n}": "1" for n in range(3_000)}
        assert (await post(client, "/sites/shop/place", **many)).status_code == 400


async def test_the_second_of_two_who_publish_is_told(here: World) -> None:
    """Two admins saving at once (the second is told)."""
    first, second = shop(refusal_days=200), shop(refusal_days=210)
    async with here.browser("olive") as client:
        looked = [
            await post(client, "/sites/shop/publish", text=as_toml(each))
            for each in (first, second)
        ]
        answers = [
            await post(
                client,
                "/sites/shop/publish",
                do="publish",
                document=hidden(each.text, "document"),
                expected=hidden(each.text, "expected"),
            )
            for each in looked
        ]
    assert [each.status_code for each in answers] == [303, 409]
    assert "took effect meanwhile" in answers[1].text
    assert hidden(answers[1].text, "expected") == "2", "who saves again does so knowingly"
    assert edition(here) == 2


async def test_the_second_of_two_who_change_a_collector_sees_both(here: World) -> None:
    found = here.parts.registry.site("club")
    assert found is not None
    site = found.editions.current.policy
    async with here.browser("carl") as client:
        texts = [as_toml(tides(site, statistics={"retention_days": n}).document) for n in (20, 10)]
        path = "/sites/club/collectors/tides/edit"
        answers = [await post(client, path, text=text, expected="1") for text in texts]
    assert [each.status_code for each in answers] == [303, 409]
    told = answers[1].text
    assert "Somebody was faster" in told
    assert re.search(r"<del>20</del>.*<ins>10</ins>", told, re.DOTALL)
    saved = here.parts.placed_collectors.get("club", "tides")
    assert saved is not None
    assert saved.placed.policy.purposes["statistics"].terms.retention_days == 20


async def test_a_policy_for_later_is_shown_and_can_be_dropped(here: World) -> None:
    """Effective later; an edition does not go back in time."""
    text = as_toml(shop(refusal_days=200))
    past = datetime.fromtimestamp(here.parts.now() - 86_400, UTC)
    async with here.browser("olive") as client:
        for day in (past.date().isoformat(), "2026-99-99", ""):
            refused = await post(
                client, "/sites/shop/publish", text=text, when="later", date=day, time="10:00"
            )
            assert refused.status_code == 422
            assert "do not go back in time" in refused.text
        later = {"when": "later", "date": "2027-03-01", "time": "06:30"}
        looked = await post(client, "/sites/shop/publish", text=text, **later)
        assert "1 Mar 2027, 06:30 UTC" in looked.text
        fields = {"document": hidden(looked.text, "document"), "expected": "1", **later}
        await post(client, "/sites/shop/publish", do="publish", **fields)
        for path in ("/sites", "/sites/shop/publish", "/sites/shop/editions"):
            assert "1 Mar 2027, 06:30 UTC" in (await client.get(path)).text
        assert edition(here) == 1
        await post(client, "/sites/shop/unschedule")
        assert "1 Mar 2027" not in (await client.get("/sites/shop/publish")).text
    assert here.parts.registry.scheduled(SHOP) is None


async def test_what_the_site_suspended_its_collector_cannot_start_again(here: World) -> None:
    """The owner of the site decides about its pages; the collector's owner may ask them."""
    set_collector_state(here.parts, admin(here.parts, "carl"), "club", "tides", "active")
    found = here.parts.placed_collectors.get("club", "tides")
    assert found is not None
    save(here.parts, found.placed, owner="olive", actor="ada")
    at = "/sites/club/collectors/tides"
    async with here.browser("carl") as client:
        assert (await post(client, f"{at}/state", state="suspended")).status_code == 303
        assert (await post(client, f"{at}/edit")).status_code == 403
    async with here.browser("olive") as client:
        page = await client.get(at)
        assert (page.status_code, "carl suspended it" in page.text) == (200, True)
        assert "Put it on its pages" not in page.text
        assert (await post(client, f"{at}/state", state="active")).status_code == 403
        assert (await client.get("/sites/club/keys")).status_code == 404
        assert "tides" in (await client.get("/sites")).text
    async with here.browser("ada") as client:
        assert (await post(client, f"{at}/state", state="active")).status_code == 303


async def test_retiring_asks_once_more(here: World) -> None:
    at = "/sites/club/collectors/tides"
    async with here.browser("carl") as client:
        asked = await post(client, f"{at}/state", state="retired")
        assert (asked.status_code, "For good" in asked.text) == (200, True)
        found = here.parts.placed_collectors.get("club", "tides")
        assert found is not None
        assert found.state == "draft"
        await post(client, f"{at}/state", state="retired", sure="1")
    found = here.parts.placed_collectors.get("club", "tides")
    assert found is not None
    assert found.state == "retired"
    async with here.browser("ada") as client:
        for again in ("", "Club", "shop"):
            answer = await post(client, "/retire-site", site="club", again=again)
            assert answer.status_code == 422
        assert (await post(client, "/retire-site", site="club", again="club")).status_code == 303
    site = here.parts.registry.site("club")
    assert site is not None
    assert site.retired


async def test_a_file_governs_and_the_page_says_which(tmp_path: Path) -> None:
    """The host policy is read-only where a file governs; who posts all the same changes nothing."""
    file = tmp_path / "host.toml"
    file.write_text(as_toml(shipped("host-default").document), "utf-8")
    with world(tmp_path / "data") as made:
        people = made.people
    with opened(tmp_path / "data", Clock(), host_policy=file) as parts:
        here = World(parts, people, host_app(parts), None)
        async with here.browser("ada") as client:
            page = (await client.get("/host-policy")).text
            assert "host.toml" in page
            assert "<select" not in page
            document = shipped("host-default").canonical().decode()
            answer = await post(client, "/host-policy", do="save", document=document, expected="0")
            assert answer.status_code == 409
        async with here.browser("olive") as client:
            page = (await client.get("/host-policy")).text
            assert "A file of the host governs" in page
            assert str(tmp_path) not in page


async def test_what_happened_once_stays_said_and_only_to_whom_it_concerns(here: World) -> None:
    """M27: that somebody once agreed is not taken back by an erasure, and no reader is told."""
    assert not milestones(here.parts.engine, SHOP, here.parts.events).granted
    current = here.parts.registry.site(SHOP)
    assert current is not None
    record_now(here.parts, decision(current.editions.current.policy))
    assert milestones(here.parts.engine, SHOP, here.parts.events).granted
    visitor = decision(current.editions.current.policy).handle
    here.parts.ledger.erase(SHOP, visitor, generation=0)
    assert milestones(here.parts.engine, SHOP, here.parts.events).granted
    async with here.browser("rob") as client:
        assert (await client.get("/sites/shop/start")).status_code == 403


async def test_a_webhook_is_set_told_once_and_taken_away(here: World) -> None:
    """By a signed webhook where one is set; https alone."""
    async with here.browser("olive") as client:
        for bad in ("http://shop.example/x", "https://a@shop.example/", "javascript:alert(1)"):
            answer = await post(client, "/sites/shop/webhook", url=bad)
            assert (answer.status_code, bad in answer.text) == (422, True)
        made = await post(client, "/sites/shop/webhook", url="https://shop.example/hook?k=s3cret")
        assert "whsec_" in made.text
        page = (await client.get("/sites/shop/keys")).text
        assert "whsec_" not in page
        assert "https://shop.example/hook?k=s3cret" in page
        audit = (await client.get("/sites/shop/audit")).text
        assert "Set up notifications" in audit
        assert "s3cret" not in audit
        assert (await post(client, "/sites/shop/webhook", url="")).status_code == 303


async def test_keys_are_drawn_shown_once_and_ended(here: World) -> None:
    """Newest last, old ones valid for a stated time."""
    async with here.browser("olive") as client:
        keys = []
        for _ in range(2):
            shown = (await post(client, "/sites/shop/keys")).text
            found = re.search(r"askfirst_[A-Za-z0-9_-]{43}", shown)
            assert found is not None
            keys.append(found[0])
        page = (await client.get("/sites/shop/keys")).text
        assert not any(key in page for key in keys)
        assert "29 Nov 2026" in page, "when the older one ends"
        first, *_ = re.findall(r'name="id" value="([0-9a-f]{16})"', page)
        await post(client, "/sites/shop/keys/end", id=first)
    assert [here.parts.registry.site_of_key(key) for key in keys] == [None, SHOP]
