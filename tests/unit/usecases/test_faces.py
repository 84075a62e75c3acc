"""A change is one function: dashboard, `/v1/admin` and commands do the same by it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import askfirst_collector.usecases as package
from askfirst_collector.cli import main
from askfirst_collector.dashboard.app import host_routes
from askfirst_collector.members.permissions import Member
from askfirst_collector.services import Services
from tests.support.commands import commands
from tests.support.ledger import contents
from tests.system.isolation.rows import COLLECTOR, endpoints
from tests.system.isolation.world import PROVIDER, World, world

from . import (
    collector_rows,
    letter_rows,
    member_rows,
    request_rows,
    rows,
    transfer_rows,
    webhook_rows,
)
from .faces import Form, Outcome, Row, outcome
from .mapping import COMMANDS, FORMS, NO_CHANGES, OTHERS

pytestmark = [pytest.mark.anyio, pytest.mark.file]
ROWS: tuple[Row, ...] = (
    *(*rows.ROWS, *collector_rows.ROWS, *member_rows.ROWS),
    *(*webhook_rows.ROWS, *letter_rows.ROWS, *request_rows.ROWS, *transfer_rows.ROWS),
)


@contextmanager
def prepared(folder: Path, row: Row) -> Iterator[tuple[World, Mapping[str, str]]]:
    with world(folder) as opened:
        opened.renew_key()
        yield opened, row.prepare(opened)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_face_leaves_the_same_in_tables_and_audit(tmp_path: Path, row: Row) -> None:
    """All is equal but random ids and times. A change is added to tests/unit/usecases/rows.py."""
    outcomes = {}
    for face, step in row.faces.items():
        with prepared(tmp_path / face / "data", row) as (opened, values):
            outcomes[face] = await outcome(opened, step, values)
    assert differences(row, outcomes) == []


def differences(row: Row, outcomes: Mapping[str, Outcome]) -> list[str]:
    """What a face left that is not as the row says, or not as the first face left it."""
    (name, first), *others = outcomes.items()
    actions = [entry["action"] for entry in first.audit]
    return [
        *([] if first.done is row.allowed else [f"{name}: done is {first.done}"]),
        *([] if actions == list(row.audit) else [f"{name}: the audit has {actions}"]),
        *(f"{face} differs from {name}" for face, other in others if other != first),
    ]


async def test_a_face_that_does_something_else_is_seen(tmp_path: Path) -> None:
    """A test of the test above: a face that ends a key instead of adding one is named."""
    row = next(row for row in ROWS if row.change == "create_site_key" and row.allowed)
    end = next(row for row in ROWS if row.change == "end_site_key" and row.allowed)
    outcomes = {}
    for face, step in (("api", row.faces["api"]), ("dashboard", end.faces["dashboard"])):
        with prepared(tmp_path / face / "data", row) as (opened, values):
            outcomes[face] = await outcome(opened, step, values)
    assert differences(row, outcomes) == ["dashboard differs from api"]
    (problem,) = differences(replace(row, audit=()), {"api": outcomes["api"]})
    assert "the audit has ['site-key.create']" in problem
    (problem,) = differences(replace(row, allowed=False), {"api": outcomes["api"]})
    assert problem == "api: done is True"


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function of the use cases by its name."""
    modules = (
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    )
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


def without_row(functions: Mapping[str, Callable[..., Any]]) -> set[str]:
    """The functions that have an actor and no row, or neither, and are not said to change nothing.

    Those that are said to and are not there are in it too.
    """
    acting = {
        name for name, value in functions.items() if "actor" in inspect.signature(value).parameters
    }
    changes = {row.change for row in ROWS}
    return (acting - changes) | ((functions.keys() - acting - changes) ^ OTHERS)


def test_every_change_has_a_row() -> None:
    """A function of `usecases` that has an actor is in a row; what changes nothing is said."""
    assert without_row(functions()) == set()


def test_a_change_without_a_row_is_seen() -> None:
    """A test of the test above: with an actor, without one, and one that is gone."""

    def rename_site(parts: Services, actor: Member, site: str) -> None: ...

    def look(parts: Services) -> None: ...

    present = functions()
    assert without_row({**present, "rename_site": rename_site}) == {"rename_site"}
    assert without_row({**present, "look": look}) == {"look"}
    del present["follow_file"]
    assert without_row(present) == {"follow_file"}


def test_every_form_operation_and_command_is_of_a_change(tmp_path: Path) -> None:
    """Whoever adds one says which change it is, or that it changes nothing."""
    with world(tmp_path) as opened:
        routes = endpoints(host_routes(opened.parts, provider=PROVIDER))
    operations = {(row.method, row.path) for row in COLLECTOR if row.path.startswith("/v1/admin")}
    called = {" ".join(words) for words, _ in commands(main)}
    assert unmapped({*routes, *operations}, called) == set()
    assert unmapped({*routes, *operations, ("POST", "/rename")}, called) == {"POST /rename"}
    assert unmapped({*routes, *operations}, {*called, "site rename"}) == {"site rename"}
    assert {*FORMS.values(), *COMMANDS.values()} == {row.change for row in ROWS}


def unmapped(routes: Iterable[tuple[str, str]], called: Iterable[str]) -> set[str]:
    """What may change something and is not in `mapping.py`, or is there alone."""
    asked_for = {f"{method} {path}" for method, path in routes if method not in ("GET", "*")}
    return {*asked_for, *called} ^ {*FORMS, *COMMANDS, *NO_CHANGES}


async def test_a_key_that_is_not_there_is_refused_and_its_text_is_nowhere(tmp_path: Path) -> None:
    """The ledger keeps for ever: nothing of a sender's own text comes into it."""
    text = "someone's own sixty characters, which no ledger will ever hold"
    with world(tmp_path) as opened:
        path = "/sites/{site}/keys/end"
        result = await outcome(opened, Form(path, {"id": text}, {"site": "club"}))
        assert (result.done, result.audit) == (False, [])
        with opened.parts.engine.connect() as connection:
            bodies = [*contents(connection.connection.driver_connection)]
    assert text not in repr(bodies)
