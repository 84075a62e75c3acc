"""Hostile bodies against the events endpoint: a reason, never a 500, and nothing stored."""

from __future__ import annotations

import asyncio
import gzip
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from askfirst.client import Caller
from askfirst.contracts.body import read_body
from askfirst_collector.ingest import events

from .world import JSON, SAME_ORIGIN, VISIT, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path / "data")) as opened:
        yield opened


def _spliced(world: World, value: bytes) -> bytes:
    """A body whose page is this text as it stands."""
    return world.body({**VISIT, "page": "MARK"}).replace(b'"MARK"', value)


DIGITS = b"1" * 5000
HOSTILE: Mapping[str, tuple[bytes, str]] = {
    "invalid UTF-8": (b'"/\xff"', "not-utf-8"),
    "overlong UTF-8": (b'"/\xc0\xaf"', "not-utf-8"),
    "surrogate in UTF-8": (b'"/\xed\xa0\x80"', "not-utf-8"),
    "lone surrogate": (rb'"/\ud800"', "bad-shape"),
    "NUL": (rb'"/\u0000"', "bad-shape"),
    "raw NUL": (b'"/\0"', "not-json"),
    "NaN": (b"NaN", "not-json"),
    "Infinity": (b"-Infinity", "not-json"),
    "1e400": (b"1e400", "bad-shape"),
    "5,000 digits": (DIGITS, "bad-shape"),
    "5,000 digits after the point": (b"0." + DIGITS + b"e99999", "bad-shape"),
    "deep lists": (b"[" * 30_000 + b"]" * 30_000, "too-deep"),
    "deep objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too-deep"),
    "unfinished": (b"[" * 30_000, "too-deep"),
    "unfinished string": (b'"', "not-json"),
    "duplicate key": (b'"/", "page": "/b"', "duplicate-key"),
    "duplicate key by an escape": (rb'"/", "p\u0061ge": "/b"', "duplicate-key"),
    "oversize": (b'"/' + b"a" * 70_000 + b'"', "too-large"),
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("granted", [True, False])
def test_a_hostile_value_is_refused_with_a_reason(world: World, case: str, granted: bool) -> None:
    """4xx with the reason, with and without a grant, and no row."""
    value, reason = HOSTILE[case]
    handle = world.grant() if granted else None
    answer = world.post(_spliced(world, value), handle=handle)
    assert (answer.body["reason"], answer.status // 100) == (reason, 4)
    assert answer.headers[b"content-type"] == b"application/problem+json"
    assert world.rows() == []


def test_every_case_of_the_test_suite_is_answered_with_a_reason(world: World, corpus: Path) -> None:
    """JSONTestSuite: no text of it is a batch, valid JSON or not; in a page, only strings are."""
    handle = world.grant()
    with tarfile.open(corpus / "json" / "JSONTestSuite-1ef36fa.tar.gz") as archive:
        cases = {
            member.name.rpartition("/")[2]: file.read()
            for member in archive.getmembers()
            if "/test_parsing/" in member.name and (file := archive.extractfile(member))
        }
    assert len(cases) > 300
    for name, text in cases.items():
        answer = world.post(text, handle=handle)
        assert answer.status in (400, 413, 422), name
        assert answer.body["reason"], name
    for name, text in cases.items():
        before = len(world.rows())
        answer = world.post(_spliced(world, text), handle=handle)
        if answer.status == 202:
            assert name[0] in "yi", name
            json.loads(text)
            assert set(answer.reasons) <= {"bad-event"}, name
        else:
            assert answer.status in (400, 413, 422), name
            assert len(world.rows()) == before, name


def test_naughty_strings_are_stored_cut_or_refused(world: World, corpus: Path) -> None:
    """Every naughty string in every place: 202 or 4xx, never a 5xx; rows keep to their terms."""
    strings = json.loads((corpus / "naughty" / "blns.json").read_bytes())
    fields = ("page", "referrer", "screen", "purpose", "type")
    handle = world.grant()
    for number, text in enumerate(strings):
        if number % 20 == 0:  # a receipt may send 500 events a day
            handle = world.grant()
        told: list[dict[str, object]] = [{**VISIT, field: text} for field in fields]
        told.append({**VISIT, "cookies": {"enabled": True, "names": [text]}})
        told.append(
            {**VISIT, "type": "action", "action": {"name": text, "properties": {text: text}}}
        )
        for body in (
            world.body(*told),
            world.body(batch=text),
            world.body(collector=text),
            world.body(vouch=text),
            world.body(**{f"{text}_": 1}),
        ):
            agent = text.encode("utf-8", "replace").decode("utf-8").replace("\n", "")
            answer = world.post(body, handle=handle, agent=agent)
            assert answer.status in (202, 400, 422), text
    for row in world.rows():
        assert row.values["referrer"][0] in ("direct", "other", "unknown")
        assert row.values["screen"] == ("unknown",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-json"),
        (b"null", "bad-shape"),
        (b"[]", "bad-shape"),
        (b"{}", "unknown-version"),
        (b'{"v":1}', "bad-shape"),
        (b'{"v":2,"batch":"AAAAAAAAAAAAAAAAAAAAAA","events":[{}]}', "unknown-version"),
        (b'{"v":1,"batch":"AAAAAAAAAAAAAAAAAAAAAA","events":[]}', "bad-shape"),
        (b'{"v":1,"batch":"AAAA","events":[{}]}', "bad-shape"),
        (b'{"v":1,"batch":"AAAAAAAAAAAAAAAAAAAAAA\\n","events":[{}]}', "bad-shape"),
        (b'{"v":1,"batch":"AAAAAAAAAAAAAAAAAAAAAA","events":[{}],"x":1}', "unknown-field"),
        (b'{"v":1,"batch":"AAAAAAAAAAAAAAAAAAAAAA","events":{}}', "bad-shape"),
        (b'{"v":1,"batch":"AAAAAAAAAAAAAAAAAAAAAA","events":[{}],"gpc":1}', "bad-shape"),
        (
            b'{"v":1,"batch":"AAAAAAAAAAAAAAAAAAAAAA","events":[' + b"{}," * 100 + b"{}]}",
            "too-many-events",
        ),
    ],
)
def test_a_body_that_is_not_a_batch_is_refused(world: World, body: bytes, reason: str) -> None:
    """Shape errors of the whole body: problem+json, with and without a grant alike."""
    for handle in (None, world.grant()):
        answer = world.post(body, handle=handle)
        assert answer.body["reason"] == reason
        assert answer.status in (400, 413, 422)


