"""The record of processing activities of a site (GDPR article 30), from what is published of it.

It says what may be gathered: the policy in force below the host's, never above what visitors were
told. What no policy knows is named as missing, for the controller to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from askfirst.pages.html import Html, el
from askfirst.terms.edition import Choice, Edition
from askfirst.terms.lattice import Detail
from askfirst.terms.policy import Controller, Policy
from askfirst.terms.purpose import Purpose
from askfirst.terms.receipt_formats import CONTEXT, ROLES, purpose_of
from askfirst.terms.terms import BOTTOM, CONSENT, Terms
from askfirst_collector.catalogue.first_policy import EUROPEAN
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.explain import explain

# Article 30(1)(g), in general, and what DPV calls a measure of that kind: each is a promise that
# docs/promises.md holds tests to.
MEASURES = {
    "Nothing is gathered before the visitor agreed, and what is taken back ends at once.": (
        "TechnicalMeasure"
    ),
    "Addresses, agents and languages are made less precise before anything is written; no address, "
    "no full agent and no identifier of a page is stored.": "Deidentification",
    "A visitor is told apart within a period, or for as long as the grant lasts where that was "
    "agreed to, by a keyed hash whose key is then destroyed.": "Pseudonymisation",
    "Single visits are destroyed when their period closes, or made less precise until several "
    "share them; figures of fewer than the smallest group are never shown.": (
        "DataSanitisationTechnique"
    ),
    "Databases overwrite what is deleted; keys are apart from them and from backups, which are "
    "encrypted.": "DataBackupProtocols",
    "Members have roles; each change is an entry of a ledger that shows whether it was changed.": (
        "AuthorisationProtocols"
    ),
}
MISSING = (
    "the data protection officer, and a representative in the Union, where there is one",
    "the safeguards of transfers to third countries (article 46), where one is named",
    "measures outside of this software: access to the machine, TLS, staff",
)
UNNAMED = "who runs the collector, and where: no host policy says it (askfirst host init)"
ACCOUNTS = (
    "What links visits to an account of the site, under a random number: a year at most, and until "
    "the site or the visitor ends it."
)
_BESIDES = (
    "The record of each answer, which names nobody, as evidence (article 7(1)): {days} days after "
    "the grant ended, and no longer than until its visitor erases it.",
    "Requests of visitors by mail, with the address they came from: a year after they were closed.",
)
_UNKNOWN_COUNTRY = "ZZ"  # in the shipped host policy
_BASES = {
    "consent": "ExplicitlyExpressedConsent",
    "contract": "Contract",
    "legal_obligation": "LegalObligation",
    "legitimate_interest": "LegitimateInterest",
    "legitimate_interests": "LegitimateInterest",
}
_SUBJECTS = "Visitors of the site who agreed, aged {age} or more"
_ANYBODY = "Visitors of the site who agreed"


def processing_record(site: Site, *, now: float) -> dict[str, Any]:
    """Article 30(1) of a site and of each collector placed on it, as plain values for JSON."""
    edition = site.editions.current
    activities = [*_activities(site, edition, edition.policy, "")]
    for name in sorted(edition.placed):
        activities += _activities(site, edition, edition.placed[name].policy, name)
    host = site.host.controller if site.host is not None else None
    return {
        "record": "GDPR, article 30(1)",
        "made": _date(now),
        "site": site.name,
        "origins": list(edition.policy.origins),
        "edition": {
            "number": edition.number,
            "hash": edition.hash,
            "published": _date(edition.effective),
        },
        "jurisdiction": edition.policy.jurisdiction,
        "controller": _controller(edition.policy.controller),
        "processor": None if host is None else _controller(host),
        "activities": activities,
        "kept_besides": _besides(edition.policy, activities),
        "measures": list(MEASURES),
        "to_be_added": [
            *([UNNAMED] if host and host.country == _UNKNOWN_COUNTRY else ()),
            *MISSING,
        ],
    }


def _besides(policy: Policy, activities: Sequence[dict[str, Any]]) -> list[str]:
    """What is kept for all purposes together, and until when."""
    besides = [text.format(days=policy.evidence_days) for text in _BESIDES]
    return [*besides, ACCOUNTS] if has_accounts(activities) else besides


def has_accounts(activities: Sequence[dict[str, Any]]) -> bool:
    """Whether visits are linked to accounts of the site."""
    stored = (one["attribute"] for activity in activities for one in activity["personal_data"])
    return "user_id" in stored


def processing_page(record: dict[str, Any]) -> str:
    """The same as a page to read and to print: one file, which asks nobody for anything."""
    edition = record["edition"]
    published = f"Edition {edition['number']} of {edition['published']}, {edition['hash']}"
    return html_page(
        f"Record of processing activities: {record['site']}",
        facts(
            ("Record", f"{record['record']}, made {record['made']}"),
            ("Controller", _in_a_line(record["controller"])),
            (
                "Processor",
                _in_a_line(record["processor"]) if record["processor"] else "none is known",
            ),
            ("Origins", ", ".join(record["origins"])),
            ("Policy", published),
        ),
        [_activity(activity) for activity in record["activities"]],
        el("h2", None, "Kept besides"),
        lines(record["kept_besides"]),
        el("h2", None, "Measures (article 32)"),
        lines(record["measures"]),
        el("h2", None, "To be added by the controller"),
        lines(record["to_be_added"]),
    )


def html_page(title: str, *body: object) -> str:
    """A whole page in one file, in English."""
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("title", None, title),
        el("style", None, Html(_STYLES)),
    )
    whole = el("body", None, el("h1", None, title), body)
    return f"<!doctype html>\n{el('html', {'lang': 'en'}, head, whole)}\n"


def processing_dpv(record: dict[str, Any]) -> dict[str, Any]:
    """The same as JSON-LD in the terms of the Data Privacy Vocabulary 2.3.

    What is to be added is in no terms of it, and left to the other two forms.
    """
    return {
        "@context": CONTEXT,
        "@type": "dpv:DataProcessingRecord",
        "dct:identifier": record["edition"]["hash"],
        "dct:title": f"Record of processing activities: {record['site']}",
        "dpv:hasDataController": _dpv_entity("DataController", record["controller"]),
        **(
            {"dpv:hasDataProcessor": _dpv_entity("DataProcessor", record["processor"])}
            if record["processor"]
            else {}
        ),
        "dpv:hasJurisdiction": record["jurisdiction"],
        "dpv:hasTechnicalOrganisationalMeasure": [
            {"@type": f"dpv:{MEASURES[text]}", "dct:title": text} for text in record["measures"]
        ],
        "dpv:hasProcess": [_dpv_process(activity) for activity in record["activities"]],
    }


def _dpv_entity(kind: str, controller: dict[str, str]) -> dict[str, Any]:
    terms = {"name": "hasName", "contact": "hasContact", "country": "hasCountry"}
    terms["address"] = "hasAddress"
    values = {f"dpv:{term}": controller[name] for name, term in terms.items() if name in controller}
    return {"@type": f"dpv:{kind}", **values}


def _dpv_process(activity: dict[str, Any]) -> dict[str, Any]:
    recipients = [
        {
            "@type": f"dpv:{ROLES.get(one['role'], 'ThirdParty')}",
            "dpv:hasName": one["name"],
            "dpv:hasCountry": one["country"],
        }
        for one in activity["recipients"]
    ]
    days = activity["retention_days"]
    duration = {"@type": "xsd:duration", "@value": f"P{days}D"}
    return {
        "@type": "dpv:Process",
        "dct:identifier": activity["purpose"],
        "dct:title": activity["title"],
        "dpv:hasPurpose": {"@id": purpose_of(activity["data_use"])},
        "dpv:hasLegalBasis": {"@id": f"dpv:{_BASES.get(activity['legal_basis'], 'LegalBasis')}"},
        "dpv:hasDataController": _dpv_entity("DataController", activity["controller"]),
        "dpv:hasDataSubject": {
            "@type": "dpv:DataSubject",
            "dct:title": activity["data_subjects"],
        },
        "dpv:hasPersonalData": [
            {"@type": "dpv:PersonalData", "dct:title": f"{one['attribute']}: {one['means']}"}
            for one in activity["personal_data"]
        ],
        "dpv:hasRecipient": recipients,
        **(
            {
                "dpv:hasStorageCondition": {
                    "@type": "dpv:StorageDuration",
                    "dpv:hasDuration": {"@type": "dpv:TemporalDuration", "rdf:value": duration},
                }
            }
            if days is not None
            else {}
        ),
    }


def _activities(
    site: Site, edition: Edition, policy: Policy, collector: str
) -> Iterator[dict[str, Any]]:
    for name, purpose in policy.purposes.items():
        full_name = f"{collector}/{name}" if collector else name
        terms = purpose.terms
        if terms.legal_basis == CONSENT:
            terms = site.effective(full_name, Choice(Detail.AS_ASKED, edition.number))
        yield _of_purpose(purpose, full_name, policy, terms)


def _of_purpose(purpose: Purpose, name: str, policy: Policy, bounded: Terms) -> dict[str, Any]:
    """One purpose, as it was published, with what the host policy leaves of it."""
    is_gathered = bounded != BOTTOM
    terms = purpose.terms
    shown = replace(purpose, terms=bounded) if is_gathered else purpose
    (plain,) = explain(replace(policy, purposes={purpose.name: shown}))
    recipients = bounded.recipients if is_gathered else ()
    return {
        "purpose": name,
        "title": plain.title,
        "description": plain.description,
        "controller": _controller(policy.controller),
        "legal_basis": terms.legal_basis,
        "data_use": terms.data_use,
        "gathered": is_gathered,
        "data_subjects": _SUBJECTS.format(age=terms.minimum_age) if terms.minimum_age else _ANYBODY,
        "personal_data": [
            {"attribute": stored.attribute, "level": stored.level, "means": stored.means}
            for stored in (plain.stored if is_gathered else ())
        ],
        "smallest_group": bounded.min_cell_size if is_gathered else None,
        "recipients": [
            {"name": one.name, "role": one.role, "country": one.country} for one in recipients
        ],
        "third_countries": sorted({one.country for one in recipients} - EUROPEAN),
        "retention_days": bounded.retention_days if is_gathered else None,
        "erased": list(plain.kept) if is_gathered else [],
        "stored_in_browsers": list(plain.sets),
    }


def _controller(controller: Controller) -> dict[str, str]:
    address = {"address": controller.address} if controller.address else {}
    return {
        "name": controller.name,
        "contact": controller.contact,
        "country": controller.country,
        **address,
    }


def _in_a_line(controller: dict[str, str]) -> str:
    return ", ".join(filter(None, (controller.get(k) for k in _WHO)))


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _activity(activity: dict[str, Any]) -> Html:
    recipients = [
        f"{one['name']} ({one['role']}, {one['country']})" for one in activity["recipients"]
    ]
    stored = [f"{one['attribute']}: {one['means']}" for one in activity["personal_data"]]
    state = (
        "" if activity["gathered"] else " (nothing is gathered: the host policy does not allow it)"
    )
    return el(
        "section",
        None,
        el("h2", None, f"{activity['title']}{state}"),
        el("p", None, activity["description"]),
        facts(
            ("Purpose", f"{activity['purpose']}, {activity['data_use']}"),
            ("Legal basis", activity["legal_basis"]),
            ("Controller", _in_a_line(activity["controller"])),
            ("Data subjects", activity["data_subjects"]),
            ("Personal data", lines(stored)),
            ("In browsers", ", ".join(activity["stored_in_browsers"]) or "nothing"),
            ("Recipients", lines(recipients)),
            ("Third countries", ", ".join(activity["third_countries"]) or "none"),
            ("Erased", lines(activity["erased"])),
        ),
    )


def lines(texts: list[str]) -> object:
    """A list; "none" where there is nothing in it."""
    return el("ul", None, [el("li", None, text) for text in texts]) if texts else "none"


def facts(*pairs: tuple[str, object]) -> Html:
    """Names with what they mean."""
    return el("dl", None, [(el("dt", None, name), el("dd", None, value)) for name, value in pairs])


_WHO = ("name", "address", "country", "contact")
_STYLES = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem;
  color: #16242b; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; }
section { break-inside: avoid; border-top: 1px solid #c9d3d6; }
dl { display: grid; grid-template-columns: minmax(7rem, 11rem) 1fr; gap: .375rem 1rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; } ul { margin: 0; padding-left: 1.25rem; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem } }
"""
