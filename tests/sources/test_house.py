"""The house: who may import whom, and what is open where."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.imports import (
    PACKAGES,
    SCRIPTS,
    callers_of,
    circles,
    imports,
    module_of,
    outside,
    python_files,
    room_of,
    rooms,
    script_problems,
)

# Of each folder, or file at the top of the package, the others that it imports from: all of them,
# so that a new one, and a new arrow, is a decision. `(top)` is the package itself.
SDK = """
(top): accesslog adapters client errors pages remote terms track
__main__: collector.cli
accesslog: endpoints gate http observe terms
adapters: client contracts endpoints errors gate http log_fault pages terms
asgi: adapters
client: contracts terms
contracts: errors http terms
django: adapters client endpoints errors gate http log_fault pages terms
django.templatetags: django pages
endpoints: client contracts errors gate http log_fault pages terms
errors:
fastapi: adapters client terms
flask: adapters client pages terms
gate: client contracts errors http log_fault spool terms
http: errors
http_collector: remote
jinja: adapters
litestar: adapters client
log_fault:
observe: contracts errors log_fault terms
pages: contracts errors gate http terms
quart: adapters client terms
remote: __version__ client contracts errors gate http log_fault observe spool terms
spool: client errors log_fault
starlette: adapters client
telemetry: track
terms: errors
track: adapters gate
wsgi: adapters
"""
# `@` is `askfirst`, which knows nothing of the collector but for the command's entry.
COLLECTOR = """
(top):
api: @client @contracts @errors @gate @http @log_fault @observe @terms catalogue closing ingest
    ledger members reports services store usecases
app: @errors @http api ingest openapi runtime services
assessment: @pages @terms catalogue processing
catalogue: @errors @remote @terms ledger members public_address store
cli: @__version__
closing: @terms catalogue ledger store
commands: @contracts @endpoints @errors @gate @http @observe @pages @remote @terms api assessment
    catalogue closing config consent_tools dashboard.auth dashboard.layout demo doctor embedded
    explain frameworks imports init jobs ledger loopback letters members processing reports runtime
    services store usecases
config: @errors
consent_tools: @terms catalogue init
dashboard: @errors @observe @pages dashboard.auth dashboard.figures dashboard.host_policy
    dashboard.layout dashboard.members dashboard.placed dashboard.sites letters members services
dashboard.auth: @contracts @errors @http @observe config dashboard.layout loopback members services
    usecases
dashboard.figures: @errors @observe @terms catalogue closing dashboard.layout dashboard.selection
    explain imports ledger members reports services store usecases
dashboard.host_policy: @errors @terms catalogue dashboard.layout members services usecases
dashboard.layout: @contracts @errors @http @observe @pages @terms catalogue dashboard.selection
    members services usecases
dashboard.members: @errors catalogue dashboard.layout ledger members services usecases
dashboard.placed: @errors @terms catalogue dashboard.host_policy dashboard.layout explain members
    services usecases
dashboard.selection: @observe @terms catalogue closing members reports services store
dashboard.sites: @errors @gate @http @pages @terms api catalogue dashboard.figures
    dashboard.host_policy dashboard.layout dashboard.selection explain frameworks ledger letters
    members reports services usecases
demo: @adapters @client @contracts @http @observe @pages @terms api catalogue config embedded ingest
    jobs ledger members services store usecases
doctor: @errors @gate @http @observe @terms @wsgi catalogue config embedded init loopback store
embedded: @client @errors @gate @observe @spool @terms api app config dashboard dashboard.auth
    ingest jobs letters runtime services store usecases
explain: @pages @terms
frameworks:
imports: @errors
ingest: @client @contracts @errors @gate @http @observe @spool @terms catalogue ledger services
    store usecases
init: @errors @gate @terms catalogue frameworks
jobs: @errors catalogue closing ingest ledger letters services store transfers usecases webhooks
ledger: @client @contracts @errors @terms config store
letters: @errors catalogue closing config dashboard.figures dashboard.layout dashboard.selection
    loopback members reports services store
loopback:
members: @errors @terms ledger store
openapi: @contracts @errors @terms api catalogue members usecases
processing: @pages @terms catalogue explain
public_address:
reports: @terms catalogue closing store
runtime: @__version__ @errors @observe @spool catalogue config ingest jobs ledger members services
    store store.clickhouse usecases
services: @observe @spool catalogue config ledger members store
store: @errors @spool @terms config loopback
store.clickhouse: @spool @terms config store
store.migrations:
store.migrations.versions:
transfers: @errors @terms catalogue closing ingest ledger services store webhooks
usecases: @client @contracts @errors @gate @pages @spool @terms catalogue closing imports ledger
    members services store
