"""The server that takes mail: over TLS or not at all, and never handed a message twice."""

from __future__ import annotations

import signal
import ssl
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.catalogue.mail_queue import trouble
from askfirst_collector.catalogue.subscriptions import read_subscription
from askfirst_collector.config import SettingError
from askfirst_collector.letters.deliver import deliver_mails, queue_due
from askfirst_collector.letters.settings import MailServer, mail_server_of
from askfirst_collector.letters.smtp import NotSent, PerhapsSent, Post
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from tests.support.mail_server import PASSWORD, URL, USER, Mailbox, mail_server
from tests.support.programs import python
from tests.unit.closing.house import Clock
from tests.unit.jobs.listener import certificate, silent

from .test_letters import EMAIL, NEXT, confirmed
from .test_letters import clock as clock
from .test_letters import mailbox as mailbox
from .test_letters import olive as olive
from .test_letters import parts as parts

MESSAGE = EmailMessage()
MESSAGE["Subject"] = "canary"
MESSAGE.set_content("canary")
# Sends what waits in a folder, until it is killed.
SENDING = """
import ssl, sys
from pathlib import Path
from askfirst_collector.letters.deliver import deliver_mails
from askfirst_collector.letters.settings import MailServer
from askfirst_collector.letters.smtp import Post
from tests.unit.closing.house import Clock, opened
folder, port, ca, user, password, url, now = sys.argv[1:]
server = MailServer("localhost", "stats@stats.example", port=int(port), user=user,
                    password=password, url=url)
post = Post(server, lambda: "", tls=ssl.create_default_context(cafile=ca))
with opened(Path(folder), Clock(float(now))) as parts:
    deliver_mails(parts, float(now), post=post)
"""


def send(post: Post) -> list[bool]:
    """Send one message; whether it was handed over."""
    begun: list[bool] = []

    def begin() -> bool:
        begun.append(True)
        return True

    post.send(MESSAGE, EMAIL, begin)
    return begun


def test_nothing_goes_in_the_clear(tmp_path: Path) -> None:
    """No STARTTLS, no letter: whoever takes it out of the answer gets neither password nor mail."""
    with mail_server(tmp_path, starttls=False) as mailbox:
        with pytest.raises(NotSent, match="no STARTTLS"):
            send(mailbox.post(user="", password=""))
        assert mailbox.came == []
        send(mailbox.post(user="", password="", security="none"))  # on this machine, by choice
        assert len(mailbox.came) == 1


def test_a_certificate_that_is_not_trusted_is_refused(mailbox: Mailbox, tmp_path: Path) -> None:
    other, _ = certificate(tmp_path, "other.example")
    post = Post(mailbox.server(), lambda: "", tls=ssl.create_default_context(cafile=str(other)))
    with pytest.raises(NotSent, match="certificate"):
        send(post)
    assert mailbox.came == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"password": "wrong"}, r"the user or the password \(535\)"),
        ({"user": "", "password": ""}, r"answered 530|refused the address \(530\)"),
    ],
)
def test_who_is_refused_is_told_in_words(
    mailbox: Mailbox, changes: dict[str, Any], fault: str
) -> None:
    """And by the server's number; by nothing else that it said."""
    with pytest.raises(NotSent, match=fault):
        send(mailbox.post(**changes))


def test_a_server_that_is_away_or_says_nothing_ends(mailbox: Mailbox) -> None:
    """In the time that a message has, for jobs that destroy keys wait behind it."""
    with silent() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(NotSent, match=r"hung up|cannot be reached"):
            send(mailbox.post(port=port, limit=0.2))
    with pytest.raises(NotSent, match=r"cannot be reached \(ConnectionRefusedError\)"):
        send(mailbox.post(port=port))


def test_a_server_that_hangs_up_on_a_message_may_have_taken_it(mailbox: Mailbox) -> None:
    """It is told from one that did not: such a message is not sent again."""
    ended = threading.Event()
    mailbox.at_data = lambda: _wait(ended)
    with pytest.raises(PerhapsSent):
        send(mailbox.post(limit=0.5))
    ended.set()


