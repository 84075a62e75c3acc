"""A right is looked at again where the change is made, whatever a face believed before."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from askfirst.errors import Reason, Refused
from askfirst.terms.policy import shipped
from askfirst_collector.imports.cells import Sums
from tests.support.collectors import policy
from tests.support.placing import tides
from tests.system.isolation.world import CLUB, World, world

from .test_faces import functions

_SITE = policy(site=CLUB, origins=["https://club.example"])
_ID = "0" * 16
_SHARE = {"purpose": "statistics", "cards": ["Pages"], "days": "28d", "lasts": 9}
_TRANSFER = {
    "purpose": "statistics",
    "recipient": "Tide Charts Ltd",
    "what": "figures",
    "way": "webhook",
    "url": "https://hooks.example/club",
}
# How each change is asked for, without parts and actor: all could be made by a host admin.
CALLS: Mapping[str, tuple[tuple[Any, ...], Mapping[str, Any]]] = {
    "change_member": (("carl", "reader", [CLUB]), {}),
    "change_password": (("four quiet herons wade",), {}),
    "create_set_up_link": ((), {}),
    "create_share": ((CLUB,), _SHARE),
    "create_site_key": ((CLUB,), {}),
    "create_transfer": ((CLUB,), _TRANSFER),
    "create_token": (("ci", ["read"]), {"days": 1}),
    "export_rows": ((CLUB,), {}),
    "ask_evidence": (("0" * 64,), {}),
    "open_evidence": ((_ID,), {}),
    "read_evidence": ((_ID,), {}),
    "close_request": ((1, "refused"), {}),
    "enter_request": ((CLUB, "access"), {"received": date(2026, 11, 20), "contact": "x"}),
    "extend_request": ((1,), {}),
    "identify_request": ((1, "{}"), {}),
    "end_session": (("carl", _ID), {}),
    "end_share": ((CLUB, _ID), {}),
    "end_site_key": ((CLUB, _ID), {}),
    "end_subscription": ((CLUB,), {}),
    "end_token": (("carl", _ID), {}),
    "import_figures": ((CLUB, "matomo", Sums()), {}),
    "invite_member": (("reader", [CLUB]), {}),
    "lose_machine": ((_ID,), {}),
    "limit_site": ((CLUB, 900), {}),
    "publish_policy": ((policy("standard", site=CLUB, origins=["https://club.example"]),), {}),
    "remove_imported": ((CLUB, "matomo"), {}),
    "remove_member": (("carl",), {}),
    "remove_site": ((CLUB,), {}),
    "remove_webhook": ((), {"site": CLUB}),
    "remove_transfer": ((CLUB, _ID), {}),
    "renew_write_key": ((CLUB, "tides"), {}),
    "retire_site": ((CLUB,), {}),
    "record_backup": (("make", "backup.age"), {}),
    "review_purpose": ((CLUB, "statistics"), {}),
    "rotate_keys": (("receipts",), {}),
    "save_collector": ((tides(_SITE, pages=["/tides/**", "/harbours/*"]),), {}),
    "save_host_policy": ((shipped("host-default"),), {"expected": 0}),
    "save_webhook": (("https://hooks.example/club",), {"site": CLUB}),
    "send_test": ((), {"site": CLUB}),
    "send_test_letter": ((CLUB,), {}),
    "set_collector_state": ((CLUB, "tides", "suspended"), {}),
    "subscribe": ((CLUB, "gone@example.org"), {"every": "week", "alerts": False}),
    "unschedule_policy": ((CLUB,), {}),
    "withdraw_invitation": ((_ID,), {}),
}
# By a word that is the member's own, and ends with the membership.
BY_WORD = {"confirm_subscription"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("rights") / "data") as opened:
        opened.renew_key()
        yield opened


def test_every_change_is_here() -> None:
    """Each function of the use cases that somebody acts by."""
    acting = {
        name
        for name, value in functions().items()
        if "actor" in inspect.signature(value).parameters
    }
    assert CALLS.keys() == acting - BY_WORD


@pytest.mark.parametrize("name", CALLS)
def test_who_is_no_member_any_more_changes_nothing(here: World, name: str) -> None:
    """A host admin whom another one removed while their request was on its way."""
    gone = replace(here.people["ada"], name="gone")
    before = here.state(), [*here.parts.folder.keys.iterdir()]
    words, options = CALLS[name]
    with pytest.raises(Refused) as refused:
        functions()[name](here.parts, gone, *words, **options)
    assert refused.value.reason is Reason.NOT_ALLOWED
    assert (here.state(), [*here.parts.folder.keys.iterdir()]) == before
