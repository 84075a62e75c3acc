"""A real collector on a real port over a real folder, with somebody of each kind who may ask."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from askfirst.client import Decision
from askfirst.terms.placed import read_placed
from askfirst_collector.ingest.consents import record_now
from askfirst_collector.openapi.admin_collectors import EXAMPLE
from askfirst_collector.openapi.example import HANDLE, SITE, example_policy
from askfirst_collector.opening import close_parts, open_parts
from askfirst_collector.registry.members import Members
from askfirst_collector.registry.permissions import SCOPES
from askfirst_collector.registry.relays import new_site_key
from tests.conftest import ROOT
from tests.frameworks.servers import free_port

PATIENCE = 40.0  # seconds until it must answer; the machine may be busy


@dataclass(frozen=True)
class Collector:
    """`key` is the site's, `tokens` a host admin's; the visitor of the examples has agreed."""

    url: str
    key: str
    tokens: tuple[str, str]
    edition: str


@contextmanager
def serving(folder: Path) -> Iterator[Collector]:
    """`askfirst serve` over a folder in which the examples' site has published its policy."""
    key, tokens = _set_up(folder)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("askfirst", "serve", "--data", str(folder), "--port", str(port))
    said = folder.parent / "server.log"
    with (
        said.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, stdout=log, stderr=log
        ) as process,
    ):
        try:
            _await(f"{url}/readyz", process, said)
            yield Collector(url, key, tokens, example_policy().hash)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _set_up(folder: Path) -> tuple[str, tuple[str, str]]:
    parts = open_parts(folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        policy = example_policy()
        parts.registry.publish(policy)
        key = new_site_key(parts.engine, SITE, urandom=os.urandom)
        granted = Decision(SITE, HANDLE, policy.hash, "en", "accept_all", {}, adult=True, gpc=False)
        record_now(parts, granted)
        members = Members(parts.engine, now=time.time, urandom=os.urandom)
        admin = members.set_up(members.new_link(), "admin", "a long enough pass phrase")
        assert admin is not None
        tides = read_placed(EXAMPLE)
        parts.placing.save(tides, owner="admin", actor="admin")
        first, second = (
            members.tokens.make(admin, name, SCOPES, days=1)[1] for name in ("first", "second")
        )
        return key, (first, second)
    finally:
        close_parts(parts)


def _await(url: str, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE):
                return
        except OSError:
            # Waits a little for the child: it ends at once where it cannot start.
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError(f"the collector does not listen:\n{said.read_text('utf-8', 'replace')}")
