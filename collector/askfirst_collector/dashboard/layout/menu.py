"""The side bar: three groups of at most five, and the pages beside the one that is open as tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askfirst_collector.dashboard.selection.date_range import DateRange
from askfirst_collector.dashboard.selection.tables import Heading
from askfirst_collector.members.permissions import Member, may

# Of a site: the name in the menu, and its pages, each with the action that opens it. The first
# that the member may open is the one that the menu leads to.
SETTINGS = (
    (
        "Policy",
        (
            ("/policy", "Published", "site.read"),
            ("/publish", "Publish", "site.change"),
            ("/editions", "Editions", "site.read"),
        ),
    ),
    ("Placed collectors", (("/collectors", "Placed collectors", "collector.read"),)),
    (
        "Set up",
        (
            ("/start", "Get started", "site.change"),
            ("/keys", "Keys and notifications", "site.key"),
            ("/transfers", "Deliveries", "site.change"),
            ("/test", "Test the site", "site.change"),
        ),
    ),
    (
        "Changes",
        (("/audit", "Changes", "site.audit"), ("/retention", "Retention", "site.audit")),
    ),
)
# Pages of the host itself: address, name, and the action that opens them.
HOST = (
    ("/host-policy", "Host policy", "host-policy.read"),
    ("/members", "Members", "member.read"),
    ("/requests", "Requests", "request.change"),
    ("/audit", "Audit", "audit.read"),
)
# Pages that are reached from one of these, and are not below its address.
BESIDE = {"/evidence": "/requests", "/retention": "/audit"}
OF_ANSWERS = ("consent", "drops")
AGREEMENT = "agreement"
OF_GOALS = ("goals",)


@dataclass(frozen=True)
class MenuLink:
    """One link, current where it leads to the page, or the pages, that it stands on."""

    href: str
    text: str
    is_current: bool


@dataclass(frozen=True)
class Menu:
    """What stands around a page: which site, the others, the groups, and the tabs of the page."""

    site: str
    sites: tuple[MenuLink, ...]
    groups: tuple[tuple[str, tuple[MenuLink, ...]], ...]
    tabs: tuple[MenuLink, ...] = ()


def menu(
    member: Member,
    sites: Sequence[str],
    site: str,
    current: str,
    span: DateRange,
    tables: Sequence[Heading],
) -> Menu:
    """What is figures, what is settings, and the host; what is looked at goes along.

    Of a placed collector there is no agreement rate: refusals are counted at the site alone.
    """
    root, query = f"/sites/{site}", span.link()

    def link(path: str, text: str) -> MenuLink:
        # Below the root, what lies beneath a page is part of it: an edition, a placed collector.
        at = f"{root}{path}"
        is_current = current == at or (bool(path) and current.startswith(f"{at}/"))
        return MenuLink(f"{at}{query}", text, is_current)

    aside = (*OF_ANSWERS, *OF_GOALS)
    answers = [link(f"/{t.slug}", t.title) for t in tables if t.table in OF_ANSWERS]
    if answers and not span.collector:
        answers.insert(1, link(f"/{AGREEMENT}", "Agreement rate"))
    # Pairs and funnels are reached from the tables that are in them, and from the goals.
    others = [
        link(f"/{t.slug}", t.title)
        for t in tables
        if t.table not in aside and "*" not in t.table and not t.table.startswith("funnel ")
    ]
    others.append(link("/imported", "Counted before"))
    figures = [[link("", "Overview")], [link("/goals", "Goals and funnels")] if tables else []]
    areas = [("Overview", figures[0]), ("Goals and funnels", figures[1])]
    shares = [link("/shares", "Links")] if may(member, "site.change", site) else []
    shares += [link("/letters", "Letters")] if may(member, "site.read", site) else []
    areas += [("Consent", answers), ("All tables", others), ("Sharing", shares)]
    settings = [
        (name, [link(path, text) for path, text, action in pages if may(member, action, site)])
        for name, pages in SETTINGS
    ]
    groups = [("", areas), ("This site", settings)]
    tabs = next(
        (
            pages
            for _, group in groups
            for _, pages in group
            if len(pages) > 1 and any(page.is_current for page in pages)
        ),
        [],
    )
    return Menu(
        site,
        _sites(sites, site, span.elsewhere()),
        _shown([*((name, _heads(group)) for name, group in groups), _host(member, current)]),
        tuple(tabs),
    )


def _heads(areas: Sequence[tuple[str, Sequence[MenuLink]]]) -> list[MenuLink]:
    return [
        MenuLink(pages[0].href, name, any(page.is_current for page in pages))
        for name, pages in areas
        if pages
    ]


def bare_menu(member: Member, sites: Sequence[str], site: str, current: str) -> Menu:
    """The same for a site that has published nothing yet."""
    start = MenuLink(f"/sites/{site}/start", "Get started", current == f"/sites/{site}/start")
    own = [start] if may(member, "site.change", site) else []
    others = tuple(other for other in sites if other != site)
    return Menu(
        site, _sites(others, site, ""), _shown([("This site", own), _host(member, current)])
    )


def layout_menu(member: Member, sites: Sequence[str], current: str) -> Menu:
    """The same on a page that is about no one site."""
    return Menu("", _sites(sites, "", ""), _shown([_host(member, current)]))


def _sites(sites: Sequence[str], site: str, query: str) -> tuple[MenuLink, ...]:
    return tuple(MenuLink(f"/sites/{name}{query}", name, name == site) for name in sites)


def _host(member: Member, current: str) -> tuple[str, list[MenuLink]]:
    at = BESIDE.get(current, current)
    links = [
        MenuLink(path, text, f"{at}/".startswith(f"{path}/"))
        for path, text, act in HOST
        if may(member, act)
    ]
    return "Host", [MenuLink("/sites", "All sites", current == "/sites"), *links]


def _shown(
    groups: Sequence[tuple[str, Sequence[MenuLink]]],
) -> tuple[tuple[str, tuple[MenuLink, ...]], ...]:
    return tuple((name, tuple(links)) for name, links in groups if links)
