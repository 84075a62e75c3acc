"""CookieYes: the cookie list that its plugin exports (CSV), or its `_categories` (JSON, script).

The columns are those of the plugin's export (`_cli_cookie_slugid`, `tax:cookielawinfo-category`),
or of the list as it is shown (`Cookie`, `Category`, `Duration`, `Description`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from askfirst_collector.consent_tools.configuration import (
    Asked,
    Configuration,
    Necessary,
    Notes,
    PurposeNames,
    Receiver,
    Text,
    globs_of,
    plain,
)
from askfirst_collector.consent_tools.script_values import (
    LARGEST,
    UnreadableConfiguration,
    Value,
    tables_of,
)
from askfirst_collector.init.known_services import services_at

_COLUMNS = {
    "cookie": ("_cli_cookie_slugid", "cookie id", "cookie_id", "cookie", "name", "post_title"),
    "category": ("tax:cookielawinfo-category", "category", "cookie category"),
    "days": ("_cli_cookie_duration", "duration"),
    "why": ("post_content", "description"),
}
_SCRIPTS = ("_cli_cookie_headscript_meta", "_cli_cookie_bodyscript_meta")
_DAYS = {"minute": 0, "hour": 0, "day": 1, "week": 7, "month": 31, "year": 365}
_DURATION = re.compile(r"(\d+)\s*(minute|hour|day|week|month|year)", re.IGNORECASE)
_LONGEST = 400  # days that a policy takes
_WIDEST = 50  # signs of a cell that says how long
_OWN = ("cookieyes", "cky-", "cookielawinfo", "viewed_cookie_policy")


def read_cookieyes(source: bytes) -> Configuration:
    """The categories of an export; raises UnreadableConfiguration."""
    start = source.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    first = source.split(b"\n", 1)[0]
    if start not in (b"{", b"[") and b"," in first and b"{" not in first:
        return _list(source)
    root = next((t for t in tables_of(source) if _categories(t)), None)
    if root is None:
        raise UnreadableConfiguration(
            "there is neither a cookie list (CSV with columns for cookie and category) nor "
            "_categories: [ … ]"
        )
    return _store(root)


def _list(source: bytes) -> Configuration:
    if len(source) > LARGEST:
        raise UnreadableConfiguration(f"it is longer than {LARGEST} bytes")
    rows = csv.DictReader(io.StringIO(source.decode("utf-8-sig", "replace"), newline=""))
    try:
        return _rows(rows)
    except csv.Error as error:
        raise UnreadableConfiguration(f"line {rows.line_num} is no CSV: {error}") from None


def _rows(rows: csv.DictReader[str]) -> Configuration:
    titles = {str(title).strip().lower(): title for title in rows.fieldnames or ()}
    columns = {
        key: next((titles[title] for title in options if title in titles), "")
        for key, options in _COLUMNS.items()
    }
    for key in ("cookie", "category"):
        if not columns[key]:
            options = " or ".join(_COLUMNS[key])
            raise UnreadableConfiguration(f"line 1 has no column for the {key}: call it {options}")
    notes = Notes()
    names = PurposeNames()
    purposes: dict[str, Asked] = {}
    necessary: list[Necessary] = []
    for row in rows:
        line = rows.line_num
        cells = {key: (row.get(title) or "").strip() for key, title in columns.items()}
        _scripts(row, line, notes)
        if _is_own(cells["cookie"]):
            continue
        globs = globs_of(Value(line, cells["cookie"]), notes)
        if _is_necessary(cells["category"]):
            days = _days(cells["days"], line, notes)
            why = plain(cells["why"])[:300]
            necessary.extend(Necessary(glob, line, why, days) for glob in globs)
            continue
        name = names.of(cells["category"].lower())
        _add(purposes, name, cells["category"], line, globs, notes)
    return Configuration(("en",), tuple(purposes.values()), tuple(necessary), notes.all())


def _store(root: Value) -> Configuration:
    notes = Notes()
    says = "is CookieYes's own: nothing of a policy says it"
    read = ("_categories", "_providersToBlock", "categories")
    notes.rest(root, read, dict.fromkeys(root.table(), says))
    names = PurposeNames()
    purposes: dict[str, Asked] = {}
    necessary: list[Necessary] = []
    for category in _categories(root):
        slug = category.get("slug").text() or category.get("name").text()
        entries = category.get("cookies").list()
        cookies = {
            glob: entry.line
            for entry in entries
            for cookie in [entry.table().get("cookieID") or entry.get("name")]
            if not _is_own(cookie.text())
            for glob in globs_of(cookie, notes)
        }
        if category.get("isNecessary").data is True or _is_necessary(slug):
            necessary.extend(Necessary(glob, line) for glob, line in cookies.items())
            continue
        title, words = category.get("name").text(), category.get("description").text()
        text = Text(plain(title), plain(words))
        name = names.of(slug.strip().lower())
        _add(purposes, name, slug, category.line, tuple(cookies), notes, text)
    for provider in root.get("_providersToBlock").list():
        _receiver(purposes, provider, names, notes)
    return Configuration(("en",), tuple(purposes.values()), tuple(necessary), notes.all())


def _categories(root: Value) -> tuple[Value, ...]:
    entries = root.get("_categories").list() or root.get("categories").list()
    return entries if all(entry.get("slug").text() for entry in entries) else ()


def _add(
    purposes: dict[str, Asked],
    name: str,
    category: str,
    line: int,
    cookies: tuple[str, ...],
    notes: Notes,
    text: Text | None = None,
) -> None:
    if name not in purposes:
        notes.add(
            line,
            category,
            f'write type="text/plain" data-purpose="{name}" where a page has '
            f'data-cookieyes="cookieyes-{"-".join(category.lower().split())}"',
        )
    before = purposes.get(name, Asked(name, line))
    words = text or Text(plain(category).capitalize(), "")
    both = tuple(dict.fromkeys([*before.cookies, *cookies]))
    purposes[name] = Asked(name, before.line, {"en": words}, both, before.receivers)


def _receiver(
    purposes: dict[str, Asked], provider: Value, known_names: PurposeNames, notes: Notes
) -> None:
    """A host that CookieYes blocks: a recipient where the catalogue knows whose it is."""
    host = provider.get("re").text().replace("\\", "").strip("/")
    words = [word.text().strip().lower() for word in provider.get("categories").list()]
    names = [known_names.of(word) for word in words]
    name = next((name for name in names if name in purposes), "")
    known = services_at(host)
    if not known or not name:
        says = "who receives it is not known here: write a recipient with this host"
        notes.add(provider.line, host, says)
        return
    if len(names) > 1:
        notes.add(provider.line, host, f"is of {', '.join(names)}: it waits for {name} here")
    before = purposes[name]
    receiver = Receiver(known[0].recipient, known[0])
    if receiver not in before.receivers:
        receivers = (*before.receivers, receiver)
        purposes[name] = Asked(name, before.line, before.text, before.cookies, receivers)


def _scripts(row: Mapping[str, str], line: int, notes: Notes) -> None:
    for column in _SCRIPTS:
        if (row.get(column) or "").strip():
            says = 'put this script into your pages, with type="text/plain" and data-purpose'
            notes.add(line, column, says)


def _is_necessary(category: str) -> bool:
    return category.strip().lower() in ("necessary", "strictly necessary", "essential")


def _is_own(cookie: str) -> bool:
    """Whether CookieYes itself set it: it goes with CookieYes."""
    return cookie.lower().startswith(_OWN)


def _days(duration: str, line: int, notes: Notes) -> int:
    if not duration or duration.lower() == "session":
        return 0
    match = _DURATION.search(duration[:_WIDEST])
    if match is None:
        notes.add(line, duration, "how long it lasts cannot be read: write days")
        return 0
    days = int(match[1][:6]) * _DAYS[match[2].lower()]
    if days > _LONGEST:
        notes.add(line, duration, f"browsers keep a cookie for {_LONGEST} days at most")
    return min(days, _LONGEST)
