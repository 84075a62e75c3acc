"""Owners are told by a signed webhook, over real TLS, until it arrives (M33)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askfirst.errors import Refused
from askfirst_collector.catalogue.webhook_queue import (
    PAUSES,
    drop_webhook,
    set_webhook,
    webhook_url,
)
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.services import Services
from askfirst_collector.store.database import writing
from askfirst_collector.usecases.save_host_policy import save_host_policy
from askfirst_collector.usecases.webhooks import MOST_WAITING, send_test
from askfirst_collector.webhooks.deliver import tell_owners
from askfirst_collector.webhooks.pinned_http import Poster
from tests.conftest import ROOT
from tests.support.people import admin
from tests.unit.catalogue.test_host_policies import host_policy
from tests.unit.closing.house import Clock
from tests.unit.jobs.listener import Listener, listening


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path) as found:
        yield found


def poster(listener: Listener) -> Poster:
    """One for which the listener is the public net."""
    return Poster(resolve=lambda *_: ["127.0.0.1"], allowed=lambda _: True, tls=listener.trusting())


def hook(parts: Services, url: str | None, site: str = "shop") -> str | None:
    """Set where changes of a site, or of the host (""), are told."""
    with writing(parts.engine) as connection:
        if url is None:
            return drop_webhook(connection, site, "")
        return set_webhook(connection, site, "", url, urandom=parts.urandom)


def tighten(parts: Services) -> None:
    """A host policy below the site's policy."""
    save_host_policy(parts, admin(parts, "ann"), host_policy({"page": 1}), expected=0)


def is_ours(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    """What docs/webhooks.md tells a receiver to do, as it stands there, at a time."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/webhooks.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("time.time()", repr(now)), names)
    return bool(names["is_ours"](secret, headers, body))


def test_the_owner_of_a_suspended_site_is_told_why(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """M33: signed, with every conflict, the time of the attempt, and nothing about a visitor."""
    secret = hook(parts, listener.url())
    assert secret is not None
    tighten(parts)
    assert tell_owners(parts, clock.now, poster=poster(listener)) == 1
    path, headers, body = listener.came[0]
    assert path == "/told"
    assert is_ours(secret, headers, body, clock.now)
    assert not is_ours(secret, headers, body + b" ", clock.now)
    assert not is_ours(secret, headers, body, clock.now + 301)
    told = json.loads(body)
    assert told["type"] == "site.suspended"
    assert told["conflicts"][0]["pointer"] == "/purposes/statistics/levels/page"
    assert told["ceiling"]["number"] == 1
    assert told.keys() == {"type", "site", "ceiling", "conflicts"}
    assert tell_owners(parts, clock.now, poster=poster(listener)) == 0
    assert len(listener.came) == 1


def test_the_host_is_told_of_every_change(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """Whom it stopped, and who may go on."""
    hook(parts, listener.url("/host"), site="")
    tighten(parts)
    save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=1)
    assert tell_owners(parts, clock.now, poster=poster(listener)) == 2
    changed = sorted(json.loads(body)["changed"][0]["type"] for _, _, body in listener.came)
    assert changed == ["site.resumed", "site.suspended"]


def test_what_did_not_arrive_is_tried_again_and_then_given_up(
    parts: Services, clock: Clock, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """With growing pauses; the message keeps its id, so that a receiver can tell."""
    hook(parts, listener.url())
    tighten(parts)
    listener.answers += [(500, {})] + [(302, {"location": listener.url("/other")})] * len(PAUSES)
    tell_owners(parts, clock.now, poster=poster(listener))
    for pause in PAUSES:
        tell_owners(parts, clock.now + pause - 1, poster=poster(listener))
        clock.now += pause
        tell_owners(parts, clock.now, poster=poster(listener))
    assert len(listener.came) == len(PAUSES) + 1
    assert {path for path, _, _ in listener.came} == {"/told"}
    assert len({headers["webhook-id"] for _, headers, _ in listener.came}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in listener.came}) > 1
    clock.now += 10**6
    assert tell_owners(parts, clock.now, poster=poster(listener)) == 0
    assert len(listener.came) == len(PAUSES) + 1
    assert caplog.text.count("askfirst.E142") == 1
    assert "hooks.example" not in caplog.text


def test_an_inner_address_gets_nothing(parts: Services, clock: Clock, listener: Listener) -> None:
    """With the job as it runs: the listener is on loopback, and hears nothing."""
    hook(parts, f"https://localhost:{listener.port}/")
    tighten(parts)
    assert tell_owners(parts, clock.now) == 0
    assert listener.came == []


def test_a_new_address_gets_a_new_secret_and_no_old_message(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """What was queued for the old one is dropped with it; None ends it."""
    first = hook(parts, listener.url("/old"))
    tighten(parts)
    assert hook(parts, listener.url("/new")) != first
    with parts.engine.connect() as connection:
        assert webhook_url(connection, "shop", "") == listener.url("/new")
    assert tell_owners(parts, clock.now, poster=poster(listener)) == 0
    assert hook(parts, None) is None
    save_host_policy(parts, admin(parts, "ann"), host_policy(), expected=1)
    assert tell_owners(parts, clock.now, poster=poster(listener)) == 0
    assert listener.came == []


@pytest.mark.parametrize(
    "url",
    [
        *("https://10.0.0.1/", "https://[fd00::1]/in", "https://127.1", "https://2130706433/"),
        *("https://[::ffff:10.0.0.1]/", "https://0x7f.1/", "https://169.254.169.254/latest"),
        *("http://hooks.example/", "hooks.example", "https://", "https://user@hooks.example/"),
        *("https://hooks.example/#a", "https://hooks.example/a b", "https://hooks.example:0/"),
        *("https://hooks.example:99999/", "https://hook\u00e9.example/", "ftp://hooks.example/"),
        *("https://hooks.example/\r\nx: y", "https://[::1/", "https://hooks.example/" + "a" * 500),
    ],
)
def test_an_address_that_cannot_be_told_is_refused(parts: Services, url: str) -> None:
    """Https, a host, and nothing that could be read as something else."""
    with pytest.raises(Refused, match="bad-shape"):
        hook(parts, url)


def test_a_test_arrives_signed_and_says_that_it_is_one(
    parts: Services, clock: Clock, listener: Listener
) -> None:
    """Nothing changes by it, and a receiver that does not answer is not flooded by them."""
    secret = hook(parts, listener.url())
    assert secret is not None
    ids = [send_test(parts, ON_THE_MACHINE, site="shop") for _ in range(MOST_WAITING)]
    with pytest.raises(Refused, match="too-many-requests"):
        send_test(parts, ON_THE_MACHINE, site="shop")
    assert tell_owners(parts, clock.now, poster=poster(listener)) == MOST_WAITING
    for _, headers, body in listener.came:
        assert json.loads(body) == {"type": "webhook.test", "site": "shop"}
        assert is_ours(secret, headers, body, clock.now)
    assert {headers["webhook-id"] for _, headers, _ in listener.came} == set(ids)
    assert send_test(parts, ON_THE_MACHINE, site="shop") not in ids
