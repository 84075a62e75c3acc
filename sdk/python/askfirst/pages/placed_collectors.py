"""Placed collectors in plain words: who each is, where it stands, and what it asks here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from askfirst.pages import describe
from askfirst.pages.describe_changes import sentences
from askfirst.pages.document import bullets, section, terms_list
from askfirst.pages.forms import answer, form, hidden
from askfirst.pages.html import Html, el, own
from askfirst.pages.words import Words, isolated
from askfirst.terms.consent import Consent, Question
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.lattice import Detail
from askfirst.terms.placed import Placed, split
from askfirst.terms.terms import Recipient, Terms

_BELOW = "/**"


def by_collector(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """The questions of each collector, in order; those of the site itself stand under ""."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(split(question.purpose)[0], []).append(question)
    return groups


def controllers(edition: Edition, collectors: Iterable[str]) -> list[str]:
    """Who answers for these collectors, each named once."""
    names = (edition.placed[name].policy.controller.name for name in collectors)
    return list(dict.fromkeys(names))


def asked_here(
    edition: Edition, collector: str, questions: Sequence[Question], words: Words
) -> Html:
    """What one collector asks on this page, as a part of the list of purposes (M15)."""
    controller = edition.placed[collector].policy.controller.name
    return el(
        "li",
        {"class": "askfirst-placed"},
        el("h3", None, words.markup("placed", "here", controller=own(controller))),
        el("ul", {"class": "askfirst-purposes"}, [_asked(edition, q, words) for q in questions]),
    )


def _asked(edition: Edition, question: Question, words: Words) -> Html | None:
    purpose = edition.purpose(question.purpose)
    if purpose is None:
        return None
    retention = words.say("placed", "kept", kept=words.days(purpose.terms.retention_days))
    return purpose_item(edition, question, words, f"{retention} ")


def purpose_item(edition: Edition, question: Question, words: Words, *more: object) -> Html | None:
    """One purpose that is asked about, in the list of the first layer: a name that opens in place.

    What became wider is open at once: it is what the question is about.
    """
    purpose = edition.purpose(question.purpose)
    if purpose is None:
        return None
    lang, text = purpose.text_in(words.lang)
    note = " ".join(
        (
            describe.at(purpose.terms, Detail.AS_ASKED, words),
            recipients(edition, question.purpose, words),
        )
    )
    body: list[object] = [
        el("p", None, own(text.description, lang)),
        el("p", {"class": "askfirst-note"}, *more, note),
    ]
    if question.widened:
        changes = sentences(question.widened, words, purpose.terms)
        body = [
            el(
                "ul",
                {"class": "askfirst-changes"},
                [el("li", None, sentence) for sentence in changes],
            )
        ]
    name = el("strong", None, own(text.title, lang))
    return el(
        "li",
        None,
        el(
            "details",
            {"open": bool(question.widened)},
            el("summary", None, name, sells_tag(purpose.terms, words)),
            body,
        ),
    )


def sells_tag(terms: Terms, words: Words) -> list[object]:
    """That it may be sold or shared, where somebody receives it."""
    if not terms.is_sold:
        return []
    return [" ", el("span", {"class": "askfirst-tag"}, words.say("notice", "sells"))]


def recipients(edition: Edition, name: str, words: Words) -> str:
    """Who else receives what is gathered for a purpose, seen from whoever answers for it."""
    purpose, policy = edition.purpose(name), edition.policy_of(name)
    if purpose is None or policy is None:
        return ""
    of = policy.controller.name if split(name)[0] else None
    return describe.recipients(purpose.terms.recipients, words, of=of)


def title(edition: Edition, name: str, words: Words) -> str | None:
    """What a purpose is called, with whose it is where it is not the site's; None: not there."""
    purpose, policy = edition.purpose(name), edition.policy_of(name)
    if purpose is None or policy is None:
        return None
    text = purpose.text_in(words.lang)[1].title
    return f"{text} ({policy.controller.name})" if split(name)[0] else text


