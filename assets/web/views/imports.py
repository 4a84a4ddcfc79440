"""Imports for people: upload, read the check's report, save all or the valid rows, see the runs, undo one."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for

from assets.core.errors import InvalidInput, NotAllowed, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.exchange.imports import KINDS, ImportReport, Kind, Mode, kind_named, template_columns
from assets.exchange.imports.report import REPORT_COLUMNS, words_of
from assets.exchange.imports.run import named_columns
from assets.exchange.models import ImportRun
from assets.exchange.runs import ask_for_import, execute, run_by_id, runs_page, save_checked
from assets.exchange.tables import CSV_TYPE, XLSX_TYPE, read_table, write_csv, write_xlsx
from assets.exchange.undo import UndoPlan, undo_plan, undo_run
from assets.exchange.uploads import kept_progress, kept_report
from assets.labels.typeset import TypesetError
from assets.people.rules import Permission, may
from assets.telemetry.installer_sheet import sheets_of
from assets.web.auth import needs
from assets.web.context import actor, flash_words, locale, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.event_words import TITLES
from assets.web.forms import field_errors
from assets.web.parsing import encode_cursor, page

pages = Blueprint("imports", __name__)
log = logging.getLogger("assets.web")

# So much is done while the person waits; the scheduler takes what is longer, and the page may be left.
AT_ONCE_ROWS = 300
AT_ONCE_BYTES = 256 * 1024
# A tracker's secret is shown once, by the answer to whoever imported it: nobody would see it in the background.
MAX_TRACKERS = 500
SHOWN_ROWS = 200
SHOWN_BLOCKED = 50
MODES = {
    Mode.DRY_RUN: msg("check"), Mode.ALL_OR_NOTHING: msg("all rows"), Mode.SAVE_VALID: msg("valid rows"),
}  # fmt: skip


def _kinds() -> list[Kind]:
    return [kind for kind in KINDS.values() if may(actor(), kind.permission)]


def _allowed(name: str) -> Kind:
    kind = kind_named(name)
    if not may(actor(), kind.permission):
        raise NotAllowed
    return kind


@pages.get("/import")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def choose() -> Any:
    return _choose_page(request.args.get("kind", "assets"), {})


def _choose_page(chosen: str, errors: dict[str, str]) -> str:
    return render_template("imports/choose.html", kinds=_kinds(), chosen=chosen, errors=errors, words=words)


@pages.post("/import")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def check() -> Any:
    """Take the file and check it, or let it be checked, without keeping anything of it; then go to its run."""
    kind = request.form.get("kind", "")
    sent = request.files.get("table")
    try:
        _allowed(kind)
        if sent is None or not sent.filename:
            raise invalid("table", msg("Choose a file."), code="required")
        content = sent.read()
        at_once = _at_once(kind, sent.filename, content)
    except InvalidInput as error:
        errors = field_errors(error)
        named = {name: text for name, text in errors.items() if name in {"kind", "table"}}
        return _choose_page(kind, named or {"table": words(error.message)}), 400
    with writing() as session:
        run = ask_for_import(
            the_app(), session, actor(), kind, sent.filename, content, Mode.DRY_RUN, now(), mine=at_once
        )
        run_id = run.id
    if at_once:
        execute(the_app(), run_id, actor())
    return redirect(url_for("imports.show", run_id=run_id), 303)


def _at_once(kind: str, filename: str, content: bytes) -> bool:
    """Whether the file is small enough to be worked on now; what cannot be read is refused now where it is small."""
    if len(content) > AT_ONCE_BYTES and kind != "trackers":
        return False
    table = named_columns(kind_named(kind), read_table(filename, content))
    if kind == "trackers" and len(table.rows) > MAX_TRACKERS:
        words_ = msg("Up to %(n)s trackers at a time: their secrets are shown once, on the page that follows.",
                     n=MAX_TRACKERS)  # fmt: skip
        raise invalid("table", words_, code="too_many_rows")
    return kind == "trackers" or len(table.rows) <= AT_ONCE_ROWS


@pages.get("/import/runs")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def list_runs() -> Any:
    """Who imported what and when, newest first."""
    wanted = page(request.args)
    with reading() as session:
        found = runs_page(session, actor(), limit=wanted.limit + 1, after=wanted.after)
    shown = found[: wanted.limit]
    following = encode_cursor((shown[-1].id,)) if len(found) > wanted.limit else None
    return render_template(
        "imports/runs.html", runs=shown, following=following, kinds=KINDS, words=words, modes=MODES
    )  # fmt: skip


@pages.get("/import/<int:run_id>")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def show(run_id: int) -> Any:
    with reading() as session:
        run = run_by_id(session, actor(), run_id)
    return _run_page(run, {})


def _run_page(run: ImportRun, secrets: dict[int, str], sheets: str = "") -> str:
    """`sheets`: installers' sheets as an address that holds them, for they are shown with the secrets, once."""
    report = kept_report(the_app().settings.data_dir, run.file_key) if run.file_key else None
    rows = report.to_dict(locale())["rows"] if report is not None else []
    shown, hidden = _faulty_first(rows)
    return render_template(
        "imports/report.html", run=run, report=report, counts=_counts(run, report), rows=shown, hidden=hidden,
        kind=KINDS[run.kind], secrets=secrets, sheets=sheets, words=words, progress=_progress(run),
        refusal=_refusal(run), mine=run.account_id == actor().account_id, now=now(), modes=MODES,
    )  # fmt: skip


