"""Imports: a report per row, all or nothing or the valid rows, nothing overwritten, safe to run again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from assets.core.app import App
from assets.core.errors import InvalidInput, NotAllowed
from assets.core.journal import JournalEntry, first_bad_entry
from assets.exchange.imports import ImportReport, Mode
from assets.exchange.tables import write_csv
from assets.people.models import Person, Region, Unit
from assets.registry.models import Asset, EquipmentModel, Label
from tests.conftest import SHARED_DATA
from tests.db.exchange.conftest import HEAD, count, radio, sheet
from tests.support.world import SETUP, Clock


def faulty_sheet() -> tuple[bytes, set[int]]:
    """500 rows, 20 of them wrong in ten ways; answers the numbers of the wrong rows as in the sheet."""
    rows = [radio(n) for n in range(500)]
    faults: list[tuple[int, object]] = [
        (0, "no.such"), (0, ""), (1, "IMT-XX"), (1, "IMT-FA"), (5, "a lot"), (5, -4), (6, "DOLLARS"), (7, "31.02.2021"),
        (7, "yesterday"), (3, "sn 00001"),
    ]  # fmt: skip
    wrong = set()
    for n in range(20):
        position, value = faults[n % len(faults)]
        at = 20 + n * 24
        rows[at][position] = value if position != 3 else f"sn{n:05d}"
        wrong.add(at + 2)
    return sheet(*rows), wrong


def test_faulty_rows_are_named_and_the_rest_is_saved_once(app: App, load: Callable[..., ImportReport]) -> None:
    content, wrong = faulty_sheet()

    dry = load(content, Mode.DRY_RUN)
    assert {row.row for row in dry.errors} == wrong
    assert all(error.field and error.row == row.row for row in dry.errors for error in row.errors)
    assert (dry.saved, dry.counts["new"], dry.counts["error"], count(app, Asset)) == (False, 480, 20, 0)

    whole = load(content, Mode.ALL_OR_NOTHING)
    assert (whole.saved, {row.row for row in whole.errors}, count(app, Asset)) == (False, wrong, 0)

    valid = load(content, Mode.SAVE_VALID)
    assert (valid.counts["saved"], {row.row for row in valid.errors}, count(app, Asset)) == (480, wrong, 480)
    assert all(row.code for row in valid.rows if row.status == "new")

    again = load(content, Mode.SAVE_VALID)
    assert (again.counts["known"], again.counts["new"], {row.row for row in again.errors}) == (480, 0, wrong)
    assert count(app, Asset) == count(app, Label) == 480
    with app.reading() as session:
        assert first_bad_entry(session) is None


def test_a_sheet_without_faults_is_saved_whole(app: App, load: Callable[..., ImportReport]) -> None:
    report = load(sheet(radio(1), radio(2)), Mode.ALL_OR_NOTHING)
    assert (report.saved, report.counts["saved"], count(app, Asset)) == (True, 2, 2)


def test_refused_rows_leave_nothing_in_the_journal(app: App, load: Callable[..., ImportReport]) -> None:
    # The second row makes a new model before it is refused: that goes with the row, the row before it stays.
    head = [*HEAD, "visibility_mark"]
    refused = [*radio(2), "exempt"]
    refused[2] = "Newmaker Unheard-of"
    report = load(sheet([*radio(1), ""], refused, [*radio(3), ""], head=head))
    assert [row.status for row in report.rows] == ["new", "error", "new"]
    with app.reading() as session:
        for model, entity in ((Asset, "asset"), (EquipmentModel, "equipment_model")):
            journalled = session.scalars(
                select(JournalEntry.entity_id).where(JournalEntry.entity == entity, JournalEntry.action == "added")
            ).all()
            there = [str(identity) for identity in session.scalars(select(model.__table__.c.id))]
            assert sorted(there) == sorted(journalled)
        assert len(there) == 1


def test_look_alike_serials_in_one_file_are_one(load: Callable[..., ImportReport]) -> None:
    # Cyrillic А and О, small letters, a hyphen more: the same item twice.
    first, second = radio(1), radio(2)
    first[3], second[3] = "AO-100", "ао 1-00"
    report = load(sheet(first, second), Mode.DRY_RUN)
    (error,) = report.rows[1].errors
    assert (report.rows[0].status, error.field, error.code) == ("new", "serial_number", "twice_in_file")


def test_a_known_row_that_says_otherwise_is_an_error_and_changes_nothing(
    app: App, load: Callable[..., ImportReport]
) -> None:
    load(sheet(radio(1)))
    changed = radio(1)
    changed[2], changed[5] = "Hytera PD705", Decimal("999")
    report = load(sheet(changed))
    assert [(e.field, e.code) for e in report.rows[0].errors] == [("model", "differs"), ("value", "differs")]
    with app.reading() as session:
        assert session.scalar(select(Asset.value)) == Decimal("350.50")


def test_items_without_any_number_are_added_once(app: App, load: Callable[..., ImportReport]) -> None:
    kit: list[object] = ["kit", "IMT-TK", "Search kit", "", "", Decimal(120), "USD", "2021-05-06"]
    content = sheet(kit, kit, kit)
    assert load(content).counts["saved"] == 3
    again = load(content)
    assert (again.counts["known"], count(app, Asset)) == (3, 3)
    four = load(sheet(kit, kit, kit, kit))
    assert (four.counts["known"], four.counts["new"], four.rows[3].status) == (3, 1, "new")


def test_many_equal_rows_beyond_one_stretch_are_counted_right(app: App, load: Callable[..., ImportReport]) -> None:
    kit: list[object] = ["kit", "IMT-TK", "Search kit", "", "", Decimal(120), "USD", "2021-05-06"]
    content = sheet(*[kit] * 210)
    assert load(content).counts["saved"] == 210
    assert load(content).counts["known"] == 210
    assert count(app, Asset) == 210


def test_an_officer_cannot_import_into_or_learn_of_another_unit(app: App, load: Callable[..., ImportReport]) -> None:
    load(sheet(radio(1, "IMT-FA")), login="logistics2")
    report = load(sheet(radio(1, "IMT-FA"), radio(2, "IMT-FA"), radio(1, "IMT-TK")))
    assert [row.status for row in report.rows] == ["error", "error", "error"]
    words = " ".join(str(error.message) for row in report.rows for error in row.errors)
    with app.reading() as session:
        code = session.scalar(select(Asset.code)) or "none"
    assert code not in words
    assert code[:5] not in words
    assert count(app, Asset) == 1


def test_a_blank_label_of_a_sheet_is_claimed_by_its_row(
    app: App, load: Callable[..., ImportReport], clock: Clock
) -> None:
    from assets.registry.service.labels import register_label_blanks

    with app.transaction(SETUP, clock.now) as session:
        (label,) = register_label_blanks(session, SETUP, 1, clock.now)
        code = label.code
    content = sheet([*radio(1), code], head=[*HEAD, "code"])
    assert load(content).rows[0].code == code
    assert load(content).rows[0].status == "known"


def test_without_the_right_nothing_is_imported(load: Callable[..., ImportReport]) -> None:
    with pytest.raises(NotAllowed):
        load(sheet(radio(1)), login="officer")
    with pytest.raises(NotAllowed):
        load(sheet(["X-1", "Unit", "UZ-FA"], head=["code", "name", "region"]), kind="units")


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (["class", "unit", "colour"], "unknown_column"),
        (["class", "unit", "id"], "unknown_column"),
        (["class", "model"], "columns"),
        (["serial_number", "Serial number", "class", "unit"], "column_twice"),
    ],
)
def test_unknown_missing_and_double_columns_are_refused(
    load: Callable[..., ImportReport], head: list[str], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        load(sheet(["x"] * len(head), head=head))
    assert refused.value.code == code


def test_kinds_that_are_unknown_are_refused_in_words(load: Callable[..., ImportReport]) -> None:
    with pytest.raises(InvalidInput) as refused:
        load(sheet(radio(1)), kind="cats")
    assert refused.value.fields[0].code == "unknown_kind"


def test_regions_file_gives_fourteen_regions_and_teams_once(app: App, load: Callable[..., ImportReport]) -> None:
    content = (SHARED_DATA / "regions.csv").read_bytes()
    before = count(app, Unit)
    report = load(content, Mode.ALL_OR_NOTHING, kind="units", login="administrator", name="regions.csv")
    # The world of the tests has three of the regions already, under shorter names.
    assert report.counts["error"] == 3
    assert not report.saved
    report = load(content, kind="units", login="administrator", name="regions.csv")
    assert report.counts["saved"] == 11
    assert count(app, Unit) == before + 11
    again = load(content, kind="units", login="administrator", name="regions.csv")
    assert (again.counts["known"], again.counts["new"]) == (11, 0)
    with app.reading() as session:
        unit = session.scalar(select(Unit).where(Unit.code == "IMT-AN"))
        region = session.scalar(select(Region).where(Region.code == "UZ-QR"))
    assert unit is not None
    assert unit.name == "Andijan mobile team"
    assert region is not None
    assert (region.name_uz, region.name_ja) == ("Qoraqalpogʻiston Respublikasi", "カラカルパクスタン共和国")


def test_units_are_imported_by_code(app: App, load: Callable[..., ImportReport]) -> None:
    head = ["code", "name", "region", "kind"]
    rows: list[list[object]] = [
        ["BLO-1", "Termiz chegara guruhi", "UZ-SU", "blo"],
        ["BLO-2", "x", "UZ-ZZ", ""],
        ["BLO-3", "x", "UZ-SU", "club"],
    ]
    report = load(sheet(*rows, head=head), kind="units", login="administrator")
    assert [row.status for row in report.rows] == ["new", "error", "error"]
    assert [error.field for row in report.errors for error in row.errors] == ["region", "kind"]


def test_persons_are_imported_into_own_units_only(app: App, load: Callable[..., ImportReport]) -> None:
    rows: list[list[object]] = [
        ["P-201", "Oʻktamov Oʻtkir", "IMT-TK", "MIA"],
        ["P-202", "x", "IMT-FA", ""],
        ["P-001", "Somebody else", "IMT-TK", ""],
        ["P-101", "x", "IMT-TK", ""],
    ]
    content = sheet(*rows, head=["number", "name", "unit", "organisation"])
    before = count(app, Person)
    report = load(content, kind="persons")
    assert [row.status for row in report.rows] == ["new", "error", "error", "error"]
    assert count(app, Person) == before + 1
    assert load(content, kind="persons").rows[0].status == "known"


def test_readings_are_imported_once_and_never_fall(app: App, load: Callable[..., ImportReport]) -> None:
    car: list[object] = ["vehicle.patrol", "IMT-TK", "", "", "JT123456789012345", "", "", "2021-05-06"]
    code = load(sheet(car)).rows[0].code
    rows: list[list[object]] = [
        [code, 1000, "2026-10-01"], [code, "1 250,5", "2026-10-15T08:00:00"], [code, 900, "2026-10-20"],
        [code, 2000, "2027-01-01"], ["ZZZZZ-ZZZZZ", 5, "2026-10-01"],
    ]  # fmt: skip
    content = sheet(*rows, head=["code", "value", "occurred_at"])
    report = load(content, kind="readings")
    assert [row.status for row in report.rows] == ["new", "new", "error", "error", "error"]
    assert [e.code for row in report.errors for e in row.errors][:2] == ["reading_falls", "in_the_future"]
    again = load(content, kind="readings")
    assert [row.status for row in again.rows][:2] == ["known", "known"]


def test_an_export_of_ours_is_read_back_as_it_was(load: Callable[..., ImportReport], app: App) -> None:
    odd = radio(1)
    odd[3] = "-A1+2"
    load(sheet(odd))
    content = b"".join(write_csv(HEAD, [odd]))
    assert b"'-A1+2" in content
    assert load(content, name="list.csv").rows[0].status == "known"


def test_rows_that_are_known_cost_no_query_each(app: App, load: Callable[..., ImportReport]) -> None:
    content = sheet(*[radio(n) for n in range(60)])
    load(content)
    statements: list[str] = []
    event.listen(app.main.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert load(content, Mode.DRY_RUN).counts["known"] == 60
    reads = [text for text in statements if text.lstrip().upper().startswith("SELECT")]
    assert len(reads) <= 5, reads


def test_trackers_are_imported_once_with_their_secret_in_that_report_only(
    app: App, load: Callable[..., ImportReport]
) -> None:
    car: list[object] = ["vehicle.patrol", "IMT-TK", "", "", "JT123456789012345", "", "", "2021-05-06"]
    code = load(sheet(car)).rows[0].code
    content = sheet(["car-1", code], ["car 2", code], head=["id", "asset"])
    dry = load(content, Mode.DRY_RUN, kind="trackers", login="coordinator")
    assert [row.status for row in dry.rows] == ["new", "error"]
    assert not any(row.secret for row in dry.rows)
    saved = load(content, kind="trackers", login="coordinator")
    assert len(saved.rows[0].secret) > 20
    again = load(content, kind="trackers", login="coordinator")
    assert (again.rows[0].status, again.rows[0].secret) == ("known", "")
    with pytest.raises(NotAllowed):
        load(content, kind="trackers")
