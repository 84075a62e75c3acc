"""The links of the side bar, under their headings: only what the member may open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.query import query
from askfirst_collector.dashboard.selection.tables import Heading
from askfirst_collector.members.permissions import Member, may

# Pages of the host itself: address, name, and the action that opens them.
HOST = (
    ("/members", "Members", "member.read"),
    ("/host-policy", "Host policy", "host-policy.read"),
    ("/audit", "Audit", "audit.read"),
)


@dataclass(frozen=True)
class MenuLink:
    """One link; `here` where it leads to the page it stands on."""

    href: str
    text: str
    is_current: bool


Groups = list[tuple[str, list[MenuLink]]]


def menu(
    member: Member,
    sites: Sequence[str],
    site: str,
    current: str,
    span: DateRange,
    tables: Sequence[Heading],
    collectors: Mapping[str, str],
) -> Groups:
    """Headings with their links: other sites, this one's figures, its answers, its policy.

    `collectors` are those whose figures the member may see, "" for the site itself.
    """
    root = f"/sites/{site}"

    def entry(path: str, text: str, with_query: str = span.query) -> MenuLink:
        return MenuLink(f"{root}{path}{with_query}", text, current == f"{root}{path}")

    about_answers = ("consent", "drops")
    visits = [entry(f"/{t.slug}", t.title) for t in tables if t.table not in about_answers]
    answers = [entry(f"/{t.slug}", t.title) for t in tables if t.table in about_answers]
    overview = entry("", "Overview")
    # On a page of settings no figures are shown, whoever gathered them.
    shown = any(link.is_current for link in (overview, *visits, *answers))
    gathered = _gathered(root, span, collectors, shown=shown) if len(collectors) > 1 else []
    groups = [
        ("Sites", _sites(sites, site, current)),
        ("Gathered by", gathered),
        ("Visits", [overview, *visits]),
        ("Consent", answers),
        *_settings(member, site, current),
        ("Host", _host(member, current)),
    ]
    return [(name, links) for name, links in groups if links]


def bare_menu(member: Member, sites: Sequence[str], site: str, current: str) -> Groups:
    """The same for a site that has published nothing yet."""
    all_sites = sites if site in sites else (*sites, site)
    start = MenuLink(f"/sites/{site}/start", "Get started", current == f"/sites/{site}/start")
    groups = [
        ("Sites", _sites(all_sites, site, current, unpublished=site)),
        ("Set up", [start] if may(member, "site.change", site) else []),
        ("Host", _host(member, current)),
    ]
    return [(name, links) for name, links in groups if links]


def _settings(member: Member, site: str, current: str) -> Groups:
    root = f"/sites/{site}"
    groups = (
        (
            "Policy",
            (
                ("/policy", "Published", "site.read"),
                ("/publish", "Publish", "site.change"),
                ("/editions", "Editions", "site.read"),
                ("/audit", "Changes", "site.audit"),
            ),
        ),
        (
            "Set up",
            (
                ("/start", "Get started", "site.change"),
                ("/collectors", "Placed collectors", "collector.read"),
                ("/keys", "Keys", "site.key"),
                ("/test", "Test the site", "site.change"),
            ),
        ),
    )
    return [
        (
            name,
            [
                MenuLink(f"{root}{path}", text, current == f"{root}{path}")
                for path, text, action in entries
                if may(member, action, site)
            ],
        )
        for name, entries in groups
    ]


def _gathered(
    root: str, span: DateRange, collectors: Mapping[str, str], *, shown: bool
) -> list[MenuLink]:
    return [
        MenuLink(f"{root}{query({'collector': name})}", text, shown and name == span.collector)
        for name, text in collectors.items()
    ]


def layout_menu(member: Member, sites: Sequence[str], current: str) -> Groups:
    """The same on a page that is about no one site."""
    groups = [("Sites", _sites(sites, "", current)), ("Host", _host(member, current))]
    return [(name, links) for name, links in groups if links]


def _sites(
    sites: Sequence[str], site: str, current: str, *, unpublished: str = ""
) -> list[MenuLink]:
    start = {unpublished: "/start"}
    links = [MenuLink(f"/sites/{x}{start.get(x, '')}", x, x == site) for x in sites]
    return [MenuLink("/sites", "All sites", current == "/sites"), *links]


def _host(member: Member, current: str) -> list[MenuLink]:
    return [MenuLink(path, text, current == path) for path, text, act in HOST if may(member, act)]
