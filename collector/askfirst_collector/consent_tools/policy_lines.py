"""A configuration of another consent tool as a policy: TOML, each line with what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from askfirst.terms.policy import shipped
from askfirst.terms.uses import sells
from askfirst_collector.catalogue.first_policy import jurisdiction, with_purposes
from askfirst_collector.consent_tools.configuration import (
    Asked,
    Configuration,
    Notes,
    Text,
    one_line,
)
from askfirst_collector.init.write_policy import (
    COMMENTS,
    CONTROLLER,
    NECESSARY,
    PURPOSE,
    TEXT,
    headed,
    table,
)

HEAD = """\
# What this site asks of its visitors, from {source}, by: askfirst import
# Change it as you like, then: askfirst policy check {file}
# A key that is not known is refused, so a slip of the pen cannot widen anything.
"""
UNSAID = "Write what it is for."
RECIPIENT = {
    "name": "as visitors read it; data-service in a page names it",
    "role": "processor, controller, joint_controller or third_party",
    "country": "ISO 3166-1",
    "hosts": "whom a page asks for it",
}


@dataclass(frozen=True)
class Owner:
    """What no configuration says of the site."""

    site: str
    origin: str
    controller: str
    contact: str
    country: str


def policy_of(
    configuration: Configuration, owner: Owner, *, source: str, file: str, notes: Notes
) -> str:
    """The whole policy as TOML; words that are missing are made up, and noted."""
    return "\n".join(_lines(configuration, owner, source, file, notes)) + "\n"


def _lines(
    configuration: Configuration, owner: Owner, source: str, file: str, notes: Notes
) -> Iterator[str]:
    languages = configuration.languages or ("en",)
    document = {
        **shipped("minimal").document,
        "time_zone": "UTC",
        "site": owner.site,
        "origins": [owner.origin],
        "jurisdiction": jurisdiction(owner.country),
        "languages": list(languages),
    }
    yield HEAD.format(source=one_line(source), file=one_line(file))
    yield from table(document, COMMENTS)
    yield from headed("[controller]", "who decides about the processing, told to visitors")
    controller = {"name": owner.controller, "contact": owner.contact, "country": owner.country}
    yield from table(controller, CONTROLLER)
    yield ""
    yield "# Cookies the site cannot work without: a closed list, not asked about."
    for entry in {entry.cookie: entry for entry in configuration.necessary}.values():
        if not entry.why:
            notes.add(entry.line, entry.cookie, "is said to be necessary: write what for (why)")
        yield from headed("[[necessary]]", f"line {entry.line}")
        values = {"cookie": entry.cookie, "why": entry.why or UNSAID, "days": entry.days}
        yield from table(values, NECESSARY)
    yield ""
    yield "# One table for each purpose, in the order in which visitors read them. Its name is what"
    yield "# pages write: data-purpose or data-category. Without levels nothing is counted for it."
    for purpose in configuration.purposes:
        yield from _purpose(purpose, languages, notes)


def _purpose(purpose: Asked, languages: tuple[str, ...], notes: Notes) -> Iterator[str]:
    use = purpose.data_use
    storage = sorted({glob for who in purpose.receivers for glob in who.known.storage})
    roles = {"processor", *(who.known.role for who in purpose.receivers)}
    values = {
        **with_purposes("minimal", ("preferences",))["purposes"]["preferences"],
        "data_use": use,
        "sells_or_shares": sells(use) or {"processor"} < roles,
        "retention_days": 1,
        "cookies": list(purpose.cookies),
        "storage": storage,
    }
    notes.add(purpose.line, purpose.name, f'data_use = "{use}" is a guess by its name: check it')
    yield from headed(f"[purposes.{purpose.name}]", f"line {purpose.line}")
    yield from table(values, PURPOSE)
    for who in dict.fromkeys(purpose.receivers):
        known = who.known
        yield from headed(
            f"[[purposes.{purpose.name}.recipients]]", f"{known.title}; check: {known.source}"
        )
        recipient = {
            "name": who.name,
            "role": known.role,
            "country": known.country,
            "hosts": list(known.hosts),
        }
        yield from table(recipient, RECIPIENT)
    words = dict(_words(purpose, languages))
    if any(UNSAID in text.description for text in words.values()):
        notes.add(purpose.line, f"{purpose.name}.text", "has no words of its own: write them")
    for language, text in words.items():
        yield from headed(f"[purposes.{purpose.name}.text.{language}]", "the words of the notice")
        yield from table(_text(text), TEXT)


def _words(purpose: Asked, languages: tuple[str, ...]) -> Iterator[tuple[str, Text]]:
    for language in languages:
        text = purpose.text.get(language) or Text("", "")
        title = text.title or purpose.name.replace("-", " ").replace("_", " ").capitalize()
        yield language, Text(title[:120], text.description[:2000] or UNSAID)


def _text(text: Text) -> Mapping[str, object]:
    return {"title": text.title, "description": text.description, "editorial": False}
