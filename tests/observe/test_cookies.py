"""The cookie jar as told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.observe.cookies import cookies
from askfirst.terms.attributes import UNKNOWN

DECLARED = frozenset({"session", "_ga", "_ga_*"})
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("names"), inner),
)


def test_declared_names_only() -> None:
    """M25: a name is stored as the policy declares it; what is not declared is not stored."""
    told = {"enabled": True, "names": ["uid-64bits", "_ga_CANARY", "session"]}
    assert cookies(told, DECLARED) == ("enabled", "_ga_* session")
    assert cookies({"enabled": True, "names": ["x"]}, DECLARED) == ("enabled", "none")
    assert cookies({"enabled": True}, DECLARED) == ("enabled", "none")


def test_disabled_has_no_names() -> None:
    """A browser without cookies has none of them."""
    assert cookies({"enabled": False, "names": ["session"]}, DECLARED) == ("disabled", "none")


@pytest.mark.parametrize("told", [None, [], "yes", {}, {"enabled": 1}, {"enabled": "true"}])
def test_not_told_is_unknown(told: object) -> None:
    """Whether cookies are on is never guessed."""
    assert cookies(told, DECLARED) == (UNKNOWN,)


def test_malformed_names_are_unknown() -> None:
    """The first part stays known when only the names are not."""
    assert cookies({"enabled": True, "names": "session"}, DECLARED) == ("enabled", UNKNOWN)


@given(anything | st.fixed_dictionaries({"enabled": st.booleans(), "names": anything}))
def test_anything_is_read(told: object) -> None:
    """Nothing a page can send raises, and only declared words come out."""
    value = cookies(told, DECLARED)
    words = {UNKNOWN, "enabled", "disabled", "none", *DECLARED}
    assert {word for part in value for word in part.split(" ")} <= words
