"""What a project's folder tells about it: read, never executed."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from askfirst_collector.init.frameworks import FRAMEWORKS, Framework

MOST_FILES = 2_000  # Python files that are read
LARGEST = 1_000_000  # bytes of one of them
# Not the project's own code.
_SKIPPED = {"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"}
_PACKAGE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Project:
    """What was found: `renamed` has literal values of settings that name cookies."""

    framework: Framework | None = None
    because: str = ""
    renamed: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    name: str = ""
    owner: str = ""
    contact: str = ""


def look_at(folder: Path) -> Project:
    """Look at the project in a folder."""
    pyproject = _toml(folder / "pyproject.toml")
    sources = _Sources(folder)
    framework, because = _framework(set(_required(folder, pyproject)), sources.imported)
    about = _below(pyproject, "project")
    people = about.get("authors")
    first = people[0] if isinstance(people, list) and people else {}
    owner = first if isinstance(first, dict) else {}
    return Project(
        framework,
        because,
        sources.renamed,
        frozenset(sources.words),
        str(about.get("name", "")),
        str(owner.get("name", "")),
        str(owner.get("email", "")),
    )


def _framework(required: set[str], imported: Counter[str]) -> tuple[Framework | None, str]:
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
        lines += _text(file).splitlines()
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
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError:
        return {}


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace") if file.stat().st_size <= LARGEST else ""
    except OSError:
        return ""


# ---------------------------------------------------------------- sources


class _Sources:
    """All Python files of a folder: how many import what, and which settings they write."""

    def __init__(self, folder: Path) -> None:
        self.imported: Counter[str] = Counter()
        self.renamed: dict[str, str] = {}
        self.words: set[str] = set()
        cookies = [cookie for framework in FRAMEWORKS.values() for cookie in framework.cookies]
        self._settings = {cookie.setting for cookie in cookies if cookie.setting}
        self._wanted = {cookie.where for cookie in cookies if cookie.where}
        for number, file in enumerate(_python_files(folder)):
            if number == MOST_FILES:
                break
            self._read(_text(file))

    def _read(self, text: str) -> None:
        self.words.update(self._wanted.intersection(_WORD.findall(text)))
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        self.imported.update(set(_imports(tree)))
        for node in ast.walk(tree):
            for name, value in _named(node):
                if name in self._settings and isinstance(value, ast.Constant):
                    self.renamed[name] = str(value.value)


def _python_files(folder: Path) -> Iterator[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    yield from (path for path in inside if path.suffix == ".py" and path.is_file())
    for path in inside:
        own = path.name not in _SKIPPED and not path.name.startswith(".")
        if own and path.is_dir() and not path.is_symlink() and not (path / "pyvenv.cfg").exists():
            yield from _python_files(path)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _named(node: ast.AST) -> Iterator[tuple[object, ast.expr]]:
    """`NAME = …`, `config["NAME"] = …`, `call(NAME=…)` and `{"NAME": …}`."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                yield target.slice.value, node.value
    elif isinstance(node, ast.keyword):
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield key.value, value