def _send(world: World, body: bytes, *headers: tuple[bytes, bytes], **scope: Any) -> Any:
    caller = Caller("example", world.grant(), False, False)
    answer = world.send(body, [*headers, *SAME_ORIGIN], {"askfirst.caller": caller, **scope})
    assert world.rows() == []
    return answer.status, answer.body["reason"]


def test_codings_types_methods_and_lengths_are_refused_unread(world: World) -> None:
    """A gzip bomb is never inflated; a length that is too large is not waited for."""
    bomb = gzip.compress(b" " * 20_000_000)
    assert _send(world, bomb, (b"content-encoding", b"gzip")) == (415, "encoded-body")
    assert _send(world, world.body(), (b"content-type", b"text/html"))[0] == 415
    assert _send(world, world.body(), (b"content-type", b""))[0] == 415
    assert _send(world, b"", (b"content-length", b"9" * 30)) == (413, "too-large")
    assert _send(world, world.body(), method="GET") == (405, "method-not-allowed")
    assert _send(world, world.body(), method="PUT") == (405, "method-not-allowed")


def test_a_slow_body_is_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not end in time is 408, however it trickles."""
    monkeypatch.setattr(events, "read_body", partial(read_body, seconds=0.05))

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def post() -> None:
        caller = Caller("example", None, False, False)
        scope = {"type": "http", "method": "POST", "headers": [JSON, *SAME_ORIGIN]}
        await world.events({**scope, "askfirst.caller": caller}, receive, send)

    asyncio.run(post())
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["reason"] == "too-slow"
