"""Our own words: one file, complete, and filled without surprises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from askfirst.pages.html import el
from askfirst.pages.words import isolated, words_in
from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.languages import shipped_languages
from askfirst.terms.purpose import LEGAL_BASES, ROLES

SOURCES = Path(__file__).parents[3] / "consent_banner" / "translations"


@pytest.mark.parametrize("lang", sorted(shipped_languages()))
def test_every_language_names_everything_that_can_be_gathered(lang: str) -> None:
    """S09: each level of each attribute, each role and each legal basis has its words."""
    words = words_in(lang)
    for name, attribute in ATTRIBUTES.items():
        assert words.say("attribute", name)
        for level in range(attribute.finest + 1):
            assert words.say("level", name, level, period="day")
    for role in ROLES:
        assert words.has("recipients", "role", role)
    for basis in LEGAL_BASES:
        assert words.has("basis", basis)


def test_the_words_that_are_served_are_those_of_the_source() -> None:
    """The script and the server read the same file."""
    for file in SOURCES.glob("*.json"):
        assert words_in(file.stem).entries == json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize("asked", ["xx", "en-GB", "../../policies/full", "", "e" * 5000])
def test_a_language_we_do_not_have_is_english(asked: str) -> None:
    """The nearest language we have is taken, and no path from outside."""
    assert words_in(asked).lang == "en"


def test_what_is_asked_for_is_not_remembered() -> None:
    """S19, M43: a thousand made-up languages are one file in memory; their names are not."""
    assert len({id(words_in(f"en-{number}")) for number in range(1000)}) == 1


def test_a_hole_is_filled_once() -> None:
    """Words in a hole are not read as holes, and are escaped in markup."""
    words = words_in("en")
    assert words.say("policy", "jurisdiction", jurisdiction="{days}").endswith("{days}")
    link = el("a", None, "<")
    assert words.markup("policy", "earlier", link=link).count("<a>&lt;</a>") == 1


def test_a_direction_in_foreign_words_ends_with_them() -> None:
    """S10: overrides are taken out of plain sentences, and the rest is isolated (UAX 9)."""
    assert isolated("a\u202eb\u2069c") == "\u2068abc\u2069"
