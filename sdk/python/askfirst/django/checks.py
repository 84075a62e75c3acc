"""System checks: every wrong setting has a stable id and says what to write instead.

askfirst.E201  ASKFIRST is missing, or no dict
askfirst.E202  a key that is not known
askfirst.E203  a key that is needed
askfirst.E204  the policy cannot be used
askfirst.E205  the collector cannot be used
askfirst.E206  the middleware is missing
askfirst.E207  the middleware stands below one that sets or reads cookies
askfirst.W208  a cookie of Django's own that the policy does not declare, and that is taken out

Wrong values of other keys carry the id of the gate itself, such as askfirst.E022.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from askfirst.gate.cookie_filter import CookieFilter
from askfirst.gate.undeclared_cookies import Report, necessary

from ..errors import PolicyError, Unusable, WrongSetting
from ..gate.gate import Gate
from ..terms.policy import Policy, read_policy
from . import conf

MIDDLEWARE = "askfirst.django.ConsentMiddleware"
_SAME = (MIDDLEWARE, "askfirst.django.middleware.ConsentMiddleware")
_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_CSRF = "django.middleware.csrf.CsrfViewMiddleware"
_MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
_LOCALE = "django.middleware.locale.LocaleMiddleware"
# What reads or sets cookies must see what the gate lets through, and be seen by it.
BELOW = (_SESSIONS, _CSRF, _MESSAGES, _LOCALE)


def check_all(**_: Any) -> list[CheckMessage]:
    """Everything that can be wrong before the first request."""
    return [*_settings(), *_order()]


def _settings() -> Iterator[CheckMessage]:
    if not isinstance(getattr(settings, conf.NAME, None), dict):
        yield Error(
            "The setting ASKFIRST is missing, or is no dict.",
            hint='Write ASKFIRST = {"POLICY": BASE_DIR / "policy.toml", "COLLECTOR": …}.',
            id="askfirst.E201",
        )
        return
    configuration = conf.written()
    for key in configuration:
        if key not in conf.KEYS:
            near = get_close_matches(str(key).upper(), conf.KEYS, 1) or sorted(conf.KEYS)
            yield Error(
                f"ASKFIRST has a key that is not known: {key!r}.",
                hint=f"Write one of {', '.join(near)}.",
                id="askfirst.E202",
            )
    for key in conf.NEEDED:
        if key not in configuration:
            yield Error(
                f"ASKFIRST needs {key}.",
                hint="POLICY is the path of policy.toml, COLLECTOR what keeps the answers, such "
                'as askfirst_collector.embedded.EmbeddedCollector("askfirst-data").',
                id="askfirst.E203",
            )
    if "COLLECTOR" in configuration:
        yield from _collector(configuration["COLLECTOR"])
    if "POLICY" in configuration:
        yield from _policy(configuration)


def _collector(value: Any) -> Iterator[CheckMessage]:
    try:
        client = conf.collector(value)
        usable, why = hasattr(client, "record"), f"{type(client).__name__} is no collector"
    except Exception as error:
        usable, why = False, str(error)
    if not usable:
        yield Error(
            f"ASKFIRST's COLLECTOR cannot be used: {why}.",
            hint="Give a collector, or the dotted path of one, or of what makes one.",
            id="askfirst.E205",
        )


def _policy(configuration: Any) -> Iterator[CheckMessage]:
    value = configuration["POLICY"]
    try:
        policy = (
            value
            if isinstance(value, Policy)
            else read_policy(Path(value) if isinstance(value, str) else value)
        )
    except PolicyError as error:
        for problem in error.problems:
            yield Error(
                f"The policy cannot be used: {problem}",
                hint="Ask: askfirst policy check policy.toml",
                id="askfirst.E204",
            )
        return
    names = ("undeclared", "cookie_database", "csp", "permissions")
    options = {name: configuration[name.upper()] for name in names if name.upper() in configuration}
    try:
        Gate(policy, now=float, **options)
    except WrongSetting as error:
        yield Error(str(error), hint="See docs/gate.md.", id=error.code)
    except Unusable as error:
        yield Error(
            str(error), hint="Write the path of a file that can be read.", id="askfirst.E020"
        )
    yield from _cookies(policy)


def _cookies(policy: Policy) -> Iterator[CheckMessage]:
    kind = CookieFilter(policy, report=Report(mode="strict", suggest=None)).kind
    for cookie, why in _own_cookies():
        cookie_kind = kind(cookie.encode("latin-1", "replace"))
        if not cookie_kind.necessary and not cookie_kind.purposes:
            yield Warning(
                f"The policy does not declare Django's cookie {cookie}: it is taken out of every "
                f"response, so {why}.",
                hint=f"Write these three lines at the policy's end:\n{necessary(cookie)}",
                id="askfirst.W208",
            )


def _own_cookies() -> Iterator[tuple[str, str]]:
    used = settings.MIDDLEWARE
    if _SESSIONS in used:
        yield settings.SESSION_COOKIE_NAME, "nobody can sign in"
    if _CSRF in used and not settings.CSRF_USE_SESSIONS:
        yield settings.CSRF_COOKIE_NAME, "forms are refused"
    if _LOCALE in used:
        yield settings.LANGUAGE_COOKIE_NAME, "a chosen language is forgotten"
    if _MESSAGES in used and not settings.MESSAGE_STORAGE.endswith("SessionStorage"):
        yield "messages", "messages to visitors may be lost"


def _order() -> Iterator[CheckMessage]:
    used = list(settings.MIDDLEWARE)
    places = [used.index(name) for name in _SAME if name in used]
    if not places:
        yield Error(
            "The gate is not in MIDDLEWARE: nobody is asked, and every cookie leaves.",
            hint=f'Write "{MIDDLEWARE}" at the top of MIDDLEWARE.',
            id="askfirst.E206",
        )
        return
    for name in BELOW:
        if name in used and used.index(name) < places[0]:
            yield Error(
                f"{MIDDLEWARE} stands below {name}, whose cookies pass it by.",
                hint=f'Move "{MIDDLEWARE}" to the top of MIDDLEWARE.',
                id="askfirst.E207",
            )
