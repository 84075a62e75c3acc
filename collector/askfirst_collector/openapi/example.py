"""The site, the visitor and the page view that every example speaks of."""

from __future__ import annotations

import base64
import hashlib

from askfirst.terms.policy import Policy, read_policy
from askfirst_collector.catalogue.first_policy import PURPOSES, with_purposes

SITE = "shop"
ORIGIN = "https://shop.example"
SECRET_BYTES = b"one visitor only"
SECRET = base64.urlsafe_b64encode(SECRET_BYTES).rstrip(b"=").decode()
HANDLE = hashlib.sha256(SECRET_BYTES).hexdigest()
RECIPIENT = {"name": "Tide Charts Ltd", "role": "processor", "country": "IE"}
BATCH = "AAAAAAAAAAAAAAAAAAAAAQ"


def example_policy() -> Policy:
    """The policy of the examples' site: `standard` with every purpose, and a recipient."""
    document = with_purposes("standard", PURPOSES)
    statistics = {**document["purposes"]["statistics"], "recipients": [RECIPIENT]}
    purposes = {**document["purposes"], "statistics": statistics}
    return read_policy({**document, "site": SITE, "origins": [ORIGIN], "purposes": purposes})
