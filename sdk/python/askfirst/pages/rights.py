"""What is kept about me: record, receipt, rows of open periods, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from askfirst.pages import describe
from askfirst.pages.deliveries import deliveries
from askfirst.pages.document import document, section, terms_list
from askfirst.pages.forms import BASE, also_with_withdrawal, answer, form, unanswered, with_return
from askfirst.pages.html import Html, el, own
from askfirst.pages.placed_collectors import in_order, placed_grants, title_in
from askfirst.pages.stored import stored_things
from askfirst.pages.words import Words
from askfirst.terms.attributes import ATTRIBUTES, OTHER, UNKNOWN
from askfirst.terms.consent import Consent
from askfirst.terms.placed import join

NONE = "none"  # a finer part that holds nothing, as observe/value.py writes it
# The names of formats are the same in every language.
_FORMATS = (
    ("kantara", "receipt.kantara.json", "Kantara Consent Receipt 1.1 (JSON)"),
    ("dpv", "receipt.dpv.jsonld", "Data Privacy Vocabulary 2.3 (JSON-LD)"),
)
_SHOWN = 500  # rows on the page; the export has them all


def rights_page(
    consent: Consent,
    holdings: Mapping[str, Any] | None,
    *,
    words: Words,
    return_to: str = "/",
    done: str | None = None,
) -> str:
    """`/askfirst/rights/me` as a whole document.

    `holdings` is what the collector answers (`CollectorClient.me`), None without a receipt; `done`
    says what was just done: withdrawn, restricted or erased.
    """
    record = (holdings or {}).get("record")
    body: list[object] = []
    if done is not None and words.has("rights", "done", done):
        text = words.say("rights", "done", done)
        body.append(el("p", {"class": "askfirst-signal", "role": "status"}, text))
    if holdings is None or not record:
        body.append(_withdrawn(consent, words) if done == "withdrawn" else _nothing(words))
    else:
        body.append(_record(consent, record, since(holdings), words))
        body.append(placed_grants(consent, record, words, back=f"{BASE}/rights/me"))
        if holdings.get("receipt"):
            body.append(_receipt(record, words))
        rows = holdings.get("rows") or ()
        if record.get("status") not in ("withdrawn", "erased"):
            body.append(
                stored_things(consent.editions, record, rows, words, value=values_in(words))
            )
        body.append(_rows(consent, rows, words))
        body.append(deliveries(consent, holdings.get("deliveries") or (), words))
        body.append(_not_linkable(holdings.get("not_linkable") or (), words))
        body.append(_history(consent, holdings.get("history") or (), words))
        body.append(_rights(record, words, return_to))
    site = consent.editions.current.policy.site if consent.editions else consent.site
    title = words.say("rights", "title")
    intro = words.say("rights", "intro")
    return document(title, body, words=words, site=site, back=return_to, intro=intro)


def _nothing(words: Words) -> Html:
    choose = el("a", {"href": f"{BASE}/choices"}, words.say("control", "title"))
    return section(
        "none",
        words.say("rights", "none"),
        el("p", None, words.say("rights", "none_why")),
        el("p", None, choose),
    )


def _withdrawn(consent: Consent, words: Words) -> Html:
    """What goes on after a withdrawal: without a receipt nothing is found, yet some is kept."""
    evidence = consent.editions.current.policy.evidence_days if consent.editions else None
    return section(
        "none",
        words.say("rights", "status", "withdrawn"),
        el("p", None, words.say("rights", "withdraw_why")),
        el("p", None, words.say("policy", "answer_lasts", evidence=words.days(evidence)))
        if evidence is not None
        else None,
        el("p", None, el("a", {"href": f"{BASE}/choices"}, words.say("control", "title"))),
    )


def _choices(consent: Consent, record: Mapping[str, Any], words: Words) -> list[Html]:
    """Each purpose of a record with its detail."""
    choices = dict(record.get("choices") or {})
    return [
        el(
            "li",
            None,
            own(title_in(consent.editions, name, words)),
            ": ",
            describe.detail(choices[name], words, version=record.get("v", 2)),
        )
        for name in in_order(consent.editions, choices)
    ]


def _day(stamp: object) -> Html:
    """The day of an RFC 3339 time, as the record has it."""
    return el("time", {"datetime": str(stamp)}, str(stamp)[:10])


def since(holdings: Mapping[str, Any]) -> object:
    """When the choices that hold were made (RFC 3339, to the hour): that of the latest answer.

    That they are used for nothing now, or bounded, is no answer of the visitor's.
    """
    entries = [*reversed(holdings.get("history") or ()), holdings["record"]]
    hours = (
        entry.get("hour") for entry in entries if entry.get("status") in ("granted", "changed")
    )
    return next(hours, None)


def _record(
    consent: Consent, record: Mapping[str, Any], start: object | None, words: Words
) -> Html:
    status = str(record.get("status", ""))
    status_text = (
        words.say("rights", "status", status) if words.has("rights", "status", status) else status
    )
    until = words.markup("rights", "until", date=_day(record.get("until", "")))
    return section(
        "record",
        words.say("rights", "record"),
        el("ul", {"class": "askfirst-list"}, _choices(consent, record, words)),
        el(
            "p",
            {"class": "askfirst-note"},
            status_text,
            [" · ", words.markup("rights", "since", date=_day(start))] if start else None,
            [", ", until] if record.get("until") else None,
        ),
    )


def _receipt(record: Mapping[str, Any], words: Words) -> Html:
    handle = el("code", None, str(record.get("handle", "")))
    formats = [
        el("li", None, el("a", {"href": f"{BASE}/rights/{name}", "download": file}, label))
        for name, file, label in _FORMATS
    ]
    download = el(
        "a",
        {
            "class": "askfirst-button askfirst-quiet",
            "href": f"{BASE}/rights/receipt",
            "download": "receipt.json",
        },
        words.say("button", "download"),
    )
    return section(
        "receipt",
        words.say("rights", "receipt"),
        el("p", None, words.say("rights", "receipt_why")),
        terms_list([(words.say("rights", "handle"), handle)]),
        el("div", {"class": "askfirst-row"}, download),
        el("ul", {"class": "askfirst-list"}, formats),
        el("p", None, el("a", {"href": f"{BASE}/receipt"}, words.say("receipt", "title"))),
    )


def _rows(consent: Consent, rows: Sequence[Mapping[str, Any]], words: Words) -> Html:
    if not rows:
        text = el("p", None, words.say("rights", "rows_none"))
        return section("rows", words.say("rights", "rows"), text)
    export = el(
        "a",
        {
            "class": "askfirst-button askfirst-quiet",
            "href": f"{BASE}/rights/export",
            "download": "askfirst.json",
        },
        words.say("button", "export"),
    )
    table = el("a", {"href": f"{BASE}/rights/csv", "download": "askfirst.csv"}, "CSV")
    items = [_row(consent, row, words) for row in rows[:_SHOWN]]
    return section(
        "rows",
        words.say("rights", "rows"),
        el("p", {"class": "askfirst-note"}, words.count("rights", "rows_count", n=len(rows))),
        el("ol", {"class": "askfirst-rows"}, items),
        el("div", {"class": "askfirst-row"}, export, table),
    )


def values_in(words: Words) -> Callable[[str, object], object]:
    """What writes a value of an attribute in these words."""
    return lambda attribute, value: _value(attribute, value, words)


def _row(consent: Consent, row: Mapping[str, Any], words: Words) -> Html:
    kind = str(row.get("type", ""))
    text = words.say("rights", kind) if kind in ("page_view", "action", "drop") else kind
    head = [
        own(title_in(consent.editions, _name(row), words)),
        " · ",
        text,
        " · ",
        _when(row, words),
    ]
    raw_values = row.get("values")
    values = dict(raw_values) if isinstance(raw_values, Mapping) else {}
    pairs: list[tuple[str, object]]
    if kind == "drop":
        pairs = [(words.say("rights", "drop_why"), own(_reason(values.get("action"), words)))]
    else:
        pairs = [
            (words.say("attribute", name), _value(name, value, words))
            for name, value in values.items()
            if name in ATTRIBUTES
        ]
    parts = [el("div", None, el("dt", None, name), el("dd", None, text)) for name, text in pairs]
    return el("li", None, el("p", None, head), el("dl", None, parts))


def _name(row: Mapping[str, Any]) -> str:
    collector, purpose = str(row.get("collector") or ""), str(row.get("purpose", ""))
    return join(collector, purpose) if collector else purpose


def _reason(action: object, words: Words) -> str:
    """Why an event was not stored: such a row has its reason where others have the action."""
    reason = str(action[0]) if isinstance(action, (list, tuple)) and action else ""
    return (
        words.say("rights", "reason", reason) if words.has("rights", "reason", reason) else reason
    )


def _when(row: Mapping[str, Any], words: Words) -> Html:
    """The day of a row where it was stored, else the period that it is of."""
    values = row.get("values")
    time = values.get("time") if isinstance(values, Mapping) else None
    day = str(time[0]) if isinstance(time, (list, tuple)) and time else UNKNOWN
    if day != UNKNOWN:
        return el("time", None, day)
    date, closes = str(row.get("period", "")), str(row.get("closes", ""))
    known = words.has("rights", "period", closes)
    return el("time", None, words.say("rights", "period", closes, date=date) if known else date)


def _value(attribute: str, value: object, words: Words) -> object:
    if not isinstance(value, (list, tuple)):
        return own(str(value))
    parts = [str(part) for part in value]
    # Coarse to fine: a part that the next one only spells out further is said once.
    leaves = [a for a, b in zip(parts, [*parts[1:], ""], strict=True) if not b.startswith(a)]
    # That a finer part is empty says nothing beside the coarser one.
    if len(leaves) > 1 and leaves[-1] == NONE:
        leaves.pop()
    return own(" › ".join(_part(attribute, part, words) for part in leaves))


def _part(attribute: str, part: str, words: Words) -> str:
    """One part in words: paths and names of actions are the site's own, tokens are ours."""
    ours = attribute not in ("page", "action") or part in (UNKNOWN, NONE, OTHER)
    return (
        words.say("rights", "value", part) if ours and words.has("rights", "value", part) else part
    )


