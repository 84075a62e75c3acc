"""What signed-in users ask of a site that knows them: to see what is linked to their account, to
end that link. The site has made sure who they are; here their tokens alone are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from askfirst.errors import Reason, Refused
from askfirst.gate.user_token import UserId, user_tokens
from askfirst_collector.services import Services
from askfirst_collector.store.events import Row
from askfirst_collector.usecases.visitor_rights import plain_row

T = TypeVar("T")


def export_user(parts: Services, site: str, users: Sequence[str]) -> dict[str, Any]:
    """The rows that are linked to a user, by their tokens; none for one that nobody knows.

    It reads every row of the site. Raises Refused `no-such-site`, CollectorUnavailable.
    """
    _check_site(parts, site)
    known = (parts.salts.find_user(site, user) for user in users)
    numbers = {(number.hex(),) for number in known if number is not None}
    rows = _rows(parts, site, numbers) if numbers else ()
    return {"rows": sorted(map(plain_row, rows), key=repr)}


def erase_user(parts: Services, site: str, users: Sequence[str]) -> bool:
    """End the link of everything to a user, by their tokens; whether there was one.

    What is stored stays, under a number that stands for nobody any more. Raises Refused
    `no-such-site`, CollectorUnavailable.
    """
    _check_site(parts, site)
    ended = [parts.salts.end_user(site, user) for user in users]  # each of them
    return any(ended)


def of_id(
    parts: Services,
    work: Callable[[Services, str, Sequence[str]], T],
    site: str,
    user_id: UserId,
) -> T:
    """One of the two, by the id itself, for a site whose keys are in the folder."""
    _check_site(parts, site)  # before its keys are read: of a site that is none some would be drawn
    return work(parts, site, user_tokens(parts.keys.site(site), site, user_id))


def _check_site(parts: Services, site: str) -> None:
    if parts.registry.site(site) is None:
        raise Refused(
            Reason.NO_SUCH_SITE, f"there is no site {site!r} here: see askfirst site list"
        )


def _rows(parts: Services, site: str, numbers: set[tuple[str]]) -> Iterator[Row]:
    parts.events.gather()  # there may be periods of which other machines alone have rows yet
    for key in parts.events.periods():
        if key.site == site:
            for row in parts.events.rows(key):
                if row.values.get("user_id") in numbers:
                    yield row
