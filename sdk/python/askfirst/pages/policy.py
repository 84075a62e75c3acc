"""The policy as a page people can read: the same for everyone, made from the edition alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from askfirst.http.cookie_header import RECEIPT, STATE, named
from askfirst.pages import describe
from askfirst.pages.document import bullets, document, section, terms_list
from askfirst.pages.forms import BASE
from askfirst.pages.html import Html, el, own
from askfirst.pages.placed_collectors import about, recipients
from askfirst.pages.words import Words, isolated
from askfirst.terms.edition import Edition
from askfirst.terms.lattice import Detail
from askfirst.terms.policy import Policy
from askfirst.terms.purpose import Purpose
from askfirst.terms.sets import ANY
from askfirst.terms.terms import Action


def policy_page(edition: Edition, *, words: Words, current: bool = True) -> str:
    """`/askfirst/policy` and `/askfirst/policy/HASH` as a whole document."""
    policy = edition.policy
    day = datetime.fromtimestamp(edition.effective, UTC).date().isoformat()
    date = el("time", {"datetime": day}, day)
    intro = words.markup("policy", "edition", number=str(edition.number), date=date)
    title = words.say("policy", "title")
    body = [
        None if current else _earlier(words),
        _responsible(policy, words),
        [_purpose(edition, name, words) for name in policy.purposes],
        _placed(edition, words) if edition.placed else None,
        _necessary(policy, words),
        section(
            "never", words.say("policy", "never"), el("p", None, words.say("policy", "never_what"))
        ),
        _rights(policy, words),
        _fingerprint(edition, words),
    ]
    return document(title, body, words=words, site=policy.site, intro=intro)


def _earlier(words: Words) -> Html:
    link = el("a", {"href": f"{BASE}/policy"}, words.say("policy", "present"))
    return el("p", {"class": "askfirst-signal"}, words.markup("policy", "earlier", link=link))


def _responsible(policy: Policy, words: Words) -> Html:
    who = policy.controller
    lines = [who.name, who.address, who.country, who.contact]
    body = [el("p", None, [[own(line), el("br")] for line in lines if line])]
    law = words.say("policy", "jurisdiction", jurisdiction=policy.jurisdiction)
    body.append(el("p", None, law))
    if policy.authority:
        # The schema lets only an https address through.
        link = el(
            "a", {"href": policy.authority.url, "rel": "noopener"}, own(policy.authority.name)
        )
        body.append(el("p", None, words.markup("policy", "authority", authority=link)))
    return section("controller", words.say("policy", "controller"), body)


def _placed(edition: Edition, words: Words) -> Html:
    """Each placed collector: who it is, where it stands, and its purposes."""
    parts = [
        section(
            f"placed-{placed.name}",
            own(placed.policy.controller.name),
            about(placed, words),
            [_purpose(edition, name, words, level=4) for name in placed.asked],
            level=3,
        )
        for _, placed in sorted(edition.placed.items())
    ]
    why = el("p", None, words.say("placed", "why"))
    return section("placed", words.say("placed", "title"), why, parts)


def _purpose(edition: Edition, name: str, words: Words, *, level: int = 2) -> Html | None:
    purpose = edition.purpose(name)
    if purpose is None:
        return None
    lang, text = purpose.text_in(words.lang)
    terms = purpose.terms
    pairs: list[tuple[str, object]] = [
        (words.say("policy", "basis"), words.say("basis", terms.legal_basis))
    ]
    if purpose.asked:
        shown = Detail if describe.less_differs(terms) else (Detail.NONE, Detail.AS_ASKED)
        details = [
            [
                el("strong", None, words.say("detail", str(int(detail)))),
                ": ",
                describe.at(terms, detail, words),
            ]
            for detail in shown
        ]
        pairs.append((words.say("policy", "purpose_details"), bullets([*details])))
        pairs.append((words.say("policy", "retention"), describe.retention(terms, words)))
    pairs.append((words.say("policy", "recipients"), recipients(edition, name, words)))
    pairs += _listed(purpose, words)
    if terms.minimum_age:
        pairs.append(("", words.say("policy", "age", age=terms.minimum_age)))
    sells = "sells" if terms.is_sold else "opt_out" if terms.sells_or_shares else "no_sells"
    return section(
        f"purpose-{name}",
        own(text.title, lang),
        el("p", None, own(text.description, lang)),
        terms_list([pair for pair in pairs if pair[1] and pair[0]]),
        [el("p", {"class": "askfirst-note"}, value) for key, value in pairs if not key],
        el("p", {"class": "askfirst-note"}, words.say("policy", sells)),
        level=level,
    )


def _values(values: frozenset[str], words: Words) -> str:
    if values is ANY:
        return words.say("policy", "any_value")
    return words.listed(isolated(value) for value in sorted(values))


def _properties(action: Action, words: Words) -> Iterator[str]:
    for name in sorted({*action.values, *action.buckets}):
        is_open = action.values.get(name) is ANY
        yield f"{name}: {words.say('policy', 'any_value')}" if is_open else name


def _listed(purpose: Purpose, words: Words) -> list[tuple[str, object]]:
    terms = purpose.terms
    names = sorted({*terms.cookies, *terms.storage})
    parameters = [
        f"{isolated(name)}: {_values(values, words)}"
        for name, values in sorted(terms.query_parameters.items())
    ]
    actions = [
        f"{name} ({words.listed(_properties(action, words))})"
        if action.values or action.buckets
        else name
        for name, action in sorted(terms.actions.items())
    ]
    none = words.say("policy", "no_cookies")
    cookies = el("span", None, words.listed(isolated(name) for name in names) or none)
    entries: list[tuple[str, object]] = [(words.say("policy", "cookies"), cookies)]
    if parameters:
        entries.append((words.say("policy", "query_parameters"), bullets([*parameters])))
    if actions:
        entries.append((words.say("policy", "actions"), words.listed(actions)))
    return entries


def _necessary(policy: Policy, words: Words) -> Html:
    own_cookies = words.markup(
        "policy",
        "own_cookies",
        state=el("code", None, named(STATE).decode("ascii")),
        receipt=el("code", None, named(RECEIPT).decode("ascii")),
    )
    items: list[object] = [
        [
            el("code", None, own(cookie.cookie)),
            ": ",
            own(cookie.why),
            f" ({words.days(cookie.days)})" if cookie.days else "",
        ]
        for cookie in policy.necessary
    ]
    return section(
        "necessary",
        words.say("policy", "necessary"),
        el("p", None, words.say("policy", "necessary_why")) if items else None,
        bullets(items) if items else None,
        el("p", None, own_cookies),
    )


def _rights(policy: Policy, words: Words) -> Html:
    lasts = words.say(
        "policy",
        "answer_lasts",
        evidence=words.days(policy.evidence_days),
    )
    refusals = words.say("policy", "count_refusals") if policy.count_refusals else None
    mine = el("a", {"href": f"{BASE}/rights/me"}, words.say("policy", "rights_link"))
    choose = el("a", {"href": f"{BASE}/choices"}, words.say("control", "title"))
    return section(
        "rights",
        words.say("policy", "rights"),
        el("p", None, words.say("policy", "rights_how")),
        bullets([mine, choose]),
        el("p", None, lasts),
        el("p", None, refusals) if refusals else None,
        el("p", None, words.say("policy", "signals_what")),
        el("p", None, words.say("policy", "no_automated")),
    )


def _fingerprint(edition: Edition, words: Words) -> Html:
    link = el("a", {"href": f"{BASE}/policy/{edition.hash}"}, el("code", None, edition.hash))
    return section("fingerprint", words.say("policy", "fingerprint"), el("p", None, link))
