"""A handle that has ended and one that nobody knows: the same answer by the same reads."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from askfirst.client import Caller
from askfirst.gate.receipt import handle_of
from askfirst_collector.app import collector_app
from askfirst_collector.ingest.events import CALLER, open_events
from askfirst_collector.services import Services
from askfirst_collector.store.salts import Salts
from askfirst_collector.store.salts_file import SaltFile
from askfirst_collector.store.salts_server import SaltServer
from askfirst_collector.usecases import visitor_rights as rights
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import HANDLE, OTHER, decision, opened, policy

POLICY = policy()
UNKNOWN = ("aa" * 32, "bb" * 32)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    """A site, and a visitor who withdrew."""
    with opened(tmp_path) as parts:
        parts.registry.publish(POLICY)
        for handle in (HANDLE, OTHER):
            record_now(parts, decision(POLICY, handle=handle))
        record_now(parts, decision(POLICY, "withdraw"))
        parts.ledger.consent_status("shop", OTHER)
        parts.registry.site("shop")
        yield parts


@contextmanager
def statements(parts: Services) -> Iterator[list[str]]:
    """Every statement that reaches a database, in order; those of the watch aside."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(parts.engine, "before_cursor_execute", note)

    def note_salts(statement: str) -> None:
        # SQLite tells it with the values in it; and the watch looks once a second.
        if statement not in ("PRAGMA user_version", "SELECT count(*) FROM batch_key"):
            seen.append(re.sub(r"x'\w*'", "?", statement, flags=re.IGNORECASE))

    with told_of_salts(parts.salts, note_salts):
        try:
            yield seen
        finally:
            event.remove(parts.engine, "before_cursor_execute", note)


@contextmanager
def told_of_salts(salts: Salts, note: Callable[[str], None]) -> Iterator[None]:
    """Have each statement about salts told, in a file or at a server."""
    if isinstance(salts, SaltFile):
        salts._file.set_trace_callback(note)
        yield
        salts._file.set_trace_callback(None)
        return
    assert isinstance(salts, SaltServer)
    ask = salts._ask

    def asked(statement: str, *parameters: object) -> list[Any]:
        if "regclass" not in statement:  # the watch's
            note(statement)
        return ask(statement, *parameters)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(salts, "_ask", asked)
        yield


async def send(parts: Services, handle: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Body and headers of the answer to an event."""
    body = {
        "v": 1,
        "batch": "A" * 22,
        "events": [{"purpose": "statistics", "type": "page_view", "page": "/"}],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def collect(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"content-type", b"application/json"),
        (b"sec-fetch-site", b"same-origin"),
        (b"origin", b"https://shop.example"),
    ]
    scope = {"type": "http", "method": "POST", "headers": headers, "client": ("81.2.69.142", 1)}
    caller = Caller("shop", handle, False, False)
    await open_events(parts)({**scope, CALLER: caller}, receive, collect)
    return sent[1]["body"], sent[0]["headers"]


@pytest.mark.anyio
async def test_events_of_both_cost_the_same_reads_and_no_write(parts: Services) -> None:
    """M43: neither the answer nor what it takes tells a withdrawn receipt from an invented one."""
    traces = []
    for handle in (HANDLE, UNKNOWN[0]):
        for _ in range(2):
            with statements(parts) as seen:
                body, headers = await send(parts, handle)
            assert json.loads(body)["dropped"] == [{"index": 0, "reason": "no-grant"}]
            traces.append((seen, body, headers))
    first, again = traces[:2]
    assert traces[2:] == [first, again]
    assert len(first[0]) == 1
    assert again[0] == []


def test_what_is_kept_about_both_costs_the_same_reads(parts: Services) -> None:
    """M43: the same for whoever asks what is kept."""
    traces = []
    for handle in (HANDLE, UNKNOWN[1]):
        for _ in range(2):
            with statements(parts) as seen:
                assert rights.me(parts, "shop", handle)["record"] is None
            traces.append(seen)
    assert traces[:2] == traces[2:]


@pytest.mark.parametrize("ask", ["withdraw", "restrict", "erase"])
def test_to_end_what_has_ended_costs_what_an_unknown_receipt_does(
    parts: Services, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    """M43, M29: the same reads, and no write: what was settled is not settled again."""
    if ask == "erase":
        rights.erase(parts, "shop", HANDLE)

    def do(handle: str) -> None:
        if ask == "withdraw":
            record_now(parts, decision(POLICY, "withdraw", handle=handle))
        else:
            (rights.erase if ask == "erase" else rights.restrict)(parts, "shop", handle)

    traces = []
    for handle in (HANDLE, UNKNOWN[0]):
        with statements(parts) as seen, monkeypatch.context() as patched:
            patched.setattr(parts.events, "barrier", lambda seen=seen: seen.append("barrier"))
            do(handle)
        traces.append(seen)
    assert traces[0] == traces[1]
    words = {statement.split()[0] for statement in traces[0]}
    assert words <= {"BEGIN", "SELECT"}


@pytest.mark.anyio
@pytest.mark.parametrize("ask", ["withdraw", "restrict", "erase", "me"])
@pytest.mark.parametrize("origin", [{}, {"origin": "https://shop.example"}])
async def test_rights_by_secret_cost_the_same_for_both(
    parts: Services, ask: str, origin: dict[str, str]
) -> None:
    """M43: an unknown receipt is looked for where one that ended is."""
    secrets = [base64.urlsafe_b64encode(bytes([n] * 16)).decode().rstrip("=") for n in (1, 2, 3)]
    ended = handle_of(secrets[0].encode()) or ""
    record_now(parts, decision(POLICY, handle=ended))
    record_now(parts, decision(POLICY, "withdraw", handle=ended))
    if ask == "erase":
        rights.erase(parts, "shop", ended)
    method = "GET" if ask == "me" else "POST"
    transport = httpx.ASGITransport(app=collector_app(parts, open_events(parts)))
    traces = []
    async with httpx.AsyncClient(transport=transport, base_url="https://c.example") as client:
        # The last first: it finds what was remembered out of date.
        for secret in (secrets[2], *secrets[:2], *secrets[:2]):
            headers = {"authorization": f"Receipt {secret}", **origin}
            with statements(parts) as seen:
                answer = await client.request(method, f"/v1/rights/{ask}", headers=headers)
            traces.append((seen, answer.status_code, answer.content))
    assert {status for _, status, _ in traces} == {200}
    assert traces[1] == traces[2]
    assert traces[3] == traces[4]


def test_invented_handles_push_out_no_visitor(
    parts: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a handle that was invented before it was granted lives from its grant on."""
    monkeypatch.setattr("askfirst_collector.ledger.consent_status.REMEMBERED", 3)
    for number in range(20):
        assert parts.ledger.consent_status("shop", f"{number:064x}") is None
    with statements(parts) as seen:
        standing = parts.ledger.consent_status("shop", OTHER)
        assert standing is not None
        assert standing.alive
    assert seen == []
    record_now(parts, decision(POLICY, handle=f"{19:064x}"))
    standing = parts.ledger.consent_status("shop", f"{19:064x}")
    assert standing is not None
    assert standing.alive
