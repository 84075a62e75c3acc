"""What may be stored of one event: the receipt first, then signals, then terms. Pure decisions."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from askfirst.contracts.drops import Drop
from askfirst.terms.consent import Signals
from askfirst.terms.edition import Choice, Editions, bounded_terms, choice_of
from askfirst.terms.lattice import NOTHING
from askfirst.terms.placed import Placed, split
from askfirst.terms.policy import Policy
from askfirst.terms.terms import Terms
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.ledger.entries import ConsentStatus


class Authorization(Struct, frozen=True):
    """Judges the events of one request by how its receipt stood when it was asked."""

    site: Site
    status: ConsentStatus
    signals: Signals

    def authorize(self, purpose: str) -> Terms | Drop:
        """The terms an event of this purpose is stored under, or the reason why it is dropped.

        A placed collector's purpose is called `collector/purpose`. DNT has no say here: it denies
        what was not answered, and that is not granted anyway.
        """
        editions = self.site.editions
        if editions.current.purpose(purpose) is None:
            return Drop.UNKNOWN_PURPOSE
        choice = choice_of(self.status.choices, purpose)
        terms = _terms_of(editions, self.site.host, purpose, choice)
        if terms is not None and self.signals.deny(editions, purpose):
            return Drop.OPT_OUT
        return terms or Drop.NO_GRANT

    def agreed(self, purpose: str) -> Placed | None:
        """The placed collector as it was when it was agreed to; None for nothing of it."""
        choice = self.status.choices.get(purpose)
        edition = self.site.editions.get(choice.edition) if choice is not None else None
        return edition.placed.get(split(purpose)[0]) if edition is not None else None


@lru_cache(maxsize=1024)  # of policies and what they ask, never of visitors
def _terms_of(
    editions: Editions, host: Policy | None, purpose: str, choice: Choice | None
) -> Terms | None:
    """The chain of terms; None where nothing is gathered."""
    # Without a host policy nothing is; `bounded_terms` would take None for "not my part".
    if choice is None or host is None:
        return None
    terms = bounded_terms(editions, purpose, choice, host)
    return None if terms.scope == NOTHING else terms


def is_active(site: Site, status: ConsentStatus | None, signals: Signals) -> bool:
    """Whether anything about the visitor may be stored at all."""
    return (
        status is not None
        and status.alive
        and not site.editions.current.policy.for_children
        and not signals.under_age
    )
