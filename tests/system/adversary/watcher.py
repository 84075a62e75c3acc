"""The program of M27: everything that anybody is shown, asked for as often as it likes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from askfirst.gate.receipt import handle_of
from askfirst_collector.closing.close import due
from askfirst_collector.dashboard.selection.date_range import asked_purposes
from askfirst_collector.dashboard.selection.tables import tables_of
from tests.support.whole import Visitor, view
from tests.system.adversary.world import World
from tests.unit.gate.browser import Got, call

HOST = "/askfirst/host"
PUBLIC = (
    "/",
    "/askfirst/policy",
    "/askfirst/choices",
    "/.well-known/gpc.json",
    "/.well-known/askfirst.json",
    "/askfirst/rights/me",
    "/askfirst/nothing",
)
COLLECTOR = ("/healthz", "/readyz", "/.well-known/askfirst.json", "/v1/terms", "/v1/rights/me")
# What changes with the time of day of the machine, not with what is stored.
_APART = (b"date", b"set-cookie")


@dataclass(frozen=True)
class Shown:
    """One answer."""

    what: str
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Watcher:
    """Has the host admin's session, and is a visitor who changes its mind at every glance."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.spy = Visitor(address="2.125.160.216")
        self._detail = 2

    async def begin(self) -> None:
        """Become one of the visitors."""
        await self._world.answer(self.spy, {"statistics": 2})

    async def glance(self) -> list[Shown]:
        """What moves while a period is open: overview, health, what is due, own grants."""
        world, parts = self._world, self._world.collector.parts()
        seen = [await self._get(f"{HOST}/sites/shop", world.admin)]
        seen.append(await self._get("/askfirst/rights/me", self.spy))
        seen.append(_said("stored", await world.send(self.spy, view("/shop/tea"))))
        # Each answer comes with a receipt: what does its place in the ledger tell of others?
        self._detail = 3 - self._detail
        changed = await world.answer(self.spy, {"statistics": self._detail})
        seen.append(_said("receipt", _payload(changed.json["receipt"])))
        seen.append(_said("health", await world.collector.health()))
        seen.append(_said("due", due(parts, world.clock())))
        return seen

    async def look(self, days: int) -> list[Shown]:
        """Every page, table, purpose, format and range of the days up to now; every public path."""
        seen = await self.glance()
        seen += [await self._get(path, self._world.admin) for path in self._pages(days)]
        for path in PUBLIC:
            seen += [await self._get(path, Visitor()), await self._get(path, self.spy)]
        secret = handle_of(self.spy.secret)
        assert secret is not None
        told = base64.urlsafe_b64encode(base64.urlsafe_b64decode(self.spy.secret + b"=="))
        for path in COLLECTOR:
            headers = [(b"authorization", b"Receipt " + told.rstrip(b"="))]
            scope = {
                "type": "http",
                "method": "GET",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"site=shop",
                "root_path": "",
                "headers": headers,
                "client": ("127.0.0.1", 1),
            }
            seen.append(_shown(f"collector {path}", await call(self._world.collector.app, scope)))
        return seen

    def _pages(self, days: int) -> Iterator[str]:
        yield from (f"{HOST}/", f"{HOST}/account", f"{HOST}/sites/shop/policy")
        yield from (f"{HOST}/sites/shop/editions", f"{HOST}/sites/shop/start")
        yield from (f"{HOST}/sites", f"{HOST}/ceiling", f"{HOST}/sites/shop/collectors")
        site = self._world.collector.parts().registry.site("shop")
        assert site is not None
        today = datetime.fromtimestamp(self._world.clock() - 12 * 3600, UTC).date()
        first = today - timedelta(days=days)
        ranges = [(first, today), *((first + timedelta(n),) * 2 for n in range(days + 1))]
        placed = self._world.collector.parts().placing.all("shop")
        policies = {"": site.editions.current.policy}
        policies |= {f"&collector={each.name}": each.placed.policy for each in placed}
        gathered = [
            (whose, name, purpose)
            for whose, policy in policies.items()
            for name, purpose in asked_purposes(policy).items()
        ]
        for whose, name, purpose in gathered:
            slugs = [each.slug for each in tables_of(purpose.terms)]
            for since, until in ranges:
                query = f"?purpose={name}&from={since}&to={until}{whose}"
                yield f"{HOST}/sites/shop{query}"
                yield f"{HOST}/sites/shop/time-line.csv{query}"
                for slug in slugs:
                    yield f"{HOST}/sites/shop/{slug}.json{query}"
            for slug in slugs:
                yield f"{HOST}/sites/shop/{slug}{query}"
                yield f"{HOST}/sites/shop/{slug}.csv{query}"

    async def _get(self, path: str, visitor: Visitor) -> Shown:
        got = await self._world.ask(visitor, "GET", path)
        signed_out = got.status == 401 or (
            got.status == 303 and got.one(b"location").startswith(f"{HOST}/sign-in".encode())
        )
        if signed_out:
            await self._world.sign_in()
            got = await self._world.ask(visitor, "GET", path)
        found = _shown(path, got)
        # What is not there cannot be looked at: the pages of figures are.
        assert found.status < 500, found
        assert found.status == 200 or not path.startswith(f"{HOST}/sites"), found
        return found


def _shown(what: str, got: Got) -> Shown:
    kept = tuple(pair for pair in got.headers if pair[0] not in _APART)
    return Shown(what, got.status, kept, got.body)


def _payload(receipt: str) -> object:
    part = receipt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _said(what: str, value: object) -> Shown:
    return Shown(what, 0, (), repr(value).encode())
