"""Hostile bodies are refused with a typed reason, and never with anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from askfirst.contracts.body import JSON, TEXT, media_type, read_body, read_chunks
from askfirst.errors import Refused


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
@pytest.mark.parametrize("chunks", [(b"{",), ()])
def test_a_body_that_never_ends_is_cut(then: str, chunks: tuple[bytes, ...]) -> None:
    """Time is bounded: a sender that stops, hangs up, or sends nothing at all, is refused."""
    with pytest.raises(Refused) as refused:
        asyncio.run(read_chunks(arriving(*chunks, then=then), seconds=0.05))
    assert refused.value.reason == "too-slow"


def test_a_body_that_is_not_there_yet_is_waited_for() -> None:
    """One that comes after a while, in whichever parts, is as one that was there."""
    parts = iter(({"body": b"ab", "more_body": True}, {"body": b"c"}))

    async def receive() -> dict[str, Any]:
        for _ in range(3):
            await asyncio.sleep(0)
        return {"type": "http.request", **next(parts)}

    assert asyncio.run(read_chunks(receive)) == b"abc"


def test_who_waits_for_a_body_can_be_cancelled() -> None:
    """What waits ends with it, and goes on where it does not want to."""
    ended: list[str] = []

    async def receive() -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            await asyncio.sleep(0)
            ended.append("and more")
            raise
        raise AssertionError

    async def cancel() -> None:
        task = asyncio.ensure_future(read_chunks(receive))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert ended == ["cancelled", "and more"]


def test_a_length_past_the_limit_is_not_waited_for() -> None:
    """Neither one byte more, nor a number that is slow to read; zeros before it do not matter."""
    for length in (b"65537", b"9" * 5000):
        with pytest.raises(Refused) as refused:
            asyncio.run(read_body([(b"Content-Length", length)], arriving(b"{}")))
        assert refused.value.reason == "too-large"
    assert asyncio.run(read_body([(b"content-length", b"0065536")], arriving(b"{}"))) == b"{}"


KIND = (b"content-type", b"application/json")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([KIND, (b"Content-Encoding", b"gzip")], "encoded-body"),
        ([KIND, (b"content-encoding", b"br")], "encoded-body"),
        ([KIND, (b"content-encoding", b"identity"), (b"content-encoding", b"x")], "encoded-body"),
        ([(b"content-type", b"text/html")], "unsupported-media-type"),
        ([(b"content-type", b"application/json; charset=latin1")], "unsupported-media-type"),
        ([KIND, KIND], "unsupported-media-type"),
        ([], "unsupported-media-type"),
    ],
)
def test_headers_refuse(headers: list[tuple[bytes, bytes]], reason: str) -> None:
    """A coding, another charset, another media type or two: refused with the body unread."""
    with pytest.raises(Refused) as refused:
        media_type(headers, JSON, TEXT)
    assert refused.value.reason == reason


def test_headers_pass() -> None:
    """Parameters and case of the media type do not matter; identity is no coding."""
    headers = [
        (b"content-type", b"Text/Plain; charset=UTF-8"),
        (b"content-encoding", b"identity"),
    ]
    assert media_type(headers, JSON, TEXT) == "text/plain"
