"""What speaks to ClickHouse: one client a process, and what goes wrong as one error."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from askfirst.spool import files
from askfirst_collector.config import SettingError
from askfirst_collector.store.events import PeriodKey, StoreUnavailable
from askfirst_collector.store.faults import FAULTS

from . import schema
from .address import Address

CONNECT = 5  # seconds
ANSWER = 300  # seconds, of a question about a period or a removal
LONGEST = 3_600  # seconds that a statement takes, what it is about included
# Nothing of a statement is noted by the server: it may say of whom it is.
_SETTINGS = {"log_queries": 0, "mutations_sync": 2, "async_insert": 0, "insert_deduplicate": 1}
_ASKED = {"draw": "String", "content": "String"}

Part = tuple[str, str, int]  # closes, period, kept


class Server:
    """Safe in any thread. `owner` is the id of the folder whose rows these are.

    Connected when it is first needed, and again after a fault; whoever is in between gets
    StoreUnavailable, as from every method here. `fault` says what the last call failed of.
    """

    def __init__(
        self, address: Address, owner: Callable[[], str], *, urandom: Callable[[int], bytes]
    ) -> None:
        self.fault = ""
        self.address = address
        self._owner = owner
        self._urandom = urandom
        # An engine in this process takes one statement at a time.
        self._one: threading.RLock | None = threading.RLock() if address.path else None
        self._opening = threading.Lock()
        self._client: Any = None
        self._own: files.Own | None = None  # of an engine in this process

    def connect(self) -> None:
        """Connect now. Raises SettingError where what is there cannot be used."""
        with self._lock(), self._failing():
            self._connected()

    def ask(self, query: str, names: Mapping[str, object]) -> bytes:
        """What a SELECT gives, in the format RowBinary."""
        with self._usable() as client:
            answer: bytes = client.raw_query(query, dict(names), fmt="RowBinary")
            return answer or b""

    def rows(self, query: str, names: Mapping[str, object] | None = None) -> Iterator[Any]:
        """The rows that a SELECT gives; `visitor` as bytes."""
        with self._usable() as client:
            formats = {"visitor": "bytes"}
            answer = client.query(query, dict(names or {}), column_formats=formats)
            lines: list[Any] = answer.result_rows
        return iter(lines)

    def count(self, query: str, names: Mapping[str, object] | None = None) -> int:
        """The one number that a SELECT gives."""
        return int(next(self.rows(query, names))[0])

    def run(self, statement: str, names: Mapping[str, object] | None = None) -> None:
        """Have a statement done, removals included, before this returns."""
        with self._usable() as client:
            client.command(statement, dict(names or {}))

    def insert(self, rows: Sequence[Sequence[object]], *, token: str) -> None:
        """Put rows, in the order of `COLUMNS`, into `event`; those of a token that is known not."""
        if rows:
            settings = {"insert_deduplication_token": token}
            self._insert("event", schema.COLUMNS, rows, settings)

    @contextmanager
    def asking(self, contents: Sequence[bytes] | Sequence[str]) -> Iterator[str]:
        """Have these in `asked` while the context lasts, under what it gives.

        Where it fails they stay for `forget_asked`: the server may still be at work on them.
        """
        draw = self._urandom(16).hex()
        self._insert("asked", _ASKED, [(draw, content) for content in contents], {})
        yield draw
        with suppress(StoreUnavailable):
            self.run(f"ALTER TABLE asked DROP PARTITION '{draw}'")

    def forget_asked(self) -> None:
        """Remove what was left in `asked` by who did not come back."""
        before = f"SELECT DISTINCT draw FROM asked WHERE since < now() - {LONGEST}"  # noqa: S608
        for (draw,) in self.rows(before):
            self.run(f"ALTER TABLE asked DROP PARTITION '{draw}'")

    def parts(self) -> set[Part]:
        """What lies together, as far as there is any."""
        lines = self.rows("SELECT DISTINCT closes, period, kept FROM event")
        return {(closes, period, int(is_kept)) for closes, period, is_kept in lines}

    def drop_part(self, part: Part) -> None:
        """Remove all of it."""
        closes, period, is_kept = part
        names = {"closes": closes, "period": period, "kept": is_kept}
        value = "({closes:String}, {period:String}, {kept:UInt8})"
        self.run(f"ALTER TABLE event DROP PARTITION {value}", names)

    def remove_periods(self, part: Part, keys: Sequence[PeriodKey]) -> None:
        """Remove these periods of what lies together."""
        closes, period, is_kept = part
        names: dict[str, object] = {"closes": closes, "period": period, "kept": is_kept}
        own = []
        for number, key in enumerate(keys):
            names |= {f"s{number}": key.site, f"c{number}": key.collector}
            names[f"p{number}"] = key.purpose
            own.append(f"({{s{number}:String}}, {{c{number}:String}}, {{p{number}:String}})")
        self.run(
            "ALTER TABLE event DELETE WHERE closes = {closes:String} AND period = {period:String}"
            f" AND kept = {{kept:UInt8}} AND (site, collector, purpose) IN ({', '.join(own)})",
            names,
        )

    def is_ours(self) -> bool:
        """Whether it has a table of rows of this folder; nothing is made."""
        with self._lock(), self._failing():
            client = self._open()
            try:
                return f" of {self._owner()}" in _table_of(client)[0]
            finally:
                client.close()
                self._let_go()

    def close(self) -> None:
        """Disconnect."""
        with self._lock():
            self._disconnect()

    def _insert(
        self,
        table: str,
        columns: Mapping[str, str],
        rows: Sequence[Sequence[object]],
        settings: Mapping[str, object],
    ) -> None:
        with self._usable() as client:
            client.insert(
                table,
                rows,
                column_names=list(columns),
                column_type_names=list(columns.values()),
                settings=dict(settings),
            )

    @contextmanager
    def _lock(self) -> Iterator[None]:
        if self._one is None:
            yield
        else:
            with self._one:
                yield

    @contextmanager
    def _usable(self) -> Iterator[Any]:
        try:
            with self._lock(), self._failing():
                yield self._connected()
        except SettingError as error:
            self.fault = str(error)
            FAULTS.failed("clickhouse", self.fault)
            raise StoreUnavailable(self.fault) from error
        self.fault = ""
        FAULTS.went_well("clickhouse")

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (SettingError, StoreUnavailable):
            raise
        except Exception as error:  # of the client, of urllib3, of the engine: many, and unrelated
            self._disconnect()
            reason = _reason(error)
            self.fault = f"ClickHouse at {self.address.shown} is away: {reason}"
            FAULTS.failed("clickhouse", f"askfirst.E140 {self.fault}")
            raise StoreUnavailable(self.fault) from error

    def _connected(self) -> Any:
        with self._opening:
            if self._client is None:
                client = self._open()
                try:
                    self._prepare(client)
                except BaseException:
                    client.close()
                    self._let_go()
                    raise
                self._client = client
            return self._client

    def _prepare(self, client: Any) -> None:
        owner = self._owner()
        client.command(schema.event_table(owner))
        client.command(schema.ASKED_TABLE)
        comment, statement = _table_of(client)
        columns = client.query(
            "SELECT name, type FROM system.columns"
            " WHERE database = currentDatabase() AND table = 'event'"
        ).result_rows
        schema.check(self.address.shown, comment, dict(columns), statement, owner)

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()
        self._let_go()

    def _open(self) -> Any:
        """A client; of an engine in this process, once no other process has it."""
        if self.address.path:
            path = Path(f"{self.address.path}.lock")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._own = self._own or files.take(path)
            if self._own is None:
                advice = "one process at a time has it open: end the other one, or use a server"
                raise SettingError("askfirst.E143", self.address.shown, advice)
        try:
            return _client_of(self.address)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None


def _table_of(client: Any) -> tuple[str, str]:
    """What is said about the table of rows, and the statement that makes it; '' without one."""
    lines = client.query(
        "SELECT comment, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() AND name = 'event'"
    ).result_rows
    return (str(lines[0][0]), str(lines[0][1])) if lines else ("", "")


def _client_of(address: Address) -> Any:
    name = "chdb" if address.path else "clickhouse_connect"
    try:
        connect = importlib.import_module("clickhouse_connect")
        importlib.import_module(name)
    except ImportError:
        package = "'askfirst[chdb]'" if address.path else "'askfirst[clickhouse]'"
        advice = f"{name} is missing: pip install {package}"
        raise SettingError("askfirst.E141", address.shown, advice) from None
    # It logs each answer that fails, with what the server says; `askfirst.E140` is said once.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    if address.path:
        return connect.get_client(interface="chdb", path=address.path, settings=_SETTINGS)
    return connect.get_client(
        interface=address.scheme,
        host=address.host,
        port=address.port,
        username=address.user or None,
        password=address.password,
        database=address.database,
        settings=_SETTINGS,
        connect_timeout=CONNECT,
        send_receive_timeout=ANSWER,
        autogenerate_session_id=False,
        compress=False,
    )


def _reason(error: Exception) -> str:
    """What went wrong, by its name: a message may hold what is stored."""
    name = getattr(error, "name", None) or type(error).__name__
    code = getattr(error, "code", None)
    return f"{name} ({code})" if code else str(name)
