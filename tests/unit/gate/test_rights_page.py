"""What is kept about me, as a page."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.contracts.drops import Drop
from askfirst.pages.rights import rights_page
from askfirst.pages.words import words_in
from tests.unit.gate.shown import HARMLESS, HOSTILE, Page, document, editions, visitor

WORDS = words_in("en")
CONSENT = visitor(editions(document()), 1, marketing=0, preferences=0, statistics=1)


def kept(status: str = "granted", rows: int = 1) -> dict[str, Any]:
    record = {
        "status": status,
        "handle": "ab" * 32,
        "hour": "2026-11-22T14:00:00Z",
        "until": "2027-10-31T23:59:59Z",
        "choices": {"statistics": {"detail": 1, "edition": 1}},
    }
    row = {
        "purpose": "statistics",
        "period": "2026-11-22",
        "type": "page_view",
        "values": {"page": ["/almanac", "/almanac/:id"], "time": ["2026-11-22", "14"]},
    }
    return {
        "record": record,
        "receipt": "a.b.c",
        "history": [record],
        "rows": [row] * rows,
        "not_linkable": ["Figures of closed days"],
    }


def shown(told: dict[str, Any] | None, **options: Any) -> Page:
    return Page(rights_page(CONSENT, told, words=WORDS, return_to="/almanac", **options))


def delivery(day: str, name: str = "Tide Charts Ltd", what: str = "events") -> dict[str, Any]:
    recipient = {"name": name, "role": "processor", "country": "IE"}
    about = {"purpose": "statistics", "message": "msg_" + "0" * 32, "what": what}
    return {"hour": f"{day}T14:00:00Z", "recipient": recipient, **about}


def test_who_received_what_and_when_is_said() -> None:
    """M51: a line for each recipient and kind, with the first and the last day."""
    days = [delivery("2026-11-21"), delivery("2026-11-22"), delivery("2026-11-23")]
    page = shown({**kept(), "deliveries": [*days, delivery("2026-11-22", what="figures")]})
    assert "What went to others" in page.text
    # The name alone is apart: what is said of it runs in the direction of our words.
    receiver = "\u2068Tide Charts Ltd\u2069 (works for us, IE) · Statistics · "
    assert f"{receiver}Visits, as precisely as you chose · 2026-11-21 – 2026-11-23" in page.text
    assert f"{receiver}Figures, in which nobody can be found · 2026-11-22" in page.text


def test_where_nobody_received_anything_nothing_is_said() -> None:
    """M51: nor where the collector is of before."""
    assert (
        "What went to others" not in shown({**kept(), "deliveries": []}).text + shown(kept()).text
    )


def test_the_names_of_recipients_are_text() -> None:
    """A policy's words run nowhere."""
    page = shown({**kept(), "deliveries": [delivery("2026-11-21", HOSTILE, HOSTILE)]})
    assert f"\u2068{HARMLESS}\u2069 (works for us, IE)" in page.text
    assert HOSTILE not in page.text


@pytest.mark.parametrize("reason", [Drop.BOT, Drop.BAD_EVENT])
def test_why_something_was_not_stored_is_said_in_words(reason: str) -> None:
    """M29: a row that only says why an event was dropped is no riddle."""
    told = kept()
    told["rows"][0] |= {"type": "drop", "values": {"action": [reason]}}
    text = shown(told).text
    assert "Not stored" in text
    assert WORDS.say("rights", "reason", reason) in text
    assert "drop" not in text


def test_the_record_and_the_rows_are_shown() -> None:
    """M29: the visitor sees what was agreed, until when, and each row that is theirs."""
    page = shown(kept())

    for said in ("Statistics", "With less detail", "Agreed", "2027-10-31", "1 row", "Page view"):
        assert said in page.text
    assert "/almanac/:id" in page.text
    assert "2026-11-22 › 14" in page.text
    assert "ab" * 32 in page.text


def test_since_when_is_that_of_the_last_answer() -> None:
    """M11, M29: what was restricted later was still agreed to then."""
    assert "Agreed · Since 2026-11-22, until 2027-10-31" in shown(kept()).text
    paused = kept("restricted")
    paused["record"]["hour"] = "2026-11-24T09:00:00Z"
    changed = kept("changed")["record"] | {"hour": "2026-11-23T09:00:00Z"}
    paused["history"] = [kept()["record"], changed, paused["record"]]
    assert "Kept, but not used · Since 2026-11-23," in shown(paused).text


def test_a_row_has_its_day_and_words() -> None:
    """M29: the day of a visit, not the one on which its week began; no token of a table's."""
    told = kept(rows=3)
    page: dict[str, Any] = {"page": ["/order", "/order", "none"], "referrer": ["direct"]}
    told["rows"] = [
        {**told["rows"][0], "closes": "week", "values": {**page, **time}}
        for time in ({"time": ["2026-11-28", "14"]}, {"time": ["unknown"]}, {})
    ]
    text = shown(told).text
    assert text.count("2026-11-28") == 3  # above the row, in it, and as an example
    assert text.count("week of 2026-11-22") == 2
    assert "no page before it" in text
    assert "not known" in text
    assert "none" not in text
    assert "›" in text  # only between a day and its hour


