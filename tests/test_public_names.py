"""The names that applications import: pinned exactly, so that adding one is a decision."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys

import pytest

import askfirst

PUBLIC = {
    "askfirst": """
        AskfirstError CollectorAway CollectorUnavailable CollectorClient Consent ConsentMiddleware
        HttpCollector Policy PolicyError Problem Refused __version__ accesslog askfirst_notice
        consent_from read_policy shipped track
    """,
    "askfirst.accesslog": "VisitorFilter install",
    "askfirst.django": "ConsentMiddleware askfirst_notice consent_from",
    "askfirst.fastapi": "ConsentMiddleware consent_from init_app init_templates",
    "askfirst.flask": "AskFirst ConsentMiddleware askfirst_notice consent_from",
    "askfirst.jinja": "askfirst_script init_jinja",
    "askfirst.litestar": "ConsentMiddleware consent_from init_app init_templates",
    "askfirst.quart": "ConsentMiddleware consent_from init_app",
    "askfirst.starlette": "ConsentMiddleware consent_from init_app init_templates",
    "askfirst.wsgi": "ConsentMiddleware askfirst_notice consent_from",
    "askfirst_collector.embedded": "EmbeddedCollector",
}
# Old import path, the name that was there, and what to write.
MOVED = [
    ("askfirst.asgi", "ConsentMiddleware", "from askfirst import ConsentMiddleware"),
    ("askfirst.http_collector", "HttpCollector", "from askfirst import HttpCollector"),
    ("askfirst.telemetry", "track", "from askfirst import track"),
]


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_exactly_these(module: str) -> None:
    """Each is there and sorted; a name that is not listed is not exported."""
    names = importlib.import_module(module).__all__
    assert list(names) == sorted(PUBLIC[module].split())
    assert all(hasattr(importlib.import_module(module), name) for name in names)


@pytest.mark.parametrize("module", sorted(name for name in PUBLIC if name != "askfirst"))
def test_what_a_module_defines_without_underscore_is_public(module: str) -> None:
    """What looks public is listed, or is one of the few that others of ours import."""
    public = importlib.import_module(module)
    internal = {"Opened"} if module == "askfirst_collector.embedded" else set()
    defined = {
        name
        for name, value in vars(public).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module
    }
    assert defined - internal <= set(public.__all__)


@pytest.mark.parametrize(("module", "name", "advice"), MOVED)
def test_an_old_import_path_warns_once_with_what_to_write(
    module: str, name: str, advice: str
) -> None:
    """It gives the same object, and Python shows its warning to whoever runs the old import."""
    program = (
        f"import askfirst\nfrom {module} import {name}\nimport {module}\n"
        f"from {module} import {name}\nassert {name} is askfirst.{name}"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("DeprecationWarning") == 1
    assert f"DeprecationWarning: {module} has moved: write `{advice}`" in run.stderr


@pytest.mark.parametrize("name", [name for _, name, _ in MOVED])
def test_what_is_to_be_written_instead_is_there(name: str) -> None:
    """The advice of an old path leads somewhere."""
    assert name in askfirst.__all__
