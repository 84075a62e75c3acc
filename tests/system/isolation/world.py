"""Two sites and the people of each: they ask by a browser that is signed in, or by a token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, insert, select
from starlette.requests import Request
from starlette.responses import Response

from askfirst.observe.location import Locator
from askfirst.observe.proxies import Proxies
from askfirst_collector.app import collector_app
from askfirst_collector.catalogue.relay_keys import site_key
from askfirst_collector.catalogue.requests import add_request
from askfirst_collector.catalogue.shares import Share, add_share, drop_share
from askfirst_collector.catalogue.subscriptions import (
    add_subscription,
    confirm_address,
    find_subscription,
)
from askfirst_collector.catalogue.transfers import Transfer, add_transfer, drop_transfer
from askfirst_collector.dashboard.app import host_app
from askfirst_collector.dashboard.auth.oidc_client import Provider
from askfirst_collector.dashboard.auth.session import SessionAuth
from askfirst_collector.ingest.events import open_events
from askfirst_collector.letters.settings import MailServer
from askfirst_collector.letters.smtp import Post
from askfirst_collector.members.permissions import SCOPES, Member
from askfirst_collector.members.rows import ON_THE_MACHINE, add_member
from askfirst_collector.services import Services
from askfirst_collector.store.database import metadata, writing
from askfirst_collector.usecases.account import create_token
from askfirst_collector.usecases.webhooks import save_webhook
from tests.support.collectors import Clock, opened, policy
from tests.support.placing import save, tides

BASE = "/askfirst/host"
ORIGIN = "https://collector.example"
PROVIDER = Provider("https://sso.example", "askfirst", "secret", ORIGIN + BASE)
MAIL = MailServer("smtp.example", "stats@collector.example", url=ORIGIN + BASE)
AGENT = {"user-agent": "Testing/1.0", "sec-fetch-site": "same-origin"}
SIGNED_IN = {"session", "api_token", "entry", "change"}
SHOP, CLUB, NOWHERE = "shop", "club", "nowhere"
_TRANSFER = Transfer(
    *("0" * 16, CLUB, "statistics", "Nobody Ltd", "figures", "webhook"),
    *("https://hooks.example/club", "", "", bytes(32)),
)


@dataclass
class World:
    """A collector with members of both sites; `host` and `face` are its two applications."""

    parts: Services
    people: dict[str, Member]
    host: Any
    face: Any
    secrets: dict[str, str] = field(default_factory=dict)

    def browser(self, name: str | None) -> httpx.AsyncClient:
        """A browser, signed in as this member, or as nobody."""
        transport = httpx.ASGITransport(self.host, root_path=BASE)
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN + BASE, headers=AGENT)
        if name is not None:
            client.headers["cookie"] = self._cookie(name)
        return client

    def program(self, name: str | None) -> httpx.AsyncClient:
        """A program with a token of every scope."""
        transport = httpx.ASGITransport(self.face)
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        if name is not None:
            if name not in self.secrets:
                person = self.people[name]
                self.secrets[name] = create_token(self.parts, person, "all", SCOPES, days=1)[1]
            client.headers["authorization"] = f"Bearer {self.secrets[name]}"
        return client

    def state(self) -> bytes:
        """Everything in the ledger's database but who is signed in."""
        with self.parts.engine.connect() as connection:
            rows = {
                table.name: connection.execute(select(table)).all()
                for table in metadata.sorted_tables
                if table.name not in ("session", "api_token", "entry", "change")
            }
        return repr(rows).encode()

    def renew_key(self) -> None:
        """Give club the site key, the link, the delivery and the letters that the rows end."""
        with writing(self.parts.engine) as connection:
            key = insert(site_key).prefix_with("OR IGNORE")
            connection.execute(key.values(hash=bytes(32), site=CLUB))
            drop_share(connection, CLUB, "0" * 16)
            entry = Share(
                "0" * 16, CLUB, "statistics", ("Pages",), "28d", False, False, 4_000_000_000
            )
            add_share(connection, entry, "no word of a row")
            drop_transfer(connection, "0" * 16)
            add_transfer(connection, _TRANSFER)
            for member in ("ada", "carl", "rita"):
                self._renew_letters(connection, member)

    def _renew_letters(self, connection: Connection, member: str) -> None:
        add_subscription(
            connection,
            CLUB,
            member,
            f"{member}@club.example",
            every="week",
            alerts=False,
            now=self.parts.now(),
            # Alike in every world, since what two faces leave is compared.
            urandom=lambda length: hashlib.sha256(member.encode()).digest()[:length],
        )
        subscription = find_subscription(connection, CLUB, member)
        assert subscription is not None
        confirm_address(connection, subscription.id, self.parts.now())

    def renew_webhooks(self) -> None:
        """Set those of club, and of the collector there, which the rows remove."""
        for collector in ("", "tides"):
            url = "https://hooks.example/club"
            save_webhook(self.parts, ON_THE_MACHINE, url, site=CLUB, collector=collector)

    def _cookie(self, name: str) -> str:
        sessions, secrets = self.parts.members.sessions, self.parts.keys.dashboard()
        session_auth = SessionAuth(sessions, secrets=secrets, secure=True)
        raw = [(key.encode(), value.encode()) for key, value in AGENT.items()]
        request = Request({"type": "http", "method": "GET", "path": "/", "headers": raw})
        response = Response()
        session_auth.open(self.people[name], request, response)
        return response.headers["set-cookie"].partition(";")[0]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """ada runs the host; olive owns shop and rob reads it; carl owns club and rita reads it.

    Somebody wrote to the host about club: request 1.
    """
    clock = Clock()
    with opened(folder, clock) as parts:
        for site in (SHOP, CLUB):
            found = policy(site=site, origins=[f"https://{site}.example"])
            parts.registry.publish(found)
        save(parts, tides(found), owner="carl", actor="cli")
        with writing(parts.engine) as connection:
            people = {
                name: add_member(connection, name, role, sites, "")
                for name, role, sites in (
                    ("ada", "host-admin", ()),
                    ("olive", "site-owner", (SHOP,)),
                    ("rob", "reader", (SHOP,)),
                    ("carl", "site-owner", (CLUB,)),
                    ("rita", "reader", (CLUB,)),
                )
            }
            add_request(connection, CLUB, "complaint", date(2026, 11, 20), "somebody", "")
        events = open_events(parts, place=Locator.open(None), proxies=Proxies.of(()))
        post = Post(MAIL, lambda: "")  # nothing is sent: no job runs
        host, face = host_app(parts, provider=PROVIDER, post=post), collector_app(parts, events)
        yield World(parts, people, host, face)
