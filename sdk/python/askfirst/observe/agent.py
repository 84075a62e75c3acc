"""User-Agent (RFC 9110 section 10.1.5): browser, system, and whether it is a program.

`user-agents` gives the classes, `ua_parser` with its regex engine the reading. Neither's own front
door is used: the one keeps every raw agent it has seen in a global dict, the other up to 2,000.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ua_parser import OS, Device, Domain, Parser, load_lazy_builtins
from ua_parser import UserAgent as Software
from ua_parser.regex import Resolver
from user_agents.parsers import Browser, OperatingSystem, UserAgent, parse_device

from ..terms.attributes import UNKNOWN, Value
from .recent import Recent
from .value import known_parts

LONGEST = 1024  # characters: hostile agents are long, real ones are under 600
_NOBODY = "Other"  # what uap-core calls an agent it does not know


@cache
def _parser() -> Parser:
    return Parser(Resolver(load_lazy_builtins()))


class Agent(UserAgent):  # type: ignore[misc]  # user-agents has no types
    """An agent as `user-agents` describes it, from parts that were already read."""

    def __init__(self, text: str, software: Software, system: OS, device: Device) -> None:
        # Not parse_browser(): it makes numbers of digits, so that 10.04 becomes 10.4, and it
        # raises for digits such as "²".
        self.ua_string = text
        self.browser = Browser(software.family, *_version(software))
        self.os = OperatingSystem(system.family, *_version(system))
        self.device = parse_device(device.family, device.brand, device.model)


def _version(read: Software | OS) -> tuple[tuple[str, ...], str]:
    parts: list[str] = []
    for part in (read.major, read.minor, read.patch):
        if part is None:
            break
        parts.append(part)
    return tuple(parts), ".".join(parts)


def _read(text: str, domain: Domain) -> Agent:
    read = _parser()(text, domain)
    return Agent(text, read.user_agent or Software(), read.os or OS(), read.device or Device())


# Apps, televisions and systems that uap-core does not know, or takes for the browser within them.
_APPS = (
    (re.compile(r"\[LinkedInApp\]/(\d[\d.]{0,30})"), "LinkedIn"),
    (re.compile(r"\bBarcelona (\d[\d.]{0,30})"), "Threads"),
    (re.compile(r"\bLG Browser/(\d[\d.]{0,30})"), "LG Browser"),
    (re.compile(r"\bRoku\w{0,20}/DVP-(\d[\d.]{0,30})|\(Roku\b()"), "Roku"),
    (re.compile(r"\bOpenHarmony [\d.]{1,30}\).* ArkWeb/(\d[\d.]{0,30}) Mobile$"), "ArkWeb"),
)
_SYSTEMS = (
    (re.compile(r"\bOpenHarmony (\d[\d.]{0,30})"), "HarmonyOS"),
    (re.compile(r"\bRoku\w{0,20}/DVP-(\d[\d.]{0,30})|\(Roku\b()"), "Roku"),
)


def _known(text: str, names: tuple[tuple[re.Pattern[str], str], ...]) -> Value | None:
    for pattern, family in names:
        if match := pattern.search(text):
            full = (match[1] or "").rstrip(".")
            return known_parts(family, full.partition(".")[0], full)
    return None


def _value(read: Browser | OperatingSystem) -> Value:
    if read.family == _NOBODY:
        return (UNKNOWN,)
    return known_parts(read.family, read.version[0] if read.version else None, read.version_string)


def _cut(agent: str) -> str:
    return agent[:LONGEST].encode("utf-8", "replace").decode()


def _read_browser(text: str) -> Value:
    value = _known(text, _APPS)
    return value or _value(_read(_without_models(text), Domain.USER_AGENT).browser)


def _read_os(text: str) -> Value:
    return _known(text, _SYSTEMS) or _value(_read(text, Domain.OS).os)


@dataclass(slots=True)
class _Known:
    """What was read of an agent so far; its text is not in it."""

    browser: Value | None = None
    os: Value | None = None
    is_bot: bool | None = None


_recent = Recent(lambda _: _Known())


class Reading:
    """An agent, each thing that it says read when it is first wanted."""

    def __init__(self, agent: str) -> None:
        self._text = _cut(agent)
        self._known = _recent(self._text)

    @property
    def browser(self) -> Value:
        """Family, major version, full version of the browser: ("Firefox", "140", "140.0.2")."""
        value = self._known.browser
        if value is None:
            value = self._known.browser = _read_browser(self._text)
        return value

    @property
    def os(self) -> Value:
        """Family, major version, full version of the system: ("Windows", "10", "10")."""
        value = self._known.os
        if value is None:
            value = self._known.os = _read_os(self._text)
        return value

    @property
    def is_bot(self) -> bool:
        """Whether it says it is a program rather than a person's browser. No agent: not said."""
        value = self._known.is_bot
        if value is None:
            value = self._known.is_bot = bool(self._text.strip()) and _is_program(self._text)
        return value


