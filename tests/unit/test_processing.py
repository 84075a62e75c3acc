"""S18: the record of processing activities is what the policies say, and never more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.cli import main
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.processing import processing_page, processing_record
from askfirst_collector.services import Services
from askfirst_collector.usecases.save_host_policy import save_host_policy
from tests.support.collectors import Clock, policy
from tests.unit.closing.house import opened

MARKUP = "<script>alert(1)</script>"
# Article 30(1)(a) to (g).
WHAT_IT_HOLDS = {
    *("purpose", "legal_basis", "controller", "data_subjects", "personal_data", "recipients"),
    *("third_countries", "erased"),
}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    recipients = [
        {"name": f"Ad {MARKUP}", "role": "controller", "country": "US"},
        {"name": "Post", "role": "processor", "country": "NO"},
    ]
    document = json.loads(policy("full").canonical())
    document["purposes"]["marketing"]["recipients"] = recipients
    with opened(tmp_path / "data", Clock(), read_policy(document)) as services:
        yield services


def test_it_says_all_that_the_article_asks_for(parts: Services) -> None:
    """Whom, what, how precise, who receives it and where, until when."""
    site = parts.registry.site("shop")
    assert site is not None
    record = processing_record(site, now=parts.now())
    by_purpose = {activity["purpose"]: activity for activity in record["activities"]}
    assert by_purpose.keys() == site.editions.current.policy.purposes.keys()
    assert all(activity.keys() >= WHAT_IT_HOLDS for activity in by_purpose.values())
    marketing = by_purpose["marketing"]
    assert marketing["third_countries"] == ["US"]
    assert {one["name"] for one in marketing["recipients"]} == {f"Ad {MARKUP}", "Post"}
    levels = {one["attribute"]: one["level"] for one in by_purpose["statistics"]["personal_data"]}
    scope = site.editions.current.policy.purposes["statistics"].terms.scope
    host = shipped("host-default").purposes["analytics"].terms.scope
    assert levels == {
        name: min(level, host.level(name))
        for name, level in scope.as_dict().items()
        if host.level(name)
    }
    assert record["processor"]["name"] == shipped("host-default").controller.name
    assert record["to_be_added"]


def test_a_lower_host_policy_lowers_it(parts: Services) -> None:
    """What cannot be stored does not stand in it; a site that is stopped gathers nothing."""
    document = json.loads(shipped("host-default").canonical())
    del document["purposes"]["analytics"]["levels"]["page"]
    save_host_policy(parts, ON_THE_MACHINE, read_policy(document, kind="host"), expected=0)
    site = parts.registry.site("shop")
    assert site is not None
    record = processing_record(site, now=parts.now())
    assert not any(
        activity["gathered"]
        for activity in record["activities"]
        if activity["legal_basis"] == "consent"
    )
    assert "nothing is gathered" in processing_page(record)


def test_the_page_is_whole_and_holds_no_markup_of_others(parts: Services) -> None:
    """One file, without a script, a picture or an address that a browser would ask."""
    site = parts.registry.site("shop")
    assert site is not None
    page = processing_page(processing_record(site, now=parts.now()))
    assert MARKUP not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page


def test_the_command_writes_it(parts: Services) -> None:
    words = ["site", "record", "shop", "--data", str(parts.folder.path)]
    page = CliRunner().invoke(main, words, catch_exceptions=False)
    assert page.stdout.startswith("<!doctype html>")
    plain = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    assert json.loads(plain.stdout)["site"] == "shop"
    unknown = CliRunner().invoke(main, ["site", "record", "none", "--data", words[-1]])
    assert (unknown.exit_code, "no site 'none'" in unknown.output) == (1, True)
