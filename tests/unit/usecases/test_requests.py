"""Requests by mail: a month's clock, identification by receipt, and nothing that ties the two."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from askfirst.errors import Refused
from askfirst_collector.catalogue.requests import (
    KEPT,
    due_after,
    find_request,
    requests_of,
    today,
)
from askfirst_collector.ledger.changes import changes
from askfirst_collector.usecases.requests import (
    close_request,
    enter_request,
    extend_request,
    identify_request,
)
from askfirst_collector.usecases.retention import purge
from askfirst_collector.usecases.sites import publish_policy
from tests.support.collectors import Clock, bytes_of, policy
from tests.system.isolation.world import CLUB, SHOP, World, world

from .request_rows import CONTACT, SECRET, entered, receipt_file

pytestmark = pytest.mark.anyio
NOTE = "the-words-of-a-letter"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "data") as services:
        yield services


@pytest.mark.parametrize(
    ("received", "months", "due"),
    [
        (date(2026, 11, 22), 1, date(2026, 12, 22)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_a_month_ends_on_its_day_or_on_its_last(received: date, months: int, due: date) -> None:
    """GDPR, article 12(3), by Regulation 1182/71."""
    assert due_after(received, months) == due


@pytest.mark.file
def test_what_a_receipt_asks_for_is_done_and_neither_is_tied_to_the_other(
    opened: World, tmp_path: Path
) -> None:
    """M29: erased; no file has the receipt, its secret or its handle beside who wrote."""
    file = receipt_file(opened)
    parts, ada = opened.parts, opened.people["ada"]
    ((_, handle),) = parts.ledger.handles()
    number = entered(opened)
    assert identify_request(parts, ada, number, file) is None
    entry = find_request(parts.engine, number)
    assert entry is not None
    assert entry.is_identified
    assert parts.ledger.handles() == []
    purge(parts, parts.now())  # empties the journals
    data = bytes_of(tmp_path)
    for gone in (handle.encode(), SECRET.encode() + b'"', json.loads(file)["receipt"].encode()):
        assert gone not in data
    assert CONTACT.encode() in data
    # Who sends the file again is told the same.
    assert identify_request(parts, ada, number, file) is None


@pytest.mark.parametrize(
    ("kind", "status"),
    [("restriction", "restricted"), ("objection", "withdrawn"), ("withdrawal", "withdrawn")],
)
def test_each_kind_does_what_its_visitor_could_do(opened: World, kind: str, status: str) -> None:
    """M29: by the receipt, at the desk as on the page."""
    file = receipt_file(opened)
    ((site, handle),) = opened.parts.ledger.handles()
    identify_request(opened.parts, opened.people["ada"], entered(opened, kind), file)
    latest = opened.parts.ledger.latest(site, handle)
    assert latest is not None
    assert latest.body["status"] == status


@pytest.mark.parametrize("kind", ["correction", "complaint"])
def test_other_kinds_change_nothing_of_the_visitors(opened: World, kind: str) -> None:
    """A person sees to these; the receipt says only who asks."""
    file = receipt_file(opened)
    before = opened.parts.ledger.leaves()
    identify_request(opened.parts, opened.people["ada"], entered(opened, kind), file)
    kinds = {change.action for change in changes(opened.parts.engine, 5)}
    assert len(opened.parts.ledger.leaves()) == len(before) + 2  # entered, identified
    assert kinds >= {"request.enter", "request.identify"}


async def test_a_copy_is_a_file_and_is_kept_nowhere(opened: World) -> None:
    """M29: access and portability: what the visitor's own page has."""
    file, number = receipt_file(opened), entered(opened, "access")
    async with opened.browser("ada") as client:
        page = (await client.get(f"/requests/{number}")).text
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        assert csrf is not None
        data = {"csrf": csrf[1], "receipt": file}
        copy = await client.post(f"/requests/{number}/identify", data=data)
    assert copy.headers["content-disposition"] == f'attachment; filename="request-{number}.json"'
    assert copy.headers["cache-control"] == "no-store"
    assert copy.json()["record"]["status"] == "granted"


def test_what_proves_nothing_does_nothing(opened: World) -> None:
    """Another site's receipt, a forged one, none of ours, no secret, another's secret."""
    file = json.loads(receipt_file(opened))
    parts, ada = opened.parts, opened.people["ada"]
    token = file["receipt"]
    of_shop = enter_request(
        parts, ada, SHOP, "erasure", received=today(parts.now()), contact=CONTACT
    ).number
    number = entered(opened)
    before = parts.ledger.leaves()
    cases = [
        (of_shop, file, "of the site 'club'"),
        (number, {"receipt": token}, "the whole file"),
        (number, {**file, "secret": "B" * 21 + "A"}, "opens another one"),
        (number, {**file, "secret": "x"}, "opens another one"),
        (number, {**file, "receipt": token[:-4] + "AAAA"}, "proves nothing"),
        (number, {**file, "receipt": "a.b.c"}, "proves nothing"),
        (number, [1], "the whole file"),
    ]
    for target, sent, expected in cases:
        with pytest.raises(Refused, match=expected):
            identify_request(parts, ada, target, json.dumps(sent))
    with pytest.raises(Refused, match="the whole file"):
        identify_request(parts, ada, number, '{"receipt": "a", "receipt": "b"}')
    assert parts.ledger.leaves() == before


