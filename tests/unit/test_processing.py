"""S18: the record of processing activities is what the policies say, and never more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.assessment import (
    MEASURED,
    OF_ACCOUNTS,
    OF_RECIPIENTS,
    RISKS,
    assessment,
    assessment_page,
    nearest,
)
from askfirst_collector.cli import main
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.processing import (
    ACCOUNTS,
    UNNAMED,
    processing_dpv,
    processing_page,
    processing_record,
)
from askfirst_collector.services import Services
from askfirst_collector.usecases.save_host_policy import save_host_policy
from tests.conftest import ROOT
from tests.support.collectors import Clock, policy
from tests.support.consent_formats import DPV, OTHER_TYPES, OTHERS
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


def test_what_is_kept_besides_and_what_nobody_named_is_said(tmp_path: Path) -> None:
    """S18: the record of answers, letters and accounts have an end too; a risk says whose it is."""
    plain = json.loads(policy("standard").canonical())
    linked = json.loads(policy("standard").canonical())
    linked["purposes"]["statistics"]["levels"]["user_id"] = 1
    linked["purposes"]["statistics"]["recipients"] = [
        {"name": "Post", "role": "processor", "country": "NO"}
    ]
    for document, more in ((plain, []), (linked, [ACCOUNTS])):
        document["evidence_days"] = 777
        folder = tmp_path / str(len(more))
        with opened(folder, Clock(), read_policy(document)) as parts:
            site = parts.registry.site("shop")
            assert site is not None
            record = processing_record(site, now=parts.now())
            assert "777 days after the grant ended" in record["kept_besides"][0]
            assert record["kept_besides"][2:] == more
            # The shipped host policy does not know who runs the collector.
            assert record["to_be_added"][0] == UNNAMED
            assert "777 days" in processing_page(record)
            risks = assessment(site, now=parts.now())["risks"]
            assert risks[len(RISKS) :] == ([OF_ACCOUNTS, OF_RECIPIENTS] if more else [])


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


def names(value: object) -> Iterator[str]:
    """Every key, type and address of a document, where it is of a vocabulary."""
    if isinstance(value, list):
        for child in value:
            yield from names(child)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key in ("@type", "@id"):
                yield str(child)
            elif key != "@context":
                yield from (*([] if key.startswith("@") else [key]), *names(child))


def test_it_is_there_in_the_words_of_a_vocabulary(parts: Services) -> None:
    """M19, S18: DPV 2.3 as JSON-LD, in which every IRI exists; it says what the record says."""
    site = parts.registry.site("shop")
    assert site is not None
    record = processing_record(site, now=parts.now())
    document = processing_dpv(record)
    used = set(names(document))
    known = {f"dpv:{term}" for term in DPV} | OTHERS | OTHER_TYPES
    assert used - known == set()
    assert [process["dct:identifier"] for process in document["dpv:hasProcess"]] == [
        activity["purpose"] for activity in record["activities"]
    ]
    marketing = next(p for p in document["dpv:hasProcess"] if p["dct:identifier"] == "marketing")
    assert {one["dpv:hasCountry"] for one in marketing["dpv:hasRecipient"]} == {"US", "NO"}
    measures = document["dpv:hasTechnicalOrganisationalMeasure"]
    assert [one["dct:title"] for one in measures] == record["measures"]
    assert len({one["@type"] for one in measures}) == len(measures)
    words = ["site", "record", "shop", "--dpv", "--data", str(parts.folder.path)]
    printed = json.loads(CliRunner().invoke(main, words, catch_exceptions=False).stdout)
    assert printed.keys() == document.keys()


def test_the_sheet_of_an_assessment_says_what_was_measured(parts: Services) -> None:
    """Attributes with their levels, sizes, and how many are singled out; what is open is named."""
    site = parts.registry.site("shop")
    assert site is not None
    sheet = assessment(site, now=parts.now())
    statistics = next(p for p in sheet["purposes"] if p["purpose"] == "statistics")
    assert statistics["smallest_group"] == 5
    assert {one["attribute"]: one["of"] for one in statistics["attributes"]}["time"] == 4
    assert statistics["singled_out"]["as"] == "full, closed by day"
    assert sheet["to_be_added"]
    page = assessment_page(sheet)
    assert MARKUP not in page
    assert "20 % alone" in page
    words = ["site", "assessment", "shop", "--data", str(parts.folder.path)]
    assert CliRunner().invoke(main, words).stdout.startswith("<!doctype html>")
    plain = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    assert json.loads(plain.stdout)["site"] == "shop"


def test_what_was_measured_is_what_the_page_on_trust_says() -> None:
    """One table, in both places."""
    text = (ROOT / "docs/trust.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)`, (\w+) \|(.*)\|$", text, re.MULTILINE)
    table = {
        (name, closes): tuple(float(cell.strip(" %")) for cell in cells.split("|"))
        for name, closes, cells in rows
    }
    assert table == {
        key: (m.by_device, m.few_by_device, m.by_all, m.few_by_all) for key, m in MEASURED.items()
    }


@pytest.mark.parametrize("name", ["minimal", "standard", "full"])
def test_a_policy_is_nearest_to_itself(name: str) -> None:
    """And what stores more than any was not measured."""
    assert nearest(shipped(name).purposes["statistics"].terms.scope) == name
    finest = shipped("full").purposes["statistics"].terms.scope.as_dict()
    more = read_policy(
        {
            **policy("full").document,
            "purposes": {
                "statistics": {
                    **policy("full").document["purposes"]["statistics"],
                    "levels": {**finest, "language": 2},
                    "keep_rows_days": 0,
                }
            },
        }
    )
    assert nearest(more.purposes["statistics"].terms.scope) == ""
