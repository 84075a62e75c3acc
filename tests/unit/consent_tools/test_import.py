"""Configurations of other consent tools: what they come to, and what is said to be lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.cli import main
from askfirst_collector.consent_tools.configuration import Notes, globs_of
from askfirst_collector.consent_tools.cookieyes import read_cookieyes
from askfirst_collector.consent_tools.klaro import read_klaro
from askfirst_collector.consent_tools.orestbida import read_orestbida
from askfirst_collector.consent_tools.script_values import (
    Code,
    Pattern,
    UnreadableConfiguration,
    Value,
    tables_of,
)
from tests.support.consent_tools import FOLDER

OWNER = ("--site", "tides", "--origin", "https://example.org", "--country", "ie")


def imported(tool: str, file: Path, out: Path) -> tuple[Policy, dict[str, Any]]:
    """The policy that the command wrote, and what it said."""
    command = ["import", tool, str(file), "--out", str(out), "--json", *OWNER]
    answer = CliRunner().invoke(main, command, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return read_policy(out), json.loads(answer.stdout)


def notes(said: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """What is said first of each key."""
    return {note["key"]: (note["line"], note["says"]) for note in reversed(said["notes"])}


def test_a_script_of_orestbida(tmp_path: Path) -> None:
    """Categories, cookies, words, services carry over; callbacks, looks, opt-out are named."""
    policy, said = imported("orestbida", FOLDER / "orestbida.js", tmp_path / "policy.toml")

    assert (policy.site, policy.origins) == ("tides", ("https://example.org",))
    assert list(policy.purposes) == ["marketing", "analytics"]
    analytics = policy.purposes["analytics"]
    assert analytics.terms.cookies.items == {"_ga*", "_gid", "_gat", "_gac"}
    assert analytics.text["en"].title == "Performance & Analytics"
    assert analytics.text["en"].description == "Which pages are read. More"
    assert policy.purposes["marketing"].text["en"].description == "What we'd show… elsewhere."
    (recipient,) = analytics.terms.recipients
    assert (recipient.name, recipient.role, recipient.country) == (
        "Google Analytics",
        "processor",
        "IE",
    )
    assert not any(analytics.terms.scope.levels)
    assert [entry.cookie for entry in policy.necessary] == ["session"]
    lost = notes(said)
    assert lost["guiOptions"][0] == 6
    assert "AskFirst.onFirstConsent" in lost["onFirstConsent"][1]
    assert "no opt-out" in lost["mode"][1]
    assert lost["analytics.enabled"][0] == 17
    assert lost["cookies"] == (
        19,
        "^(?!x)y: write the cookie's name, or a glob such as '_ga_*'",
    )
    assert 'data-service="Weather"' in lost["Weather"][1]
    assert lost["translations.de"][0] == 34
    assert said["made_up"] == ["controller", "contact"]


def test_a_config_of_klaro(tmp_path: Path) -> None:
    """A purpose has all cookies of its services, in all languages; pages are told what to write."""
    policy, said = imported("klaro", FOLDER / "klaro.js", tmp_path / "policy.toml")

    assert policy.languages == ("en", "de")
    assert list(policy.purposes) == ["marketing", "analytics"]
    analytics = policy.purposes["analytics"]
    assert analytics.terms.cookies.items == {"_ga*", "_gid", "_gat_*"}
    assert analytics.text["de"].title == "Besucher-Statistiken"
    assert policy.purposes["marketing"].text["en"].title == "Marketing"
    assert policy.purposes["marketing"].terms.cookies.items == {"_ads"}
    assert [r.name for r in analytics.terms.recipients] == ["Google Ireland Limited (Analytics)"]
    assert [entry.cookie for entry in policy.necessary] == ["session"]
    lost = notes(said)
    assert [note["line"] for note in said["notes"] if note["key"] == "adsmith"] == [27, 28, 30]
    assert 'data-purpose="analytics"' in lost["google-analytics"][1]
    assert lost["mustConsent"] == (8, "nobody is kept from the page by a question")
    assert lost["marketing.text"][0] == 27


@pytest.mark.parametrize("file", ["cookieyes.csv", "cookieyes.js"])
def test_an_export_of_cookieyes(tmp_path: Path, file: str) -> None:
    """The plugin's cookie list, and the categories of its script, come to the same purposes."""
    policy, said = imported("cookieyes", FOLDER / file, tmp_path / "policy.toml")

    assert list(policy.purposes) == ["advertisement", "analytics"]
    assert policy.purposes["analytics"].terms.cookies.items == {"_ga", "_gid"}
    assert policy.purposes["advertisement"].terms.sells_or_shares
    assert "session" in [entry.cookie for entry in policy.necessary]
    assert not any("cookie" in entry.cookie for entry in policy.necessary), "its own go with it"
    assert 'data-cookieyes="cookieyes-analytics"' in notes(said)["analytics"][1]
    guesses = [note["key"] for note in said["notes"] if "is a guess" in note["says"]]
    assert sorted(guesses) == ["advertisement", "analytics"], "beside what pages are to write"
    if file.endswith("csv"):
        assert {e.cookie: (e.why, e.days) for e in policy.necessary} == {
            "session": ("Keeps you signed in.", 0),
            "csrf": ("Keeps forms safe.", 400),
        }
    else:
        assert [r.country for r in policy.purposes["analytics"].terms.recipients] == ["IE"]
        assert notes(said)["weather.example"][0] == 20


