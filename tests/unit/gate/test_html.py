"""The builder: nothing that is not ours becomes markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.pages.html import Html, el, join, own
from tests.unit.gate.shown import Page


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_only_text(value: str) -> None:
    """M38: whatever a policy says, it opens no element, ends no attribute, and can be encoded."""
    made = el("p", {"title": value}, value)

    made.encode("utf-8")
    page = Page(made)
    assert [name for name, _ in page.elements] == ["p"]
    assert set(page.elements[0][1]) == {"title"}


def test_markup_is_not_escaped_twice_and_text_always_is() -> None:
    """A child that is an element is taken as it is, a string is escaped."""
    assert el("b", None, el("i", None, "<"), "<") == "<b><i>&lt;</i>&lt;</b>"
    assert el("b").__html__() == "<b></b>"


def test_attributes_that_say_nothing_are_left_out() -> None:
    """None and False leave an attribute out; True lets it stand alone."""
    assert el("input", {"checked": True, "required": False, "form": None, "value": 0}) == (
        '<input checked value="0">'
    )


def test_what_is_no_markup_is_refused() -> None:
    """A number among the children is a mistake of ours, found at once."""
    with pytest.raises(TypeError, match="no markup"):
        join(5)


def test_foreign_words_are_isolated() -> None:
    """S10: a right-to-left override in a policy turns nothing around it.

    Nor where the isolate is ended before it: Chromium then turns what stands behind the element.
    """
    assert own("a\u202eb", "en") == Html('<bdi lang="en">ab</bdi>')
    assert own("a\u2069\u202eb") == Html("<bdi>ab</bdi>")
