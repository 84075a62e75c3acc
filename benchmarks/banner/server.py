"""Serves the pages from a process of their own: what drives the browser holds up no answer.

Every answer comes the latency after its request, however many are asked for at once; connections
stay open, and bodies are sent as Brotli.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.banner.audit import STRICT, strict_files
from benchmarks.banner.pages import TYPES, Notice

PACK = """
const { brotliCompressSync, constants } = require("node:zlib");
const files = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
const bytes = (data) => Buffer.from(data, "base64");
const packed = (data) => brotliCompressSync(bytes(data), options).toString("base64");
process.stdout.write(JSON.stringify(files.map(packed)));
"""
PAGES = ("/", "/strict")
STRICT_HEAD = f"content-security-policy: {STRICT}\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUEUE = 64  # connections that wait to be taken


@contextmanager
def served(notices: Mapping[str, Notice], latency: float) -> Iterator[dict[str, str]]:
    """The origin of each notice, by its name; `latency` in seconds."""
    answers = [_answers(notice) for notice in notices.values()]
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=QUEUE) for _ in answers]
    # Forked, so that nothing has to be loaded again, and before there is any thread.
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(sockets, answers, latency), daemon=True
    )
    process.start()
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    try:
        yield {name: f"http://localhost:{port}" for name, port in zip(notices, ports, strict=True)}
    finally:
        process.terminate()
        process.join()


def _answers(notice: Notice) -> dict[str, bytes]:
    """Head and body by path."""
    files = {"/": notice.html.encode(), **notice.files, **strict_files(notice)}
    heads = {"/": f"link: {notice.link}\r\n" if notice.link else "", "/strict": STRICT_HEAD}
    return {
        path: _answer(path, body, heads.get(path, ""))
        for path, body in zip(files, _packed(list(files.values())), strict=True)
    }


def _answer(path: str, body: bytes, more: str) -> bytes:
    kind = "text/html" if path in PAGES else TYPES.get(Path(path).suffix, TYPES[".json"])
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: br\r\n"
        f"content-length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


def _packed(bodies: list[bytes]) -> list[bytes]:
    """Each as Brotli at its best."""
    sent = json.dumps([base64.b64encode(body).decode() for body in bodies])
    told = subprocess.run(
        ["node", "-e", PACK], input=sent, stdout=subprocess.PIPE, text=True, check=True
    )
    return [base64.b64decode(one) for one in json.loads(told.stdout)]


def _run(sockets: list[socket.socket], answers: list[dict[str, bytes]], latency: float) -> None:
    asyncio.run(_serve(sockets, answers, latency))


async def _serve(
    sockets: list[socket.socket], answers: list[dict[str, bytes]], latency: float
) -> None:
    for one, by_path in zip(sockets, answers, strict=True):
        await asyncio.start_server(_answering(by_path, latency), sock=one)
    await asyncio.Event().wait()


def _answering(by_path: Mapping[str, bytes], latency: float) -> Handler:
    missing = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(latency)
                path = head.split(b" ", 2)[1].decode().partition("?")[0]
                # Head and body together: one packet, as far as it goes.
                writer.write(by_path.get(path, missing))
                await writer.drain()
        writer.close()

    return answer
