"""Small cells cannot be worked back: whoever knows all that is shown still holds enough values possible for each."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets.reports.disclosure.cells import K, hidden_in_faces, hidden_in_line, hidden_in_table
from tests.unit.reports.attacker import Sum, values_seen

counts = st.integers(0, 6)


def is_small(count: int) -> bool:
    """What the rules of disclosure call small: fewer than three, and not none."""
    return count in {1, 2}


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    columns = draw(st.integers(2, 3))
    return draw(st.lists(st.lists(counts, min_size=columns, max_size=columns), min_size=2, max_size=4))


@st.composite
def cubes(draw: st.DrawFn) -> list[list[list[int]]]:
    seconds, thirds = draw(st.integers(2, 3)), draw(st.integers(2, 2))
    row = st.lists(st.integers(0, 4), min_size=thirds, max_size=thirds)
    return draw(st.lists(st.lists(row, min_size=seconds, max_size=seconds), min_size=2, max_size=3))


def margins(table: list[list[int]]) -> tuple[list[int], list[int]]:
    return [sum(row) for row in table], [sum(row[j] for row in table) for j in range(len(table[0]))]


def needed(table: list[list[int]], i: int, j: int) -> int:
    """K values, or as many as the sums of row and column allow by themselves."""
    rows, columns = margins(table)
    return min(K, min(rows[i], columns[j]) - max(0, rows[i] + columns[j] - sum(rows)) + 1)


@given(st.lists(counts, min_size=2, max_size=8))
def test_small_count_of_a_line_stays_among_enough_values(line: list[int]) -> None:
    hidden = hidden_in_line(line)
    known = sum(line) - sum(line[n] for n in hidden)
    for n in range(len(line)):
        if is_small(line[n]):
            assert n in hidden
            # It may be anything from 0 to what is missing, as another one takes the rest.
            assert len(hidden) >= 2
            assert sum(line) - known + 1 >= min(K, sum(line) + 1)


@given(st.lists(st.one_of(st.just(0), st.integers(K, 50)), max_size=8))
def test_line_without_small_counts_is_shown_as_it_is(line: list[int]) -> None:
    assert hidden_in_line(line) == frozenset()


@given(tables())
@settings(max_examples=150)
def test_reader_of_a_table_with_its_sums_cannot_work_back_a_small_cell(table: list[list[int]]) -> None:
    hidden = hidden_in_table(table)
    width = len(table[0])
    places = {place: n for n, place in enumerate(sorted(hidden))}
    sums = [
        Sum(tuple(places[i, j] for j in range(width) if (i, j) in hidden),
            sum(table[i][j] for j in range(width) if (i, j) in hidden))
        for i in range(len(table))
    ] + [
        Sum(tuple(places[i, j] for i in range(len(table)) if (i, j) in hidden),
            sum(table[i][j] for i in range(len(table)) if (i, j) in hidden))
        for j in range(width)
    ]  # fmt: skip
    small = [
        (i, j)
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        if is_small(count) and needed(table, i, j) > 1
    ]
    assert set(small) <= hidden
    enough = [needed(table, i, j) for i, j in small]
    watched = [(places[place],) for place in small]
    seen = values_seen(len(places), [known for known in sums if known.places], watched, enough)
    assert all(len(values) >= least for values, least in zip(seen, enough, strict=True))


# Counts that could be moved in each table alone, and not in all three at once.
@example([[[0, 0, 0], [3, 0, 0], [0, 0, 0]], [[0, 0, 3], [0, 0, 0], [0, 0, 0]], [[3, 0, 0], [0, 1, 0], [1, 0, 1]]])
@example([[[3, 0], [0, 0], [2, 0]], [[2, 4], [0, 4], [3, 0]]])
@given(cubes())
@settings(max_examples=80)
def test_reader_of_three_linked_tables_cannot_work_back_a_small_cell(cube: list[list[list[int]]]) -> None:
    faces = hidden_in_faces(cube)
    firsts, seconds, thirds = range(len(cube)), range(len(cube[0])), range(len(cube[0][0]))
    place = {(i, j, f): n for n, (i, j, f) in enumerate((i, j, f) for i in firsts for j in seconds for f in thirds)}

    def known(cells: list[tuple[int, int, int]]) -> Sum:
        return Sum(tuple(place[cell] for cell in cells), sum(cube[i][j][f] for i, j, f in cells))

    by_second = {(i, j): [(i, j, f) for f in thirds] for i in firsts for j in seconds}
    by_third = {(i, f): [(i, j, f) for j in seconds] for i in firsts for f in thirds}
    cross = {(j, f): [(i, j, f) for i in firsts] for j in seconds for f in thirds}
    sums = [known([(i, j, f) for j in seconds for f in thirds]) for i in firsts]
    sums += [known([(i, j, f) for i in firsts for f in thirds]) for j in seconds]
    sums += [known([(i, j, f) for i in firsts for j in seconds]) for f in thirds]
    watched: list[tuple[int, ...]] = []
    enough: list[int] = []
    for face, hidden in ((by_second, faces.by_second), (by_third, faces.by_third), (cross, faces.cross)):
        if hidden is None:
            continue
        one, other = (sorted({key[n] for key in face}) for n in (0, 1))
        table = [[known(face[a, b]).total for b in other] for a in one]
        for (a, b), cells in face.items():
            if (a, b) not in hidden:
                sums.append(known(cells))
            if is_small(known(cells).total) and needed(table, a, b) > 1:
                assert (a, b) in hidden
                watched.append(tuple(place[cell] for cell in cells))
                enough.append(needed(table, a, b))
    seen = values_seen(len(place), sums, watched, enough)
    assert all(len(values) >= least for values, least in zip(seen, enough, strict=True))


def test_large_cells_are_all_shown() -> None:
    assert hidden_in_table([[12, 9], [5, 30]]) == frozenset()


def test_one_small_cell_takes_the_cheapest_rectangle_with_it() -> None:
    table = [[20, 1, 9], [30, 8, 9], [40, 3, 50]]
    assert hidden_in_table(table) == {(0, 1), (0, 2), (1, 1), (1, 2)}


def test_cell_that_the_sums_alone_tell_is_not_pretended_to_be_hidden() -> None:
    # Nothing was disposed of but in the one class there is.
    assert hidden_in_table([[3, 1]]) == frozenset()
