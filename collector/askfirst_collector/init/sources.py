"""What the Python files of a project say, read as syntax trees and never executed."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from askfirst_collector.frameworks import FRAMEWORKS, Cookie
from askfirst_collector.init.packages import catalogue

MOST_FILES = 2_000  # Python files that are read
LARGEST = 1_000_000  # bytes of one of them
MOST_COOKIES = 50  # names that the project sets itself
# Not the project's own code.
_SKIPPED = {"node_modules", "site-packages", "__pycache__", "venv", "env", "build", "dist"}
_WORD = re.compile(r"[A-Za-z_]\w*")
_LISTS = ("INSTALLED_APPS", "MIDDLEWARE")
# A setting that names a cookie by custom, whoever reads it.
_NAMES_COOKIE = re.compile(r"[A-Z][A-Z0-9_]*_COOKIE(_NAME|_KEY)?")
_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SETS = {"set_cookie", "set_signed_cookie"}
_WSGI = {"get_wsgi_application", "get_asgi_application"}
_MAKERS = {framework.title for framework in FRAMEWORKS.values() if framework.package} | _WSGI


@dataclass(frozen=True)
class Place:
    """Where an application is made: its file below the project, its name, and in which factory."""

    file: Path
    maker: str  # Flask, FastAPI, get_wsgi_application, …; INSTALLED_APPS of Django's settings
    name: str
    factory: str = ""

    @property
    def target(self) -> str:
        """As servers write it: `shop.web:app`, `shop:create_app`."""
        parts = self.file.with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        return f"{module}:{self.factory or self.name}"


def known_cookies() -> Iterator[Cookie]:
    """Every cookie that frameworks and catalogued packages set."""
    for framework in FRAMEWORKS.values():
        yield from framework.cookies
    for package in catalogue():
        yield from package.cookies


def read_text(file: Path) -> str:
    """The text of a file; empty where it is too large, or cannot be read."""
    try:
        return file.read_text("utf-8", "replace") if file.stat().st_size <= LARGEST else ""
    except OSError:
        return ""


class Sources:
    """All Python files of a folder: what they import, set and make."""

    def __init__(self, folder: Path) -> None:
        self.imported: Counter[str] = Counter()  # by how many files
        self.modules: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.words: set[str] = set()
        self.own_cookies: dict[str, str] = {}
        self.places: list[Place] = []
        known = tuple(known_cookies())
        self._settings = {cookie.setting for cookie in known if cookie.setting}
        self._wanted = {cookie.where for cookie in known if cookie.where}
        for number, file in enumerate(_python_files(folder)):
            if number == MOST_FILES:
                break
            self._read(file.relative_to(folder), read_text(file))

    def _read(self, file: Path, text: str) -> None:
        self.words.update(self._wanted.intersection(_WORD.findall(text)))
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        modules = set(_imports(tree))
        self.imported.update({module.partition(".")[0] for module in modules})
        self.modules |= modules
        self.places += _places(tree, file)
        for node in ast.walk(tree):
            for name, value in _named(node):
                if name in _LISTS:
                    self.modules.update(_texts(value))
                elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                    self._setting(str(name), value.value, f"{file}:{value.lineno}")
            if isinstance(node, ast.Call) and _called(node) in _SETS:
                self._cookie(_first(node), f"{file}:{node.lineno}")

    def _setting(self, name: str, value: str, where: str) -> None:
        if name in self._settings:
            self.renamed[name] = value
        elif _NAMES_COOKIE.fullmatch(name):
            self._cookie(value, where)

    def _cookie(self, name: str, where: str) -> None:
        if _COOKIE_NAME.fullmatch(name) and len(self.own_cookies) < MOST_COOKIES:
            self.own_cookies.setdefault(name, where)


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
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _places(tree: ast.Module, file: Path) -> Iterator[Place]:
    """Assignments of an application, at the top of a module or within one of its functions."""
    for outer in tree.body:
        factory = outer.name if isinstance(outer, ast.FunctionDef) else ""
        for node in ast.walk(outer):
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if not isinstance(target, ast.Name):
                continue
            if target.id == "INSTALLED_APPS":
                yield Place(file, target.id, target.id)
            elif isinstance(node.value, ast.Call) and (maker := _called(node.value)) in _MAKERS:
                yield Place(file, maker, target.id, factory)


def _called(call: ast.Call) -> str:
    name = call.func
    return name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")


def _first(call: ast.Call) -> str:
    """The cookie's name, where it is written out: `key` or `name` by keyword, else the first."""
    values = [word.value for word in call.keywords if word.arg in ("key", "name")] or call.args[:1]
    value = values[0].value if values and isinstance(values[0], ast.Constant) else ""
    return value if isinstance(value, str) else ""


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _named(node: ast.AST) -> Iterator[tuple[object, ast.expr]]:
    """`NAME = …`, `NAME += …`, `config["NAME"] = …`, `call(NAME=…)` and `{"NAME": …}`."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.Assign):
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
