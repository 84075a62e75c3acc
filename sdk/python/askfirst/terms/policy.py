"""`Policy`: what a site, a host or a placed collector publishes, read from TOML or JSON."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import PolicyError, Problem
from .canonical import canonical
from .countries import country_problem, law_problem
from .languages import nearest
from .notice_words import NoticeWords, read_notice_words
from .pages import route_problem
from .purpose import COOKIE_GLOB, Kind, Purpose, read_purposes, write_order, write_terms
from .reading import Problems, Reader, pointer
from .time_zone import UTC_NAME, ZONE_ADVICE, time_zone_problem
from .uses import above

VERSION = 1
SHIPPED = ("minimal", "standard", "full", "host-default")
LARGEST = 1_000_000  # bytes of a policy file
MOST_ROUTES = 64  # of a site: a path is held against each
ROUTE_ADVICE = "write a path such as '/orders/:order' or '/blog/*'"

_ORIGIN = (
    r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?"
    r"|http://(localhost|127\.0\.0\.1|\[::1\])(:[1-9][0-9]{0,4})?"
)
MOST_PARTS = 16  # of a dotted key: what reads TOML is quadratic in them
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
# Only where a key may begin, so that words of a text are none; linear in the text.
_DEEP_KEY = re.compile(rf"(?m)(?:^|[\[{{,])[ \t]*+(?:{_PART}\.[ \t]*+){{{MOST_PARTS}}}")
_ORIGIN_ADVICE = (
    "write an exact origin such as 'https://example.org': lower case, https (http on loopback "
    "alone), no path, no default port"
)


# The keys that came after 0.2, with their defaults. What came later is left out of the canonical
# form where it is at its default: an upgrade changes no hash, and makes no edition.
NEWER_DEFAULTS: Mapping[str, object] = {
    "time_zone": UTC_NAME,
    "routes": [],
    "hash_routes": False,
    "order": [],
    "words": {},
}


@dataclass(frozen=True)
class Controller:
    """Who decides about the processing (GDPR article 4(7)), as visitors are told."""

    name: str
    contact: str
    country: str
    address: str = ""


@dataclass(frozen=True)
class Authority:
    """The supervisory authority a visitor may complain to (GDPR article 77)."""

    name: str
    url: str


@dataclass(frozen=True)
class Necessary:
    """A cookie the site cannot work without: named, explained, never asked about."""

    cookie: str
    why: str
    days: int


@dataclass(frozen=True, eq=False)
class Policy:
    """A whole policy; two are the same when their hashes are.

    Days are whole days; `languages` has the default language first, and `purposes` are in the order
    in which visitors read them.
    """

    version: int
    site: str
    origins: tuple[str, ...]
    controller: Controller
    jurisdiction: str
    authority: Authority | None
    languages: tuple[str, ...]
    for_children: bool
    server_side: bool
    count_refusals: bool
    consent_days: int
    refusal_days: int
    evidence_days: int
    necessary: tuple[Necessary, ...]
    purposes: Mapping[str, Purpose]
    time_zone: str = UTC_NAME
    routes: tuple[str, ...] = ()
    hash_routes: bool = False
    words: Mapping[str, NoticeWords] = field(default_factory=dict)

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The purposes visitors are asked about, by name."""
        return tuple(name for name, purpose in self.purposes.items() if purpose.asked)

    def own_words(self, lang: str) -> Mapping[str, Mapping[str, str]]:
        """The site's own words in a language, by group and key; of its regions the first."""
        tag = nearest(lang, self.words)
        return self.words[tag].entries if tag else {}

    @cached_property
    def document(self) -> dict[str, Any]:
        """The policy as plain values, every default written out and every set sorted."""
        authority = self.authority
        return without_newer_defaults(
            {
                "version": self.version,
                "site": self.site,
                "origins": sorted(self.origins),
                "controller": {key: value for key, value in vars(self.controller).items() if value},
                "jurisdiction": self.jurisdiction,
                **({"authority": vars(authority).copy()} if authority else {}),
                "time_zone": self.time_zone,
                "routes": list(self.routes),
                "hash_routes": self.hash_routes,
                "order": write_order(self.purposes),
                "languages": list(self.languages),
                "words": {language: own.document for language, own in self.words.items()},
                "for_children": self.for_children,
                "server_side": self.server_side,
                "count_refusals": self.count_refusals,
                "consent_days": self.consent_days,
                "refusal_days": self.refusal_days,
                "evidence_days": self.evidence_days,
                "necessary": [vars(cookie).copy() for cookie in self.necessary],
                "purposes": {name: _write(purpose) for name, purpose in self.purposes.items()},
            }
        )

    def canonical(self) -> bytes:
        """Canonical JSON of the document (RFC 8785)."""
        return canonical(self.document)

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 of the canonical JSON: the name of this policy as an edition."""
        return hashlib.sha256(self.canonical()).hexdigest()


def without_newer_defaults(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without the keys that say nothing and that older versions do not know."""
    return {
        key: value
        for key, value in document.items()
        if key not in NEWER_DEFAULTS or value != NEWER_DEFAULTS[key]
    }


