"""What the doctor does as a visitor before it looks again: signs in, follows, posts.

A file of steps has one a line: `GET /path`, or `POST /path name=value …`, quoted as in a shell;
a value `$NAME` is taken from the environment, and what follows `#` is a comment.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode, urljoin, urlsplit

from askfirst.errors import AskfirstError
from askfirst_collector.doctor.forms import Form, read_forms
from askfirst_collector.doctor.visitor import Answer, Unreachable, Visitor

MOST_HOPS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


@dataclass(frozen=True)
class Step:
    """One thing to do; `where` says who asked for it: `steps.txt:3`, or `--login`."""

    where: str
    method: Literal["GET", "POST", "SIGN IN"]
    path: str
    fields: tuple[tuple[str, str], ...] = ()  # of a sign-in: the user, then the password

    @property
    def name(self) -> str:
        """What is done, without what is sent."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class StepReport:
    """What a step came to: every answer on its way, the path it ended at, what did not work."""

    step: Step
    path: str
    answers: tuple[Answer, ...]
    problem: str | None = None


class BadStep(AskfirstError):
    """A line that is no step."""


def read_steps(text: str, *, file: str, environ: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of a file. Raises BadStep with the line, and what to write instead."""
    lines = enumerate(text.splitlines(), 1)
    steps = (_step(line, f"{file}:{number}", environ) for number, line in lines)
    return tuple(step for step in steps if step is not None)


def _step(line: str, where: str, environ: Mapping[str, str]) -> Step | None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise BadStep(f"{where}: {str(error).lower()}: close the quotation mark") from None
    if not words:
        return None
    method, *rest = words
    if method not in ("GET", "POST"):
        raise BadStep(f"{where}: found {method!r}: write GET or POST first, such as GET /basket")
    if not rest or not rest[0].startswith("/") or rest[0].startswith("//"):
        raise BadStep(f"{where}: write a path of the site behind {method}, such as /basket")
    path, *pairs = rest
    if method == "GET" and pairs:
        raise BadStep(f"{where}: GET has no fields: write them as {path}?{'&'.join(pairs)}")
    fields = tuple(_field(pair, where, environ) for pair in pairs)
    return Step(where, "POST" if method == "POST" else "GET", path, fields)


def _field(pair: str, where: str, environ: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise BadStep(f"{where}: found {pair!r}: write name=value, in quotes where it has blanks")
    if value.startswith("$"):
        try:
            return name, environ[value[1:]]
        except KeyError:
            raise BadStep(f"{where}: the environment has no {value[1:]}") from None
    return name, value


def walk(visitor: Visitor, steps: tuple[Step, ...]) -> Iterator[StepReport]:
    """Take each step in turn, with the cookies and the page of those before; never raises."""
    page: tuple[str, Answer] | None = None
    for step in steps:
        report = _take(visitor, step, page)
        if report.answers:
            page = report.path, report.answers[-1]
        yield report


def _take(visitor: Visitor, step: Step, page: tuple[str, Answer] | None) -> StepReport:
    report = StepReport(step, step.path, ())
    try:
        if step.method == "GET":
            return _ask(visitor, report, step.path)
        if step.method == "POST":
            # What the form of the page before holds goes with it: its token against forgery.
            form = _form_for(visitor.origin, page, step.path) if page else None
            sent = {**(form.sends() if form else {}), **dict(step.fields)}
            return _ask(visitor, report, step.path, sent, referrer=page[0] if page else None)
        return _sign_in(visitor, report)
    except Unreachable as error:
        return replace(report, problem=str(error))


def _sign_in(visitor: Visitor, report: StepReport) -> StepReport:
    report = _ask(visitor, report, report.step.path)
    if report.problem:
        return report
    form = _password_form(report.answers[-1])
    user = form.user if form else None
    if form is None or form.password is None or user is None:
        return replace(
            report, problem="the page has no form with a field for the user and one password"
        )
    (_, name), (_, password) = report.step.fields
    # "Remember me" too: what it sets is what is to be seen.
    sent = {**form.sends(boxes=True), user.name: name, form.password.name: password}
    action = _path(urljoin(visitor.origin + report.path, form.action), visitor.origin)
    if action is None:
        return replace(report, problem="its form is sent to another origin")
    report = _ask(visitor, report, action, sent, referrer=report.path)
    if not report.problem and _password_form(report.answers[-1]) is not None:
        return replace(report, problem=f"{report.path} still asks for a password")
    return report


def _ask(
    visitor: Visitor,
    report: StepReport,
    path: str,
    fields: Mapping[str, str] | None = None,
    *,
    referrer: str | None = None,
) -> StepReport:
    """Send it, and follow where it leads."""
    answers = list(report.answers)
    for _ in range(MOST_HOPS):
        if fields is None:
            answer = visitor.get(path)
        else:
            headers = [_FORM, ("Origin", visitor.origin), ("Sec-Fetch-Site", "same-origin")]
            if referrer is not None:
                headers.append(("Referer", visitor.origin + referrer))
            answer = visitor.send("POST", path, *headers, body=urlencode(fields).encode("ascii"))
        answers.append(answer)
        location = answer.all(b"location")
        if answer.status not in _REDIRECTS or not location:
            break
        if answer.status in (301, 302, 303):
            fields = None
        target = urljoin(visitor.origin + path, location[0].decode("latin-1"))
        onward = _path(target, visitor.origin)
        if onward is None:
            return replace(
                report, path=path, answers=tuple(answers), problem=f"it leads away, to {target}"
            )
        path = onward
    status = answers[-1].status
    problem = f"{path} answers {status}" if status >= 400 or status in _REDIRECTS else None
    return replace(report, path=path, answers=tuple(answers), problem=problem)


def _path(address: str, origin: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if f"{parts.scheme}://{parts.netloc}" != origin:
        return None
    return parts._replace(scheme="", netloc="", fragment="").geturl() or "/"


def _forms(answer: Answer) -> tuple[Form, ...]:
    return read_forms(answer.body.decode("utf-8", "replace")) if answer.is_html else ()


def _password_form(answer: Answer) -> Form | None:
    return next((form for form in _forms(answer) if form.password), None)


def _form_for(origin: str, page: tuple[str, Answer], path: str) -> Form | None:
    """The form of a page that is posted to a path."""
    at, answer = page
    for form in _forms(answer):
        action = _path(urljoin(origin + at, form.action), origin)
        place = (action or "").partition("?")[0]
        if form.method == "POST" and place == path.partition("?")[0]:
            return form
    return None
