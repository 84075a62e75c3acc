"""Our own static files: read once, named by their content, never a path from outside."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
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
_WORDS = re.compile(r"words/[A-Za-z]{1,2}\.json")


@dataclass(frozen=True)
class Asset:
    """One file as it is sent; `brotli` was packed when it was built, `gzip` is when it is read."""

    body: bytes
    kind: bytes
    brotli: bytes | None = None

    @cached_property
    def gzip(self) -> bytes:
        """The body for clients that know no Brotli; the same bytes each time."""
        return gzip.compress(self.body, mtime=0)


def read_assets(folder: Path = FOLDER) -> Mapping[str, Asset]:
    """Every file we serve, by its path below `/askfirst/static/`."""
    return dict(_files(folder))


def _files(folder: Path) -> Iterator[tuple[str, Asset]]:
    for file in sorted(folder.rglob("*")):
        kind = KINDS.get(file.suffix)
        if kind is not None and file.is_file():
            packed = file.with_name(f"{file.name}.br")
            brotli = packed.read_bytes() if packed.is_file() else None
            yield file.relative_to(folder).as_posix(), Asset(file.read_bytes(), kind, brotli)


@cache
def version() -> str:
    """The name of what all built files hold together; the script asks for the others by it."""
    return str(json.loads((FOLDER / "manifest.json").read_text("utf-8"))["version"])


def versioned(name: str) -> str:
    """A built file's name with the version of what it holds, below `/askfirst/static/`."""
    return f"{name}?v={version()}"


def static(assets: Mapping[str, Asset], name: str, request: Request) -> Answer:
    """One static file, packed as the client can take it; by its version it is kept for a year.

    Another version is what an older or newer worker is asked for: that must not stay in a cache.
    """
    only_by(request, "GET")
    asset = assets.get(name)
    if asset is None and _WORDS.fullmatch(name):
        # A page asks by its own language before it knows which one it gets; the words say theirs.
        asset = assets.get(name.lower(), assets.get("words/en.json"))
    if asset is None:
        raise Refused(Reason.NOT_FOUND, "there is no such file")
    wanted = parse_qs(request.query.decode("latin-1")).get("v", [""])[0]
    cache = VERSIONED if wanted == version() else REVALIDATED
    return packed(request, asset, cache)


def packed(request: Request, asset: Asset, *headers: Header) -> Answer:
    """The asset in the best coding that the client takes (RFC 9110, section 12.5.3)."""
    codings = set(_codings(request))
    vary = (b"vary", b"Accept-Encoding")
    if asset.brotli is not None and b"br" in codings:
        coded = ((b"content-encoding", b"br"), vary)
        return fresh(request, asset.brotli, asset.kind, *headers, *coded)
    if b"gzip" in codings:
        coded = ((b"content-encoding", b"gzip"), vary)
        return fresh(request, asset.gzip, asset.kind, *headers, *coded)
    return fresh(request, asset.body, asset.kind, *headers, vary)


def _codings(request: Request) -> Iterator[bytes]:
    for item in listed(request.headers, b"accept-encoding"):
        name, _, weight = item.lower().replace(b" ", b"").partition(b";")
        if not re.fullmatch(rb"q=0(\.0*)?", weight):
            yield name


def fresh(request: Request, body: bytes, kind: bytes, *headers: Header) -> Answer:
    """The body with its ETag, or 304 where the browser has it already."""
    tag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode("ascii") + b'"'
    fields = (*headers, (b"etag", tag))
    if {tag, b"W/" + tag, b"*"} & {*listed(request.headers, b"if-none-match")}:
        return Answer(304, b"", fields)
    return Answer(200, body, ((b"content-type", kind), *fields))
