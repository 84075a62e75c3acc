"""Visits a site and gathers the evidence: all the doctor's input and output stands here."""

from __future__ import annotations

import json
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from askfirst.errors import AskfirstError, PolicyError
from askfirst.terms.policy import Policy, read_policy, shipped
from askfirst_collector.doctor.access_log import Canary, Log
from askfirst_collector.doctor.browser import BrowserReport, chromium, look
from askfirst_collector.doctor.decisions import DecisionReport, look_after_each
from askfirst_collector.doctor.evidence import (
    GPC,
    POLICY,
    PROXIES,
    Evidence,
    InsideReport,
    Page,
    Written,
)
from askfirst_collector.doctor.links import linked_pages
from askfirst_collector.doctor.markup import read_markup
from askfirst_collector.doctor.probe_process import STRANGER
from askfirst_collector.doctor.start_application import Started, started
from askfirst_collector.doctor.steps import Step, walk
from askfirst_collector.doctor.visitor import Answer, Unreachable, Visitor

FORGED = "198.51.100.7"  # for documentation alone (RFC 5737)
MOST_HOPS = 5
STARTING = (0.5, 1.0, 2.0)  # seconds until a gate that knows nothing yet is asked again
MOST_ANSWERED = 3  # pages that are looked at after each answer
JSON = ("Accept", "application/json")
OWN = (POLICY, PROXIES, GPC)


@dataclass(frozen=True)
class Request:
    """What the doctor is asked to look at: `target` is an origin, or `module:app`."""

    target: str
    pages: tuple[str, ...] = ("/",)
    policy: Policy | None = None
    host: Policy | None = None
    logs: tuple[Path, ...] = ()
    connect: tuple[str, int] | None = None
    ca: Path | None = None
    browser: bool = True
    answer: bool = False  # give every answer, too: each is recorded
    steps: tuple[Step, ...] = ()  # what a visitor does before the pages are looked at again
    links: int = 0  # how many pages beyond, that the site leads to


def is_address(target: str) -> bool:
    """Whether a target is a URL, not `module:app`."""
    return target.startswith(("http://", "https://"))


def collect_evidence(request: Request, *, now: Callable[[], float]) -> Evidence:
    """Start the site or visit it, look at everything, and stop it again."""
    with ExitStack() as stack:
        site: Started | None = None
        origin = request.target
        if not is_address(origin):
            site = stack.enter_context(started(origin))
            origin = site.origin
        tls = _trusting(request.ca) if request.ca else None
        visitor = Visitor(origin, request.connect, tls, now)
        logs = [Log.of(file) for file in request.logs]
        evidence = Evidence(
            origin, site is not None, now(), request.host or shipped("host-default")
        )
        try:
            # A gate that has just started may not know yet what its collector knows.
            for pause in (*STARTING, None):
                pages = [_page(visitor, path) for path in request.pages]
                pages += linked_pages(origin, pages, request.links, partial(_page, visitor))
                evidence = replace(evidence, pages=tuple(pages))
                evidence = replace(evidence, own={p: visitor.get(p, JSON) for p in OWN})
                if not evidence.away or pause is None:
                    break
                time.sleep(pause)
            members = replace(visitor, jar={})
            evidence = replace(evidence, steps=tuple(walk(members, request.steps)))
            signed_in = _after_steps(members, request, evidence) if request.steps else []
            canary = Canary.of(secrets.token_hex)
            answer = _send(visitor, request.pages[0], canary)
            inside = _inside(visitor, site, request.pages[0])
        except Unreachable as error:
            output = [site.last_words()] if site else []
            return replace(evidence, unreachable=(str(error), *output))
        plain_pages = [page.path for page in evidence.pages]
        browser, why = _browser(request, origin, plain_pages, signed_in, members.jar or {})
        evidence = replace(evidence, pages=(*evidence.pages, *signed_in))
        policy = request.policy or _policy(evidence.own[POLICY], inside)
        decisions: tuple[DecisionReport, ...] = ()
        if request.answer:
            decisions = _decisions(request, origin, plain_pages, policy)
        if site is not None:
            site.stop()
        return replace(
            evidence,
            policy=policy,
            decisions=decisions,
            host=request.host or _host(inside) or evidence.host,
            inside=_read_inside(inside),
            browser=browser,
            written=tuple(_written(logs, site, origin, canary, answer)),
            certificate_ends=visitor.certificate_ends(),
            notes=tuple(_notes(request, why, evidence.pages)),
        )


