"""One change through each face, and what it left in the tables and in the audit."""

from __future__ import annotations

import asyncio
import atexit
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol

from askfirst_collector.ledger.changes import changes
from tests.system.isolation.world import World
from tests.system.serving import CommandProcess

Values = Mapping[str, str]
ACTOR = "ada"
IDS = re.compile(r"\b[0-9a-f]{16}\b|placed_[\w-]{22}|\bmsg_[0-9a-f]{32}\b")
TIMES = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")
NOT_COMPARED = {"entry", "change", "session", "api_token", "revision", "sqlite_sequence"}


class Step(Protocol):
    """How a change is asked for; `values` are what was prepared, written `{name}` in it."""

    def __call__(self, world: World, values: Values) -> Awaitable[bool]: ...


@dataclass(frozen=True)
class Form:
    """A form of the dashboard; `route` as the router has it, by `actor` or by nobody."""

    route: str
    fields: Values = field(default_factory=dict)
    fills: Values = field(default_factory=dict)
    actor: str | None = ACTOR
    file: str = ""  # what is sent along as `file`

    async def __call__(self, world: World, values: Values) -> bool:
        fields = filled(self.fields, values)
        async with world.browser(self.actor) as client:
            if self.actor is not None:
                page = (await client.get("/account")).text
                csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
                assert csrf is not None
                fields["csrf"] = csrf[1]
            path = self.route.format(**filled(self.fills, values))
            files = {"file": ("input.csv", self.file.encode())} if self.file else None
            answer = await client.post(path, data=fields, files=files)
        return answer.status_code < 400


@dataclass(frozen=True)
class Call:
    """A request to `/v1/admin` by a token of every scope."""

    method: str
    route: str
    body: Mapping[str, Any] | None = None
    fills: Values = field(default_factory=dict)

    async def __call__(self, world: World, values: Values) -> bool:
        async with world.program(ACTOR) as client:
            path = self.route.format(**filled(self.fills, values))
            answer = await client.request(self.method, path, json=self.body)
        return answer.status_code < 400


@dataclass(frozen=True)
class Command:
    """A command in another process, as on a machine where the collector runs."""

    words: tuple[str, ...]
    file: str = ""  # what FILE among the words holds

    async def __call__(self, world: World, values: Values) -> bool:
        file = world.parts.folder.ledger.parent.parent / "input.toml"
        file.write_text(self.file, "utf-8")
        texts = filled({word: word for word in self.words}, {**values, "FILE": str(file)})
        folder = str(world.parts.folder.ledger.parent)
        code, _ = await asyncio.to_thread(beside().run, [*texts.values(), "--data", folder])
        return code == 0


@cache
def beside() -> CommandProcess:
    """The process that runs the commands of all rows, until this one ends."""
    process = CommandProcess()
    atexit.register(process.close)
    return process


def filled(texts: Values, values: Values) -> dict[str, str]:
    """The texts, with what was prepared in the place of each that is `{name}` and nothing else."""
    return {key: values.get(text.strip("{}"), text) for key, text in texts.items()}


@dataclass(frozen=True)
class Outcome:
    """All that a change left: rows by table, and the new entries of the audit, oldest first."""

    done: bool
    tables: Mapping[str, list[str]]
    audit: list[dict[str, Any]]


async def outcome(world: World, step: Step, values: Values = MappingProxyType({})) -> Outcome:
    """Do it, and read what is there; random ids, times and who it was are made alike."""
    world.program(ACTOR)  # the token of the program is no part of it
    before = {change.index for change in changes(world.parts.engine, 200)}
    done = await step(world, values)
    audit = [
        {
            "action": change.action,
            "target": alike(change.target),
            "site": change.site,
            "before": alike(change.before),
            "after": alike(change.after),
        }
        for change in reversed(changes(world.parts.engine, 200))
        if change.index not in before
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


def nothing(world: World) -> Values:
    """The world as it is."""
    return {}


@dataclass(frozen=True)
class Row:
    """One change; a face that is not here does not offer it."""

    change: str
    audit: tuple[str, ...]
    faces: Mapping[str, Step]
    case: str = ""
    allowed: bool = True
    prepare: Callable[[World], Values] = nothing

    def __str__(self) -> str:
        return f"{self.change}-{self.case}" if self.case else self.change
