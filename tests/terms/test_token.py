"""The state cookie's token."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.terms.edition import Choice
from askfirst.terms.token import (
    DAY,
    LONGEST_LIFE,
    State,
    expires_at,
    month_start,
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
    st.dictionaries(names, st.builds(Choice, st.integers(0, 3), st.integers(0, 99)), max_size=6),
    st.integers(int(NOW) + 1, int(NOW) + LONGEST_LIFE - 1),
)


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
    """M09: aud, ed, ch, exp and no other; exp is the end of a month."""
    granted = expires_at(NOW, consent_days=365, refusal_days=365, granted=True)
    token = sign_state(State("example", 1, {"statistics": Choice(3, 1)}, granted), KEY)
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims == {"aud": "example", "ch": {"statistics": [3, 1]}, "ed": 1, "exp": granted}
    end = datetime.fromtimestamp(granted, UTC)
    assert (end.day, end.hour, end.minute, end.second) == (1, 0, 0, 0)


@given(st.integers(int(NOW) - 40 * 365 * DAY, int(NOW) + 40 * 365 * DAY), st.data())
def test_answers_last_as_promised(now: int, data: st.DataObject) -> None:
    """M10: a refusal lasts 184 days and as long as a grant; nothing outlives 400 days."""
    consent = data.draw(st.integers(90, 365))
    refusal = data.draw(st.integers(184, 365))
    ends = {
        granted: expires_at(now, consent_days=consent, refusal_days=refusal, granted=granted)
        for granted in (True, False)
    }
    assert now + 184 * DAY <= ends[False] <= now + LONGEST_LIFE
    assert now + refusal * DAY <= ends[False]
    assert ends[True] <= ends[False]
    assert now < ends[True] <= now + consent * DAY


@given(st.integers(0, 2**31), st.integers(0, 2**31))
def test_everyone_of_a_month_gets_the_same_end(a: int, b: int) -> None:
    """M09: the end depends on nothing finer than the month of the answer."""
    first, second = (datetime.fromtimestamp(each, UTC) for each in (a, b))
    if (first.year, first.month) == (second.year, second.month):
        for granted in (True, False):
            assert (
                len(
                    {
                        expires_at(each, consent_days=365, refusal_days=365, granted=granted)
                        for each in (a, b, month_start(first.year, first.month))
                    }
                )
                == 1
            )


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
