"""The record in the formats of others, from a real receipt of a real collector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, ValidationError

from askfirst.terms.edition import Edition, Editions
from askfirst.terms.receipt_formats import dpv, kantara, payload_of
from askfirst.terms.uses import DATA_USES
from tests.support.collectors import Clock, policy, purposes
from tests.support.consent_formats import DPV, KANTARA, OTHER_TYPES, OTHERS
from tests.support.whole import Site, Visitor

pytestmark = pytest.mark.anyio
_RECIPIENT = {"name": "Mapper", "role": "processor", "country": "DE", "hosts": []}
TERMS = purposes("standard", statistics={"recipients": [_RECIPIENT]})


def _names(value: Any) -> Iterator[str]:
    """Every compact IRI of a document: keys, types and references."""
    if isinstance(value, list):
        for child in value:
            yield from _names(child)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key in ("@type", "@id"):
                yield child
            elif not key.startswith("@"):
                yield key
            yield from _names(child)


def _unknown(document: dict[str, Any]) -> set[str]:
    context = document.pop("@context")
    names = {name for name in _names(document) if name.partition(":")[0] in context}
    ours = {name for name in names if name.removeprefix("dpv:") in DPV}
    return names - ours - OTHERS - OTHER_TYPES


async def test_a_record_leaves_in_the_formats_of_others(tmp_path: Path) -> None:
    """M19: the file of a visitor fits the schema, and each IRI of the other one exists."""
    site = Site(tmp_path / "data", policy("standard", purposes=TERMS), Clock())
    visitor = Visitor()
    await site.answer(visitor, {}, "accept_all")
    file = await site.ask(visitor, "GET", "/askfirst/rights/kantara")
    assert file.one(b"content-disposition") == b'attachment; filename="receipt.kantara.json"'
    Draft4Validator(KANTARA).validate(file.json)
    asked = file.json["services"][0]["purposes"]
    assert [purpose.get("thirdPartyName") for purpose in asked] == [None, None, "Mapper"]
    assert file.json["consentTimestamp"] % 3600 == 0
    linked = await site.ask(visitor, "GET", "/askfirst/rights/dpv")
    assert linked.one(b"content-type") == b"application/ld+json"
    process = linked.json["dpv:hasProcess"][-1]
    assert process["dpv:hasPurpose"] == {"@id": "dpv:ServiceUsageAnalytics"}
    assert process["dpv:hasRecipient"][0]["@type"] == "dpv:DataProcessor"
    assert linked.json["dct:identifier"] == file.json["consentReceiptID"]
    assert _unknown(linked.json) == set()
    # M18: neither says more of the visitor than the record does.
    for body in (file.body, linked.body):
        assert visitor.secret not in body
        assert visitor.address.encode() not in body
    nobody = await site.ask(Visitor(), "GET", "/askfirst/rights/dpv")
    assert nobody.json["reason"] == "no-receipt"
    await site.collector.aclose()


def test_whatever_is_asked_has_a_purpose_that_exists() -> None:
    """M19: each data use, each status, refused and granted; what does not exist is seen."""
    known = policy("standard")
    record: dict[str, Any] = {
        "leaf": "ab" * 32,
        "site": "shop",
        "handle": "5e" * 32,
        "edition": {"number": 1, "hash": "cd" * 32},
        "notice": "ef" * 32,
        "language": "en",
        "hour": "2026-11-22T12:00:00Z",
        "until": "2027-06-30T00:00:00Z",
        "method": "save",
        "jurisdiction": "EU",
        "choices": {"statistics": {"detail": 1, "edition": 1}},
        "granted": ["statistics"],
    }
    for use in sorted(DATA_USES):
        terms = purposes("standard", statistics={"data_use": use, "sells_or_shares": True})
        shop = policy("standard", purposes={"statistics": terms["statistics"]})
        editions = Editions((Edition(1, shop.hash, 0, shop),))
        for status in ("granted", "restricted", "withdrawn"):
            document = dpv({**record, "status": status}, editions, base="https://shop.example")
            assert _unknown(document) == set(), use
    editions = Editions((Edition(1, known.hash, 0, known),))
    whole = dpv({**record, "status": "granted"}, editions, base="https://shop.example")
    assert _unknown({**whole, "dpv:hasPurpose": {"@id": "dpv:Analytics"}}) == {"dpv:Analytics"}
    receipt = kantara({**record, "status": "granted"}, editions, base="https://shop.example")
    Draft4Validator(KANTARA).validate(receipt)
    del receipt["policyUrl"]
    with pytest.raises(ValidationError):
        Draft4Validator(KANTARA).validate(receipt)


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "a.W10.c", "a.e30.c", "a.é.c"])
def test_what_is_no_receipt_says_nothing(text: str) -> None:
    """A collector that answers with something else breaks no page."""
    assert payload_of(text) is None