def title_in(editions: Editions, name: str, words: Words) -> str:
    """What a purpose is called in the newest edition that had it."""
    titles = (title(edition, name, words) for edition in reversed(editions.all))
    return next((text for text in titles if text is not None), name)


def in_order(editions: Editions, names: Iterable[str]) -> list[str]:
    """Purposes of a record as the newest edition has them; behind them those that it lacks."""
    known = dict.fromkeys(editions.current.every) if editions else {}
    recorded = sorted(names)
    return [*(name for name in known if name in recorded), *(n for n in recorded if n not in known)]


def about(placed: Placed, words: Words) -> Html:
    """Who a collector is, and where it stands."""
    who = placed.policy.controller
    lines = [line for line in (who.name, who.address, who.country) if line]
    pairs: list[tuple[str, object]] = [
        (words.say("policy", "controller"), [own(words.listed(lines))]),
        (words.say("placed", "contact"), own(who.contact)),
        (words.say("placed", "law"), own(placed.policy.jurisdiction)),
        (words.say("placed", "where"), bullets([*where(placed, words)])),
    ]
    return terms_list(pairs)


def placed_grants(
    consent: Consent, record: Mapping[str, Any], words: Words, *, back: str
) -> Html | None:
    """The placed collectors of a record, each with the way to end that alone; None for none.

    `back` is where the answer leads to.
    """
    granted = record.get("collectors")
    if not granted or not consent.editions:
        return None
    parts = [_granted(consent.editions, grant, record, words, back) for grant in granted]
    return section("placed", words.say("placed", "title"), parts)


def _granted(
    editions: Editions,
    granted: Mapping[str, Any],
    record: Mapping[str, Any],
    words: Words,
    back: str,
) -> Html:
    """One collector as it was recorded: what holds is what was agreed to then."""
    edition = editions.current
    placed = edition.placed.get(granted["name"])
    controller = str(granted["controller"])
    recipients = [Recipient(**entry) for entry in granted["recipients"]]
    shared = describe.recipients(recipients, words, of=controller)
    choices = dict(record.get("choices") or {})
    agreed = [
        [
            own(title_in(editions, name, words)),
            ": ",
            describe.detail(choices.get(name, 0), words, version=record.get("v", 2)),
            ". ",
            words.say("placed", "kept", kept=words.days(granted["retention"][name])),
        ]
        for name in in_order(editions, granted["retention"])
    ]
    pairs: list[tuple[str, object]] = [
        (words.say("placed", "agreed"), bullets([*agreed])),
        (words.say("policy", "recipients"), shared),
    ]
    fields = hidden(edition, words, back) | {f"purpose.{n}": "0" for n in granted["retention"]}
    end = answer("save", words.say("placed", "withdraw"), kind="askfirst-quiet")
    return section(
        f"placed-{granted['name']}",
        own(controller),
        about(placed, words) if placed else el("p", None, words.say("placed", "gone")),
        terms_list(pairs),
        form(f"askfirst-end-{granted['name']}", fields, end),
        el("p", {"class": "askfirst-note"}, words.say("placed", "withdraw_why")),
        level=3,
    )


def where(placed: Placed, words: Words) -> tuple[str, ...]:
    """The pages a collector stands on, a phrase for each pattern."""
    phrases = tuple(_pages(pattern, words) for pattern in placed.pages)
    if not placed.policy.origins:
        return phrases
    origins = words.listed(isolated(text) for text in placed.policy.origins)
    return tuple(words.say("placed", "at", pages=text, origins=origins) for text in phrases)


def _pages(pattern: str, words: Words) -> str:
    path = pattern.removesuffix(_BELOW)
    kind = ("like_below" if "*" in path else "below") if path != pattern else "page"
    if kind == "page" and "*" in path:
        kind = "like"
    return words.say("placed", kind, path=isolated(path.replace("*", "…")))
