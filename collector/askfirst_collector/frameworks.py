"""The frameworks we know: their own cookies, and the lines that put the gate in front of them."""

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
class Collector:
    """The collector that the lines name: what is imported for it, and how it is made."""

    module: str
    name: str
    call: str
    before: str = ""  # lines above the call
    imports: str = ""  # of the standard library


EMBEDDED = Collector(
    "askfirst_collector.embedded",
    "EmbeddedCollector",
    'EmbeddedCollector(FOLDER / "askfirst-data")',
)


@dataclass(frozen=True)
class Framework:
    """One framework: `package` is what is installed, and imported, to use it.

    `built_on` are frameworks that come along with it; an application is made by what `title` names.
    From `module` comes the `helper`; in `call`, which puts the gate in front, stand `{app}`,
    `{policy}` and `{collector}`. `script` and `notice` go into pages, `once` before that.
    """

    name: str
    title: str
    package: str
    cookies: tuple[Cookie, ...]
    module: str
    helper: str
    call: str
    script: str
    notice: str
    once: str = ""
    check: str = ""  # a command, at the end
    where: str = "below the line that makes your app"
    built_on: tuple[str, ...] = ()

    def lines(self, *, app: str, policy: str, up: int, collector: Collector = EMBEDDED) -> str:
        """The lines that put the gate in front; `up`: how many folders above their file is policy.

        The folder goes by the file they stand in: a server may be started from any.
        """
        names: dict[str, list[str]] = {}
        for module, name in ((self.module, self.helper), (collector.module, collector.name)):
            if module:
                names.setdefault(module, []).append(name)
        imports = [
            f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)
        ]
        call = self.call.format(app=app, policy=policy, collector=collector.call)
        return (
            f"{collector.imports}from pathlib import Path\n\n" + "\n".join(imports) + "\n\n"
            f"FOLDER = Path(__file__).resolve().parents[{up}]\n{collector.before}{call}"
        )

    @property
    def template(self) -> str:
        """What goes into pages, in a sentence."""
        once = f"{self.once} once, then " if self.once else ""
        check = f"; then: {self.check}" if self.check else ""
        return f"{once}{self.script} in <head>, {self.notice} at the end of <body>{check}"


def relay(site: str, url: str) -> Collector:
    """A collector elsewhere, at `url`."""
    before = f"""\
collector = HttpCollector(
    "{url}",
    key=os.environ["ASKFIRST_KEY"],
    cookie_keys=FOLDER / "{site}-cookie.keys",
)
"""
    return Collector("askfirst", "HttpCollector", "collector", before, "import os\n")


_SIGNED_IN = "Keeps you signed in."
_FORMS = "Keeps forms free of entries that others forged in your name."
_JINJA = ("{{ askfirst_script() }}", "{{ askfirst_notice() }}")
_ONCE = "init_templates(templates)"
SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'
_GIVEN = 'policy=FOLDER / "{policy}", collector={collector}'
# On lines of their own, as a formatter would have it: with what is assigned the line is too long.
_WRAPPED = f"{{app}} = ConsentMiddleware(\n    {{app}}, {_GIVEN}\n)"


_DJANGO = """\
ASKFIRST = {{
    "POLICY": FOLDER / "{policy}",
    "COLLECTOR": {collector},
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
    "",
    "",
    _DJANGO,
    "{% load askfirst %} {% askfirst_script %}",
    "{% askfirst_notice %}",
    check="python manage.py check",
    where="at the end of your settings",
)
FASTAPI = Framework(
    "fastapi",
    "FastAPI",
    "fastapi",
    (Cookie("session", _SIGNED_IN, 14, "session_cookie", "SessionMiddleware"),),
    "askfirst.fastapi",
    "init_app",
    f"init_app({{app}}, {_GIVEN})",
    *_JINJA,
    _ONCE,
    built_on=("starlette",),
)
FLASK = Framework(
    "flask",
    "Flask",
    "flask",
    # 31 days where the application makes it permanent; else until the browser closes.
    (Cookie("session", _SIGNED_IN, 31, "SESSION_COOKIE_NAME"),),
    "askfirst.flask",
    "AskFirst",
    f"AskFirst({{app}}, {_GIVEN})",
    *_JINJA,
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
    "askfirst.litestar",
    "init_app",
    f"init_app({{app}}, {_GIVEN})",
    *_JINJA,
)
QUART = Framework(
    "quart",
    "Quart",
    "quart",
    (Cookie("session", _SIGNED_IN, 31, "SESSION_COOKIE_NAME"),),
    "askfirst.quart",
    "init_app",
    f"init_app({{app}}, {_GIVEN})",
    *_JINJA,
    built_on=("flask",),
)
STARLETTE = Framework(
    "starlette",
    "Starlette",
    "starlette",
    (Cookie("session", _SIGNED_IN, 14, "session_cookie", "SessionMiddleware"),),
    "askfirst.starlette",
    "init_app",
    f"init_app({{app}}, {_GIVEN})",
    *_JINJA,
    _ONCE,
)
ASGI = Framework(
    "asgi",
    "another ASGI framework",
    "",
    (),
    "askfirst",
    "ConsentMiddleware",
    _WRAPPED,
    SCRIPT,
    "askfirst_notice(scope)",
)
WSGI = Framework(
    "wsgi",
    "another WSGI framework",
    "",
    (),
    "askfirst.wsgi",
    "ConsentMiddleware",
    _WRAPPED,
    SCRIPT,
    "askfirst_notice(environ)",
)

# No framework: there is no Python in front of such a site, and it has the script alone.
FILES = Framework("files", "a site of files, WordPress, PHP, Node", "", (), "", "", "", SCRIPT, "")

FRAMEWORKS = {
    framework.name: framework
    for framework in (DJANGO, FASTAPI, FLASK, LITESTAR, QUART, STARLETTE, ASGI, WSGI)
}
