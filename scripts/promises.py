"""docs/promises.md as data, and what the tree below a root says of it."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = "docs/promises.md"
STATUSES = frozenset({"kept", "in part", "not yet"})
PROOFS = frozenset({"browser", "HTTP", "unit"})
# Where text of ours stands; what is generated or brought in is not looked at.
FOLDERS = (
    *("sdk", "collector", "consent_banner", "tests", "docs"),
    *("scripts", "examples", "benchmarks", ".ci"),
)
TESTS = ("tests", "sdk/js/test")
SUFFIXES = frozenset({".py", ".ts", ".js", ".css", ".html", ".md", ".toml", ".txt", ""})
NAMING = frozenset({".py", ".ts", ".js", ".md", ""})
SKIPPED = frozenset({"static", "node_modules", "__pycache__", "vectors", "docs"})

_ID = re.compile(r"\b[MSO]\d\d\b")
_PROMISE = re.compile(
    r"^### (?P<id>\S+) (?P<title>.+)\n\n(?P<text>(?:.+\n)+)\n"
    r"\*\*(?P<status>[^*\n]+)\*\* · (?P<proof>[^·*]+) · \*(?P<source>[^*]+)\*"
    r"(?: · (?P<rest>(?:.+\n?)+))?",
    re.MULTILINE,
)
# Texts that are not in this tree; an issue elsewhere is named by a link.
_ABSENT = re.compile(
    r"\bDE[S]IGN\b|\b(?:RU[L]ES|HOU[S]E|STY[L]E)(?:\.md\b| §?\d)"
    r"|\b[Ii]ssues? #?\d+\b(?!\]\(https://)|\b[Ii]ssue(?:'s [a-z ]+)?:"
)


@dataclass(frozen=True)
class Promise:
    """One promise of the page; `rest` says what is missing of it, or what is so today."""

    id: str
    title: str
    text: str
    status: str
    proofs: frozenset[str]
    source: str
    rest: str


def read_promises(root: Path) -> Mapping[str, Promise]:
    """The promises of the page by id. Raises ValueError where a heading has no such form."""
    text = (root / PAGE).read_text("utf-8")
    promises = [
        Promise(
            id=match["id"],
            title=match["title"],
            text=match["text"].strip(),
            status=match["status"],
            proofs=frozenset(part.strip() for part in match["proof"].split(",")),
            source=match["source"].strip(),
            rest=(match["rest"] or "").strip(),
        )
        for match in _PROMISE.finditer(text)
    ]
    headings = re.findall(r"^### (\S+)", text, re.MULTILINE)
    if [promise.id for promise in promises] != headings:
        read = {promise.id for promise in promises}
        raise ValueError(f"{PAGE}: not read: {[name for name in headings if name not in read]}")
    if len(set(headings)) != len(headings):
        raise ValueError(f"{PAGE}: an id stands twice")
    return {promise.id: promise for promise in promises}


def texts(root: Path, folders: tuple[str, ...] = FOLDERS) -> Iterator[tuple[str, str]]:
    """The files of ours with their paths below the root; the tests of this aside."""
    paths = [path for name in folders for path in sorted((root / name).rglob("*"))]
    if folders == FOLDERS:
        paths += sorted(root.glob("*.md"))
    for path in paths:
        name = path.relative_to(root)
        below = name.parts[1:]
        if path.suffix in SUFFIXES and path.is_file() and not SKIPPED.intersection(below):
            yield name.as_posix(), path.read_text("utf-8")


def naming_tests(root: Path) -> Mapping[str, list[str]]:
    """The test files that name each id."""
    names: dict[str, list[str]] = defaultdict(list)
    for path, text in texts(root, TESTS):
        for name in sorted(set(_ID.findall(text))):
            names[name].append(path)
    return names


def problems(root: Path) -> list[str]:
    """Everything that page and tree do not say alike, a line each."""
    promises = read_promises(root)
    tests = naming_tests(root)
    lines = [line for promise in promises.values() for line in _of_promise(promise, tests)]
    for path, text in texts(root):
        names_ids = Path(path).suffix in NAMING  # in a drawing they are strokes
        for number, line in enumerate(text.splitlines(), start=1):
            lines += [
                f"{path}:{number}: {name} is no promise of {PAGE}"
                for name in _ID.findall(line)
                if names_ids and name not in promises
            ]
            if match := _ABSENT.search(line):
                lines.append(f"{path}:{number}: {match[0]!r} names a text that is not here")
    return lines


def _of_promise(promise: Promise, tests: Mapping[str, list[str]]) -> Iterator[str]:
    if promise.status not in STATUSES:
        yield f"{promise.id}: status {promise.status!r}; write one of {sorted(STATUSES)}"
    if not promise.proofs <= PROOFS:
        yield f"{promise.id}: proof {sorted(promise.proofs)}; write some of {sorted(PROOFS)}"
    if promise.status != "not yet" and promise.id not in tests:
        yield f"{promise.id}: {promise.status}, and no test names it"
    if promise.status == "not yet" and promise.id in tests:
        yield f"{promise.id}: not yet, but named by {tests[promise.id]}: say what is kept of it"
    word = {"in part": "missing: ", "not yet": "today: "}.get(promise.status, "")
    if not promise.rest.startswith(word) or bool(promise.rest) != bool(word):
        yield f"{promise.id}: {promise.status} is followed by {word or 'nothing'!r}"


if __name__ == "__main__":
    if lines := problems(Path(__file__).resolve().parent.parent):
        sys.exit("\n".join(lines))
