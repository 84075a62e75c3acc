"""Every check, in the order in which their findings are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from askfirst_collector.doctor.answers import asked_against_the_answer, set_against_the_answer
from askfirst_collector.doctor.caches import one_visitors_page_for_all
from askfirst_collector.doctor.cookies import (
    cookie_before_consent,
    step_does_not_work,
    stored_before_consent,
    undeclared_leaves,
    undeclared_taken_out,
)
from askfirst_collector.doctor.evidence import Evidence
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.doctor.notice_checks import (
    covered,
    low_contrast,
    missing_words,
    unlike_buttons,
    unreachable_by_keyboard,
)
from askfirst_collector.doctor.pages import asks_for_hints, no_gpc, no_notice
from askfirst_collector.doctor.policies import (
    beyond_host,
    made_up_controller,
    no_campaigns,
    other_origin,
)
from askfirst_collector.doctor.reachability import (
    collector_unavailable,
    no_gate,
    outside_of_the_gate,
    unreachable,
)
from askfirst_collector.doctor.third_parties import allowed_by_csp, third_party_before_consent
from askfirst_collector.doctor.transport import (
    believes_anybody,
    certificate_ends_soon,
    clock_is_off,
    log_keeps_visitors,
    no_https,
    nothing_in_front,
    proxy_not_trusted,
)

CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    unreachable,
    no_gate,
    outside_of_the_gate,
    step_does_not_work,
    undeclared_leaves,
    undeclared_taken_out,
    cookie_before_consent,
    stored_before_consent,
    third_party_before_consent,
    set_against_the_answer,
    asked_against_the_answer,
    log_keeps_visitors,
    believes_anybody,
    proxy_not_trusted,
    no_https,
    one_visitors_page_for_all,
    beyond_host,
    collector_unavailable,
    clock_is_off,
    certificate_ends_soon,
    nothing_in_front,
    no_notice,
    unlike_buttons,
    low_contrast,
    covered,
    unreachable_by_keyboard,
    missing_words,
    no_gpc,
    asks_for_hints,
    made_up_controller,
    other_origin,
    no_campaigns,
)


@dataclass(frozen=True)
class Report:
    """What was found, and what could not be looked at."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def exit_code(self, *, strict: bool) -> int:
        """2 with an error, 1 with a warning where `strict`, else 0."""
        severities = {finding.severity for finding in self.findings}
        return 2 if "error" in severities else int(strict and "warning" in severities)


def examine(evidence: Evidence) -> Report:
    """Judge what was gathered; a pure function."""
    # Signed in, a page may show the same as before.
    findings = tuple(dict.fromkeys(finding for check in CHECKS for finding in check(evidence)))
    return Report(findings, (*evidence.notes, *_csp(evidence)))


def _csp(evidence: Evidence) -> Iterator[str]:
    if evidence.browser is None and (hosts := sorted(set(allowed_by_csp(evidence)))):
        yield f"The Content-Security-Policy would let scripts ask {', '.join(hosts)}."
