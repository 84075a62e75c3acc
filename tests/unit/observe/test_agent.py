"""Browsers, systems and programs by their User-Agent."""

from __future__ import annotations

import gc
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
import ua_parser
import yaml
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe import agent
from askfirst.observe.campaign import campaign
from askfirst.observe.page import page
from askfirst.observe.recent import Recent
from askfirst.observe.referrer import referrer
from askfirst.terms.attributes import UNKNOWN, Value

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSERS = (
    "test_ua.yaml",
    "firefox_user_agent_strings.yaml",
    "opera_mini_user_agent_strings.yaml",
    "podcasting_user_agent_strings.yaml",
    "pgts_browser_list.yaml.gz",
)
SYSTEMS = ("test_os.yaml", "additional_os_tests.yaml")


def cases(path: Path) -> Iterator[dict[str, str | None]]:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    yield from yaml.load(text, yaml.CSafeLoader)["test_cases"]


def expected(case: dict[str, str | None]) -> tuple[str, str]:
    if case["family"] == "Other":
        return (UNKNOWN, UNKNOWN)
    return (str(case["family"]), UNKNOWN if case["major"] is None else str(case["major"]))


def family_and_major(value: Value) -> tuple[str, str]:
    return (value[0], value[1] if len(value) > 1 else UNKNOWN)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("read", "name"),
    [(agent.browser, name) for name in BROWSERS] + [(agent.os, name) for name in SYSTEMS],
)
def test_every_case_of_uap_core(corpus: Path, read: Callable[[str], Value], name: str) -> None:
    """Families and majors are those that uap-core expects, in every one of its rows."""
    rows = list(cases(corpus / "ua/uap-core" / name))
    wrong = [
        (case["user_agent_string"], read(str(case["user_agent_string"])))
        for case in rows
        if family_and_major(read(str(case["user_agent_string"]))) != expected(case)
    ]
    assert rows
    assert wrong == []


@pytest.fixture(scope="session")
def people(corpus: Path) -> list[str]:
    with gzip.open(corpus / "ua/user-agents-npm/user-agents-2.1.198.jsonl.gz") as file:
        return sorted({json.loads(line)["userAgent"] for line in file})


@pytest.mark.corpus
def test_no_person_is_called_a_bot(people: list[str]) -> None:
    """None of the 952 agents of real traffic is taken for a program."""
    assert len(people) == 952
    assert [text for text in people if agent.is_bot(text)] == []


@pytest.mark.corpus
def test_crawlers_are_told_as_bots(corpus: Path) -> None:
    """Of the crawlers that do not pose as a plain browser, at least 979 in 1,000 are told."""
    rows = json.loads(
        (corpus / "ua/crawler-user-agents/crawler-user-agents.json").read_text(encoding="utf-8")
    )
    instances = [text for row in rows for text in row["instances"]]
    told = sum(map(agent.is_bot, instances))
    assert len(instances) == 2116
    assert told / len(instances) >= 0.979, f"{told} of {len(instances)}"


@pytest.mark.corpus
def test_people_are_known(people: list[str]) -> None:
    """Nearly every agent of real traffic has a known browser and system."""
    known = [text for text in people if UNKNOWN not in (agent.browser(text)[0], agent.os(text)[0])]
    assert len(known) / len(people) > 0.99


def test_parts_are_family_major_full() -> None:
    """A value has one part a level, coarse to fine."""
    assert agent.browser(FIREFOX) == ("Firefox", "140", "140.0")
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/148.0.7778.96"
    assert agent.os(windows) == ("Windows", "10", "10")


def test_a_version_keeps_its_zeros() -> None:
    """10.04 is not 10.4, as it would be by way of numbers."""
    ubuntu = "Mozilla/5.0 (X11; U; Linux i686; rv:1.9) Gecko/2010 Ubuntu/10.04 (lucid) Firefox/3.6"
    assert agent.os(ubuntu) == ("Ubuntu", "10", "10.04")


def test_unknown_is_not_guessed() -> None:
    """What cannot be read is unknown, from the first part that is not known on."""
    assert agent.browser("") == (UNKNOWN,)
    assert agent.os("fakeLuminary/1.0") == (UNKNOWN,)
    assert agent.os(FIREFOX) == ("Linux", UNKNOWN)


