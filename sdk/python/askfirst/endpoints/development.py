"""The development bar: what it is told, and what it may do, where undeclared cookies may pass.

That is on loopback alone, with a policy that names no other origin: elsewhere neither the bar nor
these addresses exist, and no byte that a page loads speaks of them. Only a browser on the machine
itself, on a page of the site, may change anything.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from askfirst.contracts.body import JSON, media_type
from askfirst.contracts.origin import check_origin
from askfirst.contracts.strict_json import read_json, read_object
from askfirst.endpoints.consent import withdraw
from askfirst.errors import PolicyError, Reason, Refused
from askfirst.gate.cookie_filter import CookieFilter
from askfirst.gate.record_answer import no_receipt, no_state
from askfirst.gate.relay import Relay
from askfirst.gate.undeclared_cookies import (
    NO_ROUTE,
    Report,
    as_glob,
    is_loopback_name,
    necessary,
    sends_gpc,
)
from askfirst.http.cookie_header import read_cookies
from askfirst.http.headers import Header, first
from askfirst.http.request import NO_STORE, Answer, Request, as_json, only_by, problem
from askfirst.pages.assets import Asset, packed
from askfirst.terms.declare import declare_in_purpose, declare_necessary, write_whole
from askfirst.terms.policy import read_policy

BAR = "bar.js"
SCRIPT = "askfirst.js"
_LOADS_BAR = b'\nimport("./bar.js").catch(()=>{});\n'
_SAYS_GPC = (
    b'Object.defineProperty(Navigator.prototype,"globalPrivacyControl",'
    b"{configurable:true,get:()=>true});\n"
)
_FIELDS = frozenset({"v", "cookie", "purpose", "why", "file"})
_LONGEST_WHY = 300  # characters


class DevelopmentBar:
    """Serves the bar's script, its report, and what it does; `file` is the policy's, if it has one.

    Whoever asks it has seen that `gate.develops` holds for the request.
    """

    def __init__(self, relay: Relay, assets: Mapping[str, Asset], file: Path | None) -> None:
        self._relay = relay
        self._assets = assets
        self._file = file
        self._writing = threading.Lock()

    def script(self, name: str, request: Request) -> Answer:
        """`bar.js`, or the site's script with a line behind it that loads the bar; never cached."""
        only_by(request, "GET")
        asset = self._assets[name]
        if name == SCRIPT:
            before = _SAYS_GPC if sends_gpc(request.headers) else b""
            asset = Asset(before + asset.body + _LOADS_BAR, asset.kind)
        return packed(request, asset, NO_STORE)

    async def answer(self, request: Request, *, now: float) -> Answer:
        """GET reports, POST declares a cookie in the policy's file, DELETE forgets the answer."""
        only_by(request, "GET", "POST", "DELETE")
        if request.reads:
            return as_json(self._report(request))
        _check_sender(request, self._relay.policy.origins)
        if request.method == "DELETE":
            return await self._forget(request, now)
        media_type(request.headers, JSON)
        fields = read_object(read_json(await request.body()), _FIELDS)
        self._declare(request, fields)
        return as_json(self._report(request))

    # ------------------------------------------------------------ what it is told

    def _report(self, request: Request) -> dict[str, object]:
        text, why = self._readable()
        declared = _declared_in(text)
        rows = [
            {**row, "declared": declared is not None and not declared.undeclared([row["cookie"]])}
            for row in self._cookies(request)
        ]
        file = {
            "name": self._file.name if self._file else "policy.toml",
            "hash": _hash(text) if text is not None else "",
            "problem": why,
        }
        return {"cookies": rows, "file": file}

    def _cookies(self, request: Request) -> list[dict[str, Any]]:
        """What the application set, then what this browser has from elsewhere."""
        gate = self._relay.gate
        rows: dict[str, dict[str, Any]] = {}
        for sighting in gate.undeclared_cookies():
            row = rows.setdefault(
                sighting.cookie, {**_row(sighting.cookie), "purpose": sighting.purpose}
            )
            if sighting.route != NO_ROUTE:
                row["routes"].append(sighting.route)
        carried = gate.undeclared(dict.fromkeys(name for name, _ in read_cookies(request.headers)))
        for cookie in map(as_glob, carried):
            rows.setdefault(cookie, {**_row(cookie), "by_server": False})
        return list(rows.values())

    def _readable(self) -> tuple[bytes | None, str | None]:
        """The bytes of the policy's file, and why it cannot be written."""
        file = self._file
        if file is None:
            return None, "the site was given its policy as a table, not as a file"
        if file.suffix != ".toml":
            return None, f"{file.name} is no TOML file"
        try:
            text = file.read_bytes()
        except OSError as error:
            return None, f"{file.name} cannot be read ({error.strerror})"
        if not os.access(file, os.W_OK) or not os.access(file.resolve().parent, os.W_OK):
            return text, f"{file.name}, or its folder, cannot be written by the site's own process"
        return text, None

    # ------------------------------------------------------------ what it does

    def _declare(self, request: Request, fields: Mapping[str, object]) -> None:
        cookie, purpose, why = fields.get("cookie"), fields.get("purpose"), fields.get("why", "")
        if not isinstance(cookie, str) or not isinstance(why, str) or len(why) > _LONGEST_WHY:
            raise Refused(Reason.BAD_SHAPE, 'send "cookie", and "why" of at most 300 characters')
        if purpose is not None and not isinstance(purpose, str):
            raise Refused(Reason.BAD_SHAPE, 'send "purpose" as a name, or null for a necessary one')
        if cookie not in {row["cookie"] for row in self._cookies(request) if row["lines"]}:
            # Nothing else is written, whoever asks.
            raise Refused(Reason.NOT_FOUND, "this process has not met that cookie undeclared")
        if purpose is None and not why.strip():
            raise Refused(Reason.BAD_SHAPE, 'send "why": the policy page says it to visitors')
        with self._writing:
            text, problem = self._readable()
            if self._file is None or text is None or problem is not None:
                raise Refused(Reason.NOT_ALLOWED, f"{problem}: paste the lines instead")
            if fields.get("file") != _hash(text):
                detail = f"{self._file.name} was changed meanwhile: look again, then write"
                raise Refused(Reason.CHANGED_MEANWHILE, detail)
            _write(self._file, _changed(text, cookie, purpose, why.strip()))

    async def _forget(self, request: Request, now: float) -> Answer:
        """Withdraw what was agreed to, as a visitor would, and take our cookies back."""
        cookies: tuple[Header, ...] = ()
        if request.secrets:
            settled = await withdraw(self._relay, request, now=now)
            if settled.error is not None:
                return problem(settled.error).also(*settled.cookies)
            cookies = settled.cookies
        return Answer(204, b"", (NO_STORE, *cookies, *no_state(), *no_receipt(self._relay.policy)))


