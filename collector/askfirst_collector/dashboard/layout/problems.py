"""A policy's problems on a page: where, what was written, what is allowed, what to write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from askfirst.errors import Problem
from askfirst.pages.words import words_in
from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.sets import ANY_WORD

LONGEST = 200  # characters of a value that is shown
LINKS = {"host": "the host policy", "site": "the site’s policy"}
_BEFORE_ADVICE = {"host": "the host allows {!r}: ", "site": "the site's policy allows {!r}: "}
_FIELDS = {
    "retention_days": "days kept",
    "keep_rows_days": "days rows are kept",
    "min_cell_size": "smallest figure",
    "minimum_age": "minimum age",
    "data_use": "use",
    "sells_or_shares": "selling or sharing",
    "query_parameters": "parts of addresses",
    "legal_basis": "legal basis",
    "closes": "closes each",
}


@dataclass(frozen=True)
class ProblemText:
    """One conflict in words; `pointer` is where it stands in the document (RFC 6901)."""

    pointer: str
    where: str
    found: str
    allowed: str
    link: str  # whose policy forbids it; "" where it cannot be used at all
    advice: str


def problem_texts(problems: Iterable[Problem | Mapping[str, Any]]) -> tuple[ProblemText, ...]:
    """Problems in words; those that the registry keeps are plain values.

    What two policies forbid alike is told once.
    """
    rows: dict[tuple[str, ...], ProblemText] = {}
    for problem in problems:
        one = _told(problem if isinstance(problem, Problem) else Problem(**problem))
        key = (one.pointer, one.found, one.allowed, one.advice)
        links = [rows[key].link] if key in rows and rows[key].link != one.link else []
        rows[key] = replace(one, link=" and ".join([*links, one.link]))
    return tuple(rows.values())


def _told(problem: Problem) -> ProblemText:
    before = _BEFORE_ADVICE.get(problem.link, "").format(problem.allowed)
    advice = problem.message.removeprefix(before)
    where, value, allowed = problem.pointer, _said(problem.found), _said(problem.allowed)
    path = _path(problem.pointer)
    if path[:1] == ["purposes"] and len(path) > 1:
        at = path[2:]
        field = " ".join(_FIELDS.get(step, step) for step in at if step != "levels")
        where = f"{path[1]}: {field}" if field else path[1]
        if len(at) == 2 and at[0] == "levels" and at[1] in ATTRIBUTES:
            where = f"{path[1]}: {level_name(at[1]).lower()}"
            value, allowed = _level(at[1], problem.found), _level(at[1], problem.allowed)
    elif path:
        where = " ".join(path)
    if problem.link and problem.allowed is None:
        allowed = "nothing of it"
    return ProblemText(
        problem.pointer, where, value, allowed, LINKS.get(problem.link, ""), _sentence(advice)
    )


def level_name(attribute: str) -> str:
    """What an attribute is called."""
    return words_in("en").say("attribute", attribute)


def level_says(attribute: str, level: int) -> str:
    """What a level of an attribute stores."""
    return words_in("en").say("level", attribute, level, period="period")


def _level(attribute: str, level: object) -> str:
    if isinstance(level, int) and 0 <= level <= ATTRIBUTES[attribute].finest:
        return f"{level}, {level_says(attribute, level)}"
    return _said(level)


def _said(value: object) -> str:
    if value is None or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in ("*", ANY_WORD):
        return "anything" if value == "*" else "any value"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        text = ", ".join(value)
    else:
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        )
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _path(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."
