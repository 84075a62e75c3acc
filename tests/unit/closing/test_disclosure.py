"""What a closed period says, and what nobody can make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from askfirst.terms.attributes import Value
from askfirst_collector.closing.disclosure import day_totals, disclose
from askfirst_collector.closing.rule import MARGIN, SURELY, Rule
from askfirst_collector.closing.tables import Questions
from askfirst_collector.store.disclosed import Cell, Disclosed, Totals
from askfirst_collector.store.events import StoreUnavailable
from askfirst_collector.store.facts import Facts, Leaves, Shared
from tests.support.draws import drawn, no_noise

from .populations import Visit, facts_of, many_visits, pairs_of

SIZE = 5
QUESTIONS = Questions(
    trees={"page": 3, "browser": 2, "os": 1}, apart={"action": 1}, pairs=(("browser", "os"),)
)
DAY = "2026-11-16"


def _disclosed(
    visits: list[Visit],
    questions: Questions = QUESTIONS,
    urandom: Callable[[int], bytes] = no_noise,
    whole: str = DAY,
) -> Disclosed:
    facts = facts_of(visits, questions, whole)
    rule = Rule(SIZE, urandom)
    days = {day: day_totals(facts.days[day], rule, visits=True) for day in sorted(facts.days)}
    pairs = partial(pairs_of, visits)
    return disclose(facts, questions, rule, days=days, pairs=pairs, whole=whole)


def _crowd(count: int, start: int = 0, **values: Value) -> list[Visit]:
    return [Visit(start + number, values) for number in range(count)]


def _table(cells: tuple[Cell, ...], table: str) -> dict[tuple[Value, str], int]:
    return {(cell.path, cell.kind): cell.visitors for cell in cells if cell.table == table}


@settings(max_examples=200)
@given(many_visits, st.integers(0, 9))
def test_no_cell_is_under_the_size(visits: list[Visit], seed: int) -> None:
    """M27: no table shows fewer than `min_cell_size` visitors anywhere, whatever is drawn."""
    disclosed = _disclosed(visits, urandom=drawn(seed))
    assert all(cell.visitors >= SIZE for cell in disclosed.cells)


@settings(max_examples=200)
@given(many_visits, st.integers(0, 9))
def test_every_string_that_is_shown_was_reached_by_enough(visits: list[Visit], seed: int) -> None:
    """M25: a string that fewer than the size carried, at whatever depth, is in no cell."""
    reached: dict[tuple[str, Value], set[int]] = {}
    for visit in visits:
        for name, value in visit.values.items():
            for level in range(1, len(value) + 1):
                if visit.visitor is not None:
                    reached.setdefault((name, value[:level]), set()).add(visit.visitor)
    for cell in _disclosed(visits, urandom=drawn(seed)).cells:
        if cell.path and cell.table in QUESTIONS.trees:
            assert len(reached[cell.table, cell.path]) >= SIZE


@given(many_visits, st.integers(0, 9))
def test_a_period_under_the_size_says_only_that(visits: list[Visit], seed: int) -> None:
    """M27: with fewer visitors than the size there is no total and no cell."""
    few = [visit for visit in visits if visit.visitor is None or visit.visitor < SIZE - 1]
    assert _disclosed(few, urandom=drawn(seed)) == Disclosed(Totals(None, None, None), ())


@given(many_visits)
def test_rows_without_pseudonym_count_nowhere(visits: list[Visit]) -> None:
    """Nobody could say how many visitors they are of."""
    assert _disclosed(visits) == _disclosed([v for v in visits if v.visitor is not None])


def test_one_visitor_moves_no_other_figure() -> None:
    """M27: with the same draws, one more changes the cells it is in and no others.

    Nothing joins, takes along or hides a neighbour: a visitor with a rare browser swallows none.
    """
    crowd = [
        *_crowd(20, browser=("firefox",), os=("linux",)),
        *_crowd(30, 100, browser=("chrome",), os=("windows",)),
    ]
    one = Visit(999, {"browser": ("lynx",), "os": ("linux",)})
    without, with_it = _disclosed(crowd), _disclosed([*crowd, one])
    tables = [_table(answers.cells, "browser") for answers in (without, with_it)]
    assert tables[0] == tables[1]
    assert _table(with_it.cells, "os")[("linux",), "value"] == 21


def test_a_tree_says_not_given_where_rows_were_cut() -> None:
    """A row cut at the section counts in the section, and below it as not given."""
    visits = [
        *_crowd(8, page=("/blog", "/blog/a")),
        *_crowd(9, 100, page=("/blog",)),
        *_crowd(9, 200, page=()),
    ]
    questions = Questions(trees={"page": 2}, apart={})
    assert _table(_disclosed(visits, questions).cells, "page") == {
        (("/blog",), "value"): 17,
        (("/blog", "/blog/a"), "value"): 8,
        (("/blog",), "not given"): 9,
        ((), "not given"): 9,
    }


def test_what_is_too_few_is_other_or_nothing() -> None:
    """`other` and `not given` are questions like any: under the size they are left out."""
    visits = [
        *_crowd(20, page=("/blog", "/blog/a")),
        *_crowd(2, 100, page=("/blog",)),
        *[Visit(200 + n, {"page": (f"/rare{n}", f"/rare{n}/x")}) for n in range(9)],
    ]
    questions = Questions(trees={"page": 2}, apart={})
    assert _table(_disclosed(visits, questions).cells, "page") == {
        (("/blog",), "value"): 22,
        (("/blog", "/blog/a"), "value"): 20,
        ((), "other"): 9,
    }


def test_that_one_is_finer_decides_nothing() -> None:
    """M27: whether a `not given` line stands hangs on the terms, not on one visitor's detail."""
    questions = Questions(trees={"page": 2}, apart={})
    crowd = _crowd(20, page=("/blog",))
    lines = _table(_disclosed(crowd, questions).cells, "page")
    more = _table(
        _disclosed([*crowd, Visit(99, {"page": ("/a", "/a/b")})], questions).cells, "page"
    )
    assert lines == more == {(("/blog",), "value"): 20, (("/blog",), "not given"): 20}


