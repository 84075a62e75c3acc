"""What publishing a policy would change: whom it asks again, in words, and what it would stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from askfirst.errors import Problem
from askfirst.pages.describe_changes import sentences
from askfirst.pages.words import words_in
from askfirst.terms.edition import Edition
from askfirst.terms.policy import Policy
from askfirst.terms.widening import widened
from askfirst_collector.catalogue.activate import chain_conflicts
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.services import Services


@dataclass(frozen=True)
class PublishPreview:
    """What would change; nothing of it has.

    `asked_again` holds, by purpose, the sentences that visitors who agreed before will read;
    `suspends` the conflicts of each placed collector that would be stopped.
    """

    before: Edition | None
    same: bool  # the policy in force, which publishing would leave as it is
    problems: tuple[Problem, ...]
    asked_again: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    suspends: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    resumes: tuple[str, ...] = ()


def preview_publish(parts: Services, policy: Policy) -> PublishPreview:
    """Hold a policy against what is in force at its site; nothing is written.

    Raises CollectorUnavailable.
    """
    host = parts.host.current().policy
    problems = conflicts(policy, host)
    site = parts.registry.site(policy.site)
    if site is None:
        return PublishPreview(None, False, problems, added=tuple(policy.purposes))
    before = site.editions.current
    suspends, resumes = {}, []
    for collector in parts.placed_collectors.all(policy.site):
        violations = chain_conflicts(collector.placed, policy, host)
        if violations and collector.state == "active":
            suspends[collector.name] = violations
        elif not violations and collector.state == "suspended" and collector.by_chain:
            resumes.append(collector.name)
    return PublishPreview(
        before,
        before.policy.hash == policy.hash and not site.suspended,
        problems,
        asked_again(before.policy, policy),
        tuple(name for name in policy.purposes if name not in before.policy.purposes),
        tuple(name for name in before.policy.purposes if name not in policy.purposes),
        suspends,
        tuple(resumes),
    )


def asked_again(old: Policy, new: Policy) -> dict[str, tuple[str, ...]]:
    """By purpose that stood before: what `new` asks beyond `old`, as visitors will read it."""
    words = words_in(new.languages[0] if new.languages else "en", new)
    return {
        name: sentences(wider, words, new.purposes[name].terms)
        for name in new.asked
        if name in old.purposes and (wider := widened(old, new, name))
    }
