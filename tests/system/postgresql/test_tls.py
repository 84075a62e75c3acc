"""PostgreSQL away from this machine: by TLS, with a certificate that is checked, or not at all."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from askfirst_collector.store.faults import StoreFault
from askfirst_collector.store.postgresql_address import read_address
from askfirst_collector.store.postgresql_session import connect
from tests.support.postgresql import Cluster, cluster
from tests.unit.jobs.listener import certificate

pytestmark = pytest.mark.long
NAME = "db.example"
USES_TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture(autouse=True)
def _name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is none of loopback's, and leads there."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        named = str(host).endswith(NAME)
        return real("127.0.0.1" if named else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Cluster, Path]]:
    """A server that has a certificate for the name, and that certificate."""
    with cluster() as running:
        chain, key = certificate(tmp_path, NAME)
        for file, name in ((chain, "server.crt"), (key, "server.key")):
            placed = running.folder / "data" / name
            shutil.copyfile(file, placed)
            placed.chmod(0o600)
            running.own(placed)
        running.stop()
        running.start(ssl="on")
        yield running, chain


def _opened(server: Cluster, host: str = NAME, options: str = "") -> Any:
    url = f"postgresql://askfirst@{host}:{server.port}/postgres{options}"
    return connect(read_address(url), 30)


def test_a_server_whose_certificate_is_known_is_asked_by_tls(
    server: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody on the way reads or changes what is sent."""
    running, chain = server
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    with closing(_opened(running)) as session:
        assert session.execute_simple(USES_TLS).rows == [[True]]


def test_another_certificate_or_name_is_refused(
    server: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever stands in the way has some certificate, but not this one for this name."""
    running, chain = server
    other, _ = certificate(tmp_path, "other.example")
    for trusted, host in ((other, NAME), (chain, f"other.{NAME}")):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with pytest.raises(StoreFault, match="certificate"):
            _opened(running, host)


def test_a_server_without_tls_is_asked_in_the_clear_only_where_that_is_said(
    postgresql: Cluster,
) -> None:
    """Whoever stands in the way may say that there is no TLS."""
    with pytest.raises(StoreFault, match="TLS"):
        _opened(postgresql)
    with closing(_opened(postgresql, options="?sslmode=disable")) as session:
        assert session.execute_simple(USES_TLS).rows == [[False]]