def test_a_value_named_other_is_not_the_rest() -> None:
    """A family that is called `other` is a value like any other."""
    visits = [*_crowd(9, browser=("other",)), *_crowd(9, 50, browser=("a",))]
    lines = _table(_disclosed(visits).cells, "browser")
    assert lines[("other",), "value"] == 9
    assert ((), "other") not in lines


def test_pairs_are_of_values_that_many_share() -> None:
    """M27: of values whose own figures are three times the size, and shared by enough."""
    visits = [
        *_crowd(20, 0, browser=("firefox",), os=("linux",)),
        *_crowd(1, 50, browser=("firefox",), os=("windows",)),
        *_crowd(30, 100, browser=("chrome",), os=("windows",)),
        *_crowd(14, 300, browser=("safari",), os=("mac",)),
    ]
    assert _table(_disclosed(visits).cells, "browser*os") == {
        (("firefox", "linux"), "value"): 20,
        (("chrome", "windows"), "value"): 30,
    }


def test_a_goal_stands_beside_what_led_to_it() -> None:
    """Beside actions a visitor is counted who has both in the period, in whatever rows."""
    questions = Questions(
        trees={"referrer": 2}, apart={"action": 1}, pairs=(("referrer", "action"),)
    )
    acts = [Visit(n, {"action": ("order",)}, "action") for n in range(18)]
    visits = [*_crowd(40, referrer=("search", "a.example")), *acts]
    assert _table(_disclosed(visits, questions).cells, "referrer*action") == {
        (("search", "a.example", "order"), "value"): 18
    }


def test_what_a_page_tells_by_itself_stands_beside_that_page() -> None:
    """What is not there, or led away, is of its own row; what every page tells is in no pair."""
    questions = Questions(trees={"page": 2}, apart={"action": 1}, pairs=(("page", "action"),))
    gone, there = ("/gone", "/gone"), ("/a", "/a")
    visits = [
        *_crowd(40, page=there),
        *[Visit(n, {"page": there, "action": ("engaged",)}, "action") for n in range(40)],
        *_crowd(20, page=gone),
        *[Visit(n, {"page": gone, "action": ("not_found",)}, "action") for n in range(18)],
    ]
    assert _table(_disclosed(visits, questions).cells, "page*action") == {
        ((*gone, "not_found"), "value"): 18
    }


