"""A change is one function: dashboard, `/v1/admin` and commands do the same by it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import askfirst_collector.usecases as package
from askfirst.errors import Refused
from askfirst_collector.cli import main
from askfirst_collector.dashboard.app import host_routes
from askfirst_collector.usecases.members import remove_member
from askfirst_collector.usecases.site_keys import create_site_key
from tests.isolation.rows import COLLECTOR, endpoints
from tests.isolation.world import PROVIDER, World, world
from tests.support.commands import commands

from . import collector_rows, member_rows, rows, webhook_rows
from .faces import Form, Row, outcome
from .mapping import COMMANDS, FORMS, NO_CHANGES, OTHERS

pytestmark = pytest.mark.anyio
ROWS: tuple[Row, ...] = (*rows.ROWS, *collector_rows.ROWS, *member_rows.ROWS, *webhook_rows.ROWS)


@contextmanager
def prepared(folder: Path, row: Row) -> Iterator[tuple[World, Mapping[str, str]]]:
    with world(folder) as opened:
        opened.renew_key()
        yield opened, row.prepare(opened)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_each_face_leaves_the_same_in_tables_and_audit(tmp_path: Path, row: Row) -> None:
    """All is equal but random ids and times. A change is added to tests/usecases/rows.py."""
    outcomes = {}
    for face, step in row.faces.items():
        with prepared(tmp_path / face / "data", row) as (opened, values):
            outcomes[face] = await outcome(opened, step, values)
    (name, first), *others = outcomes.items()
    assert first.done is row.allowed, name
    assert [entry["action"] for entry in first.audit] == list(row.audit), name
    for face, other in others:
        assert other == first, f"{face} differs from {name}"


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


def test_every_change_has_a_row() -> None:
    """A function of `usecases` that has an actor is in a row; what changes nothing is said."""
    acting = {
        name
        for name, value in functions().items()
        if "actor" in inspect.signature(value).parameters
    }
    changes = {row.change for row in ROWS}
    assert acting <= changes
    assert functions().keys() - acting - changes == OTHERS


def test_every_form_operation_and_command_is_of_a_change(tmp_path: Path) -> None:
    """Whoever adds one says which change it is, or that it changes nothing."""
    with world(tmp_path) as opened:
        routes = endpoints(host_routes(opened.parts, provider=PROVIDER))
    forms = {f"POST {path}" for method, path in routes if method == "POST"}
    operations = {
        f"{row.method} {row.path}"
        for row in COLLECTOR
        if row.method != "GET" and row.path.startswith("/v1/admin")
    }
    called = {" ".join(words) for words, _ in commands(main)}
    mapped = {*FORMS, *COMMANDS, *NO_CHANGES}
    assert forms | operations | called == mapped
    assert {*FORMS.values(), *COMMANDS.values()} == {row.change for row in ROWS}


async def test_a_key_that_is_not_there_is_refused_and_its_text_is_nowhere(tmp_path: Path) -> None:
    """The ledger keeps for ever: nothing of a sender's own text comes into it."""
    text = "someone's own sixty characters, which no ledger will ever hold"
    with world(tmp_path) as opened:
        path = "/sites/{site}/keys/end"
        result = await outcome(opened, Form(path, {"id": text}, {"site": "club"}))
        assert (result.done, result.audit) == (False, [])
        with opened.parts.engine.connect() as connection:
            bodies = connection.exec_driver_sql("SELECT body FROM entry").scalars().all()
    assert text not in repr(bodies)


def test_a_member_who_lost_the_right_meanwhile_changes_nothing(tmp_path: Path) -> None:
    """The right is looked at again in the transaction, for every change."""
    with world(tmp_path) as opened:
        carl = opened.people["carl"]
        remove_member(opened.parts, opened.people["ada"], "carl")
        before = opened.state()
        with pytest.raises(Refused, match="not-allowed"):
            create_site_key(opened.parts, carl, "club")
        assert opened.state() == before
