"""What every test of the doctor has."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from askfirst_collector.doctor import start_application
from tests.support.programs import python


def _start(command: list[str], **options: Any) -> subprocess.Popen[Any]:
    return python(*command[1:], **options)


@pytest.fixture(scope="session", autouse=True)
def quick_start() -> Iterator[None]:
    """The applications that are looked at start as copies of a process that read the modules."""
    quick = SimpleNamespace(**{**vars(subprocess), "Popen": _start})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(start_application, "subprocess", quick)
        yield
