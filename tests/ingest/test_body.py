"""Hostile bodies are refused with a typed reason, and never with anything else."""

from __future__ import annotations

import asyncio
import json
import tarfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.asgi_paths import read_chunks
from askfirst.errors import Refused
from askfirst_collector.ingest.body import check_headers, check_json


def arriving(*chunks: bytes, then: str = "end") -> Callable[[], Awaitable[dict[str, Any]]]:
    """A `receive` that hands out `chunks`, and then ends, disconnects or hangs."""
    messages = [
        {"type": "http.request", "body": chunk, "more_body": then != "end" or i < len(chunks) - 1}
        for i, chunk in enumerate(chunks)
    ]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        if then == "hang":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return receive


def reason_of(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        check_json(data)
    assert 400 <= refused.value.status < 500
    return refused.value.reason


def test_chunks_are_joined() -> None:
    """A body that comes in parts arrives whole."""
    assert asyncio.run(read_chunks(arriving(b"ab", b"", b"c"))) == b"abc"


def test_a_body_past_the_limit_is_cut() -> None:
    """Memory is bounded: one byte more than 64 kB is refused, the limit itself is not."""
    assert len(asyncio.run(read_chunks(arriving(b"x" * 65_536)))) == 65_536
    with pytest.raises(Refused) as refused:
        asyncio.run(read_chunks(arriving(b"x" * 65_536, b"y")))
    assert refused.value.reason == "too-large"


@pytest.mark.parametrize("then", ["hang", "disconnect"])
def test_a_body_that_never_ends_is_cut(then: str) -> None:
    """Time is bounded: a sender that stops, or hangs up, is refused."""
    with pytest.raises(Refused) as refused:
        asyncio.run(read_chunks(arriving(b"{", then=then), seconds=0.05))
    assert refused.value.reason == "too-slow"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(b"content-type", b"application/json"), (b"Content-Encoding", b"gzip")], "encoded-body"),
        ([(b"content-type", b"application/json"), (b"content-encoding", b"br")], "encoded-body"),
        ([(b"content-type", b"application/json"), (b"content-length", b"65537")], "too-large"),
        ([(b"content-type", b"application/json"), (b"content-length", b"9" * 5000)], "too-large"),
        ([(b"content-type", b"text/html")], "unsupported-media-type"),
        ([], "unsupported-media-type"),
    ],
)
def test_headers_refuse(headers: list[tuple[bytes, bytes]], reason: str) -> None:
    """A coding, a length past the limit, another media type: refused with the body unread."""
    with pytest.raises(Refused) as refused:
        check_headers(headers, "application/json", "text/plain")
    assert refused.value.reason == reason


def test_headers_pass() -> None:
    """Parameters and case of the media type do not matter; identity is no coding."""
    headers = [
        (b"content-type", b"Text/Plain; charset=utf-8"),
        (b"content-length", b"0065536"),
        (b"content-encoding", b"identity"),
    ]
    assert check_headers(headers, "application/json", "text/plain") == "text/plain"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b"{} {}", "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
        (b'{"a":NaN}', "not-json"),
        (b'{"a":-Infinity}', "not-json"),
        (b'{"a":"\x00"}', "not-json"),
        (b'{"a":"\xff"}', "not-utf-8"),
        (b'{"a":"\xed\xa0\x80"}', "not-utf-8"),
        ('{"a":1}'.encode("utf-16"), "not-utf-8"),
        (b'{"a":1,"a":1}', "duplicate-key"),
        (b'{"a":1,"\\u0061":1}', "duplicate-key"),
        (b'[{"b":{"a":1,"c":2,"a":3}}]', "duplicate-key"),
        (b'{"a":1e400}', "bad-shape"),
        (b'{"a":' + b"9" * 5000 + b"}", "bad-shape"),
        (b'{"a":-' + b"9" * 400 + b"}", "bad-shape"),
        (b'{"a":"\\ud800"}', "bad-shape"),
        (b'{"\\udfff":1}', "bad-shape"),
        (b'["\\u0000"]', "bad-shape"),
        (b"[" * 9 + b"]" * 9, "too-deep"),
        (b"[" * 65_536, "too-deep"),
        (b'{"a":' * 10_000, "too-deep"),
    ],
)
def test_refused_with_its_reason(data: bytes, reason: str) -> None:
    """Every kind of hostile JSON has its own stable reason, and a 4xx."""
    assert reason_of(data) == reason


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 8 + b"]" * 8,
        b'{"a":"[[[[[[[[[[{{{{{{{{{{"}',
        b'{"a":"\\"[[[[[[[[[["}',
        '{"a":"\\ud83d\\ude00 \U0001f600"}'.encode(),
        b'{"a":"\\\\ud800 \\\\u0000"}',
        b"[1,-0,1.5e3,true,null]",
        b"[-" + b"9" * 300 + b"]",
    ],
)
def test_plain_json_passes(data: bytes) -> None:
    """Brackets inside strings are not depth, and an escaped backslash is no escape."""
    check_json(data)


def judged(data: bytes) -> int | None:
    """The status that `data` gets, None where it passes; anything but Refused fails the test."""
    try:
        check_json(data)
    except Refused as refused:
        return refused.status
    return None


@pytest.mark.parametrize("data", [b'"' + b'\\"' * 32_000, b'"' * 65_535, b'["\\' * 16_000])
def test_no_body_is_slow(data: bytes) -> None:
    """Time is bounded: strings that never end are looked at once."""
    start = time.process_time()
    reason_of(data)
    assert time.process_time() - start < 0.5


@given(st.binary(max_size=200))
def test_any_bytes_pass_or_are_refused(data: bytes) -> None:
    """No bytes make the check raise anything but Refused."""
    if judged(data) is None:
        json.loads(data)


@pytest.mark.corpus
def test_json_test_suite(corpus: Path) -> None:
    """JSONTestSuite: every n_ is refused; every y_ passes, but duplicate keys and NUL."""
    refused_on_purpose = {
        "y_object_duplicated_key.json": "duplicate-key",
        "y_object_duplicated_key_and_value.json": "duplicate-key",
        "y_object_escaped_null_in_key.json": "bad-shape",
        "y_string_null_escape.json": "bad-shape",
    }
    seen = 0
    with tarfile.open(corpus / "json" / "JSONTestSuite-1ef36fa.tar.gz") as archive:
        for member in archive:
            name = Path(member.name).name
            if "test_parsing" not in member.name or not name.endswith(".json"):
                continue
            handle = archive.extractfile(member)
            assert handle is not None
            data = handle.read()
            seen += 1
            if name.startswith("n_") or name in refused_on_purpose:
                reason = reason_of(data)
                assert reason == refused_on_purpose.get(name, reason)
            elif name.startswith("y_"):
                check_json(data)
            else:
                judged(data)
    assert seen > 300
