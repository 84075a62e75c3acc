"""The page of choices: the four details of each purpose, each saying exactly what it stores."""

from __future__ import annotations

from ..terms.consent import Consent
from ..terms.lattice import Detail
from ..terms.purpose import Purpose
from . import describe
from .changes import sentences
from .forms import BASE, answer, form, hidden
from .html import Html, el, own
from .notice import present, signal_line
from .page import document
from .words import Words


def choices_page(consent: Consent, *, words: Words, return_to: str = "/") -> str:
    """`/askfirst/choices` as a whole document; `return_to` is a checked path of this site."""
    policy = consent.editions.current.policy
    intro = words.say("choices", "intro" if policy.asked else "empty")
    body: list[object] = [signal_line(consent, words)]
    if policy.asked:
        now = words.say("choices", "present", choice=present(consent, words))
        body += [el("p", {"class": "askfirst-note"}, now), _all(consent, words, return_to)]
        body.append(_save(consent, words, return_to))
    body.append(_disclosed(consent, words))
    body.append(el("p", None, el("a", {"href": f"{BASE}/policy"}, words.say("notice", "policy"))))
    title = words.say("choices", "title")
    return document(title, body, words=words, site=policy.site, back=return_to, intro=intro)


def _all(consent: Consent, words: Words, return_to: str) -> Html:
    edition = consent.editions.current
    age = describe.minimum_age(edition, edition.policy.asked)
    fields = hidden(edition, words, return_to)
    accept = words.say("button", "accept_age" if age else "accept", age=age)
    buttons = [
        answer("reject_all", words.say("button", "reject")),
        answer("accept_all", accept, of="askfirst-accept" if age else None),
    ]
    if consent.state is not None and consent.state.grants:
        # Withdrawing is the refusal that also ends the receipt.
        buttons[0] = answer("withdraw", words.say("button", "withdraw"))
    return el(
        "div",
        {"class": "askfirst-all"},
        form("askfirst-answer", fields, el("div", {"class": "askfirst-actions"}, buttons)),
        form("askfirst-accept", {**fields, "adult": "1"}) if age else None,
    )


def _save(consent: Consent, words: Words, return_to: str) -> Html:
    edition = consent.editions.current
    policy = edition.policy
    age = describe.minimum_age(edition, policy.asked)
    parts = [_purpose(consent, policy.purposes[name], words) for name in policy.asked]
    save = answer("save", words.say("button", "save"))
    fields = hidden(edition, words, return_to)
    return form("askfirst-save", fields, parts, _adult(age, words) if age else None, save)


def _adult(age: int, words: Words) -> Html:
    box = el("input", {"type": "checkbox", "name": "adult", "value": "1"})
    why = el("span", {"class": "askfirst-note"}, words.say("choices", "age_why"))
    said = el("span", None, words.say("choices", "age_declare", age=age), " ", why)
    return el("label", {"class": "askfirst-adult"}, box, said)


def _purpose(consent: Consent, purpose: Purpose, words: Words) -> Html:
    lang, text = describe.words_of(purpose, words.lang)
    terms = purpose.terms
    question = next((q for q in consent.asks if q.purpose == purpose.name), None)
    sets = describe.sets(terms, words)
    about = [
        el("p", None, own(text.description, lang)),
        el(
            "p",
            {"class": "askfirst-note"},
            describe.retention(terms, words),
            " ",
            describe.recipients(terms.recipients, words),
            " ",
            sets,
        ),
    ]
    if question and question.widened:
        said = sentences(question.widened, words, closes=terms.closes)
        about.append(el("ul", {"class": "askfirst-changes"}, [el("li", None, s) for s in said]))
    if consent.signals.gpc and terms.sells_or_shares:
        about.append(el("p", {"class": "askfirst-signal"}, words.say("choices", "gpc")))
    else:
        about.append(_options(consent, purpose, words, unanswered=question is not None))
    tag = el("span", {"class": "askfirst-tag"}, words.say("notice", "sells"))
    legend = el("legend", None, own(text.title, lang), tag if terms.sells_or_shares else None)
    return el("fieldset", {"class": "askfirst-purpose"}, legend, about)


def _options(consent: Consent, purpose: Purpose, words: Words, *, unanswered: bool) -> Html:
    answered = consent.state is not None and purpose.name in consent.state.choices
    chosen = consent.detail(purpose.name) if answered and not unanswered else None
    options = [
        el(
            "label",
            {"class": "askfirst-option"},
            el(
                "input",
                {
                    "type": "radio",
                    "name": f"purpose.{purpose.name}",
                    "value": int(detail),
                    "checked": detail == chosen,
                    # Left out, a purpose keeps its old answer; without one there must be an answer.
                    "required": not answered,
                },
            ),
            el("strong", None, words.say("detail", str(int(detail)))),
            el("span", None, describe.at(purpose.terms, detail, words)),
        )
        for detail in Detail
    ]
    return el("div", {"class": "askfirst-options"}, options)


def _disclosed(consent: Consent, words: Words) -> Html | None:
    unasked = [p for p in consent.editions.current.policy.purposes.values() if not p.asked]
    items = []
    for purpose in unasked:
        lang, text = describe.words_of(purpose, words.lang)
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
