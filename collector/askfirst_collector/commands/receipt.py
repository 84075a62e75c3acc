"""`askfirst receipt`: whether a receipt is genuine, and what it says, without asking anybody."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import click

from askfirst.contracts.strict_json import read_json
from askfirst.errors import Refused
from askfirst.gate.receipt import handle_of
from askfirst_collector.commands.data import click_errors
from askfirst_collector.commands.printing import print_json
from askfirst_collector.ledger.receipts import LONGEST, ReceiptRefused, verify_receipt

_INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def receipt() -> None:
    """Check the receipts of visitors."""


@receipt.command()
@click.argument("file", type=_INPUT)
@click.option(
    "--keys",
    type=_INPUT,
    required=True,
    help="What the site answers at /.well-known/askfirst.json, in a file.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
def verify(file: Path, keys: Path, as_json: bool) -> None:
    """Check the receipt in FILE, as a visitor has downloaded it, and say what it says.

    Nothing is asked over the network. Where the keys are those of a site, the receipt has to be of
    that site; where the secret is in FILE, it has to be that of the receipt. Ends with 0 for a
    genuine receipt, else with 1.
    """
    with click_errors():
        public, site = _read_keys(keys)
        token, secret = _read_receipt(file)
        try:
            payload = verify_receipt(token, public, site=site)
            if secret is not None and not _is_secret_of(payload, secret):
                raise ReceiptRefused("the secret beside it opens another one")
        except ReceiptRefused as error:
            raise click.ClickException(f"{file} proves nothing: {error}.") from None
    if as_json:
        print_json(payload)
        return
    click.echo(f"Genuine: signed by the collector of {payload['site']}, and not altered since.")
    for name, value in _described(payload):
        click.echo(f"  {name:<10} {value}")


def _read_keys(file: Path) -> tuple[list[dict[str, Any]], str | None]:
    document = _read(file)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        advice = "save what the site, or its collector, answers at /.well-known/askfirst.json"
        raise click.ClickException(f'{file} has no "keys": {advice}.')
    return listed, document.get("site")


def _read_receipt(file: Path) -> tuple[str, str | None]:
    """The signed record, alone or in a visitor's own file, and the secret where it is there."""
    with file.open("rb") as lines:
        data = lines.read(2 * LONGEST)
    text = data.decode("ascii", "replace").strip()
    if not text.startswith("{"):
        return text, None
    document = _read(file)
    token, secret = document.get("receipt"), document.get("secret")
    if not isinstance(token, str) or not isinstance(secret, str | None):
        raise click.ClickException(f'{file} has no "receipt": download it anew, or ask for it.')
    return token, secret


def _read(file: Path) -> Any:
    with file.open("rb") as lines:
        data = lines.read(2 * LONGEST)
    try:
        return read_json(data)
    except Refused as error:
        raise click.ClickException(f"{file} cannot be read: {error.detail}.") from None


def _is_secret_of(payload: dict[str, Any], secret: str) -> bool:
    handle = handle_of(secret.encode())
    return handle is not None and hmac.compare_digest(handle, str(payload.get("handle")))


def _described(payload: dict[str, Any]) -> list[tuple[str, object]]:
    choices = ", ".join(
        name + (f": yes, in detail {pair['detail']}" if pair["detail"] else ": no")
        for name, pair in payload["choices"].items()
    )
    return [
        ("status", payload["status"]),
        ("answered", f"in the hour of {payload['hour']}, by {payload['method']}"),
        ("until", payload["until"]),
        ("purposes", choices),
        ("controller", f"{payload['controller']} ({payload['jurisdiction']})"),
        ("edition", f"{payload['edition']['number']}, {payload['edition']['hash']}"),
        ("notice", f"{payload['notice']} ({payload['language']})"),
        ("handle", payload["handle"]),
        ("leaf", payload["leaf"]),
    ]