def _row(cookie: str) -> dict[str, Any]:
    lines = necessary(cookie) if cookie.strip("*") else None
    return {"cookie": cookie, "routes": [], "by_server": True, "purpose": None, "lines": lines}


class _Declared:
    """What the file says now, which the process may not have read yet."""

    def __init__(self, text: bytes) -> None:
        policy = read_policy(text)
        self._filter = CookieFilter(policy, report=Report(mode="strict", suggest=None))

    def undeclared(self, names: Iterable[str]) -> list[bytes]:
        return self._filter.undeclared(name.encode("ascii") for name in names)


def _declared_in(text: bytes | None) -> _Declared | None:
    try:
        return _Declared(text) if text is not None else None
    except PolicyError:
        return None


def _check_sender(request: Request, origins: tuple[str, ...]) -> None:
    """Refuse whoever is not a page of the site in a browser of this machine."""
    check_origin(request.headers, origins)
    try:
        peer = ip_address(request.peer)
    except ValueError:
        peer = None
    mapped = getattr(peer, "ipv4_mapped", None)
    if peer is None or not (mapped or peer).is_loopback:
        raise Refused(
            Reason.NOT_ALLOWED, "this comes from another machine: paste the lines instead"
        )
    origin = (first(request.headers, b"origin") or b"").decode("latin-1")
    if not is_loopback_name(origin.partition("://")[2]):
        raise Refused(Reason.CROSS_ORIGIN, "send this from a page of the site itself, on loopback")


def _changed(text: bytes, cookie: str, purpose: str | None, why: str) -> bytes:
    try:
        plain = text.decode("utf-8")
        if purpose is None:
            return declare_necessary(plain, cookie, why).encode("utf-8")
        return declare_in_purpose(plain, cookie, purpose).encode("utf-8")
    except UnicodeDecodeError:
        raise Refused(Reason.POLICY_REFUSED, "the file is not UTF-8") from None
    except PolicyError as error:
        raise Refused(Reason.POLICY_REFUSED, str(error)) from None


def _write(file: Path, text: bytes) -> None:
    try:
        write_whole(file, text)
    except OSError as error:
        detail = f"{file.name} cannot be written ({error.strerror}): paste the lines instead"
        raise Refused(Reason.NOT_ALLOWED, detail) from None


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]
