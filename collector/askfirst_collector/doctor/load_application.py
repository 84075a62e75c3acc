"""Which application a target means, in the spellings of uvicorn, gunicorn and flask.

`module:app`, `module:package.app`, `module:create_app`, `module:create_app("test")`, and `module`
alone.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

# Where flask, gunicorn and uvicorn look when nothing is said; the last two are called.
USUAL = ("app", "application", "create_app", "make_app")


@dataclass(frozen=True)
class Target:
    """A module, the name within it (empty: a usual one), and what the factory is called with."""

    module: str
    name: str
    called: bool = False
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def parse_target(text: str) -> Target:
    """Read `module:name` or `module:factory(…)` with literals; ValueError where it is neither."""
    module, _, expression = text.partition(":")
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"{module!r} is no name of a module")
    if not expression:
        return Target(module, "")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no name") from error
    if not isinstance(tree, ast.Call):
        return Target(module, _dotted(tree))
    arguments = tuple(ast.literal_eval(argument) for argument in tree.args)
    options = {str(word.arg): ast.literal_eval(word.value) for word in tree.keywords if word.arg}
    if len(options) != len(tree.keywords):
        raise ValueError(f"{expression!r}: write the arguments out")
    return Target(module, _dotted(tree.func), called=True, arguments=arguments, options=options)


def _dotted(tree: ast.expr) -> str:
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, ast.Attribute):
        return f"{_dotted(tree.value)}.{tree.attr}"
    raise ValueError(f"{ast.unparse(tree)!r} is no name")


def load(text: str) -> Any:
    """The application a target means; a factory is called once."""
    target = parse_target(text)
    module = import_module(target.module)
    if not target.name:
        usual = next((name for name in USUAL if hasattr(module, name)), USUAL[0])
        target = Target(target.module, usual)
    value: Any = module
    for part in target.name.split("."):
        value = getattr(value, part)
    if target.called:
        value = value(*target.arguments, **target.options)
    elif is_factory(value):
        value = value()
    if not callable(value):
        raise TypeError(f"{text} is of type {type(value).__name__}, not an application")
    return value


def is_factory(value: Any) -> bool:
    """Whether something makes an application: called with nothing, as no application is."""
    if not callable(value) or inspect.iscoroutinefunction(value):
        return False
    try:
        signature = inspect.signature(value)
        signature.bind()
    except (TypeError, ValueError):
        return False
    # `def app(*args)` is what a decorator made of an application.
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    return inspect.Parameter.VAR_POSITIONAL not in kinds


def is_wsgi(app: Any) -> bool:
    """Whether an application is WSGI: called with two things, and not awaited."""
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
        return False
    try:
        inspect.signature(app).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True
