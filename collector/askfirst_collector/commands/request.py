"""`askfirst request`: what visitors ask by mail, entered and answered at the machine."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from askfirst_collector.catalogue.requests import KINDS, OUTCOMES, requests_of, today
from askfirst_collector.commands.data import click_errors, data_option, opened
from askfirst_collector.commands.printing import print_json
from askfirst_collector.ledger.receipts import LONGEST
from askfirst_collector.members.rows import ON_THE_MACHINE
from askfirst_collector.usecases.requests import (
    close_request,
    enter_request,
    extend_request,
    identify_request,
)

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_NUMBER = click.argument("number", type=click.IntRange(1))


@click.group()
def request() -> None:
    """Requests of visitors that come by mail: until when, what was done, how they ended."""


@request.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def list_(data: Path, as_json: bool) -> None:
    """Every request: the open ones by the day they are due, then the closed."""
    with opened(data) as parts:
        entries, day = requests_of(parts.engine), today(parts.now())
    if as_json:
        print_json(
            [
                {
                    "number": e.number,
                    "site": e.site,
                    "kind": e.kind,
                    "received": e.received.isoformat(),
                    "due": e.due.isoformat(),
                    "identified": e.is_identified,
                    "outcome": e.outcome or None,
                }
                for e in entries
            ]
        )
        return
    for entry in entries:
        late = " (overdue)" if entry.due < day else ""
        state = entry.outcome or f"by {entry.due}{late}"
        click.echo(f"{entry.number}  {entry.site}  {entry.kind}  came {entry.received}  {state}")
    if not entries:
        click.echo("There are none. See: askfirst request add --help")


@request.command()
@click.argument("site")
@click.argument("kind", type=click.Choice(KINDS))
@data_option
@click.option("--contact", required=True, help="Where the answer goes.")
@click.option("--received", type=click.DateTime(["%Y-%m-%d"]), help="The day it came; else today.")
@click.option("--note", default="", help="What they wrote, as short as it can be.")
def add(
    site: str, kind: str, data: Path, contact: str, received: datetime | None, note: str
) -> None:
    """Enter a request of a visitor of SITE; it is to be answered within a month."""
    with opened(data) as parts:
        day: date = received.date() if received is not None else today(parts.now())
        entry = enter_request(
            parts, ON_THE_MACHINE, site, kind, received=day, contact=contact, note=note
        )
    click.echo(f"Request {entry.number} is to be answered by {entry.due}.")


@request.command()
@_NUMBER
@click.argument("file", type=_IN)
@data_option
def identify(number: int, file: Path, data: Path) -> None:
    """Check the receipt in FILE that came with a request, and do what the request asks for.

    A copy is printed, to be sent on. Neither the receipt nor what it opens is kept.
    """
    with file.open("rb") as lines:
        text = lines.read(2 * LONGEST).decode("utf-8", "replace")
    with opened(data) as parts, click_errors():
        copy = identify_request(parts, ON_THE_MACHINE, number, text)
    if copy is not None:
        print_json(copy)
    click.echo(f"Whoever sent request {number} is identified.", err=True)


@request.command()
@_NUMBER
@data_option
def extend(number: int, data: Path) -> None:
    """Take two months more for a request; inform whoever asked, with the reason."""
    with opened(data) as parts:
        extend_request(parts, ON_THE_MACHINE, number)
    click.echo(f"Request {number} has two months more.")


@request.command()
@_NUMBER
@click.argument("outcome", type=click.Choice(OUTCOMES))
@data_option
@click.option("--answer", default="", help="What was answered.")
def close(number: int, outcome: str, data: Path, answer: str) -> None:
    """End a request with what was decided."""
    with opened(data) as parts:
        close_request(parts, ON_THE_MACHINE, number, outcome, answer)
    click.echo(f"Request {number} is closed: {outcome}.")
