"""A site's own words, as the server draws them and as it sends them to the script."""

from __future__ import annotations

import json
from typing import Any

from askfirst.endpoints.policy import policy_json
from askfirst.gate.resolve_answer import is_language
from askfirst.pages.choices import choices_page
from askfirst.pages.describe_changes import sentences
from askfirst.pages.notice import notice_html
from askfirst.pages.policy import policy_page
from askfirst.pages.words import words_for, words_in
from askfirst.terms.edition import Editions, widenings
from askfirst.terms.policy import read_policy
from askfirst_collector.catalogue.notice_archive import notice_hash, notice_words
from askfirst_collector.commands.snippet import static_site
from tests.unit.gate.shown import Page, document, editions, visitor

OWN = {
    "notice": {
        "title": "Do we count you?",
        "intro": "Nobody but {controller} looks; the {policy} says how.",
        "policy": "small print",
    },
    "button": {"choose": "Settings"},
    "control": {"title": "Cookie settings"},
    "choices": {"title": "Settings in full", "intro": "Switch what you like."},
    "policy": {"title": "The small print"},
    "rights": {"title": "Your data"},
}
SENTENCE = "Nobody but Tidewater Press looks; the small print says how."


def with_words(**words: Any) -> dict[str, Any]:
    return document() | {"words": words}


def known() -> Editions:
    return editions(with_words(en=OWN))


def test_every_page_says_them() -> None:
    """M15: the notice, the page of choices, the way back and the policy; the buttons stay ours."""
    consent = visitor(known())
    words = words_in("en", known().current.policy)
    notice = Page(str(notice_html(consent, path="/", words=words))).text
    for text in ("Do we count you?", SENTENCE, "Settings", "Cookie settings: not answered"):
        assert text in notice
    assert "“Cookie settings” at the foot of every page" in notice
    for text in ("Reject all", "Accept all"):
        assert text in notice
    page = Page(choices_page(consent, words=words)).text
    for text in ("Settings in full", "Switch what you like.", "The small print", "Save choices"):
        assert text in page
    assert "The small print" in Page(policy_page(known().current, words=words)).text


def test_the_script_gets_those_of_its_language_alone() -> None:
    """It draws what the server draws; other languages' words are not its own."""
    policy = document() | {"languages": ["en", "de"], "words": {"de": OWN}}
    for purpose in policy["purposes"].values():
        purpose["text"]["de"] = {"title": "T", "description": "D"}
    all_known = editions(policy)
    german, english = (
        json.loads(policy_json(all_known, words_for(lang, all_known.current.policy)))
        for lang in ("de", "en")
    )
    assert german["words"] == OWN
    assert german["control"]["title"] == "Cookie settings"
    assert "words" not in english
    assert english["control"]["title"] == "Privacy choices"


def test_a_site_without_a_server_has_them_in_its_files() -> None:
    """Its page of choices, the address of its policy in each language, and its pages of rights."""
    files = dict(static_site(known(), "https://stats.example"))
    for name in ("index", "en"):
        assert json.loads(files[f"askfirst/policy/{name}.json"])["words"] == OWN
    assert b"Cookie settings" in files["askfirst/choices/index.html"]
    assert b"Your data" in files["askfirst/rights/me/index.html"]


def test_the_words_of_a_region_are_those_of_its_language() -> None:
    """A policy in pt-BR shows its own texts to a page in pt, not those of its first language."""
    policy = document() | {"languages": ["en", "pt-BR"], "words": {"pt-BR": OWN}}
    for purpose in policy["purposes"].values():
        purpose["text"]["pt-BR"] = {"title": "Contagem", "description": "Para contar."}
    all_known = editions(policy)
    words = words_for("pt", all_known.current.policy)
    text = Page(str(notice_html(visitor(all_known), path="/", words=words))).text
    assert "Contagem" in text
    assert "Do we count you?" in text
    assert words.lang == "pt"
    assert is_language(words.lang, all_known.current.policy)


def test_the_archive_holds_what_was_read() -> None:
    """S13, M17: a receipt names the hash of the notice, with the site's words in it."""
    edition = known().current
    archived = json.loads(notice_words(edition, "en"))
    assert archived["words"]["notice"]["title"] == "Do we count you?"
    assert archived["words"]["button"]["accept"] == "Accept all"
    assert notice_hash(edition, "en") != notice_hash(editions(document()).current, "en")


def test_who_is_asked_again_reads_the_new_sentence_in_their_language() -> None:
    """M16: the placeholders are filled, and no other language's words stand beside them."""
    policy = document() | {"languages": ["en", "de"]}
    for purpose in policy["purposes"].values():
        purpose["text"]["de"] = {"title": "T", "description": "D"}
    newer = policy | {"words": {"en": OWN, "de": {"notice": {"title": "Zählen wir Sie?"}}}}
    all_known = editions(policy, newer)
    wider = widenings(all_known, "statistics", 1)
    for lang, said, other in (
        ("en", f"Do we count you? {SENTENCE}", "Zählen"),
        ("de", "Zählen wir Sie?", "Nobody"),
    ):
        words = words_in(lang, all_known.current.policy)
        text = " ".join(sentences(wider, words))
        assert said in text
        assert other not in text


def test_own_words_bound_nothing_that_was_agreed_to() -> None:
    """Until asked, the grant goes on within the terms that it had: they are the same."""
    policy = document()
    all_known = editions(policy, policy | {"words": {"en": OWN}})
    consent = visitor(all_known, 1, statistics=2)
    assert consent.allows("statistics")
    assert [question.purpose for question in consent.asks if question.widened] == ["statistics"]
    assert read_policy(policy).hash != all_known.current.hash
