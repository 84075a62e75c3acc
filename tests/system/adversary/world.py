"""A site whose randomness is drawn again in every run, so that two runs differ by one visitor."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.links import create_set_up_link
from tests.support.collectors import Clock
from tests.support.draws import RULE_BYTES, no_noise
from tests.support.policies import every_purpose
from tests.support.whole import Site, Visitor
from tests.unit.gate.browser import SAME_ORIGIN

SIZE = 5
MORNING = 1_795_424_400.0  # 2026-11-23T09:00:00Z, a Monday
MIDNIGHT = 1_795_478_400.0  # 2026-11-24T00:00:00Z
DAY = 86_400
PASSWORD = "four quiet herons wade"
FORM = (b"content-type", b"application/x-www-form-urlencoded")


class Drawn:
    """Randomness that is the same in every run; `aside` draws for one visitor from elsewhere.

    The draws of figures are all 0, where no others are given: what two runs show differently is not
    chance.
    """

    def __init__(self, draws: Callable[[int], bytes] = no_noise) -> None:
        self._draws = draws
        self._random = random.Random(7001)
        self._other = random.Random(7002)

    def __call__(self, length: int) -> bytes:
        if length in RULE_BYTES:
            return self._draws(length)
        return self._random.randbytes(length)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is drawn in here moves nothing for everybody else."""
        self._random, self._other = self._other, self._random
        try:
            yield
        finally:
            self._random, self._other = self._other, self._random


def site_policy(name: str = "standard", **statistics: Any) -> Policy:
    """A shipped policy with everything listed that can be: pairs, a goal, a funnel, refusals."""
    document = dict(every_purpose(name).document)
    purposes = {key: dict(value) for key, value in document["purposes"].items()}
    purposes["statistics"] |= {
        "actions": {"order": {}, "leave": {}},
        "tables": {
            "pairs": [["page", "referrer"], ["ip", "browser"]],
            "goals": ["order"],
            "funnels": {"buying": ["page:/shop/tea", "action:order"]},
        },
        **statistics,
    }
    more = {"purposes": purposes, "count_refusals": True, "site": "shop"}
    return read_policy({**document, **more, "origins": ["https://shop.example"]})


class World(Site):
    """The site, and a host admin who is signed in."""

    def __init__(
        self,
        folder: Path,
        policy: Policy,
        draws: Callable[[int], bytes] = no_noise,
        **options: Any,
    ) -> None:
        self.drawn = Drawn(draws)
        self.admin = Visitor()
        super().__init__(folder, policy, Clock(MORNING), urandom=self.drawn, **options)

    def run_jobs(self) -> list[str]:
        """Whatever is due now. Signing first: how often it draws depends on how many answered."""
        with self.drawn.aside():
            sign_trees(self.collector.parts(), self.clock())
        return super().run_jobs()

    async def open(self) -> None:
        """Publish, and let the host admin in by the one-time link."""
        await self.collector.editions(self.policy)
        parts = self.collector.parts()
        await self.form(
            self.admin,
            "/askfirst/host/setup",
            token=create_set_up_link(parts, ON_THE_MACHINE),
            name="ada",
            password=PASSWORD,
            again=PASSWORD,
        )

    def move(self) -> None:
        """Have what was accepted in the store, drawing for nobody who comes later."""
        self.collector.parts().events.drain()

    async def sign_in(self) -> None:
        """Let the host admin in again: a session lasts half a day."""
        await self.form(self.admin, "/askfirst/host/sign-in", name="ada", password=PASSWORD)

    async def form(self, visitor: Visitor, target: str, **fields: str) -> None:
        """A form of a page of the site; it is seen to succeed."""
        body = str(httpx.QueryParams(fields)).encode()
        got = await self.ask(visitor, "POST", target, body, [FORM, SAME_ORIGIN])
        assert got.status == 303, got.body
