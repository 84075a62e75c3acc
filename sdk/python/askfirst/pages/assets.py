"""Our own static files: read once, named by their content, never a path from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from askfirst.errors import Reason, Refused
from askfirst.http.headers import Header, listed
from askfirst.http.request import Answer, Request, only_by

FOLDER = Path(__file__).resolve().parent.parent / "static"
KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
}
VERSIONED: Header = (b"cache-control", b"public, max-age=31536000, immutable")
REVALIDATED: Header = (b"cache-control", b"public, max-age=300")


@dataclass(frozen=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    kind: bytes


def read_assets(folder: Path = FOLDER) -> Mapping[str, Asset]:
    """Every file we serve, by its path below `/askfirst/static/`."""
    return dict(_files(folder))


def _files(folder: Path) -> Iterator[tuple[str, Asset]]:
    for file in sorted(folder.rglob("*")):
        kind = KINDS.get(file.suffix)
        if kind is not None and file.is_file():
            yield file.relative_to(folder).as_posix(), Asset(file.read_bytes(), kind)


def static(assets: Mapping[str, Asset], name: str, request: Request) -> Answer:
    """One static file; with `?v=` it is kept for good."""
    only_by(request, "GET")
    asset = assets.get(name)
    if asset is None:
        raise Refused(Reason.NOT_FOUND, "there is no such file")
    versioned = bool(parse_qs(request.query.decode("latin-1")).get("v"))
    return fresh(request, asset.body, asset.kind, VERSIONED if versioned else REVALIDATED)


def fresh(request: Request, body: bytes, kind: bytes, *headers: Header) -> Answer:
    """The body with its ETag, or 304 where the browser has it already."""
    tag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode("ascii") + b'"'
    fields = (*headers, (b"etag", tag))
    if {tag, b"W/" + tag, b"*"} & {*listed(request.headers, b"if-none-match")}:
        return Answer(304, b"", fields)
    return Answer(200, body, ((b"content-type", kind), *fields))
