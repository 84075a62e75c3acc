"""What others say of consent receipts, as far as tests need it: one schema, one list of terms."""

from __future__ import annotations

from typing import Any


def _object(required: dict[str, Any], optional: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": required | optional, "required": list(required)}


_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_FLAG = {"type": "boolean"}
_PURPOSE = _object(
    {
        "consentType": _TEXT,
        "purposeCategory": _TEXTS,
        "piiCategory": _TEXTS,
        "termination": _TEXT,
        "thirdPartyDisclosure": _FLAG,
    },
    {"purpose": _TEXT, "primaryPurpose": _FLAG, "thirdPartyName": _TEXT},
) | {
    # Exactly one of: nobody receives it, or somebody who is named.
    "oneOf": [
        {"properties": {"thirdPartyDisclosure": {"enum": [False]}}},
        {
            "properties": {"thirdPartyDisclosure": {"enum": [True]}},
            "required": ["thirdPartyName"],
        },
    ]
}
# The types and the required fields of `kantara-consent-receipt-v1_1-schema.json`, which is draft 4.
KANTARA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    **_object(
        {
            "version": _TEXT,
            "jurisdiction": _TEXT,
            "consentTimestamp": {"type": "integer", "minimum": 0},
            "collectionMethod": _TEXT,
            "consentReceiptID": _TEXT,
            "piiPrincipalId": _TEXT,
            "piiControllers": {
                "type": "array",
                "items": _object(
                    {
                        "piiController": _TEXT,
                        "contact": _TEXT,
                        "address": {"type": "object"},
                        "email": _TEXT,
                        "phone": _TEXT,
                    },
                    {"onBehalf": _FLAG, "piiControllerUrl": _TEXT},
                ),
            },
            "services": {
                "type": "array",
                "items": _object(
                    {"service": _TEXT, "purposes": {"type": "array", "items": _PURPOSE}}, {}
                ),
            },
            "policyUrl": _TEXT,
            "sensitive": _FLAG,
            "spiCat": _TEXTS,
        },
        {"publicKey": _TEXT, "language": _TEXT},
    ),
}

# Terms of the Data Privacy Vocabulary, version 2.3 (https://w3id.org/dpv/2.3, `dpv.csv` and its
# modules), among them all about consent. `Analytics`, which people expect, is none.
_DPV = """
    AccessControlMethod ActivityHalted Advertising AuthorisationProtocols Consent ConsentControl
    ConsentExpired ConsentGiven ConsentInvalidated ConsentManagement ConsentNotice
    ConsentReceipt ConsentRecord ConsentRefused ConsentRequestDeferred ConsentRequested
    ConsentRevoked ConsentStatus ConsentUnknown ConsentWithdrawn Contract DataBackupProtocols
    DataController DataProcessingRecord DataProcessor DataSanitisationTechnique DataSubProcessor
    DataSubject Deidentification Duration Encryption EndlessDuration ExplicitlyExpressedConsent
    ExpressedConsent FixedOccurrencesDuration FraudPreventionAndDetection HumanSubject
    ImpliedConsent InformedConsent JointDataControllers LegalBasis LegalCompliance LegalEntity
    LegalObligation LegitimateInterest ManageConsent Marketing Notice OrganisationalMeasure
    PaymentManagement PersonalData PersonalDataProcess Personalisation PersonalisedAdvertising
    Policy Process ProvideConsent Pseudonymisation Purpose ReaffirmConsent Recipient
    RenewedConsentGiven Service ServiceConsumer ServiceManagement ServiceMonitoring
    ServiceOptimisation ServicePersonalisation ServiceProvider ServiceProvision
    ServiceUsageAnalytics SocialMediaMarketing Status StorageCondition StorageDuration
    StorageLocation TechnicalMeasure TechnicalOrganisationalMeasure TemporalDuration ThirdParty
    UninformedConsent UntilEventDuration UntilTimeDuration WithdrawConsent
    hasActivityStatus hasAddress hasApplicableLaw hasConsentControl hasConsentStatus hasContact
    hasCountry hasData hasDataController hasDataProcessor hasDataSubject hasDuration hasEntity
    hasIdentifier hasIndicationMethod hasJurisdiction hasLegalBasis hasLocation hasName
    hasNotice hasOrganisationalMeasure hasPersonalData hasPersonalDataProcess hasPolicy
    hasProcess hasProcessing hasPurpose hasRecipient hasRecipientDataController
    hasRecipientThirdParty hasRight hasService hasStatus hasStorageCondition hasTechnicalMeasure
    hasTechnicalOrganisationalMeasure hasThirdParty isExercisedAt isIndicatedAtTime
    isIndicatedBy
"""
DPV = frozenset(_DPV.split())
# Of the other vocabularies that a document of ours names.
OTHERS = frozenset({"dct:identifier", "dct:language", "dct:title", "rdf:value"})
OTHER_TYPES = frozenset({"xsd:dateTime", "xsd:duration"})
