"""What is wrong with an export file, by line; a file that has any is taken as a whole or not."""

from __future__ import annotations

from askfirst.errors import AskfirstError

MOST = 20  # that are said


class ImportProblems(AskfirstError):
    """A file that is not taken: every line that has to be mended, and what to write instead."""

    def __init__(self, problems: list[tuple[int, str]], more: int = 0) -> None:
        self.problems = problems
        lines = [f"line {line}: {text}" if line else text for line, text in problems[:MOST]]
        rest = max(0, len(problems) - MOST) + more
        super().__init__("\n".join([*lines, *([f"and {rest} lines more"] if rest > 0 else [])]))
