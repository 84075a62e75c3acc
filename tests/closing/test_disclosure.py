"""What a closed period says, and what nobody can make of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from askfirst.terms.attributes import Value
from askfirst_collector.closing.disclosure import disclose, exact_cells
from askfirst_collector.closing.rounding import Rounding
from askfirst_collector.closing.tables import Questions
from askfirst_collector.store.disclosed import Cell

from .populations import Visit, facts_of, many_visits, values_of

SIZE = 5
QUESTIONS = Questions(trees=("page", "browser", "os"), pairs=(("browser", "os"),))
ROUNDING = Rounding(b"k" * 32)


def _cells(visits: list[Visit], questions: Questions = QUESTIONS) -> list[Cell]:
    return list(exact_cells(facts_of(visits, questions), questions, SIZE))


def _crowd(count: int, start: int = 0, **values: Value) -> list[Visit]:
    return [Visit(start + number, values) for number in range(count)]


def _named(cells: list[Cell], table: str) -> dict[tuple[Value, str], int]:
    return {(cell.path, cell.kind): cell.visitors for cell in cells if cell.table == table}


@settings(max_examples=300)
@given(many_visits)
def test_no_cell_is_under_the_size(visits: list[Visit]) -> None:
    """M27: no table shows fewer than `min_cell_size` distinct visitors anywhere."""
    assert all(cell.visitors >= SIZE for cell in _cells(visits))


@given(many_visits)
def test_a_period_under_the_size_says_only_that(visits: list[Visit]) -> None:
    """M27: with fewer visitors than the size there is no total and no cell."""
    few = [visit for visit in visits if visit.visitor is None or visit.visitor < SIZE - 1]
    disclosed = disclose(facts_of(few, QUESTIONS), QUESTIONS, SIZE, ROUNDING)
    assert (disclosed.visitors, disclosed.views, disclosed.cells) == (None, None, ())


@given(many_visits)
def test_every_string_that_is_shown_was_reached_by_enough(visits: list[Visit]) -> None:
    """M25: a string that fewer than the size carried, at whatever depth, is in no cell."""
    reached: dict[tuple[str, Value], set[int]] = {}
    for visit in visits:
        for name, value in visit.values.items():
            for level in range(1, len(value) + 1):
                if visit.visitor is not None:
                    reached.setdefault((name, value[:level]), set()).add(visit.visitor)
    for cell in _cells(visits):
        if cell.path and cell.table in QUESTIONS.trees:
            assert len(reached[cell.table, cell.path]) >= SIZE


@given(many_visits)
def test_rows_without_pseudonym_never_decide_what_is_shown(visits: list[Visit]) -> None:
    """They add page views, and change neither the cells nor their visitors."""
    known = [visit for visit in visits if visit.visitor is not None]

    def seen(cells: list[Cell]) -> set[tuple[str, Value, str, int]]:
        return {(cell.table, cell.path, cell.kind, cell.visitors) for cell in cells}

    assert seen(_cells(visits)) == seen(_cells(known))


@given(many_visits)
def test_all_tables_share_one_total(visits: list[Visit]) -> None:
    """The first level of every table divides the same visitors: their union is the total."""
    total = facts_of(visits, QUESTIONS).total
    cells = _cells(visits)
    for table in QUESTIONS.trees:
        first = [c for c in cells if c.table == table and len(c.path) == (c.kind == "value")]
        if first:
            assert max(cell.visitors for cell in first) <= len(total.visitors)
            assert sum(cell.visitors for cell in first) >= len(total.visitors)


# Of an adversary who sees every exact count. Each visitor comes once, so that counts of visitors
# add up and every subtraction is exact: the worst case. Rounding comes on top of this.

one_each = st.lists(
    st.fixed_dictionaries(
        {"page": values_of(3, "abcd"), "browser": values_of(1, "abcd"), "os": values_of(1, "xyz")}
    ),
    max_size=90,
).map(lambda all_: [Visit(number, values) for number, values in enumerate(all_)])


def _differences(visits: list[Visit]) -> Iterator[tuple[str, int]]:
    """Everything that is had by taking some of what is shown from a whole that is shown."""
    cells = _cells(visits)
    for table in QUESTIONS.trees:
        wholes: dict[Value, int] = {(): len(visits)}
        wholes |= {c.path: c.visitors for c in cells if c.table == table and c.kind == "value"}
        for path, whole in wholes.items():
            parts = [
                cell
                for cell in cells
                if cell.table == table
                and (cell.path[:-1] if cell.kind == "value" else cell.path) == path
                and not (cell.kind == "value" and not cell.path)
            ]
            for count in range(1, len(parts) + 1):
                for some in combinations(parts, count):
                    left = whole - sum(part.visitors for part in some)
                    yield f"{table} {path} but {some}", left
    pairs = [cell for cell in cells if cell.table == "browser*os" and cell.kind == "value"]
    for side, table in enumerate(("browser", "os")):
        for (path, kind), whole in _named(cells, table).items():
            if kind == "value" and pairs:
                inside = sum(cell.visitors for cell in pairs if cell.path[side] == path[0])
                yield f"{table} {path} outside the pairs", whole - inside


@settings(max_examples=300)
@given(one_each)
def test_no_difference_of_shown_counts_is_under_the_size(visits: list[Visit]) -> None:
    """M27: whole less parts, level by level, pair tables and their margins: nothing or enough."""
    for what, left in _differences(visits):
        assert left == 0 or left >= SIZE, what


@settings(max_examples=200)
@given(one_each)
def test_no_hidden_pair_follows_from_the_margins(visits: list[Visit]) -> None:
    """M27: the equations of rows and columns fix no hidden pair that is under the size."""
    cells = _cells(visits)
    rows = {p[0]: n for (p, k), n in _named(cells, "browser").items() if k == "value"}
    columns = {p[0]: n for (p, k), n in _named(cells, "os").items() if k == "value"}
    shown = {c.path: c.visitors for c in cells if c.table == "browser*os" and c.kind == "value"}
    if not shown:
        return
    truth: dict[tuple[str | None, str | None], int] = {}
    for visit in visits:
        row, column = (visit.values[name][:1] for name in ("browser", "os"))
        at = (
            row[0] if row and row[0] in rows else None,
            column[0] if column and column[0] in columns else None,
        )
        truth[at] = truth.get(at, 0) + 1
    # A hidden pair is safe when another table with the same margins has another count there: that
    # is so when it lies on a cycle of hidden pairs; the smallest such are rectangles and hexagons.
    unknown = {(r, c) for r in (*rows, None) for c in (*columns, None) if (r, c) not in shown}
    live = {at for at in unknown if _margin(truth, shown, at, 0) and _margin(truth, shown, at, 1)}
    for at in live:
        if 0 < truth.get(at, 0) < SIZE:
            assert _on_cycle(at, live), (at, truth, shown)


def _margin(
    truth: dict[tuple[str | None, str | None], int],
    shown: dict[Value, int],
    at: tuple[str | None, str | None],
    side: int,
) -> int:
    return sum(n for pair, n in truth.items() if pair[side] == at[side] and pair not in shown)


def _on_cycle(at: tuple[str | None, str | None], live: set[tuple[str | None, str | None]]) -> bool:
    rest = live - {at}
    reached, frontier = {("row", at[0])}, [("row", at[0])]
    while frontier:
        side, value = frontier.pop()
        for row, column in rest:
            if (row if side == "row" else column) == value:
                other = ("column", column) if side == "row" else ("row", row)
                if other not in reached:
                    reached.add(other)
                    frontier.append(other)
    return ("column", at[1]) in reached


def test_a_tree_says_not_given_where_rows_were_cut() -> None:
    """A row cut at the section counts in the section, and below it as not given."""
    visits = [
        *_crowd(8, page=("/blog", "/blog/a")),
        *_crowd(6, 100, page=("/blog",)),
        *_crowd(9, 200, page=()),
    ]
    found = _named(_cells(visits), "page")
    assert found == {
        (("/blog",), "value"): 14,
        (("/blog", "/blog/a"), "value"): 8,
        (("/blog",), "not given"): 6,
        ((), "not given"): 9,
    }


def test_a_cut_row_alone_joins_other_and_takes_the_smallest_with_it() -> None:
    """M27: parent minus children would give the two visitors who were cut."""
    visits = [
        *_crowd(8, page=("/blog", "/blog/a")),
        *_crowd(20, 50, page=("/blog", "/blog/b")),
        *_crowd(2, 100, page=("/blog",)),
    ]
    found = _named(_cells(visits), "page")
    assert found == {
        (("/blog",), "value"): 30,
        (("/blog", "/blog/b"), "value"): 20,
        (("/blog",), "other"): 10,
    }


def test_a_value_named_other_is_not_the_rest() -> None:
    """A family that is called `other` is a value like any other."""
    visits = [*_crowd(6, browser=("other",)), *_crowd(7, 50, browser=("a",))]
    found = _named(_cells(visits), "browser")
    assert found[("other",), "value"] == 6
    assert ((), "other") not in found


def test_a_pair_table_hides_what_margins_would_give_away() -> None:
    """M27: 21 of Firefox less 20 on Linux would be the one visitor of Firefox on Windows."""
    visits = [
        *_crowd(20, 0, browser=("firefox",), os=("linux",)),
        *_crowd(1, 50, browser=("firefox",), os=("windows",)),
        *_crowd(30, 100, browser=("chrome",), os=("windows",)),
        *_crowd(9, 200, browser=("chrome",), os=("linux",)),
        *_crowd(9, 300, browser=("safari",), os=("mac",)),
    ]
    found = _named(_cells(visits), "browser*os")
    assert (("firefox", "linux"), "value") not in found
    assert found[("safari", "mac"), "value"] == 9


def test_a_funnel_ends_before_the_few() -> None:
    """Steps count those who came to all before; the first under the size is not shown."""
    steps = ("page:/cart", "page:/pay", "page:/done")
    questions = Questions(trees=("page",), funnels={"sale": steps})
    visits = [
        *_crowd(20, page=("/cart", "/cart")),
        *_crowd(9, page=("/pay", "/pay")),
        *_crowd(3, page=("/done", "/done")),
        *_crowd(30, 100, page=("/done", "/done")),
    ]
    assert _named(_cells(visits, questions), "funnel sale") == {
        (("1", "page:/cart"), "value"): 20,
        (("2", "page:/pay"), "value"): 9,
    }


def test_goals_are_listed_actions_that_enough_did() -> None:
    """A goal that the table of actions does not show is not shown as a goal either."""
    questions = Questions(trees=("page",), goals=("order", "wish"))
    acts = {"order": range(9), "wish": range(4), "look": range(50, 53)}
    visits = [
        Visit(who, {"action": (name,)}, "action") for name, all_ in acts.items() for who in all_
    ]
    assert _named(_cells(visits, questions), "goals") == {(("order",), "value"): 9}


def test_a_funnel_hides_that_one_gave_up() -> None:
    """M27: 20 at the cart and 19 who ordered would be one who did not."""
    questions = Questions(trees=("page",), funnels={"sale": ("page:/cart", "action:order")})
    visits = [
        *_crowd(20, page=("/cart", "/cart")),
        *[
            Visit(n, {"page": ("/cart", "/cart"), "action": ("order",)}, "action")
            for n in range(19)
        ],
    ]
    assert len(_named(_cells(visits, questions), "funnel sale")) == 1


def test_counts_are_rounded_and_exact_ones_never_leave() -> None:
    """M27: everything `disclose` returns is a multiple of five."""
    visits = [*_crowd(13, page=("/a",)), *_crowd(8, 50, page=("/b",))]
    disclosed = disclose(facts_of(visits, QUESTIONS), QUESTIONS, SIZE, ROUNDING)
    counts = [n for cell in disclosed.cells for n in (cell.visitors, cell.views)]
    assert disclosed.visitors is not None
    assert disclosed.views is not None
    assert all(count % 5 == 0 for count in (disclosed.visitors, disclosed.views, *counts))
