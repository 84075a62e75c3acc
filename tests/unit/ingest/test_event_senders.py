"""Who may send events: the site's own page, its relay under a key, its server."""

from __future__ import annotations

import asyncio

import pytest

from askfirst.client import Caller
from askfirst_collector.store.events import StoreUnavailable
from tests.support.site_keys import new_site_key
from tests.unit.ingest.world import SECRET, SECRET_HANDLE

from .world import AGENT, ORIGIN, SAME_ORIGIN, VISIT, Answered, World, site_policy


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"sec-fetch-site", b"same-origin")], 202),
        ([(b"origin", ORIGIN.encode())], 202),
        ([(b"sec-fetch-site", b"same-origin"), (b"origin", b"null")], 202),
        ([(b"sec-fetch-site", b"cross-site"), (b"origin", ORIGIN.encode())], 403),
        ([(b"sec-fetch-site", b"same-site")], 403),
        ([(b"sec-fetch-site", b"none")], 403),
        ([(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")], 403),
        ([(b"origin", b"null")], 403),
        ([(b"origin", b"https://evil.example")], 403),
        ([(b"origin", b"https://example.org.evil.example")], 403),
        ([(b"origin", ORIGIN.encode()), (b"origin", b"https://evil.example")], 403),
        ([], 403),
    ],
)
def test_only_the_site_itself_sends(
    world: World, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    """M47: by Sec-Fetch-Site, or without it by an Origin of the site; `null` alone never."""
    answer = world.post(world.body(), handle=world.grant(), fetch=headers)
    assert answer.status == status
    assert len(world.rows()) == (status == 202)


def test_the_body_may_not_name_another_receipt_or_site(world: World) -> None:
    """Behind a gate the receipt comes by its cookie alone."""
    handle = world.grant()
    for more in ({"handle": handle}, {"secret": SECRET}, {"site": "other"}):
        assert world.post(world.body(**more), handle=None).status == 422
    assert world.rows() == []


def test_a_relay_sends_under_the_key_of_its_site(world: World) -> None:
    """Handle and observed values count only under the key of the named site; headers never."""
    world.parts.registry.publish(site_policy(site="other"))
    handle = world.grant()
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    foreign = new_site_key(world.parts.engine, "other", urandom=lambda n: b"x" * n)
    observed = {"browser": ["Firefox", "140", "140.0.1"], "ip": ["IE", "IE-D"]}
    event = {**VISIT, "observed": observed}
    agent = (b"user-agent", b"Relay/1.0 Chrome/99")

    def send(token: str | None, **more: object) -> Answered:
        headers = [agent]
        if token is not None:
            headers.append((b"authorization", token.encode()))
        return world.send(world.body(event, site="example", handle=handle, **more), headers)

    for token in (None, "", "Bearer ", "Bearer wrong", f"Basic {key}", f"Bearer {foreign}"):
        answer = send(token)
        assert (answer.status, answer.body["reason"]) == (401, "wrong-key")
    assert send(f"Bearer {key}").body["stored"] == 1
    (row,) = world.rows()
    assert row.values["browser"] == ("Firefox", "140")
    assert row.values["ip"] == ("IE", "IE-D")
    assert row.values["language"] == ("unknown",)
    assert row.values["time"] == ("2026-11-22", "14", "05")


@pytest.mark.parametrize(
    "observed",
    [{"time": ["2020-01-01"]}, {"visitor": ["x"]}, {"user_id": ["x"]}, {"ip": "IE"}, {"x": ["y"]}],
)
def test_a_relay_cannot_say_time_or_visitor(world: World, observed: dict[str, object]) -> None:
    """`time` is of arrival and pseudonyms are of the receipt, under any key."""
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    body = world.body({**VISIT, "observed": observed}, site="example", handle=world.grant())
    answer = world.send(body, [(b"authorization", f"Bearer {key}".encode())])
    assert answer.reasons == ["bad-event"]


def test_a_page_without_a_server_sends_its_secret_from_its_origin(world: World) -> None:
    """Script-only: exact Origin, `secret` hashed at once, the answer readable for that origin."""
    world.grant(SECRET_HANDLE)

    def send(*headers: tuple[bytes, bytes], **more: object) -> Answered:
        agent = (b"user-agent", AGENT.encode())
        kind = (b"content-type", b"text/plain;charset=UTF-8")
        body = world.body(**{"site": "example", "secret": SECRET, **more})
        return world.send(body, [kind, agent, *headers])

    origin = (b"origin", ORIGIN.encode())
    answer = send(origin)
    assert answer.body["stored"] == 1
    assert answer.headers[b"access-control-allow-origin"] == ORIGIN.encode()
    assert send(origin, secret="A" * 22).reasons == ["no-grant"]
    assert send(origin, secret=None).reasons == ["no-grant"]
    assert send(origin, site="none").body["reason"] == "no-such-site"
    for headers in ([], [(b"origin", b"null")], [(b"origin", b"https://evil.example")]):
        assert send(*headers).body["reason"] == "cross-origin"
    assert len(world.rows()) == 1
    assert SECRET.encode() not in b"".join(world.files().values())


def test_one_network_may_send_only_so_much(world: World) -> None:
    """429 for a network beyond its number; another network and a relay are not counted with it."""
    world.limit._most = 3
    caller = {"askfirst.caller": Caller("example", None, False, False)}
    for number in range(5):
        client = (f"203.0.113.{number}", 1)
        answer = world.send(world.body(), SAME_ORIGIN, caller, client=client)
        assert answer.status == (202 if number < 3 else 429)
    assert world.send(world.body(), SAME_ORIGIN, caller, client=("203.0.114.1", 1)).status == 202
    assert world.send(world.body(), SAME_ORIGIN, caller, client=None).status == 202
    key = new_site_key(world.parts.engine, "example", urandom=lambda n: bytes(n))
    bearer = [(b"authorization", f"Bearer {key}".encode())]
    assert world.send(world.body(site="example"), bearer).status == 202
    wrong = [(b"authorization", b"Bearer wrong")]
    assert world.send(world.body(site="example"), wrong).status == 429


# What a site's server sends


def test_a_server_submits_page_views_under_the_same_rules(world: World) -> None:
    """Stored with a grant, silent without one, and it never raises."""
    handle = world.grant()
    headers = [(b"user-agent", AGENT.encode())]

    def submit(payload: dict[str, object], handle: str | None) -> None:
        caller = Caller("example", handle, False, False)
        submitting = world.events.submit(caller, payload, headers=headers, peer="203.0.113.7")
        asyncio.run(submitting)

    payload: dict[str, object] = {"v": 1, "batch": world.batch(), "events": [VISIT]}
    for _ in range(2):
        submit(payload, handle)
    submit({**payload, "batch": world.batch()}, None)
    submit({"v": 2}, handle)
    submit({"events": object()}, handle)
    assert [row.values["browser"] for row in world.rows()] == [("Firefox", "140")]


def test_a_server_is_not_told_that_the_store_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page goes on unharmed whatever happens to its page view."""

    async def away(*_: object) -> bytes:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(world.parts.events, "append", away)
    payload = {"v": 1, "batch": world.batch(), "events": [VISIT]}
    caller = Caller("example", world.grant(), False, False)
    asyncio.run(world.events.submit(caller, payload, headers=[], peer=""))
