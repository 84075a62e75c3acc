"""`POST /askfirst/consent` and `/v1/consents`: what a visitor answered, as JSON or as a form."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from ..errors import Reason, Refused
from .body import FORM, read_form
from .limits import CHOICES, SHORT
from .names import HANDLE, NAME, PURPOSE, SECRET
from .strict_json import read_json, read_object

# `rollback` takes back a grant that nobody was told of; only relays send it, visitors never.
Method = Literal["accept_all", "reject_all", "save", "withdraw", "rollback"]

ROLLBACK = "rollback"
METHODS = tuple(method for method in get_args(Method) if method != ROLLBACK)
DETAILS = (0, 1, 2)  # off, less detail, as asked
# Of version 1, whose four details mean something else, only what grants nothing is taken.
VERSIONS = (1, 2)
VERSION = VERSIONS[-1]
_DETAILS = {1: (0, 1, 2, 3), 2: DETAILS}
SHORT_TEXT = re.compile(rf"[\x20-\x7e]{{0,{SHORT}}}")
_PURPOSE = "purpose."
_KEYS = frozenset({"v", "edition", "lang", "method", "choices", "adult"})
_WHOSE = _KEYS | {"site", "handle", "secret", "gpc", "sized"}
_FIELDS = frozenset(
    {"v", "edition", "lang", "method", "adult", "adult_by", "return_to", "detail", "on", "off"}
)


@dataclass(frozen=True)
class VisitorAnswer:
    """One answer, its shape checked, its meaning not yet; `return_to` only from a form.

    `detail` is how precisely `accept_all` agrees to what it does not name.
    """

    method: Method
    edition: str
    lang: str
    choices: Mapping[str, int]
    adult: bool
    return_to: str | None = None
    version: int = VERSION
    detail: int = DETAILS[-1]

    @property
    def refuses(self) -> bool:
        """Whether nothing is granted by it."""
        if self.method == "save":
            return bool(self.choices) and not any(self.choices.values())
        return self.method != "accept_all"

    def check_version(self) -> None:
        """Refused where it grants in details that mean something else now."""
        if self.version < VERSION and (self.method == "accept_all" or any(self.choices.values())):
            raise Refused(
                Reason.EDITION_CHANGED,
                "details are 0 to 2 since version 2: load the page again, or update the askfirst "
                f'SDK that sent this, and send "v": {VERSION} (a form: v={VERSION})',
            )


@dataclass(frozen=True)
class ConsentRequest:
    """An answer as the collector is told of it: whose it is, and a signal of their browser."""

    answer: VisitorAnswer
    site: str
    handle: str | None = None  # under a site key
    secret: str | None = None  # from a script
    gpc: bool = False
    is_sized: bool = True  # False: counts towards no size, as a relay says


def read_answer(kind: str, data: bytes) -> VisitorAnswer:
    """A body of this media type; Refused where it is not by the contract."""
    if kind == FORM:
        return _from_form(read_form(data))
    return _answer(read_object(read_json(data), _KEYS, versions=VERSIONS))


def read_consent_request(body: object) -> ConsentRequest:
    """The request of a decoded body: the same, and `site`, `handle` or `secret`, `gpc`, `sized`."""
    table = read_object(body, _WHOSE, versions=VERSIONS)
    site, handle, secret = (table.get(name) for name in ("site", "handle", "secret"))
    if not isinstance(site, str) or not NAME.fullmatch(site):
        raise Refused(Reason.BAD_SHAPE, 'send "site": the short name of the site')
    if handle is not None and not (isinstance(handle, str) and HANDLE.fullmatch(handle)):
        raise Refused(Reason.BAD_SHAPE, 'send "handle" as 64 hexadecimal digits, or leave it out')
    if secret is not None and not (isinstance(secret, str) and SECRET.fullmatch(secret)):
        raise Refused(
            Reason.BAD_SHAPE, 'send "secret" as 22 characters of base64url, or leave it out'
        )
    # What is rolled back is named: a grant of the relay that it did not hear of in time.
    methods = METHODS if handle is None else (*METHODS, ROLLBACK)
    return ConsentRequest(
        _answer(table, methods),
        site,
        handle,
        secret,
        _flag(table, "gpc"),
        _flag(table, "sized", default=True),
    )


def _answer(table: Mapping[str, Any], methods: Collection[str] = METHODS) -> VisitorAnswer:
    version = int(table["v"])
    return VisitorAnswer(
        _method(table.get("method"), methods),
        _short(table, "edition"),
        _short(table, "lang"),
        _choices(table.get("choices", {}), version),
        _flag(table, "adult"),
        version=version,
    )


def _choices(value: object, version: int) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > CHOICES:
        raise Refused(
            Reason.BAD_SHAPE, f'send "choices" as an object of at most {CHOICES} purposes'
        )
    if not all(map(PURPOSE.fullmatch, value)) or not all(
        type(detail) is int and detail in _DETAILS[version] for detail in value.values()
    ):
        raise Refused(Reason.BAD_SHAPE, 'send "choices" as {purpose: 0, 1 or 2}')
    return value


def _flag(table: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise Refused(Reason.BAD_SHAPE, f'send "{key}" as true or false, or leave it out')
    return value


def _short(table: Mapping[str, object], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or not SHORT_TEXT.fullmatch(value):
        raise Refused(Reason.BAD_SHAPE, f'send "{key}" as at most {SHORT} characters of ASCII')
    return value


def _method(value: object, methods: Collection[str] = METHODS) -> Method:
    if not isinstance(value, str) or value not in methods:
        raise Refused(Reason.BAD_SHAPE, f'send "method" as one of {", ".join(METHODS)}')
    return cast(Method, value)


def _from_form(fields: Mapping[str, str]) -> VisitorAnswer:
    chosen = {k.removeprefix(_PURPOSE): v for k, v in fields.items() if k.startswith(_PURPOSE)}
    if fields.keys() - _FIELDS - {_PURPOSE + name for name in chosen}:
        raise Refused(
            Reason.UNKNOWN_FIELD, f"send only {', '.join(sorted(_FIELDS))}, {_PURPOSE}NAME"
        )
    # The forms of before said no version.
    version = {str(number): number for number in VERSIONS}.get(fields.get("v", "1"))
    if version is None:
        raise Refused(Reason.UNKNOWN_VERSION, f"send v={VERSION}")
    if any(value not in map(str, _DETAILS[version]) for value in chosen.values()):
        raise Refused(Reason.BAD_SHAPE, f"send {_PURPOSE}NAME as 0, 1 or 2")
    if fields.get("detail", "2") not in ("1", "2"):
        raise Refused(Reason.BAD_SHAPE, "send detail=1 to have less stored of all, or leave it out")
    method = _method(fields.get("method"))
    most = int(fields.get("detail", "2"))
    # A switch that is off sends nothing: the form says beside it which ones it shows, and which
    # ones accepting turns on.
    off = dict.fromkeys(fields.get("off", "").split(), 0) if method == "save" else {}
    on = dict.fromkeys(fields.get("on", "").split(), most) if method == "accept_all" else {}
    choices = off | {name: int(value) for name, value in chosen.items()} | on
    if version == VERSION:
        choices = {name: min(detail, most) for name, detail in choices.items()}
    return VisitorAnswer(
        method,
        _short(fields, "edition"),
        _short(fields, "lang"),
        _as_pressed(method, _choices(choices, version), most),
        # A box, or the words of the button that says it too.
        fields.get("adult", "") in ("1", "true", "on") or fields.get("adult_by") == method,
        fields.get("return_to"),
        version,
        most,
    )


def _as_pressed(method: Method, chosen: Mapping[str, int], most: int) -> Mapping[str, int]:
    # A form sends all its fields whichever button is pressed; the button says what counts.
    if method == "accept_all":
        return dict.fromkeys(chosen, most)
    return chosen if method == "save" else {}


def shared_detail(choices: Mapping[str, int]) -> int:
    """The one detail of all that is granted of the site itself; 0 where nothing is.

    A placed collector is on or off, whatever it is. Refused where there are two.
    """
    details = {detail for name, detail in choices.items() if detail and "/" not in name}
    if len(details) > 1:
        raise Refused(
            Reason.CHOICES_CONTRADICT_METHOD,
            "give all that is granted one detail: 2 as asked, or 1 for less",
        )
    return details.pop() if details else 0
