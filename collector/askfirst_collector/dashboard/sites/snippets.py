"""The lines that a site's owner copies: those that `askfirst init` prints, for each framework."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from askfirst_collector.frameworks import EMBEDDED, SCRIPT, Framework, relay

# How a site meets the collector: its name on the page, and when it is the one.
WAYS = {
    "relay": ("A relay", "your site runs in Python, this collector elsewhere"),
    "embedded": ("Embedded", "this collector runs inside your site’s own process"),
    "files": ("No Python", "your site is files, or runs in PHP, Node or anything else"),
}


@dataclass(frozen=True)
class Snippet:
    """Lines to copy, and where they go."""

    title: str
    where: str
    lines: str


def snippets(way: str, site: str, url: str, framework: Framework) -> tuple[Snippet, ...]:
    """What to copy for one of the ways; `url` is this collector's origin."""
    if way == "files":
        return _files(site, url)
    extra, collector = (
        ("telemetry", relay(site, url)) if way == "relay" else ("collector", EMBEDDED)
    )
    lines = framework.lines(app="app", policy="policy.toml", up=0, collector=collector)
    return (
        Snippet("Install", "where your site runs", f"pip install 'askfirst[{extra}]'"),
        Snippet("The gate", framework.where, lines),
        *_in_pages(framework),
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


def _in_pages(framework: Framework) -> Iterator[Snippet]:
    if framework.once:
        lines = f"from {framework.module} import init_templates\n\n{framework.once}"
        yield Snippet("Templates", "once, below the line that makes your templates", lines)
    yield Snippet("The script", "in the <head> of every page", framework.script)
    # A template has it already; what renders pages in Python calls it.
    is_called = framework.script == SCRIPT
    origin = ": what this gives, from askfirst" if is_called else ""
    yield Snippet("The notice", f"at the end of <body>{origin}", framework.notice)
    if framework.check:
        yield Snippet("The check", "where your site runs", framework.check)