webhooks: catalogue public_address store
"""
# What a site imports is the standard library; these alone may need more.
NEED_PACKAGES = re.compile(
    r"askfirst\.(observe|django|flask|quart|starlette|fastapi|litestar|adapters\.(jinja|starlette_stack))\b"
)
# Where SQL stands: the folders that know their own tables.
KNOW_SQL = re.compile(r"askfirst_collector\.(store|ledger|catalogue|members|webhooks)\.")
# Others hand the open file, or the transaction of a use case, on to a function of those folders.
_OPENS = re.compile(
    r"\bengine\.\w+\(|\bconnection\.(execute\w*|exec_\w+|commit|rollback|scalar\w*)\("
)
_SPEAKS = re.compile(
    r"sqlalchemy\b|sqlite3\b|askfirst_collector\.store\.database\.(reading|changing|writing)$"
)

# What changes things through use cases alone; but for what it notes of what it has looked at.
FACES = re.compile(r"askfirst_collector\.(api|commands|dashboard)\.")
NOTES = {"askfirst_collector.ledger.milestones.milestones"}


def table() -> dict[str, set[str]]:
    """The two tables above, in full names."""
    rows: dict[str, set[str]] = {}
    for package, text in (("askfirst", SDK), ("askfirst_collector", COLLECTOR)):
        for line in re.sub(r"\n +", " ", text.strip()).splitlines():
            room, _, targets = line.partition(":")
            name = package if room == "(top)" else f"{package}.{room}"
            rows[name] = {_full(package, target) for target in targets.split()}
    return rows


def _full(package: str, target: str) -> str:
    if target.startswith("@"):
        return f"askfirst.{target[1:]}"
    if target.startswith("collector."):
        return f"askfirst_collector.{target.removeprefix('collector.')}"
    return f"{package}.{target}"


def differences(real: Mapping[str, set[str]]) -> list[str]:
    """What the sources and the tables do not agree on, one sentence each."""
    allowed = table()
    return [
        *(f"{room} is in no table" for room in sorted(real.keys() - allowed.keys())),
        *(f"{room} is not there any more" for room in sorted(allowed.keys() - real.keys())),
        *(
            f"{room} imports {target}"
            for room in sorted(real.keys() & allowed.keys())
            for target in sorted(real[room] - allowed[room])
        ),
        *(
            f"{room} does not import {target} any more"
            for room in sorted(real.keys() & allowed.keys())
            for target in sorted(allowed[room] - real[room])
        ),
    ]


def needs(root: Path) -> list[str]:
    """Modules of the SDK that import what a site may not have."""
    known = sys.stdlib_module_names | {"_typeshed"}  # the last for types only
    return [
        f"{found.module} needs {found.name}"
        for path in python_files(root)
        if (root / PACKAGES["askfirst"]) in path.parents
        for found in outside(root, path, known)
        if not NEED_PACKAGES.match(found.module)
    ]


def sql(root: Path) -> list[str]:
    """Modules that spell out SQL or open a transaction, and are not where that belongs."""
    knows = {
        module_of(root, path)
        for path in python_files(root)
        if _OPENS.search(path.read_text("utf-8"))
        or any(_SPEAKS.match(imported.name) for imported in imports(root, path))
    }
    return [f"{module} knows SQL" for module in sorted(knows) if not KNOW_SQL.match(module)]


def direct_changes(root: Path) -> list[str]:
    """Where a face imports what changes a table, instead of the use case that does."""
    paths = {module_of(root, path): path for path in python_files(root)}
    changing = {
        f"{module}.{name}"
        for module, path in paths.items()
        if KNOW_SQL.match(module)
        for name in callers_of(path.read_text("utf-8"), "changing", "writing")
    }
    return [
        f"{module} changes by {imported.name}"
        for module, path in paths.items()
        if FACES.match(module)
        for imported in imports(root, path)
        if imported.name in changing - NOTES
    ]


def test_who_imports_whom_is_in_the_table() -> None:
    """A folder that is in no row fails, an arrow that is in no row, and a row that nobody needs."""
    assert differences(rooms(ROOT)) == []


def test_no_folders_go_in_a_circle() -> None:
    """Neither in the sources nor in the tables."""
    assert circles(rooms(ROOT)) == circles(table()) == []


def test_the_sdk_knows_nothing_of_the_collector() -> None:
    """Everything may import askfirst, which imports nothing of the collector."""
    knows = {
        room: targets
        for room, imported in table().items()
        if room.split(".")[0] == "askfirst"
        and (targets := {name for name in imported if name.startswith("askfirst_collector")})
    }
    assert knows == {"askfirst.__main__": {"askfirst_collector.cli"}}


def test_a_site_needs_no_dependency() -> None:
    """What a site imports is the standard library; observe/ and the frameworks' shells aside."""
    assert needs(ROOT) == []


def test_sql_stands_where_tables_are() -> None:
    """Nobody else opens a transaction, or imports what speaks to a database."""
    assert sql(ROOT) == []


