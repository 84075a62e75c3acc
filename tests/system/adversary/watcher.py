"""The program of M27: everything that anybody is shown, asked for as often as it likes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote, urlencode

from askfirst.gate.receipt import handle_of
from askfirst.terms.terms import Terms
from askfirst_collector.closing.close import due
from askfirst_collector.closing.tables import tables_of_terms
from askfirst_collector.dashboard.selection.date_range import asked_purposes
from askfirst_collector.dashboard.selection.tables import tables_of
from askfirst_collector.members.permissions import Member
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.shares import create_share
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
ALONE = "/only/here"
# Of a line that many are in, and of one that the visitor may be alone in.
FILTERS = tuple(
    f"&{urlencode({'by': table, 'is': json.dumps(path)})}"
    for table, path in (
        ("page", ["/shop", "/shop/tea"]),
        ("page", [ALONE.rpartition("/")[0], ALONE]),
    )
)
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
        self._token = self._share = ""

    async def begin(self) -> None:
        """Become one of the visitors; get an API token, and a link to share."""
        await self._world.answer(self.spy, {"statistics": 2})
        parts, admin = self._world.collector.parts(), Member("ada", "host-admin")
        with self._world.drawn.aside():
            _, self._token = create_token(parts, admin, "figures", ("read",), days=60)
            _, self._share = create_share(
                parts,
                admin,
                "shop",
                purpose="statistics",
                cards=["Totals", "Pages", "Sources", "Places", "Devices"],
                days="28d",
                lasts=30,
            )

    async def glance(self) -> list[Shown]:
        """What moves while a period is open: overview, health, what is due, own grants."""
        world, parts = self._world, self._world.collector.parts()
        seen = [await self.overview()]
        seen.append(await self._get("/askfirst/rights/me", self.spy))
        seen.append(_said("stored", await world.send(self.spy, view("/shop/tea"))))
        # Each answer comes with a receipt: what does its place in the ledger tell of others?
        self._detail = 3 - self._detail
        changed = await world.answer(self.spy, {"statistics": self._detail})
        seen.append(_said("receipt", _payload(changed.json["receipt"])))
        seen.append(_said("health", await world.collector.health()))
        seen.append(_said("due", due(parts, world.clock())))
        return seen

    async def overview(self) -> Shown:
        """What the overview of the site shows."""
        return await self._get(f"{HOST}/sites/shop", self._world.admin)

    async def look(self, days: int) -> list[Shown]:
        """Every page, table, purpose, format and range of the days up to now; every public path."""
        seen = await self.glance()
        seen += [await self._get(path, self._world.admin) for path in self._pages(days)]
        seen.append(await self._get(f"{HOST}/shared/{self._share}", Visitor()))
        seen += [await self.stats(query) for query in self._queries(days)]
        for path in PUBLIC:
            seen += [await self._get(path, Visitor()), await self._get(path, self.spy)]
        secret = handle_of(self.spy.secret)
        assert secret is not None
        told = base64.urlsafe_b64encode(base64.urlsafe_b64decode(self.spy.secret + b"=="))
        for path in COLLECTOR:
            seen.append(await self._ask(path, b"site=shop", b"Receipt " + told.rstrip(b"=")))
        return seen

    async def stats(self, query: str) -> Shown:
        found = await self._ask("/v1/stats", query.encode(), f"Bearer {self._token}".encode())
        # A table that is not counted together with the filter's says so.
        assert found.status in (200, 422), found
        return found

    async def _ask(self, path: str, query: bytes, authorization: bytes) -> Shown:
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "root_path": "",
            "headers": [(b"authorization", authorization)],
            "client": ("127.0.0.1", 1),
        }
        what = f"collector {path}?{query.decode()}"
        return _shown(what, await call(self._world.collector.app, scope))

    def _queries(self, days: int) -> Iterator[str]:
        """What programs may ask for of the whole range, with every filter."""
        since, until = self._ranges(days)[0]
        for whose, name, terms in self._gathered():
            dates = f"site=shop&purpose={name}&from={since}&to={until}{whose}"
            yield dates
            for table in tables_of_terms(terms):
                for filter in ("", *FILTERS):
                    yield f"{dates}&table={table}{filter}"

    def _pages(self, days: int) -> Iterator[str]:
        yield from (f"{HOST}/", f"{HOST}/account", f"{HOST}/sites/shop/policy")
        yield from (f"{HOST}/sites/shop/editions", f"{HOST}/sites/shop/start")
        yield from (f"{HOST}/sites", f"{HOST}/ceiling", f"{HOST}/sites/shop/collectors")
        for whose, name, terms in self._gathered():
            slugs = [each.slug for each in tables_of(terms)]
            for since, until in self._ranges(days):
                query = f"?purpose={name}&from={since}&to={until}{whose}"
                yield f"{HOST}/sites/shop{query}"
                yield f"{HOST}/sites/shop/time-line.csv{query}"
                for slug in slugs:
                    yield f"{HOST}/sites/shop/{slug}.json{query}"
            yield from (f"{HOST}/sites/shop{query}{filter}" for filter in FILTERS)
            for slug in slugs:
                yield f"{HOST}/sites/shop/{slug}{query}"
                yield f"{HOST}/sites/shop/{slug}.csv{query}"

    def _gathered(self) -> list[tuple[str, str, Terms]]:
        """Whose it is, as a query says it, the purpose and its terms: the site's, then placed."""
        parts = self._world.collector.parts()
        site = parts.registry.site("shop")
        assert site is not None
        policies = {"": site.editions.current.policy}
        placed = parts.placed_collectors.all("shop")
        policies |= {f"&collector={each.name}": each.placed.policy for each in placed}
        return [
            (whose, name, purpose.terms)
            for whose, policy in policies.items()
            for name, purpose in asked_purposes(policy).items()
        ]

    def _ranges(self, days: int) -> list[tuple[date, date]]:
        """All of the days up to now, and each by itself."""
        today = datetime.fromtimestamp(self._world.clock() - 12 * 3600, UTC).date()
        first = today - timedelta(days=days)
        return [(first, today), *((first + timedelta(n),) * 2 for n in range(days + 1))]

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
    body = got.body
    if quote(ALONE, safe="") in what:
        # A page repeats the filter that was asked for, and knows nothing by it.
        for written in (ALONE, quote(ALONE, safe=""), ALONE.rpartition("/")[0]):
            body = body.replace(written.encode(), b"(as asked for)")
    return Shown(what, got.status, kept, body)


def _payload(receipt: str) -> object:
    part = receipt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _said(what: str, value: object) -> Shown:
    return Shown(what, 0, (), repr(value).encode())
