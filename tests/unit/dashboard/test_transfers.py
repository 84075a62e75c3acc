"""The page of deliveries: who is named, what is delivered, what went wrong, and no secret."""

from __future__ import annotations

import re
from typing import Any

import pytest

from askfirst_collector.catalogue.transfers import note_failure, transfers_of
from askfirst_collector.dashboard.layout.labels import fault_of
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.transfers import create_transfer
from tests.conftest import ROOT
from tests.support.collectors import policy, purposes
from tests.system.isolation.world import SHOP, World
from tests.unit.dashboard.test_settings import EVIL, post

pytestmark = pytest.mark.anyio
PATH = "/sites/shop/transfers"
URL = "https://hooks.example/a-secret-path"


def publish(here: World, *names: str) -> None:
    """A policy of shop that names these recipients."""
    recipients = [{"name": name, "role": "processor", "country": "IE"} for name in names]
    own = purposes("standard", statistics={"recipients": recipients})
    here.parts.registry.publish(policy("standard", purposes=own))


async def create(client: Any, **changes: str) -> Any:
    """The form, filled."""
    fields = {"recipient": "statistics/Tide Charts Ltd", "what": "events", "way": "webhook"}
    return await post(client, PATH, **{**fields, "url": URL, **changes})


async def test_a_delivery_is_made_shown_and_ended(here: World) -> None:
    """Its secret is shown once, its path never again."""
    publish(here, "Tide Charts Ltd")
    async with here.browser("olive") as client:
        answer = await create(client)
        assert (answer.status_code, "whsec_" in answer.text) == (200, True)
        page = await client.get(PATH)
        assert (page.status_code, "Events of" in page.text) == (200, True)
        assert "hooks.example" in page.text
        assert "a-secret-path" not in page.text
        assert "whsec_" not in page.text
        again = await create(client)
        assert (again.status_code, "gets that already" in again.text) == (409, True)
        (entry,) = transfers_of(here.parts.engine, SHOP)
        assert (await post(client, f"{PATH}/end", id=entry.id)).status_code == 303
        assert transfers_of(here.parts.engine, SHOP) == []


async def test_what_went_wrong_is_said_and_who_is_named_no_more(here: World) -> None:
    """M51: a delivery to somebody whom the policy dropped reads as stopped."""
    publish(here, "Tide Charts Ltd")
    values = {"purpose": "statistics", "what": "figures", "way": "webhook", "url": URL}
    create_transfer(here.parts, ON_THE_MACHINE, SHOP, recipient="Tide Charts Ltd", **values)
    (entry,) = transfers_of(here.parts.engine, SHOP)
    note_failure(here.parts.engine, entry, "not-public", here.parts.now())
    async with here.browser("olive") as client:
        page = (await client.get(PATH)).text
        assert "Does not arrive: hooks.example is in a private network" in page
        assert "use a public address. Next try " in page
        assert "not-public" not in page
        publish(here)
        page = (await client.get(PATH)).text
        assert "the policy names this recipient no more" in page
        assert "the policy names no recipient" in page


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        ("no-address", "look for a slip in its name"),
        ("tls", "the certificate of a.example does not hold: renew it"),
        ("no-answer", "see that it runs"),
        ("301", "leads elsewhere (301), where nothing is sent: make a delivery to that address"),
        ("403", "refuses it (403): give its key the right to write"),
        ("404", "make one for another"),
        ("503", "has a fault of its own (503)"),
        ("418", "does not take it (418): see what it expects"),
        ("something-new", "(something-new): see what it expects"),
    ],
)
def test_a_fault_is_said_with_what_to_do(fault: str, advice: str) -> None:
    assert advice in fault_of(fault, "a.example")


def test_every_fault_of_a_delivery_has_words() -> None:
    """Whoever adds one to `pinned_http` adds what to do about it."""
    source = (ROOT / "collector/askfirst_collector/webhooks/pinned_http.py").read_text("utf-8")
    faults = set(re.findall(r'Unreachable\("([^"]+)"\)', source))
    assert len(faults) == 4
    assert all("see what it expects" not in fault_of(fault, "a.example") for fault in faults)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://hooks.example/"}, "Write https://HOST/PATH"),
        ({"url": f"https://hooks.example/{EVIL}"}, "Write https://HOST/PATH"),
        ({"recipient": f"statistics/{EVIL}"}, "names no such recipient"),
        ({"recipient": "nothing/Tide Charts Ltd"}, "not asked for this purpose: name one of"),
        ({"recipient": ""}, "not asked for this purpose: name one of"),
        ({"what": "everything"}, "figures or events"),
        ({"way": "pigeon"}, "webhook or s3"),
        ({"way": "s3"}, "key id that the storage gave you"),
        ({"way": "s3", "key_id": "A/B", "secret": "x"}, "no slash"),
        ({"way": "s3", "key_id": "AKIA", "secret": "x", "url": "https://s3.example"}, "BUCKET"),
        ({"way": "s3", "key_id": "AKIA", "secret": "x\r\ny"}, "secret that the storage"),
    ],
)
async def test_a_form_that_cannot_be_used_says_what_to_write(
    here: World, changes: dict[str, str], said: str
) -> None:
    """It comes back filled, but for the secret, and nothing of it runs."""
    publish(here, "Tide Charts Ltd")
    async with here.browser("olive") as client:
        answer = await create(client, **changes)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert "<script>alert" not in answer.text
    assert 'type="password" value' not in answer.text
    assert transfers_of(here.parts.engine, SHOP) == []
