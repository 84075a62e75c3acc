"""A policy in plain words: the sentences visitors read, who receives it, and for how long."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from askfirst.pages.words import Words, words_in
from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.policy import Policy
from askfirst.terms.purpose import Purpose


@dataclass(frozen=True)
class Stored:
    """One attribute that is stored: its name for people, its level, and what that means."""

    attribute: str
    name: str
    level: int
    means: str


@dataclass(frozen=True)
class PlainPurpose:
    """One purpose, in sentences."""

    name: str
    title: str
    description: str
    asked: bool
    basis: str
    stored: tuple[Stored, ...]
    kept: tuple[str, ...]
    recipients: str
    sells_or_shares: bool  # somebody receives it
    sets: tuple[str, ...]  # cookies and storage it may set in the browser
    min_cell_size: int
    closes: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def explain(policy: Policy, lang: str | None = None) -> tuple[PlainPurpose, ...]:
    """Every purpose of the policy, in `lang` or the policy's first language."""
    lang = lang or (policy.languages[0] if policy.languages else "en")
    words = words_in(lang)
    return tuple(_purpose(purpose, words) for purpose in policy.purposes.values())


def _purpose(purpose: Purpose, words: Words) -> PlainPurpose:
    terms = purpose.terms
    text = purpose.text_in(words.lang)[1]
    period = words.say("within", terms.closes)
    retention = [
        words.say("retention", "counts", days=words.days(terms.retention_days), period=period)
    ]
    if terms.keep_rows_days:
        days = words.days(terms.keep_rows_days)
        retention.append(words.say("retention", "rows", days=days, period=period))
    else:
        cell = terms.min_cell_size
        retention.append(words.say("retention", "rows_none", period=period, cell=cell))
    if terms.scope.level("visitor") == ATTRIBUTES["visitor"].finest:
        retention.append(words.say("retention", "receipt"))
    names = [
        words.say(
            "recipients",
            "one",
            name=recipient.name,
            role=words.say("recipients", "role", recipient.role),
            country=recipient.country,
        )
        for recipient in terms.recipients
    ]
    return PlainPurpose(
        name=purpose.name,
        title=text.title,
        description=text.description,
        asked=purpose.asked,
        basis=words.say("basis", terms.legal_basis),
        stored=tuple(
            Stored(
                name,
                words.say("attribute", name),
                level,
                words.say("level", name, level, period=period),
            )
            for name, level in terms.scope.effective_levels().items()
        ),
        kept=tuple(retention) if terms.scope.as_dict() else (),
        recipients=(
            words.say("recipients", "some", names=words.listed(names))
            if names
            else words.say("recipients", "none")
        ),
        sells_or_shares=terms.is_sold,
        sets=(*sorted(terms.cookies), *sorted(terms.storage)),
        min_cell_size=terms.min_cell_size,
        closes=terms.closes,
    )
