"""The state cookie's token: a JWT (RFC 7519) with HS256 (RFC 7518 section 3.2) pinned."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .canonical import canonical
from .edition import Choice
from .reading import NAME

LONGEST = 3000  # characters; a cookie holds 4,096 bytes with its name and attributes
DAY = 86_400
# RFC 6265bis section 5.6: no cookie outlives 400 days.
LONGEST_LIFE = 400 * DAY
LEAST_REFUSAL_DAYS = 184
_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


@dataclass(frozen=True)
class State:
    """What the state cookie holds: the choices of this browser, with no id and no fine time.

    `edition` is the last one answered; `expires` is unix seconds, always the end of a month.
    """

    site: str
    edition: int
    choices: Mapping[str, Choice]
    expires: int

    @property
    def grants(self) -> bool:
        """Whether any purpose was agreed to."""
        return any(choice.detail for choice in self.choices.values())


def sign_state(state: State, key: bytes) -> str:
    """The token for a state: byte-identical for everyone with that choice in that month (M09)."""
    claims = {
        "aud": state.site,
        "ch": {name: [choice.detail, choice.edition] for name, choice in state.choices.items()},
        "ed": state.edition,
        "exp": state.expires,
    }
    signed = _HEADER + b"." + _encode(canonical(claims))
    return (signed + b"." + _encode(_mac(key, signed))).decode("ascii")


def read_state(token: str, keys: Sequence[bytes], *, site: str, now: float) -> State | None:
    """The state in a token, or None for one that is not ours, forged, expired or malformed."""
    if len(token) > LONGEST or not token.isascii():
        return None
    signed, _, signature = token.encode("ascii").rpartition(b".")
    header, _, body = signed.partition(b".")
    if header != _HEADER:
        return None
    if not any(hmac.compare_digest(_encode(_mac(key, signed)), signature) for key in keys):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return None
    state = _state(claims)
    if state is None or state.site != site or not now < state.expires <= now + LONGEST_LIFE:
        return None
    return state


def _state(claims: object) -> State | None:
    if not isinstance(claims, dict) or set(claims) != {"aud", "ch", "ed", "exp"}:
        return None
    site, choices, edition, expires = claims["aud"], claims["ch"], claims["ed"], claims["exp"]
    if not (isinstance(site, str) and _number(edition) and _number(expires)):
        return None
    if not isinstance(choices, dict) or not all(_pair(*entry) for entry in choices.items()):
        return None
    read = {name: Choice(pair[0], pair[1]) for name, pair in choices.items()}
    return State(site, edition, read, expires)


def _pair(name: str, pair: object) -> bool:
    parts = name.split("/")
    if len(parts) > 2 or not all(NAME.fullmatch(part) for part in parts):
        return False
    if not isinstance(pair, list) or len(pair) != 2 or not all(map(_number, pair)):
        return False
    return bool(pair[0] <= 3)


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, hashlib.sha256)


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def expires_at(now: float, *, consent_days: int, refusal_days: int, granted: bool) -> int:
    """When an answer given now runs out: the end of a month, in unix seconds (M09, M10).

    A grant never lasts longer than it says: the last month's end within `consent_days` of the
    first of this month. A refusal never lasts shorter: the first month's end that is at least
    `refusal_days`, `consent_days` and 184 days after the last of this month.
    """
    today = datetime.fromtimestamp(now, UTC)
    first = month_start(today.year, today.month)
    if granted:
        limit = first + consent_days * DAY
        months = [month_start(today.year, today.month + n) for n in range(1, 14)]
        return max([month for month in months if month <= limit], default=first)
    least = max(refusal_days, LEAST_REFUSAL_DAYS)
    limit = max(
        month_start(today.year, today.month + 1) + least * DAY,
        expires_at(now, consent_days=consent_days, refusal_days=least, granted=True),
    )
    months = [month_start(today.year, today.month + n) for n in range(1, 14)]
    # Twelve whole months and this one stay below 400 days, whatever the policy says.
    return next((m for m in months if m >= limit), months[-1])


def month_start(year: int, month: int) -> int:
    """Unix seconds of the first moment of a month; months past 12 run on into the next years."""
    return int(datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC).timestamp())