def browser(agent: str) -> Value:
    """`Reading.browser` of an agent."""
    return Reading(agent).browser


def os(agent: str) -> Value:
    """`Reading.os` of an agent."""
    return Reading(agent).os


def is_bot(agent: str) -> bool:
    """`Reading.is_bot` of an agent."""
    return Reading(agent).is_bot


# Words by which programs call themselves, in lower case.
_WORDS = tuple(
    """crawl spider slurp scrap http: https: [at] fetch curl wget python okhttp httpclient go-http
    axios headless phantom playwright selenium puppeteer monitor uptime synthetic check scan archiv
    preview validat lighthouse gtmetrix perl audit inspect harvest verif survey research probe
    analys analyz httrack sitesucker webcop webcapture download mediapartners google- googleother
    bw/1.""".split()  # noqa: SIM905
)
# Those that are programs only with something before or behind: Cubot makes telephones, Ecosia
# writes "android@150.0".
_FORMS = re.compile(
    r"(?<!cu)bot|www\.|@[a-z]|\+\w[\w-]*\.[a-z]|\bjava[/)]|\bfeed|feeds?\b|\brss|\bruby|\bphp\b|"
    r"\bseo|proxy\b|[a-z]\.(?:com|org|net|io|ai|ly)\b"
)
# Browsers have said Mozilla since 1994, Opera said Opera, and those of the terminal say their name.
_BROWSERS = re.compile(r"(?:Mozilla|Opera|Lynx|E?Links|w3m|Dillo|NetSurf|UCWEB|Dalvik)\b")
# Old telephones say only their make and this, or a system that uap-core knows.
_TELEPHONE = "MIDP"
# "Mozilla/5.0 (compatible; NAME" was Internet Explorer's form; since then only programs use it, and
# Roku's players.
_COMPATIBLE = re.compile(
    r"Mozilla/\d\.\d+ \(compatible; (?!MSIE|Konqueror|iCab|OmniWeb|NetPositive|Roku/)"
)
# What stands behind Android's version: language, model and build, one a part.
_MODELS = re.compile(r"(?<=; Android )([^;()]{0,40})((?:;[^;()]{0,100})+)")
# A model has no address, and no version but that of its build.
_MODEL = re.compile(r" ?(?!compatible\b)[\w .,+-]+(?:Build/\S*)?")
# What an app says of itself and its telephone: Facebook's list; Instagram's and that of Threads; a
# language with ICU's keywords ("en_IR@calendar=gregorian").
_APP = re.compile(
    r"\[FB[A-Z]{2}/[^\]]{0,600}\]?|\b(?:Instagram|Barcelona) [\d.]+ (?:Android )?\([^)]{0,300}\)|"
    r"\b[a-z]{2,3}_\w{2,10}@(?:[a-z]+=[\w-]+;?)+"
)


def _without_models(text: str) -> str:
    """The agent with the models of telephones that hold a program's word as Chrome hides them: K.

    TECNO makes a Phantom6, and a Spider 8 is no spider.
    """

    def hidden(part: str) -> str:
        return " K" if _MODEL.fullmatch(part) and _names_program(part.lower()) else part

    def hide(match: re.Match[str]) -> str:
        return match[1] + ";".join(hidden(part) for part in match[2].split(";"))

    return _MODELS.sub(hide, text)


def _names_program(lower: str) -> bool:
    return any(word in lower for word in _WORDS) or _FORMS.search(lower) is not None


def _is_program(agent: str) -> bool:
    text = _without_models(_APP.sub("App", agent))
    if _names_program(text.lower()) or _COMPATIBLE.match(text):
        return True
    if _BROWSERS.match(text) or text != agent or _TELEPHONE in text or _read_os(text) != (UNKNOWN,):
        return bool(_read(text, Domain.DEVICE).is_bot)
    return True
