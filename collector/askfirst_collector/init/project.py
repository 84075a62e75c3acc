"""What a project's folder tells about it: read, never executed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askfirst_collector.frameworks import FRAMEWORKS, Framework
from askfirst_collector.init.sources import Place, Sources, read_text

_PACKAGE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True)
class Project:
    """What was found: `renamed` has literal values of settings that name cookies."""

    framework: Framework | None = None
    because: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()  # packages, as requirements name them
    modules: frozenset[str] = frozenset()  # imported, or listed as applications and middleware
    own_cookies: tuple[tuple[str, str], ...] = ()  # name, and where the sources set it
    places: tuple[Place, ...] = ()  # where applications are made
    name: str = ""
    owner: str = ""
    contact: str = ""


def look_at(folder: Path) -> Project:
    """Look at the project in a folder."""
    pyproject = _toml(folder / "pyproject.toml")
    sources = Sources(folder)
    required = frozenset(_required(folder, pyproject))
    framework, because = _framework(required, sources.imported)
    about = _below(pyproject, "project")
    people = about.get("authors")
    first = people[0] if isinstance(people, list) and people else {}
    owner = first if isinstance(first, dict) else {}
    return Project(
        framework,
        because,
        sources.renamed,
        frozenset(sources.words),
        required,
        frozenset(sources.modules),
        tuple(sources.own_cookies.items()),
        tuple(sources.places),
        str(about.get("name", "")),
        str(owner.get("name", "")),
        str(owner.get("email", "")),
    )


def _framework(required: Collection[str], imported: Counter[str]) -> tuple[Framework | None, str]:
    known = [framework for framework in FRAMEWORKS.values() if framework.package]
    candidates = [
        framework
        for framework in known
        if framework.package in required or framework.package in imported
    ]
    # FastAPI brings Starlette along, Quart brings Flask: the one that is built on them is meant.
    below = {name for framework in candidates for name in framework.built_on}
    candidates = [framework for framework in candidates if framework.name not in below]
    if not candidates:
        return None, ""
    best = max(
        candidates,
        key=lambda framework: (imported[framework.package], framework.package in required),
    )
    if imported[best.package]:
        return best, f"imported by {_files(imported[best.package])}"
    return best, "named by the project's requirements"


def _files(count: int) -> str:
    return "one file" if count == 1 else f"{count} files"


# ---------------------------------------------------------------- requirements


def _required(folder: Path, pyproject: dict[str, Any]) -> Iterator[str]:
    project = _below(pyproject, "project")
    poetry = _below(pyproject, "tool", "poetry")
    extras = _below(project, "optional-dependencies").values()
    groups = _below(pyproject, "dependency-groups").values()
    lines = [requirement for group in (*extras, *groups) for requirement in _strings(group)]
    lines += _strings(project.get("dependencies"))
    for table in (poetry, *(_below(poetry, "group", name) for name in _below(poetry, "group"))):
        lines += _below(table, "dependencies")
    for file in sorted(folder.glob("*requirements*.txt")):
        lines += read_text(file).splitlines()
    for line in lines:
        if match := _PACKAGE.match(line):
            yield re.sub(r"[-_.]+", "-", match[1]).lower()


def _below(table: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The table at a path; empty where there is none, or something else."""
    for key in keys:
        child = table.get(key)
        table = child if isinstance(child, dict) else {}
    return table


def _strings(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError:
        return {}
