"""Dates and numbers of an export, read strictly: one kind of date a file, whole numbers alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from askfirst_collector.imports.problems import MOST, ImportProblems

_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_PLAIN = re.compile(r"\d{8}")
_OTHER = re.compile(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")
_RANGE = re.compile(r"\d{4}-\d\d(-\d\d,\d{4}-\d\d-\d\d)?|From .*|\d{4}")
NEWEST = date(2999, 12, 31)


@dataclass
class Reading:
    """Reads the fields of a file, and keeps what is wrong with them."""

    problems: list[tuple[int, str]] = field(default_factory=list)  # the first that are said
    _more: int = 0
    _kinds: dict[str, tuple[int, str]] = field(default_factory=dict)

    def wrong(self, line: int, text: str) -> None:
        """Note what is wrong in a line."""
        if len(self.problems) < MOST:
            self.problems.append((line, text))
        else:
            self._more += 1

    def day(self, line: int, text: str | None) -> date | None:
        """A day as 2026-11-30 or 20261130; None, and a problem, for anything else."""
        text = text or ""
        try:
            if _ISO.fullmatch(text):
                return self._of_kind("2026-11-30", line, text, date.fromisoformat(text))
            if _PLAIN.fullmatch(text):
                day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
                return self._of_kind("20261130", line, text, day)
        except ValueError:
            self.wrong(line, f"{text} is no day of the calendar")
            return None
        if _OTHER.fullmatch(text):
            advice = f"{text} may be two days: write it as 2026-11-30"
        elif _RANGE.fullmatch(text):
            advice = f"{text} is no day: export the report by day"
        else:
            advice = f"{text[:40]!r} is no day: write it as 2026-11-30"
        self.wrong(line, advice)
        return None

    def moment(self, line: int, text: str | None) -> float | None:
        """A time (unix seconds) as 2026-11-30T09:00:00Z or 2026-11-30 09:00:00, in UTC."""
        try:
            moment = datetime.fromisoformat(text or "")
        except ValueError:
            moment = None
        if moment is None or "T" not in (text or "").replace(" ", "T"):
            advice = f"{(text or '')[:40]!r} is no time: write it as 2026-11-30T09:00:00Z"
            self.wrong(line, advice)
            return None
        kind = "2026-11-30T09:00:00Z" if "T" in (text or "") else "2026-11-30 09:00:00"
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if self._of_kind(kind, line, text or "", moment.date()) is None:
            return None
        return moment.timestamp()

    def number(self, line: int, name: str, text: str | None) -> int | None:
        """A whole number; None where there is no such column."""
        if text is None:
            return None
        if text.isascii() and text.isdigit() and len(text) < 13:
            return int(text)
        self.wrong(line, f"{name} is {text[:40]!r}: write a whole number")
        return None

    def once(self, line: int, key: object, lines: dict[object, int], what: str) -> bool:
        """Whether a cell is there for the first time; a problem where it is not."""
        if key in lines:
            self.wrong(line, f"{what} stands in line {lines[key]} already")
            return False
        lines[key] = line
        return True

    def finish(self) -> None:
        """Raises ImportProblems where anything was wrong."""
        if self.problems:
            raise ImportProblems(sorted(self.problems), self._more)

    def _of_kind(self, kind: str, line: int, text: str, day: date) -> date | None:
        self._kinds.setdefault(kind, (line, text))
        (first, *_), *_ = ((other, *at) for other, at in self._kinds.items())
        if kind != first:
            other, example = self._kinds[first]
            advice = f"{text} is another kind of date than {example} in line {other}: write {first}"
            self.wrong(line, advice)
            return None
        if not date(2000, 1, 1) <= day <= NEWEST:
            self.wrong(line, f"{text} is no day that was counted")
            return None
        return day


DayOf = Callable[[float], date]
