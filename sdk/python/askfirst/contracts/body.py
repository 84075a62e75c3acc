"""How a body comes: its media type, its size and time, and forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from askfirst.http.headers import Headers, first, values

from ..errors import Reason, Refused
from .limits import BODY_BYTES, BODY_SECONDS, FORM_FIELDS
from .strict_json import BROKEN, decode

FORM, JSON, TEXT = "application/x-www-form-urlencoded", "application/json", "text/plain"


def media_type(headers: Headers, *types: str) -> str:
    """The media type, one of `types`; refuses every other, every other charset, every coding."""
    for coding in values(headers, b"content-encoding"):
        if coding.lower() not in (b"", b"identity"):
            raise Refused(Reason.ENCODED_BODY, "send the body without a content coding")
    text = (first(headers, b"content-type") or b"").decode("latin-1")
    if text in types:
        return text  # as most are sent
    kind, *parameters = text.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' \t"').lower() != "utf-8":
            raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, "send UTF-8")
    if kind.strip().lower() not in types:
        raise Refused(Reason.UNSUPPORTED_MEDIA_TYPE, f"send {' or '.join(types)}")
    return kind.strip().lower()


Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[Message]]


async def read_body(
    headers: Headers,
    receive: _Receive,
    *,
    largest: int = BODY_BYTES,
    seconds: float = BODY_SECONDS,
) -> bytes:
    """The whole body; Refused `too-large` past `largest` bytes, `too-slow` past `seconds`."""
    for name, value in headers:
        if name.lower() == b"content-length":
            digits = value.strip().lstrip(b"0")
            if digits.isdigit() and (len(digits) > 9 or int(digits) > largest):
                raise Refused(Reason.TOO_LARGE, f"send at most {largest} bytes")
    return await read_chunks(receive, largest=largest, seconds=seconds)


async def read_chunks(
    receive: _Receive, *, largest: int = BODY_BYTES, seconds: float = BODY_SECONDS
) -> bytes:
    """As `read_body`, whatever the headers said."""
    # Most bodies are there by now: no clock is set for them.
    first = _Begun(receive())
    if first.is_done:
        message = await first
        if message["type"] == "http.request" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")
            _check_size(len(body), largest)
            return body
    try:
        async with asyncio.timeout(seconds):
            return await _joined(await first, receive, largest)
    except TimeoutError:
        raise Refused(Reason.TOO_SLOW, f"send the whole body within {seconds:g} s") from None


async def _joined(message: Message, receive: _Receive, largest: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] != "http.request":
            raise Refused(Reason.TOO_SLOW, "the connection closed before the body was whole")
        chunk = message.get("body", b"")
        size += len(chunk)
        _check_size(size, largest)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def _check_size(size: int, largest: int) -> None:
    if size > largest:
        raise Refused(Reason.TOO_LARGE, f"send at most {largest} bytes")


class _Begun:
    """An awaitable of which the first step is done; awaited, it goes on from there."""

    def __init__(self, awaitable: Awaitable[Message]) -> None:
        self._steps = awaitable.__await__()
        self._result: Message | None = None
        self._waits_for: object = None
        try:
            self._waits_for = next(self._steps)
        except StopIteration as done:
            self._result = done.value

    @property
    def is_done(self) -> bool:
        """Whether that was all."""
        return self._result is not None

    def __await__(self) -> Generator[Any, Any, Message]:
        if self._result is not None:
            return self._result
        waits_for = self._waits_for
        while True:
            try:
                try:
                    sent = yield waits_for
                except BaseException as error:  # it is cancelled
                    throw = getattr(self._steps, "throw", None)
                    if throw is None:
                        raise
                    waits_for = throw(error)
                else:
                    # An iterator is all that `__await__` owes, as those of servers in Rust are.
                    waits_for = next(self._steps) if sent is None else self._steps.send(sent)
            except StopIteration as done:
                message: Message = done.value
                return message


def read_form(data: bytes) -> dict[str, str]:
    """The fields of a form; refuses bad UTF-8, a field twice, NUL, too many."""
    try:
        pairs = parse_qsl(
            decode(data),
            keep_blank_values=True,
            strict_parsing=bool(data),
            errors="strict",
            max_num_fields=FORM_FIELDS,
        )
    except UnicodeDecodeError:
        raise Refused(Reason.NOT_UTF_8, "send UTF-8") from None
    except ValueError:
        raise Refused(Reason.BAD_FORM, f"send at most {FORM_FIELDS} fields, name=value") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refused(Reason.DUPLICATE_KEY, "send each field once")
    if any(BROKEN.search(part) for pair in pairs for part in pair):
        raise Refused(Reason.BAD_SHAPE, "send fields without NUL")
    return fields
