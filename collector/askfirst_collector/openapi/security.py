"""What a request shows of who sends it."""

from __future__ import annotations

from typing import Any

from .operation import Requirement

SITE_KEY: Requirement = {"siteKey": []}
FOR_A_HANDLE: Requirement = {"siteKey": [], "handle": []}
FOR_A_USER: Requirement = {"siteKey": [], "user": []}
RECEIPT: Requirement = {"receipt": []}
API_TOKEN: Requirement = {"apiToken": []}
NOTHING: Requirement = {}  # a page of a script-only site shows nothing but its Origin

SCHEMES: dict[str, dict[str, Any]] = {
    "siteKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of a site, for its relay: `Authorization: Bearer askfirst_…`. "
        "`askfirst site key NAME` draws one and shows it once.",
    },
    "handle": {
        "type": "apiKey",
        "in": "header",
        "name": "Askfirst-Handle",
        "description": "Under a site key: whose rights are asked for, the hexadecimal SHA-256 of "
        "the 16 bytes of a receipt's secret.",
    },
    "user": {
        "type": "apiKey",
        "in": "header",
        "name": "Askfirst-User",
        "description": "Under a site key: which signed-in user, `user:` and an HMAC of the id in "
        "hexadecimal, one for each key that the site has, separated by commas.",
    },
    "receipt": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Authorization: Receipt SECRET`: the secret of a receipt, in base64url. "
        "A page may send it only from an origin of its site. A receipt that is unknown, and one "
        "that has ended, get the answer of one with nothing behind it.",
    },
    "apiToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The API token of a member, for `/v1/admin/*`: "
        "`Authorization: Bearer askfirst_api_…`.",
    },
}
