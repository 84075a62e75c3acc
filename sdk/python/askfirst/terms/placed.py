"""`Placed`: a collector that a site's owner places on pages, under terms of its own.

Its purposes name purposes of the site and lie within them; to visitors, in the state cookie and in
the ledger each is called `collector/purpose`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import Problem
from .conflicts import subsumed_by
from .pages import is_active_on, pattern_problem
from .policy import Policy, parse, policy_of
from .reading import Problems, Reader
from .terms import BOTTOM, CONSENT, meet

SEPARATOR = "/"
# What its document may hold; the rest of a policy is the site's to say.
KEYS = (
    "version",
    "site",
    "origins",
    "controller",
    "jurisdiction",
    "authority",
    "languages",
    "order",
    "purposes",
)


@dataclass(frozen=True, eq=False)
class Placed:
    """A placed collector as published: its name, its pages, and its policy.

    `pages` are patterns as in `pages.py`; without `policy.origins` it stands on every origin of
    the site.
    """

    name: str
    pages: tuple[str, ...]
    policy: Policy

    def is_active_on(self, path: str) -> bool:
        """Whether it stands on the page at `path` (without its query)."""
        return is_active_on(self.pages, path)

    def origins(self, site: Policy) -> tuple[str, ...]:
        """The origins of the site on which it stands."""
        return self.policy.origins or site.origins

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the purposes visitors are asked about: `collector/purpose`."""
        return tuple(join(self.name, purpose) for purpose in self.policy.asked)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The collector as plain values, every default written out and every set sorted."""
        policy = {key: value for key, value in self.policy.document.items() if key in KEYS}
        return {"collector": self.name, "pages": sorted(self.pages), **policy}


def join(collector: str, purpose: str) -> str:
    """The name under which a visitor answers a placed collector's purpose."""
    return f"{collector}{SEPARATOR}{purpose}"


def split(name: str) -> tuple[str, str]:
    """Collector and purpose of a name; the collector is "" for a purpose of the site itself."""
    collector, _, purpose = name.rpartition(SEPARATOR)
    return collector, purpose


def read_placed(
    source: Path | str | bytes | Mapping[str, Any], *, archived: bool = False
) -> Placed:
    """Read a placed collector: a path (`.toml` or `.json`), TOML or JSON text, or a mapping.

    Raises PolicyError with the problems found, each with a JSON pointer (RFC 6901), the value,
    and what to write instead; `archived` as of a policy.
    """
    document = source if isinstance(source, Mapping) else parse(source)
    problems = Problems()
    reader = Reader(document, "", problems)
    name = reader.name("collector")
    advice = "write a path such as '/shop/**'"
    pages = reader.texts("pages", pattern=r"[\s\S]*", advice=advice, least=1, most=50)
    for index, page in enumerate(pages):
        problem = pattern_problem(page)
        if problem:
            problems.add(Problem(f"/pages/{index}", page, problem))
    reader.close(KEYS)
    rest = {key: value for key, value in reader.table.items() if key in KEYS}
    policy = policy_of(rest, problems, kind="placed", archived=archived)
    problems.raise_any()
    return Placed(name, pages, policy)


def placed_conflicts(placed: Placed, site: Policy) -> Iterator[Problem]:
    """Every place where a placed collector goes beyond its site's policy (M31)."""
    if placed.policy.site != site.site:
        yield _beyond("/site", placed.policy.site, site.site, "write the name of the site")
    for index, origin in enumerate(placed.policy.origins):
        if origin not in site.origins:
            yield _beyond(f"/origins/{index}", origin, list(site.origins), "write one of them")
    for name, purpose in placed.policy.purposes.items():
        at = f"/purposes/{name}"
        above = site.purposes.get(name)
        if above is None:
            yield _beyond(at, name, list(site.asked), "name a purpose of the site")
        elif not purpose.asked:
            basis = purpose.terms.legal_basis
            advice = "a placed collector gathers on no other basis than consent"
            yield _beyond(f"{at}/legal_basis", basis, CONSENT, advice)
        else:
            for conflict in subsumed_by(purpose.terms, above.terms):
                problem = conflict.below(at)
                yield _beyond(problem.pointer, problem.declared, problem.allowed, problem.advice)


def _beyond(pointer: str, value: object, allowed: object, advice: str) -> Problem:
    message = f"the site's policy allows {allowed!r}: {advice}"
    return Problem(pointer, value, message, allowed, "site")


def clamped(placed: Placed, site: Policy) -> Placed | None:
    """The collector as far as it lies within its site's policy; None where nothing of it does.

    For owners who ask for it; what was cut is what `placed_conflicts` lists.
    """
    origins = tuple(origin for origin in placed.policy.origins if origin in site.origins)
    purposes = {}
    for name, purpose in placed.policy.purposes.items():
        above = site.purposes.get(name)
        terms = BOTTOM if above is None else meet(purpose.terms, above.terms)
        if terms != BOTTOM and purpose.asked:
            purposes[name] = replace(purpose, terms=terms)
    # An empty list means every origin: what stood on none of the site's must not widen to all.
    if not purposes or (placed.policy.origins and not origins):
        return None
    policy = replace(placed.policy, site=site.site, origins=origins, purposes=purposes)
    return replace(placed, policy=policy)
