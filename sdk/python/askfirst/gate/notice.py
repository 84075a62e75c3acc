"""The notice and the privacy control as HTML: what a template helper puts into a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..terms.consent import Consent, Question
from ..terms.edition import Edition
from ..terms.purpose import Purpose
from ..terms.terms import Recipient
from . import describe
from .changes import sentences
from .forms import BASE, answer, form, hidden, with_return
from .html import Html, el, own
from .visit import consent_of
from .words import Words, isolated, words_in

STYLES = f"{BASE}/static/askfirst.css"


def askfirst_notice(request: Any, *, lang: str | None = None, nonce: str | None = None) -> Html:
    """The notice where there is something to ask, and the control: for the end of `<body>`.

    `request` is a Starlette Request, any object with a `scope`, or an ASGI scope itself. Without
    the middleware in front it says nothing.
    """
    scope: Mapping[str, Any] = request if isinstance(request, Mapping) else request.scope
    consent = consent_of(scope)
    if consent is None or not consent.editions:
        return Html()
    wanted = lang or consent.editions.current.policy.languages[0]
    return notice_html(consent, path=_path(scope), words=words_in(wanted), nonce=nonce)


def _path(scope: Mapping[str, Any]) -> str:
    raw: bytes = scope.get("raw_path") or str(scope.get("path", "/")).encode("utf-8", "replace")
    query: bytes = scope.get("query_string") or b""
    return (raw.split(b"?")[0] + (b"?" + query if query else b"")).decode("ascii", "replace")


def notice_html(consent: Consent, *, path: str, words: Words, nonce: str | None = None) -> Html:
    """The notice and the control for a page at `path` (with its query), for this consent."""
    return el(
        "div",
        {"class": "askfirst", "lang": words.lang, "dir": words.direction},
        el("link", {"rel": "stylesheet", "href": STYLES, "nonce": nonce}),
        control(consent, path, words),
        first_layer(consent, path, words) if consent.asks else None,
    )


# ---------------------------------------------------------------- the first layer


def first_layer(consent: Consent, path: str, words: Words) -> Html:
    """The question: who asks, for what, who else receives it, how long, how to withdraw (M15)."""
    edition = consent.editions.current
    changed = all(question.widened for question in consent.asks)
    kind = "changed" if changed else "title"
    controller = own(edition.policy.controller.name)
    return el(
        "section",
        {
            "id": "askfirst-notice",
            "class": "askfirst-notice",
            "aria-labelledby": "askfirst-title",
            "data-askfirst-edition": edition.number,
        },
        el(
            "div",
            {
                "class": "askfirst-text",
                "tabindex": "0",
                "role": "group",
                "aria-labelledby": "askfirst-title",
            },
            el(
                "div",
                {"class": "askfirst-lead"},
                el(
                    "h2",
                    {"id": "askfirst-title", "class": "askfirst-title"},
                    words.say("notice", kind),
                ),
                el(
                    "p",
                    None,
                    words.markup(
                        "notice", "changed_intro" if changed else "intro", controller=controller
                    ),
                ),
                signal_line(consent, words),
            ),
            el(
                "ul",
                {"class": "askfirst-purposes"},
                [_purpose(edition, q, words) for q in consent.asks],
            ),
            _facts(consent, words),
        ),
        _actions(consent, path, words, changed=changed),
    )


def _purpose(edition: Edition, question: Question, words: Words) -> Html:
    purpose = edition.policy.purposes[question.purpose]
    lang, text = describe.words_of(purpose, words.lang)
    body: object = own(text.description, lang)
    if question.widened:
        said = sentences(question.widened, words, closes=purpose.terms.closes)
        body = el("ul", {"class": "askfirst-changes"}, [el("li", None, each) for each in said])
    sells = purpose.terms.sells_or_shares
    return el(
        "li",
        None,
        el("strong", None, own(text.title, lang)),
        el("span", {"class": "askfirst-tag"}, words.say("notice", "sells")) if sells else None,
        el("div", None, body),
    )


def signal_line(consent: Consent, words: Words) -> Html | None:
    """That the browser's opt-out was honoured, where it turns something off (M22)."""
    if not consent.signals.gpc or not consent.editions:
        return None
    policy = consent.editions.current.policy
    off = [name for name in policy.asked if policy.purposes[name].terms.sells_or_shares]
    titles = [isolated(describe.words_of(policy.purposes[n], words.lang)[1].title) for n in off]
    said = words.say("notice", "gpc", purposes=words.listed(titles))
    return el("p", {"class": "askfirst-signal"}, said if off else words.say("notice", "gpc_plain"))


