"""The page of choices: each purpose on or off, and one switch for less detail of all of them."""

from __future__ import annotations

from datetime import UTC, datetime

from askfirst.gate.placed_on_page import asks_at
from askfirst.pages import describe
from askfirst.pages.describe_changes import sentences
from askfirst.pages.document import document, section
from askfirst.pages.forms import (
    BASE,
    also_with_withdrawal,
    answer,
    form,
    hidden,
    too_young,
    unanswered,
    with_return,
)
from askfirst.pages.html import Html, el, own
from askfirst.pages.notice import present, signal_line
from askfirst.pages.placed_collectors import about, recipients, sells_tag
from askfirst.pages.words import Words
from askfirst.terms.consent import Consent
from askfirst.terms.lattice import Detail
from askfirst.terms.purpose import Purpose


def choices_page(consent: Consent, *, words: Words, return_to: str = "/", host: str = "") -> str:
    """`/askfirst/choices` as a whole document; `return_to` is a checked path of this host."""
    edition = consent.editions.current
    policy = edition.policy
    intro = words.say("choices", "intro" if edition.every else "empty")
    body: list[object] = [signal_line(consent, words, edition.every)]
    if edition.every:
        now = words.say("choices", "present", choice=present(consent, words))
        if consent.state is not None:
            end = datetime.fromtimestamp(consent.state.expires, UTC).date().isoformat()
            now = words.listed([now, words.say("rights", "until", date=end)])
        body += [el("p", {"class": "askfirst-note"}, now), _all(consent, words, return_to)]
        body.append(_save(consent, words, return_to, host))
    body.append(_disclosed(consent, words))
    links: list[object] = [el("a", {"href": f"{BASE}/policy"}, words.say("policy", "title"))]
    if consent.state is not None and consent.state.grants:
        mine = with_return("rights/me", return_to)
        links += [" · ", el("a", {"href": mine}, words.say("rights", "title"))]
    body.append(el("p", None, links))
    title = words.say("choices", "title")
    return document(title, body, words=words, site=policy.site, back=return_to, intro=intro)


def _all(consent: Consent, words: Words, return_to: str) -> Html:
    edition = consent.editions.current
    age = edition.minimum_age(edition.every)
    fields = hidden(edition, words, return_to)
    accept = words.say("button", "accept_age" if age else "accept", age=age)
    child, is_child = too_young(consent, words, return_to, age=age, name="askfirst-child")
    buttons = [
        answer("reject_all", words.say("button", "reject")),
        # Of the form below, so that the box for less detail counts.
        answer("accept_all", accept, of="askfirst-save"),
        is_child,
    ]
    grants = consent.state is not None and consent.state.grants
    if grants:
        # Withdrawing is the refusal that also ends the receipt, and may erase as well.
        buttons[0] = answer("withdraw", words.say("control", "withdraw"), of="askfirst-withdraw")
    return el(
        "div",
        {"class": "askfirst-all"},
        unanswered("askfirst-save"),
        unanswered("askfirst-withdraw") if grants else None,
        child,
        form("askfirst-answer", fields, el("div", {"class": "askfirst-actions"}, buttons)),
        form(
            "askfirst-withdraw",
            {"return_to": return_to},
            also_with_withdrawal(words),
            action="rights/withdraw",
        )
        if grants
        else None,
    )


def _save(consent: Consent, words: Words, return_to: str, host: str) -> Html:
    edition = consent.editions.current
    age = edition.minimum_age(edition.every)
    open_purposes = {question.purpose for question in asks_at(consent, return_to, host)}
    parts: list[Html] = [_purpose(consent, name, words) for name in edition.policy.asked]
    if edition.placed:
        parts.append(_placed(consent, words))
    save = answer("save", words.say("button", "save"))
    # A purpose that is left out keeps its old answer: what is asked, or was answered, is not.
    off = [
        name
        for name in edition.every
        if not _is_denied(consent, name)
        and (name in edition.policy.asked or name in open_purposes or _is_answered(consent, name))
    ]
    fields = {**hidden(edition, words, return_to), "off": " ".join(off)}
    # Placed collectors are agreed to by name alone (M49).
    fields |= {"on": " ".join(edition.every), **({"adult_by": "accept_all"} if age else {})}
    return form(
        "askfirst-save",
        fields,
        _less(consent, words),
        parts,
        _adult(age, words) if age else None,
        save,
    )


