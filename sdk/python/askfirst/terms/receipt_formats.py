"""A consent record in other people's formats: Kantara Consent Receipt 1.1, and DPV 2.3 as JSON-LD.

Both are views: what is signed is the record itself. What a record does not hold, such as how to
reach a controller, is read from the edition that it names.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .edition import Edition, Editions
from .lattice import at_detail
from .placed import split
from .policy import Controller
from .purpose import Purpose
from .uses import above

Record = Mapping[str, Any]  # as a receipt holds it, with its `leaf`

KANTARA_VERSION = "KI-CR-v1.1.0"
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
# Data uses (Fides) as purposes of DPV; one that is not here is that of the use above it.
_PURPOSES = {
    "analytics": "ServiceUsageAnalytics",
    "essential": "ServiceProvision",
    "essential.fraud_detection": "FraudPreventionAndDetection",
    "essential.legal_obligation": "LegalCompliance",
    "essential.service.operations.improve": "ServiceOptimisation",
    "essential.service.payment_processing": "PaymentManagement",
    "functional": "ServiceProvision",
    "functional.service.improve": "ServiceOptimisation",
    "marketing": "Marketing",
    "marketing.advertising": "Advertising",
    "marketing.advertising.first_party.targeted": "PersonalisedAdvertising",
    "marketing.advertising.profiling": "PersonalisedAdvertising",
    "marketing.advertising.third_party.targeted": "PersonalisedAdvertising",
    "personalize": "Personalisation",
    "personalize.content": "ServicePersonalisation",
    "personalize.system": "ServicePersonalisation",
}
ROLES = {
    "processor": "DataProcessor",
    "controller": "DataController",
    "joint_controller": "JointDataControllers",
}


def payload_of(receipt: str) -> Record | None:
    """What a receipt says, unchecked: for one that the collector itself has just given."""
    text = receipt.split(".")[1:2] or [""]
    try:
        payload = json.loads(base64.urlsafe_b64decode(text[0] + "=" * (-len(text[0]) % 4)))
    except ValueError:
        return None
    return payload if isinstance(payload, dict) and "leaf" in payload else None


@dataclass(frozen=True)
class _Item:
    """One purpose of a record, as the edition has it that bounds its choice."""

    name: str
    purpose: Purpose
    controller: Controller
    collector: str  # a placed one; "" is the site itself
    title: str
    attributes: tuple[str, ...]  # that may be gathered at the detail that was chosen
    is_granted: bool


def kantara(record: Record, editions: Editions, *, base: str) -> dict[str, Any]:
    """The record as a Kantara Consent Receipt (version 1.1.0, section 4).

    `base` is the address of the site's root, without a slash. Details that the policy does not
    have, such as a telephone number, are empty: the schema wants them all.
    """
    items = [item for item in _items(record, editions) if item.is_granted]
    edition = editions.get(record["edition"]["number"]) or editions.current
    services = dict.fromkeys((record["site"], *(i.collector for i in items if i.collector)))
    controllers = {
        edition.policy.controller.name: edition.policy.controller,
        **{item.controller.name: item.controller for item in items},
    }
    return {
        "version": KANTARA_VERSION,
        "jurisdiction": record["jurisdiction"],
        "consentTimestamp": _seconds(record["hour"]),
        "collectionMethod": f"consent notice on the web, answered by {record['method']}",
        "consentReceiptID": record["leaf"],
        "language": record["language"],
        "piiPrincipalId": record["handle"],
        "piiControllers": [_kantara_controller(controller) for controller in controllers.values()],
        "policyUrl": _policy_url(base, record),
        "services": [
            {
                "service": service,
                "purposes": [
                    _kantara_purpose(item, record)
                    for item in items
                    if (item.collector or record["site"]) == service
                ],
            }
            for service in services
        ],
        "sensitive": False,
        "spiCat": [],
    }


def dpv(record: Record, editions: Editions, *, base: str) -> dict[str, Any]:
    """The record as JSON-LD in the terms of the Data Privacy Vocabulary 2.3.

    `base` is the address of the site's root, without a slash.
    """
    edition = editions.get(record["edition"]["number"]) or editions.current
    document = {
        "@context": CONTEXT,
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": record["leaf"],
        "dpv:hasDataSubject": {
            "@type": "dpv:DataSubject",
            "dpv:hasIdentifier": record["handle"],
        },
        "dpv:hasDataController": _dpv_controller(edition.policy.controller),
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:identifier": record["notice"],
            "dct:language": record["language"],
        },
        "dpv:hasPolicy": {"@id": _policy_url(base, record)},
        "dpv:hasJurisdiction": record["jurisdiction"],
        "dpv:isIndicatedAtTime": _time(record["hour"]),
        "dpv:hasIndicationMethod": record["method"],
        "dpv:hasConsentStatus": {"@id": _status(record["status"])},
        "dpv:hasDuration": {"@type": "dpv:UntilTimeDuration", "rdf:value": _time(record["until"])},
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": {"@id": f"{base}/askfirst/rights/me"},
        },
        "dpv:hasProcess": [_dpv_process(item, record) for item in _items(record, editions)],
    }
    if record["status"] == "restricted":
        document["dpv:hasActivityStatus"] = {"@id": "dpv:ActivityHalted"}
    return document


def _items(record: Record, editions: Editions) -> Iterator[_Item]:
    """The purposes of a record; one whose edition is not known says nothing, and is left out."""
    for name, pair in record["choices"].items():
        edition = editions.get(pair["edition"])
        purpose = edition.purpose(name) if edition is not None else None
        policy = edition.policy_of(name) if edition is not None else None
        if edition is None or purpose is None or policy is None:
            continue
        scope = at_detail(purpose.terms.scope, pair["detail"])
        yield _Item(
            name,
            purpose,
            policy.controller,
            split(name)[0],
            _title(purpose, record["language"], edition),
            tuple(scope.effective_levels()),
            name in record["granted"],
        )


def _title(purpose: Purpose, language: str, edition: Edition) -> str:
    for wanted in (language, *edition.policy.languages, *purpose.text):
        if wanted in purpose.text:
            return purpose.text[wanted].title
    return purpose.name


def _kantara_controller(controller: Controller) -> dict[str, Any]:
    contact = controller.contact
    address = {"streetAddress": controller.address, "addressCountry": controller.country}
    return {
        "piiController": controller.name,
        "onBehalf": False,
        "contact": contact,
        "address": {key: value for key, value in address.items() if value},
        "email": contact if "@" in contact else "",
        "phone": "",
        **({"piiControllerUrl": contact} if contact.startswith("https://") else {}),
    }


def _kantara_purpose(item: _Item, record: Record) -> dict[str, Any]:
    terms = item.purpose.terms
    recipients = [recipient.name for recipient in sorted(terms.recipients, key=str)]
    third_party = {"thirdPartyName": ", ".join(recipients)} if recipients else {}
    return {
        "purpose": item.title,
        "purposeCategory": [terms.data_use],
        "consentType": "EXPLICIT",
        "piiCategory": list(item.attributes),
        "primaryPurpose": False,
        "termination": f"kept {terms.retention_days} days; consent ends by {record['until']}",
        "thirdPartyDisclosure": bool(recipients),
        **third_party,
    }


def _dpv_controller(controller: Controller) -> dict[str, Any]:
    return {
        "@type": "dpv:DataController",
        "dpv:hasName": controller.name,
        "dpv:hasContact": controller.contact,
        "dpv:hasCountry": controller.country,
        **({"dpv:hasAddress": controller.address} if controller.address else {}),
    }


def _dpv_process(item: _Item, record: Record) -> dict[str, Any]:
    terms = item.purpose.terms
    refused = "dpv:ConsentRefused" if record["status"] != "withdrawn" else "dpv:ConsentWithdrawn"
    return {
        "@type": "dpv:Process",
        "dct:identifier": item.name,
        "dct:title": item.title,
        "dpv:hasPurpose": {"@id": purpose_of(terms.data_use)},
        "dpv:hasLegalBasis": {"@id": "dpv:ExplicitlyExpressedConsent"},
        "dpv:hasConsentStatus": {"@id": "dpv:ConsentGiven" if item.is_granted else refused},
        "dpv:hasPersonalData": [
            {"@type": "dpv:PersonalData", "dct:title": attribute} for attribute in item.attributes
        ],
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": {
                "@type": "dpv:TemporalDuration",
                "rdf:value": {
                    "@type": "xsd:duration",
                    "@value": f"P{terms.retention_days}D",
                },
            },
        },
        "dpv:hasRecipient": [
            {
                "@type": f"dpv:{ROLES.get(recipient.role, 'ThirdParty')}",
                "dpv:hasName": recipient.name,
                "dpv:hasCountry": recipient.country,
            }
            for recipient in sorted(terms.recipients, key=str)
        ],
        **({"dpv:hasDataController": _dpv_controller(item.controller)} if item.collector else {}),
    }


def purpose_of(use: str) -> str:
    """The purpose of DPV for a data use, or that of the use above it."""
    return "dpv:" + next((_PURPOSES[name] for name in above(use) if name in _PURPOSES), "Purpose")


def _status(status: str) -> str:
    return "dpv:ConsentWithdrawn" if status in ("withdrawn", "erased") else "dpv:ConsentGiven"


def _policy_url(base: str, record: Record) -> str:
    return f"{base}/askfirst/policy/{record['edition']['hash']}"


def _time(stamp: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": stamp}


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())