@pytest.mark.parametrize(
    ("text", "bot"),
    [
        (FIREFOX, False),
        ("", False),
        ("curl/8.5.0", True),
        ("python-requests/2.32", True),
        ("Mozilla/5.0 (compatible; NewThing/0.1)", True),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT_X18) AppleWebKit/537.36 Chrome/120.0", False),
        ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)", False),
        ("Nokia6230/2.0 (05.50) Profile/MIDP-2.0 Configuration/CLDC-1.1", False),
        ("Lynx/2.8.9rel.1 libwww-FM/2.14", False),
    ],
)
def test_bots(text: str, bot: bool) -> None:
    """Programs are told by their words and their form, old telephones are not programs."""
    assert agent.is_bot(text) is bot


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/21F79"
)
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"
KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("text", "browser", "os"),
    [
        (
            f"{IPHONE} Instagram 330.0.3.29.91 (iPhone14,3; iOS 17_5; en_IR@calendar=gregorian)",
            ("Instagram", "330"),
            ("iOS", "17"),
        ),
        ("[FBAN/FB4A;FBAV/567.0.0.1;]", ("Facebook", "567"), (UNKNOWN,)),
        (f"{IPHONE} [FBAN/FBIOS;FBAV/466.0.0.1;FBDV/bot]", ("Facebook", "466"), ("iOS", "17")),
        (
            f"Mozilla/5.0 (Linux; Android 9; Phantom6) {CHROME}",
            ("Chrome Mobile", "120"),
            ("Android", "9"),
        ),
        (
            f"Mozilla/5.0 (Linux; U; Android 9; en-us; Spider 8 Build/P) {CHROME}",
            ("Chrome Mobile", "120"),
            ("Android", "9"),
        ),
        ("Roku4640X/DVP-7.70 (297.70E04154A)", ("Roku", "7"), ("Roku", "7")),
        ("Mozilla/5.0 (compatible; Roku/DVP-9.10; 519E)", ("Roku", "9"), ("Roku", "9")),
        (f"Mozilla/5.0 (Roku) {KIT} Web/1.1", ("Roku", UNKNOWN), ("Roku", UNKNOWN)),
        (
            f"Mozilla/5.0 (Linux; Android 11; AFTKA) {KIT} Silk/110.4.2 like Chrome/110.0",
            ("Amazon Silk", "110"),
            ("Android", "11"),
        ),
        (
            f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {KIT} Chrome/114.0.0.0 ArkWeb/4.1.6.1 Mobile",
            ("ArkWeb", "4"),
            ("HarmonyOS", "5"),
        ),
        (
            "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/538.2 LG Browser/7.00.00(LGE)",
            ("LG Browser", "7"),
            ("Web0S", UNKNOWN),
        ),
        (f"{IPHONE} [LinkedInApp]/9.29.8962", ("LinkedIn", "9"), ("iOS", "17")),
        (f"{IPHONE} Barcelona 330.0.3 (iPhone14,3; en_US)", ("Threads", "330"), ("iOS", "17")),
    ],
)
def test_apps_and_televisions(text: str, browser: Value, os: Value) -> None:
    """Words within a model or an app's own token name no program; the app has its name."""
    assert not agent.is_bot(text)
    assert agent.browser(text)[:2] == browser
    assert agent.os(text)[:2] == os


@pytest.mark.parametrize(
    "text",
    [
        f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) {CHROME} (compatible; Googlebot/2.1)",
        f"Mozilla/5.0 (Linux; Android 9; compatible; ABot/1.0) {CHROME}",
        f"Mozilla/5.0 (Linux; Android 9; Phantom6; +https://crawler.example/bot) {CHROME}",
        f"{IPHONE} [FBAN/FBIOS;FBAV/1] facebookexternalhit/1.1 (+http://facebook.com/uatext.php)",
    ],
)
def test_a_program_behind_a_model_is_a_program(text: str) -> None:
    """Only what can be a model or is an app's own is passed over."""
    assert agent.is_bot(text)


