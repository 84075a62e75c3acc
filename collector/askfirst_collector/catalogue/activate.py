"""What is in force at a site: its policy and what stands on its pages, as the next edition.

Everything here runs inside the write transaction of whoever changes something, so that no worker
ever sees half of a change.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Column, Connection, Engine, Integer, Table, func, insert, select, update

from askfirst.errors import PolicyError, Problem, limited
from askfirst.terms.edition import Edition, edition_hash
from askfirst.terms.placed import Placed, placed_conflicts
from askfirst.terms.policy import Policy
from askfirst.terms.token import LONGEST, State, sign_state
from askfirst_collector.catalogue.chain_conflicts import purpose_conflicts
from askfirst_collector.catalogue.editions import add_edition, load_editions
from askfirst_collector.catalogue.notice_archive import keep_words
from askfirst_collector.catalogue.placed import (
    PlacedCollector,
    active,
    by_conflicts,
    load_placed,
    write_placed,
)
from askfirst_collector.catalogue.placed import State as PlacedState
from askfirst_collector.store.database import metadata, reading
from askfirst_collector.store.revocations import Revocations

# One row: moves when anything of the registry changes, so that a grant empties nobody's cache.
revision = Table("revision", metadata, Column("number", Integer, primary_key=True))


def activate_edition(
    connection: Connection, revocations: Revocations, policy: Policy, now: float
) -> Edition:
    """Make a policy, with the active collectors of its site, the current edition.

    What is current already stays so. A number is never given out twice, whatever was restored
    (M48). Raises PolicyError where the visitors' answers would not fit into the state cookie any
    more.
    """
    move_revision(connection)
    placed = active(connection, policy.site)
    digest = edition_hash(policy, placed)
    before = load_editions(connection, policy.site)
    if before and before.current.hash == digest:
        return before.current
    if problems := _cookie_problems(policy, placed):
        raise PolicyError(problems)
    number = revocations.reserve_edition(policy.site, before.current.number + 1 if before else 1)
    edition = Edition(number, digest, int(now), policy, placed)
    add_edition(connection, edition)
    for language in policy.languages:
        keep_words(connection, edition, language)
    return edition


def enforce_on_placed(
    connection: Connection, revocations: Revocations, policy: Policy, host: Policy, now: float
) -> list[PlacedCollector]:
    """Hold the collectors of a site against the policies above, and make the edition that follows.

    What is in conflict now is suspended, with its conflicts; what the chain had suspended and
    lies within it again goes on, as far as the visitors' answers fit. The answer is what changed.
    """
    changed: list[PlacedCollector] = []
    resuming = []
    for collector in load_placed(connection, policy.site):
        problems = chain_conflicts(collector.placed, policy, host)
        if problems and (collector.state == "active" or collector.by_chain):
            changed += _settled(connection, collector, problems)
        elif not problems and collector.state == "suspended" and collector.by_chain:
            resuming.append(collector)
    for collector in resuming:
        # What stands goes first: nobody who comes back takes anyone's place, or stops anything.
        placed = {**active(connection, policy.site), collector.name: collector.placed}
        changed += _settled(connection, collector, _cookie_problems(policy, placed))
    activate_edition(connection, revocations, policy, now)
    return changed


def _settled(
    connection: Connection, collector: PlacedCollector, problems: tuple[Problem, ...]
) -> list[PlacedCollector]:
    """Suspend it for these problems; without any let it go on. Empty where nothing changes."""
    state: PlacedState = "suspended" if problems else "active"
    reason = by_conflicts(problems) if problems else None
    if (state, reason) == (collector.state, collector.reason):
        return []
    successor = replace(collector, state=state, reason=reason, version=collector.version + 1)
    write_placed(connection, successor)
    return [successor]


def chain_conflicts(placed: Placed, site: Policy, host: Policy | None) -> tuple[Problem, ...]:
    """Where a placed collector goes beyond a link above it (M31)."""
    above_site = placed_conflicts(placed, site)
    return limited((*above_site, *purpose_conflicts(placed.policy, host)))


def move_revision(connection: Connection) -> None:
    """Say that the registry changed; every worker looks before its next event."""
    moved = update(revision).values(number=revision.c.number + 1)
    if not connection.execute(moved).rowcount:
        connection.execute(insert(revision).values(number=1))


def read_revision(engine: Engine) -> int:
    """The number that moves with every change; 0 where nothing changed yet."""
    with reading(engine) as connection:
        number: int | None = connection.execute(select(func.max(revision.c.number))).scalar()
    return number or 0


def _cookie_problems(policy: Policy, placed: dict[str, Placed]) -> tuple[Problem, ...]:
    names = [*policy.asked, *(name for collector in placed.values() for name in collector.asked)]
    largest = State(policy.site, 10**6, dict.fromkeys(names, 2), 2**33)
    if not placed or len(sign_state(largest, bytes(32))) <= LONGEST:
        return ()
    message = (
        "the answers of visitors would not fit into their cookie: retire a collector, merge "
        "purposes, or give them shorter names"
    )
    return (Problem("/purposes", names, message),)
