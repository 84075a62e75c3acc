"""A row for each endpoint: what it is about, and so who is refused.

Whoever adds an endpoint adds its row, or `test_every_endpoint_has_a_row` fails and names it.
SITE     about the site of its path: 404 for members of other sites, exactly as for no site at all.
         `reader=False`: a reader of the site itself is refused too (403)
HOST     about the host: 403 for whoever is no host admin
OWN      about the one who asks; what it names by an id must be theirs (404)
OPEN     for everybody, and says nothing of any site
KEY      of one site by its key or its receipt: `test_collector.py` has its own test for each
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from askfirst.terms.policy import shipped
from askfirst_collector.catalogue.policy_toml import as_toml

SITE, HOST, OWN, OPEN, KEY = "site", "host", "own", "open", "key"


@dataclass(frozen=True)
class Row:
    """One endpoint; `path` as the router has it, and values for what is in braces but `site`."""

    method: str
    path: str
    about: str
    fills: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)  # a form, or JSON below /v1
    reader: bool = True
    file: str = ""  # what is sent along as `file`

    @property
    def endpoint(self) -> tuple[str, str]:
        return self.method, self.path.partition("?")[0]

    def address(self, site: str = "") -> str:
        """The path, filled."""
        return self.path.format(**{"site": site, **self.fills})

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


HOST_POLICY = as_toml(shipped("host-default").document)
HOOK = {"url": "https://hooks.example/askfirst"}
TRANSFER = {
    "purpose": "statistics",
    "recipient": "Tide Charts Ltd",
    "what": "figures",
    "way": "webhook",
    "url": "https://hooks.example/club",
}
STANDING = {"role": "host-admin", "sites": []}
_ID = {"id": "0" * 16}
_TABLE = {"table": "pages"}
_ASKED = {"site": "club", "kind": "access", "contact": "x", "received": "2026-11-20"}
_TIDES = {"name": "tides"}  # a draft of carl's at club
_TIDE = {"collector": "tides"}
_TIDE_AT = "/sites/{site}/collectors/{collector}"
_PLACED = "/v1/admin/sites/{site}/collectors/{name}"

DASHBOARD = (
    Row("GET", "/setup", OPEN),
    Row("POST", "/setup", OPEN),
    Row("GET", "/sign-in", OPEN),
    Row("POST", "/sign-in", OPEN),
    Row("GET", "/invitation", OPEN),
    Row("POST", "/invitation", OPEN),
    Row("POST", "/oidc/start", OPEN),
    Row("GET", "/oidc/callback", OPEN),
    Row("GET", "/shared/{word}", OPEN, {"word": "0" * 32}),
    Row("GET", "/unsubscribe/{word}", OPEN, {"word": "0" * 32}),
    Row("POST", "/unsubscribe/{word}", OPEN, {"word": "0" * 32}),
    Row("*", "/notice", OPEN),
    Row("*", "/static", OPEN),
    Row("POST", "/sign-out", OWN),
    Row("GET", "/account", OWN),
    Row("POST", "/account", OWN),
    Row("POST", "/account/sessions", OWN, body=_ID),
    Row("POST", "/account/tokens", OWN),
    Row("POST", "/account/tokens/end", OWN, body=_ID),
    Row("GET", "/members", HOST),
    Row("POST", "/members/invite", HOST, body={"role": "host-admin"}),
    Row("POST", "/members/withdraw", HOST, body=_ID),
    Row("GET", "/members/{name}", HOST, {"name": "carl"}),
    Row("POST", "/members/{name}", HOST, {"name": "carl"}, {"role": "host-admin"}),
    Row("POST", "/members/{name}/remove", HOST, {"name": "carl"}),
    Row("POST", "/members/{name}/sessions", HOST, {"name": "carl"}, _ID),
    Row("POST", "/members/{name}/tokens", HOST, {"name": "carl"}, _ID),
    Row("GET", "/audit", HOST),
    Row("GET", "/sites/{site}/audit", SITE, reader=False),
    Row("GET", "/retention", HOST),
    Row("GET", "/evidence", HOST),
    Row("POST", "/evidence", HOST, body=_ID),
    Row("POST", "/evidence/{id}/open", HOST, _ID, _ID),
    Row("POST", "/evidence/{id}/read", HOST, _ID, _ID),
    Row("GET", "/requests", HOST),
    Row("POST", "/requests", HOST, body=_ASKED),
    Row("GET", "/requests/{number}", HOST, {"number": "1"}),
    Row("POST", "/requests/{number}/identify", HOST, {"number": "1"}, _ID),
    Row("POST", "/requests/{number}/extend", HOST, {"number": "1"}),
    Row("POST", "/requests/{number}/close", HOST, {"number": "1"}, {"outcome": "refused"}),
    Row("GET", "/sites/{site}/retention", SITE, reader=False),
    Row("POST", "/sites/{site}/review", SITE, body={"purpose": "statistics"}, reader=False),
    Row("GET", "/sites/{site}/test", SITE, reader=False),
    Row("POST", "/sites/{site}/test", SITE, reader=False),
    Row("POST", "/sites/{site}/test/end", SITE, reader=False),
    Row("GET", "/host-policy", OWN),
    Row("POST", "/host-policy", HOST, body={"text": HOST_POLICY}),
    Row("POST", "/host-policy/webhook", HOST),
    Row("GET", "/host-policy/{number}", OWN, {"number": "1"}),
    Row("GET", "/ceiling", OWN),
    Row("GET", "/ceiling/{number}", OWN, {"number": "1"}),
    Row("GET", "/sites", OWN),
    Row("GET", "/sites.{kind}", OWN, {"kind": "json"}),
    Row("POST", "/sites", OWN),
    Row("POST", "/retire-site", HOST, body={"site": "club", "again": "club"}),
    Row("GET", "/sites/{site}/start", SITE, reader=False),
    Row("GET", "/sites/{site}/publish", SITE, reader=False),
    Row("POST", "/sites/{site}/publish", SITE, body={"text": "version = 1"}, reader=False),
    Row("GET", "/sites/{site}/publish/notice", SITE, reader=False),
    Row("POST", "/sites/{site}/publish/notice", SITE, body={"text": "version = 1"}, reader=False),
    Row("POST", "/sites/{site}/unschedule", SITE, reader=False),
    Row("GET", "/sites/{site}/policy.toml", SITE),
    Row("GET", "/sites/{site}/keys", SITE, reader=False),
    Row("POST", "/sites/{site}/keys", SITE, reader=False),
    Row("POST", "/sites/{site}/keys/end", SITE, body=_ID, reader=False),
    Row("POST", "/sites/{site}/webhook", SITE, reader=False),
    Row("POST", "/sites/{site}/limit", HOST, {"site": "club"}, {"rows": "9"}),
    Row("GET", "/sites/{site}/collectors", SITE),
    Row("GET", "/sites/{site}/collectors/{collector}", SITE, _TIDE),
    Row("POST", f"{_TIDE_AT}/state", SITE, _TIDE, {"state": "retired"}, reader=False),
    Row("POST", f"{_TIDE_AT}/key", SITE, _TIDE, reader=False),
    Row("POST", f"{_TIDE_AT}/webhook", SITE, _TIDE, reader=False),
    Row("GET", f"{_TIDE_AT}/edit", SITE, _TIDE, reader=False),
    Row("POST", f"{_TIDE_AT}/edit", SITE, _TIDE, {"text": "version = 1"}, reader=False),
    Row("GET", "/sites/{site}/place", SITE, reader=False),
    Row("POST", "/sites/{site}/place", SITE, body={"text": "version = 1"}, reader=False),
    Row("GET", "/sites/{site}/shares", SITE, reader=False),
    Row("POST", "/sites/{site}/shares", SITE, reader=False),
    Row("POST", "/sites/{site}/shares/end", SITE, body=_ID, reader=False),
    Row("GET", "/sites/{site}/transfers", SITE, reader=False),
    Row("POST", "/sites/{site}/transfers", SITE, reader=False),
    Row("POST", "/sites/{site}/transfers/end", SITE, body=_ID, reader=False),
    Row("GET", "/sites/{site}/imported", SITE),
    Row(
        *("POST", "/sites/{site}/imported", SITE),
        body={"tool": "matomo"},
        reader=False,
        file="date,nb_uniq_visitors\n2026-11-01,90\n",
    ),
    Row("POST", "/sites/{site}/imported/forget", SITE, body={"tool": "matomo"}, reader=False),
    Row("GET", "/sites/{site}/letters", SITE),
    Row("POST", "/sites/{site}/letters", SITE, body={"email": "a@b.example", "every": "week"}),
    Row("POST", "/sites/{site}/letters/test", SITE),
    Row("POST", "/sites/{site}/letters/end", SITE),
    Row("GET", "/letters/confirm", OWN),
    Row("POST", "/letters/confirm", OWN, body={"word": "0" * 32}),
    Row("GET", "/", OWN),
    Row("GET", "/sites/{site}", SITE),
    Row("GET", "/sites/{site}/policy", SITE),
    Row("GET", "/sites/{site}/goals", SITE),
    Row("GET", "/sites/{site}/agreement", SITE),
    Row("GET", "/sites/{site}/editions", SITE),
    Row("GET", "/sites/{site}/editions/{number}", SITE, {"number": "1"}),
    Row("GET", "/sites/{site}/{table}.{kind}", SITE, {**_TABLE, "kind": "csv"}),
    Row("GET", "/sites/{site}/{table}", SITE, _TABLE),
)

COLLECTOR = (
    Row("POST", "/v1/events", KEY),
    Row("GET", "/v1/users", KEY),
    Row("POST", "/v1/users/erase", KEY),
    Row("POST", "/v1/consents", KEY),
    Row("POST", "/v1/policies", KEY),
    Row("GET", "/v1/terms", KEY),
    Row("GET", "/v1/rights/me", KEY),
    Row("POST", "/v1/rights/withdraw", KEY),
    Row("POST", "/v1/rights/restrict", KEY),
    Row("POST", "/v1/rights/erase", KEY),
    Row("GET", "/v1/ledger/{leaf}", OPEN, {"leaf": "0" * 64}),
    Row("GET", "/v1/ledger/{leaf}/since/{size}", OPEN, {"leaf": "0" * 64, "size": "64"}),
    Row("GET", "/.well-known/askfirst.json", OPEN),
    Row("GET", "/openapi.json", OPEN),
    Row("GET", "/healthz", OPEN),
    Row("GET", "/readyz", OPEN),
    Row("GET", "/v1/stats?site={site}&purpose=statistics", SITE),
    Row("GET", "/v1/admin/me", OWN),
    Row("GET", "/v1/admin/members", HOST),
    Row("GET", "/v1/admin/members/{name}", HOST, {"name": "carl"}),
    Row("PUT", "/v1/admin/members/{name}", HOST, {"name": "carl"}, STANDING),
    Row("DELETE", "/v1/admin/members/{name}", HOST, {"name": "carl"}),
    Row("GET", "/v1/admin/invitations", HOST),
    Row("POST", "/v1/admin/invitations", HOST, body=STANDING),
    Row("DELETE", "/v1/admin/invitations/{id}", HOST, _ID),
    Row("GET", "/v1/admin/tokens", OWN),
    Row("DELETE", "/v1/admin/tokens/{id}", OWN, _ID),
    Row("GET", "/v1/admin/changes", HOST),
    Row("GET", "/v1/admin/sites/{site}/changes", SITE, reader=False),
    Row("GET", "/v1/admin/ceiling", OWN),
    Row("PUT", "/v1/admin/ceiling", HOST, body={"policy": {}, "expected": 0}),
    Row("POST", "/v1/admin/ceiling/preview", HOST, body={"policy": {}}),
    Row("GET", "/v1/admin/webhook", HOST),
    Row("PUT", "/v1/admin/webhook", HOST, body=HOOK),
    Row("DELETE", "/v1/admin/webhook", HOST),
    Row("POST", "/v1/admin/webhook/test", HOST),
    Row("GET", "/v1/admin/sites", OWN),
    Row("GET", "/v1/admin/sites/{site}", SITE),
    Row("DELETE", "/v1/admin/sites/{site}", HOST, {"site": "club"}),
    Row("PUT", "/v1/admin/sites/{site}/policy", SITE, body={"policy": {}}, reader=False),
    Row("POST", "/v1/admin/sites/{site}/policy/preview", SITE, body={"policy": {}}, reader=False),
    Row("GET", "/v1/admin/sites/{site}/webhook", SITE, reader=False),
    Row("PUT", "/v1/admin/sites/{site}/webhook", SITE, body=HOOK, reader=False),
    Row("DELETE", "/v1/admin/sites/{site}/webhook", SITE, reader=False),
    Row("POST", "/v1/admin/sites/{site}/webhook/test", SITE, reader=False),
    Row("GET", "/v1/admin/sites/{site}/transfers", SITE, reader=False),
    Row("POST", "/v1/admin/sites/{site}/transfers", SITE, body=TRANSFER, reader=False),
    Row("DELETE", "/v1/admin/sites/{site}/transfers/{id}", SITE, _ID, reader=False),
    Row("PUT", "/v1/admin/sites/{site}/limit", HOST, {"site": "club"}, {"rows_a_day": 9}),
    Row("DELETE", "/v1/admin/sites/{site}/scheduled", SITE, reader=False),
    Row("GET", "/v1/admin/sites/{site}/editions", SITE),
    Row("GET", "/v1/admin/sites/{site}/keys", SITE, reader=False),
    Row("POST", "/v1/admin/sites/{site}/keys", SITE, reader=False),
    Row("DELETE", "/v1/admin/sites/{site}/keys/{id}", SITE, _ID, reader=False),
    Row("GET", "/v1/admin/sites/{site}/collectors", SITE),
    Row("GET", f"{_PLACED}", SITE, _TIDES),
    Row("PUT", f"{_PLACED}", SITE, _TIDES, {"document": {}}, reader=False),
    Row("POST", f"{_PLACED}/check", SITE, _TIDES, {"document": {}}, reader=False),
    Row("POST", f"{_PLACED}/state", SITE, _TIDES, {"state": "active"}, reader=False),
    Row("POST", f"{_PLACED}/key", SITE, _TIDES, reader=False),
    Row("GET", f"{_PLACED}/webhook", SITE, _TIDES, reader=False),
    Row("PUT", f"{_PLACED}/webhook", SITE, _TIDES, HOOK, reader=False),
    Row("DELETE", f"{_PLACED}/webhook", SITE, _TIDES, reader=False),
    Row("POST", f"{_PLACED}/webhook/test", SITE, _TIDES, reader=False),
)


def of(rows: tuple[Row, ...], about: str) -> list[Row]:
    """The rows about one thing."""
    return [row for row in rows if row.about == about]


def endpoints(routes: list[BaseRoute]) -> list[tuple[str, str]]:
    """Method and path of each route, in the order in which they are tried."""
    found: list[tuple[str, str]] = []
    for route in routes:
        if isinstance(route, Mount):
            found.append(("*", route.path))
        elif isinstance(route, Route):
            found += [(each, route.path) for each in sorted((route.methods or set()) - {"HEAD"})]
        else:
            raise TypeError(f"a row cannot name {route!r}")
    return found
