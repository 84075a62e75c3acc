"""Letters: to a confirmed address of a member alone, once a period, by a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from askfirst.errors import Refused
from askfirst_collector.catalogue.subscriptions import read_subscription
from askfirst_collector.catalogue.webhook_queue import PAUSES
from askfirst_collector.closing.close import close_due
from askfirst_collector.jobs.letters import letter_jobs
from askfirst_collector.jobs.run import run_jobs
from askfirst_collector.letters.deliver import deliver_mails, queue_due
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from askfirst_collector.usecases.members import change_member, remove_member
from askfirst_collector.usecases.retention import purge
from askfirst_collector.usecases.subscriptions import (
    MOST_MAILS,
    confirm_subscription,
    end_subscription,
    send_test_letter,
    subscribe,
    unsubscribe,
)
from tests.support.mail_server import URL, Mailbox, mail_server
from tests.support.people import admin, member
from tests.unit.closing.house import DAY, MONDAY, Clock, after, crowd, opened, policy, store

NEXT = after(MONDAY, 7) + 6 * 3_600  # the Monday after, when figures are there
EMAIL = "olive@shop.example"
MARKUP = "/<b>one</b>"


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with mail_server(tmp_path) as box:
        yield box


@pytest.fixture
def clock() -> Clock:
    return Clock(after(MONDAY, 0) + DAY / 2)


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """A Monday with thirty visitors of a page whose name is markup, in a week that is over."""
    with opened(tmp_path / "data", clock, policy()) as parts:
        admin(parts, "ada")
        store(parts, crowd(parts, 30, page=("/blog", MARKUP), ip=("IE",)))
        yield parts


@pytest.fixture
def olive(parts: Services) -> Member:
    return member(parts, "olive", "site-owner", "shop")


def read_word(message: EmailMessage) -> str:
    """The word of the link in a mail that asks whether an address is one's own."""
    word = re.search(r"/letters/confirm\?word=([0-9a-f]{32})", text_of(message))
    assert word
    return word[1]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def ask(parts: Services, actor: Member, email: str = EMAIL) -> None:
    subscribe(parts, actor, "shop", email, every="week", alerts=False)


def confirmed(parts: Services, clock: Clock, mailbox: Mailbox, actor: Member) -> None:
    """Ask for letters, and confirm the address by the mail that came."""
    ask(parts, actor)
    deliver_mails(parts, clock.now, post=mailbox.post())
    confirm_subscription(parts, actor, read_word(mailbox.came.pop()))


def one_round(parts: Services, clock: Clock, mailbox: Mailbox) -> None:
    """What the holder of the lease does, once."""
    close_due(parts, clock.now)
    run_jobs(parts, clock.now, jobs=letter_jobs(mailbox.post()))


