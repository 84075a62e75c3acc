"""Access log lines of each server, rewritten so that they say of a visitor what was agreed to."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from askfirst.endpoints.routes import is_own

NOTHING = "-"


@dataclass(frozen=True)
class Shown:
    """What a line may say: where from, what was asked for, by which program, from which page."""

    address: str = NOTHING
    target: str = NOTHING
    agent: str = NOTHING
    referrer: str = NOTHING


# What to show of an address and a target, both as the server has them.
Show = Callable[[str, str], Shown]
Rewrite = Callable[[logging.LogRecord, Show], bool]

_OURS = frozenset(
    {"bar", "consent", "events", "csp", "choices", "policy", "rights", "static", "host", "gpc.json"}
)
_ATOMS = (*"ltsmSHbBTDMLp", "st", "{content-length}o", "{content-type}o")
_GRANIAN = ("time", "dt_ms", "status", "method", "scheme", "protocol")
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_WERKZEUG = re.compile(r"\S+ - - (\[[^\]]*\]) (.*)", re.DOTALL)
_LINE = re.compile(r"([A-Z]{1,20}) (.*) (HTTP/[0-9.]{1,4})", re.DOTALL)
_LEFT_OUT = "a line about a request was left out: its shape is not known"


def own_route(target: str) -> str:
    """What kind of path of ours a target is; nothing for any other: a path may be a visitor's."""
    path = target.partition("?")[0]
    if not is_own(path):
        return NOTHING
    head, first = path.strip("/").split("/")[:2]
    return f"/{head}/{first}" if first in _OURS else f"/{head}/*"


def leave_out(record: logging.LogRecord) -> None:
    """Keep that there was a line, and nothing of it."""
    record.msg, record.args = _LEFT_OUT, ()
    record.exc_info = record.exc_text = None


class _Atoms(dict[str, Any]):
    """What a format asks for and a line may not say is a dash, as servers do it themselves."""

    def __missing__(self, name: str) -> str:
        return NOTHING

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower() if name.startswith("{") else name)


def _uvicorn(record: logging.LogRecord, show: Show) -> bool:
    address, method, target, version, status = _arguments(record)
    shown = show(str(address).rpartition(":")[0], str(target))
    # Its formatter takes exactly these five apart.
    record.args = (shown.address, method, shown.target, version, status)
    return True


def _uvicorn_socket(record: logging.LogRecord, show: Show) -> bool:
    if record.levelno < logging.DEBUG:
        return False  # its trace has an address in every line
    if isinstance(record.msg, str) and record.msg.startswith('%s - "WebSocket %s"'):
        address, target, *rest = _arguments(record)
        shown = show(str(address).rpartition(":")[0], str(target))
        record.args = (shown.address, shown.target, *rest)
    return True


def _gunicorn(record: logging.LogRecord, show: Show) -> bool:
    atoms = _mapping(record)
    target = str(atoms.get("U") or "") + (f"?{atoms['q']}" if atoms.get("q") else "")
    _write_atoms(record, show(str(atoms.get("h", "")), target))
    return True


def _hypercorn(record: logging.LogRecord, show: Show) -> bool:
    atoms = _mapping(record)
    _write_atoms(record, show(str(atoms.get("h")).rpartition(":")[0], str(atoms.get("Uq", ""))))
    return True


def _write_atoms(record: logging.LogRecord, shown: Shown) -> None:
    atoms = _mapping(record)
    safe_atoms = _Atoms({name: atoms[name] for name in _ATOMS if name in atoms})
    path, _, query = shown.target.partition("?")
    line = f"{safe_atoms['m']} {shown.target} {safe_atoms['H']}"
    safe_atoms |= {"h": shown.address, "a": shown.agent, "f": shown.referrer, "r": line, "R": line}
    safe_atoms |= {"U": path, "Uq": shown.target, "q": query}
    safe_atoms |= {"{user-agent}i": shown.agent, "{referer}i": shown.referrer}
    record.args = safe_atoms


def _gunicorn_error(record: logging.LogRecord, show: Show) -> bool:
    message = record.msg if isinstance(record.msg, str) else ""
    if message == "%s %s" and record.levelno <= logging.DEBUG:
        return False
    if message.startswith("Invalid request from ip="):
        record.msg, record.args = "Invalid request", ()
    elif message == "Error handling request %s":
        record.args = (show("", str(_arguments(record)[0])).target,)
    return True


def _granian(record: logging.LogRecord, show: Show) -> bool:
    atoms = _mapping(record)
    query = atoms.get("query_string") or ""
    target = str(atoms.get("path", "")) + (f"?{query}" if query else "")
    shown = show(str(atoms.get("addr", "")), target)
    path, _, query = shown.target.partition("?")
    safe_atoms = _Atoms({name: atoms[name] for name in _GRANIAN if name in atoms})
    safe_atoms |= {"addr": shown.address, "path": path, "query_string": query}
    record.args = safe_atoms
    return True


def _werkzeug(record: logging.LogRecord, show: Show) -> bool:
    match = _WERKZEUG.fullmatch(str(record.msg))
    if match is None:
        return True  # it speaks of itself
    if match[2] != '"%s" %s %s':
        record.msg, record.args = f"- - - {match[1]} a request that could not be read", ()
        return True
    line, status, size = _arguments(record)
    shown, request_line = _request_line(str(line), str(record.msg).partition(" ")[0], show)
    record.msg = f"{shown.address.replace('%', '%%')} - - {match[1]} {match[2]}"
    record.args = (request_line, status, size)
    return True


def _django_server(record: logging.LogRecord, show: Show) -> bool:
    record.__dict__.pop("request", None)
    if record.msg == '"%s" %s %s':
        line, *rest = _arguments(record)
        record.args = (_request_line(str(line), "", show)[1], *rest)
    elif record.args:
        leave_out(record)
    return True


def _django_request(record: logging.LogRecord, show: Show) -> bool:
    # What mails errors to an administrator would mail the visitor with it.
    record.__dict__.pop("request", None)
    reason, target = _arguments(record)
    record.args = (reason, show("", str(target)).target)
    return True


def _request_line(line: str, address: str, show: Show) -> tuple[Shown, str]:
    match = _LINE.fullmatch(_STYLE.sub("", line))
    if match is None:
        shown = show(address, "")
        return shown, NOTHING
    shown = show(address, match[2])
    return shown, f"{match[1]} {shown.target} {match[3]}"


def _arguments(record: logging.LogRecord) -> tuple[Any, ...]:
    return record.args if isinstance(record.args, tuple) else ()


def _mapping(record: logging.LogRecord) -> Mapping[str, Any]:
    if not isinstance(record.args, Mapping):
        raise TypeError("the line has no atoms")
    return record.args


LOGGERS: Mapping[str, Rewrite] = {
    "uvicorn.access": _uvicorn,
    "uvicorn.error": _uvicorn_socket,
    "gunicorn.access": _gunicorn,
    "gunicorn.error": _gunicorn_error,
    "hypercorn.access": _hypercorn,
    "granian.access": _granian,
    "werkzeug": _werkzeug,
    "django.server": _django_server,
    "django.request": _django_request,
    "django.security.csrf": _django_request,
}
