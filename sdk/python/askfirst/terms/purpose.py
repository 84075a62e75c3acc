"""`Purpose`: the terms of one purpose with its words, read from its table in a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from .attributes import ATTRIBUTES, FINEST_TOGETHER
from .languages import nearest
from .lattice import Scope
from .lists import check_tables, read_actions, read_parameters, read_tables, write_lists
from .reading import NAME, NAME_ADVICE, Reader
from .sets import Listed
from .terms import CLOSES, CONSENT, Closes, Recipient, Terms
from .uses import DATA_USES, sells

Kind = Literal["site", "host", "placed"]

# GDPR article 6(1); only consent lets an event be stored, the others are disclosed.
LEGAL_BASES = (
    CONSENT,
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
)
ROLES = ("processor", "controller", "joint_controller", "third_party")
PERIOD_DAYS: dict[str, int] = {"day": 1, "week": 7, "month": 31}
# No period exceeds 25 months (CNIL 2020-091; M28).
LONGEST_RETENTION = 760
# What a lookup in JavaScript finds where nothing is, and a purpose may be called (NAME).
TAKEN = frozenset({"constructor"})
MOST_PURPOSES = 64  # of a policy that is published; what is archived may have more
ORDER_ADVICE = "name each purpose once, in the order in which visitors read them"
HOST_NAME = r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
# A name or a glob that still says something: '*' alone would allow every cookie.
COOKIE_GLOB = r"(?=.*[^*])[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}"
STORAGE_GLOB = r"(?=.*[^*])[^\x00-\x1f\x7f]{1,100}"


@dataclass(frozen=True)
class PurposeText:
    """The words of one purpose in one language; `editorial` words may change without asking."""

    title: str
    description: str
    editorial: bool = False


@dataclass(frozen=True)
class Purpose:
    """One purpose: its terms, and its words by language."""

    name: str
    terms: Terms
    text: Mapping[str, PurposeText]

    @property
    def asked(self) -> bool:
        """Whether visitors are asked about it; otherwise it is only disclosed."""
        return self.terms.legal_basis == CONSENT

    def text_in(self, lang: str) -> tuple[str, PurposeText]:
        """Its words in the nearest language it has, else in its first one; with the tag."""
        tag = nearest(lang, self.text) or next(iter(self.text), None)
        return (tag, self.text[tag]) if tag else (lang, PurposeText(self.name, ""))


def read_purposes(
    r: Reader, kind: Kind, languages: tuple[str, ...], *, archived: bool
) -> dict[str, Purpose]:
    """Read all purposes of a policy, as visitors read them: by `order`, else as they are written.

    Canonical JSON sorts its keys: what has no `order` there is in the order of the alphabet, as a
    host policy is, which no visitor reads.
    """
    table = r.below("purposes", required=True)
    names = table.rest() if kind != "host" else sorted(table.rest())
    order: tuple[str, ...] = ()
    if kind != "host":
        most = max(MOST_PURPOSES, len(names))
        order = r.texts("order", pattern=NAME.pattern, advice=ORDER_ADVICE, most=most)
    if len(names) > MOST_PURPOSES and not archived:
        advice = f"write at most {MOST_PURPOSES} purposes: visitors read them all"
        table.wrong("", len(names), advice)
        return {}
    if order and sorted(order) != sorted(names) and r.sound("order"):
        r.wrong("order", list(order), ORDER_ADVICE)
        order = ()
    purposes = {}
    for name in order or names:
        if not NAME.fullmatch(name):
            table.wrong(name, name, NAME_ADVICE)
            continue
        if name in TAKEN and not archived:
            table.wrong(
                name, name, "choose another name: in a page every object has one of that name"
            )
            continue
        words = languages if kind != "host" else ()
        purposes[name] = read_purpose(name, table.below(name), kind=kind, languages=words)
    if not names:
        table.wrong("", dict(table.table), "write at least one purpose")
    return purposes


def write_order(purposes: Iterable[str]) -> list[str]:
    """The order of the purposes for canonical JSON, where it is not that of the alphabet."""
    names = list(purposes)
    return names if names != sorted(names) else []


def read_purpose(name: str, r: Reader, *, kind: Kind, languages: tuple[str, ...]) -> Purpose:
    """Read one purpose; what is wrong goes to the reader's problems."""
    terms = read_terms(r, kind=kind)
    text = r.below("text", required=kind == "site")
    advice = "write a title and a description in each of the policy's languages"
    words = {
        language: _read_text(text.below(language, required=True, advice=advice))
        for language in languages
    }
    if kind != "host":
        for language in sorted(set(text.rest()) - set(languages)):
            text.wrong(language, text.table[language], "add it to languages, or take it out")
        text.close()
    else:
        text.rest()
    r.close()
    return Purpose(name, terms, words if kind != "host" else {})


def _read_text(r: Reader) -> PurposeText:
    title = r.text("title", longest=120)
    words = PurposeText(title, r.text("description"), r.flag("editorial", default=False))
    r.close()
    return words


