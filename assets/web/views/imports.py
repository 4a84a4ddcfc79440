"""Imports for people: choose, upload, read the dry run's report, then save all or the valid rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from assets.core.errors import InvalidInput, NotAllowed, invalid
from assets.core.i18n import msg
from assets.exchange.imports import KINDS, ImportReport, Kind, Mode, kind_named, run_import, template_columns
from assets.exchange.imports.report import REPORT_COLUMNS
from assets.exchange.tables import CSV_TYPE, XLSX_TYPE, Table, read_table, write_csv, write_xlsx
from assets.exchange.uploads import Upload, keep_report, keep_upload, upload, uploaded_table
from assets.people.rules import Permission, may
from assets.web.auth import needs
from assets.web.context import actor, flash_words, locale, now, the_app, words
from assets.web.forms import field_errors

pages = Blueprint("imports", __name__)

# A request is answered within half a minute; longer files go through the command line.
MAX_WEB_ROWS = 2500
SHOWN_ROWS = 200


def _kinds() -> list[Kind]:
    return [kind for kind in KINDS.values() if may(actor(), kind.permission)]


@pages.get("/import")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def choose() -> Any:
    chosen = request.args.get("kind", "assets")
    return _choose_page(chosen, {})


def _choose_page(chosen: str, errors: dict[str, str]) -> str:
    return render_template("imports/choose.html", kinds=_kinds(), chosen=chosen, errors=errors, words=words)


@pages.post("/import")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def dry_run() -> Any:
    """Read the table, run it without keeping anything, and go to its report."""
    kind = request.form.get("kind", "")
    sent = request.files.get("table")
    try:
        _allowed(kind)
        if sent is None or not sent.filename:
            raise invalid("table", msg("Choose a file."), code="required")
        content = sent.read()
        report = run_import(the_app(), actor(), kind, _table(sent.filename, content), Mode.DRY_RUN, now())
    except InvalidInput as error:
        errors = field_errors(error)
        named = {name: text for name, text in errors.items() if name in {"kind", "table"}}
        errors = named or {"table": words(error.message)}
        return _choose_page(kind, errors), 400
    key = keep_upload(the_app().settings.data_dir, g.account.id, kind, sent.filename, content, now())
    keep_report(the_app().settings.data_dir, key, report, locale())
    return redirect(url_for("imports.show", key=UUID(hex=key)), 303)


def _table(filename: str, content: bytes) -> Table:
    table = read_table(filename, content)
    if len(table.rows) > MAX_WEB_ROWS:
        raise invalid(
            "table",
            msg("Up to %(n)s rows are imported here; the file has %(rows)s. Split it, or use `assets import`.",
                n=MAX_WEB_ROWS, rows=len(table.rows)),
            code="too_many_rows",
        )  # fmt: skip
    return table


def _allowed(name: str) -> Kind:
    kind = kind_named(name)
    if not may(actor(), kind.permission):
        raise NotAllowed
    return kind


def _kept(key: UUID) -> Upload:
    return upload(the_app().settings.data_dir, key, g.account.id, now())


@pages.get("/import/<uuid:key>")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def show(key: UUID) -> Any:
    return _report_page(_kept(key), {})


def _report_page(kept: Upload, secrets: dict[int, str]) -> str:
    rows = kept.report["rows"]
    faulty = [row for row in rows if row["status"] == "error"]
    others = [row for row in rows if row["status"] != "error"]
    shown = [*faulty, *others][:SHOWN_ROWS]
    return render_template(
        "imports/report.html", upload=kept, report=kept.report, counts=kept.report["counts"], rows=shown,
        kind=KINDS[kept.kind], hidden=len(rows) - len(shown), secrets=secrets, words=words,
        dry=kept.report["mode"] == Mode.DRY_RUN, address=str(UUID(hex=kept.key)),
    )  # fmt: skip


@pages.post("/import/<uuid:key>")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def save(key: UUID) -> Any:
    """Import the kept table for good, all of it or the rows that are right."""
    kept = _kept(key)
    _allowed(kept.kind)
    chosen = request.form.get("mode", "")
    if chosen not in {Mode.ALL_OR_NOTHING, Mode.SAVE_VALID}:
        raise invalid("mode", msg("Choose to save all rows, or those that are right."))
    data_dir = the_app().settings.data_dir
    table = _table(kept.filename, uploaded_table(data_dir, kept))
    report = run_import(the_app(), actor(), kept.kind, table, Mode(chosen), now())
    keep_report(data_dir, kept.key, report, locale())
    if report.saved:
        flash_words(msg("Saved: %(saved)s of %(rows)s rows.", saved=report.counts["saved"], rows=report.counts["rows"]))
    else:
        flash_words(msg("Nothing was saved: some rows have errors now."), "error")
    secrets = _secrets(report)
    if secrets:
        return _report_page(_kept(key), secrets)
    return redirect(url_for("imports.show", key=key), 303)


def _secrets(report: ImportReport) -> dict[int, str]:
    return {row.row: row.secret for row in report.rows if row.secret}


@pages.get("/import/<uuid:key>/report")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def download_report(key: UUID) -> Response:
    return _table_file("import-report", REPORT_COLUMNS, _kept(key).lines)


@pages.get("/import/template")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def template() -> Response:
    """An empty file with the right head."""
    kind = _allowed(request.args.get("kind", ""))
    return _table_file(f"{kind.name}-template", template_columns(kind), [])


def _table_file(name: str, columns: tuple[str, ...], lines: list[list[Any]]) -> Response:
    if request.args.get("format") == "csv":
        return _download(b"".join(write_csv(columns, lines)), CSV_TYPE, f"{name}.csv")
    return _download(write_xlsx(columns, lines), XLSX_TYPE, f"{name}.xlsx")


def _download(content: bytes, content_type: str, filename: str) -> Response:
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
