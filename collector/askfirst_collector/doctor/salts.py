"""Where the salts of a data folder are, and whether anything could keep a copy of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from askfirst_collector.config import Folder
from askfirst_collector.doctor.examine import Report
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.store.postgresql import Run
from askfirst_collector.store.postgresql_address import read_address
from askfirst_collector.store.salts_copies import (
    MINIMAL,
    copies,
    is_ledgers,
    left_behind,
    system_at,
)

_IN_FILE = "The salts are in salts.db: no backup of the folder may have it (docs/host.md)."


@dataclass(frozen=True)
class SaltsEvidence:
    """What the server of a folder's salts is set to."""

    shown: str  # its address, without who signs in
    is_the_ledgers: bool
    copies: str  # what could have, or has, copies
    left_behind: tuple[str, ...]  # what keeps former content, each as its cure


def may_be_copied(evidence: SaltsEvidence) -> Iterator[Finding]:
    """D033: a copy of a salt undoes its destruction."""
    if evidence.is_the_ledgers:
        yield Finding(
            "askfirst.D033",
            evidence.shown,
            "the ledger is on the same server, whose dumps and copies have the salts",
            "Give the salts a server of their own",
        )
    if evidence.copies:
        advice = f"{MINIMAL[0].upper()}{MINIMAL[1:]}, and destroy each copy that there is"
        yield Finding("askfirst.D033", evidence.shown, evidence.copies, advice)


def stays_longer(evidence: SaltsEvidence) -> Iterator[Finding]:
    """D034: a write-ahead log has keys that ended, until it is recycled."""
    for cure in evidence.left_behind:
        yield Finding(
            "askfirst.D034",
            evidence.shown,
            "keys that ended stay in its write-ahead log until it is written over",
            cure[0].upper() + cure[1:],
        )


SALTS_CHECKS: tuple[Callable[[SaltsEvidence], Iterator[Finding]], ...] = (
    may_be_copied,
    stays_longer,
)


def examine_salts(folder: Folder) -> Report:
    """Ask the server that has a folder's salts what it is set to; nothing is written.

    Raises SettingError for an address that cannot be used, StoreFault where nobody answers.
    """
    if not folder.salts_url:
        return Report((), (_IN_FILE,))
    evidence = _evidence(folder)
    return Report(tuple(finding for check in SALTS_CHECKS for finding in check(evidence)), ())


def _evidence(folder: Folder) -> SaltsEvidence:
    address = read_address(folder.salts_url)
    with closing(Run(address, "salts").connect()) as session:
        number, holders, cures = system_at(session), copies(session), left_behind(session)
    same = is_ledgers(number, folder.ledger_url)
    return SaltsEvidence(address.shown, same, holders, tuple(cures))
