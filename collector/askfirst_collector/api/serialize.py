"""Sites and placed collectors as plain values: what the API and `--json` of the commands answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.catalogue.relay_keys import SiteKey
from askfirst_collector.catalogue.scheduled import Scheduled
from askfirst_collector.catalogue.sites import Registry, Site
from askfirst_collector.usecases.preview_publish import PublishPreview


def moment(seconds: float) -> str:
    """RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def state_of(site: Site) -> str:
    """`in-force`, `suspended` or `retired`."""
    if site.retired:
        return "retired"
    return "suspended" if site.suspended else "in-force"


def key_told(key: SiteKey) -> dict[str, Any]:
    """A site key in a list, by its id."""
    return {
        "id": key.id,
        "made": None if key.made is None else moment(key.made),
        "expires": None if key.expires is None else moment(key.expires),
    }


def site_json(site: Site) -> dict[str, Any]:
    """A site in a list."""
    current = site.editions.current
    return {
        "site": site.name,
        "state": state_of(site),
        "edition": current.number,
        "hash": current.hash,
        "since": moment(current.effective),
        "origins": list(current.policy.origins),
        "collectors": sorted(current.placed),
        "rows_a_day": site.rows_a_day,
    }


def whole_site_json(registry: Registry, site: Site) -> dict[str, Any]:
    """A site with its policy, what waits to take effect, and why it is suspended."""
    return {
        **site_json(site),
        "policy": site.editions.current.policy.document,
        "conflicts": [problem.as_dict() for problem in site.suspended],
        "scheduled": scheduled_json(registry.scheduled(site.name)),
    }


def scheduled_json(scheduled: Scheduled | None) -> dict[str, Any] | None:
    """A policy for later; `refused` lists what kept it from taking effect."""
    if scheduled is None:
        return None
    return {
        "hash": scheduled.policy.hash,
        "effective": moment(scheduled.effective),
        "policy": scheduled.policy.document,
        "refused": [dict(problem) for problem in scheduled.refused],
    }


def publish_preview_json(preview: PublishPreview) -> dict[str, Any]:
    """What publishing would change; `asked_again` has the sentences that visitors will read."""
    before = preview.before
    return {
        "edition": None if before is None else before.number,
        "hash": None if before is None else before.policy.hash,
        "same": preview.same,
        "conflicts": [problem.as_dict() for problem in preview.problems],
        "asked_again": {name: list(lines) for name, lines in preview.asked_again.items()},
        "added": list(preview.added),
        "removed": list(preview.removed),
        "suspends": [
            {"collector": name, "conflicts": [problem.as_dict() for problem in problems]}
            for name, problems in preview.suspends.items()
        ],
        "resumes": list(preview.resumes),
    }


def editions_json(site: Site) -> list[dict[str, Any]]:
    """The history of a site, newest first."""
    return [
        {
            "number": edition.number,
            "hash": edition.hash,
            "effective": moment(edition.effective),
            "collectors": sorted(edition.placed),
        }
        for edition in reversed(site.editions.all)
    ]


def placed_json(collector: PlacedCollector) -> dict[str, Any]:
    """A placed collector, whole; `reason` says why it is suspended."""
    return {
        "name": collector.name,
        "site": collector.site,
        "owner": collector.owner,
        "state": collector.state,
        "version": collector.version,
        "write_key": collector.write_key,
        "line": line_of(collector),
        "reason": None if collector.reason is None else dict(collector.reason),
        "document": collector.placed.document,
    }


def line_of(collector: PlacedCollector) -> str:
    """The one line that its owner places on its pages; names and keys need no escaping."""
    attributes = (
        f'data-askfirst-collector="{collector.write_key}" data-askfirst-name="{collector.name}"'
    )
    return f"<span hidden {attributes}></span>"