def _write(purpose: Purpose) -> dict[str, Any]:
    text = {language: vars(words).copy() for language, words in purpose.text.items()}
    return {**write_terms(purpose.terms), **({"text": text} if text else {})}


def read_policy(
    source: Path | str | bytes | Mapping[str, Any], *, kind: Kind = "site", archived: bool = False
) -> Policy:
    """Read a policy: a path (`.toml` or `.json`), TOML or JSON text, or a plain mapping.

    Raises PolicyError with the problems found, each with a JSON pointer (RFC 6901), the value,
    and what to write instead. With `archived` it was published already: limits that only stop
    what is published now do not count. Takes time and memory in line with the document's length.
    """
    document = source if isinstance(source, Mapping) else parse(source)
    problems = Problems()
    policy = policy_of(document, problems, kind=kind, archived=archived)
    problems.raise_any()
    return policy


def policy_of(document: object, problems: Problems, *, kind: Kind, archived: bool) -> Policy:
    """Read plain values as a policy; where anything is added to `problems` it is of no use."""
    before = len(problems)
    reader = Reader(document, "", problems)
    policy = _read(reader, kind, archived=archived)
    if len(problems) == before and not archived:
        _check_countries(reader.table, problems)
    if len(problems) == before and kind == "host":
        _check_uses(policy, problems)
    return policy


def idle_purposes(policy: Policy) -> tuple[Problem, ...]:
    """The purposes that visitors are asked about for nothing, as a warning for their owner."""
    advice = (
        "nothing hangs on this purpose: give it levels, cookies, storage or recipients, or take it "
        "out, unless scripts of the page wait for it"
    )
    return tuple(
        Problem(f"/purposes/{name}", None, advice)
        for name in policy.asked
        if not any((terms := policy.purposes[name].terms).scope.levels)
        and not (terms.cookies or terms.storage or terms.recipients)
    )


def without_campaigns(policy: Policy) -> tuple[Problem, ...]:
    """The purposes that know where visits come from, and not by which links, for their owner.

    Policies that were written before there was `campaign` are among them.
    """
    advice = (
        "links with utm_source, utm_campaign or ref are not counted: write campaign = 3 where it "
        "is wanted; visitors are asked again, and a host policy of before has to allow it"
    )
    scopes = {name: policy.purposes[name].terms.scope for name in policy.asked}
    return tuple(
        Problem(f"/purposes/{name}/levels/campaign", 0, advice)
        for name, scope in scopes.items()
        if min(scope.level("page"), scope.level("referrer")) > 1 and not scope.level("campaign")
    )


def shipped(name: str) -> Policy:
    """One of the policies that come with askfirst: minimal, standard, full or host-default."""
    if name not in SHIPPED:
        raise PolicyError([Problem("", name, f"write one of {', '.join(SHIPPED)}")])
    source = files("askfirst").joinpath("policies", f"{name}.toml").read_bytes()
    return read_policy(source, kind="host" if name == "host-default" else "site")


def parse(source: Path | str | bytes) -> Any:
    """The plain values of a file or text in TOML or JSON; PolicyError where it is neither."""
    if isinstance(source, Path):
        try:
            source = source.read_bytes()
        except OSError as error:
            advice = f"the policy cannot be read ({error.strerror}): give the path of a file"
            if isinstance(error, FileNotFoundError):
                advice = "there is no policy here: write one with askfirst init, or give its path"
            raise PolicyError([Problem("", str(source), advice)]) from error
    try:
        text = source.decode("utf-8") if isinstance(source, bytes) else source
        if len(text) > LARGEST:
            raise ValueError(f"it is longer than {LARGEST} characters")
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            return json.loads(text, object_pairs_hook=_once)
        if _DEEP_KEY.search(text):
            raise ValueError(f"a key has more than {MOST_PARTS} parts")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        advice = f"this is neither TOML nor JSON: {error}"
        raise PolicyError([Problem("", None, advice)]) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return table