@given(st.text(max_size=3000))
def test_any_agent_is_read(text: str) -> None:
    """Nothing that a client can send raises."""
    for value in (agent.browser(text), agent.os(text)):
        assert value
        assert all(part and part.isprintable() and len(part) <= 64 for part in value)
    agent.is_bot(text)


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "Mozilla/5.0 (",
        "a/1.",
        "²",
        "\ud800",
        " ;",
        "Android 9; ",
        "; Android 9;a",
        "[FBAN/",
        "x_xx@a=b",
    ],
)
def test_hostile_agents_are_bounded_in_time(unit: str) -> None:
    """Only the first kilobyte is read: a megabyte costs no more than 50 ms."""
    text = unit * (1_000_000 // len(unit))
    agent.browser(FIREFOX)
    started = time.process_time()
    agent.browser(text), agent.os(text), agent.is_bot(text)
    assert time.process_time() - started < 0.05


def held(canary: str) -> list[type]:
    """The types of all objects that hold a text with the canary in it, frames aside."""
    gc.collect()
    return [
        type(holder)
        for holder in gc.get_objects()
        if type(holder) is not FrameType  # not `isinstance`: it asks lazy objects who they are
        and any(
            type(item) is str and item != canary and canary in item
            for item in gc.get_referents(holder)
        )
    ]


def test_no_agent_stays_in_memory() -> None:
    """M25: after it was read, no object of the process holds the raw agent."""
    canary, control = f"Canary{time.time_ns()}", f"Control{time.time_ns()}"
    agent.browser(f"Mozilla/5.0 ({canary}) Firefox/140.0")
    agent.os(f"Mozilla/5.0 ({canary}) Firefox/140.0")
    agent.is_bot(f"Mozilla/5.0 ({canary}) Firefox/140.0")
    assert held(canary) == []
    ua_parser.parse(f"Mozilla/5.0 ({control}) Firefox/140.0")
    assert held(control), "what other front doors keep is found by this test"


def test_no_address_stays_in_memory() -> None:
    """M25: nor does the address of a page, or where somebody came from, though answers do."""
    canary = f"canary{time.time_ns()}"
    address = f"/shop/{time.time_ns()}?secret={canary}&utm_source=mail#{canary}"
    origin = f"https://{canary}.example.org/{canary}"
    for _ in range(2):
        assert page(address, {}) == ("/shop", "/shop/:id", "none")
        assert campaign(address) == ("mail", "none", "none")
        assert referrer(origin, ["https://shop.example"]) == ("other", "example.org")
    del address, origin
    assert held(canary) == []


@pytest.mark.parametrize("own", [[], ["https://example.org"]])
def test_what_is_remembered_is_of_one_policy(own: list[str]) -> None:
    """The same address, under another policy, is what that one makes of it."""
    for listed in ({}, {"sort": frozenset({"price"})}, {"sort": frozenset({"name"})}):
        query = (
            "none" if not listed else "sort=price" if "price" in listed["sort"] else "sort=other"
        )
        assert page("/a?sort=price", listed) == ("/a", "/a", query)
    assert page("/orders/word", {}, ["/orders/:order"]) == ("/orders", "/orders/:order", "none")
    assert page("/orders/word", {}) == ("/orders", "/orders/word", "none")
    assert referrer("https://example.org", own)[0] == ("internal" if own else "other")
    assert campaign("/?utm_source=a&utm_medium=b", 1) == ("a",)
    assert campaign("/?utm_source=a&utm_medium=b", 2) == ("a", "b")


def test_recent_forgets_everything_together() -> None:
    """Answers and key are dropped after so many agents, and after so many look-ups."""
    asked: list[str] = []

    def ask(text: str) -> Value:
        asked.append(text)
        return (text,)

    recent = Recent(ask, texts=2, lookups=5)
    for text in ("a", "a", "b"):
        assert recent(text) == (text,)
    assert asked == ["a", "b"]
    recent("c")  # a third agent: all is forgotten
    recent("a")
    assert asked == ["a", "b", "c", "a"]
    for _ in range(5):
        recent("a")
    assert asked == ["a", "b", "c", "a", "a"]