def test_nothing_is_sent_to_an_address_but_the_question(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """Until its own member confirms it: not by looking, not by another member, not twice."""
    ask(parts, olive)
    clock.now = NEXT
    one_round(parts, clock, mailbox)
    (question,) = mailbox.came
    assert mailbox.recipients == [[EMAIL]]
    assert "List-Unsubscribe" not in question
    assert "olive" not in text_of(question), "a name is anybody's text"
    word = read_word(question)
    carl = member(parts, "carl", "site-owner", "shop")
    for actor, text in ((carl, word), (olive, "0" * 32), (olive, "")):
        with pytest.raises(Refused, match="not yours"):
            confirm_subscription(parts, actor, text)
    confirm_subscription(parts, olive, word)
    with pytest.raises(Refused):
        confirm_subscription(parts, olive, word)
    clock.now += 3600
    one_round(parts, clock, mailbox)
    assert len(mailbox.came) == 1, "the first letter is of a period that ends after that"


def test_a_letter_says_what_the_page_shows(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """M27: text and HTML, by the same rule; nothing is loaded; markup in a name is text."""
    confirmed(parts, clock, mailbox, olive)
    clock.now = NEXT
    one_round(parts, clock, mailbox)
    (letter,) = mailbox.came
    assert letter["Subject"] == "shop, 16 to 22 Nov 2026"
    assert letter["Auto-Submitted"] == "auto-generated"
    text, html = text_of(letter), text_of(letter, "html")
    assert f"30  {MARKUP}" in text
    assert "&lt;b&gt;one&lt;/b&gt;" in html
    assert MARKUP not in html
    assert "Ireland" in html
    assert not re.search(r"<(img|link|script|iframe)|url\(|src=", html)
    links = re.findall(r"https?://[^\s\"<>]+", text + html)
    assert {link.split("?")[0].rsplit("/", 1)[0] for link in links} <= {
        f"{URL}/sites",
        f"{URL}/unsubscribe",
    }


def test_one_click_ends_letters(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """RFC 8058: the headers, and a word that ends this and no other; nothing waits any more."""
    confirmed(parts, clock, mailbox, olive)
    clock.now = NEXT
    one_round(parts, clock, mailbox)
    (letter,) = mailbox.came
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    header = re.fullmatch(rf"<{URL}/unsubscribe/([0-9a-f]{{32}})>", letter["List-Unsubscribe"])
    assert header
    assert not unsubscribe(parts, "0" * 32)
    assert unsubscribe(parts, header[1])
    assert not unsubscribe(parts, header[1])
    clock.now += 7 * DAY
    one_round(parts, clock, mailbox)
    assert len(mailbox.came) == 1


def test_a_period_has_one_letter(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """However often the jobs run, whatever is asked anew, and with the memory of it purged."""
    confirmed(parts, clock, mailbox, olive)
    for hours in range(0, 6 * 24, 5):
        clock.now = NEXT + hours * 3600
        one_round(parts, clock, mailbox)
        purge(parts, clock.now)
        subscribe(parts, olive, "shop", EMAIL, every="week", alerts=True)
    assert len(mailbox.came) == 1
    clock.now = NEXT + 7 * DAY
    one_round(parts, clock, mailbox)
    assert [letter["Subject"] for letter in mailbox.came] == [
        "shop, 16 to 22 Nov 2026",
        "shop, 23 to 29 Nov 2026",
    ]


def test_a_month_has_a_letter_on_the_first_of_the_next(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """Six hours into it, when it is closed; against as many days of the month before."""
    confirmed(parts, clock, mailbox, olive)
    subscribe(parts, olive, "shop", EMAIL, every="month", alerts=False)
    clock.now = after("2026-12-01", 0) + 5 * 3600
    one_round(parts, clock, mailbox)
    assert mailbox.came == []
    clock.now += 3600
    one_round(parts, clock, mailbox)
    assert [letter["Subject"] for letter in mailbox.came] == ["shop, 1 to 30 Nov 2026"]
    assert "against 1 to 30 Oct 2026" in text_of(mailbox.came[0])


def test_letters_end_with_the_membership(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """With the site that is taken away, or the member; whoever has the name next gets none."""
    confirmed(parts, clock, mailbox, olive)
    carl = member(parts, "carl", "site-owner", "shop")
    clock.now += 60
    confirmed(parts, clock, mailbox, carl)
    ada = Member("ada", "host-admin")
    change_member(parts, ada, "olive", "site-owner", ["club"])
    clock.now = NEXT
    queue_due(parts, clock.now)
    remove_member(parts, ada, "carl")
    member(parts, "carl", "reader", "shop")
    one_round(parts, clock, mailbox)
    assert mailbox.came == []
    assert read_subscription(parts.engine, "shop", "olive") is None
    assert read_subscription(parts.engine, "shop", "carl") is None


@pytest.mark.parametrize(
    "email",
    [
        *("=?utf-8?q?x?=@b.example", "", "olive", "olive@shop", "a@b.example\n"),
        "a@b.example\r\nBcc: all@victims.example",
        *("a@b.example, c@d.example", "<a@b.example>", '"a b"@c.example', "ä@b.example"),
        *("a@b.example>\nRCPT TO:<c@d.example", "a@[127.0.0.1]", f"{'a' * 65}@b.example"),
        *("a..b@c.example", ".a@c.example", "a@-c.example", f"a@{'b' * 250}.example", "a@b\0.ex"),
    ],
)
def test_what_is_no_address_is_refused(parts: Services, olive: Member, email: str) -> None:
    """Nothing reaches a header, or a command of SMTP, that is not one plain address."""
    if email.strip() != email and email.strip():
        ask(parts, olive, email)
        target = read_subscription(parts.engine, "shop", "olive")
        assert target is not None
        assert target.email == email.strip()
        return
    with pytest.raises(Refused, match=r"ada@example\.org"):
        ask(parts, olive, email)


def test_members_get_letters_about_their_own_sites(parts: Services, olive: Member) -> None:
    with pytest.raises(Refused, match="host admin"):
        subscribe(
            parts, member(parts, "rita", "reader", "club"), "shop", EMAIL, every="week", alerts=True
        )
    with pytest.raises(Refused, match="host admin"):
        subscribe(parts, olive, "club", EMAIL, every="week", alerts=True)
    token = replace(olive, scopes=frozenset({"sites"}))
    with pytest.raises(Refused, match="host admin"):
        ask(parts, token)
    for every in ("", "year"):
        with pytest.raises(Refused, match="choose a letter"):
            subscribe(parts, olive, "shop", EMAIL, every=every, alerts=False)


def test_nobody_is_flooded_with_questions(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """Five addresses a day, whether or not each is ended again; and five tests."""
    for number in range(MOST_MAILS):
        ask(parts, olive, f"victim{number}@shop.example")
        end_subscription(parts, olive, "shop")
    with pytest.raises(Refused, match="wait until tomorrow"):
        ask(parts, olive)
    clock.now += DAY + 1
    with pytest.raises(Refused, match="confirm an address first"):
        send_test_letter(parts, olive, "shop")
    confirmed(parts, clock, mailbox, olive)
    for _ in range(MOST_MAILS):
        send_test_letter(parts, olive, "shop")
    with pytest.raises(Refused, match="wait until tomorrow"):
        send_test_letter(parts, olive, "shop")
    one_round(parts, clock, mailbox)
    assert {letter["Subject"] for letter in mailbox.came} == {"Test: shop, 9 to 15 Nov 2026"}
    assert len(mailbox.came) == MOST_MAILS


def test_one_address_is_asked_twice_a_week(parts: Services, clock: Clock, olive: Member) -> None:
    """Whoever ends and asks again, under another spelling, fills nobody's box."""
    for email in ("victim@shop.example", "Victim@shop.example"):
        ask(parts, olive, email)
        end_subscription(parts, olive, "shop")
    clock.now += 2 * DAY
    with pytest.raises(Refused, match="asked twice this week"):
        ask(parts, olive, "victim@shop.example")
    ask(parts, olive, "another@shop.example")
    clock.now += 6 * DAY
    ask(parts, olive, "victim@shop.example")


def test_an_address_that_nobody_confirmed_is_forgotten(
    parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """After a week: the link does nothing any more, even before the row goes."""
    ask(parts, olive)
    deliver_mails(parts, clock.now, post=mailbox.post())
    clock.now += 6 * DAY
    purge(parts, clock.now)
    assert read_subscription(parts.engine, "shop", "olive") is not None
    clock.now += 2 * DAY
    with pytest.raises(Refused, match="too old"):
        confirm_subscription(parts, olive, read_word(mailbox.came.pop()))
    purge(parts, clock.now)
    assert read_subscription(parts.engine, "shop", "olive") is None


def test_what_did_not_go_is_tried_again_with_pauses(
    parts: Services,
    clock: Clock,
    mailbox: Mailbox,
    olive: Member,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Under one id, so that programs tell; then given up, and said: without the address."""
    confirmed(parts, clock, mailbox, olive)
    clock.now = NEXT
    mailbox.answers = ["451 later"] * (len(PAUSES) + 1)
    one_round(parts, clock, mailbox)
    for pause in PAUSES:
        clock.now += pause - 1
        deliver_mails(parts, clock.now, post=mailbox.post())
        clock.now += 1
        deliver_mails(parts, clock.now, post=mailbox.post())
    assert mailbox.answers == []
    assert caplog.text.count("askfirst.W170") == len(PAUSES)
    assert caplog.text.count("askfirst.E172") == 1
    assert EMAIL not in caplog.text
    clock.now += DAY
    one_round(parts, clock, mailbox)
    assert mailbox.came == []
