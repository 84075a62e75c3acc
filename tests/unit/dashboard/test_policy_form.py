"""A policy by a form: nothing of it is lost, in either tab; the notice stands beside it."""

from __future__ import annotations

import copy
import json
import re
import tracemalloc
from html import unescape
from typing import Any

import httpx
import pytest

from askfirst.errors import PolicyError
from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.dashboard.sites.policy_form import (
    document_of,
    field_of,
    fields_of,
    has_comments,
    read_base,
)
from tests.conftest import ROOT
from tests.support.policies import every_purpose
from tests.system.isolation.world import SHOP, World

from .test_settings import edition, hidden, post, shop

pytestmark = pytest.mark.anyio
PUBLISH = f"/sites/{SHOP}/publish"
EXAMPLE = (ROOT / "policy.example.toml").read_text("utf-8")
EVERYTHING = [
    *(every_purpose(name) for name in ("minimal", "standard", "full")),
    read_policy(EXAMPLE),
]


@pytest.mark.parametrize("policy", EVERYTHING, ids=lambda policy: policy.site)
def test_fields_and_back_is_the_same_policy(policy: Policy) -> None:
    """Every key, those without a field too: actions, tables, cookies, necessary, routes."""
    document = policy.document
    assert read_policy(document_of(fields_of(document), document)).hash == policy.hash


def test_a_field_changes_what_it_is_of_and_nothing_else() -> None:
    policy = read_policy(EXAMPLE)
    form = fields_of(policy.document) | {
        "p.statistics.level.page": "1",
        "p.statistics.recipient.1.name": "Gale",
        "p.statistics.recipient.1.role": "processor",
        "p.statistics.recipient.1.country": "de",
        "controller.address": "",
    }
    changed = read_policy(document_of(form, policy.document))
    wanted: dict[str, Any] = copy.deepcopy(dict(policy.document))
    wanted["purposes"]["statistics"]["levels"]["page"] = 1
    gale = {"name": "Gale", "role": "processor", "country": "DE"}
    wanted["purposes"]["statistics"]["recipients"].append(gale)
    del wanted["controller"]["address"]
    assert changed.hash == read_policy(wanted).hash


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ('a = "#1"', False),
        ("a = '#'", False),
        ('a = """\n# no\n"""', False),
        ('a = "\\"" # yes', True),
        ("# yes", True),
        (EXAMPLE, True),
        (as_toml(read_policy(EXAMPLE).document), False),
    ],
)
def test_comments_are_told_from_what_strings_hold(text: str, has: bool) -> None:
    assert has_comments(text) is has


