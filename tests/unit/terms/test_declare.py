"""A cookie written into a policy's file: one line more, and every other byte as it was."""

from __future__ import annotations

import tomllib

import pytest

from askfirst.errors import PolicyError
from askfirst.terms.declare import declare_in_purpose, declare_necessary
from askfirst.terms.policy import read_policy
from tests.conftest import ROOT

PLAIN = (ROOT / "policy.example.toml").read_text("utf-8")
WHY = 'it says "yes"'


def without(text: str, changed: str) -> list[str]:
    """The lines of `changed` that are not in `text`; every line of `text` is in it, in order."""
    more = []
    lines = iter(text.splitlines())
    line = next(lines, None)
    for other in changed.splitlines():
        if other == line:
            line = next(lines, None)
        else:
            more.append(other)
    assert line is None, f"lost: {line}"
    return more


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_necessary_cookie_is_three_lines_at_the_end(newline: str) -> None:
    """Comments, order and ends of lines stay, with or without an end of the last line."""
    for text in (PLAIN, PLAIN.rstrip("\n")):
        written = text.replace("\n", newline)
        changed = declare_necessary(written, "wp-*", WHY)
        assert changed.startswith(written)
        added = without(written, changed)
        assert added == ["", "[[necessary]]", 'cookie = "wp-*"', 'why = "it says \\"yes\\""']
        assert changed.count("\n") == changed.count(newline)
        last = read_policy(changed).necessary[-1]
        assert (last.cookie, last.why) == ("wp-*", WHY)


@pytest.mark.parametrize(
    "array",
    [
        "cookies = []  # of this purpose",
        'cookies = ["a"]  # of this purpose',
        'cookies = [\n  "a",  # the first, with a ] in it\n  "b", # and ] another\n]',
        "",
    ],
)
def test_a_cookie_joins_those_of_its_purpose(array: str) -> None:
    """In whatever way the list is written, its other cookies and comments stay."""
    head, line, rest = PLAIN.partition("[purposes.statistics]")
    at_once = "\n".join(row for row in rest.split("\n") if not row.startswith("cookies = "))
    text = f"{head}{line}{at_once}".replace("\ntext", "\ntext")
    text = text.replace("[purposes.statistics]\n", f"[purposes.statistics]\n{array}\n", 1)
    assert array in text
    before = set(read_policy(text).purposes["statistics"].terms.cookies)
    changed = declare_in_purpose(text, "_pk_*", "statistics")
    assert set(read_policy(changed).purposes["statistics"].terms.cookies) == before | {"_pk_*"}
    for comment in (row.partition("#")[2] for row in text.splitlines() if "#" in row):
        assert comment in changed
    wanted = tomllib.loads(text)
    wanted["purposes"]["statistics"]["cookies"] = tomllib.loads(changed)["purposes"]["statistics"][
        "cookies"
    ]
    assert tomllib.loads(changed) == wanted


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (PLAIN.replace("[purposes.statistics]", "[ purposes . 'statistics' ]\nx ="), "no TOML"),
        ('x = """\n[purposes.statistics]\n"""\n' + PLAIN, r'cookies = \["_pk_\*"\] in \[purposes'),
        ("purposes = {statistics = {cookies = []}}\n", "written in another way"),
        ("[purposes]\n", "written in another way"),
    ],
)
def test_what_is_written_otherwise_is_left_alone(text: str, advice: str) -> None:
    """Nothing is written where it would say something else, and the line to write is named."""
    with pytest.raises(PolicyError, match=advice):
        declare_in_purpose(text, "_pk_*", "statistics")


def test_a_list_of_necessary_cookies_in_one_line_is_left_alone() -> None:
    """TOML cannot add a table to a list that is written in one line."""
    with pytest.raises(PolicyError, match=r"add \[\[necessary\]\] with cookie = \"prefs\""):
        declare_necessary('necessary = [{cookie = "a", why = "b"}]\n', "prefs", "c")


def test_what_no_policy_may_hold_is_refused() -> None:
    """A name, or words, that the policy's own reader refuses never reach the file."""
    for cookie, why in (("bad name", "x"), ("prefs", "")):
        with pytest.raises(PolicyError):
            declare_necessary(PLAIN, cookie, why)
