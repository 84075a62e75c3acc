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
from functools import lru_cache

from .canonical import canonical
from .lattice import Detail
from .reading import NAME

LONGEST = 3000  # characters; a cookie holds 4,096 bytes with its name and attributes
DAY = 86_400
# RFC 6265bis section 5.6: no cookie outlives 400 days.
LONGEST_LIFE = 400 * DAY
_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


@dataclass(frozen=True)
class State:
    """What the state cookie holds: the choices of this browser, with no id and no fine time.

    `edition` is the newest, not later than the one answered, that asked for anything more; 0 where
    nothing is granted. `choices` are details. `expires` is unix seconds, the end of a half-year.
    """

    site: str
    edition: int
    choices: Mapping[str, int]
    expires: int

    @property
    def grants(self) -> bool:
        """Whether any purpose was agreed to."""
        return any(self.choices.values())


def sign_state(state: State, key: bytes) -> str:
    """The token for a state: the same bytes for all with that choice in that half-year (M09)."""
    # Few states exist, and many have each.
    choices = tuple(sorted(state.choices.items()))
    return _signed(state.site, choices, state.edition, state.expires, key)


@lru_cache(maxsize=256)
def _signed(
    site: str, choices: tuple[tuple[str, int], ...], edition: int, expires: int, key: bytes
) -> str:
    claims = {"aud": site, "ch": dict(choices), "ed": edition, "exp": expires}
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
    if not isinstance(choices, dict) or not all(map(_is_purpose, choices)):
        return None
    if choices and all(map(_is_pair, choices.values())):
        return _before_two(site, choices, expires)
    if not all(_number(detail) and detail <= Detail.AS_ASKED for detail in choices.values()):
        return None
    return State(site, edition if any(choices.values()) else 0, choices, expires)


def _before_two(site: str, pairs: Mapping[str, list[int]], expires: int) -> State:
    """A cookie of before: four details, and an edition for each purpose; the smallest bounds it."""
    details = details_of_four({name: pair[0] for name, pair in pairs.items()})
    bounds = [pairs[name][1] for name, detail in details.items() if detail]
    return State(site, min(bounds, default=0), details, expires)


def details_of_four(four: Mapping[str, int]) -> dict[str, int]:
    """What answers in the four details of before are worth (0 off, 1 least, 2 less, 3 as asked).

    What there is no equal for is left out, so that it gathers nothing and is asked about again:
    the least, which had no pseudonym, and all but the whole of a placed collector. Where that
    leaves two details they count as the coarser one.
    """
    equal = {0: Detail.NONE, 2: Detail.REDUCED, 3: Detail.AS_ASKED}
    details = {
        name: int(equal[detail])
        for name, detail in four.items()
        if detail in equal and not ("/" in name and detail == 2)
    }
    shared = min((detail for detail in details.values() if detail), default=0)
    return {name: shared if detail else 0 for name, detail in details.items()}


def _is_purpose(name: str) -> bool:
    parts = name.split("/")
    return len(parts) <= 2 and all(NAME.fullmatch(part) for part in parts)


def _is_pair(pair: object) -> bool:
    return (
        isinstance(pair, list) and len(pair) == 2 and all(map(_number, pair)) and bool(pair[0] <= 3)
    )


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, hashlib.sha256)


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def expires_at(now: float) -> int:
    """When an answer given now runs out: the end of the half-year after its own (M09, M10).

    Unix seconds, UTC; 181 to 366 days from now.
    """
    today = datetime.fromtimestamp(now, UTC)
    next_half = today.year + 1, 1 if today.month <= 6 else 7
    return int(datetime(*next_half, 1, tzinfo=UTC).timestamp())
