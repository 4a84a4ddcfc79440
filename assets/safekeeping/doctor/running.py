"""The doctor on what runs: the server, the broker, ingest and the scheduler's jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from assets.core.i18n import Message, msg
from assets.core.leases import JobRun, last_runs
from assets.safekeeping.doctor import mqtt_probe
from assets.safekeeping.doctor.findings import Finding, Site, Subject
from assets.settings import Settings, listen_address
from assets.telemetry import broker, queries
from assets.telemetry.models import Tracker

BEAT_LATE = timedelta(seconds=60)
JOB_SLACK = timedelta(minutes=15)
LARGE_BACKLOG = 50_000

SERVER = Subject("server", msg("server"))
BROKER = Subject("broker", msg("broker"))
INGEST = Subject("ingest", msg("telemetry"))
SCHEDULER = Subject("scheduler", msg("jobs"))


def is_held(lock: Path) -> bool:
    """Whether some process holds this lock file; looked up, not tried, so that no starting server is refused."""
    try:
        inode = str(lock.stat().st_ino)
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return False
    return any("FLOCK" in line and "WRITE" in line and line.split()[5].rpartition(":")[2] == inode for line in lines)


def is_serving(settings: Settings) -> bool:
    """Whether `assets serve` runs on this data directory."""
    return is_held(settings.data_dir / "serve.lock")


def server(site: Site) -> Iterator[Finding]:
    """Whether the supervisor runs."""
    if is_serving(site.settings):
        yield SERVER.well(msg("`assets serve` is running"))
    else:
        yield SERVER.look(msg("`assets serve` is not running"))


def broker_runs(site: Site) -> Iterator[Finding]:
    """The broker lets ingest in, listens where it should, and knows the newest secrets."""
    settings = site.settings
    endpoint = broker.ingest_endpoint(settings)
    if endpoint is None:
        yield BROKER.look(msg("it has not been started yet"))
        return
    try:
        refused = mqtt_probe.refusal(endpoint)
    except OSError as error:
        if settings.mqtt_url or is_serving(settings):
            yield BROKER.mend(
                msg(
                    "nobody answers at port %(port)s (%(error)s): see its lines in the log",
                    port=endpoint.port,
                    error=error,
                )
            )
        else:
            yield BROKER.look(msg("it is not running"))
        return
    if refused is not None:
        yield BROKER.mend(msg("it refuses ingest: %(reason)s. Restart the server", reason=refused))
        return
    stale = None if settings.mqtt_url else _stale(site)
    yield BROKER.mend(stale) if stale is not None else BROKER.well(msg("it lets ingest in"))


def _stale(site: Site) -> Message | None:
    """Why our own broker's files are older than what they are made from."""
    own = broker.listening(site.settings)
    host, port = listen_address("ASSETS_MQTT_LISTEN", site.settings.mqtt_listen)
    if own is not None and (own.host != host or (port and own.port != port)):
        return msg("it listens elsewhere than ASSETS_MQTT_LISTEN says: restart the server")
    passwords = broker.folder_of(site.settings) / "passwords"
    with site.opened.reading() as session:
        newest = session.scalar(select(func.max(func.coalesce(Tracker.revoked_at, Tracker.secret_at))))
    if newest is None or not passwords.exists():
        return None
    # SQLite gives the greatest of a computed column as text without its zone.
    moment = datetime.fromisoformat(newest) if isinstance(newest, str) else newest
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.timestamp() > passwords.stat().st_mtime + 1:
        return msg("it does not know the newest secrets of trackers: restart the server")
    return None


def ingest(site: Site) -> Iterator[Finding]:
    """It beats, and what waits is not much."""
    app = site.opened
    with app.telemetry.reading() as session:
        status = queries.ingest_status(session)
    if status is None:
        yield INGEST.look(msg("it has not been started yet"))
    elif site.now - status.beat_at > BEAT_LATE:
        finding = msg("ingest was last alive at %(at)s UTC", at=f"{status.beat_at:%Y-%m-%d %H:%M}")
        yield INGEST.mend(finding) if is_serving(site.settings) else INGEST.look(finding)
    elif status.backlog > LARGE_BACKLOG:
        yield INGEST.look(msg("%(n)s messages wait to be stored", n=status.backlog))
    elif status.last_commit_at is None:
        yield INGEST.well(msg("ingest is alive and has stored nothing yet"))
    else:
        yield INGEST.well(
            msg("ingest last stored something at %(at)s UTC", at=f"{status.last_commit_at:%Y-%m-%d %H:%M}")
        )


def scheduler(site: Site) -> Iterator[Finding]:
    """Each job ran when it should have, and went well."""
    app = site.opened
    periods = app.job_periods()
    with app.reading() as session:
        runs = last_runs(session)
    serving = is_serving(site.settings)
    wrong = []
    for name, every in periods.items():
        problem = job_problem(runs.get(name), every, site.now)
        if problem is not None:
            failed = name in runs and runs[name].failed
            text = msg("%(job)s: %(problem)s", job=name, problem=problem)
            wrong.append(SCHEDULER.mend(text) if failed or serving else SCHEDULER.look(text))
    if wrong and not runs:
        yield SCHEDULER.look(msg("no job has run yet: they start with the server"))
        return
    yield from wrong
    if not wrong:
        yield SCHEDULER.well(msg("all %(n)s scheduled jobs ran on time", n=len(periods)))


def job_problem(run: JobRun | None, every: timedelta, now: datetime) -> Message | None:
    """What is wrong with a job's newest run; late is more than one slot and a quarter of an hour."""
    if run is None:
        return msg("it has never run")
    if run.failed:
        return msg(
            "it failed: %(outcome)s. `assets job run %(job)s` tries it again",
            outcome=(run.outcome.splitlines() or [""])[0][:200], job=run.job,
        )  # fmt: skip
    if now - run.slot > 2 * every + JOB_SLACK:
        return msg("it last ran for %(slot)s UTC", slot=f"{run.slot:%Y-%m-%d %H:%M}")
    return None
