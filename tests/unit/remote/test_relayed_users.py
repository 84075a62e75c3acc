"""A relay says which signed-in user it was, where the visitor agreed to be linked (M14)."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.client import Caller
from askfirst.contracts.events import read_page_batch
from askfirst.gate.user_token import user_tokens
from askfirst.remote.generalise import Asking, Generaliser
from askfirst.remote.relay_events import Relayed
from tests.unit.gate.shown import document, editions, visitor

TOKEN = user_tokens((b"a" * 32,), "example", "mira")[0]


class Everything:
    """Terms of a collector that narrows nothing."""

    sized = False
    links_users = True

    def effective(self, name: str, choice: Any) -> Any:
        return EDITIONS.current.policy.purposes[name].terms


def _linked(level: int) -> Any:
    policy = document()
    policy["purposes"]["statistics"]["levels"]["user_id"] = level
    return editions(policy)


EDITIONS = _linked(1)


def body(
    purpose: str, *, detail: int = 2, user: str = TOKEN, level: int = 1, links: bool = True
) -> Any:
    """What leaves for one page view."""

    async def nothing(*_: Any) -> Any: ...

    terms = Everything()
    terms.links_users = links
    relayed = Relayed(
        Generaliser(),
        terms,  # type: ignore[arg-type]
        nothing,
        nothing,
        lambda _: False,
        lambda _: False,
        now=lambda: 0.0,
    )
    choices = dict.fromkeys(("statistics", "marketing", "preferences"), detail)
    consent = visitor(_linked(level), 1, **choices)
    caller = Caller("example", "5e" * 32, False, False, consent, user=user)
    event = {"purpose": purpose, "type": "page_view", "page": "/"}
    sent = {"v": 1, "batch": "A" * 22, "events": [event]}
    prepared = relayed.prepare(caller, read_page_batch(sent, site="example"), Asking([], "", 0.0))
    assert prepared.body is not None
    return prepared.body


def test_the_token_goes_with_what_is_linked() -> None:
    """Under the key of the site, for the purpose that asks for it."""
    assert body("statistics")["user"] == TOKEN


@pytest.mark.parametrize(
    "other", [{"purpose": "marketing"}, {"detail": 1}, {"user": ""}, {"level": 0}, {"links": False}]
)
def test_it_does_not_go_with_anything_else(other: dict[str, Any]) -> None:
    """Nor for less detail, nor to a collector of before, which would refuse the whole batch."""
    assert "user" not in body(**{"purpose": "statistics", **other})
