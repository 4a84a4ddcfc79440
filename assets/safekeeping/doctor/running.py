"""The doctor on what runs: the server, the broker, ingest and the scheduler's jobs."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from assets.core.i18n import Message, msg
from assets.core.leases import JobRun, last_runs
from assets.safekeeping.doctor import mqtt_probe
from assets.safekeeping.doctor.findings import Finding, Site, Subject
from assets.settings import Settings, listen_address
from assets.telemetry import broker, queries
from assets.telemetry.messages import Endpoint
from assets.telemetry.models import Tracker

BEAT_LATE = timedelta(seconds=60)
JOB_SLACK = timedelta(minutes=15)
LARGE_BACKLOG = 50_000

SERVER = Subject("server", msg("server"))
BROKER = Subject("broker", msg("broker"))
OPEN_BROKER = Subject("broker_closed", msg("strangers at the broker"))
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  # compared with, nothing listens there
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
                    "nobody answers at port %(port)s (%(error)s): see broker/broker.log in the data directory",
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


def broker_is_closed(site: Site) -> Iterator[Finding]:
    """Nobody without a name comes in, whoever runs the broker: whoever could, would read where all patrols are."""
    open_doors, answered = [], False
    for endpoint in _doors(site.settings):
        try:
            refused = mqtt_probe.refusal(endpoint)
            answered = True
            if refused is None:
                open_doors.append(f"{endpoint.host}:{endpoint.port}")
        except (OSError, ssl.SSLError):
            continue  # that it does not answer, others tell
    if open_doors:
        yield OPEN_BROKER.mend(
            msg(
                "it lets in whoever comes, without name or secret (%(doors)s): set allow_anonymous false in its "
                "configuration, and give every tracker another secret",
                doors=", ".join(open_doors),
            )
        )
    elif answered:
        yield OPEN_BROKER.well(msg("it lets nobody in without name and secret"))


def _doors(settings: Settings) -> list[Endpoint]:
    """Where somebody might come in without a name."""
    found = broker.ingest_endpoint(settings)
    if found is None:
        return []
    doors = [replace(found, user="", secret="")]
    own = None if settings.mqtt_url else broker.listening(settings)
    if own is not None and own.is_plain:
        doors.append(Endpoint("127.0.0.1" if own.host in EVERYWHERE else own.host, own.port, "", "", None, False))
    return doors


def _stale(site: Site) -> Message | None:
    """Why our own broker's files are older than what they are made from."""
    if _listens_elsewhere(site.settings):
        return msg("it listens elsewhere than the settings say: restart the server")
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


def _listens_elsewhere(settings: Settings) -> bool:
    own = broker.listening(settings)
    if own is None:
        return False
    doors = [("ASSETS_MQTT_TLS_LISTEN", settings.mqtt_tls_listen, own.tls_host, own.tls_port)]
    if settings.mqtt_plain == "yes":
        doors.append(("ASSETS_MQTT_LISTEN", settings.mqtt_listen, own.host, own.port))
    for key, wanted, host, port in doors:
        wanted_host, wanted_port = listen_address(key, wanted) if wanted else ("", 0)
        if wanted_host != host or (wanted_port and wanted_port != port):
            return True
    return False


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
