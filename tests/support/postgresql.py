"""A real PostgreSQL for tests: a cluster in memory, of whoever may run one, and its databases."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.config import Folder
from askfirst_collector.store.database import open_ledger

USER = "askfirst"
_UNPRIVILEGED = ("postgres", "nobody")


@cache
def programs() -> Path | None:
    """The folder of the newest server's programs; None where there is none."""
    on_path = shutil.which("initdb")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    present = [folder for folder in folders if (folder / "initdb").exists()]
    return present[-1] if present else (on_path and Path(on_path).resolve().parent) or None


@dataclass
class Cluster:
    """One server. `folder` has its data and its socket; `port` is its number on loopback, too."""

    folder: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, *, over_network: bool = False) -> str:
        """The address of a database."""
        if over_network:
            return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://{USER}@:{self.port}/{database}?host={self.folder}"

    def start(self, **settings: str) -> None:
        """Start it, and wait until it answers."""
        options = {
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "shared_buffers": "32MB",
            "logging_collector": "off",
            "max_connections": "200",
            **settings,
        }
        arguments = [part for name in options for part in ("-c", f"{name}={options[name]}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(self.folder / "data"), *arguments],
                stdout=log,
                stderr=log,
                **_somebody(),
            )
        until = time.monotonic() + 30
        while True:
            try:
                self.session("postgres").close()
                return
            except Exception:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
            time.sleep(0.02)

    def stop(self, *, at_once: bool = True) -> None:
        """End it; sessions go with it. Not `at_once` it is the power that goes."""
        if self._process is not None:
            (self._process.send_signal(2) if at_once else self._process.send_signal(3))
            self._process.wait(30)
            self._process = None

    def standby(self, name: str = "standby") -> Cluster:
        """Another server that follows this one, for which every COMMIT here waits from now on."""
        folder = self.folder.with_name(f"{self.folder.name}-{name}")
        folder.mkdir()
        shutil.chown(folder, (self.folder / "data").stat().st_uid)
        where = f"host={self.folder} port={self.port} user={USER} application_name={name}"
        command = [_program("pg_basebackup"), "-D", str(folder / "data"), "-R", "-d", where]
        subprocess.run([*command, "-c", "fast", "--no-sync"], check=True, cwd=folder, **_somebody())
        other = Cluster(folder, _free_port())
        other.start()
        self.run(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        self.run("SELECT pg_reload_conf()")
        waits = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        until = time.monotonic() + 30
        while self.run(waits) != [[1]]:
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.05)
        return other

    def promote(self) -> None:
        """Let a standby take what is written, and wait for nobody."""
        self.run("SELECT pg_promote()")
        self.run("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.run("SELECT pg_reload_conf()")

    def session(self, database: str) -> Any:
        """A session of the driver that commits by itself."""
        import pg8000.dbapi

        path = f"{self.folder}/.s.PGSQL.{self.port}"
        session = pg8000.dbapi.connect(USER, database=database, unix_sock=path, timeout=30)
        session.autocommit = True
        return session

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """The rows of a statement; none where it has none."""
        with closing(self.session(database)) as session:
            return list(session.execute_simple(statement).rows or ())

    def new(self, template: str = "template0") -> str:
        """The name of a database that nobody else uses."""
        name = f"t{os.getpid()}_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def migrated(self) -> str:
        """The same, with all tables: a copy of one that every revision has made."""
        return self.new(_migrated(self))

    def copy(self, name: str, to: str) -> None:
        """Copy a database that others may use, as of this moment: sessions of it are ended."""
        self._close(name)
        self.run(f"CREATE DATABASE {to} TEMPLATE {name}")
        self.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def replace(self, name: str, by: str) -> None:
        """Put a copy in the place of a database, whoever uses it."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")
        self.run(f"ALTER DATABASE {by} RENAME TO {name}")
        self.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def dump(self, name: str) -> bytes:
        """What a database has, as `pg_dump` writes it."""
        return self._client("pg_dump", "--format=custom", name)

    def put_back(self, name: str, dump: bytes) -> None:
        """Put a dump in the place of what a database has, whoever uses it."""
        options = "--clean", "--if-exists", "--single-transaction"
        self._client("pg_restore", *options, f"--dbname={name}", sent=dump)

    def _client(self, program: str, *arguments: str, sent: bytes = b"") -> bytes:
        place = "-h", str(self.folder), "-p", str(self.port), "-U", USER
        command = [_program(program), *place, *arguments]
        return subprocess.run(command, input=sent, check=True, capture_output=True).stdout

    def own(self, file: Path) -> None:
        """Let a file in its folder be the server's."""
        status = (self.folder / "data").stat()
        os.chown(file, status.st_uid, status.st_gid)

    def undo(self, setting: str) -> None:
        """Take an ALTER SYSTEM back."""
        with closing(self.session("postgres")) as session:
            session.execute_simple("SET default_transaction_read_only = off")
            session.execute_simple(f"ALTER SYSTEM RESET {setting}")
            session.execute_simple("SELECT pg_reload_conf()")

    def _close(self, name: str) -> None:
        self.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        count = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        gone = f"{count} WHERE datname = '{name}'"
        while self.run(gone) != [[0]]:
            time.sleep(0.01)

    @contextmanager
    def for_every_folder(
        self, monkeypatch: pytest.MonkeyPatch, part: str = "ledger"
    ) -> Iterator[None]:
        """Have ledger, or salts, of every new data folder in a database of its own, here."""
        names: list[str] = []
        noted: Any = Folder.__dict__[f"{part}_url"].fget

        def url(folder: Folder) -> str:
            known: str = noted(folder)
            file: Path = getattr(folder, part)
            if not known and file.exists() and not file.stat().st_size:
                names.append(self.migrated() if part == "ledger" else self.new())
                known = self.url(names[-1])
                getattr(folder, f"place_{part}")(known)
            return known

        monkeypatch.setattr(Folder, f"{part}_url", property(url))
        try:
            yield
        finally:
            for name in names:
                self.run(f"DROP DATABASE {name} WITH (FORCE)")


# How a server for salts is set: nobody can follow it, or copy what it writes.
OF_SALTS = {"wal_level": "minimal", "max_wal_senders": "0", "wal_recycle": "off"}


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A server of one's own; the test is skipped, with the reason, where none is installed."""
    if programs() is None:
        # .ci/run installs it: there nothing is left out.
        assert not os.environ.get("CI"), "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed: no initdb")
    pytest.importorskip("pg8000")
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=memory if memory.is_dir() else None))
    owner = _somebody()
    if owner:
        os.chown(folder, pwd.getpwnam(owner["user"]).pw_uid, -1)
    command = [_program("initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust"]
    subprocess.run(
        [*command, "--locale=C", "--encoding=UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
        **owner,
    )
    server = Cluster(folder, _free_port())
    try:
        server.start(**settings)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _template(folder: Path) -> list[str]:
    return []


def _migrated(server: Cluster) -> str:
    names = _template(server.folder)
    if not names:
        names.append(server.new())
        open_ledger(Path("unused"), server.url(names[0])).dispose()
    return names[0]


def _program(name: str) -> str:
    folder = programs()
    assert folder is not None
    return str(folder / name)


def _somebody() -> dict[str, Any]:
    """Whom to run a server as: it refuses root."""
    if os.getuid():
        return {}
    for name in _UNPRIVILEGED:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": name, "group": user.pw_gid, "extra_groups": ()}
    raise AssertionError("PostgreSQL does not run as root, and there is nobody else")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
