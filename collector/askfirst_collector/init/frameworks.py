"""The frameworks we know: their own cookies, and the lines that put the gate in front."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cookie:
    """A cookie of the framework's own, as it is called unless the project renames it.

    `setting` is the setting, or keyword, that renames it. With `where` the cookie is only set
    where that word stands in the sources. With `purpose` it is not necessary, and is that one's.
    """

    name: str
    why: str
    days: int = 0  # 0: until the browser closes
    setting: str = ""
    where: str = ""
    purpose: str = ""


@dataclass(frozen=True)
class Framework:
    """One framework: `package` is what is installed, and imported, to use it.

    `built_on` are frameworks that come along with it; an application is made by what `title` names.
    In `lines` stand `{app}`, `{policy}`, and `{up}`: how many folders above their file that is.
    """

    name: str
    title: str
    package: str
    cookies: tuple[Cookie, ...]
    lines: str
    template: str
    where: str = "below the line that makes your app"
    built_on: tuple[str, ...] = ()


_SIGNED_IN = "Keeps you signed in."
_FORMS = "Keeps forms free of entries that others forged in your name."
_JINJA = "{{ askfirst_script() }} in <head>, {{ askfirst_notice() }} at the end of <body>"
_JINJA_MADE = f"init_templates(templates) once, then {_JINJA}"
_PYTHON = (
    '<script src="/askfirst/static/askfirst.js" defer></script> in <head>, '
    "askfirst_notice({request}) at the end of <body>"
)
_IMPORTS = "from askfirst_collector.embedded import EmbeddedCollector"
# By the file that the lines stand in: a server may be started from any folder.
_FOLDER = "FOLDER = Path(__file__).resolve().parents[{up}]"
_WHERE = 'policy=FOLDER / "{policy}", collector=EmbeddedCollector(FOLDER / "askfirst-data")'


# On lines of their own, as a formatter would have it: with what is assigned the line is too long.
_WRAPPED = ("{app} = ConsentMiddleware(\n    {app}, ", "\n)")


def _lines(shell: str, call: str, end: str = ")") -> str:
    imports = f"from pathlib import Path\n\nfrom askfirst{shell}\n{_IMPORTS}"
    return f"{imports}\n\n{_FOLDER}\n{call}{_WHERE}{end}"


_DJANGO = """\
from pathlib import Path

from askfirst_collector.embedded import EmbeddedCollector

FOLDER = Path(__file__).resolve().parents[{up}]
ASKFIRST = {{
    "POLICY": FOLDER / "{policy}",
    "COLLECTOR": EmbeddedCollector(FOLDER / "askfirst-data"),
}}
INSTALLED_APPS = ["askfirst.django", *INSTALLED_APPS]
MIDDLEWARE = ["askfirst.django.ConsentMiddleware", *MIDDLEWARE]"""

DJANGO = Framework(
    "django",
    "Django",
    "django",
    (
        Cookie("sessionid", _SIGNED_IN, 14, "SESSION_COOKIE_NAME"),
        Cookie("csrftoken", _FORMS, 364, "CSRF_COOKIE_NAME"),
        Cookie("messages", "Shows you a message after you did something."),
        Cookie(
            "django_language",
            "Remembers the language you chose.",
            setting="LANGUAGE_COOKIE_NAME",
            where="LocaleMiddleware",
        ),
    ),
    _DJANGO,
    "{% load askfirst %}, {% askfirst_script %} in <head>, {% askfirst_notice %} at the end of "
    "<body>; then: python manage.py check",
    where="at the end of your settings",
)
FASTAPI = Framework(
    "fastapi",
    "FastAPI",
    "fastapi",
    (Cookie("session", _SIGNED_IN, 14, "session_cookie", "SessionMiddleware"),),
    _lines(".fastapi import init_app", "init_app({app}, "),
    _JINJA_MADE,
    built_on=("starlette",),
)
FLASK = Framework(
    "flask",
    "Flask",
    "flask",
    # 31 days where the application makes it permanent; else until the browser closes.
    (Cookie("session", _SIGNED_IN, 31, "SESSION_COOKIE_NAME"),),
    _lines(".flask import AskFirst", "AskFirst({app}, "),
    _JINJA,
)
LITESTAR = Framework(
    "litestar",
    "Litestar",
    "litestar",
    (
        Cookie("session", _SIGNED_IN, 14),
        Cookie("session-*", "The same, where it is longer than one cookie may be.", 14),
        Cookie("csrftoken", _FORMS),
    ),
    _lines(".litestar import init_app", "init_app({app}, "),
    _JINJA,
)
QUART = Framework(
    "quart",
    "Quart",
    "quart",
    (Cookie("session", _SIGNED_IN, 31, "SESSION_COOKIE_NAME"),),
    _lines(".quart import init_app", "init_app({app}, "),
    _JINJA,
    built_on=("flask",),
)
STARLETTE = Framework(
    "starlette",
    "Starlette",
    "starlette",
    (Cookie("session", _SIGNED_IN, 14, "session_cookie", "SessionMiddleware"),),
    _lines(".starlette import init_app", "init_app({app}, "),
    _JINJA_MADE,
)
ASGI = Framework(
    "asgi",
    "another ASGI framework",
    "",
    (),
    _lines(" import ConsentMiddleware", *_WRAPPED),
    _PYTHON.format(request="scope"),
)
WSGI = Framework(
    "wsgi",
    "another WSGI framework",
    "",
    (),
    _lines(".wsgi import ConsentMiddleware", *_WRAPPED),
    _PYTHON.format(request="environ"),
)

FRAMEWORKS = {
    framework.name: framework
    for framework in (DJANGO, FASTAPI, FLASK, LITESTAR, QUART, STARLETTE, ASGI, WSGI)
}
