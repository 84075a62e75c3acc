"""The notice and the privacy control as HTML: what a template helper puts into a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from askfirst.contracts.origin import is_framed
from askfirst.gate.placed_on_page import asks_at, host_of
from askfirst.gate.visit import KEY, Visit, consent_of
from askfirst.http.mount import mounted, raw_path_of
from askfirst.pages import describe
from askfirst.pages.forms import BASE, STYLES, answer, form, hidden, too_young, with_return
from askfirst.pages.html import Html, el, own
from askfirst.pages.placed_collectors import (
    asked_here,
    by_collector,
    controllers,
    purpose_item,
    title,
)
from askfirst.pages.words import Words, isolated, words_in
from askfirst.terms.consent import Consent, Question
from askfirst.terms.edition import Edition
from askfirst.terms.lattice import Detail
from askfirst.terms.purpose import Purpose

Asks = tuple[Question, ...]


def askfirst_notice(request: Any, *, lang: str | None = None, nonce: str | None = None) -> Html:
    """The notice where there is something to ask, and the control: for the end of `<body>`.

    `request` is a Starlette Request, any object with a `scope`, or an ASGI scope itself. Without
    the middleware in front it says nothing.
    """
    scope: Mapping[str, Any] = request if isinstance(request, Mapping) else request.scope
    consent = consent_of(scope)
    if consent is None or not consent.editions:
        return Html()
    visit: Visit = scope[KEY]
    if is_framed(visit.headers):
        return Html()  # nobody is asked in a frame: whose page it is in cannot be told (M54)
    policy = consent.editions.current.policy
    words = words_in(lang or policy.languages[0], policy)
    host, path = host_of(visit.headers), _path(scope)
    if asks_at(consent, path, host):
        visit.preload = mounted(STYLES)
    return notice_html(consent, path=path, host=host, words=words, nonce=nonce)


def _path(scope: Mapping[str, Any]) -> str:
    raw = raw_path_of(scope)
    query: bytes = scope.get("query_string") or b""
    return f"{raw}?{query.decode('ascii', 'replace')}" if query else raw


def notice_html(
    consent: Consent, *, path: str, words: Words, host: str = "", nonce: str | None = None
) -> Html:
    """The notice and the control for a page at `path` (with its query) of this host."""
    asks = asks_at(consent, path, host)
    return el(
        "div",
        {"class": "askfirst", "lang": words.lang, "dir": words.direction},
        el("link", {"rel": "stylesheet", "href": STYLES, "nonce": nonce}),
        control(consent, path, words),
        first_layer(consent, asks, path, words) if asks else None,
    )


# ---------------------------------------------------------------- the first layer


def first_layer(consent: Consent, asks: Asks, path: str, words: Words) -> Html:
    """The question: who asks, for what, who else receives it, how long, how to withdraw (M15)."""
    edition = consent.editions.current
    heading, *intro = _lead(edition, asks, words)
    label = {"aria-labelledby": "askfirst-title"}
    return el(
        "section",
        {
            "id": "askfirst-notice",
            "class": "askfirst-notice",
            **label,
            "data-askfirst-edition": edition.number,
        },
        el(
            "div",
            {"class": "askfirst-text", "tabindex": "0", "role": "group", **label},
            el("h2", {"id": "askfirst-title"}, heading),
            [el("p", None, paragraph) for paragraph in intro],
            signal_line(consent, words, edition.asked_on(path.partition("?")[0])),
            el("ul", {"class": "askfirst-purposes"}, _questions(edition, asks, words)),
            _facts(consent, asks, words),
        ),
        _actions(consent, asks, path, words),
    )


def _lead(edition: Edition, asks: Asks, words: Words) -> list[Html]:
    """What the notice is about, and who asks it: the heading, then one sentence each."""
    asking = by_collector(asks)
    site = own(edition.policy.controller.name)
    placed = [own(name) for name in controllers(edition, filter(None, asking))]
    names = words.enumerated(placed)
    policy = el("a", {"href": f"{BASE}/policy"}, words.say("notice", "policy"))
    if is_changed(asks):
        who = words.enumerated([site, *placed] if "" in asking else placed)
        intro = words.markup("notice", "changed_intro", controller=who, policy=policy)
        return [words.markup("notice", "changed"), intro]
    if "" not in asking:
        intro = words.markup("placed", "intro", controller=site, policy=policy)
        return [words.markup("placed", "alone", names=names), intro]
    intro = words.markup("notice", "intro", controller=site, policy=policy)
    lead = [words.markup("notice", "title"), intro]
    # What they ask may lie below the edge of a small screen; that they do must not.
    return [*lead, words.markup("placed", "beside", names=names)] if placed else lead


def is_changed(asks: Asks) -> bool:
    """Whether all of it was agreed to before, in part."""
    return all(question.widened for question in asks)


def _questions(edition: Edition, asks: Asks, words: Words) -> list[Html | None]:
    asking = by_collector(asks)
    items = [purpose_item(edition, question, words) for question in asking.pop("", ())]
    return items + [asked_here(edition, name, question, words) for name, question in asking.items()]


def signal_line(consent: Consent, words: Words, names: Iterable[str]) -> Html | None:
    """That the browser's opt-out was honoured, where it turns something off (M22).

    `names` are the purposes that are asked about here.
    """
    if not consent.signals.gpc or not consent.editions:
        return None
    edition = consent.editions.current
    sells = (name for name in names if _sells(edition, name))
    titles = [isolated(phrase) for name in sells if (phrase := title(edition, name, words))]
    phrase = words.say("notice", "gpc", purposes=words.listed(titles))
    text = phrase if titles else words.say("notice", "gpc_plain")
    return el("p", {"class": "askfirst-signal"}, text)


def _sells(edition: Edition, name: str) -> bool:
    purpose = edition.purpose(name)
    return purpose is not None and purpose.terms.sells_or_shares


def _facts(consent: Consent, asks: Asks, words: Words) -> Html:
    """What holds for everything the site asks itself; of a collector, its own part says it."""
    policy = consent.editions.current.policy
    site_terms = [
        policy.purposes[question.purpose].terms for question in by_collector(asks).get("", ())
    ]
    facts = []
    if site_terms:
        duration = words.days(max(terms.retention_days for terms in site_terms))
        facts = [
            describe.recipients({one for terms in site_terms for one in terms.recipients}, words),
            words.say("notice", "kept", kept=duration),
        ]
        if any("user_id" in terms.scope.effective_levels() for terms in site_terms):
            facts.append(words.say("notice", "account"))
    facts.append(words.say("notice", "withdraw", control=words.say("control", "title")))
    grounds = [_ground(purpose, words) for purpose in policy.purposes.values() if not purpose.asked]
    if grounds and site_terms:
        facts.append(words.say("notice", "unasked", names=words.listed(grounds)))
    return el("p", {"class": "askfirst-note"}, " ".join(facts))


def _ground(purpose: Purpose, words: Words) -> str:
    title = isolated(purpose.text_in(words.lang)[1].title)
    return f"{title} ({words.say('basis', purpose.terms.legal_basis)})"


def _actions(consent: Consent, asks: Asks, path: str, words: Words) -> Html:
    edition = consent.editions.current
    purposes = [question.purpose for question in asks]
    is_whole = "" in by_collector(asks) and not is_changed(asks)
    age = edition.minimum_age(purposes)
    fields = hidden(edition, words, path)
    accepting: dict[str, str] = {**fields, **({"adult": "1"} if age else {})}
    refuse = "reject_all"
    if consent.state is not None:
        # Part of it was answered before: only what is asked is answered now.
        refuse = "save"
        fields |= {f"purpose.{name}": "0" for name in purposes}
    if consent.state is not None or any(by_collector(asks)):
        # Placed collectors are agreed to by name alone (M49); all that is granted has one detail.
        accepting |= {f"purpose.{name}": "2" for name in purposes}
        if consent.shared_detail == Detail.REDUCED:
            accepting["detail"] = "1"
    apart = accepting != fields
    labels = "" if is_whole else "_changed"
    accept = words.say("button", f"accept{labels}{'_age' if age else ''}", age=age)
    child, is_child = too_young(consent, words, path, age=age, name="askfirst-child")
    buttons = el(
        "div",
        {"class": "askfirst-actions"},
        answer(refuse, words.say("button", f"reject{labels}")),
        answer("accept_all", accept, of="askfirst-accept" if apart else None),
        is_child,
    )
    choose = choose_link(path, words.say("button", "choose"))
    return el(
        "div",
        {"class": "askfirst-foot"},
        child,  # ahead of its button, as with anybody's refusal: a browser sends what stands first
        form("askfirst-answer", fields, buttons),
        form("askfirst-accept", accepting) if apart else None,
        el("p", {"class": "askfirst-links"}, choose),
        el("p", {"class": "askfirst-problem", "role": "alert"}),
    )


def choose_link(path: str, label: object) -> Html:
    """The way to the choices; a script may open them as a dialog instead."""
    return el("a", {"href": with_return("choices", path), "data-askfirst": "choices"}, label)


# ---------------------------------------------------------------- the control on every page


def control(consent: Consent, path: str, words: Words) -> Html:
    """The way to change or withdraw, with the present choice, for every page (M11).

    One quiet link in the page's own type; withdrawing takes one step, as agreeing did.
    """
    edition = consent.editions.current
    granted = consent.state is not None and consent.state.grants
    withdraw = answer("withdraw", words.say("control", "withdraw"))
    text = f"{words.say('control', 'title')}: {present(consent, words)}"
    return el(
        "section",
        {"class": "askfirst-control", "id": "askfirst-control", "role": "status"},
        choose_link(path, text),
        " ",
        form("askfirst-withdraw", hidden(edition, words, path), withdraw) if granted else None,
    )


def present(consent: Consent, words: Words) -> str:
    """The present choice in a word, as this request's signals leave it.

    Of placed collectors only those that were agreed to count: who was never asked need not read of
    them.
    """
    edition = consent.editions.current
    own_names = edition.policy.asked
    names = {*own_names, *filter(consent.allows, edition.every)}
    on = sum(map(consent.allows, names))
    word = "off" if not on else "some" if on < len(names) else "on"
    parts = [words.say("control", word if consent.state else "unanswered", on=on, all=len(names))]
    if on and consent.shared_detail == Detail.REDUCED:
        parts.append(words.say("control", "less"))
    if consent.signals.gpc and any(_sells(edition, name) for name in own_names):
        parts.append(words.say("control", "gpc"))
    return words.listed(parts)
