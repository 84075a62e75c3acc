"""A serving collector whose clock is set wrong, over real sockets and files."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from askfirst_collector.cli import main
from askfirst_collector.closing.close import close_due
from askfirst_collector.jobs.clock import JobClock, even_seconds
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed import closing as closings
from askfirst_collector.usecases.record_consent import record_now
from tests.conftest import ROOT
from tests.support.collectors import HANDLE, decision, policy
from tests.support.programs import python
from tests.support.site_keys import new_site_key

DAY = 86_400  # seconds
TODAY = "2026-09-09"
NOON = datetime(2026, 9, 9, 12, tzinfo=UTC).timestamp()
SITE = policy()
VISIT = {"purpose": "statistics", "type": "page_view", "page": "/tides/dublin"}


@dataclass
class Site:
    """A folder with one grant in it, and the file that sets the clock of who serves it."""

    folder: Path
    clock: Path
    base: float = field(default_factory=lambda: NOON - time.time())
    key: str = ""
    port: int = 0
    batches: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> float:
        """What the clock says when it is right: about noon of the day."""
        return time.time() + self.base

    def set(self, seconds: float) -> None:
        """Set the clock that far ahead, or behind."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(self.base + seconds), "ascii")
        new.replace(self.clock)

    @contextmanager
    def parts(self) -> Iterator[Services]:
        """The folder, opened beside whoever serves it."""
        parts = open_services(self.folder, host_policy=None, now=self.now, urandom=os.urandom)
        try:
            yield parts
        finally:
            close_services(parts)

    @contextmanager
    def served(self) -> Iterator[None]:
        """A process that serves it."""
        with python(
            *("-m", "tests.system.clock_server", self.folder, self.clock),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            self.port = int(process.stdout.readline())
            yield
            process.stdin.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer of a request under the site's key."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with closing(connection):
            connection.request(method, path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def send(self) -> Any:
        """What an event is answered, in a batch of its own."""
        whole = {"v": 1, "site": "shop", "handle": HANDLE, "events": [VISIT]}
        status, answer = self.ask("POST", "/v1/events", whole | {"batch": self.batch()})
        assert status == 202, answer
        return answer

    def batch(self) -> str:
        """The id of a new batch."""
        return f"{next(self.batches):022}"

    def clock_is(self, state: str) -> bool:
        """Whether the collector says so of its clock, and that it can store."""
        status, health = self.ask("GET", "/readyz")
        assert (status, health["status"]) == (200, "ok")
        return bool(health["parts"]["clock"] == state)


def wait(holds: Callable[[], bool]) -> None:
    """Until it does."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path / "data", tmp_path / "clock")
    made.set(0)
    with made.parts() as parts:
        parts.registry.publish(SITE)
        record_now(parts, decision(SITE))
        made.key = new_site_key(parts.engine, "shop", urandom=os.urandom)
    return made


def rows(parts: Services) -> list[str]:
    """The periods of the rows that are on disk."""
    return sorted(row.period for key in parts.events.periods() for row in parts.events.rows(key))


def today_rows(parts: Services) -> list[Any]:
    """The rows of the day on which the clock was right."""
    (key,) = [key for key in parts.events.periods() if key.period == TODAY]
    return list(parts.events.rows(key))


def test_a_clock_thirty_days_ahead_closes_nothing_and_loses_nothing(site: Site) -> None:
    """M50: said, not acted upon; what is answered as stored before, in it and after is on disk."""
    with site.served():
        wait(lambda: site.clock_is("ok"))
        assert site.send() == {"stored": 1, "dropped": []}
        site.set(30 * DAY)
        wait(lambda: site.clock_is("doubted"))
        assert site.send() == {"stored": 1, "dropped": []}
        site.set(0)
        wait(lambda: site.clock_is("ok"))
        assert site.send() == {"stored": 1, "dropped": []}
    with site.parts() as parts:
        assert rows(parts) == [TODAY, TODAY, "2026-10-09"]
        with parts.engine.connect() as connection:
            assert connection.execute(select(closings)).all() == []
        # Of one salt: whoever came before and after is one visitor.
        assert len({r.pseudonym for r in today_rows(parts)}) == 1
        close_due(parts, NOON + DAY)
        assert rows(parts) == ["2026-10-09"]
        close_due(parts, NOON + 31 * DAY)
        assert rows(parts) == []


def test_a_clock_set_back_opens_nothing_that_is_closed(site: Site) -> None:
    """M50: events of a day that is closed are dropped with that reason, and no row is left."""
    with site.parts() as parts:
        assert close_due(parts, NOON + DAY)
    with site.served():
        wait(lambda: site.clock_is("ok"))
        dropped = [{"index": 0, "reason": "period-closed"}]
        assert site.send() == {"stored": 0, "dropped": dropped}
        site.set(DAY)
        assert site.send() == {"stored": 1, "dropped": []}
        site.set(0)
        assert site.send() == {"stored": 0, "dropped": dropped}
    with site.parts() as parts:
        assert rows(parts) == ["2026-09-10"]


def test_a_command_does_not_close_by_a_clock_that_nobody_watched(site: Site) -> None:
    """`askfirst close` says what to do; what is due may be looked at."""
    with site.parts() as parts:
        JobClock(parts, even_seconds)()
    closed = CliRunner().invoke(main, ["close", "--data", str(site.folder)])
    assert closed.exit_code == 1
    assert "the time that the collector saw last" in closed.output
    assert "ten minutes" in closed.output
    looked = CliRunner().invoke(main, ["close", "--dry-run", "--data", str(site.folder)])
    assert looked.exit_code == 0
    with site.parts() as parts, parts.engine.connect() as connection:
        assert connection.execute(select(closings)).all() == []
