"""A site's own words: which are open, what they keep, and when they ask again."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest

from askfirst.errors import PolicyError
from askfirst.terms.notice_words import BUTTONS, SLOTS
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst.terms.widening import Widening, widened
from tests.conftest import ROOT

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "docs/policy.schema.json").read_text("utf-8"))
)
TITLE = {"notice": {"title": "Do we count you?"}}
INTRO = {"notice": {"intro": "{controller} asks, as its {policy} says."}}


def document(**words: Any) -> dict[str, Any]:
    found = copy.deepcopy(shipped("standard").document)
    purpose = found["purposes"]["statistics"]
    purpose["text"]["pt-BR"] = {"title": "Estatísticas", "description": "Para contar."}
    return {**found, "languages": ["en", "pt-BR"], "words": words}


def policy(**words: Any) -> Policy:
    return read_policy(document(**words))


@pytest.mark.parametrize(
    ("words", "pointer", "advice"),
    [
        ({"en": {"notice": {"titel": "x"}}}, "/words/en/notice/titel", "did you mean 'title'"),
        ({"en": {"notce": {"title": "x"}}}, "/words/en/notce", "did you mean 'notice'"),
        ({"en": {"button": {"chose": "x"}}}, "/words/en/button/chose", "did you mean 'choose'"),
        ({"en": {"button": {"reject": "Maybe later"}}}, "/words/en/button/reject", BUTTONS),
        ({"en": {"button": {"accept_age": "OK"}}}, "/words/en/button/accept_age", BUTTONS),
        ({"en": {"level": {"ip": ["", "x"]}}}, "/words/en/level", "is not known"),
        ({"en": {}}, "/words/en", "write a sentence"),
        ({"en": {"notice": {}}}, "/words/en/notice", "write a sentence"),
        ({"en": {"editorial": True}}, "/words/en", "write a sentence"),
        ({"en": "x"}, "/words/en", "write a table"),
        ({"en": {"notice": {"title": 5}}}, "/words/en/notice/title", "plain text in one line"),
        ({"en": {"notice": {"title": " "}}}, "/words/en/notice/title", "plain text in one line"),
        ({"en": {"notice": {"title": "x" * 81}}}, "/words/en/notice/title", "at most 80"),
        ({"en": {"notice": {"title": "<b>x</b>"}}}, "/words/en/notice/title", "without markup"),
        ({"en": {"notice": {"title": "a\nb"}}}, "/words/en/notice/title", "in one line"),
        ({"en": {"notice": {"title": "\u202ex"}}}, "/words/en/notice/title", "plain text"),
        ({"en": {"notice": {"title": "a &lt; b"}}}, "/words/en/notice/title", "the character"),
        ({"en": {"notice": {"title": "{n}"}}}, "/words/en/notice/title", "nothing is filled in"),
        ({"en": {"notice": {"title": "a {"}}}, "/words/en/notice/title", "single brace"),
        ({"en": {"notice": {"intro": "We ask."}}}, "/words/en/notice/intro", "each once"),
        (
            {"en": {"notice": {"intro": "{controler} {policy}"}}},
            "/words/en/notice/intro",
            "did you mean {controller}?",
        ),
        (
            {"en": {"notice": {"intro": "{controller} {policy} {policy}"}}},
            "/words/en/notice/intro",
            "each once",
        ),
        ({"en": {"button": {"choose": "\u200b\u2800"}}}, "/words/en/button/choose", "nobody sees"),
        ({"en": {"button": {"choose": "\u3164"}}}, "/words/en/button/choose", "nobody sees"),
        ({"en": {"notice": {"intro": "{controller} {policy}"}}}, "/words/en/notice/intro", "words"),
        ({"fr": TITLE}, "/words/fr", "add it to languages"),
    ],
)
def test_what_is_not_open_is_refused_with_what_to_write(
    words: dict[str, Any], pointer: str, advice: str
) -> None:
    """A key that is not open, a button's words, markup, a lost placeholder: it is said."""
    with pytest.raises(PolicyError) as caught:
        policy(**words)
    problems = {problem.pointer: problem.message for problem in caught.value.problems}
    assert advice in problems[pointer]
    if pointer != "/words/fr":  # which languages a policy has no schema can hold against
        is_shape = advice not in ("the character", "nobody sees", "words")
        assert not is_shape or not SCHEMA.is_valid(document(**words))


def test_a_language_that_the_notice_does_not_have_is_refused_once() -> None:
    """It would be half English; what was published already is read all the same."""
    found = document(eo=TITLE)
    found["languages"].append("eo")
    found["purposes"]["statistics"]["text"]["eo"] = {"title": "x", "description": "y"}
    with pytest.raises(PolicyError, match="in no such language"):
        read_policy(found)
    assert read_policy(found, archived=True).words["eo"].entries == TITLE


def test_every_open_key_is_read_and_written_back() -> None:
    """The canonical form has them; reader and schema take the same."""
    entries = {
        group: {
            key: " ".join(["Words", *(f"{{{hole}}}" for hole in slot.holes)])
            for key, slot in slots.items()
        }
        for group, slots in SLOTS.items()
    }
    own = policy(**{"en": entries, "pt-BR": TITLE | {"editorial": True}})
    SCHEMA.validate(own.document)
    assert read_policy(own.canonical()).hash == own.hash != policy().hash
    assert own.own_words("en") == entries
    assert own.own_words("pt") == own.own_words("pt-BR") == TITLE
    assert own.own_words("de") == {}


def test_our_files_of_words_have_every_open_key() -> None:
    """What a site may write is a sentence of ours, with these placeholders and lengths."""
    for file in (ROOT / "consent_banner/translations").glob("*.json"):
        ours = json.loads(file.read_text("utf-8"))
        own = {g: {key: ours[g][key] for key in slots} for g, slots in SLOTS.items()}
        assert policy(en=own).own_words("en") == own, file.name


def test_without_own_words_the_hash_is_what_it_was() -> None:
    """An upgrade makes no edition."""
    assert "words" not in policy().document


def changes(old: Policy, new: Policy) -> list[Widening]:
    return [w for w in widened(old, new, "statistics") if w.dimension.startswith("/words")]


def test_another_question_is_asked_again() -> None:
    """M16: agreed to was the sentence that stood there; the title of a page is no question."""
    asked = changes(policy(en=TITLE), policy(en=TITLE | INTRO))
    name = policy().controller.name
    assert asked == [Widening("/words/en", "", f"{name} asks, as its {{policy}} says.")]
    assert changes(policy(), policy(en=TITLE))  # ours is replaced
    label = {"control": {"title": "Cookies"}, "button": {"choose": "Settings"}}
    assert changes(policy(), policy(en=label)) == []


def test_what_is_editorial_or_ours_again_asks_nobody() -> None:
    assert changes(policy(en=TITLE), policy(en=INTRO | {"editorial": True})) == []
    assert changes(policy(en=TITLE), policy()) == []
    assert changes(policy(en=TITLE), policy(en=TITLE | {"control": {"title": "C"}})) == []


def test_a_language_that_is_new_asks_nobody() -> None:
    old = copy.deepcopy(shipped("standard").document)
    assert changes(read_policy(old), policy(**{"pt-BR": TITLE})) == []
