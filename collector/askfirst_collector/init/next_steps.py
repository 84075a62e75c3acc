"""What `askfirst init` says when the policy is written: cookies to declare, and lines to add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from askfirst.gate.cookie_filter import CookieFilter, Kind
from askfirst.gate.undeclared_cookies import Report, necessary
from askfirst.terms.policy import Policy
from askfirst_collector.frameworks import FILES, Cookie, Framework
from askfirst_collector.init.packages import cookies_in
from askfirst_collector.init.project import Project
from askfirst_collector.init.sources import Place


def cookies_of(framework: Framework, project: Project) -> tuple[Cookie, ...]:
    """The cookies of the framework and of the packages, as this project calls them."""
    cookies: dict[str, Cookie] = {}
    for cookie in (*framework.cookies, *cookies_in(project.required, project.modules)):
        if not cookie.where or cookie.where in project.words:
            name = _renamed(cookie, project)
            cookies.setdefault(name, replace(cookie, name=name))
    return tuple(cookies.values())


def _renamed(cookie: Cookie, project: Project) -> str:
    name = project.renamed.get(cookie.setting, cookie.name)
    return f"{name}*" if cookie.name.endswith("*") and not name.endswith("*") else name


def cookie_lines(cookies: tuple[Cookie, ...], policy: Policy, project: Project) -> Iterator[str]:
    """Which cookies will be taken out as the policy stands, with the lines that let them pass."""
    kind = CookieFilter(policy, report=Report(mode="strict", suggest=None)).kind
    for cookie in cookies:
        if cookie.purpose and cookie.purpose not in policy.purposes:
            yield (
                f"\n{cookie.name} is not necessary ({cookie.why[:-1].lower()}): no visitor gets it "
                f"until a purpose of yours, such as {cookie.purpose}, declares it:\n"
                f'cookies = ["{cookie.name}"]'
            )
    for name, where in project.own_cookies:
        if kind(name.encode("ascii")) == Kind():
            yield (
                f"\n{name} is set in {where}, and no purpose declares it: no visitor gets it until "
                f'one does, by cookies = ["{name}"], or, if the site cannot work without it, these '
                f"lines at the policy's end:\n{necessary(name)}"
            )


def next_steps(framework: Framework, project: Project, folder: Path, file: Path, site: str) -> str:
    """The lines that put the gate in front, where they go, and the commands that follow.

    A site of files has no gate: what it has is written for it, on the collector's machine.
    """
    if framework is FILES:
        return (
            "\nNext, where the collector runs (askfirst serve --data askfirst-data), "
            "https://stats.example being its address:\n\n"
            f"    askfirst site add {file} --data askfirst-data\n"
            f"    askfirst snippet {site} --data askfirst-data --collector https://stats.example"
            " --out public\n\n"
            "Copy what is in public to the root of the site; the last command prints the line for "
            f"its pages.\n\nThen: askfirst policy explain {file}"
        )
    place = place_of(framework, project)
    up, policy = 0, file.name
    if place is not None:
        up = len(place.file.parts) - 1
        policy = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
    name = place.name if place is not None else "app"
    lines = framework.lines(app=name, policy=policy, up=up)
    indented = "\n".join(f"    {line}" if line else "" for line in lines.splitlines())
    target = _target(framework, project, place)
    return (
        f"\nNext, {_where(framework, place)} ({framework.title}):\n\n{indented}\n\n"
        f"In your pages: {framework.template}\n\n"
        f"Then: askfirst policy explain {file}\n"
        f"      askfirst doctor {target or 'module:app'}"
        f"{'' if target else '   (in place of module:app: where your app is)'}"
    )


def place_of(framework: Framework, project: Project) -> Place | None:
    """Where the project makes its application; None where that is not plain."""
    maker = "INSTALLED_APPS" if framework.name == "django" else framework.title
    places = [place for place in project.places if place.maker == maker]
    own = [place for place in places if "tests" not in place.file.parts]
    return own[0] if len(own) == 1 else None


def _where(framework: Framework, place: Place | None) -> str:
    if place is None:
        return f"in the folder of the policy, {framework.where}"
    if place.factory:
        return f"in {place.factory} of {place.file}, before it returns {place.name}"
    return f"in {place.file}, {framework.where}"


def _target(framework: Framework, project: Project, place: Place | None) -> str:
    if framework.name != "django":
        return place.target if place is not None else ""
    served = (place for place in project.places if place.maker == "get_wsgi_application")
    wsgi = next(served, None)
    return wsgi.target if wsgi is not None else ""
