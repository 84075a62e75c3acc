"""`askfirst doctor`: what is wrong with a site, as somebody new sees it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from askfirst.pages.html import Html, el
from askfirst.terms.policy import Policy, read_policy
from askfirst.terms.purpose import Kind
from askfirst_collector.catalogue.first_policy import tidy_origin
from askfirst_collector.commands.data import click_errors
from askfirst_collector.config import Folder
from askfirst_collector.doctor.collect_evidence import Request, collect_evidence, is_address
from askfirst_collector.doctor.examine import Report, examine
from askfirst_collector.doctor.finding import KNOWN
from askfirst_collector.doctor.load_application import parse_target
from askfirst_collector.doctor.steps import Step, read_steps

THERE = click.Path(exists=True, dir_okay=False, path_type=Path)
STYLES = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-left: .3rem solid #b8860b; padding: .1rem 1rem; margin: 1.5rem 0; }
section.error { border-color: #c0392b; }
pre, code { white-space: pre-wrap; overflow-wrap: anywhere; }
"""
COLOURS = {"error": "red", "warning": "yellow"}


@click.command()
@click.argument("target", metavar="URL|module:app|module:create_app|FOLDER")
@click.option("--page", "pages", multiple=True, help="A path to visit; may be given again.")
@click.option(
    "--links",
    type=click.IntRange(0, 200),
    default=10,
    show_default=True,
    help="How many pages that the site leads to are visited besides.",
)
@click.option("--policy", type=THERE, help="The site's policy; else the one it publishes.")
@click.option("--host-policy", type=THERE, help="The host's; else the site's own, or the shipped.")
@click.option("--log", "logs", multiple=True, type=THERE, help="An access log; may be repeated.")
@click.option("--connect", metavar="HOST:PORT", help="Connect there, not where the name points.")
@click.option("--ca", type=THERE, help="Trust these certificates and no others, PEM.")
@click.option("--browser/--no-browser", default=True, help="Whether to use Chromium if it is here.")
@click.option(
    "--answer", is_flag=True, help="Give every answer with the browser too; each is recorded."
)
@click.option("--login", metavar="PATH", help="Sign in by the form of this page, then look again.")
@click.option("--user", help="Who signs in; the password is ASKFIRST_PASSWORD, or asked for.")
@click.option(
    "--script",
    type=THERE,
    help="Take these steps before looking again: GET /path, POST /path name=value, one a line.",
)
@click.option("--strict", is_flag=True, help="End with 1 for warnings too.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page for people to this file, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def doctor(
    target: str,
    pages: tuple[str, ...],
    links: int,
    policy: Path | None,
    host_policy: Path | None,
    logs: tuple[Path, ...],
    connect: str | None,
    ca: Path | None,
    browser: bool,
    answer: bool,
    login: str | None,
    user: str | None,
    script: Path | None,
    strict: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Visit the site at URL, or start module:app on loopback, and say what is wrong with it.

    Of a data FOLDER: whether anything could keep a copy of its salts.
    Ends with 0 when nothing is, with 2 when something is, and with --strict with 1 when there
    are warnings alone. Every id is explained in docs/doctor.md.
    """
    if (Path(target) / "ledger.db").is_file():
        # A site behind a relay has no databases.
        from askfirst_collector.doctor.salts import examine_salts

        with click_errors():
            report = examine_salts(Folder(Path(target).absolute()))
        _show(target, report, html, as_json=as_json)
        sys.exit(report.exit_code(strict=strict))
    origin, path = _split(target)
    request = Request(
        origin,
        pages=tuple(f"/{page.lstrip('/')}" for page in pages) or (path,),
        policy=_policy(policy, "site"),
        host=_policy(host_policy, "host"),
        logs=logs,
        connect=_connect(connect),
        ca=ca,
        browser=browser,
        answer=answer,
        steps=(*_login(login, user), *_steps(script)),
        links=links,
    )
    with click_errors():
        report = examine(collect_evidence(request, now=time.time))
    _show(origin, report, html, as_json=as_json)
    sys.exit(report.exit_code(strict=strict))


def _show(origin: str, report: Report, html: Path | None, *, as_json: bool) -> None:
    if html is not None:
        _write(html, report_page(origin, report))
    if as_json:
        click.echo(json.dumps(_plain(origin, report), ensure_ascii=False, indent=2))
    else:
        _print(origin, report)


def _login(path: str | None, user: str | None) -> tuple[Step, ...]:
    if path is None and user is None:
        return ()
    if path is None or user is None:
        raise click.UsageError("--login PATH and --user NAME belong together.")
    # Not an argument: those are for every process of the machine to read.
    password = os.environ.get("ASKFIRST_PASSWORD") or click.prompt(
        "Password", hide_input=True, err=True
    )
    fields = (("user", user), ("password", password))
    return (Step("--login", "SIGN IN", f"/{path.lstrip('/')}", fields),)


def _steps(file: Path | None) -> tuple[Step, ...]:
    if file is None:
        return ()
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--script {file}: it cannot be read as UTF-8 ({error}).") from None
    with click_errors():
        return read_steps(text, file=file.name, environ=os.environ)


def _split(target: str) -> tuple[str, str]:
    if not is_address(target):
        if not _is_application(target):
            raise click.UsageError(
                f"{target!r} is neither an address such as https://example.org nor an "
                "application such as app:app or shop:create_app, nor a data folder."
            )
        return target, "/"
    try:
        parts = urlsplit(target)
        known = parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        known = None
    if not known:
        raise click.UsageError(f"{target!r} is no address such as https://example.org.")
    return tidy_origin(target), parts._replace(scheme="", netloc="", fragment="").geturl() or "/"


def _is_application(target: str) -> bool:
    try:
        module = Path(*parse_target(target).module.split("."))
    except ValueError:
        return False
    # `example.org` is a name of modules too: without a colon it must be one that is here.
    return ":" in target or module.is_dir() or module.with_suffix(".py").is_file()


def _connect(where: str | None) -> tuple[str, int] | None:
    if where is None:
        return None
    try:
        parts = urlsplit(f"//{where}")
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise click.UsageError(f"--connect {where!r}: write HOST:PORT, such as 127.0.0.1:8443.")


def _policy(file: Path | None, kind: Kind) -> Policy | None:
    with click_errors():
        return read_policy(file, kind=kind) if file else None


def report_page(origin: str, report: Report) -> str:
    """The report as a document that needs nothing else."""
    parts: list[object] = [
        el(
            "section",
            {"class": finding.severity},
            el("h2", None, f"{finding.id}: {KNOWN[finding.id].title}"),
            el("p", None, el("b", None, finding.severity), " ", el("code", None, finding.where)),
            el("p", None, finding.found),
            el("pre", None, finding.do),
        )
        for finding in report.findings
    ]
    notes = el("ul", None, [el("li", None, note) for note in report.notes])
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "viewport", "content": "width=device-width"}),
        el("title", None, f"askfirst doctor: {origin}"),
        el("style", None, Html(STYLES)),
    )
    nothing = el("p", None, f"Nothing is wrong with {origin}.")
    body = el(
        "body", None, el("h1", None, origin), parts or nothing, el("h2", None, "Notes"), notes
    )
    return f"<!doctype html>{el('html', {'lang': 'en'}, head, body)}"


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written ({error.strerror})") from error


def _plain(origin: str, report: Report) -> dict[str, object]:
    return {
        "target": origin,
        "findings": [finding.as_dict() for finding in report.findings],
        "notes": list(report.notes),
    }


def _print(origin: str, report: Report) -> None:
    console = Console(highlight=False, soft_wrap=False)
    for finding in report.findings:
        mark = Text("✗ " if finding.severity == "error" else "! ", style=COLOURS[finding.severity])
        title = KNOWN[finding.id].title
        console.print(Text.assemble(mark, (finding.id, "bold"), f"  {title}"))
        for line in (f"{finding.where}: {finding.found}", f"{finding.do}."):
            console.print(Padding(Text(line), (0, 0, 0, 4)))
    for note in report.notes:
        console.print(Text(note, style="dim"))
    if not report.findings:
        console.print(Text.assemble(("✓ ", "green"), f"Nothing is wrong with {origin}."))