def test_faces_change_nothing_themselves() -> None:
    """Dashboard, `/v1` and commands go through a use case, as NOTES do not need to."""
    assert direct_changes(ROOT) == []


def test_scripts_know_no_more_than_they_must() -> None:
    """No package, no circle; the gate knows nothing of the notice, the notice its interface."""
    assert script_problems(ROOT) == []


PLANTED = [
    (
        "sdk/python/askfirst/terms/terms.py",
        "from askfirst.gate import gate",
        "imports askfirst.gate",
    ),
    (
        "sdk/python/askfirst/gate/gate.py",
        "from ..adapters import asgi",
        "imports askfirst.adapters",
    ),
    (
        "sdk/python/askfirst/gate/gate.py",
        "import askfirst_collector.app",
        "imports askfirst_collector",
    ),
    ("sdk/python/askfirst/errors.py", "from .terms import policy", "imports askfirst.terms"),
    ("sdk/python/askfirst/contracts/names.py", "import msgspec", "needs msgspec"),
    ("sdk/python/askfirst/remote/terms.py", "import httpx", "needs httpx"),
    ("sdk/python/askfirst/desk.py", "import os", "in no table"),
    ("sdk/python/askfirst/new/thing.py", "import os", "in no table"),
    (
        "collector/askfirst_collector/store/sqlite.py",
        "from askfirst_collector.dashboard import app",
        "imports askfirst_collector.dashboard",
    ),
    (
        "collector/askfirst_collector/catalogue/sites.py",
        "def f():\n    from askfirst_collector.services import Parts",
        "imports askfirst_collector.services",
    ),
    ("collector/askfirst_collector/new/thing.py", "import os", "in no table"),
    (
        "collector/askfirst_collector/closing/steps.py",
        "def f():\n    import sqlite3",
        "closing.steps knows SQL",
    ),
    (
        "collector/askfirst_collector/dashboard/app.py",
        "def f(parts):\n    return parts.engine.connect()",
        "dashboard.app knows SQL",
    ),
    (
        "collector/askfirst_collector/usecases/links.py",
        "def f(work):\n    work.connection.execute('DELETE FROM members')",
        "usecases.links knows SQL",
    ),
    (
        "collector/askfirst_collector/reports/ranges.py",
        "from askfirst_collector.store.database import reading",
        "reports.ranges knows SQL",
    ),
    (
        "collector/askfirst_collector/api/sites.py",
        "from askfirst_collector.store.job_times import note_times",
        "api.sites changes by askfirst_collector.store.job_times.note_times",
    ),
    (
        "collector/askfirst_collector/closing/calendar.py",
        "from askfirst_collector.services import Parts",
        "closing imports askfirst_collector.services",
    ),
    (
        "sdk/js/src/globs.ts",
        'import { show } from "../../../consent_banner/src/notice.ts";',
        "notice",
    ),
    ("sdk/js/src/globs.ts", 'import left from "left-pad";', "left-pad"),
    ("sdk/js/npm/vue.ts", 'import { useState } from "react";', "react"),
    ("sdk/js/src/globs.ts", 'import { init } from "../npm/index.ts";', "npm"),
    ("sdk/js/src/globs.ts", 'import { x } from "./clear.ts";', "→"),
    ("consent_banner/src/words.ts", 'import { x } from "../../sdk/js/src/outbox.ts";', "outbox"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, where something may be planted; who does so takes it out again."""
    folder = tmp_path_factory.mktemp("house")
    for sources in (*PACKAGES.values(), *SCRIPTS):
        shutil.copytree(
            ROOT / sources, folder / sources, ignore=shutil.ignore_patterns("__pycache__", "static")
        )
    return folder


@pytest.mark.parametrize(("file", "line", "expected"), PLANTED)
def test_what_is_planted_is_seen(copy: Path, file: str, line: str, expected: str) -> None:
    """A test of the tests above: each kind of violation, planted in a copy, is named."""
    path = copy / file
    text = path.read_text("utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{text or ''}\n{line}\n", "utf-8")
    guards = (needs, sql, direct_changes, script_problems)
    found = [*differences(rooms(copy)), *(line for guard in guards for line in guard(copy))]
    if text is not None:
        path.write_text(text, "utf-8")
    elif len(list(path.parent.iterdir())) > 1:
        path.unlink()
    else:
        shutil.rmtree(path.parent)
    assert any(expected in sentence for sentence in found), found


def test_rooms_are_told_apart() -> None:
    """A name is in the deepest folder that it names."""
    assert room_of(ROOT, "askfirst.gate.gate.Gate") == "askfirst.gate"
    assert room_of(ROOT, "askfirst.errors.Refused") == "askfirst.errors"
    assert room_of(ROOT, "askfirst_collector.dashboard.auth") == "askfirst_collector.dashboard.auth"
    assert room_of(ROOT, "json.loads") is None
