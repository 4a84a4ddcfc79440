"""The jobs: a list that says what runs, how often, and what it does. Times are UTC; each run is one per slot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from assets.calibration import service as calibration
from assets.core import anchor, files, outbox
from assets.core.actor import Actor, system_actor
from assets.core.app import App
from assets.core.i18n import Message, msg
from assets.core.leases import JobRun
from assets.custody.service.conflict_mail import queue_conflict_mails
from assets.custody.service.loan_mail import queue_loan_mails
from assets.exchange import runs
from assets.exchange.reconciliation import forget_results
from assets.maintenance import service as maintenance
from assets.metrics.roll_up import roll_up_days
from assets.registry.service.lot_mail import queue_lot_mails
from assets.safekeeping import nightly
from assets.shifts.service import queue_shift_mails
from assets.telemetry import broker
from assets.telemetry.alarms import contact
from assets.telemetry.alarms.mail import queue_silence_mails
from assets.telemetry.places import visits

PIECE = 500
"""Plans adopted or refreshed in one transaction, so that other writers are not kept waiting."""


@dataclass(frozen=True)
class Job:
    """`every` and `at` (after midnight UTC) give its slots; `run` answers a line on what it did."""

    name: str
    text: Message
    every: timedelta
    at: timedelta
    run: Callable[[App, datetime], str]


def _actor(name: str) -> Actor:
    return system_actor(f"job:{name}")


def adopt_plans(app: App, now: datetime) -> str:
    """Give each asset that has none its class's default plans."""
    adopted = 0
    for adopt in (maintenance.adopt_missing_plans, calibration.adopt_missing_plans):
        while True:
            with app.transaction(_actor("adopt_plans"), now) as session:
                done = adopt(session, _actor("adopt_plans"), now, limit=PIECE)
            adopted += done
            if done < PIECE:
                break
    return f"{adopted} assets were given default plans"


def due_list(app: App, now: datetime) -> str:
    """Refresh forecast dates, then tell each unit by mail what is due."""
    after: int | None = 0
    while after is not None:
        with app.transaction(_actor("due_list"), now) as session:
            after = maintenance.refresh_due_dates(session, now, after=after, limit=PIECE)
    with app.transaction(_actor("due_list"), now) as session:
        mails = sum(
            queue(session, _actor("due_list"), now, app.settings.base_url)
            for queue in (
                maintenance.queue_due_mails,
                calibration.queue_due_mails,
                queue_lot_mails,
                queue_loan_mails,
                queue_conflict_mails,
            )
        )
    return f"{mails} mails about due work, lots, loans and conflicts"


def shifts_not_back(app: App, now: datetime) -> str:
    """Tell each unit what is not back at its shift's end."""
    with app.transaction(_actor("shifts_not_back"), now) as session:
        mails = queue_shift_mails(session, _actor("shifts_not_back"), now, app.settings.base_url)
    return f"{mails} mails about shifts"


def send_mail(app: App, _now: datetime) -> str:
    """Send what waits in the outbox."""
    sent, failed = outbox.send_waiting(app)
    return f"{sent} sent, {failed} failed"


def day_roll_up(app: App, now: datetime) -> str:
    """Bring the figures of each asset and local day up to date."""
    rows = roll_up_days(lambda: app.transaction(_actor("day_roll_up"), now), now, app.settings.zone)
    return f"{rows} days written"


def watch_silence(app: App, now: datetime) -> str:
    """Raise an alarm for each tracker that is silent longer than its class may be; close those that are heard again."""
    raised, closed = contact.judge(app, now)
    return f"{raised} alarms raised, {closed} closed"


def silent_trackers(app: App, now: datetime) -> str:
    """Tell coordinators which vehicles are silent too long."""
    with app.transaction(_actor("silent_trackers"), now) as session:
        silent, mails = queue_silence_mails(session, now, app.settings.base_url)
    return f"{silent} trackers are silent, {mails} mails"


def derive_places(app: App, now: datetime) -> str:
    """Have the visits of places that were drawn or changed derived anew."""
    made, derived = visits.derive_changed(app, now)
    return f"{made} regions added, visits of {derived} places to be derived"


def journal_anchor(app: App, _now: datetime) -> str:
    """Keep the journal's head outside the database, and hold each row against what the journal says of it."""
    done = anchor.anchor(app)
    verdict = anchor.verify(app, rows=True)
    if not verdict.ok:
        raise OSError(verdict.text)
    return done


def file_sweep(app: App, now: datetime) -> str:
    """Delete files that no row names and that are a week old: what a transaction left that was rolled back."""
    with app.reading() as session:
        swept = files.sweep(session, files.folder_in(app.settings.data_dir), now)
    return f"{swept} files swept"


def nightly_backup(app: App, now: datetime) -> str:
    """Make a backup, and prove it by restoring it."""
    return nightly.run(app, "nightly", now)


def tend_broker(app: App, now: datetime) -> str:
    """Keep our own broker's log short and its certificate in date."""
    return broker.tend(app, now)


def run_imports(app: App, now: datetime) -> str:
    """Take the imports that wait or broke off; forget files and runs of this job that serve nothing any more."""
    taken = runs.take_waiting(app)
    forgotten = runs.forget_checked(app, now) + forget_results(app.settings.data_dir, now)
    with app.transaction(_actor("run_imports"), now) as session:
        # Three a minute would be a million a year.
        session.execute(
            delete(JobRun).where(
                JobRun.job == "run_imports", JobRun.slot < now - timedelta(days=1), JobRun.failed.is_(False)
            )
        )
    return f"{taken} imports taken, {forgotten} files forgotten"


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JOBS: tuple[Job, ...] = (
    Job("send_mail", msg("sends the mail that waits"), timedelta(minutes=1), timedelta(0), send_mail),
    Job("day_roll_up", msg("brings daily figures up to date"), HOUR, timedelta(minutes=10), day_roll_up),
    Job("adopt_plans", msg("gives new assets their default plans"), HOUR, timedelta(minutes=20), adopt_plans),
    Job("due_list", msg("forecasts what is due and tells the units"), DAY, timedelta(hours=1), due_list),
    Job("shifts_not_back", msg("tells what is not back from a shift"), HOUR, timedelta(minutes=40), shifts_not_back),
    Job("watch_silence", msg("raises alarms for trackers that are silent"), MINUTE * 10, MINUTE * 5, watch_silence),
    Job("derive_places", msg("derives visits of changed places"), MINUTE, timedelta(0), derive_places),
    Job("silent_trackers", msg("tells which trackers are silent"), DAY, timedelta(hours=2), silent_trackers),
    Job("file_sweep", msg("deletes files that belong to nothing"), DAY, timedelta(hours=3), file_sweep),
    Job("journal_anchor", msg("keeps the journal's head outside"), DAY, timedelta(hours=20), journal_anchor),
    Job("nightly_backup", msg("makes a backup and proves it"), DAY, timedelta(hours=21), nightly_backup),
    Job("asked_backup", msg("makes the backup asked for"), timedelta(minutes=1), timedelta(0), nightly.run_if_wanted),
    Job("tend_broker", msg("keeps the broker's log and certificate in order"), MINUTE * 5, timedelta(0), tend_broker),
    # Last: it may take minutes, and the others are short.
    Job("run_imports", msg("takes the imports that wait"), timedelta(seconds=20), timedelta(0), run_imports),
)
