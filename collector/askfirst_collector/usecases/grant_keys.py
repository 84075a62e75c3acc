"""The key of a grant: drawn where a pseudonym lives as long, destroyed with the grant's end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from askfirst.errors import CollectorUnavailable
from askfirst.terms.edition import Choice, Editions
from askfirst.terms.lattice import at_detail
from askfirst_collector.ledger.entries import ERASE, is_unused
from askfirst_collector.services import Services
from askfirst_collector.store.salts import pseudonym


def settle(parts: Services, site: str, handle: str) -> None:
    """Make an ending in the ledger true in every worker, destroy the grant's key, and note it.

    Whatever wrote rows under the ledger as it was before has ended when `barrier` returns;
    whatever writes later reads the ledger inside its own transaction. Where an erasure follows, or
    the rows may not be used, they go first: without the key nobody could tell them from others'.
    """
    parts.events.barrier()
    end_deliveries(parts, site, handle)
    history = parts.ledger.history(site, handle)
    if history and (history[-1].body["method"] == ERASE or is_unused(history)):
        parts.events.erase(pseudonyms(parts, site, handle))
    parts.salts.end_grant(handle)
    # Last: it says that the rest is done.
    parts.ledger.settle(site, handle)


def end_deliveries(parts: Services, site: str, handle: str) -> None:
    """Destroy what waits to be delivered; the ledger is asked anew before anything is sent.

    A file that cannot be written holds up no withdrawal: what is in it is not sent either.
    """
    with suppress(CollectorUnavailable):
        parts.transfers.forget_handle(site, handle)


def link(
    parts: Services, editions: Editions, handle: str, choices: Mapping[str, Choice], expires: int
) -> None:
    """Draw the key of a grant with a pseudonym that lives as long; one that is there stays."""
    if links(editions, choices):
        parts.salts.new_grant_key(handle, due=expires)


def links(editions: Editions, choices: Mapping[str, Choice]) -> bool:
    """Whether the visitor agreed to a pseudonym that lives as long as the grant."""
    return any(_links(editions, *choice) for choice in choices.items())


def _links(editions: Editions, purpose: str, choice: Choice) -> bool:
    edition = editions.get(choice.edition)
    agreed = edition.purpose(purpose) if edition is not None else None
    if agreed is None:
        return False
    return at_detail(agreed.terms.scope, choice.detail).level("visitor") >= 2


def pseudonyms(parts: Services, site: str, handle: str) -> set[bytes]:
    """Every pseudonym that can still be computed for a handle; asking draws no salt."""
    record = parts.registry.site(site)
    if record is None:
        return set()
    salts = [period.salt for period in parts.salts.open_periods(site)]
    key = parts.salts.grant_key(handle)
    if key is not None:
        salts.append(key)
    # Collectors that are gone, and purposes, may have rows that are there still.
    names = {("", name) for edition in record.editions for name in edition.policy.purposes}
    for edition in record.editions:
        for placed in edition.placed.values():
            names.update((placed.name, name) for name in placed.policy.purposes)
    return {
        pseudonym(salt, site, purpose, collector, handle)
        for salt in salts
        for collector, purpose in names
    }
