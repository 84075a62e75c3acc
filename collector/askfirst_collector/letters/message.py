"""A letter as a message (RFC 5322): text and simple HTML, nothing from elsewhere, no tracking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlsplit

from askfirst_collector.catalogue.subscriptions import Subscription
from askfirst_collector.dashboard.layout.templates import environment

_TEMPLATES = environment()
NAME = "askfirst"  # who letters are from


@dataclass(frozen=True)
class Section:
    """A small table: what each line is called, its figure, and what stands beside that."""

    title: str
    rows: tuple[tuple[str, str, str], ...]
    why: str = ""  # where there are none


@dataclass(frozen=True)
class Letter:
    """What a message says; `link` is where it leads to, with its words."""

    subject: str
    paragraphs: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    link: tuple[str, str] = ("", "")
    small: str = ""
    can_end: bool = True  # by a link; but the mail that asks whether to begin


def as_message(
    letter: Letter, target: Subscription, *, id: str, sender: str, url: str, now: float
) -> EmailMessage:
    """The message to one address, under the same id however often it is tried.

    With `List-Unsubscribe-Post` mail programs end letters by one click (RFC 8058).
    """
    end = f"{url}/unsubscribe/{target.word}" if letter.can_end else ""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(NAME, addr_spec=sender)
    message["To"] = Address(addr_spec=target.email)
    message["Subject"] = clean(letter.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(int(now), UTC))
    message["Message-ID"] = f"<{id}@{urlsplit(url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody answers by themselves
    if end:
        message["List-Unsubscribe"] = f"<{end}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(as_text(letter, end))
    html = _TEMPLATES.get_template("letter.html").render(letter=letter, end=end)
    message.add_alternative(html, subtype="html")
    return message


def as_text(letter: Letter, end: str) -> str:
    """A letter as plain text; a value is one line, whatever it holds."""
    lines = [line for text in letter.paragraphs for line in (clean(text), "")]
    for section in letter.sections:
        lines += [clean(section.title), "-" * len(clean(section.title))]
        width = max((len(figure) for _, figure, _ in section.rows), default=0)
        lines += [
            f"{figure:>{width}}  {clean(name)}{f' ({clean(note)})' if note else ''}"
            for name, figure, note in section.rows
        ]
        lines += [clean(section.why), ""] if section.why else [""]
    if letter.link[0]:
        lines += [f"{letter.link[1]}: {letter.link[0]}", ""]
    if letter.small:
        lines += [clean(letter.small), ""]
    if end:
        lines += [f"No more of these: {end}", ""]
    return "\n".join(lines)


def clean(text: str) -> str:
    """A value on one line, without what is not seen."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
