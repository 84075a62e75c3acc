"""A collector in memory that keeps to `CollectorClient`, and a browser's cookie jar for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from askfirst.client import Caller, Decision, Handle, PendingEntry, Receive, Recorded, Scope, Send
from askfirst.errors import CollectorUnavailable, Reason, Refused
from askfirst.observe.proxies import Proxies
from askfirst.terms.edition import Choice, Edition, Editions
from askfirst.terms.policy import Policy, read_policy
from askfirst.terms.token import State, expires_at, sign_state

NOW = 1_790_000_000.0  # 21 September 2026
KEY = bytes(range(32))
ORIGIN = "https://shop.example"
PURPOSES = ("marketing", "preferences", "statistics")
STATE, RECEIPT = b"__Host-askfirst", b"__Host-askfirst-receipt"


def make_policy(**changes: Any) -> Policy:
    """A policy with three purposes; `purposes` in `changes` is merged purpose by purpose."""
    purposes: dict[str, dict[str, Any]] = {
        "marketing": _purpose("marketing.advertising", ["_fbp"], {"page": 1}),
        "preferences": _purpose("functional", ["theme"], {}),
        "statistics": _purpose("analytics", ["_pk_*", "_ga*"], {"page": 3, "time": 1}),
    }
    purposes["statistics"]["query_parameters"] = {"sort": ["price", "name"]}
    for name, wanted in changes.pop("purposes", {}).items():
        purposes[name] = purposes.get(name, {}) | wanted
    table = {
        "version": 1,
        "site": "shop",
        "origins": [ORIGIN, "https://www.shop.example"],
        "controller": {"name": "Shop", "contact": "privacy@shop.example", "country": "DE"},
        "jurisdiction": "EU",
        "languages": ["en"],
        "necessary": [
            {"cookie": "session", "why": "to stay signed in"},
            {"cookie": "csrf*", "why": "to tell your own forms from others'"},
        ],
        "purposes": purposes,
    }
    return read_policy({**table, **changes})


def _purpose(use: str, cookies: list[str], levels: dict[str, int]) -> dict[str, Any]:
    return {
        "data_use": use,
        "levels": levels,
        "retention_days": 90,
        "cookies": cookies,
        "text": {"en": {"title": use, "description": f"What {use} is for."}},
    }


@dataclass
class MemoryCollector:
    """Keeps a ledger in memory. While `away`, every call raises; `calls` says what was asked."""

    now: Callable[[], float] = lambda: NOW
    published: list[Edition] = field(default_factory=list)
    consent_status: dict[Handle, Recorded] = field(default_factory=dict)
    dead: set[Handle] = field(default_factory=set)
    decisions: list[Decision] = field(default_factory=list)
    submitted: list[tuple[Caller, Mapping[str, object], Sequence[tuple[bytes, bytes]], str]] = (
        field(default_factory=list)
    )
    calls: list[str] = field(default_factory=list)
    tally: int = 0
    erased: list[Handle] = field(default_factory=list)
    restricted: list[Handle] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    admitted: list[str] = field(default_factory=list)
    most_grants: int = 1_000_000
    owed: list[PendingEntry] = field(default_factory=list)
    spool: Exception | None = None  # what writing down what is owed fails of
    away: Exception | None = None
    closed: bool = False

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.away is not None:
            raise self.away

    async def editions(self, policy: Policy) -> Editions:
        self._call("editions")
        if all(edition.hash != policy.hash for edition in self.published):
            number = len(self.published) + 1
            self.published.append(Edition(number, policy.hash, int(self.now()), policy))
        return Editions(tuple(self.published))

    async def keys(self, site: str) -> tuple[bytes, ...]:
        self._call("keys")
        return (KEY,)

    async def receipt_keys(self) -> Sequence[Mapping[str, object]]:
        return [{"kid": "of-memory"}]

    proxies = Proxies()

    async def admits(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> bool:
        self.admitted.append(peer)
        return len(self.admitted) <= self.most_grants

    def is_sized(
        self, edition: Edition, handle: str, headers: Sequence[tuple[bytes, bytes]], peer: str
    ) -> bool:
        return True

    async def record(self, decision: Decision) -> Recorded:
        self._call("record")
        if decision.handle in self.dead:
            raise Refused(Reason.HANDLE_ENDED, "draw a new secret")
        old = self.consent_status.get(decision.handle)
        grants = any(decision.choices.values())
        if old is None and not grants:
            raise Refused(Reason.NO_RECEIPT, "there is no such grant")
        current = self.published[-1]
        if grants and decision.edition != current.hash:
            raise Refused(Reason.EDITION_CHANGED, "the policy has changed")
        self.decisions.append(decision)
        choices = dict(old.choices) if old else {}
        choices |= {name: Choice(d, current.number) for name, d in decision.choices.items()}
        alive = any(choice.detail for choice in choices.values())
        expires = expires_at(self.now())
        if not alive:
            self.consent_status.pop(decision.handle)
            self.dead.add(decision.handle)
            return Recorded(choices, expires, None, "withdrawn")
        found = Recorded(choices, expires, "receipt.of.ledger", "changed" if old else "granted")
        self.consent_status[decision.handle] = found
        return found

    async def tally_refusal(self, site: str) -> None:
        self._call("tally_refusal")
        self.tally += 1

    async def me(self, site: str, handle: Handle) -> Mapping[str, object]:
        self._call("me")
        found = self.consent_status.get(handle)
        if found is None:
            return {"record": None, "receipt": None, "history": [], "rows": [], "not_linkable": []}
        choices = {name: choice.detail for name, choice in found.choices.items()}
        record = {"handle": handle, "status": found.status, "choices": choices}
        return {
            "record": record,
            "receipt": found.receipt,
            "history": [record],
            "rows": self.rows,
            "not_linkable": [],
        }

    async def erase(self, site: str, handle: Handle) -> None:
        self._call("erase")
        self.erased.append(handle)

    async def restrict(self, site: str, handle: Handle) -> None:
        self._call("restrict")
        self.restricted.append(handle)

    async def owe(self, entry: PendingEntry) -> None:
        if self.spool is not None:
            raise self.spool
        self.owed.append(entry)

    async def replay(self, handle: Handle | None = None) -> bool:
        for entry in [entry for entry in self.owed if handle in (None, entry.handle)]:
            if entry.decision is not None:
                await self.record(entry.decision)
            elif entry.kind == "erase":
                await self.erase(entry.site, entry.handle)
            else:
                await self.restrict(entry.site, entry.handle)
            self.owed.remove(entry)
        return True

    async def submit(
        self,
        caller: Caller,
        payload: Mapping[str, object],
        *,
        headers: Sequence[tuple[bytes, bytes]],
        peer: str,
    ) -> None:
        self._call("submit")
        self.submitted.append((caller, payload, headers, peer))

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._call("events")
        caller: Caller = scope["askfirst.caller"]
        alive = caller.handle in self.consent_status
        told = {"stored": 1, "dropped": []} if alive else _nothing_stored()
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    async def host(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._call("host")
        body = json.dumps([scope["root_path"], scope["path"]]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def health(self) -> Mapping[str, object]:
        return {"stores": self.away is None}

    async def aclose(self) -> None:
        self.closed = True


def _nothing_stored() -> dict[str, object]:
    return {"stored": 0, "dropped": [{"index": 0, "reason": "no-grant"}]}


AWAY = CollectorUnavailable("the disk is full")


def state_token(
    choices: Mapping[str, int],
    *,
    site: str = "shop",
    edition: int = 1,
    expires: float = NOW + 86_400,
    key: bytes = KEY,
) -> bytes:
    """A state cookie's value."""
    granted = edition if any(choices.values()) else 0
    return sign_state(State(site, granted, choices, int(expires)), key).encode("ascii")