def _trusting(file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        raise AskfirstError(f"{file} holds no certificate in PEM ({error})") from error


# ---------------------------------------------------------------- visits


def _page(visitor: Visitor, path: str) -> Page:
    path, first = _followed(visitor, path)
    signals = (visitor.get(path, ("DNT", "1")), visitor.get(path, ("Sec-GPC", "1")))
    markup = read_markup(first.body.decode("utf-8", "replace") if first.is_html else "")
    return Page(path, first, visitor.get(path), signals, markup)


def _followed(visitor: Visitor, path: str) -> tuple[str, Answer]:
    """The page a visitor ends at, as long as redirects stay on the site."""
    for _ in range(MOST_HOPS):
        answer = visitor.get(path)
        to = answer.all(b"location")
        if answer.status not in (301, 302, 303, 307, 308) or not to:
            break
        target = to[0].decode("latin-1")
        try:
            target = urljoin(visitor.origin + path, target)
            parts = urlsplit(target)
        except ValueError as error:
            raise Unreachable(f"{visitor.origin}{path} redirects to {target}: {error}") from error
        if f"{parts.scheme}://{parts.netloc}" != visitor.origin:
            raise Unreachable(f"{visitor.origin}{path} redirects to {target}: give that address")
        path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return path, answer


def _after_steps(visitor: Visitor, request: Request, evidence: Evidence) -> list[Page]:
    """Where the steps ended, the pages of before, and what they lead to now."""
    ends = [report.path for report in evidence.steps if report.problem is None]
    pages = [_page(visitor, path) for path in dict.fromkeys((*reversed(ends), *request.pages))]
    pages = [page for page in pages if page.plain.is_html]
    return pages + linked_pages(visitor.origin, pages, request.links, partial(_page, visitor))


def _send(visitor: Visitor, path: str, canary: Canary) -> Answer:
    joined = "&" if "?" in path else "?"
    return visitor.get(
        f"{path}{joined}{canary.query}=1",
        ("User-Agent", canary.agent),
        ("Referer", f"{visitor.origin}/{canary.referrer}"),
    )


def _written(
    logs: list[Log], site: Started | None, origin: str, canary: Canary, sent: Answer
) -> Iterator[Written]:
    # On loopback the address may as well be the site's own.
    ours = () if sent.address == urlsplit(origin).hostname else (sent.address,)
    for log in logs:
        yield log.written(canary, ours)
    if site is not None:
        # As uvicorn writes it, where the port makes it this visit; and as applications may.
        addresses = (f"{sent.address}:{sent.port}", STRANGER, FORGED)
        yield Written("the server's own output", canary.kinds(site.said(), addresses))


def _browser(
    request: Request,
    origin: str,
    pages: Sequence[str],
    signed_in: Sequence[Page],
    jar: Mapping[str, str],
) -> tuple[BrowserReport | None, str]:
    if not request.browser:
        return None, "no browser was wanted"
    path = chromium()
    if isinstance(path, str):
        return None, path
    after = [page.path for page in signed_in[:MOST_ANSWERED]]
    observation = look(path, origin, pages, connect=request.connect, signed_in=after, jar=jar)
    return (None, observation) if isinstance(observation, str) else (observation, "")


def _decisions(
    request: Request, origin: str, pages: Sequence[str], policy: Policy | None
) -> tuple[DecisionReport, ...]:
    path = chromium()
    if isinstance(path, str):
        raise AskfirstError(f"--answer needs a browser: {path}")
    if policy is None or not policy.asked:
        return ()
    paths = pages[:MOST_ANSWERED]
    return look_after_each(path, origin, paths, policy, connect=request.connect)


def _notes(request: Request, no_browser: str, pages: tuple[Page, ...]) -> Iterator[str]:
    for page in pages:
        if 400 <= page.plain.status < 500:
            yield f"{page.path} answers {page.plain.status}: say with --page what to visit."
    if no_browser:
        yield (
            f"Only the HTML was read, no script was run: {no_browser}. What scripts ask for, set "
            "and store was not seen."
        )
    if is_address(request.target):
        yield "The order of middleware and trust in proxies show from within alone: module:app."
        if not request.logs:
            yield "Access logs were not looked at: name them with --log, on the server itself."
    elif not request.logs:
        yield (
            "The application was served without an access log. What your own server keeps is not "
            "seen from here: see docs/access-logs.md, or name its log with --log."
        )


# ---------------------------------------------------------------- from within


def _inside(visitor: Visitor, site: Started | None, path: str) -> dict[str, Any]:
    if site is None:
        return {}
    forwarded = [("X-Forwarded-For", FORGED), ("Forwarded", f"for={FORGED}")]
    visitor.get(path, site.as_stranger, *forwarded)
    answer = visitor.get(f"/{site.token}")
    return dict(json.loads(answer.body)) if answer.status == 200 else {}


def _read_inside(report: dict[str, Any]) -> InsideReport | None:
    if not report:
        return None
    believes = list(report["trusts_anybody"])
    if FORGED in report["peers"]:
        believes.append("a layer in front of the gate")
    return InsideReport(
        tuple(report["outside"]),
        tuple((cookie, route) for cookie, route in report["undeclared"]),
        tuple(believes),
    )


def _policy(answer: Answer, inside: dict[str, Any]) -> Policy | None:
    try:
        published = json.loads(answer.body)["policy"]
    except (ValueError, KeyError, TypeError, RecursionError):
        published = next(iter(inside.get("policies", [])), None)
    try:
        return read_policy(published, archived=True) if isinstance(published, dict) else None
    except PolicyError:
        return None


def _host(inside: dict[str, Any]) -> Policy | None:
    for file in inside.get("host_policies", []):
        try:
            return read_policy(Path(file), kind="host")
        except PolicyError:
            return None
    return None