def _not_linkable(reasons: Sequence[object], words: Words) -> Html:
    # Closed periods are said by the sentence above the list; what only the collector knows, as it
    # says it.
    texts = [_unlinked(reason, words) for reason in reasons]
    return section(
        "not-linkable",
        words.say("rights", "not_linkable"),
        el("p", None, words.say("rights", "not_linkable_why")),
        el("ul", {"class": "askfirst-list"}, [el("li", None, text) for text in texts])
        if texts
        else None,
    )


def _unlinked(reason: object, words: Words) -> Html:
    if not isinstance(reason, Mapping):
        return own(str(reason))
    is_ours = reason.get("what") == "no-pseudonym"
    return (
        el("span", None, words.say("rights", "unlinked")) if is_ours else own(str(reason["reason"]))
    )


def _history(consent: Consent, entries: Sequence[Mapping[str, Any]], words: Words) -> Html | None:
    if not entries:
        return None
    items = []
    for entry in entries:
        status = str(entry.get("status", ""))
        known = words.has("rights", "status", status)
        label = words.say("rights", "status", status) if known else status
        choices = el("ul", {"class": "askfirst-list"}, _choices(consent, entry, words))
        stamp = str(entry.get("hour", ""))
        when = el("time", {"datetime": stamp}, stamp[:16].replace("T", " "))
        items.append(el("li", None, when, " ", label, choices))
    return section(
        "history", words.say("rights", "history"), el("ol", {"class": "askfirst-rows"}, items)
    )


