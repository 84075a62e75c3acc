"""A real collector on a real port over a real folder, with somebody of each kind who may ask."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from askfirst.client import Decision
from askfirst.terms.placed import read_placed
from askfirst_collector.members.permissions import SCOPES
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.openapi.admin_collectors import EXAMPLE
from askfirst_collector.openapi.example import HANDLE, SITE, example_policy
from askfirst_collector.runtime.open import close_services, open_services
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.links import create_set_up_link, set_up_admin
from askfirst_collector.usecases.members import change_member
from askfirst_collector.usecases.placed_collectors import set_collector_state
from askfirst_collector.usecases.record_consent import record_now
from tests.conftest import ROOT
from tests.support.placing import save
from tests.support.programs import python
from tests.support.site_keys import new_site_key
from tests.system.frameworks.servers import free_port

PAGE = "/harbours/1"  # on which the placed collector of the examples stands
OTHER = "olive"  # a reader; the only host admin is whose token it is, and stays one
PATIENCE = 40.0  # seconds until it must answer; the machine may be busy


@dataclass(frozen=True)
class Collector:
    """`key` is the site's, `tokens` a host admin's; the visitor of the examples has agreed."""

    url: str
    key: str
    tokens: tuple[str, str]
    edition: str


@contextmanager
def serving(folder: Path, *, placed: bool = False) -> Iterator[Collector]:
    """`askfirst serve` over a folder in which the examples' site has published its policy.

    With `placed` the collector of the examples stands on its pages, and the visitor agreed to it.
    """
    key, tokens, edition = _set_up(folder, placed=placed)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("askfirst", "serve", "--data", str(folder), "--port", str(port))
    said = folder.parent / "server.log"
    with (
        said.open("wb") as log,
        python("-m", *words, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            _await(f"{url}/readyz", process, said)
            yield Collector(url, key, tokens, edition)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _set_up(folder: Path, *, placed: bool) -> tuple[str, tuple[str, str], str]:
    parts = open_services(folder, host_policy=None, now=time.time, urandom=os.urandom)
    try:
        policy = example_policy()
        parts.registry.publish(policy)
        key = new_site_key(parts.engine, SITE, urandom=os.urandom)
        admin = set_up_admin(
            parts, create_set_up_link(parts, ON_THE_MACHINE), "admin", "a long enough pass phrase"
        )
        assert admin is not None
        set_up_admin(
            parts, create_set_up_link(parts, ON_THE_MACHINE), OTHER, "another long pass phrase"
        )
        change_member(parts, admin, OTHER, "reader", [SITE])
        tides = read_placed(EXAMPLE)
        save(parts, tides, owner="admin", actor="admin")
        first, second = (
            create_token(parts, admin, name, SCOPES, days=1)[1] for name in ("first", "second")
        )
        if placed:
            set_collector_state(parts, admin, SITE, tides.name, "active")
        site = parts.registry.site(SITE)
        assert site is not None
        edition = site.editions.current
        every = dict.fromkeys(edition.asked_on(PAGE), 2)
        granted = Decision(SITE, HANDLE, edition.hash, "en", "accept_all", every, True, False)
        record_now(parts, granted)
        return key, (first, second), edition.hash
    finally:
        close_services(parts)


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
