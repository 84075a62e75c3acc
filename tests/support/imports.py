"""Who imports whom, read off the sources of a checkout, of Python and of TypeScript."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

PACKAGES = {
    "askfirst": "sdk/python/askfirst",
    "askfirst_collector": "collector/askfirst_collector",
}
SCRIPTS = ("sdk/js/src", "sdk/js/npm", "consent_banner/src")
# What the notice may know of the gate beside it.
NOTICE_KNOWS = {
    f"sdk/js/src/{name}.ts"
    for name in (
        "api",
        "busy",
        "choices",
        "clock",
        "consent",
        "file",
        "json",
        "native",
        "page",
        "receipt",
        "screen",
        "waits",
    )
}
# The development bar looks at the page as the gate does.
NOTICE_KNOWS |= {f"sdk/js/src/{name}.ts" for name in ("globs", "safely", "signals")}
# What the modules of npm's package may have of whoever uses them; and what we bundle.
FROM_NPM = {
    "sdk/js/src/vitals.ts": "web-vitals",
    "sdk/js/npm/react.ts": "react",
    "sdk/js/npm/svelte.ts": "svelte/store",
    "sdk/js/npm/vue.ts": "vue",
}
_FROM = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Import:
    """One import: the module it stands in, and the full name of what it takes."""

    module: str
    name: str


def python_files(root: Path) -> Iterator[Path]:
    """The sources of both packages."""
    for folder in PACKAGES.values():
        yield from (p for p in sorted((root / folder).rglob("*.py")) if "static" not in p.parts)


def module_of(root: Path, path: Path) -> str:
    """The full name of the module in a file."""
    for name, folder in PACKAGES.items():
        if (root / folder) in path.parents:
            parts = path.relative_to(root / folder).with_suffix("").parts
            return ".".join((name, *(part for part in parts if part != "__init__")))
    raise ValueError(f"{path} is in no package of ours")


def imports(root: Path, path: Path) -> Iterator[Import]:
    """Everything a file imports at run time or for types, wherever it stands in it."""
    module = module_of(root, path)
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in _statements(path.read_text("utf-8")):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name) for alias in node.names)
        else:
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (Import(module, f"{base}.{alias.name}") for alias in node.names)


@functools.cache
def _statements(source: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """By the text: the checks read the same files again and again, and copies of them."""
    return tuple(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


@functools.cache
def callers_of(source: str, *names: str) -> tuple[str, ...]:
    """The functions at the top of a module in which one of these functions is called."""
    return tuple(
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and any(
            isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names
            for call in ast.walk(node)
        )
    )


def room_of(root: Path, name: str) -> str | None:
    """The folder, or the file at the top of a package, that a name is in; None where not ours.

    `askfirst.gate.gate.Gate` is in `askfirst.gate`, `askfirst.errors.Refused` in `askfirst.errors`.
    """
    first, *rest = name.split(".")
    if first not in PACKAGES:
        return None
    folder, room = root / PACKAGES[first], [first]
    for part in rest:
        if not (folder / part).is_dir():
            break
        folder, room = folder / part, [*room, part]
    if len(room) == 1:
        return ".".join([first, *rest[:1]])
    return ".".join(room)


def rooms(root: Path) -> dict[str, set[str]]:
    """Of each room, the other rooms that it imports from."""
    edges_of: dict[str, set[str]] = {}
    for path in python_files(root):
        room = room_of(root, module_of(root, path))
        assert room is not None
        edges = edges_of.setdefault(room, set())
        for imported in imports(root, path):
            target = room_of(root, imported.name)
            if target is not None and target not in (room, *PACKAGES):
                edges.add(target)
    return edges_of


def outside(root: Path, path: Path, known: Set[str]) -> list[Import]:
    """The imports of a file that are neither ours nor among the known ones."""
    return [
        imported
        for imported in imports(root, path)
        if (top := imported.name.split(".")[0]) not in known and top not in PACKAGES
    ]


def circles(edges: Mapping[str, Set[str]]) -> list[list[str]]:
    """Each circle as the names on it, the first again at its end."""
    done: set[str] = set()
    on_the_way: list[str] = []
    result: list[list[str]] = []

    def visit(name: str) -> None:
        if name in on_the_way:
            result.append([*on_the_way[on_the_way.index(name) :], name])
            return
        if name in done:
            return
        on_the_way.append(name)
        for other in sorted(edges.get(name, ())):
            visit(other)
        on_the_way.pop()
        done.add(name)

    for name in sorted(edges):
        visit(name)
    return result


def scripts(root: Path) -> dict[str, set[str]]:
    """Of each TypeScript module, what it imports: paths from the root, or a package's name."""
    edges_of: dict[str, set[str]] = {}
    for folder in SCRIPTS:
        for path in sorted((root / folder).rglob("*.ts")):
            edges = edges_of.setdefault(str(path.relative_to(root)), set())
            for name in _FROM.findall(path.read_text("utf-8")):
                if name.startswith("."):
                    edges.add(str((path.parent / name).resolve().relative_to(root.resolve())))
                else:
                    edges.add(name)
    return edges_of


def script_problems(root: Path) -> list[str]:
    """Where TypeScript imports another package, goes in a circle, or knows more than it may."""
    edges = scripts(root)
    return [
        *(" → ".join(circle) for circle in circles(edges)),
        *(
            f"{name} imports {target}"
            for name, targets in edges.items()
            for target in sorted(targets - {FROM_NPM.get(name)})
            if not target.startswith(SCRIPTS)
            or (target.startswith("sdk/js/npm/") and not name.startswith("sdk/js/npm/"))
            or (name.startswith("sdk/") and not target.startswith("sdk/"))
            or (
                name.startswith("consent_banner/")
                and target.startswith("sdk/")
                and target not in NOTICE_KNOWS
            )
        ),
    ]