def _rights(record: Mapping[str, Any], words: Words, return_to: str) -> Html:
    erase = el(
        "button",
        {"type": "submit", "class": "askfirst-button askfirst-quiet"},
        words.say("button", "erase"),
    )
    back = {"return_to": return_to}
    ended = record.get("status") in ("withdrawn", "erased")
    parts = [
        None if ended else _correct(words, return_to),
        None
        if ended
        else _right(
            words.say("rights", "withdraw_why"),
            form("askfirst-withdraw", back, _withdraw(words), action="rights/withdraw"),
        ),
        None
        if ended
        else _restrict(is_done=record.get("status") == "restricted", back=back, words=words),
        _right(
            words.say("rights", "erase_why"),
            form("askfirst-erase", back, erase, action="rights/erase"),
        ),
    ]
    rights = el("div", {"class": "askfirst-rights"}, parts)
    notes = (words.say("rights", "object_why"), words.say("policy", "no_automated"))
    sentences = [el("p", {"class": "askfirst-note"}, note) for note in notes]
    return section("rights", words.say("rights", "withdraw"), rights, sentences)


def _correct(words: Words, return_to: str) -> Html:
    """The way to another answer (GDPR, article 16)."""
    choose = {"class": "askfirst-button askfirst-quiet", "href": with_return("choices", return_to)}
    link = el("a", choose, words.say("control", "title"))
    return _right(words.say("rights", "change_why"), link)


def _withdraw(words: Words) -> Html:
    """The button, and what goes with it."""
    button = answer("withdraw", words.say("button", "withdraw_consent"))
    row = (unanswered("askfirst-withdraw"), button, also_with_withdrawal(words))
    return el("div", {"class": "askfirst-row"}, row)


def _restrict(*, is_done: bool, back: Mapping[str, str], words: Words) -> Html:
    """To keep what there is unused: what closes meanwhile is destroyed, so a copy comes first."""
    button = el(
        "button",
        {"type": "submit", "class": "askfirst-button askfirst-quiet"},
        words.say("button", "restrict"),
    )
    copy = {"href": f"{BASE}/rights/export", "download": "askfirst.json"}
    link = el("a", copy, words.say("button", "export"))
    why = [
        words.say("rights", "restrict_why"),
        " ",
        words.say("rights", "restrict_copy"),
        " ",
        link,
    ]
    act = None if is_done else form("askfirst-restrict", back, button, action="rights/restrict")
    return _right(why, act)


def _right(why: object, *body: object) -> Html:
    return el("div", None, body, el("p", {"class": "askfirst-note"}, why))