def _less(consent: Consent, words: Words) -> Html | None:
    """The one switch for all: how precisely. Not there where it would change nothing."""
    edition = consent.editions.current
    purposes = [p for name in edition.every if (p := edition.purpose(name)) is not None]
    if not any(describe.less_differs(purpose.terms) for purpose in purposes):
        return None
    checked = consent.shared_detail == Detail.REDUCED
    box: dict[str, str | int | bool | None] = {
        "type": "checkbox",
        "name": "detail",
        "value": int(Detail.REDUCED),
        "checked": checked,
    }
    why = el("span", {"class": "askfirst-note"}, words.say("choices", "less_why"))
    text = el("span", None, el("strong", None, words.say("choices", "less")), " ", why)
    return el("label", {"class": "askfirst-less"}, el("input", box), text)


def _placed(consent: Consent, words: Words) -> Html:
    """Every placed collector of the site: who it is, where it stands, and its purposes."""
    edition = consent.editions.current
    parts = [
        section(
            f"placed-{placed.name}",
            own(placed.policy.controller.name),
            about(placed, words),
            [_purpose(consent, name, words) for name in placed.asked],
            level=3,
        )
        for _, placed in sorted(edition.placed.items())
    ]
    why = el("p", None, words.say("placed", "why"))
    return section("placed", words.say("placed", "title"), why, parts)


def _adult(age: int, words: Words) -> Html:
    box = el("input", {"type": "checkbox", "name": "adult", "value": "1"})
    why = el("span", {"class": "askfirst-note"}, words.say("choices", "age_why"))
    text = el("span", None, words.say("choices", "age_declare", age=age), " ", why)
    return el("label", {"class": "askfirst-adult"}, box, text)


def _is_answered(consent: Consent, name: str) -> bool:
    return consent.state is not None and name in consent.state.choices


def _is_denied(consent: Consent, name: str) -> bool:
    return consent.editions.current.purpose(name) is not None and consent.is_denied(name)


def _purpose(consent: Consent, name: str, words: Words) -> Html:
    purpose = consent.editions.current.purpose(name)
    if purpose is None:
        return Html()
    lang, text = purpose.text_in(words.lang)
    terms = purpose.terms
    question = consent.question(name)
    notes = (
        describe.retention(terms, words),
        recipients(consent.editions.current, name, words),
        describe.sets(terms, words),
    )
    title = el("strong", None, own(text.title, lang), sells_tag(terms, words))
    denied = _is_denied(consent, name)
    # What became wider is asked about anew: an older answer is no answer to it.
    is_on = _is_answered(consent, name) and question is None and bool(consent.detail(name))
    parts = [
        el("p", {"class": "askfirst-switch"}, title) if denied else _switch(name, title, is_on),
        el("p", None, own(text.description, lang)),
        None if denied else _stores(purpose, words),
        el("p", {"class": "askfirst-note"}, " ".join(notes)),
    ]
    if question and question.widened:
        wider = sentences(question.widened, words, terms)
        parts.append(el("ul", {"class": "askfirst-changes"}, [el("li", None, s) for s in wider]))
    if denied:
        parts.append(el("p", {"class": "askfirst-signal"}, words.say("choices", "gpc")))
    return el("fieldset", {"class": "askfirst-purpose"}, parts)


def _switch(name: str, title: Html, is_on: bool) -> Html:
    box: dict[str, str | int | bool | None] = {
        "type": "checkbox",
        "role": "switch",
        "name": f"purpose.{name}",
        "value": int(Detail.AS_ASKED),
        "checked": is_on,
    }
    return el("label", {"class": "askfirst-switch"}, title, el("input", box))


def _stores(purpose: Purpose, words: Words) -> Html:
    """What is stored of what is on; the box for less detail says which counts, by styles alone."""
    terms = purpose.terms
    if not describe.less_differs(terms):
        return el("p", None, describe.at(terms, Detail.AS_ASKED, words))
    return el(
        "p",
        None,
        [
            el(
                "span",
                {"class": f"askfirst-at-{int(detail)}"},
                el("em", None, words.say("detail", str(int(detail)))),
                ": ",
                describe.at(terms, detail, words),
            )
            for detail in (Detail.AS_ASKED, Detail.REDUCED)
        ],
    )


def _disclosed(consent: Consent, words: Words) -> Html | None:
    unasked = [p for p in consent.editions.current.policy.purposes.values() if not p.asked]
    items = []
    for purpose in unasked:
        lang, text = purpose.text_in(words.lang)
        basis = words.say(
            "choices", "legal_basis", basis=words.say("basis", purpose.terms.legal_basis)
        )
        items.append(
            el(
                "li",
                None,
                el("strong", None, own(text.title, lang)),
                " ",
                own(text.description, lang),
                " ",
                basis,
            )
        )
    return el("ul", {"class": "askfirst-list"}, items) if items else None
