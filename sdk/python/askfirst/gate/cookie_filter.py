"""Which cookies may leave: each name is necessary, of some purposes, our own, or undeclared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from askfirst.gate.undeclared_cookies import Report
from askfirst.http.cookie_header import is_ours
from askfirst.http.headers import Header
from askfirst.http.set_cookie import deletes, name_of
from askfirst.terms.policy import Policy

# Client hints (RFC 8942): asking for them is asking to be told more than anybody agreed to (M26).
_HINTS = frozenset({b"accept-ch", b"critical-ch"})
_FILTERED = frozenset({b"set-cookie", *_HINTS})
# Most headers are told apart by the length of their name alone.
_LENGTHS = frozenset(map(len, _FILTERED))


@dataclass(frozen=True)
class Kind:
    """What the policy says of one cookie name: `purposes` it belongs to, or `necessary`."""

    necessary: bool = False
    own: bool = False
    purposes: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """Of one line: whether it leaves, the purposes it hung on, its name where none declares it."""

    passes: bool
    purposes: tuple[str, ...] = ()
    undeclared: bytes | None = None


_LEAVES, _STAYS = Verdict(passes=True), Verdict(passes=False)


def glob(patterns: Iterable[str]) -> re.Pattern[bytes] | None:
    """One expression for several globs; `*` is any run of bytes, all else stands for itself.

    The first place where a middle part fits is as good as any later one, so none is tried twice:
    the names are a visitor's, and as long as they like.
    """
    parts = [_expression(*map(re.escape, p.encode("ascii").split(b"*"))) for p in patterns]
    return re.compile(b"|".join(parts), re.DOTALL) if parts else None


def _expression(first: bytes, *parts: bytes) -> bytes:
    middle = b"".join(b"(?>.*?%b)" % part for part in parts[:-1])
    return first + middle + b"".join(b".*" + part for part in parts[-1:])


def is_filtered(headers: list[Header]) -> bool:
    """Whether a response may hold a header that `Passing.filter` would take out."""
    return not _LENGTHS.isdisjoint([len(name) for name, _ in headers])


class CookieFilter:
    """Takes out of responses the cookies that were not agreed to, and reports undeclared ones."""

    def __init__(self, policy: Policy, *, report: Report) -> None:
        self._policy = policy
        self._report = report
        self._necessary = glob(entry.cookie for entry in policy.necessary)
        self._purposes = [
            (name, pattern)
            for name, purpose in policy.purposes.items()
            if (pattern := glob(sorted(purpose.terms.cookies)))
        ]
        # Names come from the application: bounded, whatever it makes of them.
        self.kind = lru_cache(maxsize=1024)(self._kind)

    def _kind(self, name: bytes) -> Kind:
        if is_ours(name):
            return Kind(own=True)
        if self._necessary and self._necessary.fullmatch(name):
            return Kind(necessary=True)
        return Kind(purposes=tuple(p for p, pattern in self._purposes if pattern.fullmatch(name)))

    def filter(
        self,
        headers: list[Header],
        *,
        allows: Callable[[str], bool],
        now: Callable[[], float],
        learns: Callable[[], bool] = lambda: False,
        route: Callable[[], str | None] = lambda: None,
    ) -> tuple[list[Header], bool]:
        """What may leave, the same list where all may; and whether a cookie hung on the answer.

        `allows` is asked only about cookies that belong to a purpose, `learns` whether undeclared
        ones pass, `route` which template set them.
        """
        outgoing: list[Header] = []
        depends = False
        for header in headers:
            name, line = header
            if len(name) not in _LENGTHS or (lowered := name.lower()) not in _FILTERED:
                outgoing.append(header)
            elif lowered not in _HINTS:
                passes, purposes, undeclared = self._verdict(line, allows, now)
                depends = depends or bool(purposes)
                if undeclared is not None:
                    self._report.note(undeclared, route, now())
                    passes = learns()
                if passes:
                    outgoing.append(header)
        return (outgoing if len(outgoing) < len(headers) else headers), depends

    def _verdict(
        self, line: bytes, allows: Callable[[str], bool], now: Callable[[], float]
    ) -> Verdict:
        name = name_of(line)
        if name is None:
            return _STAYS
        kind = self.kind(name[:4096])
        if kind.necessary or deletes(line, now()):
            return _LEAVES
        if kind.own:
            return _STAYS
        if kind.purposes:
            return Verdict(any(map(allows, kind.purposes)), kind.purposes)
        return Verdict(passes=False, undeclared=name)

    def literal(self, allows: Callable[[str], bool]) -> list[bytes]:
        """The names, no globs, that the policy declares for purposes that are not allowed."""
        names = (
            name.encode("ascii")
            for purpose in self._policy.purposes.values()
            for name in sorted(purpose.terms.cookies)
            if "*" not in name
        )
        return self.refused(names, allows)

    def refused(self, names: Iterable[bytes], allows: Callable[[str], bool]) -> list[bytes]:
        """The names that belong only to purposes that are not allowed."""
        return [
            name
            for name in dict.fromkeys(names)
            if (kind := self.kind(name[:4096])).purposes and not any(map(allows, kind.purposes))
        ]

    def undeclared(self, names: Iterable[bytes]) -> list[bytes]:
        """The names that the policy says nothing of, and that are not ours."""
        return [name for name in names if self.kind(name[:4096]) == Kind()]
