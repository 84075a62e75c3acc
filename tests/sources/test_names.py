"""Names say what they hold: words that fit any value are not what a value is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

WORDS = {
    *("asked", "each", "found", "given", "held", "here", "kept", "left", "made", "named"),
    *("said", "seen", "standing", "taken", "told"),
}
# What classes were called before they had the field's own words.
FORMER = {
    "CeilingFace",
    "CeilingPages",
    "Desk",
    "EventStandings",
    "HostKept",
    "Judge",
    "Judged",
    "Looking",
    "Mould",
    "NewCeiling",
    "OwedKind",
    "Parts",
    "Passing",
    "Placing",
    "Senders",
    "Settling",
    "SiteFrame",
    "Standing",
    "StandingOf",
    "Standings",
    "StillOwed",
    "StoreAway",
    "Vouches",
    "Vouching",
}
# What programs read keeps the name that the host policy had.
WIRE = re.compile(
    r"/v1/admin/ceiling|\"/ceiling[/\"]|ceiling-is-a-file|ceiling\.(save|changed)|[\"`]ceiling(/preview)?[\"`]"
)
# What pages, commands and documents for owners say is in the words of the field.
FORMER_WORDS = re.compile(
    r"in force\b|\btake it with you|(?<!visitors will )\bbe told\b|(who|address) is told"
    r"|\b(draw|drew) (a|the) (new )?key",
    re.IGNORECASE,
)
# Fields that are columns of the database or keys of an answer. Lower it; never raise it.
BUDGET = 7


def vague(source: str) -> Iterator[tuple[int, str]]:
    """Line and word of each assigned name or argument that is one of `WORDS`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        else:
            continue
        if name in WORDS:
            yield node.lineno, name


def sources() -> list[Path]:
    folders = (ROOT / "sdk/python/askfirst", ROOT / "collector/askfirst_collector")
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def test_variables_are_called_what_they_hold() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in sources()
        for line, word in vague(path.read_text("utf-8"))
    ]
    assert len(places) <= BUDGET, (
        f"{len(places)} names say nothing of what they hold, {BUDGET} are allowed. Call each new "
        "one by a noun for what it holds (policy, row, collector, message):\n" + "\n".join(places)
    )


def test_every_way_to_bind_a_name_is_seen() -> None:
    planted = """
told: int = 1
for each, (made, _) in rows: pass
with file as kept: pass
if (found := told + 1): pass
def answer(said, *given, asked=1, **held): return lambda seen: [named for named in seen]
class Row:
    left: int
"""
    places = [*vague(planted)]
    assert len(places) == 12
    assert {word for _, word in places} == WORDS - {"here", "standing", "taken"}
    assert (2, "told") in places


def test_a_use_an_attribute_or_a_key_is_no_binding() -> None:
    assert not [*vague("row = problem.found\ncall(told, kept=row.kept)\nrow.left = {'each': 1}")]


def test_the_sources_are_found() -> None:
    assert len(sources()) > 200


def kinds(source: str) -> Iterator[str]:
    """What classes, and the names that stand for a type, are called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id


def test_classes_are_called_by_the_words_of_the_field() -> None:
    names = {name: path.name for path in sources() for name in kinds(path.read_text("utf-8"))}
    assert "ConsentStatus" in names
    assert not {name: names[name] for name in FORMER & names.keys()}
    planted = "class Desk: ...\nVouches = Callable[[str], bool]\ndef f():\n    Judge = 1\n"
    assert [*kinds(planted)] == ["Desk", "Vouches"]


def old_names(text: str) -> list[str]:
    """The lines that call the host policy by its old name, but for what programs read."""
    return [line for line in text.splitlines() if "ceiling" in WIRE.sub("", line).casefold()]


def test_the_host_policy_has_one_name() -> None:
    folders = ("sdk/python/askfirst", "collector/askfirst_collector", "docs")
    kinds = (".py", ".html", ".toml", ".md", ".json")
    texts = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in kinds and path.is_file()
    ]
    assert len(texts) > 400
    assert {
        path.name: lines for path in texts if (lines := old_names(path.read_text("utf-8")))
    } == {}


def test_an_old_name_is_seen() -> None:
    assert len(old_names("above the ceiling\ndef ceiling(): ...\n# Ceiling")) == 3
    assert not old_names('"/v1/admin/ceiling"\nwork.record("ceiling.save", "host")')


def shown(path: Path) -> list[str]:
    """What a file has people read: a page's text, and the strings of a program with its help."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        return text.splitlines()
    tree = ast.parse(text)
    helps = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
        and not (isinstance(node, ast.FunctionDef) and node.decorator_list)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in helps
    ]


def test_owners_read_the_words_of_the_field() -> None:
    """Published, notifications, create key; `visitors are told` is what a notice does."""
    collector = ROOT / "collector/askfirst_collector"
    folders = [collector / name for name in ("commands", "dashboard", "openapi")]
    paths = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".html")
    ]
    assert len(paths) > 150
    said = {
        path.name: [text for text in shown(path) if FORMER_WORDS.search(text)] for path in paths
    }
    assert {name: texts for name, texts in said.items() if texts} == {}


def test_a_former_word_is_seen(tmp_path: Path) -> None:
    """A test of the test above: in a label, in a command's help, and not in a docstring."""
    path = tmp_path / "planted.py"
    path.write_text(
        '"""Put in force."""\n@command\ndef go():\n    """Draw a new key."""\n'
        'def other():\n    """It is in force."""\nLABEL = "In force"\n'
    )
    assert [text for text in shown(path) if FORMER_WORDS.search(text)] == [
        "In force",
        "Draw a new key.",
    ]
