"""What is in front of the application: whether anybody answers, the gate, and what is beyond it."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst_collector.doctor.evidence import POLICY, Evidence, plain
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.doctor.policies import beyond_host


def unreachable(evidence: Evidence) -> Iterator[Finding]:
    """D001: nobody answers, or what answers has failed."""
    if evidence.unreachable:
        yield Finding(
            "askfirst.D001",
            evidence.origin,
            "\n".join(
                plain(line) for message in evidence.unreachable for line in message.splitlines()
            ),
            "Start the site, or give its address; for module:app run this from the folder the "
            "site is started from",
        )
    for page in evidence.pages:
        if page.plain.status >= 500:
            symptom = f"it answers {page.plain.status}"
            yield Finding("askfirst.D001", page.path, symptom, "See the site's own log")


def no_gate(evidence: Evidence) -> Iterator[Finding]:
    """D002: our own paths are not answered."""
    answer = evidence.own.get(POLICY)
    if answer is not None and answer.status < 500 and not evidence.gated:
        yield Finding(
            "askfirst.D002",
            POLICY,
            f"it answers {answer.status}, and not as the gate does",
            "Put the gate in front of the application (askfirst init prints the lines), and let "
            "whatever is before it hand on /askfirst/ and /.well-known/",
        )


def outside_of_the_gate(evidence: Evidence) -> Iterator[Finding]:
    """D003: what stands further out sees receipts, and sets cookies unasked (M40)."""
    for name in evidence.inside.outside if evidence.inside else ():
        yield Finding(
            "askfirst.D003",
            "middleware",
            f"{plain(name)} stands outside of the gate: it sees receipts, and cookies it sets "
            "pass unseen",
            "Put the gate outermost: init_app(app, …) last of all, or first in the list of "
            "middleware",
        )


def collector_unavailable(evidence: Evidence) -> Iterator[Finding]:
    """D014: the gate is there, and cannot ask anybody."""
    # A policy that is refused is said as such.
    if evidence.away and not any(beyond_host(evidence)):
        yield Finding(
            "askfirst.D014",
            POLICY,
            "the gate answers 503: its collector does not answer",
            "Look whether the collector runs and its data folder can be written; the log says "
            "what failed",
        )
