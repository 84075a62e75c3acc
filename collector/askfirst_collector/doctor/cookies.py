"""Cookies and storage: what leaves, what is taken out, and what comes before consent."""

from __future__ import annotations

from collections.abc import Iterator

from askfirst.gate.cookie_filter import CookieFilter, Kind
from askfirst.gate.undeclared_cookies import Report, as_glob, necessary
from askfirst.http.set_cookie import deletes, name_of
from askfirst_collector.doctor.evidence import Evidence, plain
from askfirst_collector.doctor.finding import Finding
from askfirst_collector.init.known_services import hint, services_with

_DECLARE = (
    'Write cookies = ["{name}"] into the [purposes.NAME] it serves or, if the site cannot work '
    "without it, these three lines at the policy's end:\n{lines}"
)


def _declare(name: str) -> str:
    return _DECLARE.format(name=name, lines=necessary(name)) + hint(services_with(name))


def undeclared_leaves(evidence: Evidence) -> Iterator[Finding]:
    """D004: the gate would take it out, so it is set behind its back, or it is told to learn."""
    for where, name in _set(evidence):
        if evidence.policy is not None and kind_of(evidence, name) == Kind():
            yield Finding(
                "askfirst.D004",
                where,
                f"the cookie {as_glob(name)}",
                f"{_declare(as_glob(name))}\nThe gate would have taken it out: it was set by a "
                'script, or outside of the gate, or by undeclared="learn"',
            )


def undeclared_taken_out(evidence: Evidence) -> Iterator[Finding]:
    """D005: the application sets it, and no visitor ever gets it."""
    globs = {as_glob(name) for _, name in _set(evidence)}
    for cookie, route in evidence.inside.undeclared if evidence.inside else ():
        if cookie not in globs:
            yield Finding(
                "askfirst.D005",
                plain(route),
                f"the cookie {plain(cookie)}",
                f"{_declare(plain(cookie))}\nOr set it no more",
            )


def cookie_before_consent(evidence: Evidence) -> Iterator[Finding]:
    """D006: a cookie that waits for a purpose came to somebody who never answered (M01)."""
    for where, name in _set(evidence):
        kind = kind_of(evidence, name)
        if kind.necessary or (kind == Kind() and evidence.policy is not None):
            continue
        for_what = f", which is for {', '.join(kind.purposes)}" if kind.purposes else ""
        yield Finding(
            "askfirst.D006",
            where,
            f"the cookie {as_glob(name)}{for_what}",
            "Set it behind the gate, or in a script that waits: "
            '<script type="text/plain" data-purpose="…">',
        )


def stored_before_consent(evidence: Evidence) -> Iterator[Finding]:
    """D007: local or session storage, which is the same as a cookie to the law (M01)."""
    for where, key in dict.fromkeys(evidence.browser.stored if evidence.browser else ()):
        yield Finding(
            "askfirst.D007",
            where,
            f"the storage key {plain(key)}",
            'Store it only after askfirst.allows("NAME") says so, and declare it: storage = '
            f'["{plain(key)}"] in [purposes.NAME]',
        )


def step_does_not_work(evidence: Evidence) -> Iterator[Finding]:
    """D025: what came behind it was not seen; often by a cookie that is taken out."""
    for report in evidence.steps:
        if report.problem is not None:
            undeclared = (
                [cookie for cookie, _ in evidence.inside.undeclared] if evidence.inside else []
            )
            cause = f" ({', '.join(map(plain, undeclared))} is taken out)" if undeclared else ""
            yield Finding(
                "askfirst.D025",
                f"{report.step.where} {report.step.name}",
                plain(report.problem),
                f"Declare the cookies that it needs{cause}, and look at path and fields",
            )


def _set(evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    """Every cookie somebody new was given, with the step, or the first page, that gave it."""
    places: dict[bytes, str] = {}
    for report in evidence.steps:
        for answer in report.answers:
            for line in answer.all(b"set-cookie"):
                name = name_of(line)
                if name is not None and not deletes(line, evidence.now):
                    places.setdefault(name, f"{report.step.where} {report.step.name}")
    for page in evidence.pages:
        for line in page.plain.all(b"set-cookie"):
            name = name_of(line)
            if name is not None and not deletes(line, evidence.now):
                places.setdefault(name, page.path)
    for where, shown in evidence.browser.cookies if evidence.browser else ():
        places.setdefault(shown.encode("utf-8", "replace"), where)
    yield from ((where, name) for name, where in places.items())


def kind_of(evidence: Evidence, name: bytes) -> Kind:
    """What the policy says of a cookie; of one that it does not name, nothing."""
    if evidence.policy is None:
        return Kind()
    return CookieFilter(evidence.policy, report=Report(mode="strict", suggest=None)).kind(name)
