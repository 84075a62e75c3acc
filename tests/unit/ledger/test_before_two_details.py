"""A folder, cookies and bodies of before: four details, and an edition for each purpose."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from askfirst.contracts.consent import read_answer
from askfirst.errors import Refused
from askfirst.terms.consent import Consent
from askfirst.terms.token import details_of_four, read_state
from askfirst_collector.cli import main
from askfirst_collector.jobs.checkpoints import sign_trees
from askfirst_collector.ledger.leaves import leaf_hash
from askfirst_collector.ledger.merkle import check_inclusion
from askfirst_collector.ledger.notes import read_checkpoint
from askfirst_collector.ledger.tables import BEFORE as BEFORE_TREES
from askfirst_collector.ledger.trees import prove
from askfirst_collector.services import Services
from askfirst_collector.usecases.record_consent import record_now
from askfirst_collector.usecases.visitor_rights import erase, restrict
from tests.support.collectors import Clock, decision, opened, policy

pytestmark = pytest.mark.file

HERE = Path(__file__).parent
BEFORE = json.loads((HERE / "before-two-details.json").read_text("utf-8"))
KEY = bytes.fromhex(BEFORE["key"])
ANSWERS = [answer for answer in BEFORE["answers"] if answer["handle"]]
LATEST = {answer["handle"]: answer for answer in ANSWERS}
NOW = float(BEFORE["now"])


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Services]:
    for name, dump in (("ledger", ""), ("salts", "-salts")):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as file:
            file.executescript((HERE / f"before-two-details{dump}.sql").read_text("utf-8"))
    with opened(tmp_path, Clock(NOW)) as services:
        yield services


def test_a_ledger_of_before_is_proved_and_verified(parts: Services) -> None:
    """M17, M28: its entries are one sealed tree, with a checkpoint, whatever is erased of it."""
    sign_trees(parts, NOW)
    (handle, other) = list(LATEST)[:2]
    entry = parts.ledger.latest("shop", handle)
    assert entry is not None
    erase(parts, "shop", other)
    sign_trees(parts, NOW)
    proof = prove(parts.engine, entry.leaf)
    assert proof is not None
    checkpoint = read_checkpoint(proof.note.rpartition("\n\n")[0] + "\n")
    assert checkpoint.origin == f"askfirst/{BEFORE_TREES}"
    place = (proof.position, checkpoint.size, proof.path, checkpoint.root)
    check_inclusion(entry.leaf, *place)
    for command in ("verify", "check"):
        data = str(parts.folder.ledger.parent)
        result = CliRunner().invoke(main, ["ledger", command, "--data", data])
        assert result.exit_code == 0, result.output
    assert parts.ledger.latest("shop", other) is None


def worth(answer: dict[str, Any]) -> dict[str, int]:
    """What its details are worth now."""
    return details_of_four({name: pair[0] for name, pair in answer["state"]["ch"].items()})


def test_every_entry_of_before_is_read_as_what_it_is_worth(parts: Services) -> None:
    """M46: 3 as asked, 2 less, 1 nothing and asked again; mixed ones count as the coarser."""
    seen = set()
    for handle, answer in LATEST.items():
        entry = parts.ledger.latest("shop", handle)
        assert entry is not None
        assert entry.body["v"] == 1
        details = {name: choice.detail for name, choice in entry.choices.items()}
        assert details == worth(answer)
        seen.add(tuple(sorted(details.items())))
        status = parts.ledger.consent_status("shop", handle)
        assert status is not None
        assert {name: choice.detail for name, choice in status.choices.items()} == details
        assert status.expires == answer["state"]["exp"], "an older grant ends when it said"
    assert len(seen) > 6


def test_no_entry_of_before_is_rewritten(parts: Services) -> None:
    """M17: their leaves commit to them; what follows one is an entry of its own, of version 2."""
    entries = [entry for handle in LATEST for entry in parts.ledger.history("shop", handle)]
    for entry in entries:
        written = json.dumps(entry.body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert leaf_hash(entry.salt, written.encode()) == entry.leaf
    live = [h for h in LATEST if (s := parts.ledger.consent_status("shop", h)) and s.alive]
    site = policy("standard")
    current = parts.registry.site("shop")
    assert current is not None
    for number, handle in enumerate(live):
        before = parts.ledger.latest("shop", handle)
        assert before is not None
        if number % 2:
            restrict(parts, "shop", handle)
        else:
            record_now(parts, decision(site, "withdraw", handle=handle))
        after = parts.ledger.latest("shop", handle)
        assert after is not None
        assert after.body["v"] == 2
        details = {name: pair["detail"] for name, pair in after.body["choices"].items()}
        if number % 2:
            assert details == {name: choice.detail for name, choice in before.choices.items()}
        else:
            assert not any(details.values())
    again = [entry for handle in LATEST for entry in parts.ledger.history("shop", handle)]
    assert [e.body for e in entries] == [e.body for e in again if e.body["v"] == 1]


@pytest.mark.parametrize("answer", BEFORE["answers"], ids=lambda answer: str(answer["state"]["ch"]))
def test_every_cookie_of_before_allows_no_more_than_the_ledger(
    parts: Services, answer: dict[str, Any]
) -> None:
    """M09, M46: read with one detail and its smallest edition; what has no equal is asked again."""
    state = read_state(answer["cookie"], [KEY], site="shop", now=NOW)
    assert state is not None
    assert state.choices == worth(answer)
    granted = [name for name, detail in state.choices.items() if detail]
    assert state.edition == min((answer["state"]["ch"][name][1] for name in granted), default=0)
    site = parts.registry.site("shop")
    assert site is not None
    consent = Consent("shop", state, site.editions)
    entry = parts.ledger.latest("shop", answer["handle"]) if answer["handle"] else None
    if entry is not None and answer is LATEST[answer["handle"]]:
        for name in granted:
            ledger = site.effective(name, entry.choices[name])
            assert consent.terms(name).scope.meet(ledger.scope) == consent.terms(name).scope
    asks = {question.purpose for question in consent.asks}
    pairs = answer["state"]["ch"]
    left = {name for name, pair in pairs.items() if pair[0] == 1 and "/" not in name}
    assert left <= asks
    assert not {name for name, pair in answer["state"]["ch"].items() if not pair[0]} & asks


@pytest.mark.parametrize("answer", BEFORE["answers"], ids=lambda answer: str(answer["body"]))
def test_every_body_of_before_may_refuse_and_not_grant(answer: dict[str, Any]) -> None:
    """M16: four details say something else now, so that what grants in them is asked anew."""
    body = read_answer("application/json", json.dumps(answer["body"]).encode())
    grants = any(body.choices.values())
    if not grants:
        body.check_version()
        return
    with pytest.raises(Refused, match="update the askfirst SDK") as refused:
        body.check_version()
    assert (refused.value.reason, refused.value.status) == ("edition-changed", 409)
