"""What an answer of a visitor makes of what the ledger already holds: a pure decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from askfirst.client import Decision
from askfirst.contracts.consent import shared_detail
from askfirst.errors import Reason, Refused
from askfirst.terms.edition import Choice, Edition, Editions, widens_between
from askfirst.terms.lattice import Detail
from askfirst.terms.placed import split
from askfirst.terms.policy import Policy
from askfirst.terms.terms import BOTTOM, Recipient, Terms
from askfirst.terms.token import expires_at
from askfirst_collector.ledger.entries import (
    ERASE,
    STATUS,
    VERSION,
    hour_of,
    timestamp,
    written,
)
from askfirst_collector.ledger.records import Past

# The hash of the words that the notices of this edition show in this language.
Notice = Callable[[Edition, str], str]
ROLLBACK = "rollback"  # of what takes back a grant that its visitor was told is not recorded
RESTORE = "restore"  # of one that a restored backup had undone


@dataclass(frozen=True)
class Answered:
    """What holds after an answer; `body` is the entry to append, None where nothing is recorded."""

    choices: Mapping[str, Choice]
    expires: int  # unix seconds
    body: dict[str, Any] | None


def answer(
    decision: Decision, past: Past, editions: Editions, notice: Notice, *, now: float
) -> Answered:
    """Merge an answer with the latest entry of its handle.

    Raises Refused: a grant under another edition than the current one, for a purpose it does not
    ask for, without a declared age, or under a handle that has ended. A refusal is never refused.
    """
    old = past.latest.choices if past.latest is not None and not past.ended else {}
    chosen = _chosen(decision, editions.current, old)
    grants = any(chosen.values())
    if grants and past.ended:
        raise Refused(Reason.HANDLE_ENDED, "draw a new secret: this one has ended for good")
    number = editions.current.number if grants else _number(decision, editions, old)
    fresh = {name: Choice(detail, number) for name, detail in chosen.items()}
    remaining = _remaining(decision, chosen, old, editions)
    choices = dict(sorted({**remaining, **fresh}.items()))
    granted = any(choice.detail for choice in choices.values())
    expires = expires_at(now)
    if past.latest is None or not old:
        kind = "grant"
    else:
        kind = "change" if granted else "withdraw"
        if granted and remaining.keys() - fresh.keys():
            # What was agreed to earlier, and not answered again, does not last longer for it.
            expires = min(expires, past.latest.until)
    if not granted and kind == "grant":
        return Answered(choices, expires, None)
    body = _body(decision, kind, choices, editions, number, notice)
    body.update(hour=timestamp(hour_of(now)), until=timestamp(expires))
    if kind == "change" and not grants and past.latest is not None:
        # To refuse a part is not to ask for the rest to be used again.
        body["status"] = past.latest.body["status"]
    return Answered(choices, expires, body)


def rolled_back(decision: Decision, past: Past, *, now: float) -> dict[str, Any] | None:
    """The entry that takes back a grant whose visitor was told that it is not recorded.

    None where it was indeed not, or is over. It ends the handle where nothing else is granted.
    """
    if any(decision.choices.values()):
        raise Refused(Reason.CHOICES_CONTRADICT_METHOD, "rollback takes no choice above 0")
    if past.latest is None or past.ended:
        return None
    body = past.latest.as_now
    gone = {name for name in decision.choices if name in body["granted"]}
    if not gone:
        return None
    return _reduced(past, dict.fromkeys(gone, 0), now=now, method=ROLLBACK)


def bounded(
    past: Past, most: Mapping[str, int], *, restricted: bool, now: float
) -> dict[str, Any] | None:
    """The entry that takes back again what a restored backup gives back (M48).

    `most` are the details that may be granted, by purpose; what is not in it stays as it is. None
    where nothing lies beyond them.
    """
    if past.latest is None or past.ended:
        return None
    choices = past.latest.choices
    details = {name: min(c.detail, most.get(name, c.detail)) for name, c in choices.items()}
    # All of the site's own that stays granted has one detail: the lowest.
    shared = min((d for name, d in details.items() if d and not split(name)[0]), default=0)
    details = {n: d if split(n)[0] else min(d, shared) for n, d in details.items()}
    less = {name: d for name, d in details.items() if d < choices[name].detail}
    restricted = restricted and past.latest.body["status"] != STATUS["restrict"]
    if not less and not restricted:
        return None
    body = _reduced(past, less, now=now, method=RESTORE)
    if body is not None and restricted and body["granted"]:
        body.update(kind="restrict", status=STATUS["restrict"])
    return body


def _reduced(
    past: Past, details: Mapping[str, int], *, now: float, method: str
) -> dict[str, Any] | None:
    """The latest entry with these lower details; an ending where nothing is granted any more."""
    if past.latest is None:
        return None
    body = past.latest.as_now
    gone = {name for name, detail in details.items() if not detail}
    granted = [name for name in body["granted"] if name not in gone]
    if not granted:
        return ending(past, now=now, method=method)
    collectors = {split(name)[0] for name in granted}
    return {
        **body,
        "kind": "change",
        "hour": timestamp(hour_of(now)),
        "choices": {
            name: {**pair, "detail": details.get(name, pair["detail"])}
            for name, pair in body["choices"].items()
        },
        "granted": granted,
        "denied": sorted({*body["denied"], *gone}),
        "collectors": [
            collector for collector in body["collectors"] if collector["name"] in collectors
        ],
        "method": method,
        "retention": {n: days for n, days in body["retention"].items() if n not in gone},
    }


def restriction(past: Past, *, now: float) -> dict[str, Any] | None:
    """The entry that stops storing without ending the grant; None where nothing is stored."""
    if past.latest is None or past.ended or past.latest.body["status"] == "restricted":
        return None
    return {
        **past.latest.as_now,
        "kind": "restrict",
        "hour": timestamp(hour_of(now)),
        "method": "restrict",
        "status": STATUS["restrict"],
    }


def ending(past: Past, *, now: float, method: str = ERASE) -> dict[str, Any] | None:
    """The entry by which we end a handle ourselves; None where it has ended already."""
    if past.latest is None or past.ended:
        return None
    body = past.latest.as_now
    choices = {name: {**pair, "detail": 0} for name, pair in body["choices"].items()}
    body.update(
        kind="withdraw",
        hour=timestamp(hour_of(now)),
        choices=choices,
        granted=[],
        denied=sorted(choices),
        collectors=[],
        method=method,
        retention={},
        recipients=[],
        status=STATUS["withdraw"],
    )
    return body


def _chosen(decision: Decision, current: Edition, old: Mapping[str, Choice]) -> dict[str, int]:
    """The details this answer names, by purpose; what it leaves out is not in it.

    Without names an answer is about the site: placed collectors are agreed to by name alone (M49).
    """
    purposes = current.policy.asked
    if decision.method in ("reject_all", "withdraw"):
        if any(decision.choices.values()):
            raise Refused(
                Reason.CHOICES_CONTRADICT_METHOD, f"{decision.method} takes no choice above 0"
            )
        return dict.fromkeys((*purposes, *old), 0)
    chosen = dict(decision.choices)
    if decision.method == "accept_all":
        chosen = chosen or dict.fromkeys(purposes, int(Detail.AS_ASKED))
        if not all(chosen.values()):
            raise Refused(Reason.CHOICES_CONTRADICT_METHOD, "accept_all takes choices above 0 only")
    if not all(0 <= detail <= Detail.AS_ASKED for detail in chosen.values()):
        raise Refused(Reason.BAD_SHAPE, "choose 0, 1 or 2")
    # A placed collector is on or off: the detail of the site's own bounds it.
    chosen = {n: int(Detail.AS_ASKED) if d and split(n)[0] else d for n, d in chosen.items()}
    if chosen and not any(chosen.values()):
        # An old notice may refuse what is not asked any more.
        return {name: 0 for name in chosen if name in current.every or name in old}
    _check_grant(decision, chosen, current)
    if decision.gpc:
        # Nothing that sells becomes granted under the signal; unanswered, it is not refused either.
        sells = {name for name in chosen if _asked(current, name).sells_or_shares}
        chosen = {n: detail for n, detail in chosen.items() if not (detail and n in sells)}
    if not chosen:
        raise Refused(Reason.NOTHING_CHOSEN, "name at least one purpose that may be granted")
    return chosen


def _remaining(
    decision: Decision, chosen: Mapping[str, int], old: Mapping[str, Choice], editions: Editions
) -> dict[str, Choice]:
    """What an answer leaves as it was; all that is granted has one detail, or it is refused.

    What could not be answered, as a signal denies it or the browser was not told of it any more,
    is made less precise with the rest, or is left out: then it is asked about again.
    """
    detail = shared_detail(chosen)
    remaining = {name: choice for name, choice in old.items() if name not in chosen}
    if not detail:
        return remaining
    asked_by = editions.asked_by(editions.current.number)
    for name, choice in [*remaining.items()]:
        if not choice.detail or split(name)[0] or choice.detail == detail:
            continue
        denied = decision.gpc and _asked(editions.current, name).sells_or_shares
        if not (denied or widens_between(editions, name, choice.edition, asked_by)):
            shared_detail({**chosen, name: choice.detail})
        del remaining[name]
        if choice.detail > detail:
            remaining[name] = replace(choice, detail=detail)
    return remaining


def _check_grant(decision: Decision, chosen: Mapping[str, int], current: Edition) -> None:
    if decision.edition != current.hash:
        raise Refused(Reason.EDITION_CHANGED, f"the current edition is {current.hash}")
    if not set(chosen) <= set(current.every):
        raise Refused(Reason.UNKNOWN_PURPOSE, f"choose among {', '.join(current.every)}")
    if current.policy.for_children:
        raise Refused(Reason.UNDER_AGE, "this site is for children: nothing is gathered")
    terms = [_asked(current, name) for name, detail in chosen.items() if detail]
    if any(entry.minimum_age for entry in terms) and not decision.adult:
        raise Refused(Reason.AGE_NOT_DECLARED, "declare the age with adult: true")


def _asked(edition: Edition, name: str) -> Terms:
    purpose = edition.purpose(name)
    return BOTTOM if purpose is None else purpose.terms


def _number(decision: Decision, editions: Editions, old: Mapping[str, Choice]) -> int:
    """The edition a refusal answers; an unknown one counts as the newest known to the handle."""
    edition = editions.by_hash(decision.edition)
    if edition is not None:
        return edition.number
    return max((choice.edition for choice in old.values()), default=editions.current.number)


def _body(
    decision: Decision,
    kind: str,
    choices: Mapping[str, Choice],
    editions: Editions,
    number: int,
    notice: Notice,
) -> dict[str, Any]:
    edition = editions.get(number) or editions.current
    language = language_of(edition.policy, decision.lang)
    granted = [name for name, choice in choices.items() if choice.detail]
    terms = {name: _terms(editions, name, choices[name]) for name in granted}
    placed: dict[str, dict[str, Terms]] = {}
    for name in granted:
        if collector := split(name)[0]:
            placed.setdefault(collector, {})[name] = terms[name]
    return {
        "v": VERSION,
        "kind": kind,
        "site": decision.site,
        "handle": decision.handle,
        "edition": {"number": edition.number, "hash": edition.hash},
        "notice": notice(edition, language),
        "language": language,
        "choices": written(choices),
        "granted": granted,
        "denied": [name for name in choices if name not in granted],
        "collectors": [
            {
                "name": collector,
                "controller": _controller(editions, choices, tuple(purposes)),
                **_shared(purposes),
            }
            for collector, purposes in sorted(placed.items())
        ],
        "method": decision.method,
        "controller": edition.policy.controller.name,
        "jurisdiction": edition.policy.jurisdiction,
        **_shared(terms),
        "status": STATUS[kind],
    }


def _shared(terms: Mapping[str, Terms]) -> dict[str, Any]:
    """How long what was agreed to is kept, by purpose, and who else receives it (M17)."""
    recipients = {recipient for agreed in terms.values() for recipient in agreed.recipients}
    return {
        "retention": {name: agreed.retention_days for name, agreed in terms.items()},
        "recipients": [
            {"name": recipient.name, "role": recipient.role, "country": recipient.country}
            for recipient in sorted(recipients, key=_by_name)
        ],
    }


def _by_name(recipient: Recipient) -> tuple[str, str, str]:
    return recipient.name, recipient.role, recipient.country


def _controller(editions: Editions, choices: Mapping[str, Choice], names: tuple[str, ...]) -> str:
    """Who answers for a placed collector, as the newest of its answers was told."""
    newest = max(names, key=lambda name: choices[name].edition)
    edition = editions.get(choices[newest].edition)
    policy = edition.policy_of(newest) if edition is not None else None
    return "" if policy is None else policy.controller.name


def _terms(editions: Editions, purpose: str, choice: Choice) -> Terms:
    edition = editions.get(choice.edition)
    return BOTTOM if edition is None else _asked(edition, purpose)


def language_of(policy: Policy, wanted: str) -> str:
    """The language a notice was shown in: one of the policy's, so that none can carry an id."""
    return wanted if wanted in policy.languages else policy.languages[0]
