"""What `askfirst init` asks, how an answer is judged, and what is taken where nobody answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askfirst.errors import PolicyError
from askfirst.terms.policy import read_policy, shipped
from askfirst_collector.init.project import Project

UNKNOWN_COUNTRY = "ZZ"  # ISO 3166-1 leaves it to users; no country is called so
UNKNOWN_CONTACT = "privacy@example.org"
UNKNOWN_NAME = "The owner of {site}"
LOCAL = "http://127.0.0.1:8000"

Check = Callable[[str], str | None]


@dataclass(frozen=True)
class Question:
    """One question: `check` says what is wrong with an answer, `default` what is taken unasked."""

    key: str
    asks: str
    default: str
    check: Check
    # A default that is only there so that the file can be read: the owner must replace it.
    made_up: bool = False


def questions(project: Project, folder: Path) -> tuple[Question, ...]:
    """Everything an owner alone knows, in the order in which it is asked."""
    site = _name(project.name or folder.resolve().name)
    check = _check_by_reader
    return (
        Question("site", "What is the site called (a short name)?", site, check("site")),
        Question(
            "origin",
            "At which origin do visitors find it?",
            LOCAL,
            check("origins", lambda value: [value]),
            made_up=True,
        ),
        Question(
            "controller",
            "Who decides about the data (the controller, as visitors know it)?",
            project.owner or UNKNOWN_NAME.format(site=site),
            check("controller", lambda value: _controller(name=value)),
            made_up=not project.owner,
        ),
        Question(
            "contact",
            "Where can a visitor write to (an e-mail address or a page)?",
            project.contact or UNKNOWN_CONTACT,
            check("controller", lambda value: _controller(contact=value)),
            made_up=not project.contact,
        ),
        Question(
            "country",
            "In which country is the controller (two letters)?",
            UNKNOWN_COUNTRY,
            check("controller", lambda value: _controller(country=value)),
            made_up=True,
        ),
    )


def _controller(**changes: str) -> dict[str, str]:
    return {"name": "Example", "contact": "a@example.org", "country": "IE", **changes}


def _check_by_reader(key: str, put: Callable[[str], Any] = str) -> Check:
    """The policy's own reader checks it: whatever passes here passes there."""
    rest: Mapping[str, Any] = shipped("minimal").document

    def check(value: str) -> str | None:
        try:
            read_policy({**rest, key: put(value)})
        except PolicyError as error:
            return error.problems[0].message
        return None

    return check


def _name(text: str) -> str:
    name = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
    return name[:40] if re.match(r"[a-z]", name) else f"site-{name}"[:40].rstrip("-")
