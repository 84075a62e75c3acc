"""The page on attributes says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from askfirst.contracts.events import Action as Sent
from askfirst.contracts.events import CookieInfo
from askfirst.observe import agent
from askfirst.observe.action import action
from askfirst.observe.campaign import campaign
from askfirst.observe.clock import arrival
from askfirst.observe.cookies import cookies
from askfirst.observe.language import language
from askfirst.observe.page import page
from askfirst.observe.place import place_of
from askfirst.observe.referrer import referrer
from askfirst.observe.screen import screen
from askfirst.pages import stored as shown
from askfirst.terms.attributes import ATTRIBUTES, PSEUDONYMS
from askfirst.terms.terms import Action

PAGE = Path(__file__).resolve().parents[3] / "docs/attributes.md"
ROW = re.compile(r"^\| (\d) \| (\w+) \| (.*) \|$", re.MULTILINE)
SIGNUP = Action(values={"plan": frozenset({"free", "pro"})}, buckets={"seats": (1, 10, 50)})
EXAMPLES = {
    "time": arrival(1_795_356_309),
    "page": page("/shop/8812/red-shoes?sort=price&u=7#reviews", {"sort": frozenset({"price"})}),
    "referrer": referrer("https://www.google.co.uk"),
    "campaign": campaign("/?utm_source=Newsletter&utm_medium=email&utm_campaign=spring-sale"),
    "browser": agent.browser("Mozilla/5.0 (X11; Linux; rv:140.0) Gecko/20100101 Firefox/140.0.2"),
    "os": agent.os("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7_1 like Mac OS X) Mobile/15E148"),
    "screen": screen([1366, 768]),
    "ip": place_of("GB", "ENG", "London"),
    "language": language("de-AT,de;q=0.9,en;q=0.8"),
    "cookies": cookies(CookieInfo(True, ("session", "_ga_X1")), {"_ga_*"}),
    "action": action(
        Sent("signup", {"plan": "pro", "seats": 12, "note": "CANARY"}),
        {"signup": SIGNUP},
    ),
}


def test_every_attribute_and_level_has_its_example() -> None:
    """Each attribute has a section, in order, a row a level; each example is what is stored."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [section.split("\n")[0] for section in sections] == list(ATTRIBUTES)
    for section, attribute in zip(sections, ATTRIBUTES.values(), strict=True):
        rows = ROW.findall(section)
        parts = [(str(level), part) for level, part in enumerate(attribute.parts, start=1)]
        assert [row[:2] for row in rows] == parts
        if attribute.name not in PSEUDONYMS:
            assert [row[2].strip("`") for row in rows] == list(EXAMPLES[attribute.name])


def test_the_rights_page_gives_the_same_examples() -> None:
    """What a visitor without rows is shown is what would be stored."""
    assert {name: tuple(value) for name, value in EXAMPLES.items()} == dict(shown.EXAMPLES)
