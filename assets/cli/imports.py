"""Commands for imports, their undo, and the comparison of a paper list with the register."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from assets.cli.output import begun_app, command_line_actor, opened_app, print_json, print_listed
from assets.cli.trackers import LANGUAGES, write_sheets


def add(commands: Any) -> None:
    """`import`, `imports list|undo`, `reconcile`."""
    imported = commands.add_parser("import", help="take rows from a CSV or XLSX file; safe to run again")
    imported.add_argument("kind", help="assets, units, persons, operations, lots, readings, trackers")
    imported.add_argument("file", type=Path)
    mode = imported.add_mutually_exclusive_group()
    mode.add_argument("--dry-run", action="store_true", help="say what would happen and keep nothing")
    mode.add_argument("--save-valid", action="store_true", help="keep the rows that are right")
    imported.add_argument("--json", action="store_true")
    imported.add_argument("--sheets", metavar="FILE.pdf", help="of new trackers: installers' sheets with their secrets")
    imported.add_argument("--lang", choices=LANGUAGES, default="en", help="of the sheets")
    imported.set_defaults(run=_import)

    imports = commands.add_parser("imports", help="imports so far").add_subparsers(dest="action", required=True)
    listed = imports.add_parser("list", help="who imported what and when")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_list_imports)
    undone = imports.add_parser("undo", help="take back what an import brought in, as correcting entries")
    undone.add_argument("id", type=int)
    undone.add_argument("--reason", required=True, metavar="TEXT")
    undone.set_defaults(run=_undo_import)

    compared = commands.add_parser("reconcile", help="compare a paper list with the register; changes nothing")
    compared.add_argument("file", type=Path)
    compared.add_argument("--unit", metavar="CODE", help="the list is of this unit and does not say so")
    compared.add_argument("--json", action="store_true")
    compared.add_argument("-o", "--output", type=Path, metavar="FILE", help="the whole result as .csv or .xlsx")
    compared.set_defaults(run=_reconcile)


def _import(chosen: argparse.Namespace) -> int:
    from assets.exchange.imports import Mode, kind_named, run_import
    from assets.exchange.imports.run import named_columns
    from assets.exchange.runs import ask_for_import, execute, refusal_of
    from assets.exchange.tables import read_table

    mode = Mode.DRY_RUN if chosen.dry_run else Mode.SAVE_VALID if chosen.save_valid else Mode.ALL_OR_NOTHING
    content = chosen.file.read_bytes()
    table = read_table(chosen.file.name, content)
    named_columns(kind_named(chosen.kind), table)
    actor = command_line_actor()
    with begun_app() as app:
        if mode is Mode.DRY_RUN:
            report = run_import(app, actor, chosen.kind, table, mode, app.clock())
        else:
            with app.transaction(actor) as session:
                run = ask_for_import(
                    app, session, actor, chosen.kind, chosen.file.name, content, mode, app.clock(), mine=True
                )
            done = execute(app, run.id, actor, tell=_say_progress)
            if done is None:
                raise refusal_of(app, run.id)
            report = done
        made = {row.label: row.secret for row in report.rows if row.secret}
        if chosen.sheets and made:
            write_sheets(app, chosen.sheets, made, chosen.lang)
    if chosen.json:
        print_json(report.to_dict())
    else:
        _tell(report)
    return 1 if report.errors and mode is not Mode.SAVE_VALID else 0


def _say_progress(done: int, of: int) -> None:
    """How far it is, for whoever waits at a terminal."""
    if sys.stderr.isatty():
        print(f"\r{done} of {of} rows", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _list_imports(chosen: argparse.Namespace) -> int:
    from assets.exchange.runs import runs_page

    with opened_app() as app, app.reading() as session:
        rows = [
            {
                "id": run.id, "kind": run.kind, "file": run.file_name, "state": run.state, "mode": run.mode,
                "by": run.actor_name, "at": run.asked_at.isoformat(timespec="seconds"), "new": run.rows_new,
                "known": run.rows_known, "wrong": run.rows_wrong, "saved": run.rows_saved,
            }
            for run in runs_page(session, command_line_actor(), limit=500)
        ]  # fmt: skip
    print_listed(rows, ("id", "kind", "file", "state", "by", "at", "saved", "wrong"), as_json=chosen.json)
    return 0


def _undo_import(chosen: argparse.Namespace) -> int:
    from assets.exchange.runs import run_by_id
    from assets.exchange.undo import undo_plan, undo_run

    actor = command_line_actor()
    with opened_app() as app:
        with app.reading() as session:
            plan = undo_plan(session, run_by_id(session, actor, chosen.id))
        for blocked in plan.blocked:
            print(f"{blocked.name}: {blocked.why}", file=sys.stderr)
        with app.transaction(actor) as session:
            count = undo_run(session, actor, run_by_id(session, actor, chosen.id), chosen.reason, app.clock())
    print(f"{count} things taken back; importing the same file again brings the same things back")
    return 0


def _reconcile(chosen: argparse.Namespace) -> int:
    from assets.exchange.reconciliation import RESULT_COLUMNS, reconcile
    from assets.exchange.tables import read_table, write_csv, write_xlsx

    table = read_table(chosen.file.name, chosen.file.read_bytes())
    with opened_app() as app, app.reading() as session:
        found = reconcile(session, command_line_actor(), table, unit=chosen.unit or "")
    if chosen.output is not None:
        is_csv = chosen.output.suffix.lower() == ".csv"
        lines = found.table()
        content = b"".join(write_csv(RESULT_COLUMNS, lines)) if is_csv else write_xlsx(RESULT_COLUMNS, lines)
        chosen.output.write_bytes(content)
    if chosen.json:
        print_json(found.to_dict())
    else:
        for line in found.table():
            if line[0] != "same":
                print("  ".join(str(cell) for cell in line if cell not in {"", None}))
        print(", ".join(f"{count} {status.replace('_', ' ')}" for status, count in found.counts.items()))
    return 0


def _tell(report: Any) -> None:
    for row in report.errors:
        for error in row.errors:
            print(f"row {row.row}, {error.field}: {error.message}", file=sys.stderr)
    for row in report.rows:
        if row.secret:
            print(f"row {row.row}, {row.label}: secret {row.secret} (not kept, cannot be shown again)")
    counts = report.counts
    print(
        f"{counts['rows']} rows: {counts['new']} new, {counts['known']} known already, {counts['error']} with errors; "
        f"{counts['saved']} saved"
    )
