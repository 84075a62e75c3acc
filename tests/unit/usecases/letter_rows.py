"""Use case by face, of letters by e-mail; see `rows.py`."""

from __future__ import annotations

from askfirst_collector.catalogue.mail_queue import due_mails
from askfirst_collector.catalogue.subscriptions import read_subscription
from askfirst_collector.members.permissions import Member
from askfirst_collector.usecases.subscriptions import confirm_subscription, subscribe
from tests.system.isolation.world import CLUB, World

from .faces import ACTOR, Form, Row, Values

_CLUB = {"site": CLUB}
_LETTERS = "/sites/{site}/letters"
_ADA = Member(ACTOR, "host-admin")
_EMAIL = "ada@letters.example"


def _asked(world: World) -> Values:
    """Ada asked for letters; the words of the links that confirm and end them."""
    subscribe(world.parts, _ADA, CLUB, _EMAIL, every="week", alerts=False)
    mails = due_mails(world.parts.engine, world.parts.now(), 9)
    (mail,) = (mail for mail in mails if mail.word)
    return {"word": mail.word, "end": mail.subscription.word}


def _confirmed(world: World) -> Values:
    values = _asked(world)
    confirm_subscription(world.parts, _ADA, values["word"])
    assert read_subscription(world.parts.engine, CLUB, ACTOR) is not None
    return values


ROWS = (
    Row(
        "subscribe",
        ("letters.ask",),
        {"dashboard": Form(_LETTERS, {"email": _EMAIL, "every": "month", "alerts": "1"}, _CLUB)},
    ),
    Row(
        "subscribe",
        ("letters.ask",),
        {"dashboard": Form(_LETTERS, {"email": _EMAIL, "every": "", "alerts": "1"}, _CLUB)},
        prepare=_confirmed,
    ),
    Row(
        "confirm_subscription",
        ("letters.confirm",),
        {"dashboard": Form("/letters/confirm", {"word": "{word}"})},
        prepare=_asked,
    ),
    Row(
        "confirm_subscription",
        (),
        {"dashboard": Form("/letters/confirm", {"word": "0" * 32})},
        allowed=False,
        prepare=_asked,
    ),
    Row(
        "send_test_letter",
        (),
        {"dashboard": Form(f"{_LETTERS}/test", fills=_CLUB)},
        prepare=_confirmed,
    ),
    Row(
        "end_subscription",
        ("letters.end",),
        {"dashboard": Form(f"{_LETTERS}/end", fills=_CLUB)},
        prepare=_asked,
    ),
    Row(
        "unsubscribe",
        ("letters.end",),
        {"by a link": Form("/unsubscribe/{word}", fills={"word": "{end}"}, actor=None)},
        prepare=_confirmed,
    ),
)
