"""The state cookie's token."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.token import (
    DAY,
    LONGEST_LIFE,
    State,
    details_of_four,
    expires_at,
    read_state,
    sign_state,
)

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
NOW = datetime(2026, 11, 22, 10, 11, 12, tzinfo=UTC).timestamp()
names = st.from_regex(r"[a-z][a-z0-9_-]{0,9}(/[a-z]{1,4})?", fullmatch=True)
states = st.builds(
    State,
    st.just("example"),
    st.integers(1, 99),
    st.dictionaries(names, st.integers(0, 2), max_size=6),
    st.integers(int(NOW) + 1, int(NOW) + LONGEST_LIFE - 1),
).map(lambda state: state if state.grants else replace(state, edition=0))


@given(states)
def test_what_is_signed_is_read(state: State) -> None:
    """A token gives its state back, whichever of the keys signed it."""
    token = sign_state(state, KEY)
    assert read_state(token, [OTHER_KEY, KEY], site="example", now=NOW) == state


@given(states, st.data())
def test_a_changed_token_is_not_ours(state: State, data: st.DataObject) -> None:
    """One changed character anywhere makes a token nobody's."""
    token = sign_state(state, KEY)
    at = data.draw(st.integers(0, len(token) - 1))
    with_other = data.draw(st.characters(codec="ascii").filter(lambda c: c != token[at]))
    changed = token[:at] + with_other + token[at + 1 :]
    assert read_state(changed, [KEY], site="example", now=NOW) is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Garbage means "not asked yet", never an exception."""
    assert read_state(text, [KEY], site="example", now=NOW) is None


def test_the_claims_hold_no_id_and_no_fine_time() -> None:
    """M09: aud, ed, ch, exp and no other; exp is the end of a half-year."""
    granted = expires_at(NOW)
    token = sign_state(State("example", 1, {"statistics": 2}, granted), KEY)
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims == {"aud": "example", "ch": {"statistics": 2}, "ed": 1, "exp": granted}
    end = datetime.fromtimestamp(granted, UTC)
    assert end == datetime(2027, 7, 1, tzinfo=UTC)


@given(st.integers(int(NOW) - 40 * 365 * DAY, int(NOW) + 40 * 365 * DAY))
def test_answers_last_as_promised(now: int) -> None:
    """M10: an answer lasts 181 to 366 days, whichever it is, and nothing outlives 400 days."""
    assert now + 181 * DAY <= expires_at(now) <= now + 366 * DAY <= now + LONGEST_LIFE


@given(st.integers(0, 2**31), st.integers(0, 2**31))
def test_everyone_of_a_half_year_gets_the_same_end(a: int, b: int) -> None:
    """M09: the end depends on nothing finer than the half-year of the answer."""
    first, second = (datetime.fromtimestamp(each, UTC) for each in (a, b))
    same_half = (first.year, first.month > 6) == (second.year, second.month > 6)
    assert (expires_at(a) == expires_at(b)) is same_half


def test_a_half_year_ends_to_the_second() -> None:
    """M09: the last second of June and the first of July are two halves."""
    july = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
    assert expires_at(july - 1) == datetime(2027, 1, 1, tzinfo=UTC).timestamp()
    assert expires_at(july) == datetime(2027, 7, 1, tzinfo=UTC).timestamp()


@given(st.dictionaries(names, st.integers(0, 3)))
def test_an_answer_of_before_is_never_worth_more(four: dict[str, int]) -> None:
    """M46: of four details two are left, one for all of it, and nothing that was not agreed to."""
    details = details_of_four(four)
    assert all(details[name] <= max(four[name] - 1, 0) for name in details)
    assert len({detail for detail in details.values() if detail}) <= 1
    assert all(not detail or four[name] in (2, 3) for name, detail in details.items())
    assert {name for name, detail in four.items() if not detail} <= details.keys()
    assert not any(four[name] == 1 for name in details)


def test_a_foreign_expired_or_endless_token_is_not_ours() -> None:
    """Another site's, an expired, and one that claims more than 400 days mean "not asked yet"."""
    state = State("example", 1, {}, int(NOW) + DAY)
    token = sign_state(state, KEY)
    assert read_state(token, [KEY], site="other", now=NOW) is None
    assert read_state(token, [KEY], site="example", now=NOW + DAY) is None
    endless = sign_state(State("example", 1, {}, int(NOW) + LONGEST_LIFE + 5), KEY)
    assert read_state(endless, [KEY], site="example", now=NOW) is None


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS512", "typ": "JWT"}, {}])
def test_the_algorithm_is_pinned(header: dict[str, str]) -> None:
    """A token that names another algorithm is refused before its signature is looked at."""
    token = sign_state(State("example", 1, {}, int(NOW) + DAY), KEY).split(".")
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    assert read_state(".".join([forged, *token[1:]]), [KEY], site="example", now=NOW) is None
    assert read_state(f"{forged}.{token[1]}.", [KEY], site="example", now=NOW) is None


def test_hostile_strings_are_read_without_an_error(corpus: Path) -> None:
    """Naughty strings as tokens, and as bodies of a token, mean "not asked yet"."""
    for text in json.loads((corpus / "naughty/blns.json").read_text("utf-8")):
        assert read_state(text, [KEY], site="example", now=NOW) is None
        assert read_state(f"a.{text}.b", [KEY], site="example", now=NOW) is None
