"""Everything askfirst raises.

AskfirstError
├── PolicyError       a policy that cannot be used; `.problems` says what to write instead
├── Refused           a request that is refused; `.reason` decides the HTTP status; with 429
│                     `.retry_after` in seconds
├── CollectorUnavailable  the collector cannot answer now; `.retry_after` in seconds
├── Unusable          a file named in the settings that cannot be used
└── WrongSetting      a setting that cannot be used; its message says what to write instead
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a request is refused: a stable word to program against."""

    NOT_JSON = "not-json"
    NOT_UTF_8 = "not-utf-8"
    DUPLICATE_KEY = "duplicate-key"
    TOO_DEEP = "too-deep"
    BAD_FORM = "bad-form"
    BAD_SHAPE = "bad-shape"
    UNKNOWN_FIELD = "unknown-field"
    UNKNOWN_PURPOSE = "unknown-purpose"
    UNKNOWN_VERSION = "unknown-version"
    CHOICES_CONTRADICT_METHOD = "choices-contradict-method"
    NOTHING_CHOSEN = "nothing-chosen"
    AGE_NOT_DECLARED = "age-not-declared"
    POLICY_REFUSED = "policy-refused"
    UNDER_AGE = "under-age"
    NOT_ALLOWED = "not-allowed"
    CROSS_ORIGIN = "cross-origin"
    WRONG_KEY = "wrong-key"
    NO_RECEIPT = "no-receipt"
    NO_TOKEN = "no-token"  # noqa: S105
    NO_SUCH_SITE = "no-such-site"
    NO_SUCH_MEMBER = "no-such-member"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    EDITION_CHANGED = "edition-changed"
    POLICY_CONFLICT = "policy-conflict"
    CHANGED_MEANWHILE = "changed-meanwhile"
    HOST_POLICY_IS_A_FILE = "ceiling-is-a-file"
    WRONG_STATE = "wrong-state"
    OTHER_NAME = "other-name"
    TOO_MANY_COLLECTORS = "too-many-collectors"
    SITE_RETIRED = "site-retired"
    COLLECTOR_RETIRED = "collector-retired"
    HANDLE_ENDED = "handle-ended"
    LAST_HOST_ADMIN = "last-host-admin"
    NAME_TAKEN = "name-taken"
    LINK_USED = "link-used"
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"
    TOO_MANY_EVENTS = "too-many-events"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    ENCODED_BODY = "encoded-body"
    TOO_MANY_REQUESTS = "too-many-requests"
    COLLECTOR_AWAY = "collector-away"


# The one place where a reason becomes an HTTP status (RFC 9110 section 15).
STATUS: dict[Reason, int] = {
    Reason.NOT_JSON: 400,
    Reason.NOT_UTF_8: 400,
    Reason.DUPLICATE_KEY: 400,
    Reason.TOO_DEEP: 400,
    Reason.BAD_FORM: 400,
    Reason.BAD_SHAPE: 422,
    Reason.UNKNOWN_FIELD: 422,
    Reason.UNKNOWN_PURPOSE: 422,
    Reason.UNKNOWN_VERSION: 422,
    Reason.CHOICES_CONTRADICT_METHOD: 422,
    Reason.NOTHING_CHOSEN: 422,
    Reason.AGE_NOT_DECLARED: 422,
    Reason.POLICY_REFUSED: 422,
    Reason.UNDER_AGE: 403,
    Reason.NOT_ALLOWED: 403,
    Reason.CROSS_ORIGIN: 403,
    Reason.WRONG_KEY: 401,
    Reason.NO_RECEIPT: 401,
    Reason.NO_TOKEN: 401,
    Reason.NO_SUCH_SITE: 404,
    Reason.NO_SUCH_MEMBER: 404,
    Reason.NOT_FOUND: 404,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.EDITION_CHANGED: 409,
    Reason.POLICY_CONFLICT: 409,
    Reason.CHANGED_MEANWHILE: 409,
    Reason.HOST_POLICY_IS_A_FILE: 409,
    Reason.WRONG_STATE: 409,
    Reason.OTHER_NAME: 409,
    Reason.TOO_MANY_COLLECTORS: 409,
    Reason.SITE_RETIRED: 410,
    Reason.COLLECTOR_RETIRED: 410,
    Reason.HANDLE_ENDED: 409,
    Reason.LAST_HOST_ADMIN: 409,
    Reason.NAME_TAKEN: 409,
    Reason.LINK_USED: 410,
    Reason.TOO_SLOW: 408,
    Reason.TOO_LARGE: 413,
    Reason.TOO_MANY_EVENTS: 413,
    Reason.UNSUPPORTED_MEDIA_TYPE: 415,
    Reason.ENCODED_BODY: 415,
    Reason.TOO_MANY_REQUESTS: 429,
    Reason.COLLECTOR_AWAY: 503,
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
        text = json.dumps(self.found, ensure_ascii=False, default=str)
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
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
    rest = Problem("", None, f"and {more + len(first) - len(shown)} more problems")
    return (*shown, rest)


class PolicyError(AskfirstError):
    """A policy that cannot be used, with the problems found in it: MOST_PROBLEMS at most."""

    def __init__(self, problems: Iterable[Problem], *, more: int = 0) -> None:
        self.problems = limited(problems, more=more)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Refused(AskfirstError):
    """A request that is refused; `detail` says what to send instead.

    `retry_after` (seconds) is set wherever the status is 429 or 503.
    """

    def __init__(self, reason: Reason, detail: str, *, retry_after: int | None = None) -> None:
        self.reason = Reason(reason)  # a client of somebody else's may raise its word
        self.detail = detail
        # Whoever is told to wait is told how long (RFC 6585 section 4).
        waits = STATUS[self.reason] in (429, 503)
        self.retry_after = RETRY_AFTER if waits and retry_after is None else retry_after
        super().__init__(f"{self.reason}: {detail}")

    @property
    def status(self) -> int:
        """The HTTP status of this reason."""
        return STATUS[self.reason]


class CollectorUnavailable(AskfirstError):
    """The collector cannot answer now; try again after `retry_after` seconds."""

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(detail)


CollectorAway = CollectorUnavailable  # the name that applications imported first


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
