"""Import runs: a file is asked for, checked, saved; long ones by the scheduler, taken up again when they broke off.

Whoever executes a run claims it first, with a lease; what it saves is known when it is taken up again, so that nothing
is doubled. How far it is stands in a file, because its own transaction holds the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.errors import DomainError, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.i18n import Message, msg
from assets.exchange.imports import ImportReport, Mode, kind_named, run_import
from assets.exchange.imports.report import stored_words, words_of
from assets.exchange.imports.run import Of
from assets.exchange.models import ImportRun
from assets.exchange.tables import read_table
from assets.exchange.uploads import (
    Progress,
    keep_progress,
    keep_report,
    keep_table,
    kept_table,
    remove_files,
)
from assets.people.models import Account
from assets.people.queries import actor_of
from assets.people.rules import Permission, may, reach, require

LEASE = timedelta(minutes=2)
RENEW_AFTER = timedelta(seconds=30)
HELD = timedelta(seconds=60)
"""How long a run waits for whoever asked for it and executes it himself."""
PER_ROW = timedelta(milliseconds=20)
"""How long a row of an all-or-nothing import is given: its lease cannot be renewed, as it holds the database."""
CHECKED_FOR = timedelta(days=1)
"""How long a file is kept of which nothing was saved."""
WAITING, RUNNING, DONE, REFUSED, UNDONE = "waiting", "running", "done", "refused", "undone"


def ask_for_import(
    app: App,
    session: Session,
    actor: Actor,
    kind: str,
    filename: str,
    content: bytes,
    mode: Mode,
    now: datetime,
    *,
    mine: bool = False,
) -> ImportRun:
    """A new run that waits, with its file kept; `NotAllowed` without the right for this kind.

    `mine`: whoever asks executes it right away, so that the scheduler leaves it alone unless it breaks off.
    """
    require(actor, kind_named(kind).permission)
    run = ImportRun(
        kind=kind, mode=mode.value, state=WAITING, file_name=filename[:200], sha256=hashlib.sha256(content).hexdigest(),
        file_key=keep_table(app.settings.data_dir, content), account_id=actor.account_id, actor_name=actor.name,
        asked_at=now, undo_reason="", report="", leased_until=now + HELD if mine else None,
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run


def save_checked(
    session: Session, actor: Actor, run: ImportRun, mode: Mode, now: datetime, *, mine: bool = False
) -> None:
    """Let a run that was checked wait to be saved; by its own account, as whom it is imported. `mine` as above."""
    session.refresh(run, with_for_update={"of": ImportRun})
    if run.account_id != actor.account_id:
        raise NotAllowed(msg("Who checked the file saves it: it is imported with that person's rights."))
    if run.state in {WAITING, RUNNING}:
        raise RuleViolation(msg("This import is being worked on."), code="import_running")
    if run.state == UNDONE or run.rows_saved:
        raise RuleViolation(msg("This file was imported. Upload it again to import it again."), code="imported")
    if not run.file_key:
        raise NotFound(msg("This file is not kept any more. Upload it again."), code="upload_expired")
    run.mode, run.state, run.finished_at = mode.value, WAITING, None
    run.leased_until = now + HELD if mine else None
    session.flush()


def visible_runs(actor: Actor) -> ColumnElement[bool]:
    """A condition on `ImportRun`: all for those who import everywhere, else one's own."""
    if reach(actor, Permission.IMPORT_RUN).everything:
        return true()
    return ImportRun.account_id == actor.account_id


def run_by_id(session: Session, actor: Actor, run_id: int) -> ImportRun:
    """The run; `NotFound` when it is another's or there is none: both look the same."""
    run = session.scalar(
        select(ImportRun)
        .options(joinedload(ImportRun.account), joinedload(ImportRun.undone_by))
        .where(ImportRun.id == run_id, visible_runs(actor))
    )
    if run is None:
        raise NotFound(msg("There is no such import, or it is not yours to see."))
    return run


