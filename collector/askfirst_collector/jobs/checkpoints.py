"""Signing, once a day, what each tree of the ledger has become."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

from askfirst_collector.catalogue.unreadable import Unreadable
from askfirst_collector.ledger.trees import Inconsistent, sign_tree, signed_size, trees
from askfirst_collector.services import Services
from askfirst_collector.store.signed import SignedDamaged, is_cut_off, read_signed, write_signed

log = logging.getLogger("askfirst.collector")


def sign_trees(parts: Services, now: float) -> None:
    """A checkpoint of every tree that has grown; one that is not what was signed gets none."""
    seed = parts.keys.ledger()[-1]
    path = parts.folder.checkpoints
    try:
        signed = read_signed(path)
    except (SignedDamaged, OSError) as error:
        log.error("askfirst.E117 no checkpoint is signed, as nobody can tell which were: %s", error)
        return
    before = dict(signed)
    for tree in trees(parts.engine):
        try:
            with suppress(Unreadable):  # one such site holds no other one up, and is told by itself
                _sign(parts, tree, signed, seed, now)
        except Inconsistent as error:
            log.error("askfirst.E116 no checkpoint is signed: %s", error)
    if signed != before:
        write_signed(path, signed)


def _sign(parts: Services, tree: str, signed: dict[str, int], seed: bytes, now: float) -> None:
    size = signed_size(parts.engine, tree)
    anew = is_cut_off(signed, tree, size)
    origin = _origin(parts, tree)
    if anew:
        origin += datetime.fromtimestamp(now, UTC).strftime("/%Y%m%dT%H%M%SZ")
    note = sign_tree(parts.engine, tree, origin=origin, seed=seed, urandom=parts.urandom, anew=anew)
    if note is not None and anew:
        log.warning("askfirst.W155 a backup lost signed entries: checkpoints go on as %s", origin)
    if note is not None or not anew:
        signed[tree] = signed_size(parts.engine, tree)


def _origin(parts: Services, tree: str) -> str:
    """The name of a new tree among all trees: that of the site, where it has one."""
    site = None if tree.startswith("@") else parts.registry.site(tree)
    host = urlsplit(site.editions.current.policy.origins[0]).netloc if site is not None else ""
    return f"{host}/askfirst/{tree}" if host else f"askfirst/{tree}"
