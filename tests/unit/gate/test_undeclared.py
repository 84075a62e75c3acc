"""What is said about cookies that no policy declares, and when they may pass."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askfirst.errors import WrongSetting
from askfirst.gate.cookie_filter import CookieFilter
from askfirst.gate.undeclared_cookies import (
    MOST,
    Report,
    Sighting,
    as_glob,
    choose_mode,
    on_loopback,
)
from askfirst.http.headers import Header
from askfirst.terms.policy import read_policy
from tests.conftest import ROOT
from tests.unit.gate.browser import call
from tests.unit.gate.conftest import Shop
from tests.unit.gate.memory import NOW, make_policy

Build = Callable[..., Shop]
DAY = 86_400.0
LOCAL = ["http://localhost:8000", "http://127.0.0.1:8000"]


def report() -> Report:
    return Report(mode="strict", suggest=None)


def test_the_line_to_add_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first removal of each name logs the policy line; never a value, never an id."""
    judge = CookieFilter(make_policy(), report=report())
    headers: list[Header] = [
        (b"set-cookie", b"prefs=SECRET; Path=/"),
        (b"set-cookie", b"prefs=SECRET2"),
        (b"set-cookie", b"wp-settings-48151623=SECRET"),
    ]
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            judge.filter(
                headers, allows=lambda _: False, now=lambda: NOW, route=lambda: "/orders/{id}"
            )
    assert len(caplog.messages) == 2
    assert "the cookie prefs of /orders/{id} was taken out" in caplog.messages[0]
    assert 'cookies = ["prefs"]' in caplog.messages[0]
    assert '[[necessary]]\ncookie = "prefs"\n' in caplog.messages[0]
    assert 'cookies = ["wp-settings-*"]' in caplog.messages[1]
    assert "SECRET" not in caplog.text
    assert "48151623" not in caplog.text


def test_what_is_logged_can_be_pasted(caplog: pytest.LogCaptureFixture) -> None:
    """The lines that the log names, at the end of a policy, let the cookie pass."""
    report().note(b"prefs", lambda: None, NOW)
    lines = caplog.messages[0].partition(":\n")[2]
    plain = (ROOT / "policy.example.toml").read_text("utf-8")
    policy = read_policy(f"{plain}\n{lines}\n")
    assert "prefs" in [cookie.cookie for cookie in policy.necessary]
    assert CookieFilter(policy, report=report()).kind(b"prefs").necessary


CONFIGURED = """
import logging
import askfirst
import django
from django.conf import settings
other = logging.getLogger("other")
settings.configure(LOGGING={"version": 1, "disable_existing_loggers": True})
django.setup()
for name in ("other", "askfirst", "askfirst.collector"):
    logging.getLogger(name).warning("%s is heard", name)
"""


def test_warnings_outlive_a_logging_configuration() -> None:
    """Django's LOGGING with `disable_existing_loggers` silences others, and not ours."""
    run = subprocess.run(
        [sys.executable, "-c", CONFIGURED], capture_output=True, text=True, check=True
    )
    assert run.stderr.splitlines() == ["askfirst is heard", "askfirst.collector is heard"]


def test_the_report_has_routes_and_days_and_no_counts() -> None:
    """Which cookie, which route template, first and last day seen."""
    found = report()
    for route, now in [("/a", NOW), ("/a", NOW + 60), ("/a", NOW + 3 * DAY), (None, NOW)]:
        found.note(b"tracker", lambda route=route: route, now)  # type: ignore[misc]
    assert found.sightings == (
        Sighting("tracker", "-", "2026-09-21", "2026-09-21"),
        Sighting("tracker", "/a", "2026-09-21", "2026-09-24"),
    )


def test_names_are_bounded_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    """S19: an application that invents names fills neither memory nor log."""
    found = report()
    for number in range(3 * MOST):
        name = b"n" + bytes([97 + number % 26, 97 + number // 26 % 26]) * 3
        found.note(name, lambda: "/", NOW)
    assert len(found.sightings) == MOST
    assert len(caplog.messages) == MOST + 1


@given(st.binary(max_size=200))
def test_a_shown_name_is_one_a_policy_can_hold(name: bytes) -> None:
    """No name can write into the log what is not a cookie's name."""
    shown = as_glob(name)
    assert len(shown) <= 65
    assert all(33 <= ord(char) < 127 and char not in '";,\\' for char in shown)


def test_learning_is_for_loopback_alone() -> None:
    """M01: where visitors come, no undeclared cookie passes; said at start, with an id."""
    assert choose_mode("learn", LOCAL) == choose_mode(None, LOCAL) == "learn"
    assert choose_mode("strict", LOCAL) == "strict"
    for origins in (["https://shop.example"], [*LOCAL, "https://shop.example"]):
        assert choose_mode("strict", origins) == choose_mode(None, origins) == "strict"
    with pytest.raises(WrongSetting, match=r"askfirst\.E022.*https://shop\.example"):
        choose_mode("learn", [*LOCAL, "https://shop.example"])
    with pytest.raises(WrongSetting, match=r"askfirst\.E021.*\"strict\" or \"learn\""):
        choose_mode("lenient", LOCAL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headers", "local"),
    [
        ([(b"host", b"localhost:8000")], True),
        ([(b"Host", b"127.0.0.1")], True),
        ([(b"host", b"[::1]:8000")], True),
        ([(b"host", b"shop.example")], False),
        ([(b"host", b"localhost.evil.example")], False),
        ([(b"host", b"[::1")], False),
        ([], False),
        ([(b"host", b"localhost"), (b"X-Forwarded-For", b"203.0.113.9")], False),
        ([(b"host", b"localhost"), (b"host", b"shop.example")], False),
    ],
)
def test_which_requests_are_local(headers: list[Header], local: bool) -> None:
    """A proxy that hides the visitor's host, but not that it is one, does not make them local."""
    assert on_loopback(headers) is local


@pytest.mark.anyio
@pytest.mark.parametrize("options", [{"undeclared": "learn"}, {}], ids=["told", "default"])
async def test_learning_passes_and_reports(shop: Build, options: dict[str, Any]) -> None:
    """`learn` passes undeclared cookies on loopback, and the owner is told of each."""
    site = shop(options=options, origins=LOCAL)
    site.headers = [(b"set-cookie", b"tracker=1"), (b"set-cookie", b"_fbp=1")]
    here: list[Any] = [(b"host", b"localhost:8000")]
    got = await site.browser.get("/")  # sends Host: shop.example
    assert got.all(b"set-cookie") == []
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": here}
    got = await call(site.app, {**scope, "askfirst.route": "/home"})
    assert got.all(b"set-cookie") == [b"tracker=1"]
    routes = [(each.cookie, each.route) for each in site.app.undeclared_cookies()]  # type: ignore[attr-defined]
    assert routes == [("tracker", "-"), ("tracker", "/home")]
