"""What tells of every site, in few bytes, whether a change of the registry was about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from askfirst_collector.catalogue.editions import edition
from askfirst_collector.catalogue.retired import retired_site
from askfirst_collector.catalogue.scheduled import scheduled
from askfirst_collector.catalogue.site_limits import site_limit
from askfirst_collector.catalogue.suspensions import suspension

_documents = func.sum(func.length(edition.c.document))  # of which none is read for it
# Made once. An edition never changes: how many there are, and the newest, say which there are, and
# how long they are, that no hand was on them.
_QUERIES = (
    select(edition.c.site, func.count(), func.max(edition.c.number), _documents).group_by(
        edition.c.site
    ),
    select(suspension.c.site, suspension.c.reason),
    select(retired_site.c.site),
    select(scheduled.c.site, scheduled.c.effective, scheduled.c.refused),
    select(site_limit.c.site, site_limit.c.rows_a_day),
)

Fingerprint = tuple[object, ...]  # another one where anything of the site changed


def fingerprints(connection: Connection) -> Mapping[str, Fingerprint]:
    """That of each site there is anything of, by name."""
    by_site: defaultdict[str, Fingerprint] = defaultdict(tuple)
    for number, query in enumerate(_QUERIES):
        for site, *values in connection.execute(query):
            by_site[site] += (number, *values)
    return by_site
