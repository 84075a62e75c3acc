"""Signing, once a day, what each tree of the ledger has become."""

from __future__ import annotations

import logging
from contextlib import suppress
from urllib.parse import urlsplit

from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.ledger.trees import Inconsistent, sign_tree, trees
from askfirst_collector.services import Services

log = logging.getLogger("askfirst.collector")


def sign_trees(parts: Services, now: float) -> None:
    """A checkpoint of every tree that has grown; one that is not what was signed gets none."""
    seed = parts.keys.ledger()[-1]
    for tree in trees(parts.engine):
        try:
            with suppress(Unreadable):  # one such site holds no other one up, and is told by itself
                origin = _origin(parts, tree)
                sign_tree(parts.engine, tree, origin=origin, seed=seed, urandom=parts.urandom)
        except Inconsistent as error:
            log.error("askfirst.E116 no checkpoint is signed: %s", error)


def _origin(parts: Services, tree: str) -> str:
    """The name of a new tree among all trees: that of the site, where it has one."""
    site = None if tree.startswith("@") else parts.registry.site(tree)
    host = urlsplit(site.editions.current.policy.origins[0]).netloc if site is not None else ""
    return f"{host}/askfirst/{tree}" if host else f"askfirst/{tree}"
