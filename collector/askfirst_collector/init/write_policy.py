"""Writes a policy as a person would: every line with what it means beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from askfirst.terms.attributes import ATTRIBUTES
from askfirst.terms.terms import Closes
from askfirst.terms.time_zone import UTC_NAME
from askfirst_collector.catalogue.first_policy import jurisdiction, with_purposes
from askfirst_collector.frameworks import Cookie

COLUMN = 45  # where comments begin, if the line leaves room
LONGEST = 100  # else the comment stands above

HEAD = """\
# What this site asks of its visitors, written by: askfirst init
# Change it as you like, then: askfirst policy check policy.toml
# A key that is not known is refused, so a slip of the pen cannot widen anything.
"""
COMMENTS = {
    "version": "the version of this format",
    "site": "a short name; it stands in cookies and receipts",
    "origins": "exact: scheme, host, port; http on loopback alone",
    "jurisdiction": "whose law the notice follows: EU, GB, US-CA, …",
    "time_zone": "whose days and hours count: an IANA name",
    "languages": "languages of the notice, the default first",
    "for_children": "true: nothing is asked and nothing is gathered",
    "server_side": "true: the server counts page views after a grant",
    "count_refusals": "true: a refusal adds one to a tally, no more",
    "consent_days": "of before: read, and decides nothing",
    "refusal_days": "the same: answers last to the end of the next half-year",
    "evidence_days": "the record of a grant is kept this long after it",
}
CONTROLLER = {
    "name": "as a visitor knows it",
    "contact": "where a visitor can write to",
    "country": "ISO 3166-1",
}
NECESSARY = {
    "cookie": 'a name, or a glob such as "csrf_*"',
    "why": "said on the policy page",
    "days": "0: until the browser closes",
}
PURPOSE = {
    "data_use": "a data use of the Fides taxonomy",
    "legal_basis": "only consent lets an event be stored",
    "closes": "day, week or month: then its questions are answered",
    "retention_days": "how long the answers are kept, from then on",
    "keep_rows_days": "0: the rows are destroyed when the period closes",
    "min_cell_size": "no figure stands for fewer visitors than this",
    "minimum_age": "0: accept says nothing about age",
    "sells_or_shares": "forced true by a recipient who is no processor",
    "cookies": "cookies of this purpose: names or globs",
    "storage": "its keys of local and session storage",
}
SCOPE = {
    "time": "1 day, 2 hour, 3 minute, 4 second",
    "page": "1 section, 2 path, 3 query (listed values alone)",
    "referrer": "1 channel, 2 site",
    "campaign": "1 source, 2 medium, 3 name, as links to the site say",
    "browser": "1 family, 2 major, 3 full",
    "os": "1 family, 2 major, 3 full",
    "screen": "1 class, 2 in steps of 100 px, 3 exact",
    "ip": "1 country, 2 region, 3 city; never the address",
    "language": "1 primary, 2 tag",
    "cookies": "1 enabled, 2 names of declared cookies; never values",
    "action": "1 name, 2 properties, once they are listed",
    "visitor": "1 for the period, 2 for as long as the grant",
    "user_id": "1 a pseudonym of the signed-in user",
}
ACTIONS = {
    "engaged": "how long a page was looked at",
    "scrolled": "how much of it was seen",
    "outbound": "links to other sites",
    "download": "links to files, by their ending",
    "form_sent": "forms named by data-askfirst-form",
    "not_found": "pages that are not there",
    "lcp": "how soon the page showed",
    "inp": "how soon it answered",
    "cls": "how much it jumped",
}
TEXT = {
    "title": "the name of the switch",
    "description": "what for",
    "editorial": "true: new words, same agreement; nobody is asked",
}


@dataclass(frozen=True)
class Answers:
    """What an owner answered: everything a new policy is made of."""

    site: str
    origin: str
    controller: str
    contact: str
    country: str
    level: str
    closes: Closes
    cookies: tuple[Cookie, ...]
    purposes: tuple[str, ...] = ("statistics",)
    count_refusals: bool = False


def write(answers: Answers) -> str:
    """The whole policy as TOML."""
    return "\n".join([HEAD, *_lines(answers)]) + "\n"


def _lines(answers: Answers) -> Iterator[str]:
    document = {
        **dict(_with_zone(with_purposes(answers.level, answers.purposes))),
        "site": answers.site,
        "origins": [answers.origin],
        "jurisdiction": jurisdiction(answers.country),
        "count_refusals": answers.count_refusals,
    }
    yield from table(document, COMMENTS)
    controller = {
        "name": answers.controller,
        "contact": answers.contact,
        "country": answers.country,
    }
    yield from headed("[controller]", "who decides about the processing, told to visitors")
    yield from table(controller, CONTROLLER)
    yield ""
    yield "# Cookies the site cannot work without: a closed list, not asked about, never stored as"
    yield "# events. Take out what your site does not set."
    for cookie in answers.cookies:
        if cookie.purpose:
            continue
        yield from headed("[[necessary]]", "a cookie of the framework's, or of a package's")
        yield from table({"cookie": cookie.name, "why": cookie.why, "days": cookie.days}, NECESSARY)
    yield ""
    yield "# One table for each purpose. Its name is what code asks for:"
    yield '# consent.allows("statistics"). Take out a purpose that you do not have.'
    for name, purpose in document["purposes"].items():
        own = [cookie.name for cookie in answers.cookies if cookie.purpose == name]
        yield from _purpose(name, {**purpose, "closes": answers.closes, "cookies": own})


def _with_zone(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A document with its time zone, which is left out where it is UTC, before the languages.

    That of this machine would be a guess: servers mostly stand in UTC.
    """
    for key, value in document.items():
        if key == "languages":
            yield "time_zone", UTC_NAME
        yield key, value


def _purpose(name: str, purpose: Mapping[str, Any]) -> Iterator[str]:
    yield from headed(f"[purposes.{name}]", "a purpose, and what it may do")
    yield from table(purpose, PURPOSE)
    if purpose["levels"]:
        yield from headed(f"[purposes.{name}.levels]", "how precisely; 0, or left out, is none")
        yield from table(
            {attribute: purpose["levels"].get(attribute, 0) for attribute in ATTRIBUTES}, SCOPE
        )
    if actions := purpose["actions"]:
        yield from headed(f"[purposes.{name}.actions]", "told by the page itself; take out any")
        yield from table(actions, ACTIONS)
    if pairs := purpose["tables"]["pairs"]:
        yield from headed(f"[purposes.{name}.tables]", "what is counted beside single values")
        yield _line("pairs = [", "two attributes counted together")
        for number, pair in enumerate(pairs, 1):
            end = "]" if number == len(pairs) else ","
            yield _line(f"    {_toml(pair)}{end}", " with ".join(pair))
    for language, words in purpose["text"].items():
        title = f"[purposes.{name}.text.{language}]"
        yield from headed(title, "the words of the notice, once for each language")
        yield from table(words, TEXT)


def headed(header: str, comment: str) -> Iterator[str]:
    """The head of a table, after an empty line."""
    yield ""
    yield _line(header, comment)


def table(values: Mapping[str, Any], comments: Mapping[str, str]) -> Iterator[str]:
    """One line a key that is commented, in the order of the comments."""
    return (_line(f"{key} = {_toml(values[key])}", comment) for key, comment in comments.items())


def _line(text: str, comment: str) -> str:
    line = f"{text:<{COLUMN - 2}}  # {comment}"
    return line if len(line) <= LONGEST else f"# {comment}\n{text}"


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key} = {_toml(part)}" for key, part in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    # JSON's strings, numbers, flags and lists are TOML's too; control characters are refused.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
