"""What an answer makes of the past: pure decisions."""

from __future__ import annotations

from typing import Any

import pytest

from askfirst.client import Decision
from askfirst.errors import Refused
from askfirst.terms.edition import Choice, Edition, Editions
from askfirst.terms.policy import Policy
from askfirst_collector.ledger.answers import Answered, answer, ending, restriction
from askfirst_collector.ledger.entries import Entry
from askfirst_collector.ledger.records import Past
from tests.support.collectors import NOON, decision, policy, purposes

MONTH = 31 * 86_400
NOBODY = Past(None, ended=False)
FIRST = policy("standard")
SECOND = policy("full")


def editions(*policies: Policy) -> Editions:
    return Editions(tuple(Edition(n, p.hash, 0, p) for n, p in enumerate(policies, 1)))


def answered(
    asked: Decision, past: Past = NOBODY, *policies: Policy, now: float = NOON
) -> Answered:
    known = editions(*(policies or (FIRST,)))
    return answer(asked, past, known, lambda *_: "words", now=now)


def after(result: Answered, *, ended: bool = False) -> Past:
    assert result.body is not None
    return Past(Entry(0, b"", b"", result.body), ended)


def reason(*arguments: Any) -> str:
    with pytest.raises(Refused) as refused:
        answered(*arguments)
    return refused.value.reason


def pairs(result: Answered) -> dict[str, tuple[int, int]]:
    return {name: (choice.detail, choice.edition) for name, choice in result.choices.items()}


def test_accept_all_is_everything_as_asked() -> None:
    """Without choices every asked purpose is granted at detail 2, under the current edition."""
    result = answered(decision(FIRST))
    assert pairs(result) == dict.fromkeys(FIRST.asked, (2, 1))
    assert result.body is not None
    assert result.body["kind"] == "grant"


def test_a_purpose_left_out_keeps_its_pair_and_its_end() -> None:
    """Kept pairs keep the edition that bounds them, and the earlier expiry."""
    first = answered(decision(FIRST))
    later = NOON + 3 * MONTH
    asked = decision(SECOND, "save", {"marketing": 2})
    result = answered(asked, after(first), FIRST, SECOND, now=later)
    assert result.choices["marketing"] == Choice(2, 2)
    assert result.choices["statistics"] == Choice(2, 1)
    assert result.expires == first.expires
    assert answered(decision(SECOND), after(first), FIRST, SECOND, now=later).expires > later


@pytest.mark.parametrize("method", ["reject_all", "withdraw"])
def test_refusing_everything_ends_a_live_handle(method: Any) -> None:
    """All zero under a live handle is a withdrawal, also of purposes no longer asked for."""
    kept = purposes("standard")
    del kept["marketing"]
    second = policy("standard", purposes=kept)
    result = answered(decision(second, method), after(answered(decision(FIRST))), FIRST, second)
    assert set(pairs(result).values()) == {(0, 2)}
    assert set(result.choices) == set(FIRST.asked)
    assert result.body is not None
    assert (result.body["kind"], result.body["status"]) == ("withdraw", "withdrawn")


def test_save_of_the_last_grant_ends_the_handle() -> None:
    """It does not matter which button takes the last purpose away."""
    one = answered(decision(FIRST, "save", {"statistics": 2, "marketing": 0}))
    result = answered(decision(FIRST, "save", {"statistics": 0}), after(one))
    assert result.body is not None
    assert result.body["kind"] == "withdraw"


@pytest.mark.parametrize("edition", ["f" * 64, FIRST.hash])
def test_refusals_never_fail(edition: str) -> None:
    """Old and unknown editions, dead handles, purposes that are gone: a refusal is taken."""
    asked = Decision("shop", "a" * 64, edition, "xx", "withdraw", {}, False, False)
    for past in (
        NOBODY,
        after(answered(decision(FIRST))),
        after(answered(decision(FIRST)), ended=True),
    ):
        assert not any(c.detail for c in answered(asked, past, FIRST, SECOND).choices.values())
    gone = Decision("shop", "a" * 64, edition, "en", "save", {"gone": 0}, False, False)
    assert answered(gone, NOBODY, FIRST, SECOND).body is None


def test_a_refusal_of_a_stranger_is_not_recorded() -> None:
    """Without a live handle there is no entry."""
    assert answered(decision(FIRST, "reject_all")).body is None
    assert (
        answered(decision(FIRST, "reject_all"), after(answered(decision(FIRST)), ended=True)).body
        is None
    )


