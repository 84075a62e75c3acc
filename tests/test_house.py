"""The house: imports point downward, files stay small, and what is not to be used is not used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SDK = ROOT / "sdk/python/askfirst"
COLLECTOR = ROOT / "collector/askfirst_collector"

# Lower floors first: a package may import those below it and, where named, its own floor.
FLOORS = (
    {"store"},
    {"closing", "reports", "ledger", "registry"},
    {"ingest", "dashboard", "jobs", "admin"},
    {"openapi"},
    {"app", "embedded"},
    {"demo", "init"},
    {"cli", "commands", "doctor"},
)
SHELLS = re.compile(r"askfirst\.(asgi|wsgi|desk|django|flask|starlette|fastapi|litestar|quart)")
ANYWHERE = {"config", "parts", "health", "loopback", "askfirst_collector"}
# Standard library only: what a site imports must not pull anything in.
FREE_OF_DEPENDENCIES = (
    *(
        "terms",
        "contracts",
        "gate",
        "client.py",
        "errors.py",
        "asgi.py",
        "asgi_paths.py",
        "options.py",
    ),
    *("wsgi.py", "wsgi_environ.py", "desk.py", "bridge.py", "background.py"),
    *("http_collector.py", "http_connections.py", "relayed.py", "remote_terms.py", "outbox.py"),
    *("generalising.py", "telemetry.py", "key_file.py", "spool"),
)


def modules(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*.py") if "static" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules a file imports at run time or for types."""
    above = COLLECTOR.parent if COLLECTOR in path.parents else SDK.parent
    parts = path.relative_to(above).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room(name: str) -> str:
    """The floor's name of a collector module: its first part below the package."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def test_the_sdk_knows_nothing_of_the_collector() -> None:
    """Everything may import askfirst, which imports nothing of the collector."""
    offending = [
        (path.relative_to(ROOT), name)
        for path in modules(SDK)
        if path.name != "__main__.py"
        for name in imports(path)
        if name.split(".")[0] == "askfirst_collector"
    ]
    assert offending == []


def test_terms_import_nothing_of_ours() -> None:
    """terms/ stands alone: itself, the errors, the standard library."""
    allowed = re.compile(r"askfirst(\.terms(\..+)?|\.errors(\..+)?)?$")
    offending = [
        (path.name, name)
        for path in modules(SDK / "terms")
        for name in imports(path)
        if name.split(".")[0] == "askfirst" and not allowed.match(name)
    ]
    assert offending == []


def test_contracts_stand_on_terms_and_headers_alone() -> None:
    """What reads the wire knows no gate, no client and no collector."""
    allowed = re.compile(r"askfirst(\.(terms|errors|contracts|gate\.headers)(\..+)?|\.gate)?$")
    offending = [
        (path.name, name)
        for path in modules(SDK / "contracts")
        for name in imports(path)
        if name.split(".")[0] == "askfirst" and not allowed.match(name)
    ]
    assert offending == []


def test_observation_stands_on_terms_and_contracts() -> None:
    """observe → contracts → terms."""
    offending = [
        (path.name, name)
        for path in modules(SDK / "observe")
        for name in imports(path)
        if re.match(r"askfirst\.(gate|client|asgi|wsgi|starlette)", name)
    ]
    assert offending == []


def test_the_gate_does_not_know_its_shells() -> None:
    """Shells → gate → terms, never upwards."""
    offending = [
        (path.name, name)
        for path in modules(SDK / "gate")
        for name in imports(path)
        if re.match(
            r"askfirst\.(asgi|wsgi|desk|django|flask|starlette|fastapi|litestar|quart)", name
        )
    ]
    assert offending == []


def test_a_site_needs_no_dependency() -> None:
    """What a site imports is the standard library; observe/ and framework shells aside."""
    known = sys.stdlib_module_names | {
        "askfirst",
        "__future__",
        "_typeshed",
    }  # the last: types only
    files = [
        path
        for name in FREE_OF_DEPENDENCIES
        for path in ([SDK / name] if name.endswith(".py") else modules(SDK / name))
    ]
    offending = [
        (path.relative_to(SDK), name)
        for path in files
        for name in imports(path)
        if name.split(".")[0] not in known
    ]
    assert offending == []


def test_the_collector_imports_downward_only() -> None:
    """cli → app → ingest, dashboard, jobs → closing, reports, ledger, registry → store."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    offending = []
    for path in modules(COLLECTOR):
        here = path.relative_to(COLLECTOR).with_suffix("").parts[0]
        for name in imports(path):
            there = room(name)
            if not name.startswith("askfirst_collector") or there in ANYWHERE:
                continue
            if here in floor and there in floor and floor[there] > floor[here]:
                offending.append((str(path.relative_to(COLLECTOR)), name))
    assert offending == []


def test_databases_are_opened_in_one_place() -> None:
    """A descriptor of a database that is closed outside of SQLite drops the process's locks."""
    calls = re.compile(
        r"sqlite3\.connect\((?!\"\")|create_engine\(|os\.open\(|copyfile|shutil\.copy"
    )
    offending = {
        str(path.relative_to(COLLECTOR)): calls.findall(path.read_text("utf-8"))
        for path in modules(COLLECTOR)
        if calls.search(path.read_text("utf-8"))
    }
    assert offending == {
        "config.py": ["os.open("],  # what is not there yet
        "store/database.py": ["create_engine("],  # over `connect`
        "store/migrating.py": ["create_engine("],  # over a copy that has no name
    }


@pytest.mark.parametrize("forbidden", ["http.cookies", "starlette.middleware.base"])
def test_what_the_design_forbids_is_not_used(forbidden: str) -> None:
    """http.cookies loses every cookie behind one odd chunk; BaseHTTPMiddleware costs 300 µs."""
    files = [*modules(SDK), *modules(COLLECTOR)]
    assert [path for path in files if forbidden in set(imports(path))] == []


def test_files_stay_small() -> None:
    """When a file passes 400 lines the design is asking for something."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.ts"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    large = {
        name: lines
        for name in tracked
        if not name.startswith("tests/")
        and (path := ROOT / name).exists()
        and (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert large == {}