def read_terms(r: Reader, *, kind: Kind) -> Terms:
    """Read the terms of a purpose."""
    use = r.text("data_use", longest=100)
    if use and use not in DATA_USES:
        r.wrong("data_use", use, "write a data use of the Fides taxonomy, such as 'analytics'")
    recipients = read_recipients(r, kind)
    terms = Terms(
        data_use=use,
        scope=_read_levels(r.below("levels")),
        retention_days=r.number("retention_days", 0, LONGEST_RETENTION),
        keep_rows_days=r.number("keep_rows_days", 0, LONGEST_RETENTION, 0),
        closes=cast(Closes, r.one_of("closes", CLOSES, "day")),
        legal_basis=r.one_of("legal_basis", LEGAL_BASES, CONSENT),
        sells_or_shares=_read_sells(r, use, recipients),
        minimum_age=r.number("minimum_age", 0, 21, 0),
        min_cell_size=r.number("min_cell_size", 2, 1000, 5),
        recipients=recipients,
        parameters=read_parameters(r, kind),
        action_items=read_actions(r, kind),
        cookies=read_globs(r, "cookies", kind, COOKIE_GLOB),
        storage=read_globs(r, "storage", kind, STORAGE_GLOB),
        table_items=read_tables(r, kind),
    )
    _check(terms, r)
    if kind == "site" and r.sound("actions"):
        check_tables(terms, r)
    return terms


def _read_levels(r: Reader) -> Scope:
    levels = {}
    for name, attribute in ATTRIBUTES.items():
        if r.has(name):
            parts = ", ".join(f"{i} {part}" for i, part in enumerate(attribute.parts, 1))
            levels[name] = r.number(name, 0, attribute.finest, 0, also=f" (0 none, {parts})")
    r.close(ATTRIBUTES)
    return Scope.of(levels)


def _read_sells(r: Reader, use: str, recipients: Listed[Recipient]) -> bool:
    forced = sells(use) or recipients.everything or any(x.role != "processor" for x in recipients)
    value = r.flag("sells_or_shares", default=forced)
    if forced and not value:
        why = f"the use {use!r} sells or shares" if sells(use) else "a recipient is no processor"
        r.wrong("sells_or_shares", value, f"write true: {why}")
    return value or forced


def read_recipients(r: Reader, kind: Kind) -> Listed[Recipient]:
    """The recipients of a purpose, or everything where a host writes '*'."""
    if kind == "host" and r.table.get("recipients") == "*":
        r.seen.append("recipients")
        return Listed(everything=True)
    recipients = []
    for table in r.tables("recipients"):
        advice = "write host names in lower case, without scheme, port or path"
        recipients.append(
            Recipient(
                table.text("name", longest=120),
                table.one_of("role", ROLES),
                table.text("country", pattern=r"[A-Z]{2}", advice="write a code such as 'DE'"),
                tuple(sorted(table.texts("hosts", pattern=HOST_NAME, advice=advice))),
            )
        )
        table.close()
    if len({x.name for x in recipients}) != len(recipients):
        r.wrong("recipients", [x.name for x in recipients], "write each recipient once")
    return Listed(frozenset(recipients))


def read_globs(r: Reader, key: str, kind: Kind, pattern: str) -> Listed[str]:
    """A list of names or globs, or everything where a host writes '*'."""
    if kind == "host" and r.table.get(key) == "*":
        r.seen.append(key)
        return Listed(everything=True)
    advice = "write a name, or a glob such as '_pk_*' ('*' alone is for a host)"
    return Listed(frozenset(r.texts(key, pattern=pattern, advice=advice)))


def _check(terms: Terms, r: Reader) -> None:
    needed = PERIOD_DAYS[terms.closes]
    sound = r.sound("retention_days", "keep_rows_days", "closes")
    if sound and terms.legal_basis == CONSENT and terms.retention_days < needed:
        advice = f"write {needed} or more: the period itself is that long"
        r.wrong("retention_days", terms.retention_days, advice)
    if sound and terms.keep_rows_days > terms.retention_days:
        advice = f"write {terms.retention_days} or less: rows go no later than what they became"
        r.wrong("keep_rows_days", terms.keep_rows_days, advice)
    fine = [n for n, level in FINEST_TOGETHER.items() if terms.scope.level(n) >= level]
    if len(fine) > 1 and terms.keep_rows_days:
        advice = (
            f"{', '.join(fine)} are all at their finest level, and together they single people "
            "out: lower all but one, or write keep_rows_days = 0"
        )
        r.wrong("levels", {n: terms.scope.level(n) for n in fine}, advice)


def write_terms(terms: Terms) -> dict[str, Any]:
    """The plain table that `read_terms` reads as these terms, every key written out."""
    return {
        "data_use": terms.data_use,
        "levels": terms.scope.as_dict(),
        "retention_days": terms.retention_days,
        "keep_rows_days": terms.keep_rows_days,
        "closes": terms.closes,
        "legal_basis": terms.legal_basis,
        "sells_or_shares": terms.sells_or_shares,
        "minimum_age": terms.minimum_age,
        "min_cell_size": terms.min_cell_size,
        **write_lists(terms),
    }