def test_the_audit_has_no_word_that_anybody_wrote(opened: World) -> None:
    """Number, kind, days and outcome: in the host's own tree, for good."""
    parts, ada = opened.parts, opened.people["ada"]
    day = today(parts.now()) - timedelta(days=2)
    number = enter_request(
        parts, ada, CLUB, "access", received=day, contact=CONTACT, note=NOTE
    ).number
    extend_request(parts, ada, number)
    close_request(parts, ada, number, "not-identified", "Dear Anna")
    closed, extended, entry = changes(parts.engine, 3)
    due = due_after(day, 3).isoformat()
    assert closed.after == {
        "kind": "access",
        "received": day.isoformat(),
        "due": due,
        "closed": today(parts.now()).isoformat(),
        "outcome": "not-identified",
    }
    assert extended.after == {"due": due}
    assert (entry.target, entry.site) == (str(number), None)
    assert not [word for word in (CONTACT, NOTE, "Anna") if word in str((closed, extended, entry))]


@pytest.mark.file
def test_a_year_after_it_was_closed_it_is_forgotten_to_the_byte(
    opened: World, tmp_path: Path
) -> None:
    """M28: an open one stays; a number is not given out again."""
    parts, ada = opened.parts, opened.people["ada"]
    day = today(parts.now())
    entry = enter_request(parts, ada, CLUB, "access", received=day, contact=CONTACT, note=NOTE)
    close_request(parts, ada, entry.number, "fulfilled", "Dear Anna")
    moment = parts.now()
    purge(parts, moment + KEPT - 1)
    assert NOTE.encode() in bytes_of(tmp_path)
    purge(parts, moment + KEPT + 1)
    for word in (NOTE, CONTACT, "Dear Anna"):
        assert word.encode() not in bytes_of(tmp_path)
    assert entered(opened) == entry.number + 1
    purge(parts, moment + 9 * KEPT)
    assert [request.number for request in requests_of(parts.engine)] == [1, entry.number + 1]


def test_bad_input_is_said_with_what_to_write(opened: World) -> None:
    """A day to come or long ago, no address, a kind or outcome that is none, too long a text."""
    parts, ada = opened.parts, opened.people["ada"]
    day = today(parts.now())
    good = {"received": day, "contact": CONTACT}
    cases = [
        ("access", {**good, "received": day + timedelta(days=1)}, "the day it came"),
        ("access", {**good, "received": day - timedelta(days=400)}, "the day it came"),
        ("access", {**good, "received": date.min}, "the day it came"),
        ("access", {**good, "contact": "  "}, "where the answer goes"),
        ("access", {**good, "contact": "x" * 501}, "500 characters"),
        ("access", {**good, "note": "x" * 4001}, "4000 characters"),
        ("minor", good, "choose a kind"),
    ]
    for kind, fields, expected in cases:
        with pytest.raises(Refused, match=expected):
            enter_request(parts, ada, CLUB, kind, **fields)  # type: ignore[arg-type]
    number = entered(opened)
    with pytest.raises(Refused, match="choose an outcome"):
        close_request(parts, ada, number, "lost")
    with pytest.raises(Refused, match="8000 characters"):
        close_request(parts, ada, number, "refused", "x" * 8001)
    with pytest.raises(Refused, match="no request of this number"):
        close_request(parts, ada, number + 9, "refused")
    assert {request.closed for request in requests_of(parts.engine)} == {None}


def test_more_time_is_taken_once_and_in_time(opened: World) -> None:
    """GDPR, article 12(3): within the first month, three in all."""
    parts, ada, clock = opened.parts, opened.people["ada"], opened.parts.now
    assert isinstance(clock, Clock)
    number = entered(opened)
    extend_request(parts, ada, number)
    with pytest.raises(Refused, match="extended once"):
        extend_request(parts, ada, number)
    other = entered(opened)
    clock.now += 40 * 86_400
    with pytest.raises(Refused, match="extended once"):
        extend_request(parts, ada, other)


def test_an_owner_of_the_site_never_sees_one(opened: World) -> None:
    """What somebody wrote to the host is the host's."""
    with pytest.raises(Refused, match="not-allowed"):
        enter_request(
            opened.parts,
            opened.people["carl"],
            CLUB,
            "access",
            received=today(opened.parts.now()),
            contact=CONTACT,
        )


async def test_what_is_overdue_stands_first_and_is_said(opened: World) -> None:
    """The list, as whoever has to answer reads it."""
    clock = opened.parts.now
    assert isinstance(clock, Clock)
    first = entered(opened)
    clock.now += 35 * 86_400
    publish_policy(
        opened.parts,
        opened.people["ada"],
        policy("standard", site=SHOP, origins=["https://shop.example"]),
    )
    later = enter_request(
        opened.parts,
        opened.people["ada"],
        SHOP,
        "access",
        received=today(clock.now),
        contact="<script>1</script>",
    ).number
    async with opened.browser("ada") as client:
        page = (await client.get("/requests")).text
        one = (await client.get(f"/requests/{later}")).text
        figures = (await client.get(f"/sites/{CLUB}")).text
    assert f"Number 1, {first}: open until" in figures
    async with opened.browser("carl") as client:
        assert "overdue" not in (await client.get(f"/sites/{CLUB}")).text
    assert page.index(f"/requests/{first}") < page.index(f"/requests/{later}")
    assert "overdue since" in page
    assert "<script>" not in one
