"""Events go to a recipient whom their visitor agreed to, as precisely as was agreed (M51)."""

from __future__ import annotations

from pathlib import Path

import pytest

from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.closing.close import close_due
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.events import Authorized, Batch
from askfirst_collector.store.lots import joined
from askfirst_collector.store.spool_file import Lot
from askfirst_collector.transfers import deliver
from askfirst_collector.transfers.deliver import deliver_transfers
from askfirst_collector.usecases.transfers import remove_transfer
from askfirst_collector.webhooks.pinned_http import Poster
from tests.unit.closing.house import DAY, after, row
from tests.unit.jobs.listener import Listener
from tests.unit.jobs.test_webhooks import is_ours

from .house import (
    CHARTS,
    NAME,
    SEEN,
    Clock,
    answer,
    deliver_to,
    entries,
    handle_of,
    left,
    messages,
    named,
    run,
    said,
    shop,
    state_of,
    visit,
)


def test_an_event_of_who_agreed_is_delivered_and_is_in_the_ledger(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: signed, without a pseudonym; the entry says to whom, and counts by the rule."""
    _, secret = deliver_to(parts, listener)
    for visitor in range(9):
        answer(parts, visitor)
        visit(parts, visitor)
    assert run(parts, listener) == 1
    path, headers, body = listener.came[0]
    assert path == "/in"
    assert is_ours(secret, headers, body, clock.now)
    (message,) = messages(listener)
    assert message["type"] == "askfirst.events"
    assert (message["site"], message["purpose"], message["recipient"]) == (
        "shop",
        "statistics",
        NAME,
    )
    assert said(message) == [{"type": "page_view", "page": ["other"], "screen": ["desktop"]}] * 9
    assert {tuple(event["time"]) for event in message["events"]} == {("2026-11-16", "12")}
    (entry,) = entries(parts)
    assert entry["recipient"] == {key: CHARTS[key] for key in ("name", "role", "country")}
    assert entry["message"] == headers["webhook-id"]
    assert (entry["what"], entry["visitors"], entry["events"]) == ("events", 9, 9)
    assert handle_of(0) not in body.decode() + str(entry)
    assert parts.transfers.count(state_of(parts).id) == 0
    clock.now += 3_600
    assert run(parts, listener) == 0


def test_few_are_not_counted(parts: Services, listener: Listener) -> None:
    """M27: under the size the entry has no figure."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    run(parts, listener)
    assert [(e["visitors"], e["events"]) for e in entries(parts)] == [(None, None)]


def test_who_agreed_before_the_recipient_was_named_is_not_delivered(
    tmp_path: Path, clock: Clock, listener: Listener
) -> None:
    """M51, M16: a later edition that names it counts for whoever agrees to that one."""
    with shop(tmp_path / "data", clock, named(recipients=[])) as parts:
        answer(parts, 1)
        clock.now += 1
        parts.registry.publish(named())
        deliver_to(parts, listener)
        answer(parts, 2)
        visit(parts, 1, {"screen": ("tablet",)})
        visit(parts, 2)
        run(parts, listener)
    (message,) = messages(listener)
    assert [event["screen"] for event in message["events"]] == [["desktop"]]


def test_a_recipient_that_the_policy_names_no_more_gets_nothing(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: what waits for it goes, as soon as the policy is published."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    clock.now += 1
    parts.registry.publish(named(recipients=[]))
    run(parts, listener)
    assert listener.came == entries(parts) == []
    assert parts.transfers.count(state_of(parts).id) == 0


def test_another_controller_asks_first(parts: Services, clock: Clock, listener: Listener) -> None:
    """M16, M51: when the service changes hands nothing goes on under the old grant."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    clock.now += 1
    before = named().document
    parts.registry.publish(
        read_policy({**before, "controller": {**before["controller"], "name": "New hands"}})
    )
    run(parts, listener)
    assert listener.came == entries(parts) == []
    answer(parts, 1)
    visit(parts, 1)
    clock.now += 3_600
    assert run(parts, listener) == 1


def test_each_gets_what_was_agreed_at_the_detail_that_was_chosen(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M26, M51: of who agreed to less, less; the moment of a delivery tells no more than its time.

    A row that is finer than may be said, as terms were narrowed since, does not go at all.
    """
    deliver_to(parts, listener)
    answer(parts, 1, {"statistics": 1})
    visit(parts, 1, {"page": ("/blog", "/blog/one"), "time": ("2026-11-16",)})
    visit(parts, 1, {"page": ("/blog",), "time": ("2026-11-16", "12")})
    for _ in range(11):
        assert run(parts, listener) == 0
    assert run(parts, listener) == 1  # the day is over
    (message,) = messages(listener)
    assert message["events"] == [{"type": "page_view", "page": ["other"], "time": ["2026-11-16"]}]


def test_an_end_between_sending_and_noting_it_sends_the_same_again(
    parts: Services, clock: Clock, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M50, M51: as after kill -9 there: the same id, the same events, one entry."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(parts.transfers), "forget_message", die)
        with pytest.raises(KeyboardInterrupt):
            run(parts, listener)
    assert run(parts, listener) == 1
    first, second = listener.came
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]
    assert len(entries(parts)) == 1


def test_an_end_before_sending_says_more_than_was_sent(
    parts: Services, clock: Clock, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M51: nothing is sent that is not in the ledger: the entry comes first."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)

    def die(*_: object) -> None:
        assert listener.came == []
        raise KeyboardInterrupt

    monkeypatch.setattr(deliver, "_headers", die)
    with pytest.raises(KeyboardInterrupt):
        run(parts, listener)
    assert (len(listener.came), len(entries(parts))) == (0, 1)


def test_a_recipient_that_fails_for_a_week_gets_nothing_that_is_too_late(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M28, M51: with growing pauses; rows go with their period, or after two days."""
    entry, _ = deliver_to(parts, listener)
    answer(parts, 1)
    listener.answers += [(500, {})] * 100
    for hour in range(7 * 24):
        if hour % 6 == 0:
            visit(parts, 1)
        run(parts, listener)
        assert parts.transfers.count(entry.id) <= 26 // 6 + 1
    assert 10 <= len(listener.came) <= 20
    assert state_of(parts).fault == "500"
    clock.now += 2 * DAY
    run(parts, listener)
    assert handle_of(1).encode() not in left(parts)
    listener.answers.clear()
    visit(parts, 1)
    clock.now = max(clock.now, state_of(parts).due)
    run(parts, listener)
    assert (len(messages(listener)[-1]["events"]), state_of(parts).fault) == (1, "")


def test_a_redirect_is_not_followed_and_an_inner_address_gets_nothing(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M51: neither by a name that leads inside, nor by an answer that does."""
    deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    clock.now += 3_600
    deliver_transfers(parts, clock.now, poster=Poster(resolve=lambda *_: ["10.0.0.1"]))
    assert (entries(parts), state_of(parts).fault) == ([], "not-public")
    clock.now += 60
    listener.answers.append((302, {"location": "https://10.0.0.1/"}))
    assert run(parts, listener) == 0
    assert (len(listener.came), state_of(parts).fault) == (1, "302")


def test_a_string_that_one_visitor_chose_is_other(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M25, M51: until a closed period has shown it, it can tell its visitor from others."""
    for visitor in range(9):
        answer(parts, visitor)
        visit(parts, visitor)
    clock.now = after()
    close_due(parts, clock.now)
    deliver_to(parts, listener)
    secret = {"page": ("/blog", "/blog/zebra-quartz"), "referrer": ("other", "zebra.example")}
    visit(parts, 1, secret)
    visit(parts, 2)
    run(parts, listener)
    (message,) = messages(listener)
    assert b"zebra" not in listener.came[0][2]
    assert sorted(said(message), key=str) == [
        {"type": "page_view", "page": ["/blog", "/blog/one"], "screen": ["desktop"]},
        {"type": "page_view", "page": ["/blog", "other"], "referrer": ["other", "other"]},
    ]


def test_what_a_policy_lists_is_said_and_several_together_are_not(
    tmp_path: Path, clock: Clock, listener: Listener
) -> None:
    """M25: one listed value names nobody; two of long lists may."""
    actions = {"order": {"plan": ["free", "pro"], "size": ["s", "l"], "note": "any"}}
    levels = {**shipped("full").document["purposes"]["statistics"]["levels"], "action": 2}
    with shop(tmp_path / "data", clock, named("full", actions=actions, levels=levels)) as parts:
        answer(parts, 1)
        deliver_to(parts, listener)
        for properties in ("plan=pro", "note=zebra", "plan=pro&size=l", "none"):
            visit(parts, 1, {"action": ("order", properties)}, type="action")
        run(parts, listener)
    (message,) = messages(listener)
    assert sorted(event["action"] for event in message["events"]) == [
        ["order", "none"],
        ["order", "other"],
        ["order", "other"],
        ["order", "plan=pro"],
    ]


def test_what_the_policy_lists_no_more_is_other(
    tmp_path: Path, clock: Clock, listener: Listener
) -> None:
    """M51: held to the lists of now, so that no text that anybody may send hides in them."""
    levels = {**shipped("full").document["purposes"]["statistics"]["levels"], "action": 2}
    free = named("full", actions={"order": {"plan": "any"}}, levels=levels)
    with shop(tmp_path / "data", clock, free) as parts:
        answer(parts, 1)
        deliver_to(parts, listener)
        for plan in ("pro", "zebra-quartz"):
            visit(parts, 1, {"action": ("order", f"plan={plan}")}, type="action")
        parts.events.drain()
        clock.now += 1
        actions = {"order": {"plan": ["free", "pro"]}}
        parts.registry.publish(named("full", actions=actions, levels=levels))
        run(parts, listener)
    (message,) = messages(listener)
    assert sorted(event["action"] for event in message["events"]) == [
        ["order", "plan=other"],
        ["order", "plan=pro"],
    ]


def test_the_same_lot_is_looked_through_once(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M50: a move that is cut off and done again, or done by two processes, doubles nothing."""
    entry, _ = deliver_to(parts, listener)
    answer(parts, 1)
    status = parts.ledger.consent_status("shop", handle_of(1))
    assert status is not None
    judged = Authorized("shop", handle_of(1), status.index)
    timed = row(parts, 1, {**SEEN, "time": ("2026-11-16", "12")})
    batch = Batch(judged, 1, b"k" * 32, (timed, timed, row(parts, 1, SEEN)), b"{}")
    for spool, number in (("a", 1), ("a", 1), ("b", 1), ("a", 2)):
        parts.transfers.copy(spool, [Lot(number, 3, joined([batch]))])
    # Of what has no time, the moment of a delivery would be one: that row does not wait.
    assert parts.transfers.count(entry.id) == 2


def test_what_cannot_be_written_down_is_not_delivered_and_holds_up_nobody(
    parts: Services, clock: Clock, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """M50: events are stored, and a withdrawal is true, whatever becomes of deliveries."""
    deliver_to(parts, listener)
    answer(parts, 1)
    (parts.folder.path / "transfers.db").mkdir()
    visit(parts, 1)
    parts.events.drain()
    assert "askfirst.E110 transfers is away" in caplog.text
    assert sum(parts.events.counts(key).rows for key in parts.events.periods()) == 1
    answer(parts, 1, {})
    status = parts.ledger.consent_status("shop", handle_of(1))
    assert status is not None
    assert status.ended


def test_a_delivery_that_was_ended_sends_nothing(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """What waited for it is gone with it."""
    entry, _ = deliver_to(parts, listener)
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    remove_transfer(parts, ON_THE_MACHINE, "shop", entry.id)
    run(parts, listener)
    assert listener.came == []
    assert handle_of(1).encode() not in left(parts)


def test_nothing_waits_where_nothing_is_delivered(parts: Services) -> None:
    """The file is not even there."""
    answer(parts, 1)
    visit(parts, 1)
    parts.events.drain()
    assert not parts.folder.transfers.exists()
