"""The least of an HTTP/1.1 client: one connection kept open, cookies by name, bodies read whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = re.compile(r'askfirst;desc="([^".]+)\.([^"]+)"')


@dataclass
class Jar:
    """The cookies of one visitor."""

    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Take a Set-Cookie in; one with an age of nought is taken out."""
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if "max-age=0" in attributes.lower():
            self.cookies.pop(name.strip(), None)
        else:
            self.cookies[name.strip()] = value.strip()

    def header(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


class Wire:
    """One connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        # What the gate vouches for on the page that was fetched last, by collector.
        self.words: dict[str, str] = {}
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], jar: Jar, body: bytes = b""
    ) -> int:
        """One request; the answer is its status, and its cookies are in the jar."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        lines = [f"{method} {path} HTTP/1.1"]
        if "host" not in headers:
            lines.append(f"host: 127.0.0.1:{self._port}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if jar.cookies:
            lines.append(f"cookie: {jar.header()}")
        lines.append(f"content-length: {len(body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        size = 0
        chunked = closes = False
        self.words = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if name == "set-cookie":
                jar.take(value)
            elif name == "server-timing":
                self.words |= dict(_WORD.findall(value))
            elif name == "content-length":
                size = int(value)
            elif name == "transfer-encoding":
                chunked = True
            elif name == "connection":
                closes = value.lower() == "close"
        await (_read_chunks(reader) if chunked else reader.readexactly(size))
        if closes:
            await self.close()
        return int(head[0].split()[1])

    async def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            await writer.wait_closed()


async def _read_chunks(reader: asyncio.StreamReader) -> None:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        await reader.readexactly(size + 2)
    await reader.readuntil(b"\r\n")
