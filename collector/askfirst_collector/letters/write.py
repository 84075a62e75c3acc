"""What a letter says, from the figures of the page; written when it is sent."""

from __future__ import annotations

from datetime import date, timedelta

from askfirst_collector.catalogue.mail_queue import Mail
from askfirst_collector.catalogue.requests import VisitorRequest
from askfirst_collector.catalogue.sites import Site
from askfirst_collector.dashboard.figures.extract import SHOWN, extract
from askfirst_collector.dashboard.figures.totals import Figure, share
from askfirst_collector.dashboard.figures.why_missing import period_name
from askfirst_collector.dashboard.layout.templates import days as days_text
from askfirst_collector.dashboard.layout.templates import number
from askfirst_collector.dashboard.selection.date_range import DateRange, read_date_range
from askfirst_collector.dashboard.selection.source import read_source
from askfirst_collector.letters.events import AGREEMENT, Event, find_again
from askfirst_collector.letters.message import Letter, Section
from askfirst_collector.services import Services
from askfirst_collector.store.periods import ONE_DAY, period_after

WAIT = 6 * 3_600  # seconds after the end of a period: by then its figures are there
WEEKLY = {"week": "weekly", "month": "monthly", "": ""}
NOT_YOURS = (
    "If you did not ask for it, do nothing: nothing else is sent to this address, and the question "
    "is forgotten in a week."
)
ABOUT = (
    "As on the page: no figure under the policy's size is shown, and every figure is about right. "
    "Visitors of days are added up: who comes on two days counts twice, since nothing is left by "
    "which to tell."
)


def write(parts: Services, message: Mail, url: str, now: float) -> Letter | None:
    """The letter of a message; None where there is nothing to say any more."""
    target = message.subscription
    if message.kind == "confirm":
        return _question(target.site, f"{url}/letters/confirm?word={message.word}")
    site = parts.registry.site(target.site)
    if site is None or site.retired:
        return None
    if message.kind == "alert":
        event = find_again(parts, site, message.key, now)
        return None if event is None else _alert(parts, site, event, url)
    every = target.every or "week"
    first = message.key if message.kind == "letter" else last_period(site, every, now)
    return _figures(parts, site, every, first, url, is_test=message.kind == "test")


def last_period(site: Site, every: str, now: float) -> str:
    """The last week or month of a site whose figures are there, by its first day."""
    running = date.fromisoformat(site.calendar.period_of(every, now - WAIT))
    return site.calendar.period_of(every, site.calendar.start_of(str(running)) - 1)


def _question(site: str, link: str) -> Letter:
    return Letter(
        f"Letters about {site}: is this your address?",
        (
            f"Somebody who may see the figures of {site} wants letters about them sent to this "
            "address. Open the link to say that it is yours; you will be asked to sign in.",
        ),
        link=(link, "Confirm the address"),
        small=NOT_YOURS,
        can_end=False,
    )


def _figures(
    parts: Services, site: Site, every: str, first: str, url: str, *, is_test: bool
) -> Letter:
    last = date.fromisoformat(period_after(every, first)) - ONE_DAY
    span = _span(parts, site, every, date.fromisoformat(first), last)
    terms = read_source(parts, site, "").terms(span.purpose)
    title = f"{site.name}, {days_text(span.first, span.last)}"
    link = (f"{url}/sites/{site.name}?from={span.first}&to={span.last}", "See all of it")
    if terms is None:
        text = f"Nothing was counted on {site.name} in these days."
        return Letter(_subject(title, is_test=is_test), (text,), link=link)
    shown = extract(parts, site, span, terms, SHOWN)
    before = span.before()
    against = f", against {days_text(*before)}" if before is not None else ""
    sections = [Section("In all", tuple(map(_line, shown.figures)))]
    sections += [
        Section(
            card.title,
            tuple(
                (line.label, number(line.visitors), line.rate or line.note)
                for line in card.lines
                if line.visitors is not None
            ),
            card.why,
        )
        for card in shown.cards
    ]
    text = (
        f"The {WEEKLY[every]} figures of {site.name}: {days_text(span.first, span.last)}{against}."
    )
    intro = ("This is a test: the last letter once more.", text) if is_test else (text,)
    return Letter(_subject(title, is_test=is_test), intro, tuple(sections), link, small=ABOUT)


def _subject(title: str, *, is_test: bool) -> str:
    return f"Test: {title}" if is_test else title


def _span(parts: Services, site: Site, every: str, first: date, last: date) -> DateRange:
    policy = read_source(parts, site, "").policy
    # A month is held against the month before, whose length is another.
    asked_for = (
        {"range": "last-month"} if every == "month" else {"from": str(first), "to": str(last)}
    )
    return read_date_range(policy, asked_for, today=last + ONE_DAY)


def _line(figure: Figure) -> tuple[str, str, str]:
    return figure.name, figure.value or "–", figure.change or figure.why


def _alert(parts: Services, site: Site, event: Event, url: str) -> Letter:
    if event.kind == AGREEMENT:
        return _agreement(parts, site, event, url)
    if event.request is not None:
        return _request(event.request, event.days, url)
    lines = tuple(
        (
            " ".join(filter(None, (key.collector, key.purpose))),
            period_name(key.closes, key.period),
            "",
        )
        for key in event.periods
    )
    return Letter(
        f"{site.name}: a period is not closed",
        (
            f"What is below ended at least six hours ago on {site.name} and is not closed, so it "
            "has no figures yet. It is tried again every minute; the log of the collector says why "
            "it fails (askfirst.E140 or W140).",
            "The key of its visitors is destroyed all the same, two hours after its end.",
        ),
        (Section("Not closed", lines),),
        (f"{url}/sites/{site.name}", "Open the dashboard"),
        small="You are told once a day at most.",
    )


def _request(request: VisitorRequest, days: int, url: str) -> Letter:
    """A reminder: number, kind and day, and nothing that anybody wrote."""
    due = days_text(request.due, request.due)
    state = f"is overdue since {due}" if days < 0 else f"is to be answered by {due}"
    return Letter(
        f"{request.site}: request {request.number} {'is overdue' if days < 0 else 'is due'}",
        (f"Request {request.number} of a visitor of {request.site} ({request.kind}) {state}.",),
        link=(f"{url}/requests/{request.number}", "Open the request"),
        small="You are reminded a week and a day before, and once after.",
    )


def _agreement(parts: Services, site: Site, event: Event, url: str) -> Letter:
    title = read_source(parts, site, "").titles.get(event.purpose, event.purpose)
    fall, day = event.fall, event.day
    if fall is None:
        raise ValueError(event.key)
    rates = [
        (name, share(part.granted, part.answers), f"of {number(part.answers)} answers")
        for name, part in (("Seven days", fall.recent), ("Four weeks before", fall.before))
    ]
    first, last = day - timedelta(days=35), day - ONE_DAY
    query = f"purpose={event.purpose}&from={first}&to={last}"
    return Letter(
        f"{site.name}: fewer agree",
        (
            f"Fewer of those who answered agreed to “{title}” on {site.name} in the seven days up "
            f"to {days_text(last, last)} than in the four weeks before: by more than five points, "
            "and by more than chance and the inexactness of the figures explain.",
            "Look at what changed: the notice, its words, who comes, or somebody who invents "
            "refusals.",
        ),
        (Section("Agreed", tuple(rates)),),
        (f"{url}/sites/{site.name}/agreement?{query}", "See the days"),
        small="You are told once in four weeks at most.",
    )
