"""Import runs: claimed once, taken up again when they broke off, and nothing of them doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.errors import NotFound, RuleViolation
from assets.core.journal import JournalEntry
from assets.exchange.imports import Mode
from assets.exchange.imports.run import STRETCH, Of, run_import
from assets.exchange.models import ImportedThing, ImportRun
from assets.exchange.runs import LEASE, execute, save_checked, take_waiting
from assets.exchange.tables import read_table, write_csv
from assets.exchange.uploads import kept_progress, kept_report
from assets.operations.rules.fields import parse_operation
from assets.operations.service import record_operation
from assets.registry.models import Asset
from tests.db.exchange.conftest import Ask, count
from tests.support.world import SETUP, Clock, World

ROWS = 2 * STRETCH + 7


def table(count: int = ROWS) -> bytes:
    head = ("class", "unit", "serial_number")
    return b"".join(write_csv(head, [["comms.radio", "IMT-TK", f"S{n:05}"] for n in range(count)]))


def run_of(app: App, run_id: int) -> ImportRun:
    with app.reading() as session:
        return session.get_one(ImportRun, run_id)


class Killed(BaseException):
    """As if the process had been killed: no handler of ours may catch it."""


def test_a_run_that_was_killed_is_taken_up_again_after_its_lease_and_doubles_nothing(
    app: App, ask: Ask, clock: Clock
) -> None:
    run_id = ask(table())

    def die(done: int, _of: int) -> None:
        if done == STRETCH:
            raise Killed

    with pytest.raises(Killed):
        execute(app, run_id, tell=die)
    assert (run_of(app, run_id).state, count(app, Asset)) == ("running", STRETCH)
    assert take_waiting(app) == 0, "whoever runs it may still be alive"
    clock.advance(LEASE + timedelta(seconds=1))
    assert take_waiting(app) == 1
    run = run_of(app, run_id)
    # What it had saved before is its own: new in its report, and undone with it.
    assert (run.state, run.rows_new, run.rows_known, run.rows_saved) == ("done", ROWS, 0, ROWS)
    assert (count(app, Asset), count(app, ImportedThing)) == (ROWS, ROWS)


def test_a_run_is_executed_by_one_alone(app: App, ask: Ask) -> None:
    run_id = ask(table(3))
    again: list[object] = []
    execute(app, run_id, tell=lambda _done, _of: again.append(execute(app, run_id)))
    assert set(again) == {None}
    assert count(app, Asset) == 3


def test_progress_is_told_in_a_file_while_the_import_holds_the_database(app: App, ask: Ask) -> None:
    run_id = ask(table(), Mode.ALL_OR_NOTHING)
    key, seen = run_of(app, run_id).file_key, []

    def look(_done: int, _of: int) -> None:
        told = kept_progress(app.settings.data_dir, key)
        assert told is not None
        seen.append((told.done, told.of))

    execute(app, run_id, tell=look)
    assert seen == [(0, ROWS), (STRETCH, ROWS), (2 * STRETCH, ROWS), (ROWS, ROWS)]


def test_a_file_that_cannot_be_imported_is_refused_with_its_reason_and_the_run_says_so(app: App, ask: Ask) -> None:
    run_id = ask(b"class,unit,colour\na,b,c\n")
    assert take_waiting(app) == 1
    run = run_of(app, run_id)
    assert run.state == "refused"
    assert "colour" in run.report


def test_a_million_rows_are_refused_in_words_and_nothing_is_kept(app: App, ask: Ask) -> None:
    run_id = ask(b"class,unit\n" + b"kit,IMT-TK\n" * 1_000_000)
    assert take_waiting(app) == 1
    run = run_of(app, run_id)
    assert (run.state, run.rows_saved, count(app, Asset)) == ("refused", 0, 0)
    assert "more than" in run.report


def test_only_who_checked_a_file_saves_it_and_only_once(app: App, ask: Ask, world: World, clock: Clock) -> None:
    from assets.core.errors import NotAllowed

    run_id = ask(table(2), Mode.DRY_RUN)
    execute(app, run_id)
    officer, coordinator = world.actors["logistics_officer"], world.actors["coordinator"]

    def save(actor: object) -> None:
        with app.transaction(actor, clock.now) as session:  # type: ignore[arg-type]  # an actor
            save_checked(session, actor, session.get_one(ImportRun, run_id), Mode.SAVE_VALID, clock.now)  # type: ignore[arg-type]  # an actor

    with pytest.raises(NotAllowed):
        save(coordinator)
    save(officer)
    take_waiting(app)
    with pytest.raises(RuleViolation):
        save(officer)


def test_a_report_is_said_in_each_readers_language(app: App, ask: Ask) -> None:
    run_id = ask(b"class,unit\nno.such,IMT-TK\n", Mode.DRY_RUN)
    execute(app, run_id)
    report = kept_report(app.settings.data_dir, run_of(app, run_id).file_key)
    assert report is not None
    (error,) = report.rows[0].errors
    assert (error.field, error.row, error.message.text) == ("class", 2, "This is one of: %(known)s.")


def test_no_files_of_a_run_are_reached_by_another_name(app: App) -> None:
    from assets.exchange.uploads import kept_table

    for key in ("../../etc/passwd", "", "0" * 31, "x" * 32):
        with pytest.raises(NotFound):
            kept_table(app.settings.data_dir, key)


def test_a_stretch_with_a_clash_loses_that_row_alone(app: App, world: World, clock: Clock) -> None:
    # A person with this number is registered elsewhere: only writing finds out about a blank label claimed twice.
    from assets.registry.service.labels import register_label_blanks

    with app.transaction(SETUP, clock.now) as session:
        codes = [label.code for label in register_label_blanks(session, SETUP, 2, clock.now)]
    head = ("class", "unit", "serial_number", "code")
    rows = [["comms.radio", "IMT-TK", f"S{n}", codes[n] if n < 2 else ""] for n in range(50)]
    rows[30] = ["comms.radio", "IMT-TK", "S30", "00000-00000"]
    content = b"".join(write_csv(head, rows))
    report = run_import(
        app, world.actors["logistics_officer"], "assets", read_table("t.csv", content), Mode.SAVE_VALID, clock.now, Of()
    )
    assert [row.row for row in report.errors] == [32]
    assert count(app, Asset) == 49


def journalled(app: App, entity: str) -> int:
    with app.reading() as session:
        return (
            session.scalar(select(func.count()).where(JournalEntry.entity == entity, JournalEntry.action == "added"))
            or 0
        )


def test_every_asset_written_together_stands_in_the_journal_by_itself(app: App, ask: Ask) -> None:
    execute(app, ask(table(25)))
    for entity in ("asset", "label", "asset_event"):
        assert journalled(app, entity) == 25
    with app.reading() as session:
        told = session.scalars(select(JournalEntry.body).where(JournalEntry.action == "brought_in")).one()
        codes = session.scalars(select(ImportedThing.subject_id)).all()
    assert len(codes) == 25
    assert all(code in told for code in codes)


def test_import_tells_nothing_of_another_teams_open_operation(app: App, ask: Ask, world: World, clock: Clock) -> None:
    theirs = parse_operation({"code": "OP-7", "kind": "search", "unit": "IMT-FA", "starts_on": "2026-10-29"})
    with app.transaction(world.actors["coordinator"], clock.now) as session:
        record_operation(session, world.actors["coordinator"], theirs, clock.now)
    content = b"code,kind,unit,starts_on,arrests\nop-7,patrol,IMT-TK,2026-10-01,5\n"
    report = execute(app, ask(content, Mode.DRY_RUN, kind="operations"))
    assert report is not None
    assert [error.code for row in report.errors for error in row.errors] == ["code_taken"]
    told = str(report.to_dict("en")["rows"])
    assert [word for word in ("IMT-FA", "search", "2026-10-29") if word in told] == []