def _facts(consent: Consent, words: Words) -> Html:
    policy = consent.editions.current.policy
    asked = [policy.purposes[question.purpose].terms for question in consent.asks]
    others: set[Recipient] = {one for terms in asked for one in terms.recipients}
    names = [describe.recipient(one, words) for one in sorted(others, key=lambda one: one.name)]
    longest = max(terms.retention_days for terms in asked)
    remembered = words.say(
        "notice",
        "remembered",
        kept=words.days(longest),
        consent=words.days(policy.consent_days),
    )
    facts = [
        ("who", words.listed(names) if names else words.say("notice", "nobody")),
        ("how_long", remembered),
        ("withdraw", words.say("notice", "withdraw_how")),
    ]
    unasked = [p for p in policy.purposes.values() if not p.asked]
    if unasked:
        grounds = [_ground(purpose, words) for purpose in unasked]
        facts.append(("unasked", words.listed(grounds)))
    rows = [
        el("div", None, el("dt", None, words.say("notice", key)), el("dd", None, value))
        for key, value in facts
    ]
    return el("dl", {"class": "askfirst-facts"}, rows)


def _ground(purpose: Purpose, words: Words) -> str:
    title = isolated(describe.words_of(purpose, words.lang)[1].title)
    return f"{title} ({words.say('basis', purpose.terms.legal_basis)})"


def _actions(consent: Consent, path: str, words: Words, *, changed: bool) -> Html:
    edition = consent.editions.current
    asked = [question.purpose for question in consent.asks]
    age = describe.minimum_age(edition, asked)
    fields = hidden(edition, words, path)
    accepting: dict[str, str] = {**fields, **({"adult": "1"} if age else {})}
    refuse = "reject_all"
    if consent.state is not None:
        # Part of it was answered before. Only what is asked is answered now; where an older grant
        # would be widened, refusing leaves that purpose out, so that it goes on as it was.
        refuse = "save"
        new = [question.purpose for question in consent.asks if not question.widened]
        fields |= {f"purpose.{name}": "0" for name in new}
        accepting |= {f"purpose.{name}": "3" for name in asked}
    apart = accepting != fields
    labels = "_changed" if changed else ""
    accept = words.say("button", f"accept{labels}{'_age' if age else ''}", age=age)
    buttons = el(
        "div",
        {"class": "askfirst-actions"},
        answer(refuse, words.say("button", f"reject{labels}")),
        answer("accept_all", accept, of="askfirst-accept" if apart else None),
    )
    links = el(
        "p",
        {"class": "askfirst-links"},
        choose_link(path, words.say("button", "choose")),
        el("a", {"href": f"{BASE}/policy"}, words.say("notice", "policy")),
    )
    return el(
        "div",
        {"class": "askfirst-foot"},
        form("askfirst-answer", fields, buttons),
        form("askfirst-accept", accepting) if apart else None,
        links,
        el("p", {"class": "askfirst-problem", "role": "alert"}),
    )


def choose_link(path: str, label: object) -> Html:
    """The way to the choices; a script may open them as a dialog instead."""
    return el("a", {"href": with_return("choices", path), "data-askfirst": "choices"}, label)


# ---------------------------------------------------------------- the control on every page


def control(consent: Consent, path: str, words: Words) -> Html:
    """The way to change or withdraw, with the present choice, for every page (M11)."""
    edition = consent.editions.current
    granted = consent.state is not None and consent.state.grants
    withdraw = answer("withdraw", words.say("button", "withdraw"), kind="askfirst-quiet")
    return el(
        "section",
        {
            "class": "askfirst-control",
            "id": "askfirst-control",
            "aria-label": words.say("control", "title"),
        },
        choose_link(path, words.say("control", "title")),
        el("span", {"class": "askfirst-present", "role": "status"}, present(consent, words)),
        form("askfirst-withdraw", hidden(edition, words, path), withdraw) if granted else None,
        el("a", {"href": with_return("rights/me", path)}, words.say("control", "mine"))
        if granted
        else None,
    )


def present(consent: Consent, words: Words) -> str:
    """The present choice in one line, as this request's signals leave it."""
    policy = consent.editions.current.policy
    details = {}
    if consent.state is not None:
        allowed = {name: consent.allows(name) for name in policy.asked}
        details = {name: consent.detail(name) if yes else 0 for name, yes in allowed.items()}
    titles = {
        name: describe.words_of(policy.purposes[name], words.lang)[1].title for name in policy.asked
    }
    said = describe.present(details, titles, words)
    gpc = consent.signals.gpc and any(
        policy.purposes[n].terms.sells_or_shares for n in policy.asked
    )
    return f"{said} ({words.say('control', 'gpc')})" if gpc else said
