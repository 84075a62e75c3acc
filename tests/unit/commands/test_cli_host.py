"""`askfirst host`: write a host policy, see what it would do, publish it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.catalogue.policy_toml import as_toml
from askfirst_collector.cli import main
from tests.support.collectors import Clock, opened, policy
from tests.unit.catalogue.test_host_policies import host_policy


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["host", *map(str, arguments)])


def told(*arguments: object) -> Any:
    found = run(*arguments, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def site(folder: Path) -> Path:
    """A data folder in which the site `shop` published."""
    data = folder / "data"
    with opened(data, Clock()) as parts:
        parts.registry.publish(policy("standard"))
    return data


def tight(folder: Path) -> Path:
    """A host policy below it."""
    file = folder / "tight.json"
    file.write_bytes(host_policy({"page": 1}).canonical())
    return file


def test_init_writes_the_shipped_host_policy_line_by_line(tmp_path: Path) -> None:
    """Every line says what it allows; it governs as what governed before, and is never lost."""
    file = tmp_path / "host.toml"
    made = run("init", file, "--name", "Harbour Ltd", "--contact", "a@b.example", "--country", "ie")
    assert made.exit_code == 0, made.output
    found = read_policy(file, kind="host")
    assert found.controller.name == "Harbour Ltd"
    assert found.purposes.keys() == shipped("host-default").purposes.keys()
    for name, purpose in shipped("host-default").purposes.items():
        assert found.purposes[name].terms == purpose.terms
    lines = file.read_text("utf-8").splitlines()
    bare = [line for line in lines if line and "#" not in line]
    assert [
        line for at, line in enumerate(lines) if line in bare and "#" not in lines[at - 1]
    ] == []
    before = file.read_bytes()
    again = run("init", file)
    assert (again.exit_code, file.read_bytes()) == (1, before)
    assert "stays as it is" in again.output


def test_set_shows_first_and_then_does(tmp_path: Path) -> None:
    """Before it is saved: whom it would suspend. Afterwards that is so, and `show` says why."""
    data, file = site(tmp_path), tight(tmp_path)
    seen = told("set", file, "--data", data, "--preview")
    assert (seen["saved"], seen["number"]) == (False, 0)
    assert told("show", "--data", data)["source"] == "shipped"
    done = told("set", file, "--data", data)
    assert (done["saved"], done["number"]) == (True, 1)
    assert done["suspends"] == seen["suspends"]
    assert done["suspends"][0]["conflicts"][0]["pointer"] == "/purposes/statistics/levels/page"
    shown = told("show", "--data", data)
    assert (shown["source"], shown["number"], shown["hash"]) == ("registry", 1, done["hash"])
    assert [each["site"] for each in shown["stops"]] == ["shop"]


def test_people_read_the_same(tmp_path: Path) -> None:
    """In words, with what to write instead; what `show` prints is a policy again."""
    data, file = site(tmp_path), tight(tmp_path)
    assert "Nothing was changed" in run("set", file, "--data", data, "--preview").output
    said = run("set", file, "--data", data).output
    assert "Suspended: shop" in said
    assert "write 1 or less" in said
    shown = run("show", "--data", data).output
    text, _, stops = shown.partition("✗")
    assert read_policy(text, kind="host").hash == host_policy({"page": 1}).hash
    assert "Stopped by it: shop" in stops


def test_set_proposes_what_is_newer_than_the_policy(tmp_path: Path) -> None:
    """M31: a host policy of before allows no more than it did; setting it says what it lacks."""
    data, file = site(tmp_path), tmp_path / "before.toml"
    with opened(data, Clock()) as parts:
        suspended = parts.registry.site("shop")
        assert suspended is not None
        assert not suspended.suspended
    text = as_toml(host_policy().document).replace("campaign = 3\n", "")
    file.write_text(text, "utf-8")
    said = run("set", file, "--data", data).output
    assert f"write campaign = 3, or less, under [purposes.NAME.levels] in {file}" in said
    assert "/purposes/statistics/levels/campaign" in said
    assert told("show", "--data", data)["number"] == 1
    tried = told("set", file, "--data", data, "--preview")["proposals"]
    assert [proposal["found"] for proposal in tried] == ["campaign"]
    file.write_text(as_toml(host_policy().document), "utf-8")
    again = run("set", file, "--data", data).output
    assert "campaign" not in again
    assert "Goes on: shop" in again


def test_set_keeps_what_was_put_in_force_meanwhile(tmp_path: Path) -> None:
    """Two admins saving at once: the second is told."""
    data, file = site(tmp_path), tight(tmp_path)
    assert run("set", file, "--data", data, "--expected", 0).exit_code == 0
    late = run("set", file, "--data", data, "--expected", 0)
    assert late.exit_code == 1
    assert "changed-meanwhile" in late.output


def test_a_file_that_is_no_host_policy_is_refused(tmp_path: Path) -> None:
    """M32: with where it is wrong, and nothing is published."""
    data, file = site(tmp_path), tmp_path / "bad.toml"
    file.write_text("version = 1\nunknown = 2\n")
    bad = run("set", file, "--data", data)
    assert bad.exit_code == 1
    assert "/unknown" in bad.output
    assert told("show", "--data", data)["number"] is None
