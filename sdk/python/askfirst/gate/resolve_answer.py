"""What an answer comes to: the details it sets, once edition, age and signals are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from askfirst.contracts.consent import Method, VisitorAnswer, shared_detail
from askfirst.errors import Reason, Refused
from askfirst.terms.consent import Consent
from askfirst.terms.edition import Edition
from askfirst.terms.languages import shipped_languages
from askfirst.terms.lattice import Detail
from askfirst.terms.placed import split
from askfirst.terms.policy import Policy
from askfirst.terms.token import State, expires_at


@dataclass(frozen=True)
class Resolved:
    """The details an answer sets; a purpose left out keeps what it has."""

    method: Method
    choices: Mapping[str, int]

    @property
    def grants(self) -> bool:
        """Whether any purpose is agreed to."""
        return any(self.choices.values())


def resolve(answer: VisitorAnswer, consent: Consent) -> Resolved:
    """Decide what an answer sets, for a request with this consent.

    A refusal is never refused for its edition, its language or a purpose that is gone. Placed
    collectors are agreed to by name alone: `accept_all` without names is about the site. Raises
    Refused `edition-changed`, `unknown-purpose`, `choices-contradict-method`, `nothing-chosen`,
    `age-not-declared` or `bad-shape`.
    """
    edition = consent.editions.current
    answer.check_version()
    if answer.method in ("reject_all", "withdraw"):
        if any(answer.choices.values()):
            raise Refused(
                Reason.CHOICES_CONTRADICT_METHOD, f"{answer.method} sets every choice to 0"
            )
        return Resolved(answer.method, _nothing(consent))
    if consent.closed:
        # For children every answer is the same refusal, and nothing says why (M30).
        return Resolved("reject_all", _nothing(consent))
    choices = answer.choices
    if answer.method == "accept_all":
        if not all(choices.values()):
            raise Refused(Reason.CHOICES_CONTRADICT_METHOD, "accept_all sets every choice above 0")
        choices = choices or dict.fromkeys(edition.policy.asked, answer.detail)
    if any(choices.values()):
        _check_grant(answer, choices, edition)
        shared_detail({**_standing(consent), **choices})
    _check_whole(choices, consent)
    # A placed collector is on or off: what it may do is bounded by the site's own detail.
    choices = {n: int(Detail.AS_ASKED) if d and split(n)[0] else d for n, d in choices.items()}
    set_now = {
        name: detail
        for name, detail in choices.items()
        # M21: whatever the body claims. What is denied is left as it was, so M23 holds as well.
        if name in edition.every and not (detail and consent.is_denied(name))
    }
    empty = not choices and consent.state is None
    if not set_now and (answer.method == "accept_all" or any(choices.values()) or empty):
        raise Refused(Reason.NOTHING_CHOSEN, "send a choice for at least one purpose that is asked")
    _check_age(answer, set_now, edition)
    return Resolved(answer.method, set_now)


def _nothing(consent: Consent) -> dict[str, int]:
    # What was agreed to of placed collectors ends too; who never heard of one does not name it.
    old = consent.state.choices if consent.state is not None else ()
    return dict.fromkeys((*consent.editions.current.policy.asked, *old), 0)


def _standing(consent: Consent) -> dict[str, int]:
    """The details that stand beside an answer: of what is denied now none does."""
    details = consent.state.choices if consent.state is not None else {}
    return {name: detail for name, detail in details.items() if not consent.is_denied(name)}


def _check_whole(choices: Mapping[str, int], consent: Consent) -> None:
    """Refuse an answer that leaves out what is asked: few shapes of it exist.

    To take back a part is never held up by what else is asked.
    """
    if consent.state is not None and choices and not any(choices.values()):
        return
    missing = [question.purpose for question in consent.asks if question.purpose not in choices]
    if missing:
        raise Refused(Reason.NOTHING_CHOSEN, f"answer what is asked too: {', '.join(missing)}")


def _check_grant(answer: VisitorAnswer, choices: Mapping[str, int], edition: Edition) -> None:
    if answer.edition != edition.hash:
        raise Refused(
            Reason.EDITION_CHANGED, "the policy has changed; read it again and answer anew"
        )
    if any(detail and name not in edition.every for name, detail in choices.items()):
        raise Refused(
            Reason.UNKNOWN_PURPOSE, f"purposes that are asked: {', '.join(edition.every)}"
        )
    if not is_language(answer.lang, edition.policy):
        raise Refused(Reason.BAD_SHAPE, "send the language the notice was shown in")


def is_language(lang: str, policy: Policy) -> bool:
    """Whether a notice can have been shown in it.

    A closed list: what the ledger keeps of an answer must not be a place for anything else (M25).
    """
    return lang in policy.languages or lang in shipped_languages()


def _check_age(answer: VisitorAnswer, choices: Mapping[str, int], edition: Edition) -> None:
    least = edition.minimum_age(name for name, detail in choices.items() if detail)
    if least and not answer.adult:
        raise Refused(Reason.AGE_NOT_DECLARED, f"to agree, declare that you are {least} or over")


def refusal(resolved: Resolved, consent: Consent, *, now: float) -> State:
    """The state of a visitor without a receipt who refused: only refusals, old ones and new.

    The same bytes for all who refuse the same in a half-year, whatever they had answered (M09).
    Placed collectors are left out: who refuses a purpose of the site is not asked by them either
    (M49).
    """
    old = consent.state.choices if consent.state is not None else {}
    names = {name for name, detail in old.items() if not detail} | resolved.choices.keys()
    purposes = consent.editions.current.policy.asked
    choices = {name: 0 for name in purposes if name in names}
    return State(consent.site, 0, choices, expires_at(now))


def narrowed(resolved: Resolved, consent: Consent, *, now: float) -> State:
    """The state of a visitor with a receipt while the collector is away: less, at once."""
    old = consent.state.choices if consent.state is not None else {}
    choices = {**old, **dict.fromkeys(resolved.choices, 0)}
    if not any(choices.values()) or consent.state is None:
        return refusal(resolved, consent, now=now)
    return State(consent.site, consent.state.edition, choices, consent.state.expires)