def runs_page(
    session: Session, actor: Actor, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[ImportRun]:
    """The actor's runs, newest first; `after` is (id of the last one seen,)."""
    statement = select(ImportRun).where(visible_runs(actor)).order_by(ImportRun.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(ImportRun.id < int(str(after[0])))
    return list(session.scalars(statement))


def execute(
    app: App, run_id: int, actor: Actor | None = None, *, tell: Callable[[int, int], None] | None = None
) -> ImportReport | None:
    """Claim a run and do what it asks for; None when somebody else is at it, or when the whole was refused.

    `actor` is who asked and waits; without one the run's account is, with the rights that it has at this moment.
    `tell` is told how far it is, beside the file.
    """
    run = _claim(app, run_id, mine=actor is not None)
    if run is None:
        return None
    try:
        actor = actor or _actor_of(app, run)
        report = _run(app, run, actor, tell)
    except DomainError as error:
        _finish(app, run_id, None, error.message)
        return None
    _finish(app, run_id, report, None)
    return report


def take_waiting(app: App) -> int:
    """Execute every run that waits or broke off, oldest first; answers how many."""
    done = 0
    for _ in range(1000):
        with app.reading() as session:
            free = session.scalar(select(ImportRun.id).where(_is_free(app.clock())).order_by(ImportRun.id).limit(1))
        if free is None:
            break
        execute(app, free)
        done += 1
    return done


def forget_checked(app: App, now: datetime) -> int:
    """Remove the files of runs of which nothing was saved, a day after; the runs stay. Answers how many."""
    with app.transaction(system_actor("job:run_imports"), now) as session:
        old = session.scalars(
            select(ImportRun).where(
                ImportRun.file_key != "", ImportRun.rows_saved == 0, ImportRun.state.in_((DONE, REFUSED)),
                ImportRun.asked_at < now - CHECKED_FOR,
            )
        ).all()  # fmt: skip
        keys = [run.file_key for run in old]
        for run in old:
            run.file_key = ""
    for key in keys:
        remove_files(app.settings.data_dir, key)
    return len(keys)


def refusal_of(app: App, run_id: int) -> DomainError:
    """Why the whole of a run was refused, to be raised by whoever waits for it."""
    with app.reading() as session:
        run = session.get_one(ImportRun, run_id)
    refused = json.loads(run.report).get("refused") if run.report else None
    if refused is None:
        return RuleViolation(msg("This import is being worked on."), code="import_running")
    return InvalidInput(words_of(refused), code="import_refused")


def _is_free(now: datetime) -> ColumnElement[bool]:
    nobody = or_(ImportRun.leased_until.is_(None), ImportRun.leased_until < now)
    return and_(ImportRun.state.in_((WAITING, RUNNING)), nobody)


def _claim(app: App, run_id: int, *, mine: bool) -> ImportRun | None:
    now = app.clock()
    free = or_(_is_free(now), ImportRun.state == WAITING) if mine else _is_free(now)
    with app.transaction(system_actor("import"), now) as session:
        run = session.scalar(select(ImportRun).where(ImportRun.id == run_id, free).with_for_update(skip_locked=True))
        if run is None:
            return None
        run.state, run.leased_until = RUNNING, now + LEASE
        session.flush()
        return run


def _actor_of(app: App, run: ImportRun) -> Actor:
    if run.account_id is None:
        return system_actor(run.actor_name)
    with app.reading() as session:
        account = session.get(Account, run.account_id, options=[selectinload(Account.grants)])
        if account is None or not account.active:
            raise NotAllowed(msg("The account that asked for this import has ended."))
        actor = actor_of(account, app.clock(), f"import {run.id}")
    if not may(actor, kind_named(run.kind).permission):
        raise NotAllowed
    return actor


def _run(app: App, run: ImportRun, actor: Actor, tell: Callable[[int, int], None] | None) -> ImportReport:
    table = read_table(run.file_name, kept_table(app.settings.data_dir, run.file_key))
    whole = run.mode == Mode.ALL_OR_NOTHING
    lease = _Lease(app, run.id, renewable=not whole)
    lease.renew(LEASE + (PER_ROW * len(table.rows) if whole else timedelta(0)))
    say_so = _teller(app, run.file_key, lease, tell)
    say_so(0, len(table.rows))
    report = run_import(app, actor, run.kind, table, Mode(run.mode), app.clock(), Of(run.id, say_so))
    keep_report(app.settings.data_dir, run.file_key, report)
    return report


class _Lease:
    """The claim on a run, renewed between its stretches."""

    def __init__(self, app: App, run_id: int, *, renewable: bool) -> None:
        self._app, self._run_id, self._renewable = app, run_id, renewable
        self._renewed_at = app.clock()

    def renew(self, length: timedelta) -> None:
        now = self._app.clock()
        with self._app.transaction(system_actor("import"), now) as session:
            session.get_one(ImportRun, self._run_id).leased_until = now + length
        self._renewed_at = now

    def keep_up(self) -> None:
        if self._renewable and self._app.clock() - self._renewed_at >= RENEW_AFTER:
            self.renew(LEASE)


def _teller(app: App, key: str, lease: _Lease, also: Callable[[int, int], None] | None) -> Callable[[int, int], None]:
    started_at = app.clock()

    def tell(done: int, of: int) -> None:
        keep_progress(app.settings.data_dir, key, Progress(done, of, started_at, app.clock()))
        lease.keep_up()
        if also is not None:
            also(done, of)

    return tell


def _finish(app: App, run_id: int, report: ImportReport | None, refusal: Message | None) -> None:
    now = app.clock()
    with app.transaction(system_actor("import"), now) as session:
        run = session.get_one(ImportRun, run_id)
        told: dict[str, object] = {}
        if report is not None:
            counts = report.counts
            run.rows_new, run.rows_known, run.rows_wrong = counts["new"], counts["known"], counts["error"]
            run.rows_saved = counts["saved"]
            told = {"counts": counts, "read_as": report.read_as, "saved": report.saved}
        if refusal is not None:
            told = {"refused": stored_words(refusal)}
        kept_nothing = report is None or (run.mode == Mode.ALL_OR_NOTHING and not report.saved)
        run.state = REFUSED if kept_nothing else DONE
        run.finished_at, run.leased_until = now, None
        run.report = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
