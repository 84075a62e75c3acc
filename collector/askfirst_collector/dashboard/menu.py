"""The links of the side bar, under their headings: only what the member may open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askfirst_collector.dashboard.pages import query
from askfirst_collector.dashboard.span import Span
from askfirst_collector.dashboard.tables import Heading
from askfirst_collector.registry.permissions import Member, may

# Pages of the host itself: address, name, and the action that opens them.
HOST = (
    ("/members", "Members", "member.read"),
    ("/audit", "Audit", "audit.read"),
)


@dataclass(frozen=True)
class Entry:
    """One link; `here` where it leads to the page it stands on."""

    href: str
    text: str
    here: bool


Groups = list[tuple[str, list[Entry]]]


def menu(
    member: Member,
    sites: Sequence[str],
    site: str,
    here: str,
    span: Span,
    tables: Sequence[Heading],
    collectors: Mapping[str, str],
) -> Groups:
    """Headings with their links: other sites, this one's figures, its answers, its policy.

    `collectors` are those whose figures the member may see, "" for the site itself.
    """
    root = f"/sites/{site}"

    def entry(path: str, text: str, with_query: str = span.query) -> Entry:
        return Entry(f"{root}{path}{with_query}", text, here == f"{root}{path}")

    about_answers = ("consent", "drops")
    visits = [entry(f"/{t.slug}", t.title) for t in tables if t.table not in about_answers]
    answers = [entry(f"/{t.slug}", t.title) for t in tables if t.table in about_answers]
    policy = []
    if may(member, "site.read", site):
        policy = [entry("/policy", "In force", ""), entry("/editions", "Editions", "")]
    if may(member, "site.audit", site):
        policy.append(entry("/audit", "Changes", ""))
    if may(member, "site.change", site):
        policy.append(entry("/test", "Test the site", ""))
    groups = [
        ("Sites", _sites(sites, site) if len(sites) > 1 else []),
        ("Gathered by", _gathered(root, span, collectors) if len(collectors) > 1 else []),
        ("Visits", [entry("", "Overview"), *visits]),
        ("Consent", answers),
        ("Policy", policy),
        ("Host", _host(member, here)),
    ]
    return [(name, links) for name, links in groups if links]


def _gathered(root: str, span: Span, collectors: Mapping[str, str]) -> list[Entry]:
    return [
        Entry(f"{root}{query({'collector': name})}", text, name == span.collector)
        for name, text in collectors.items()
    ]


def frame_menu(member: Member, sites: Sequence[str], here: str) -> Groups:
    """The same on a page that is about no one site."""
    groups = [("Sites", _sites(sites, "")), ("Host", _host(member, here))]
    return [(name, links) for name, links in groups if links]


def _sites(sites: Sequence[str], site: str) -> list[Entry]:
    return [Entry(f"/sites/{each}", each, each == site) for each in sites]


def _host(member: Member, here: str) -> list[Entry]:
    return [Entry(path, text, here == path) for path, text, act in HOST if may(member, act)]
