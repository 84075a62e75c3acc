"""Everything askfirst raises.

AskfirstError
├── PolicyError       a policy that cannot be used; `.problems` says what to write instead
├── Refused           a request that is refused; `.reason` decides the HTTP status; with 429
│                     `.retry_after` in seconds
├── CollectorAway     the collector cannot answer now; `.retry_after` in seconds
├── Unusable          a file named in the settings that cannot be used
└── WrongSetting      a setting that cannot be used; its message says what to write instead
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

# The one place where a reason becomes an HTTP status (RFC 9110 section 15).
STATUS: dict[str, int] = {
    "not-json": 400,
    "not-utf-8": 400,
    "duplicate-key": 400,
    "too-deep": 400,
    "bad-form": 400,
    "bad-shape": 422,
    "unknown-field": 422,
    "unknown-purpose": 422,
    "unknown-version": 422,
    "choices-contradict-method": 422,
    "nothing-chosen": 422,
    "age-not-declared": 422,
    "policy-refused": 422,
    "under-age": 403,
    "not-allowed": 403,
    "cross-origin": 403,
    "wrong-key": 401,
    "no-receipt": 401,
    "no-token": 401,
    "no-such-site": 404,
    "no-such-member": 404,
    "not-found": 404,
    "method-not-allowed": 405,
    "edition-changed": 409,
    "policy-conflict": 409,
    "changed-meanwhile": 409,
    "ceiling-is-a-file": 409,
    "wrong-state": 409,
    "other-name": 409,
    "too-many-collectors": 409,
    "site-retired": 410,
    "collector-retired": 410,
    "handle-ended": 409,
    "last-host-admin": 409,
    "name-taken": 409,
    "link-used": 410,
    "too-slow": 408,
    "too-large": 413,
    "too-many-events": 413,
    "unsupported-media-type": 415,
    "encoded-body": 415,
    "too-many-requests": 429,
    "collector-away": 503,
}

MOST_PROBLEMS = 100  # of a policy, in one answer; the last says how many more there are

RETRY_AFTER = 60  # seconds, where nobody knows better

_LONGEST = 100  # characters of a value that a message repeats


class AskfirstError(Exception):
    """The root of everything askfirst raises."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a policy: where (a JSON pointer, RFC 6901), what was found, what to do.

    Where the policy above allows less, `allowed` is what it allows and `link` whose policy that
    is: "host" or "site".
    """

    pointer: str
    found: object
    message: str
    allowed: object = None
    link: str = ""

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        above = {"allowed": self.allowed, "link": self.link} if self.link else {}
        return {"pointer": self.pointer, "found": self.found, **above, "message": self.message}

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.pointer or '/'}: {self.message}"
        found = json.dumps(self.found, ensure_ascii=False, default=str)
        shown = found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"
        return f"{self.pointer or '/'}: found {shown}: {self.message}"


def limited(problems: Iterable[Problem], *, more: int = 0) -> tuple[Problem, ...]:
    """At most MOST_PROBLEMS of them; past that the last says how many are left out.

    `more` is how many there are beside them. What is limited once stays as it is.
    """
    first: list[Problem] = []
    for problem in problems:
        if len(first) < MOST_PROBLEMS:
            first.append(problem)
        else:
            more += 1
    if not more:
        return tuple(first)
    *shown, _ = first
    left = Problem("", None, f"and {more + len(first) - len(shown)} more problems")
    return (*shown, left)


class PolicyError(AskfirstError):
    """A policy that cannot be used, with the problems found in it: MOST_PROBLEMS at most."""

    def __init__(self, problems: Iterable[Problem], *, more: int = 0) -> None:
        self.problems = limited(problems, more=more)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(AskfirstError):
    """A request that is refused; `reason` is a stable word, `detail` says what to send instead.

    `retry_after` (seconds) is set wherever the status is 429 or 503.
    """

    def __init__(self, reason: str, detail: str, *, retry_after: int | None = None) -> None:
        self.reason = reason
        self.detail = detail
        # Whoever is told to wait is told how long (RFC 6585 section 4).
        waits = STATUS[reason] in (429, 503)
        self.retry_after = RETRY_AFTER if waits and retry_after is None else retry_after
        super().__init__(f"{reason}: {detail}")

    @property
    def status(self) -> int:
        """The HTTP status of this reason."""
        return STATUS[self.reason]


class CollectorAway(AskfirstError):
    """The collector cannot answer now; try again after `retry_after` seconds."""

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(detail)


class Unusable(AskfirstError):
    """A file named in the settings that cannot be used; `why` completes "it …"."""

    def __init__(self, path: object, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"askfirst.E020: {path}: {why}")


class WrongSetting(AskfirstError):
    """A setting that cannot be used: a stable id, its name, its value, what to write instead."""

    def __init__(self, code: str, name: str, value: object, instead: str) -> None:
        self.code = f"askfirst.{code}"
        self.name = name
        self.value = value
        super().__init__(f"{self.code}: {name}={value!r}: {instead}")
