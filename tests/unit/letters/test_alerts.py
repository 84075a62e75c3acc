"""Alerts: a period that is not closed, a rate that fell; once each, from what is shown."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from askfirst_collector.catalogue.requests import today
from askfirst_collector.closing.close import close_due
from askfirst_collector.letters.deliver import deliver_mails, queue_due
from askfirst_collector.reports.agreement import DayAnswers, fall
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.requests import close_request, enter_request
from askfirst_collector.usecases.subscriptions import subscribe
from tests.support.mail_server import Mailbox
from tests.support.people import admin, member
from tests.unit.closing.house import DAY, MONDAY, Clock, after, crowd, opened, store
from tests.unit.reports.test_agreement import counting

from .test_letters import EMAIL, confirmed, text_of
from .test_letters import mailbox as mailbox

TODAY = date(2026, 11, 16)


@pytest.fixture
def clock() -> Clock:
    return Clock(after(MONDAY, 0) + DAY / 2)


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with opened(tmp_path / "data", clock, counting("day")) as parts:
        yield parts


def alerting(parts: Services, clock: Clock, mailbox: Mailbox) -> None:
    """Olive gets alerts, and no letter."""
    olive = member(parts, "olive", "site-owner", "shop")
    confirmed(parts, clock, mailbox, olive)
    subscribe(parts, olive, "shop", EMAIL, every="", alerts=True)


def round_of(parts: Services, clock: Clock, mailbox: Mailbox) -> list[str]:
    """The subjects of what one round sends."""
    mailbox.came.clear()
    queue_due(parts, clock.now)
    deliver_mails(parts, clock.now, post=mailbox.post())
    return [str(message["Subject"]) for message in mailbox.came]


def test_a_period_that_is_not_closed_is_told_once_a_day(
    parts: Services, clock: Clock, mailbox: Mailbox
) -> None:
    """Six hours after its end; and not any more once it is closed."""
    alerting(parts, clock, mailbox)
    store(parts, crowd(parts, 9, page=("/a",)))
    clock.now = after(MONDAY) + 5 * 3600
    assert round_of(parts, clock, mailbox) == []
    clock.now += 3600
    assert round_of(parts, clock, mailbox) == ["shop: a period is not closed"]
    assert "statistics (" not in text_of(mailbox.came[0])
    assert "16 Nov 2026  statistics" in text_of(mailbox.came[0])
    assert round_of(parts, clock, mailbox) == []
    clock.now += DAY
    assert round_of(parts, clock, mailbox) == ["shop: a period is not closed"]
    close_due(parts, clock.now)
    clock.now += 3600
    assert round_of(parts, clock, mailbox) == []


def test_what_was_mended_before_it_was_told_is_not_told(
    parts: Services, clock: Clock, mailbox: Mailbox
) -> None:
    alerting(parts, clock, mailbox)
    store(parts, crowd(parts, 9, page=("/a",)))
    clock.now = after(MONDAY) + 7 * 3600
    assert queue_due(parts, clock.now) == 1
    close_due(parts, clock.now)
    mailbox.came.clear()
    deliver_mails(parts, clock.now, post=mailbox.post())
    assert mailbox.came == []


def put_days(parts: Services, answers: list[DayAnswers]) -> None:
    """Answers of days as they stand once each has ended."""
    with writing(parts.engine) as connection:
        for day in answers:
            connection.exec_driver_sql(
                "INSERT INTO daily_total (site, collector, purpose, closes, period, day, visitors,"
                " views, visits, granted, refused, expires) VALUES ('shop', '', 'statistics',"
                " 'month', ?, ?, NULL, NULL, NULL, ?, ?, 4000000000)",
                (f"{day.day[:7]}-01", day.day, day.granted, day.refused),
            )


def test_a_rate_that_fell_is_told_once(parts: Services, clock: Clock, mailbox: Mailbox) -> None:
    """M27: with the rates that the page shows; not again within four weeks."""
    alerting(parts, clock, mailbox)
    days = [(60, 40)] * 28 + [(40, 60)] * 7
    put_days(parts, answers_of(days))
    clock.now = after(MONDAY, 0) + 7 * 3600
    assert round_of(parts, clock, mailbox) == ["shop: fewer agree"]
    text = text_of(mailbox.came[0])
    assert "40 %  Seven days (of 700 answers)" in text
    assert "60 %  Four weeks before (of 2 800 answers)" in text
    assert (
        f"/sites/shop/agreement?purpose=statistics&from=2026-10-12&to={TODAY - timedelta(1)}"
        in text
    )
    for _ in range(6):
        clock.now += DAY
        assert "shop: fewer agree" not in round_of(parts, clock, mailbox)


def answers_of(days: list[tuple[int | None, int | None]]) -> list[DayAnswers]:
    """The answers of the days before TODAY, oldest first."""
    first = TODAY - timedelta(days=len(days))
    return [
        DayAnswers((first + timedelta(days=number)).isoformat(), *day)
        for number, day in enumerate(days)
    ]


@pytest.mark.parametrize(
    ("before", "recent", "fell"),
    [
        ((60, 40), (40, 60), True),
        ((60, 40), (60, 40), False),
        ((40, 60), (60, 40), False),  # it rose
        ((600, 400), (560, 440), False),  # four points, though far beyond chance
        ((600, 400), (540, 460), True),
        ((9, 8), (8, 9), False),  # chance
        ((60, 40), (None, 60), False),  # not shown
        ((None, None), (40, 60), False),
    ],
)
def test_a_fall_is_five_points_and_more_than_chance(
    before: tuple[int | None, int | None], recent: tuple[int | None, int | None], fell: bool
) -> None:
    assert (fall(answers_of([before] * 28 + [recent] * 7), TODAY) is not None) == fell


def test_a_week_of_two_days_says_nothing() -> None:
    """Nor does a new site: three recent days and six of before are the fewest."""
    before: list[tuple[int | None, int | None]] = [(60, 40)] * 28
    hidden: list[tuple[int | None, int | None]] = [(None, None)] * 5
    assert fall(answers_of([*before, *hidden, (10, 90), (10, 90)]), TODAY) is None
    assert fall(answers_of([*before, *hidden[1:], *[(10, 90)] * 3]), TODAY) is not None
    assert fall(answers_of([*before[:5], *[(10, 90)] * 7]), TODAY) is None


def test_chance_alone_is_hardly_ever_told() -> None:
    """Of 3,000 weeks in which nothing changed, fewer than one in a hundred, draws included."""
    draw = random.Random(5)

    def figure(count: int) -> int:
        noise = 0
        while draw.random() < 0.5:
            noise += 1
        return max(5, count + draw.choice((-1, 1)) * noise)

    def day(size: int, rate: float) -> tuple[int | None, int | None]:
        granted = sum(draw.random() < rate for _ in range(size))
        return figure(granted), figure(size - granted)

    told = 0
    for number in range(3_000):
        size, rate = (20, 60)[number % 2], (0.3, 0.5, 0.8)[number % 3]
        days = [day(size, rate) for _ in range(35)]
        told += fall(answers_of(days), TODAY) is not None
    assert told < 30


def test_a_request_that_is_due_is_told_to_admins_alone(
    parts: Services, clock: Clock, mailbox: Mailbox
) -> None:
    """A week and a day before, and once it is overdue; with no word that anybody wrote."""
    alerting(parts, clock, mailbox)
    ada = admin(parts, "ada")
    confirmed(parts, clock, mailbox, ada)
    subscribe(parts, ada, "shop", EMAIL, every="", alerts=True)
    start = clock.now
    entry = enter_request(
        parts, ada, "shop", "access", received=today(start), contact="Anna, 1 Quay Street"
    )
    days = (entry.due - entry.received).days
    told: dict[str, list[int]] = {}
    for day in range(days + 3):
        clock.now = start + day * DAY
        close_due(parts, clock.now)
        for subject in round_of(parts, clock, mailbox):
            told.setdefault(subject, []).append(day - days)
            assert "Anna" not in text_of(mailbox.came[0])
            assert f"/requests/{entry.number}" in text_of(mailbox.came[0])
    assert told == {"shop: request 1 is due": [-7, -1], "shop: request 1 is overdue": [1]}
    close_request(parts, ada, entry.number, "fulfilled")
    clock.now += 9 * DAY
    close_due(parts, clock.now)
    assert round_of(parts, clock, mailbox) == []
