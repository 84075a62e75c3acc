"""The site's policy: within the host's, about this site, and answered for by somebody."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from askfirst.terms.policy import without_campaigns
from askfirst_collector.catalogue.chain_conflicts import conflicts
from askfirst_collector.doctor.evidence import Evidence, plain
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.doctor.transport import no_https
from askfirst_collector.init.questions import UNKNOWN_CONTACT, UNKNOWN_COUNTRY, UNKNOWN_NAME
from askfirst_collector.loopback import is_loopback


def beyond_host(evidence: Evidence) -> Iterator[Finding]:
    """D013: nothing is gathered under a policy that goes beyond the host's (M31)."""
    for problem in conflicts(evidence.policy, evidence.host) if evidence.policy else ():
        yield Finding(
            "askfirst.D013",
            problem.pointer,
            f"the policy says {plain(problem.found)}",
            problem.message[:1].upper() + problem.message[1:],
        )


def made_up_controller(evidence: Evidence) -> Iterator[Finding]:
    """D020: visitors must be told who asks them (GDPR article 13(1)(a))."""
    policy = evidence.policy
    if policy is None or not (evidence.public or any(map(_public, policy.origins))):
        return
    if policy.controller.name == UNKNOWN_NAME.format(site=policy.site):
        name = f"the name {plain(policy.controller.name)}"
        yield _made_up("/controller/name", name, "Write who decides about the data")
    if policy.controller.country == UNKNOWN_COUNTRY:
        country = f"the country {UNKNOWN_COUNTRY}"
        yield _made_up("/controller/country", country, "Write the controller's country")
    if policy.controller.contact == UNKNOWN_CONTACT:
        contact = f"the contact {UNKNOWN_CONTACT}"
        yield _made_up("/controller/contact", contact, "Write where a visitor can write to")


def other_origin(evidence: Evidence) -> Iterator[Finding]:
    """D021: answers from an origin the policy does not name are refused (M47)."""
    policy = evidence.policy
    if policy is None or evidence.started or any(no_https(evidence)):
        return  # without HTTPS no policy can name it
    if evidence.origin not in policy.origins:
        yield Finding(
            "askfirst.D021",
            evidence.origin,
            f"the policy names {', '.join(map(plain, policy.origins))}",
            f'Write "{evidence.origin}" into its origins, or send visitors to one it names',
        )


def no_campaigns(evidence: Evidence) -> Iterator[Finding]:
    """D031: what a policy of before does not know is proposed, never added by itself."""
    for problem in without_campaigns(evidence.policy) if evidence.policy else ():
        yield Finding(
            "askfirst.D031",
            problem.pointer,
            "visits are counted by where they come from, and not by the link that led here",
            "Write campaign = 3 there; visitors are asked again, and a host policy of before has "
            "to allow it",
        )


def _made_up(pointer: str, symptom: str, do: str) -> Finding:
    return Finding("askfirst.D020", pointer, f"{symptom}, which init writes when nobody said", do)


def _public(origin: str) -> bool:
    return not is_loopback(urlsplit(origin).hostname or "")
