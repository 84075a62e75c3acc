"""Fulmar Point as a bare WSGI application: gunicorn -k gthread --threads 8 app:app"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.util import FileWrapper

from station import CHART, STATIC, Station

from askfirst.wsgi import ConsentMiddleware, askfirst_notice, consent_from
from askfirst_collector.embedded import EmbeddedCollector

HTML = ("Content-Type", "text/html; charset=utf-8")
TEXT = ("Content-Type", "text/plain; charset=utf-8")
SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'
LARGEST = 4_096  # bytes of a form

Environ = dict[str, Any]
Start = Callable[..., object]
station = Station()


def page(title: str, *body: object, scripts: str = "") -> list[bytes]:
    """A whole page of the site."""
    html = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Fulmar Point</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/station.css">{scripts}</head>
<body><header><strong>Fulmar Point</strong> <a href="/">Wind</a> <a href="/guestbook">Guest book</a>
<a href="/about">About</a></header>
<main><h1>{title}</h1>{"".join(map(str, body))}</main>
<footer><a href="/askfirst/choices">Privacy choices</a></footer></body></html>"""
    return [html.encode()]


# answer: begins
def home(environ: Environ, start_response: Start) -> Iterable[bytes]:
    consent = consent_from(environ)
    counted = "are" if consent.allows("statistics") else "are not"
    offers = "Offers are shown." if consent.allows("marketing") else "No offers."
    start_response("200 OK", [HTML])
    return page(
        "Wind at the point",
        f'<p class="reading">{station.last} <small>m/s</small></p>',
        '<img src="/chart.svg" alt="The wind of the last 48 hours">',
        f'<p class="card">You {counted} counted. {offers}</p>',
        askfirst_notice(environ),
        scripts=SCRIPT,
    )


# answer: ends


def about(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [HTML])
    return page("About", "<p>An anemometer on the skerry, read every minute since 1974.</p>")


def settings(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response(
        "200 OK",
        [
            HTML,
            ("set-cookie", "theme=dark; Path=/; Max-Age=31536000; Partitioned; Secure"),
            ("SET-COOKIE", "_pulse=1; Path=/; Expires=Wed, 09 Jun 2055 10:18:14 GMT"),
            ("sEt-cOOkIe", "_offer=1; Path=/; Priority=High"),
            ("Set-Cookie", "leftover=1; Path=/"),
            ("Set-Cookie", "units=metric; Path=/"),
            ("Set-Cookie", "old_theme=; Path=/; Max-Age=0"),
        ],
    )
    return page("Settings", "<p>Your settings are kept as far as you agreed.</p>")


def seen(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [TEXT])
    chunks = environ.get("HTTP_COOKIE", "").split(";")
    names = [chunk.partition("=")[0].strip() for chunk in chunks if chunk.strip()]
    return ["\n".join(names).encode("latin-1")]


def guestbook(environ: Environ, start_response: Start) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] == "POST":
        station.sign(form(environ).get("message", ""))
        start_response("303 See Other", [("Location", "/guestbook")])
        return []
    start_response("200 OK", [HTML])
    said = "".join(f'<p class="card">{escape(message)}</p>' for message in station.messages)
    sign = (
        '<form class="sign" method="post" action="/guestbook">'
        '<input name="message" required aria-label="Your message"><button>Sign</button></form>'
    )
    return page("Guest book", sign, said)


def live(environ: Environ, start_response: Start) -> Iterable[bytes]:
    kind = ("Content-Type", "text/event-stream")
    start_response("200 OK", [kind, ("Cache-Control", "no-store")])
    return (event.encode() for event in station.listen())


def readings(environ: Environ, start_response: Start) -> Iterable[bytes]:
    station.read(form(environ)["value"])
    start_response("204 No Content", [])
    return []


def listeners(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [TEXT])
    return [str(station.listeners).encode()]


def table(environ: Environ, start_response: Start) -> Iterable[bytes]:
    def lines() -> Iterator[bytes]:
        for line in station.table():
            yield line.encode()

    start_response("200 OK", [("Content-Type", "text/csv; charset=utf-8")])
    return lines()


def file(path: Path, kind: str) -> Callable[[Environ, Start], Iterable[bytes]]:
    def send(environ: Environ, start_response: Start) -> Iterable[bytes]:
        stat = path.stat()
        modified = ("Last-Modified", formatdate(stat.st_mtime, usegmt=True))
        if environ.get("HTTP_IF_MODIFIED_SINCE") == modified[1]:
            start_response("304 Not Modified", [modified])
            return []
        length = ("Content-Length", str(stat.st_size))
        start_response("200 OK", [("Content-Type", kind), length, modified])
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        wrapper = environ.get("wsgi.file_wrapper", FileWrapper)
        return wrapper(path.open("rb"))  # type: ignore[no-any-return]

    return send


def broken(environ: Environ, start_response: Start) -> Iterable[bytes]:
    raise RuntimeError("the anemometer was blown away")


def form(environ: Environ) -> dict[str, str]:
    length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST)
    return dict(parse_qsl(environ["wsgi.input"].read(length).decode("utf-8", "replace")))


PAGES = {
    "/": home,
    "/about": about,
    "/settings": settings,
    "/seen": seen,
    "/guestbook": guestbook,
    "/live": live,
    "/readings": readings,
    "/listeners": listeners,
    "/readings.csv": table,
    "/chart.svg": file(CHART, "image/svg+xml"),
    "/station.css": file(STATIC / "station.css", "text/css; charset=utf-8"),
    "/broken": broken,
}


def site(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """The site, which knows nothing of the gate but what it asks it."""
    answer = PAGES.get(environ["PATH_INFO"])
    if answer is None:
        start_response("404 Not Found", [HTML])
        return page("Not here", "<p>There is no such page.</p>")
    body = answer(environ, start_response)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body


# gate: begins
FOLDER = Path(__file__).resolve().parent
app = ConsentMiddleware(
    site,
    policy=FOLDER / "policy.toml",
    collector=EmbeddedCollector(FOLDER / "askfirst-data"),
)
# gate: ends
