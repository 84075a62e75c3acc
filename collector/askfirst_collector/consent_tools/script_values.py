"""The literals of a script, with their lines: read by its grammar, and never run."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

LARGEST = 1_000_000  # bytes of a configuration
DEEPEST = 40  # tables in tables; a configuration has some seven
MOST = 20_000  # values, those of a constant counted wherever it is named
MISSING = "reading a script needs its grammar: pip install 'askfirst[import]'"
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|\r\n|[\s\S])")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


class UnreadableConfiguration(Exception):
    """A configuration that cannot be read; says the line, and what to write instead."""


@dataclass(frozen=True)
class Pattern:
    """A regular expression, as it is written between its slashes."""

    source: str


@dataclass(frozen=True)
class Code:
    """What only running it would tell: a function, a call, an import."""

    source: str


@dataclass(frozen=True)
class Value:
    """One value and the line (from 1) on which it begins."""

    line: int
    data: Data = None

    def table(self) -> Mapping[str, Value]:
        """Its entries; none where it is no table."""
        return self.data if isinstance(self.data, Mapping) else {}

    def list(self) -> tuple[Value, ...]:
        """Its elements; none where it is no list."""
        return self.data if isinstance(self.data, tuple) else ()

    def text(self) -> str:
        """Its text; "" where it is none."""
        return self.data if isinstance(self.data, str) else ""

    def get(self, key: str) -> Value:
        """The value at a key; one without data where there is none."""
        return self.table().get(key, Value(self.line))


Data = str | int | float | bool | None | Pattern | Code | tuple[Value, ...] | Mapping[str, Value]


def tables_of(source: bytes) -> Iterator[Value]:
    """Every table of a script that stands alone: assigned, exported, or given to a call.

    JSON is a script too. Names are looked up among the script's own constants. Raises
    UnreadableConfiguration.
    """
    if len(source) > LARGEST:
        raise UnreadableConfiguration(f"it is longer than {LARGEST} bytes")
    try:
        import tree_sitter
        import tree_sitter_javascript
    except ImportError:
        raise UnreadableConfiguration(MISSING) from None
    is_json = source.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    language = tree_sitter.Language(tree_sitter_javascript.language())
    tree = tree_sitter.Parser(language).parse(b"(" + source + b"\n)" if is_json else source)
    reader = _Reader(_constants(tree.root_node))
    for node, parent in _nodes(tree.root_node):
        if node.type in ("object", "array") and parent not in ("pair", "array", "object"):
            if node.has_error:
                line = next((n for n, _ in _nodes(node) if n.is_error or n.is_missing), node)
                raise UnreadableConfiguration(
                    f"line {line.start_point[0] + 1} is no JavaScript: {_source(line)[:60]!r}"
                )
            yield reader.value(node)


def _nodes(root: Node) -> Iterator[tuple[Node, str]]:
    """A node and all below it, in the order of the script, each with the type of what it is in.

    Without recursion, and without `Node.parent`, which looks for it from the root each time.
    """
    nodes = [(root, "")]
    while nodes:
        node, parent = nodes.pop()
        yield node, parent
        nodes.extend((child, node.type) for child in reversed(node.children))


def _constants(root: Node) -> dict[str, Node]:
    constants: dict[str, Node] = {}
    for node, _ in _nodes(root):
        if node.type == "variable_declarator":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is not None and value is not None:
                constants.setdefault(_source(name), value)
    return constants


def _source(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


@dataclass(frozen=True)
class _Reader:
    constants: Mapping[str, Node]
    _open: list[str] = field(default_factory=list)  # names that are being looked up
    _count: Iterator[int] = field(default_factory=itertools.count)

    def value(self, node: Node, depth: int = 0) -> Value:
        line = node.start_point[0] + 1
        if next(self._count) > MOST:
            raise UnreadableConfiguration(f"line {line}: these are more than {MOST} values")
        if depth > DEEPEST:
            raise UnreadableConfiguration(f"line {line}: tables stand in tables too deep")
        return Value(line, self._data(node, depth))

    def _data(self, node: Node, depth: int) -> Data:
        below = [child for child in node.named_children if child.type != "comment"]
        source = _source(node)
        match node.type:
            case "object":
                return self._table(below, depth)
            case "array":
                return tuple(self.value(child, depth + 1) for child in below)
            case "string":
                return _unescaped(source[1:-1])
            case "template_string" if all(n.type != "template_substitution" for n in below):
                return _unescaped(source[1:-1])
            case "number" | "unary_expression" if source not in ("!0", "!1"):
                return _number(source)
            case "true" | "false":
                return node.type == "true"
            case "null" | "undefined":
                return None
            case "regex":
                return Pattern(_source(below[0]) if below else "")
            case "unary_expression":
                return source == "!0"  # as minifiers write true and false
            case "parenthesized_expression" if len(below) == 1:
                return self.value(below[0], depth + 1).data
            case "identifier" if source in self.constants and source not in self._open:
                self._open.append(source)
                value = self.value(self.constants[source], depth + 1)
                self._open.pop()
                return value.data
        return Code(source)

    def _table(self, below: list[Node], depth: int) -> dict[str, Value]:
        table: dict[str, Value] = {}
        for child in below:
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if child.type == "pair" and key is not None and value is not None:
                name = _source(key)
                if key.type == "string":
                    name = _unescaped(name[1:-1])
                if key.type != "computed_property_name":
                    table[name] = self.value(value, depth + 1)
                    continue
            if child.type == "shorthand_property_identifier":
                data = self._data(child, depth)
                if (constant := self.constants.get(_source(child))) is not None:
                    data = self.value(constant, depth + 1).data
                table[_source(child)] = Value(child.start_point[0] + 1, data)
                continue
            method = child.child_by_field_name("name")
            # What cannot be told apart keeps its own words as its key, so that a note can say it.
            name = _source(method) if method is not None else _source(child)[:60]
            table[name] = Value(child.start_point[0] + 1, Code(_source(child)))
        return table


def _number(source: str) -> int | float | Code:
    try:
        number = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return Code(source)
    return number if isinstance(number, (int, float)) else Code(source)


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        sign = match[1]
        if sign[0] in "xu" and len(sign) > 1:
            code = int(sign[1:].strip("{}"), 16)
            return chr(code) if code <= 0x10FFFF else ""
        if sign in ("\n", "\r\n"):
            return ""
        return _LETTERS.get(sign, sign)

    # Two escapes may make one sign; half of one is none.
    return _ESCAPE.sub(plain, text).encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