def _faulty_first(rows: Any) -> tuple[list[dict[str, Any]], int]:
    faulty = [row for row in rows if row["status"] == "error"]
    others = [row for row in rows if row["status"] != "error"]
    shown = [*faulty, *others][:SHOWN_ROWS]
    return shown, len(rows) - len(shown)


def _counts(run: ImportRun, report: ImportReport | None) -> dict[str, int]:
    if report is not None:
        return report.counts
    rows = run.rows_new + run.rows_known + run.rows_wrong
    return {
        "rows": rows, "new": run.rows_new, "known": run.rows_known, "error": run.rows_wrong, "saved": run.rows_saved
    }  # fmt: skip


def _refusal(run: ImportRun) -> str:
    refused = json.loads(run.report).get("refused") if run.report else None
    return words(words_of(refused)) if refused else ""


def _progress(run: ImportRun) -> dict[str, Any]:
    """How far the run is, as progress.js understands it."""
    if run.state not in {"waiting", "running"}:
        return {"done": None, "total": None, "text": "", "finished": True, "next": f"/import/{run.id}"}
    told = kept_progress(the_app().settings.data_dir, run.file_key) if run.state == "running" else None
    if told is None:
        text = words(msg("waits for its turn; it begins within half a minute"))
        return {"done": None, "total": None, "text": text, "finished": False, "next": None}
    left_s = told.left_s(the_app().clock())
    return {
        "done": told.done, "total": told.of, "text": words(_how_far(told.done, told.of, left_s)), "finished": False,
        "next": None,
    }  # fmt: skip


def _how_far(done: int, of: int, left_s: float | None) -> Message:
    if left_s is None:
        return msg("%(done)s of %(of)s rows", done=done, of=of)
    if left_s < 90:
        return msg("%(done)s of %(of)s rows, about %(n)s s left", done=done, of=of, n=max(1, round(left_s)))
    return msg("%(done)s of %(of)s rows, about %(n)s min left", done=done, of=of, n=round(left_s / 60))


@pages.get("/import/<int:run_id>/progress")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def progress(run_id: int) -> Any:
    """How far a run is, for the page that waits."""
    with reading() as session:
        run = run_by_id(session, actor(), run_id)
    return jsonify(_progress(run))


