"""`askfirst doctor`, as people and programs call it; and its ids, each of them explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from askfirst_collector.cli import main
from askfirst_collector.doctor.examine import CHECKS
from askfirst_collector.doctor.finding import KNOWN
from askfirst_collector.doctor.markup import read_markup
from askfirst_collector.doctor.salts import SALTS_CHECKS
from tests.conftest import ROOT
from tests.support.served import served
from tests.unit.doctor.sites import adding, policy, site, tide

DOC = (ROOT / "docs/doctor.md").read_text("utf-8")


def run(*arguments: object) -> Result:
    words = ["doctor", *map(str, arguments), "--no-browser"]
    return CliRunner().invoke(main, words, catch_exceptions=False)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A policy that names every origin these tests have."""
    return tmp_path / "policy.json"


def test_every_id_is_documented() -> None:
    """Title and severity too; and the page documents none that does not exist."""
    told = dict(re.findall(r"^## (askfirst\.D\d{3}) (.+)$", DOC, re.MULTILINE))
    assert told == {key: f"{each.title} ({each.severity})" for key, each in KNOWN.items()}


def test_every_check_names_the_ids_it_says() -> None:
    """One function a check; together they say every id there is."""
    named = [re.findall(r"D\d{3}", check.__doc__ or "") for check in (*CHECKS, *SALTS_CHECKS)]
    assert all(len(each) == 1 for each in named)
    assert sorted(f"askfirst.{each[0]}" for each in named) == sorted(KNOWN)


def test_every_check_has_a_test() -> None:
    """That makes a real site fail it."""
    text = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    missing = [key for key in KNOWN if f'"""{key[-4:]}' not in text and f'"{key[-4:]}"' not in text]
    assert missing == []


def test_nothing_is_wrong(tmp_path: Path, known: Path) -> None:
    """Said in one line, with status 0."""
    with tide(tmp_path) as origin:
        known.write_text(json.dumps(policy(origins=[origin])), "utf-8")
        found = run(origin, "--policy", known)
        assert found.exit_code == 0, found.output
        assert f"Nothing is wrong with {origin}." in found.output
        told = json.loads(run(f"{origin}/low", "--policy", known, "--json").output)
        assert told["findings"] == []
        assert told["target"] == origin


def test_an_error_ends_with_2(tmp_path: Path, known: Path) -> None:
    """For people with what to do; for programs with stable ids."""
    with tide(tmp_path, front=adding("accept-ch", "Sec-CH-UA-Model", path="/low")) as origin:
        known.write_text(json.dumps(policy(origins=[origin])), "utf-8")
        assert run(origin, "--policy", known).exit_code == 0
        found = run(origin, "--policy", known, "--page", "low")
        assert found.exit_code == 2
        assert "askfirst.D019" in found.output
        assert "Take it out" in found.output
        (told,) = json.loads(run(f"{origin}/low?a=b", "--policy", known, "--json").output)[
            "findings"
        ]
        assert (told["id"], told["severity"], told["where"]) == (
            "askfirst.D019",
            "error",
            "/low?a=b",
        )


def test_a_warning_ends_with_1_where_strict(tmp_path: Path) -> None:
    """The published policy does not name the port, which is a warning."""
    with tide(tmp_path) as origin:
        assert run(origin).exit_code == 0
        assert run(origin, "--strict").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["somewhere"],
        ["http://"],
        ["https://[::1"],
        ["https://tide.example:99999"],
        ["./app.py:app"],
        ["https://tide.example", "--connect", "nowhere"],
        ["https://tide.example", "--connect", "a:b"],
        ["https://tide.example", "--log", "missing.log"],
        ["https://tide.example", "--ca", "missing.pem"],
        ["https://tide.example", "--policy", "missing.toml"],
    ],
)
def test_what_cannot_be_meant_is_said(arguments: list[str]) -> None:
    """A message and status 2, never a traceback."""
    found = run(*arguments)
    assert found.exit_code == 2
    assert "Error:" in found.output


def test_what_is_no_certificate_is_said(tmp_path: Path) -> None:
    """A file that is there, and is something else."""
    (tmp_path / "ca.pem").write_text("no certificate", "utf-8")
    found = run("https://tide.example", "--ca", tmp_path / "ca.pem")
    assert found.exit_code == 1
    assert "holds no certificate" in found.output


def test_what_a_site_says_is_not_written_into_the_terminal(tmp_path: Path) -> None:
    """Control characters of a hostile site are replaced."""
    with served(site(headers={"location": "x"})) as origin:
        found = run(f"{origin}/", "--json")
        assert "\x1b" not in found.output
    with tide(tmp_path, front=adding("accept-ch", "a\x1b[2Jb")) as origin:
        assert "\x1b" not in run(origin).output


def test_markup_is_read_whatever_it_is() -> None:
    """Never raises; nothing hides what a browser would load."""
    for text in (
        "",
        "<",
        "<script",
        "<!--",
        "\x00",
        "<img src=//a.example/x",
        "<a" * 10_000,
        "<![x[",
        "<!x[[",
    ):
        read_markup(text)
    hidden = '<IMG SRC="//a.example/1"><sCript\nsrc = //b.example/2 ></script>'
    assert read_markup(hidden).loads == ("//a.example/1", "//b.example/2")
