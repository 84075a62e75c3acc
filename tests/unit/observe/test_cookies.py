"""The cookie jar as told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.contracts.events import CookieInfo
from askfirst.observe.cookies import cookies
from askfirst.terms.attributes import UNKNOWN

DECLARED = frozenset({"session", "_ga", "_ga_*"})


def test_declared_names_only() -> None:
    """M25: a name is stored as the policy declares it; what is not declared is not stored."""
    info = CookieInfo(True, ("uid-64bits", "_ga_CANARY", "session"))
    assert cookies(info, DECLARED) == ("enabled", "_ga_* session")
    assert cookies(CookieInfo(True, ("x",)), DECLARED) == ("enabled", "none")
    assert cookies(CookieInfo(True), DECLARED) == ("enabled", "none")


def test_disabled_has_no_names() -> None:
    """A browser without cookies has none of them."""
    assert cookies(CookieInfo(False, ("session",)), DECLARED) == ("disabled", "none")


@pytest.mark.parametrize("info", [None, CookieInfo(None), CookieInfo(None, ("session",))])
def test_not_told_is_unknown(info: CookieInfo | None) -> None:
    """Whether cookies are on is never guessed."""
    assert cookies(info, DECLARED) == (UNKNOWN,)


@given(st.none() | st.booleans(), st.lists(st.text()))
def test_any_name_is_read(enabled: bool | None, names: list[str]) -> None:
    """Nothing a page can send raises, and only declared words come out."""
    value = cookies(CookieInfo(enabled, tuple(names)), DECLARED)
    words = {UNKNOWN, "enabled", "disabled", "none", *DECLARED}
    assert {word for part in value for word in part.split(" ")} <= words
