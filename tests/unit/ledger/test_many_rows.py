"""Reading a ledger of any length from a server: some rows at a time, never all in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from askfirst_collector.ledger.revoked import revocations
from askfirst_collector.ledger.trees import leaves_of
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.services import Services
from askfirst_collector.store.database import reading_many
from askfirst_collector.usecases.record_consent import record_now
from tests.support.collectors import Clock, decision
from tests.support.postgresql import Cluster
from tests.unit.closing.house import noon, policy

pytestmark = pytest.mark.long
ROWS = 10_000
_COPIES = (
    "INSERT INTO entry SELECT e.idx + g, sha256(g::text::bytea), e.salt, e.body, e.site,"
    " md5(g::text) || md5(g::text), e.kind, e.hour, e.until, e.tree, g FROM (SELECT * FROM entry"
    f" WHERE handle IS NOT NULL LIMIT 1) e, generate_series(1, {ROWS}) g"
)


def _leaves(engine: Engine) -> Iterator[object]:
    with reading_many(engine) as connection:
        yield from leaves_of(connection, "shop")


def _revocations(engine: Engine) -> Iterator[object]:
    with reading_many(engine) as connection:
        yield from revocations(connection)


# How many there are, and half of what all of them take in memory, in bytes.
READERS: dict[str, tuple[Callable[[Services], Iterator[object]], int, int]] = {
    "entries of a period": (
        lambda parts: parts.ledger.between("shop", 0, 2**40),
        ROWS + 1,
        2_700_000,
    ),
    "leaves of a tree": (lambda parts: _leaves(parts.engine), ROWS, 800_000),
    "what is taken back": (lambda parts: _revocations(parts.engine), 0, 2_700_000),
}


@pytest.mark.parametrize("name", READERS)
def test_rows_come_some_at_a_time(tmp_path: Path, postgresql: Cluster, name: str) -> None:
    """M50: a million take no more than a thousand."""
    database = postgresql.new()
    parts = open_services(
        tmp_path / "data",
        host_policy=None,
        now=Clock(noon()),
        urandom=lambda count: b"7" * count,
        ledger=postgresql.url(database),
    )
    try:
        parts.registry.publish(policy())
        record_now(parts, decision(policy(), handle="ab" * 32))
        postgresql.run(_COPIES, database)
        read, rows, most = READERS[name]
        tracemalloc.start()
        with closing(read(parts)) as answer:  # type: ignore[type-var]
            count = sum(1 for _ in answer)
        _, peak = tracemalloc.get_traced_memory()
        assert count == rows
        assert peak < most
    finally:
        tracemalloc.stop()
        close_services(parts)
