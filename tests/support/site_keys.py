"""A site key for a test that is about something else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from sqlalchemy import Engine, insert

from askfirst_collector.catalogue.relay_keys import PREFIX, SECRET, site_key
from askfirst_collector.store.database import writing


def new_site_key(engine: Engine, site: str, *, urandom: Callable[[int], bytes]) -> str:
    """A key as a folder of before has it: without a day, without an end, however many there are."""
    token = PREFIX + urandom(SECRET).hex()
    with writing(engine) as connection:
        digest = hashlib.sha256(token.encode()).digest()
        connection.execute(insert(site_key).values(hash=digest, site=site))
    return token
