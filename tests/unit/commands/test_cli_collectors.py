"""`askfirst site`, `askfirst collector`, `askfirst policy publish`: for people and as JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from askfirst.terms.policy import Policy
from askfirst_collector.cli import main
from askfirst_collector.commands.data import opened
from askfirst_collector.members.rows import add_member
from askfirst_collector.store.database import writing
from tests.support.collectors import policy, purposes
from tests.support.placing import tides

SITE = policy("full")
WIDE = {"retention_days": 700}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A collector with the site shop and the member ann."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    assert run("site", "add", write(tmp_path, SITE), "--data", folder).exit_code == 0
    with opened(folder) as parts, writing(parts.engine) as connection:
        add_member(connection, "ann", "site-owner", ("shop",), "")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def write(folder: Path, found: Policy | dict[str, Any], name: str = "policy.json") -> Path:
    path = folder / name
    document = found if isinstance(found, dict) else found.document
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_a_site_is_added_with_a_key(data: Path, tmp_path: Path) -> None:
    """`site add` publishes its policy and shows a key once; twice is an error with advice."""
    other = write(tmp_path, policy(site="club", origins=["https://club.example"]), "club.json")
    added = json.loads(run("site", "add", other, "--data", data, "--json").output)
    assert (added["site"], added["edition"]) == ("club", 1)
    with opened(data) as parts:
        assert parts.registry.site_of_key(added["key"]) == "club"
    again = run("site", "add", other, "--data", data)
    assert again.exit_code == 1
    assert "askfirst policy publish" in again.output


def test_a_site_is_retired_once_it_is_confirmed(data: Path) -> None:
    """`site retire` asks first, and the list says so afterwards."""
    assert run("site", "retire", "shop", "--data", data).exit_code == 1
    assert run("site", "retire", "shop", "--data", data, "--yes").exit_code == 0
    assert "retired" in run("site", "list", "--data", data).output


def test_publishing_says_what_visitors_are_asked_again(data: Path, tmp_path: Path) -> None:
    """The same things for people, in the words visitors read, and as JSON."""
    shorter = write(tmp_path, policy("full", purposes=purposes(statistics={"retention_days": 60})))
    assert "Nobody is asked again" in run("policy", "publish", shorter, "--data", data).output
    longer = write(tmp_path, policy("full", purposes=purposes(statistics={"retention_days": 300})))
    told = json.loads(run("policy", "publish", longer, "--data", data, "--json").output)
    assert told["edition"] == 3
    assert told["widened"]["statistics"] == [
        {"dimension": "/retention_days", "old": 60, "new": 300}
    ]
    said = run("policy", "publish", write(tmp_path, SITE), "--data", data).output
    assert "kept 365 days, not 300 days" in " ".join(said.split())


def test_publishing_for_later(data: Path, tmp_path: Path) -> None:
    """An effective time to come is kept; one that has passed is refused with advice."""
    later = write(tmp_path, policy("full", consent_days=300))
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86_400))
    told = run("policy", "publish", later, "--data", data, "--effective", day)
    assert told.exit_code == 0, told.output
    assert day in told.output
    past = run("policy", "publish", later, "--data", data, "--effective", "2001-01-01")
    assert past.exit_code == 1
    assert "back in time" in past.output


def test_a_collector_is_checked_without_a_folder(tmp_path: Path) -> None:
    """`collector check` names every conflict, with what the site allows, and ends with 1."""
    site = write(tmp_path, SITE)
    good = write(tmp_path, tides(SITE).document, "good.json")
    wide = write(tmp_path, tides(SITE, statistics=WIDE).document, "wide.json")
    assert run("collector", "check", good, "--site", site).exit_code == 0
    said = run("collector", "check", wide, "--site", site)
    assert said.exit_code == 1
    assert "/purposes/statistics/retention_days" in said.output
    told = json.loads(run("collector", "check", wide, "--site", site, "--json").output)
    assert {each["link"] for each in told["problems"]} == {"site", "host"}
    assert told["clamped"]["purposes"]["statistics"]["retention_days"] < 700


def test_a_collector_is_added_listed_and_stopped(data: Path, tmp_path: Path) -> None:
    """From draft to its pages and off them; the line to place is printed with its key."""
    file = write(tmp_path, tides(SITE).document, "tides.json")
    nobody = run("collector", "add", file, "--data", data, "--owner", "bob")
    assert nobody.exit_code == 1
    assert "Members: ann" in nobody.output
    added = run("collector", "add", file, "--data", data, "--owner", "ann", "--active")
    assert added.exit_code == 0, added.output
    listed = json.loads(run("collector", "list", "--data", data, "--json").output)
    assert [(each["name"], each["state"], each["owner"]) for each in listed] == [
        ("tides", "active", "ann")
    ]
    assert listed[0]["line"] in added.output
    assert run("collector", "state", "shop", "tides", "suspended", "--data", data).exit_code == 0
    assert "suspended by cli" in run("collector", "list", "--data", data).output


def test_clamping_is_shown(data: Path, tmp_path: Path) -> None:
    """Refused by default; with --clamp it is saved, and what was cut is said."""
    file = write(tmp_path, tides(SITE, statistics=WIDE).document, "tides.json")
    refused = run("collector", "add", file, "--data", data, "--owner", "ann")
    assert refused.exit_code == 1
    assert run("collector", "list", "--data", data).output.startswith("No collector")
    cut = run("collector", "add", file, "--data", data, "--owner", "ann", "--clamp")
    assert cut.exit_code == 0
    assert "Cut off" in cut.output
