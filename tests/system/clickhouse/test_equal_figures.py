"""Whatever keeps the rows, everybody sees the same figures, where draws are the same."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askfirst.terms.policy import SHIPPED
from tests.conftest import ROOT
from tests.system.clickhouse.engines import Face
from tests.system.clickhouse.figures import Case, figures_of

EXAMPLES = 3  # of each policy, of up to 400 rows a purpose
MANY = 40

cases = st.tuples(st.integers(0, 2**32), st.integers(1, 400))


class Embedded:
    """A process with the engine in it, which answers one case after the other."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.system.clickhouse.figures", str(folder)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def figures_of(self, case: Case) -> list[Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(case), file=self._process.stdin, flush=True)
        answer: list[Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(60) == 0


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with closing(Embedded(tmp_path_factory.mktemp("embedded"))) as process:
        yield process


def _compare(policy: str, root: Path, face: Face, embedded: Embedded, *, examples: int) -> None:
    numbers = itertools.count()

    def compare(case: tuple[int, int]) -> None:
        whole = (policy, *case)
        expected = figures_of(root / f"data-{next(numbers)}", whole, None)
        assert figures_of(root / f"data-{next(numbers)}", whole, face.new_database()) == expected
        assert embedded.figures_of(whole) == expected

    settings(max_examples=examples, deadline=None)(given(cases)(compare))()


@pytest.mark.parametrize("policy", SHIPPED)
def test_figures_are_equal(policy: str, tmp_path: Path, face: Face, embedded: Embedded) -> None:
    """Closing, figures so far, today, a visitor's rows, an erasure, and rows that are kept."""
    _compare(policy, tmp_path, face, embedded, examples=EXAMPLES)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("policy", SHIPPED)
def test_many_figures_are_equal(
    policy: str, tmp_path: Path, face: Face, embedded: Embedded
) -> None:
    """The same of more populations."""
    _compare(policy, tmp_path, face, embedded, examples=MANY)
