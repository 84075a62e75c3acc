"""The chain when it is written: whether a site's policy lies within the host's (M31)."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst.errors import Problem, limited
from askfirst.terms.conflicts import subsumed_by
from askfirst.terms.edition import host_terms
from askfirst.terms.policy import Policy


def conflicts(policy: Policy, host: Policy | None) -> tuple[Problem, ...]:
    """Where a site's policy goes beyond the host's, as problems of the site's file."""
    return limited((*_day_conflicts(policy, host), *purpose_conflicts(policy, host)))


def _day_conflicts(policy: Policy, host: Policy | None) -> Iterator[Problem]:
    if host is not None:
        for key in ("consent_days", "evidence_days"):
            declared, limit = getattr(policy, key), getattr(host, key)
            if declared > limit:
                message = f"the host allows {limit}: write {limit} or less"
                yield Problem(f"/{key}", declared, message, limit, "host")


def purpose_conflicts(policy: Policy, host: Policy | None) -> Iterator[Problem]:
    """The conflicts of its purposes; a placed collector has no others with the host."""
    if host is None:
        message = "the host's policy cannot be read: nothing can be published now"
        yield Problem("", None, message, link="host")
        return
    # A purpose on another basis is disclosed, and gathers nothing that a host policy could bound.
    for name in policy.asked:
        purpose = policy.purposes[name]
        bound = host_terms(host, purpose.terms.data_use)
        for conflict in subsumed_by(purpose.terms, bound):
            at = conflict.below(f"/purposes/{name}")
            message = f"the host allows {at.allowed!r}: {at.advice}"
            yield Problem(at.pointer, at.declared, message, at.allowed, "host")