@pages.post("/import/<int:run_id>")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def save(run_id: int) -> Any:
    """Import the checked table for good, all of it or the rows that are right."""
    chosen = request.form.get("mode", "")
    if chosen not in {Mode.ALL_OR_NOTHING, Mode.SAVE_VALID}:
        raise invalid("mode", msg("Choose to save all rows, or those that are right."))
    with writing() as session:
        run = run_by_id(session, actor(), run_id)
        _allowed(run.kind)
        at_once = run.kind == "trackers" or run.rows_new + run.rows_known + run.rows_wrong <= AT_ONCE_ROWS
        save_checked(session, actor(), run, Mode(chosen), now(), mine=at_once)
    report = execute(the_app(), run_id, actor()) if at_once else None
    secrets = {row.row: row.secret for row in report.rows if row.secret} if report is not None else {}
    if secrets:
        with reading() as session:
            return _run_page(run_by_id(session, actor(), run_id), secrets, _sheets(report))
    return redirect(url_for("imports.show", run_id=run_id), 303)


def _sheets(report: ImportReport | None) -> str:
    """Installers' sheets of the trackers just made; nothing when they cannot be set: the secrets are shown below."""
    made = {row.label: row.secret for row in report.rows if row.secret} if report is not None else {}
    try:
        pdf = sheets_of(the_app(), made, locale())
    except TypesetError:
        log.exception("installers' sheets could not be set")
        return ""
    return f"data:application/pdf;base64,{base64.b64encode(pdf).decode()}"


@pages.get("/import/<int:run_id>/undo")
@needs(Permission.IMPORT_RUN)
def ask_undo(run_id: int) -> Any:
    """What undoing would take back, and what stands against it."""
    return _undo_page(run_id, {}, {})


def _undo_page(run_id: int, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        run = run_by_id(session, actor(), run_id)
        try:
            plan, refusal = undo_plan(session, run), ""
        except RuleViolation as error:
            plan, refusal = UndoPlan(0, ()), words(error.message)
    blocked = [
        {"name": item.name, "why": _why(item.why), "at": item.at, "code": item.code}
        for item in plan.blocked[:SHOWN_BLOCKED]
    ]
    return render_template(
        "imports/undo.html", run=run, plan=plan, blocked=blocked, hidden=len(plan.blocked) - len(blocked),
        refusal=refusal, values=values, errors=errors, kind=KINDS[run.kind], words=words,
    )  # fmt: skip


def _why(why: Message) -> str:
    """What happened to it, in the words of the timeline where it is one of its events."""
    kind = str(why).replace(" ", "_")
    return words(TITLES[kind][0]) if kind in TITLES else words(why)


@pages.post("/import/<int:run_id>/undo")
@needs(Permission.IMPORT_RUN)
def undo(run_id: int) -> Any:
    """Take back everything that the run brought in, with a reason."""
    reason = request.form.get("reason", "")
    try:
        with writing() as session:
            run = run_by_id(session, actor(), run_id)
            count = undo_run(session, actor(), run, reason, now())
    except (InvalidInput, RuleViolation) as error:
        return _undo_page(run_id, {"reason": reason}, field_errors(error)), status_of(error)
    flash_words(msg("Taken back: %(n)s. Importing the same file again brings the same things back.", n=count))
    return redirect(url_for("imports.show", run_id=run_id), 303)


@pages.get("/import/<int:run_id>/report")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def download_report(run_id: int) -> Response:
    with reading() as session:
        run = run_by_id(session, actor(), run_id)
    report = kept_report(the_app().settings.data_dir, run.file_key)
    return table_file("import-report", REPORT_COLUMNS, report.table(locale()) if report is not None else [])


@pages.get("/import/template")
@needs(Permission.IMPORT_RUN, Permission.TRACKER_MANAGE)
def template() -> Response:
    """An empty file with the right head."""
    kind = _allowed(request.args.get("kind", ""))
    return table_file(f"{kind.name}-template", template_columns(kind), [])


def table_file(name: str, columns: tuple[str, ...], lines: list[list[Any]]) -> Response:
    """A table to be downloaded, in the form that the address asks for: CSV, else XLSX."""
    if request.args.get("format") == "csv":
        content, content_type, filename = b"".join(write_csv(columns, lines)), CSV_TYPE, f"{name}.csv"
    else:
        content, content_type, filename = write_xlsx(columns, lines), XLSX_TYPE, f"{name}.xlsx"
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
