"""The rows that are kept when a period closes, written out for a host admin; the audit says so.

Open rows are in no export: they say whose they are. Kept ones, whose devices are shared by several
visitors, are lowered once more, until each row is like enough others in all that it says: by the
minute, page and device nearly every row is alone, and by the hour most are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from askfirst.errors import Reason, Refused
from askfirst_collector.catalogue.editions import has_published
from askfirst_collector.closing.shared_rows import shared_rows
from askfirst_collector.members.permissions import Member
from askfirst_collector.members.transaction import transaction
from askfirst_collector.services import Services
from askfirst_collector.store.disclosed import size_of


def export_rows(parts: Services, actor: Member, site: str) -> Iterator[dict[str, Any]]:
    """The kept rows of a site, by period, in the order of what they say; without a pseudonym.

    That they were taken is recorded before the first. Raises Refused `no-such-site`.
    """
    with transaction(parts, actor, "site.rows", site) as work:
        if not has_published(work.connection, site):
            raise Refused(Reason.NO_SUCH_SITE, "name a site that has published a policy")
        work.record("rows.export", site, before=None, after=None)
    return _rows(parts, site)


def _rows(parts: Services, site: str) -> Iterator[dict[str, Any]]:
    keys = [key for key in parts.events.periods() if key.site == site and parts.events.kept(key)]
    for key in sorted(keys, key=lambda key: (key.period, key.collector, key.purpose, key.closes)):
        size = size_of(parts.engine, key)
        for kind, values in shared_rows(list(parts.events.rows(key)), size):
            yield {
                "collector": key.collector or None,
                "purpose": key.purpose,
                "closes": key.closes,
                "period": key.period,
                "type": kind,
                "values": {name: list(value) for name, value in sorted(values.items())},
            }
