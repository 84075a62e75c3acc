"""One change through each face, and what it left in the tables and in the audit."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from askfirst_collector.ledger.changes import changes
from tests.isolation.world import World

ACTOR = "ada"
IDS = re.compile(r"[0-9a-f]{16}|placed_[\w-]{22}")
TIMES = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")
NOT_COMPARED = {"entry", "change", "session", "api_token", "revision", "sqlite_sequence"}


@dataclass(frozen=True)
class Form:
    """A form of the dashboard; `route` as the router has it."""

    route: str
    fields: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, world: World) -> bool:
        async with world.browser(ACTOR) as client:
            page = (await client.get("/account")).text
            csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
            assert csrf is not None
            path = self.route.format(**self.fills)
            answer = await client.post(path, data={**self.fields, "csrf": csrf[1]})
        return answer.status_code < 400


@dataclass(frozen=True)
class Call:
    """A request to `/v1/admin` by a token of every scope."""

    method: str
    route: str
    body: Mapping[str, Any] | None = None
    fills: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, world: World) -> bool:
        async with world.program(ACTOR) as client:
            path = self.route.format(**self.fills)
            answer = await client.request(self.method, path, json=self.body)
        return answer.status_code < 400


@dataclass(frozen=True)
class Command:
    """A command in a process of its own, as on a machine where the collector runs."""

    words: tuple[str, ...]
    file: str = ""  # what FILE among the words holds

    async def ask(self, world: World) -> bool:
        file = world.parts.folder.ledger.parent.parent / "input.toml"
        file.write_text(self.file, "utf-8")
        words = [str(file) if word == "FILE" else word for word in self.words]
        folder = str(world.parts.folder.ledger.parent)
        command = [sys.executable, "-m", "askfirst", *words, "--data", folder]
        process = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in process.stderr, process.stderr
        return process.returncode == 0


@dataclass(frozen=True)
class Outcome:
    """All that a change left: rows by table, and the new entries of the audit, oldest first."""

    done: bool
    tables: Mapping[str, list[str]]
    audit: list[dict[str, Any]]


async def outcome(world: World, step: Form | Call | Command) -> Outcome:
    """Do it, and read what is there; random ids, times and who it was are made alike."""
    before = {change.index for change in changes(world.parts.engine, 200)}
    done = await step.ask(world)
    audit = [
        {
            "action": change.action,
            "target": alike(change.target),
            "site": change.site,
            "before": alike(change.before),
            "after": alike(change.after),
        }
        for change in reversed(changes(world.parts.engine, 200))
        if change.index not in before and not change.action.startswith("api-token")
    ]
    return Outcome(done, _tables(world), audit)


def _tables(world: World) -> dict[str, list[str]]:
    with world.parts.engine.connect() as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = connection.exec_driver_sql(query).scalars().all()
        return {
            name: sorted(
                json.dumps(alike(dict(row._mapping)), sort_keys=True)
                for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
            )
            for name in names
            if name not in NOT_COMPARED
        }


def alike(value: Any) -> Any:
    """A value without what chance, the clock and the face decide."""
    if isinstance(value, Mapping):
        return {name: alike(child) for name, child in value.items()}
    if isinstance(value, list | tuple):
        return [alike(child) for child in value]
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, int) and value > 1_000_000_000:
        return "time"
    if value in (ACTOR, "cli"):
        return "actor"
    if isinstance(value, str):
        return TIMES.sub("time", IDS.sub("id", value)) if len(value) < 60 else value
    return value
