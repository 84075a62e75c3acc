"""The sheet for a data protection impact assessment (GDPR, article 35), from what is published.

It says what is processed and what was measured of it. Whether that is acceptable is the
controller's to say, and left open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from askfirst.pages.html import Html, el
from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.edition import Choice
from askfirst.terms.lattice import Detail, Scope
from askfirst.terms.policy import shipped
from askfirst.terms.terms import BOTTOM
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.processing import facts, has_accounts, html_page, lines, processing_record


@dataclass(frozen=True)
class Measured:
    """Shares of visitors (percent) of whom nobody else, or fewer than four, have the same rows."""

    by_device: float
    few_by_device: float
    by_all: float  # device, pages and times together
    few_by_all: float


# docs/trust.md, `scripts/benchmark singled_out`: of 10,000 visitors with devices of real traffic.
MEASURED: Mapping[tuple[str, str], Measured] = {
    ("minimal", "day"): Measured(0.11, 0.33, 83, 95),
    ("minimal", "week"): Measured(0.11, 0.33, 96, 100),
    ("minimal", "month"): Measured(0.11, 0.33, 99.8, 100),
    ("standard", "day"): Measured(3.6, 8.7, 97, 99.9),
    ("standard", "week"): Measured(3.6, 8.7, 99.6, 100),
    ("standard", "month"): Measured(3.6, 8.7, 99.9, 100),
    ("full", "day"): Measured(20, 38, 99.96, 100),
    ("full", "week"): Measured(20, 38, 100, 100),
    ("full", "month"): Measured(20, 38, 100, 100),
}
RISKS = (
    "Singling out: while a period is open its rows stand on the collector's machine, and whoever "
    "reads them and knows some pages somebody looked at finds the rest. The shares above say how "
    "many. What closes shows no figure of fewer than the smallest group.",
    "Linkability: visits of one period are linked by a number that dies with the period, or with "
    "the grant where the policy asks for that. Between sites nothing is linked.",
    "Inference: whoever knows all others of a figure learns of one visitor at most odds of two to "
    "one; many questions about one page add up.",
)
OF_ACCOUNTS = (
    "Accounts: what visitors do while they are signed in is linked to their account for a year at "
    "most, also beyond a period. Whoever has salts.db and the site's cookie keys can tell whose it "
    "is."
)
OF_RECIPIENTS = (
    "Recipients: what was sent to one before a withdrawal or an erasure stays there, and is theirs "
    "to answer for."
)
OPEN = (
    "whether the purposes need all of this, and what was considered instead (article 35(7)(b))",
    "the risks to visitors in your own setting, and what remains of them (article 35(7)(c))",
    "the advice of the data protection officer, and the views of visitors (article 35(2) and (9))",
    "whether the supervisory authority is to be consulted (article 36), and when this is reviewed",
)


def assessment(site: Site, *, now: float) -> dict[str, Any]:
    """The sheet of a site as plain values for JSON."""
    record = processing_record(site, now=now)
    edition = site.editions.current
    purposes = []
    for activity in record["activities"]:
        terms = site.effective(activity["purpose"], Choice(Detail.AS_ASKED, edition.number))
        if not activity["gathered"] or terms == BOTTOM:
            continue
        policy = nearest(terms.scope)
        purposes.append(
            {
                "purpose": activity["purpose"],
                "title": activity["title"],
                "legal_basis": activity["legal_basis"],
                "attributes": [
                    {**stored, "of": ATTRIBUTES[stored["attribute"]].finest}
                    for stored in activity["personal_data"]
                ],
                "smallest_group": terms.min_cell_size,
                "closes": terms.closes,
                "erased": activity["erased"],
                "recipients": activity["recipients"],
                "singled_out": _measured(policy, terms.closes),
            }
        )
    return {
        "assessment": "GDPR, article 35",
        **{name: record[name] for name in ("made", "site", "origins", "edition", "controller")},
        "purposes": purposes,
        "risks": _risks(record["activities"]),
        "measures": record["measures"],
        "to_be_added": list(OPEN),
    }


def _risks(activities: Sequence[dict[str, Any]]) -> list[str]:
    recipients = any(activity["recipients"] for activity in activities)
    also = ((has_accounts(activities), OF_ACCOUNTS), (recipients, OF_RECIPIENTS))
    return [*RISKS, *(text for applies, text in also if applies)]


def nearest(scope: Scope) -> str:
    """The least of the ready-made policies whose statistics allow this scope; "" for none."""
    for name in ("minimal", "standard", "full"):
        whole = shipped(name).purposes["statistics"].terms.scope
        if whole.meet(scope) == scope:
            return name
    return ""


def assessment_page(sheet: dict[str, Any]) -> str:
    """The same as a page to read and to print: one file, which asks nobody for anything."""
    edition = sheet["edition"]
    published = f"Edition {edition['number']} of {edition['published']}, {edition['hash']}"
    return html_page(
        f"Impact assessment: {sheet['site']}",
        facts(
            ("Sheet", f"{sheet['assessment']}, made {sheet['made']}"),
            ("Controller", sheet["controller"]["name"]),
            ("Policy", published),
        ),
        [_purpose(purpose) for purpose in sheet["purposes"]],
        el("h2", None, "Risks"),
        lines(sheet["risks"]),
        el("h2", None, "Measures"),
        lines(sheet["measures"]),
        el("h2", None, "To be added by the controller"),
        lines(sheet["to_be_added"]),
    )


def _measured(policy: str, closes: str) -> dict[str, Any] | None:
    if not policy:
        return None
    shares = MEASURED[policy, closes]
    return {
        "as": f"{policy}, closed by {closes}",
        "alone_by_device": shares.by_device,
        "fewer_than_four_by_device": shares.few_by_device,
        "alone_by_device_pages_and_times": shares.by_all,
        "fewer_than_four_by_device_pages_and_times": shares.few_by_all,
    }


def _purpose(purpose: dict[str, Any]) -> Html:
    stored = [
        f"{one['attribute']}: {one['means']} (level {one['level']} of {one['of']})"
        for one in purpose["attributes"]
    ]
    shares = purpose["singled_out"]
    singled = (
        "not measured: it stores more than any ready-made policy"
        if shares is None
        else lines(
            [
                f"by browser, system, screen, country and language: {shares['alone_by_device']} % "
                f"alone, {shares['fewer_than_four_by_device']} % with fewer than four like them",
                f"by these, pages and times together: {shares['alone_by_device_pages_and_times']} %"
                f" alone, {shares['fewer_than_four_by_device_pages_and_times']} % with fewer than "
                "four",
                f"of 10,000 visitors, measured for the policy {shares['as']}, which allows this",
            ]
        )
    )
    recipients = [
        f"{one['name']} ({one['role']}, {one['country']})" for one in purpose["recipients"]
    ]
    return el(
        "section",
        None,
        el("h2", None, purpose["title"]),
        facts(
            ("Purpose", purpose["purpose"]),
            ("Legal basis", purpose["legal_basis"]),
            ("Stored", lines(stored)),
            (
                "Smallest group",
                f"{purpose['smallest_group']} visitors, closed by {purpose['closes']}",
            ),
            ("Singled out while open", singled),
            ("Erased", lines(purpose["erased"])),
            ("Recipients", lines(recipients)),
        ),
    )
