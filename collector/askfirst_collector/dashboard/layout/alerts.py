"""How sites and placed collectors stand, and what their owners have to be told about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from askfirst_collector.catalogue.placed import PlacedCollector
from askfirst_collector.catalogue.requests import requests_of, today
from askfirst_collector.catalogue.reviews import reviews_of
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.layout.problems import ProblemText, problem_texts
from askfirst_collector.members.permissions import Member, may
from askfirst_collector.services import Services

STATES = {
    "active": "on its pages",
    "draft": "draft",
    "suspended": "suspended",
    "retired": "retired",
    "in-force": "published",
}


@dataclass(frozen=True)
class Notice:
    """One thing that stopped: what, why, and where it is put right; `href` "" for who may not."""

    title: str
    text: str
    conflicts: tuple[ProblemText, ...]
    href: str
    link: str


def notices(parts: Services, member: Member, site: Site) -> tuple[Notice, ...]:
    """What the member has to know of a site before any figure."""
    return tuple(_notices(parts, member, site))


def _notices(parts: Services, member: Member, site: Site) -> Iterator[Notice]:
    if may(member, "request.change"):
        yield from _late(parts, site)
    if site.retired:
        yield Notice(
            f"{site.name} is retired.",
            "Nothing is gathered any more. Its figures stay until their retention ends.",
            (),
            "",
            "",
        )
        return
    if site.host is None and not site.suspended:
        text = "The host policy cannot be read, so nothing may be gathered on any site."
        yield Notice("Nothing is gathered.", text, (), "", "")
    root = f"/sites/{site.name}"
    changes = may(member, "site.change", site.name)
    if site.suspended and may(member, "site.read", site.name):
        yield Notice(
            f"{site.name} is suspended: nothing is gathered.",
            "Its policy asks for more than the host policy allows now. It goes on by "
            "itself once the host policy is loosened, or a policy that fits is published.",
            problem_texts(site.suspended),
            f"{root}/publish" if changes else "",
            "Publish a policy that fits",
        )
    waiting = parts.registry.scheduled(site.name) if changes else None
    if waiting is not None and waiting.refused:
        yield Notice(
            "The policy that was to take effect did not.",
            "By then the host policy did not allow it any more.",
            problem_texts(waiting.refused),
            f"{root}/publish",
            "Publish one that fits",
        )
    reviews = reviews_of(parts.engine, site.name, site.editions, parts.now()) if changes else ()
    if due := [review.purpose for review in reviews if review.is_due]:
        yield Notice(
            "The yearly review is due.",
            f"Are they still needed, as they are and for so long: {', '.join(due)}?",
            (),
            f"{root}/retention#reviews",
            "Review them",
        )
    for collector in parts.placed_collectors.all(site.name):
        own = may(member, "collector.change", site.name, owner=collector.owner)
        if collector.state == "suspended" and own:
            yield _stopped(collector)


def _late(parts: Services, site: Site) -> Iterator[Notice]:
    """Of what visitors of it asked by mail: who answers may get no letters."""
    day = today(parts.now())
    numbers = [
        str(one.number)
        for one in requests_of(parts.engine)
        if one.site == site.name and not one.closed and one.due < day
    ]
    if numbers:
        yield Notice(
            "A request of a visitor is overdue.",
            f"Number {', '.join(numbers)}: open until somebody answers and closes it.",
            (),
            "/requests",
            "Answer it",
        )


def _stopped(collector: PlacedCollector) -> Notice:
    href = f"/sites/{collector.site}/collectors/{collector.name}"
    title = f"The collector {collector.name} is suspended: it gathers nothing."
    if collector.by_chain:
        conflicts = problem_texts((collector.reason or {}).get("conflicts", ()))
        why = "It asks for more than the policies above it allow now."
        return Notice(title, why, conflicts, f"{href}/edit", "Change its terms")
    by = (collector.reason or {}).get("by", "somebody")
    return Notice(title, f"{by} suspended it.", (), href, "Open it")