def form_of(page: httpx.Response) -> dict[str, str]:
    """The fields of the form on a page, as a browser would send them."""
    fields: dict[str, str] = {}
    html = page.text.partition('id="policy"')[2]
    for tag in re.findall(r"<input[^>]*>", html):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        fields[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', html):
        chosen = re.search(r"<option(?: value=\"([^\"]*)\")? selected>([^<]*)", options)
        assert chosen, name
        fields[name] = chosen[1] or chosen[2]
    areas = re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n(.*?)</textarea>', html, re.DOTALL)
    fields |= {name: unescape(text) for name, text in areas}
    return {name: text for name, text in fields.items() if name != "csrf"}


def typed(fields: dict[str, str]) -> dict[str, str]:
    """What somebody typed: not the document beside it, whose keys may stand in another order."""
    return {name: text for name, text in fields.items() if name not in ("base", "expected")}


async def test_what_the_page_sends_is_the_policy_in_force(here: World) -> None:
    """Untouched, it changes nothing; in TOML and back, and after a look, it is the same."""
    async with here.browser("olive") as client:
        fields = form_of(await client.get(PUBLISH))
        looked = await post(client, PUBLISH, **fields)
        assert "publishing it changes nothing" in looked.text
        text = await post(client, PUBLISH, **{**fields, "do": "toml"})
        assert 'id="text"' in text.text
        area = re.search(r'name="text"[^>]*>\n(.*?)</textarea>', text.text, re.DOTALL)
        assert area
        toml = unescape(area[1])
        again = await post(client, PUBLISH, text=toml, expected=fields["expected"], do="form")
        assert typed(form_of(again)) == typed(fields)
        assert form_of(again)["expected"] == fields["expected"]
        back = await post(
            client, PUBLISH, do="edit", document=hidden(looked.text, "document"), **{"as": "form"}
        )
        assert typed(form_of(back)) == typed(fields)


async def test_a_change_by_fields_is_published(here: World) -> None:
    async with here.browser("olive") as client:
        fields = form_of(await client.get(PUBLISH))
        fields["p.statistics.retention_days"] = "90"
        looked = await post(client, PUBLISH, **fields)
        assert looked.status_code == 200, looked.text
        saved = await post(
            client,
            PUBLISH,
            do="publish",
            document=hidden(looked.text, "document"),
            expected=hidden(looked.text, "expected"),
        )
        assert saved.status_code == 303
    site = here.parts.registry.site(SHOP)
    assert site is not None
    assert site.editions.current.policy.purposes["statistics"].terms.retention_days == 90


async def test_what_is_wrong_stands_beside_its_field(here: World) -> None:
    """And what is typed comes back, wrong or not."""
    async with here.browser("olive") as client:
        fields = form_of(await client.get(PUBLISH))
        fields |= {"p.statistics.retention_days": "many", "controller.country": "Ireland"}
        answer = await post(client, PUBLISH, **fields)
    assert answer.status_code == 422
    assert 'id="p.statistics.retention_days-problem"' in answer.text
    assert 'id="controller.country-problem"' in answer.text
    assert form_of(answer)["p.statistics.retention_days"] == "many"
    assert field_of("/purposes/statistics/tables") == ""


async def test_a_purpose_is_added_and_taken_out(here: World) -> None:
    async with here.browser("olive") as client:
        fields = form_of(await client.get(PUBLISH))
        new = {"new.name": "offers", "new.use": "marketing.advertising", "do": "add"}
        twice = await post(client, PUBLISH, **{**fields, **new, "new.name": "statistics"})
        assert "Choose another name: this policy has a purpose of this one" in twice.text
        page = await post(client, PUBLISH, **{**fields, **new})
        assert page.status_code == 200
        fields = form_of(page)
        words = {"title.en": "Marketing", "description.en": "To show offers.", "level.page": "1"}
        fields |= {f"p.offers.{key}": value for key, value in words.items()}
        looked = await post(client, PUBLISH, **fields)
        assert "everybody who agreed to something is asked about it: <strong>offers" in (
            looked.text
        )
        del fields["p.offers.on"]
        assert "changes nothing" in (await post(client, PUBLISH, **fields)).text


async def test_a_form_and_a_toml_begun_at_once(here: World) -> None:
    """The second of the two is told before anything is undone, and sees what the other changed."""
    async with here.browser("olive") as client, here.browser("ada") as other:
        fields = form_of(await client.get(PUBLISH))
        begun = await other.get(f"{PUBLISH}?as=toml")
        expected = hidden(begun.text, "expected")
        text = as_toml(shop(evidence_days=1000))
        looked = await post(other, PUBLISH, text=text, expected=expected)
        assert "What changed meanwhile" not in looked.text
        saved = await post(
            other,
            PUBLISH,
            do="publish",
            document=hidden(looked.text, "document"),
            expected=hidden(looked.text, "expected"),
        )
        assert saved.status_code == 303
        told = await post(client, PUBLISH, **fields)
        assert told.status_code == 409
        assert "took effect meanwhile" in told.text
        assert re.search(r"/evidence_days.*<ins>1000</ins>", told.text, re.DOTALL)
        # The other way round: by TOML, over what came by the form.
        late = await post(other, PUBLISH, text=as_toml(shop()), expected=expected)
        assert late.status_code == 409


async def test_a_toml_with_comments_stays_toml(here: World) -> None:
    """What fields cannot keep is said; so is a TOML that is none. Nothing of either is lost."""
    async with here.browser("olive") as client:
        text = f"# for the lawyers\n{as_toml(shop())}"
        answer = await post(client, PUBLISH, text=text, do="form")
        assert "Take the comments out" in answer.text
        assert "# for the lawyers" in answer.text
        answer = await post(client, PUBLISH, text="[unfinished", do="form")
        assert answer.status_code == 422
        assert "[unfinished" in answer.text


async def test_the_notice_is_the_visitors_own_and_does_nothing(here: World) -> None:
    """Of the policy in force, of what is typed, and why there is none; no form of it is sent."""
    async with here.browser("olive") as client:
        page = await client.get(PUBLISH)
        assert "script-src 'self'; frame-src 'self'" in page.headers["content-security-policy"]
        fields = form_of(page)
        frame = await client.get(f"{PUBLISH}/notice")
        policy = frame.headers["content-security-policy"]
        assert "form-action 'none'" in policy
        assert "frame-ancestors 'self'; sandbox allow-same-origin" in policy
        assert "script-src" not in policy
        assert 'id="askfirst-notice"' in frame.text
        styles = re.search(r'href="/askfirst/host(/notice/notice\.css)"', frame.text)
        assert styles
        assert (await client.get(styles[1])).status_code == 200
        fields["p.statistics.title.en"] = "Tides & <b>tables</b>"
        typed = await post(client, f"{PUBLISH}/notice", **fields)
        assert "Tides &amp; &lt;b&gt;tables&lt;/b&gt;" in typed.text
        fields["p.statistics.title.en"] = ""
        assert "Not yet: " in (await post(client, f"{PUBLISH}/notice", **fields)).text
    assert edition(here) == 1


@pytest.mark.parametrize(
    "base",
    [
        *("", "[]", "null", "{", '{"purposes": []}', '{"purposes": {"a": 1}}', '{"controller": 3}'),
        *('{"purposes": {"a": {"text": 1}}}', '{"purposes": {"a": {"recipients": [1]}}}'),
        "[" * 9_999,
    ],
)
async def test_a_form_that_is_not_whole_is_refused(here: World, base: str) -> None:
    async with here.browser("olive") as client:
        for do in ("preview", "toml", "form", "add"):
            answer = await post(client, PUBLISH, base=base, do=do, **{"new.name": "x"})
            assert answer.status_code == 422, do
        answer = await post(client, f"{PUBLISH}/notice", base=base)
        assert "Not yet" in answer.text


@pytest.mark.parametrize("whose", ["form", "base"])
def test_few_bytes_are_not_many_texts(whose: str) -> None:
    """Purposes by languages: 50 kB of both would be 500 MB of a process that serves others too."""
    languages = [f"l{number}" for number in range(3_000)]
    base = {"purposes": {f"p{number}": {} for number in range(100)}}
    form = {f"p.p{number}.on": "1" for number in range(100)}
    if whose == "form":
        form["languages"] = " ".join(languages)
    else:
        base |= {"languages": languages}  # type: ignore[dict-item]
    tracemalloc.start()
    with pytest.raises(PolicyError, match="write fewer languages"):
        read_base({**form, "base": json.dumps(base)})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000


def test_the_fields_are_json_that_survives() -> None:
    """What the page carries beside its fields is the document itself."""
    document = read_policy(EXAMPLE).document
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("further", [(), ("marketing",), ("marketing", "preferences")])
async def test_a_ready_made_policy_asks_for_what_was_ticked(
    here: World, further: tuple[str, ...]
) -> None:
    """M14: statistics, and each purpose that the owner says the site has; a slip adds none."""
    answers = {
        "level": "standard",
        "origin": "https://shop.example",
        "controller": "Shop",
        "contact": "a@shop.example",
        "country": "IE",
        "also.telemetry": "1",
        **{f"also.{name}": "1" for name in further},
    }
    async with here.browser("olive") as client:
        looked = await post(client, "/sites/shop/publish", **answers)
        read = read_policy(hidden(looked.text, "document"))
        again = await post(client, "/sites/shop/publish", **{**answers, "country": "UK"})
    assert set(read.purposes) == {"statistics", *further}
    assert again.status_code == 422
    for name in ("marketing", "preferences"):
        assert (f'name="also.{name}" value="1" checked' in again.text) is (name in further)
