"""What `benchmarks.events` is measured beside: endpoints that store each event as it comes."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fastapi
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

COLUMNS = ("purpose", "type", "page", "referrer", "screen", "agent", "address")
Insert = Callable[[Sequence[tuple[Any, ...]]], None]


def table(file: Path) -> Insert:
    """Stores rows in a table of its own, one commit each time."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE IF NOT EXISTS event ({', '.join(COLUMNS)}, time REAL)")
    statement = f"INSERT INTO event VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"
    lock = threading.Lock()

    def insert(rows: Sequence[tuple[Any, ...]]) -> None:
        with lock:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, rows)
            connection.execute("COMMIT")

    return insert


def starlette_endpoint(folder: str) -> Any:
    """A plain Starlette endpoint that stores raw events."""
    insert = table(Path(folder) / "starlette.db")

    async def events(request: Request) -> Response:
        told = await request.json()
        agent, address = request.headers.get("user-agent"), request.client.host
        now = time.time()
        rows = [
            (*(event.get(name) for name in COLUMNS[:5]), agent, address, now)
            for event in told["events"]
        ]
        await run_in_threadpool(insert, rows)
        return JSONResponse({"stored": len(rows), "dropped": []}, 202)

    return Starlette(routes=[Route("/askfirst/events", events, methods=["POST"])])


class RawEvent(BaseModel):
    """An event as a page sends it."""

    purpose: str
    type: str
    page: str
    referrer: str | None = None
    screen: str | None = None


class RawBatch(BaseModel):
    """A batch as a page sends it."""

    v: int
    batch: str
    events: list[RawEvent]


def fastapi_endpoint(folder: str) -> Any:
    """A plain FastAPI endpoint that stores raw events."""
    insert = table(Path(folder) / "fastapi.db")
    app = FastAPI()

    @app.post("/askfirst/events", status_code=202)
    def events(batch: RawBatch, request: fastapi.Request) -> dict[str, Any]:
        agent, address = request.headers.get("user-agent"), request.client.host
        now = time.time()
        insert(
            [
                (e.purpose, e.type, e.page, e.referrer, e.screen, agent, address, now)
                for e in batch.events
            ]
        )
        return {"stored": len(batch.events), "dropped": []}

    return app
