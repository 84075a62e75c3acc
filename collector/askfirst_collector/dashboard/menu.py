"""The links of the side bar, under their headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askfirst_collector.dashboard.tables import Heading


@dataclass(frozen=True)
class Entry:
    """One link; `here` where it leads to the page it stands on."""

    href: str
    text: str
    here: bool


def menu(
    sites: Sequence[str], site: str, here: str, query: str, tables: Sequence[Heading]
) -> list[tuple[str, list[Entry]]]:
    """Headings with their links: other sites, this one's figures, its answers, its policy."""
    root = f"/sites/{site}"

    def entry(path: str, text: str, with_query: str = query) -> Entry:
        return Entry(f"{root}{path}{with_query}", text, here == f"{root}{path}")

    about_answers = ("consent", "drops")
    visits = [entry(f"/{t.slug}", t.title) for t in tables if t.table not in about_answers]
    answers = [entry(f"/{t.slug}", t.title) for t in tables if t.table in about_answers]
    groups = [
        ("Sites", [Entry(f"/sites/{each}", each, each == site) for each in sites]),
        ("Visits", [entry("", "Overview"), *visits]),
        ("Consent", answers),
        ("Policy", [entry("/policy", "In force", ""), entry("/editions", "Editions", "")]),
    ]
    return [
        (name, links) for name, links in groups if links and (name != "Sites" or len(sites) > 1)
    ]