def test_a_dead_handle_is_not_granted_again() -> None:
    """A dead receipt never lives again."""
    past = after(answered(decision(FIRST)), ended=True)
    assert reason(decision(FIRST), past) == "handle-ended"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (decision(FIRST, "save", {}), "edition-changed"),
        (decision(FIRST, "accept_all"), "edition-changed"),
        (decision(SECOND, "save", {}), "nothing-chosen"),
        (decision(SECOND, "save", {"nothing": 1}), "unknown-purpose"),
        (decision(SECOND, "save", {"statistics": 3}), "bad-shape"),
        (decision(SECOND, "accept_all", {"statistics": 0}), "choices-contradict-method"),
        (decision(SECOND, "save", {"statistics": 1, "marketing": 2}), "choices-contradict-method"),
        (decision(SECOND, "reject_all", {"statistics": 1}), "choices-contradict-method"),
        (decision(SECOND, "withdraw", {"statistics": 1}), "choices-contradict-method"),
    ],
)
def test_grants_that_do_not_hold(asked: Decision, expected: str) -> None:
    """A grant that is not of the current edition, or contradicts itself, is refused by reason."""
    assert reason(asked, NOBODY, FIRST, SECOND) == expected


def test_an_age_that_is_asked_for_must_be_declared() -> None:
    """M30: 422 without it; a refusal and purposes for everybody need none."""
    grown = policy(purposes=purposes(marketing={"minimum_age": 18}))
    assert reason(decision(grown), NOBODY, grown) == "age-not-declared"
    assert answered(decision(grown, adult=True), NOBODY, grown).body is not None
    assert answered(decision(grown, "save", {"statistics": 2}), NOBODY, grown).body is not None


def test_a_site_for_children_grants_nothing() -> None:
    """M30: whatever is declared."""
    site = policy(for_children=True)
    assert reason(decision(site, adult=True), NOBODY, site) == "under-age"


def test_gpc_leaves_selling_purposes_unasked() -> None:
    """M21, M23: under the signal they are not granted, and not refused in the visitor's name."""
    result = answered(decision(FIRST, gpc=True))
    selling = {n for n in FIRST.asked if FIRST.purposes[n].terms.sells_or_shares}
    assert selling
    assert set(result.choices) == set(FIRST.asked) - selling
    named = decision(FIRST, "save", dict.fromkeys(selling, 2), gpc=True)
    assert reason(named) == "nothing-chosen"
    # What was agreed to before the signal stays recorded: the signal is of this load.
    kept = answered(decision(FIRST, gpc=True), after(answered(decision(FIRST))))
    assert all(kept.choices[name] == Choice(2, 1) for name in selling)


def test_a_partial_refusal_does_not_lift_a_restriction() -> None:
    """Refusing one purpose asks for nothing; granting one does."""
    first = after(answered(decision(FIRST)))
    body = restriction(first, now=NOON)
    assert body is not None
    past = Past(Entry(1, b"", b"", body), ended=False)
    less = answered(decision(FIRST, "save", {"marketing": 0}), past)
    more = answered(decision(FIRST, "save", {"marketing": 2}), past)
    assert less.body is not None
    assert more.body is not None
    assert (less.body["status"], more.body["status"]) == ("restricted", "granted")
    assert restriction(past, now=NOON) is None


def test_an_ending_before_an_erasure_names_nothing_granted() -> None:
    """It is recorded once; what has ended is not ended again."""
    past = after(answered(decision(FIRST)))
    body = ending(past, now=NOON)
    assert body is not None
    assert (body["granted"], body["status"]) == ([], "withdrawn")
    assert {pair["detail"] for pair in body["choices"].values()} == {0}
    assert ending(Past(past.latest, ended=True), now=NOON) is None
    assert ending(NOBODY, now=NOON) is None


def test_all_that_is_granted_has_one_detail() -> None:
    """M09: another detail beside what goes on is refused; answering all of it changes it."""
    past = after(answered(decision(FIRST, "save", {"statistics": 2, "marketing": 0})))
    for detail, other in ((2, 1), (1, 2)):
        held = after(answered(decision(FIRST, "save", {"statistics": detail})))
        mixed = decision(FIRST, "save", {"preferences": other})
        assert reason(mixed, held) == "choices-contradict-method"
    whole = answered(decision(FIRST, "save", {"statistics": 1, "preferences": 1}), past)
    assert {choice.detail for choice in whole.choices.values()} == {0, 1}
    less = answered(decision(FIRST, "save", {"statistics": 0}), past)
    assert not any(choice.detail for choice in less.choices.values())


def test_what_a_signal_hides_follows_the_rest() -> None:
    """M21, M23: what could not be answered is made coarser with the rest, or asked about again."""
    selling = purposes("standard", marketing={"sells_or_shares": True})
    policies = policy("standard", purposes=selling)
    for before, now, left in ((2, 1, Choice(1, 1)), (1, 2, None)):
        choices = {"statistics": before, "marketing": before}
        past = after(answered(decision(policies, "save", choices), NOBODY, policies))
        asked = decision(policies, "save", {"statistics": now}, gpc=True)
        result = answered(asked, past, policies)
        assert result.choices.get("marketing") == left
        assert result.choices["statistics"] == Choice(now, 1)