def _wait(event: threading.Event) -> None:
    event.wait()


def test_what_somebody_else_began_is_not_handed_over(mailbox: Mailbox) -> None:
    assert not mailbox.post().send(MESSAGE, EMAIL, lambda: False)
    assert mailbox.came == []


def test_a_letter_cut_off_by_kill_is_not_sent_twice(
    tmp_path: Path, parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """Killed after the server took it and before that was written: said, and not sent again."""
    confirmed(parts, clock, mailbox, olive)
    clock.now = NEXT
    assert queue_due(parts, clock.now) == 1
    words = (tmp_path / "data", mailbox.port, mailbox.ca, USER, PASSWORD, URL, clock.now)
    program = python("-c", SENDING, *words)
    mailbox.at_data = lambda: program.send_signal(signal.SIGKILL)
    assert program.wait(60) == -signal.SIGKILL
    assert len(mailbox.came) == 1
    for _ in range(3):
        clock.now += 3600
        queue_due(parts, clock.now)
        assert deliver_mails(parts, clock.now, post=mailbox.post()) == 0
    assert len(mailbox.came) == 1
    target = read_subscription(parts.engine, "shop", "olive")
    assert target is not None
    state = trouble(parts.engine, target.id)
    assert state is not None
    assert (state.is_over, state.fault) == (True, "cut off: it may have arrived")


def test_what_was_not_handed_over_when_killed_is_sent(
    tmp_path: Path, parts: Services, clock: Clock, mailbox: Mailbox, olive: Member
) -> None:
    """Killed while the server still says hello: the letter is sent by whoever comes next."""
    confirmed(parts, clock, mailbox, olive)
    clock.now = NEXT
    queue_due(parts, clock.now)
    with silent() as listener:
        words = (listener.getsockname()[1], mailbox.ca, USER, PASSWORD, URL, clock.now)
        program = python("-c", SENDING, tmp_path / "data", *words)
        with listener.accept()[0]:
            program.send_signal(signal.SIGKILL)
            program.wait(60)
    assert deliver_mails(parts, clock.now, post=mailbox.post()) == 1
    assert len(mailbox.came) == 1


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"host": ""}, "name the host"),
        ({"sender": "stats"}, "give the sender"),
        ({"sender": "a@b.example\nBcc: c@d.example"}, "give the sender"),
        ({"security": "none"}, "use starttls or tls"),
        ({"security": "ssl"}, "choose starttls"),
        ({"port": 70_000}, "give a port"),
        ({"url": "http://stats.example/"}, "give the address of the dashboard"),
        ({"url": "https://stats.example/?a=b"}, "give the address of the dashboard"),
    ],
)
def test_settings_that_cannot_be_used_are_said_at_start(
    changes: dict[str, Any], advice: str
) -> None:
    values = {"host": "smtp.example.org", "sender": "stats@example.org", **changes}
    with pytest.raises(SettingError, match=advice) as raised:
        MailServer(**values)
    assert raised.value.code == "askfirst.E170"


def test_settings_are_read_from_the_environment() -> None:
    """A server of its own cannot know where it is seen from; none is named: none is used."""
    assert mail_server_of({}) is None
    names = {"HOST": "smtp.example.org", "FROM": "stats@example.org", "PASSWORD": "canary"}
    environment = {f"ASKFIRST_SMTP_{name}": value for name, value in names.items()}
    with pytest.raises(SettingError, match="say where members find the dashboard"):
        mail_server_of(environment)
    server = mail_server_of({**environment, "ASKFIRST_URL": URL})
    assert server is not None
    assert (server.security, server.number, server.url) == ("starttls", 587, URL)
    assert "canary" not in repr(server)
    with pytest.raises(SettingError, match="give a port"):
        mail_server_of({**environment, "ASKFIRST_URL": URL, "ASKFIRST_SMTP_PORT": "x"})
