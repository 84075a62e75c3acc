"""Whether a site keeps to each answer: what it sets, stores and asks afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from askfirst.terms.policy import Policy
from askfirst_collector.doctor.cookies import kind_of
from askfirst_collector.doctor.decisions import Decision
from askfirst_collector.doctor.evidence import Evidence, plain
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.doctor.third_parties import ASKING, same_site
from askfirst_collector.init.known_services import hint, services_at

_WAIT = (
    "Let it wait for its purpose, on the server by allows(request, NAME) and in the page by "
    '<script type="text/plain" data-purpose="NAME">'
)


def set_against_the_answer(evidence: Evidence) -> Iterator[Finding]:
    """D023: a cookie or a key of storage that the answer does not cover (M01, M09)."""
    places: dict[tuple[str, str], str] = {}
    for report in evidence.decisions:
        for path, name in report.cookies:
            if not _covers_cookie(evidence, report.decision, name):
                places.setdefault((f"the cookie {plain(name)}", report.decision.name), path)
        for path, key in report.stored:
            if not _covers_key(evidence, report.decision, key):
                places.setdefault((f"the storage key {plain(key)}", report.decision.name), path)
    for (what, decision), path in places.items():
        do = f"{_WAIT}; declare what the policy does not name"
        yield Finding("askfirst.D023", path, f"{what} after {decision!r}", do)


def asked_against_the_answer(evidence: Evidence) -> Iterator[Finding]:
    """D024: a host is asked that is no recipient of what was agreed to (M01, M09)."""
    places: dict[tuple[str, str], str] = {}
    for report in evidence.decisions:
        for path, address in report.requests:
            parts = urlsplit(address)
            host = parts.hostname or ""
            if parts.scheme not in ASKING or same_site(evidence.origin, host):
                continue
            if not _covers_host(evidence, report.decision, host):
                places.setdefault((plain(host), report.decision.name), path)
    for (host, decision), path in places.items():
        do = f"{_WAIT}; or name it in the hosts of a recipient of the purpose that it is for"
        do += hint(services_at(host))
        yield Finding("askfirst.D024", path, f"{host} is asked after {decision!r}", do)


def _purposes(policy: Policy, decision: Decision) -> set[str]:
    """Those that may be gathered for: agreed to, or not asked about at all."""
    return {name for name in policy.purposes if name not in policy.asked} | decision.granted


def _covers_cookie(evidence: Evidence, decision: Decision, name: str) -> bool:
    kind = kind_of(evidence, name.encode("utf-8", "replace"))
    allowed = _purposes(evidence.policy, decision) if evidence.policy else set()
    return kind.necessary or kind.own or bool(allowed.intersection(kind.purposes))


def _covers_key(evidence: Evidence, decision: Decision, key: str) -> bool:
    policy = evidence.policy
    names = _purposes(policy, decision) if policy else set()
    globs = [text for name in names if policy for text in policy.purposes[name].terms.storage]
    patterns = (".*".join(map(re.escape, text.split("*"))) for text in globs)
    return any(re.fullmatch(pattern, key, re.DOTALL) for pattern in patterns)


def _covers_host(evidence: Evidence, decision: Decision, host: str) -> bool:
    policy = evidence.policy
    return policy is not None and any(
        host in recipient.hosts
        for name in _purposes(policy, decision)
        for recipient in policy.purposes[name].terms.recipients
    )
