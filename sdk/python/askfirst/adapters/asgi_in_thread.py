"""`AsgiInThread`: an ASGI answer, made on the background loop, for a thread that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from queue import SimpleQueue
from typing import Any, Final

from askfirst.adapters.background_loop import Background
from askfirst.client import Message, Receive, Send
from askfirst.log_fault import log_fault

AHEAD = 16  # pieces of a body that may wait for a slow reader

Serve = Callable[[Receive, Send], Coroutine[Any, Any, None]]
# Reads the next piece of the request's body, and says whether there is more.
Read = Callable[[], tuple[bytes, bool]]


class _Wanted:
    """The application asks for the next piece of the body."""


class _Ended:
    """The application is done."""


WANTED: Final = _Wanted()
ENDED: Final = _Ended()


class AsgiInThread:
    """One request and its answer.

    The body of the request is read in the waiting thread, and only as far as it is asked for; the
    answer's is handed over piece by piece. Iterate it once, and `close` it.
    """

    def __init__(self, background: Background, serve: Serve, read: Read) -> None:
        self._told: SimpleQueue[Message | _Wanted | _Ended] = SimpleQueue()
        self._room = asyncio.Semaphore(AHEAD)
        self._read = read
        self._asked: asyncio.Future[Message] | None = None
        self._whole = False
        self._ended = False
        self._loop = background.loop
        self._work = background.submit(self._serve(serve))

    def start(self) -> Message | None:
        """The message that starts the answer; None where there will be none."""
        return self._next()

    def __iter__(self) -> Iterator[bytes]:
        """The pieces of the answer's body, as they come."""
        while (message := self._next()) is not None:
            self._loop.call_soon_threadsafe(self._room.release)
            if chunk := message.get("body", b""):
                yield chunk
            if not message.get("more_body", False):
                return

    def close(self) -> None:
        """Nobody waits for the answer any more."""
        self._work.cancel()

    def _next(self) -> Message | None:
        while not self._ended:
            signal = self._told.get()
            if isinstance(signal, _Wanted):
                message = self._read_on()
                self._loop.call_soon_threadsafe(self._give, message)
            elif isinstance(signal, _Ended):
                self._ended = True
            else:
                return signal
        return None

    def _read_on(self) -> Message:
        try:
            body, more = self._read()
        except Exception as error:
            log_fault("reading a request", error)
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": more}

    def _give(self, message: Message) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(message)

    async def _serve(self, serve: Serve) -> None:
        try:
            await serve(self._receive, self._send)
        except Exception as error:
            log_fault("an answer of our own", error)
        finally:
            self._told.put(ENDED)

    async def _receive(self) -> Message:
        if self._whole:
            # Until `close` cancels this, there is nothing more to say.
            await asyncio.get_running_loop().create_future()
        self._asked = asyncio.get_running_loop().create_future()
        self._told.put(WANTED)
        message = await self._asked
        self._whole = not message.get("more_body", False)
        return message

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await self._room.acquire()
        self._told.put(message)