def test_a_service_is_known_by_its_label_too(tmp_path: Path) -> None:
    """What pages call it is the owner's own word; what visitors read is its maker's."""
    script = """run({categories: {ads: {services: {
        ga4: {label: "<b>Google Analytics 4</b>"}, tube: {label: "Weather"}}}}})"""
    file = tmp_path / "config.js"
    file.write_text(script, "utf-8")
    policy, said = imported("orestbida", file, tmp_path / "policy.toml")
    (recipient,) = policy.purposes["ads"].terms.recipients
    assert recipient.name == "ga4", "as data-service of the pages has it"
    assert "google-analytics.com" in str(recipient.hosts)
    assert "tube" in notes(said)

    file.write_text("klaroConfig = {services: [{name: 'ga', title: 'Google Analytics'}]}", "utf-8")
    policy, _ = imported("klaro", file, tmp_path / "klaro.toml")
    (recipient,) = policy.purposes["ga"].terms.recipients
    assert recipient.country == "IE"


def test_every_line_is_commented_and_nothing_is_overwritten(tmp_path: Path) -> None:
    """The file says what each line means, and is written once."""
    out = tmp_path / "policy.toml"
    source = FOLDER / "orestbida.js"
    command = ["import", "orestbida", str(source), "--out", str(out)]
    answer = CliRunner().invoke(main, command, catch_exceptions=False)
    assert f"{source}:6: guiOptions: how it looks" in answer.output
    text = out.read_text("utf-8").splitlines()
    plain = [
        line
        for before, line in pairwise(text)
        if line and "#" not in line and not before.startswith("#")
    ]
    assert plain == []

    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 1
    assert "is there already" in answer.output
    assert out.read_text("utf-8").splitlines() == text


Read = Callable[[bytes], object]
LAUGHS = b"".join(b"const a%d = [%s];" % (n, b"a%d," % (n + 1) * 9) for n in range(12))


@pytest.mark.parametrize(
    ("read", "source", "says"),
    [
        (read_orestbida, b"CookieConsent.run(config());", "no CookieConsent.run"),
        (read_orestbida, b"CookieConsent.run({ categories: { a: } });", "line 1 is no JavaScript"),
        (read_klaro, b"export const klaroConfig = { services: load() };", "no klaroConfig"),
        (read_cookieyes, b"name,kind\n_ga,x\n", "no column for the category"),
        (read_cookieyes, b"hello", "neither a cookie list"),
        (read_klaro, b"var x = " + b"[" * 5000 + b"]" * 5000, "too deep"),
        (read_klaro, b" " * 1_000_001, "longer than"),
        (read_klaro, LAUGHS, "more than 20000 values"),
    ],
)
def test_what_cannot_be_read_is_said(read: Read, source: bytes, says: str) -> None:
    """Bad input gets what to write instead; a hostile one ends soon."""
    with pytest.raises(UnreadableConfiguration, match=says):
        read(source)


def test_nothing_is_run() -> None:
    """Constants are followed, circles included; functions, calls and spreads stay code."""
    source = b"""const A = { a: B, ...C, [D]: 1, e() {}, 'f': A, g, h: -1, i: !0 };
    const B = 'x\\x41', g = [null, 0x10, /a[/]b/i];"""
    (table, _) = tables_of(source)
    data = {key: type(value.data).__name__ for key, value in table.table().items()}
    assert data == {
        "a": "str",
        "...C": "Code",
        "[D]: 1": "Code",
        "e": "Code",
        "f": "dict",
        "g": "tuple",
        "h": "int",
        "i": "bool",
    }
    assert table.get("a").text() == "xA"
    assert isinstance(table.get("f").get("f").data, Code)
    assert [value.data for value in table.get("g").list()] == [None, 16, Pattern("a[/]b")]


@pytest.mark.parametrize(
    ("source", "globs"),
    [
        ("^_ga", ("_ga*",)),
        ("^_ga(_.*)?", ("_ga*",)),
        ("^_ga_[A-Z0-9]+$", ("_ga_*",)),
        (r"^wp\.x$", ("wp.x",)),
        ("_utm", ("*_utm*",)),
        ("^(_ga|_gid)", ("_ga*", "_gid*")),
        ("^a|b$", ("a*", "*b")),
        *((source, ()) for source in ("^a+b", "^(a(b))c?", "", ".*", r"^\bx", "^(?!a)b")),
    ],
)
def test_expressions_become_globs(source: str, globs: tuple[str, ...]) -> None:
    """What a simple expression matches its glob matches; another one is left to its owner."""
    assert globs_of(Value(1, Pattern(source)), Notes()) == globs