def test_a_question_has_one_figure_wherever_it_stands() -> None:
    """M27: a goal, and the first step of a funnel, are the figure of their own table."""
    questions = Questions(
        trees={"page": 2, "time": 2},
        apart={"action": 1},
        goals=("order", "wish"),
        funnels={"sale": ("action:order", "page:/done"), "same": ("action:order",)},
    )
    visits = [
        *_crowd(40, page=("/done", "/done"), time=(DAY, "09")),
        *[Visit(n, {"action": ("order",)}, "action") for n in range(30)],
        *[Visit(n, {"action": ("wish",)}, "action") for n in range(4)],
    ]
    for seed in range(20):
        answers = _disclosed(visits, questions, drawn(seed))
        figure = _table(answers.cells, "action")[("order",), "value"]
        assert _table(answers.cells, "goals") == {(("order",), "value"): figure}
        for name in questions.funnels:
            steps = _table(answers.cells, f"funnel {name}")
            assert steps[("1", "action:order"), "value"] == figure
        day = _table(answers.cells, "time")[(DAY,), "value"]
        assert day == answers.totals.visitors


def test_a_funnel_ends_before_the_few() -> None:
    """Steps count those who came to all before; the first that is too few is not shown."""
    steps = ("page:/cart", "page:/pay", "page:/done")
    questions = Questions(trees={"page": 2}, apart={}, funnels={"sale": steps})
    visits = [
        *_crowd(20, page=("/cart", "/cart")),
        *_crowd(9, page=("/pay", "/pay")),
        *_crowd(3, page=("/done", "/done")),
        *_crowd(30, 100, page=("/done", "/done")),
    ]
    assert _table(_disclosed(visits, questions).cells, "funnel sale") == {
        (("1", "page:/cart"), "value"): 20,
        (("2", "page:/pay"), "value"): 9,
    }


@settings(max_examples=100)
@given(many_visits, st.integers(0, 9), st.integers(1, 30))
def test_who_is_many_need_not_be_known(visits: list[Visit], seed: int, most: int) -> None:
    """Where a store says of many only how many they are, each figure is the same."""
    facts = facts_of(visits, QUESTIONS, DAY)
    sizes = {
        name: {
            (level, value[:level]): _sharing(leaves, level, value[:level])
            for value in leaves
            for level in range(1, len(value) + 2)
        }
        for name, leaves in facts.trees.items()
    }
    trees = {
        name: {value: who if len(who) <= most else BitMap() for value, who in leaves.items()}
        for name, leaves in facts.trees.items()
    }
    counted = replace(facts, trees=trees, sizes=sizes)
    no_pairs = replace(QUESTIONS, pairs=())
    shown = _cells_of(facts, no_pairs, drawn(seed))
    if most >= SIZE + MARGIN + SURELY or shown is None:
        assert _cells_of(counted, no_pairs, drawn(seed)) == shown
    else:
        assert _cells_of(counted, no_pairs, drawn(seed)) in (shown, None)


def _sharing(leaves: Leaves, level: int, path: Value) -> Shared:
    return Shared(len(BitMap().union(*(w for v, w in leaves.items() if v[:level] == path))), 0)


def _cells_of(
    facts: Facts, questions: Questions, urandom: Callable[[int], bytes]
) -> Disclosed | None:
    """What is shown; None where it would take who shares a value of many."""
    rule = Rule(SIZE, urandom)
    days = {day: day_totals(facts.days[day], rule, visits=True) for day in sorted(facts.days)}
    try:
        return disclose(facts, questions, rule, days=days, pairs=partial(pairs_of, []), whole=DAY)
    except StoreUnavailable:
        return None


def test_a_visitor_adds_five_page_views_to_a_day() -> None:
    """M27: whoever opens a thousand pages moves a total as five do, and within its draw."""
    crowd = [*_crowd(20, referrer=("search", "a.example"))]
    many = [Visit(3, {"referrer": ("search", "a.example")}) for _ in range(1_000)]
    totals = _disclosed([*crowd, *many]).totals
    assert (totals.visitors, totals.views, totals.visits) == (20, 24, 24)


def test_a_longer_period_adds_its_days_page_views() -> None:
    """Views of a month are what its days show; its visitors are a question of their own."""
    visits = [
        *_crowd(20, time=("2026-11-16", "09"), referrer=("direct",)),
        *_crowd(30, time=("2026-11-17", "09"), referrer=("internal",)),
        *_crowd(3, 50, time=("2026-11-18", "09"), referrer=("direct",)),
    ]
    totals = _disclosed(visits, Questions(trees={"time": 2}, apart={}), whole="").totals
    assert totals == Totals(33, 50, 25)