def test_a_record_of_before_reads_as_it_was_answered() -> None:
    """M29: of version 1 the four details keep their names, as its leaf commits to them."""
    before = kept()
    before["record"] |= {"v": 1, "choices": {"statistics": {"detail": 1, "edition": 1}}}
    assert "Statistics: Least" in shown(before).text


def test_the_receipt_and_everything_can_be_taken_along() -> None:
    """S12: the receipt is one link away, and so is the export (GDPR article 20)."""
    page = shown(kept())
    assert page.all("a", href="/askfirst/rights/receipt", download="receipt.json")
    assert page.all("a", href="/askfirst/rights/export")


def test_everything_a_visitor_may_do_is_a_form() -> None:
    """M29, M45: withdraw, restrict and erase work without a script."""
    actions = [form["action"] for form in shown(kept()).all("form")]
    assert actions == [
        "/askfirst/rights/withdraw",
        "/askfirst/rights/restrict",
        "/askfirst/rights/erase",
    ]


def test_what_is_over_is_not_offered_again() -> None:
    """M29: a withdrawn record can still be erased, and nothing else."""
    actions = [form["action"] for form in shown(kept("withdrawn")).all("form")]
    assert actions == ["/askfirst/rights/erase"]


def test_what_cannot_be_linked_is_said_with_the_reason() -> None:
    """M29: closed figures are said to be beyond reach, and why."""
    text = shown(kept()).text
    assert "Figures of closed days" in text
    assert "Once a period has closed, nobody" in text


@pytest.mark.parametrize("told", [None, {}, {"record": None}])
def test_nothing_kept_is_said_plainly(told: dict[str, Any] | None) -> None:
    """M29: without a receipt there is nothing to find, and nothing to do."""
    page = shown(told)
    assert "Nothing is kept about you." in page.text
    assert not page.all("form")


def test_after_a_withdrawal_it_is_not_said_that_nothing_is_kept() -> None:
    """M29: the record stays as evidence, and for how long is said; after an erasure none is."""
    text = shown(None, done="withdrawn").text
    assert "Nothing is kept about you." not in text
    assert "You have not agreed to anything" not in text
    assert "It does not undo what happened before." in text
    assert "The record of an answer is kept 1095 days as evidence." in text
    assert "Nothing is kept about you." in shown(None, done="erased").text


def test_what_was_done_is_said() -> None:
    """An erasure is confirmed; an unknown word is not shown."""
    assert "What could be found is erased." in shown(None, done="erased").text
    assert HOSTILE not in shown(None, done=HOSTILE).text


def test_stored_words_are_shown_as_text() -> None:
    """A row holds what came from outside: it is text here too."""
    told = kept()
    told["rows"][0]["values"] = {"page": [HOSTILE], HOSTILE: ["x"]}
    page = shown(told)
    assert not page.all("img")
    assert HARMLESS in page.text


def test_each_thing_is_said_with_its_level_and_an_example() -> None:
    """M29: what an answer stores, thing by thing; with the visitor's own example, if any."""
    text = shown(kept()).text
    assert "What is stored" in text
    # With less detail, which was chosen: the section of the page, as its own row has it.
    assert "the section of the site · /almanac" in text
    told = kept(rows=0)
    assert "the day · 2026-11-22" in shown(told).text  # of nobody: from the documentation


def test_what_is_refused_or_over_stores_nothing() -> None:
    """M29: no purpose that was denied, and nothing once it ended."""
    denied = kept()
    denied["record"]["choices"] = {"statistics": {"detail": 0, "edition": 1}}
    for told in (denied, kept("withdrawn")):
        assert not shown(told).all("section", id="stored")


def test_withdrawing_offers_to_erase_and_to_keep_the_receipt() -> None:
    """M05, M29: in the same step; the box is not ticked."""
    page = shown(kept())
    (box,) = page.all("input", name="erase")
    assert box["type"] == "checkbox"
    assert "checked" not in box
    assert len(page.all("a", href="/askfirst/rights/receipt")) == 2


def test_restricting_says_what_closes_and_offers_a_copy() -> None:
    """M29: told beforehand, and still once it is restricted."""
    for status in ("granted", "restricted"):
        page = shown(kept(status))
        assert "destroyed and not counted: download a copy first" in page.text
        assert len(page.all("a", href="/askfirst/rights/export")) == 2


def test_the_rest_of_the_rights_is_said() -> None:
    """M29: correction is one link away; to object is to withdraw; no machine decides."""
    page = shown(kept())
    assert page.all("a", href="/askfirst/choices?return_to=/almanac")
    assert "to object is to withdraw it" in page.text
    assert WORDS.say("policy", "no_automated") in page.text


def test_reasons_are_said_in_the_visitors_language() -> None:
    """M29, S09: what the collector names, the page says in its own words."""
    told = {**kept(), "not_linkable": [{"what": "no-pseudonym", "reason": "English of theirs"}]}
    page = Page(rights_page(CONSENT, told, words=words_in("de")))
    assert words_in("de").say("rights", "unlinked") in page.text
    assert "English of theirs" not in page.text


def test_a_thing_cannot_be_markup() -> None:
    """The example comes from a row, and is text."""
    told = kept()
    told["rows"][0]["values"] = {"page": [HOSTILE]}
    page = shown(told)
    assert not page.all("img")
    assert HARMLESS in page.text