def _read(r: Reader, kind: Kind, *, archived: bool) -> Policy:
    site = kind == "site"
    version = r.number("version", VERSION, VERSION)
    languages = r.texts(
        "languages",
        pattern=r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?",
        advice="write language tags such as 'en' or 'pt-BR', the default first",
        least=1 if kind != "host" else 0,
    )
    policy = Policy(
        version=version,
        site=r.name("site"),
        origins=r.texts("origins", pattern=_ORIGIN, advice=_ORIGIN_ADVICE, least=int(site)),
        controller=_read_controller(r.below("controller", required=True)),
        jurisdiction=r.text(
            "jurisdiction",
            pattern=r"[A-Z]{2}(-[A-Z0-9]{1,3})?",
            advice="write a code such as 'EU', 'GB' or 'US-CA'",
        ),
        authority=_read_authority(r),
        languages=languages,
        time_zone=_read_time_zone(r, archived=archived) if site else UTC_NAME,
        routes=_read_routes(r) if site else (),
        hash_routes=r.flag("hash_routes", default=False) if site else False,
        words=read_notice_words(r, languages, archived=archived) if site else {},
        for_children=r.flag("for_children", default=False),
        server_side=r.flag("server_side", default=False),
        count_refusals=r.flag("count_refusals", default=False),
        # The cookie ends with a month (M09): under 90 days a grant might last no time at all.
        consent_days=r.number("consent_days", 90, 365, 365),
        # A refusal is remembered for at least six months (Garante 2021; M10).
        refusal_days=r.number("refusal_days", 184, 365, 365),
        evidence_days=r.number("evidence_days", 365, 3650, 1095),
        necessary=tuple(_read_necessary(table) for table in r.tables("necessary")),
        purposes=read_purposes(r, kind, languages, archived=archived),
    )
    r.close()
    return policy


def _read_time_zone(r: Reader, *, archived: bool) -> str:
    # What was published is read on a machine without zones too: a gate needs none.
    name = r.text("time_zone", UTC_NAME, longest=64, advice=ZONE_ADVICE)
    if r.sound("time_zone") and not archived and (problem := time_zone_problem(name)):
        r.wrong("time_zone", name, problem)
    return name


def _read_routes(r: Reader) -> tuple[str, ...]:
    routes = r.texts("routes", pattern=r"/[^\x00-\x20]*", advice=ROUTE_ADVICE, most=MOST_ROUTES)
    for index, route in enumerate(routes):
        if problem := route_problem(route):
            r.problems.add(Problem(r.at + pointer("routes", index), route, problem))
    return routes


def _read_controller(r: Reader) -> Controller:
    controller = Controller(
        r.text("name", longest=200),
        r.text("contact", longest=200, advice="write an e-mail address or a page's address"),
        r.text("country", pattern=r"[A-Z]{2}", advice="write a country code such as 'DE'"),
        r.text("address", "", longest=500),
    )
    r.close()
    return controller


def _read_authority(r: Reader) -> Authority | None:
    if not r.has("authority"):
        r.seen.append("authority")
        return None
    below = r.below("authority")
    url = below.text("url", pattern=r"https://[^\s]+", advice="write an https address")
    authority = Authority(below.text("name", longest=200), url)
    below.close()
    return authority


def _read_necessary(r: Reader) -> Necessary:
    advice = "write the cookie's name, or a glob that is more than '*'"
    necessary = Necessary(
        r.text("cookie", pattern=COOKIE_GLOB, advice=advice),
        r.text("why", longest=300),
        r.number("days", 0, 400, 0),
    )
    r.close()
    return necessary


def _check_countries(document: Mapping[str, Any], problems: Problems) -> None:
    controller, law = document["controller"]["country"], document["jurisdiction"]
    codes = [
        ("/controller/country", controller, country_problem(controller)),
        ("/jurisdiction", law, law_problem(law)),
    ]
    for name, purpose in document["purposes"].items():
        recipients = purpose.get("recipients", ())
        for index, recipient in enumerate(recipients if recipients != "*" else ()):
            code = recipient["country"]
            at = f"/purposes/{name}/recipients/{index}/country"
            codes.append((at, code, country_problem(code)))
    for at, code, problem in codes:
        if problem:
            problems.add(Problem(at, code, problem))


def _check_uses(policy: Policy, problems: Problems) -> None:
    names: dict[str, list[str]] = {}
    for name, purpose in policy.purposes.items():
        names.setdefault(purpose.terms.data_use, []).append(name)
    for name, purpose in policy.purposes.items():
        use = purpose.terms.data_use
        # One of each is enough to be told: a second of the same use is told of itself.
        others = [(n, u) for u in above(use) for n in names.get(u, ())[:2] if n != name]
        for other, wider in others:
            advice = f"uses of a host must not contain each other: {other!r} has {wider!r}"
            problems.add(Problem(f"/purposes/{name}/data_use", use, advice))
