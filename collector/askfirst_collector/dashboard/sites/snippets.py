"""The lines that a site's owner copies: the gate in front, the script, the helper in a template."""

from __future__ import annotations

from dataclasses import dataclass

# How a site meets the collector: its name on the page, and when it is the one.
WAYS = {
    "relay": ("A relay", "your site runs in Python, this collector elsewhere"),
    "embedded": ("Embedded", "this collector runs inside your site’s own process"),
    "files": ("No Python", "your site is files, or runs in PHP, Node or anything else"),
}
SCRIPT = '<script src="/askfirst/static/askfirst.js" defer></script>'


@dataclass(frozen=True)
class Snippet:
    """Lines to copy, and where they go."""

    title: str
    where: str
    lines: str


def snippets(way: str, site: str, collector: str) -> tuple[Snippet, ...]:
    """What to copy for one of the ways; `collector` is this collector's origin."""
    return {"relay": _relay, "embedded": _embedded, "files": _files}[way](site, collector)


def _relay(site: str, collector: str) -> tuple[Snippet, ...]:
    lines = f"""\
import os
from pathlib import Path

from askfirst import ConsentMiddleware, HttpCollector

FOLDER = Path(__file__).resolve().parent
app = ConsentMiddleware(
    app,
    policy=FOLDER / "policy.toml",
    collector=HttpCollector(
        "{collector}",
        key=os.environ["ASKFIRST_KEY"],
        cookie_keys=FOLDER / "{site}-cookie.keys",
    ),
)"""
    return (
        Snippet("Install", "where your site runs", "pip install 'askfirst[telemetry]'"),
        Snippet("The gate", "below the line that makes your ASGI app", lines),
        *_in_pages(),
    )


def _embedded(site: str, collector: str) -> tuple[Snippet, ...]:
    lines = """\
from pathlib import Path

from askfirst import ConsentMiddleware
from askfirst_collector.embedded import EmbeddedCollector

FOLDER = Path(__file__).resolve().parent
app = ConsentMiddleware(
    app, policy=FOLDER / "policy.toml", collector=EmbeddedCollector(FOLDER / "askfirst-data")
)"""
    return (
        Snippet("Install", "where your site runs", "pip install 'askfirst[collector]'"),
        Snippet("The gate", "below the line that makes your ASGI app", lines),
        *_in_pages(),
    )


def _files(site: str, collector: str) -> tuple[Snippet, ...]:
    command = (
        f"askfirst snippet {site} --data askfirst-data \\\n    --collector {collector} --out public"
    )
    line = SCRIPT.replace(" defer", f' data-collector="{collector}" defer')
    return (
        Snippet(
            "The files",
            "where this collector runs; then copy what is in the folder to the root of your site, "
            "and again after each edition",
            command,
        ),
        Snippet("The script", "in the <head> of every page", line),
    )


def _in_pages() -> tuple[Snippet, ...]:
    return (
        Snippet("The script", "in the <head> of every page", SCRIPT),
        Snippet(
            "The notice",
            "at the end of <body>: what askfirst_notice(request) gives, from askfirst; in Jinja "
            "templates of Starlette and FastAPI, after init_templates(templates) of their module",
            "{{ askfirst_notice() }}",
        ),
    )
