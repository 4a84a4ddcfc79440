"""Whatever stands in the cells of a table: each row is new, known or an error with its field, and nothing breaks."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.core.app import App
from assets.exchange.imports import KINDS, Mode, run_import
from assets.exchange.reconciliation import reconcile
from assets.exchange.tables import SheetRow, Table
from tests.support.world import SETUP, Clock, World, build_world

# What the readers of files let through: any text without NUL and half surrogates, and what nearly fits.
CELLS = st.one_of(
    st.sampled_from(
        [
            "", "IMT-TK", "IMT-FA", "IMT-XX", "vehicle.patrol", "kit", "ident.test_kit", "P-001", "P-101", "A",
            "in_service", "2026-10-01", "31.12.2026", "0000-00-00", "9999-12-31", "1 000,5", "-1", "1e400", "nan", "٣",
            "true", "USD", "AO-1", "АО-1", "heroin", "kg", "patrol", "heroin 1 kg + opium", "odometer_km", "=1+1",
            "\u202egnp", "\U0001f600",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
    st.integers(-(10**30), 10**30).map(str),
)  # fmt: skip


@pytest.fixture
def small(sqlite_app: App, clock: Clock) -> World:
    return build_world(sqlite_app, clock.now)


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_cells_are_judged_row_by_row(sqlite_app: App, clock: Clock, small: World, data: st.DataObject) -> None:
    kind = KINDS[data.draw(st.sampled_from(sorted(KINDS)))]
    columns = tuple(dict.fromkeys((*kind.required, *data.draw(st.lists(st.sampled_from(kind.columns), max_size=8)))))
    rows = tuple(
        SheetRow(number, {column: data.draw(CELLS) for column in columns})
        for number in range(2, data.draw(st.integers(3, 6)))
    )
    table = Table(columns, rows, "test")
    report = run_import(sqlite_app, SETUP, kind.name, table, Mode.DRY_RUN, clock.now)
    assert [row.row for row in report.rows] == [row.number for row in rows]
    assert all(row.errors for row in report.rows if row.status == "error")
    if kind.name == "assets":
        with sqlite_app.reading() as session:
            found = reconcile(
                session, small.actors["coordinator"], Table(tuple(dict.fromkeys((*columns, "class"))), rows, "test")
            )
        assert sorted(line.row for line in found.lines if line.row) == [row.number for row in rows]
