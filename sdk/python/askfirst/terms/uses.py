"""The data uses of the Fides taxonomy (fideslang 3.1), and when one lies below another."""

from __future__ import annotations

_TAXONOMY = """
    analytics analytics.reporting analytics.reporting.ad_performance
    analytics.reporting.campaign_insights analytics.reporting.content_performance
    analytics.reporting.system analytics.reporting.system.performance collect employment
    employment.recruitment essential essential.fraud_detection essential.legal_obligation
    essential.service essential.service.authentication essential.service.notifications
    essential.service.notifications.email essential.service.notifications.sms
    essential.service.operations essential.service.operations.improve
    essential.service.operations.support essential.service.payment_processing
    essential.service.security essential.service.upgrades finance functional functional.service
    functional.service.improve functional.storage functional.storage.privacy_preferences marketing
    marketing.advertising marketing.advertising.first_party
    marketing.advertising.first_party.contextual marketing.advertising.first_party.targeted
    marketing.advertising.frequency_capping marketing.advertising.negative_targeting
    marketing.advertising.profiling marketing.advertising.serving
    marketing.advertising.third_party marketing.advertising.third_party.targeted
    marketing.communications marketing.communications.email marketing.communications.sms operations
    personalize personalize.content personalize.content.limited personalize.content.profiled
    personalize.content.profiling personalize.profiling personalize.system sales
    third_party_sharing third_party_sharing.legal_obligation train_ai_system
"""

DATA_USES = frozenset(_TAXONOMY.split())

# Uses that sell or share by what they are (11 CCR 7025).
SELLING = ("marketing", "third_party_sharing")


def within(use: str, above: str) -> bool:
    """Whether `use` is `above` or lies below it, on a dot boundary."""
    return use == above or use.startswith(above + ".")


def above(use: str) -> list[str]:
    """The use itself, and every use that it lies below."""
    parts = use.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def sells(use: str) -> bool:
    """Whether a use sells or shares by what it is."""
    return any(within(use, selling) for selling in SELLING)
