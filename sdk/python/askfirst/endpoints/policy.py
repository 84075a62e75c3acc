"""`/askfirst/policy` and its archive, and the two well-known files: the same for everyone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

from askfirst.errors import CollectorUnavailable, Reason, Refused
from askfirst.gate.gate import Known
from askfirst.http.headers import Header
from askfirst.http.mount import cookie_suffix, mounted
from askfirst.http.request import Answer, Request, only_by
from askfirst.pages.assets import fresh
from askfirst.pages.describe_changes import changes
from askfirst.pages.policy import policy_page
from askfirst.pages.words import Words, words_for
from askfirst.terms.edition import Edition, Editions
from askfirst.terms.published import published

PATH = "/askfirst/policy"
SHORTLY: Header = (b"cache-control", b"public, max-age=300")
_BY_ACCEPT: Header = (b"vary", b"Accept")


def policy(editions: Editions, request: Request) -> Answer:
    """The edition in force, or the one of a hash, as a page or as JSON."""
    only_by(request, "GET")
    edition = _edition(editions, request.path.removeprefix(PATH).removeprefix("/"))
    then = Editions(tuple(earlier for earlier in editions if earlier.number <= edition.number))
    lang = (parse_qs(request.query.decode("latin-1")).get("lang") or [""])[0]
    words = words_for(lang, edition.policy)
    if request.wants_json():
        body = policy_json(then, words)
        return fresh(request, body, b"application/json", SHORTLY, _BY_ACCEPT)
    page = policy_page(edition, words=words, current=edition is editions.current)
    kind = b"text/html; charset=utf-8"
    return fresh(request, page.encode("utf-8"), kind, SHORTLY, _BY_ACCEPT)


def consent_requests(editions: Editions, request: Request) -> Answer:
    """What the site asks, for browsers (ADPC, unofficial draft of June 2021, section 7.1).

    A page leads there by `<link rel="consent-requests" href="/askfirst/consent-requests">`.
    """
    only_by(request, "GET")
    policy = _edition(editions, "").policy
    lang = (parse_qs(request.query.decode("latin-1")).get("lang") or [""])[0]
    words = words_for(lang, policy)
    texts = {name: policy.purposes[name].text_in(words.lang)[1] for name in policy.asked}
    requests = [
        {"id": name, "text": f"{text.title}: {text.description}"} for name, text in texts.items()
    ]
    language = (b"content-language", words.lang.encode("ascii"))
    body = _json({"consentRequests": requests})
    return fresh(request, body, b"application/json", SHORTLY, language)


def policy_json(editions: Editions, words: Words) -> bytes:
    """What the script reads: the newest of these editions, with what the page says in words."""
    document = {
        **published(editions),
        "changes": changes(editions, words),
        "lang": words.lang,
        "control": {
            **words.entries["control"],
            "list": words.say("list"),
            "failed": words.say("notice", "failed"),
        },
        **({"words": words.own} if words.own else {}),
    }
    if suffix := cookie_suffix():
        document["suffix"] = suffix.decode("ascii")
    return _json(document)


def _edition(editions: Editions, wanted: str) -> Edition:
    if not editions:
        raise CollectorUnavailable("the editions are not known yet")
    edition = editions.by_hash(wanted) if wanted else editions.current
    if edition is None:
        raise Refused(Reason.NOT_FOUND, "there is no edition of this hash")
    return edition


def gpc(known: Known, request: Request) -> Answer:
    """`/.well-known/gpc.json` (W3C Global Privacy Control, section 4.1)."""
    only_by(request, "GET")
    if not known.editions:
        raise CollectorUnavailable("the editions are not known yet")
    return fresh(request, gpc_json(known.editions), b"application/json", SHORTLY)


def gpc_json(editions: Editions) -> bytes:
    """The body of `gpc.json` for a site with these editions."""
    # The signal was honoured from the first edition on.
    since = datetime.fromtimestamp(next(iter(editions)).effective, UTC)
    return _json({"gpc": True, "lastUpdate": since.date().isoformat()})


def about(known: Known, request: Request) -> Answer:
    """`/.well-known/askfirst.json`: which policy is in force, and the keys that check receipts."""
    only_by(request, "GET")
    edition = _edition(known.editions, "")
    address = mounted(f"{PATH}/{edition.hash}")
    document = {
        "site": edition.policy.site,
        "policy": {"number": edition.number, "hash": edition.hash, "url": address},
        "keys": list(known.receipt_keys),
    }
    return fresh(request, _json(document), b"application/json", SHORTLY)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
