"""The names that applications import: pinned exactly, so that adding one is a decision."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from types import ModuleType

import pytest

PUBLIC = {
    "askfirst": """
        AskfirstError CollectorAway CollectorUnavailable CollectorClient Consent ConsentMiddleware
        HttpCollector Policy PolicyError Problem Refused __version__ accesslog askfirst_notice
        consent_from identify read_policy shipped track
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
    "askfirst_collector.embedded": "EmbeddedCollector Provider",
}
# Old import path, the name that was there, and what to write.
MOVED = [
    ("askfirst.asgi", "ConsentMiddleware", "from askfirst import ConsentMiddleware"),
    ("askfirst.http_collector", "HttpCollector", "from askfirst import HttpCollector"),
    ("askfirst.telemetry", "track", "from askfirst import track"),
    (
        "askfirst_collector.dashboard.provider",
        "Provider",
        "from askfirst_collector.embedded import Provider",
    ),
]


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_exactly_these(module: str) -> None:
    """Each is there and sorted; a name that is not listed is not exported."""
    assert name_problems(importlib.import_module(module)) == []


def test_importing_askfirst_loads_what_is_asked_for() -> None:
    """A name brings its module along, and no other; `track` stays the function, whoever asks."""
    code = (
        "import sys, askfirst\n"
        "assert not {'asyncio', 'logging', 'askfirst.gate'} & sys.modules.keys()\n"
        "import askfirst.track\n"
        "from askfirst import accesslog, shipped, track\n"
        "assert callable(track) and callable(accesslog.install) and shipped('minimal')\n"
        "assert 'askfirst.adapters.asgi' not in sys.modules\n"
        "assert dir(askfirst) == sorted(set(dir(askfirst)) | set(askfirst.__all__))\n"
        "askfirst.CollectorClinet"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "AttributeError: module 'askfirst' has no attribute 'CollectorClinet'" in run.stderr
    assert "AssertionError" not in run.stderr, run.stderr


def test_what_reads_agents_and_databases_is_loaded_where_it_is_asked() -> None:
    """A collector without a database of places, that nobody sent an event, knows none of it."""
    code = (
        "import sys, askfirst_collector.embedded\n"
        "from askfirst.observe.location import Locator\n"
        "assert Locator.open(None).locate('81.2.69.142') [0] == 'GB'\n"
        "print({'geoip2', 'maxminddb', 'user_agents', 'ua_parser'} & sys.modules.keys())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "set()\n", run.stderr


@pytest.mark.parametrize("module", sorted(name for name in PUBLIC if name != "askfirst"))
def test_what_a_module_defines_without_underscore_is_public(module: str) -> None:
    """What looks public is listed, or is one of the few that others of ours import."""
    internal = {"Opened"} if module == "askfirst_collector.embedded" else set()
    assert unlisted(importlib.import_module(module)) <= internal


def name_problems(module: ModuleType) -> list[str]:
    """Where the names of a module are not exactly those above."""
    names, pinned = list(module.__all__), sorted(PUBLIC[module.__name__].split())
    return [
        *(f"{name} is not pinned" for name in names if name not in pinned),
        *(f"{name} is not exported" for name in pinned if name not in names),
        *(f"{name} is not there" for name in names if not hasattr(module, name)),
        *([] if names == sorted(set(names)) else ["not sorted, or twice"]),
    ]


def unlisted(module: ModuleType) -> set[str]:
    """What a module defines itself, under a name without underscore, and does not list."""
    defined = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }
    return defined - set(module.__all__)


def test_a_name_that_is_added_or_taken_away_is_seen() -> None:
    """A test of the tests above, in a copy of a module."""
    copy = ModuleType("askfirst.wsgi")
    vars(copy).update(vars(importlib.import_module("askfirst.wsgi")))
    assert name_problems(copy) == []
    copy.__all__ = [*copy.__all__, "more"]
    assert name_problems(copy) == ["more is not pinned", "more is not there"]
    copy.__all__ = ["askfirst_notice", "ConsentMiddleware"]
    assert name_problems(copy) == ["consent_from is not exported", "not sorted, or twice"]

    def helper() -> None: ...

    helper.__module__ = copy.__name__
    vars(copy)["helper"] = helper
    assert "helper" in unlisted(copy)


@pytest.mark.parametrize(("module", "name", "advice"), MOVED)
def test_an_old_import_path_warns_once_with_what_to_write(
    module: str, name: str, advice: str
) -> None:
    """It gives the same object, and Python shows its warning to whoever runs the old import."""
    program = (
        f"from {module} import {name}\nimport {module}\nfrom {module} import {name}\n"
        f"old = {name}\n{advice}\nassert {name} is old"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("DeprecationWarning") == 1
    assert f"DeprecationWarning: {module} has moved: write `{advice}`" in run.stderr


@pytest.mark.parametrize(("name", "advice"), [(name, advice) for _, name, advice in MOVED])
def test_what_is_to_be_written_instead_is_public(name: str, advice: str) -> None:
    """The advice of an old path leads to a name that stays."""
    module = advice.split()[1]
    assert name in PUBLIC[module].split()
