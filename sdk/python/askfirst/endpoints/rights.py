"""`/askfirst/rights/*`: what is kept about a visitor, and what they can have done about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from askfirst.client import Handle
from askfirst.contracts.body import FORM, JSON, media_type, read_form
from askfirst.contracts.origin import check_origin, local_path, same_referer
from askfirst.contracts.strict_json import read_json
from askfirst.endpoints.consent import explain, withdraw
from askfirst.errors import AskfirstError, CollectorUnavailable, Reason, Refused
from askfirst.gate.receipt import handle_of
from askfirst.gate.record_answer import cookies_once_erased
from askfirst.gate.relay import PATIENCE, Relay
from askfirst.http.headers import Header, first
from askfirst.http.mount import mounted
from askfirst.http.request import (
    NO_STORE,
    Answer,
    Request,
    as_json,
    html,
    only_by,
    problem,
    see_other,
)
from askfirst.pages.rights import rights_page
from askfirst.pages.words import words_in
from askfirst.terms.attributes import NAMES
from askfirst.terms.csv_text import csv_text
from askfirst.terms.receipt_formats import dpv, kantara, payload_of

ROOT = "/askfirst/rights/"
ME = ROOT + "me"
# The record in other people's formats: how to write it, and as which kind of file.
FORMATS: Mapping[str, tuple[Callable[..., Mapping[str, object]], str, bytes]] = {
    "kantara": (kantara, "receipt.kantara.json", b"application/json"),
    "dpv": (dpv, "receipt.dpv.jsonld", b"application/ld+json"),
}
READS = ("me", "receipt", "export", "csv", *FORMATS)
ACTS = ("withdraw", "erase", "restrict", "export")
DONE = {"withdraw": "withdrawn", "erase": "erased", "restrict": "restricted"}
_SCHEME = b"receipt "
_OPENS = (
    "only a receipt that has not ended opens this: open this address in its own browser, or send "
    "Authorization: Receipt SECRET"
)


async def rights(relay: Relay, request: Request, *, now: float) -> Answer:
    """One request about rights, by the receipt cookie or `Authorization: Receipt SECRET`."""
    name = request.path.removeprefix(ROOT)
    if request.reads:
        if name not in READS:
            raise Refused(Reason.NOT_FOUND, "there is nothing here")
        return await _read(relay, request, name)
    only_by(request, "GET", "POST")
    # To withdraw a text browser may say by its Referer alone that it is the site (M47).
    if name != "withdraw" or not same_referer(request.headers, relay.policy.origins):
        check_origin(request.headers, relay.policy.origins)
    kind = media_type(request.headers, JSON, FORM)
    try:
        data = await request.body()
        fields = read_form(data) if kind == FORM else read_json(data or b"{}")
        return await _act(relay, request, name, fields, form=kind == FORM, now=now)
    except AskfirstError as error:
        if kind != FORM:
            raise
        return explain(relay, error, ME)


async def _read(relay: Relay, request: Request, name: str) -> Answer:
    try:
        holdings = await _kept(relay, handle_in(request))
    except AskfirstError as error:
        return problem(error) if request.wants_json() else explain(relay, error, "/")
    if name == "me" and not request.wants_json():
        return _page(relay, request, holdings)
    if holdings is None or (name == "receipt" and not _may_have_secret(request)):
        # The same for whoever has none: that something is kept is for its visitor to know.
        raise Refused(Reason.NO_RECEIPT, _OPENS)
    if name == "receipt":
        file = {"receipt": holdings.get("receipt"), "secret": secret_in(request).decode("ascii")}
        return _download(file, "receipt.json")
    if name == "csv":
        return _table(holdings)
    if name in FORMATS:
        return _formatted(relay, holdings, name)
    return as_json(holdings) if name == "me" else _download(holdings, "askfirst.json")


def _table(holdings: Mapping[str, object]) -> Answer:
    """The rows as a spreadsheet reads them: a line each, a column for each attribute."""
    rows = holdings.get("rows")
    lines = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    head = ("collector", "purpose", "closes", "period", "type")
    table = [[*(row.get(name) for name in head), *_values(row)] for row in lines]
    text = csv_text([[*head, *NAMES, "why_not_stored"], *table])
    disposition = b"content-disposition", b'attachment; filename="askfirst.csv"'
    kind = b"content-type", b"text/csv; charset=utf-8"
    return Answer(200, text.encode(), (kind, NO_STORE, disposition))


def _values(row: Mapping[str, object]) -> Iterator[str]:
    stored = row.get("values")
    values = stored if isinstance(stored, Mapping) else {}
    # A row that says why an event was not stored has the reason where others have the action.
    was_dropped = row.get("type") == "drop"
    for name in NAMES:
        yield "" if was_dropped else _joined(values.get(name, ()))
    yield _joined(values.get("action", ())) if was_dropped else ""


def _joined(parts: object) -> str:
    return " › ".join(map(str, parts)) if isinstance(parts, list | tuple) else str(parts)


def _formatted(relay: Relay, holdings: Mapping[str, object], name: str) -> Answer:
    """The record as others write it, with its leaf, by which a ledger finds it."""
    write, file, kind = FORMATS[name]
    payload = payload_of(str(holdings.get("receipt")))
    if payload is None:
        raise CollectorUnavailable("the collector's receipt cannot be read")
    base = sorted(relay.policy.origins)[0] + mounted("/").rstrip("/")
    document = write(payload, relay.gate.known.editions, base=base)
    disposition = b"content-disposition", f'attachment; filename="{file}"'.encode("ascii")
    answer = as_json(document, headers=(NO_STORE, disposition))
    return replace(answer, headers=((b"content-type", kind), *answer.headers[1:]))


async def _kept(relay: Relay, handle: Handle | None) -> Mapping[str, object] | None:
    if handle is None:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            await relay.settled(handle)
        holdings = await relay.client.me(relay.policy.site, handle)
    except TimeoutError:
        raise CollectorUnavailable("what you asked for is not recorded yet") from None
    except Refused:
        # An unknown or dead receipt tells as much as none (M29).
        return None
    return holdings if holdings.get("record") else None


def _page(relay: Relay, request: Request, holdings: Mapping[str, object] | None) -> Answer:
    query = parse_qs(request.query.decode("latin-1"))
    done = (query.get("done") or [""])[0]
    page = rights_page(
        relay.gate.consent(request.headers),
        holdings,
        words=words_in((query.get("lang") or [relay.policy.languages[0]])[0], relay.policy),
        return_to=local_path((query.get("return_to") or ["/"])[0]),
        done=done if done in DONE.values() else None,
    )
    return html(page)


async def _act(
    relay: Relay, request: Request, name: str, fields: object, *, form: bool, now: float
) -> Answer:
    wanted = fields.get("action") if name == "me" and isinstance(fields, dict) else name
    if wanted not in ACTS:
        raise Refused(Reason.BAD_SHAPE, f'send "action" as one of {", ".join(ACTS)}')
    handle = handle_in(request)
    if handle is None:
        if form:
            return see_other(ME)
        raise Refused(
            Reason.NO_RECEIPT, "send the receipt cookie, or Authorization: Receipt SECRET"
        )
    cookies: tuple[Header, ...] = ()
    if wanted == "export":
        holdings = await _kept(relay, handle)
        return _download(holdings or {}, "askfirst.json")
    if wanted == "withdraw" and isinstance(fields, dict) and fields.get("erase") in ("1", True):
        wanted = "erase"  # which ends the grant as well
    if wanted == "withdraw":
        whose = replace(request, secrets=(secret_in(request),))
        settled = await withdraw(relay, whose, now=now)
        cookies = settled.cookies
        if settled.error is not None:
            answer = explain(relay, settled.error, ME) if form else problem(settled.error)
            return answer.also(*cookies)
    elif wanted == "erase":
        await relay.erase(handle)
        cookies = cookies_once_erased(relay, replace(request, secrets=(secret_in(request),)), now)
    else:
        await relay.restrict(handle)
    done = DONE[str(wanted)]
    return (see_other(f"{ME}?done={done}") if form else as_json({"done": done})).also(*cookies)


def secret_in(request: Request) -> bytes:
    """The secret of a request, from the header where there is one, else from the cookie."""
    secret = _in_header(request)
    if secret is not None:
        return secret
    return request.secrets[0] if len(set(request.secrets)) == 1 else b""


def _in_header(request: Request) -> bytes | None:
    credentials = first(request.headers, b"authorization") or b""
    is_ours = credentials[: len(_SCHEME)].lower() == _SCHEME
    return credentials[len(_SCHEME) :].strip() if is_ours else None


def _may_have_secret(request: Request) -> bool:
    """Whether the answer is for whoever knows the secret, or for the visitor's own disk.

    A script reads what it fetches; what is navigated to (Fetch Metadata, section 2.2) and comes as
    an attachment no page reads. A browser that does not say which may be asked by a script.
    """
    return bool(_in_header(request)) or first(request.headers, b"sec-fetch-mode") == b"navigate"


def handle_in(request: Request) -> Handle | None:
    """The handle of a request about rights; the secret goes no further than here."""
    return handle_of(secret_in(request))


def _download(value: object, name: str) -> Answer:
    disposition = b"content-disposition", f'attachment; filename="{name}"'.encode("ascii")
    return as_json(value, headers=(NO_STORE, disposition))
