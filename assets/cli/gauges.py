"""Prometheus text on a port of its own (`ASSETS_METRICS_LISTEN`): how the parts fare, and nothing about anyone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from assets.core.app import App
from assets.core.journal import head
from assets.core.leases import last_runs
from assets.core.outbox import OutboxMail
from assets.settings import listen_address
from assets.telemetry import queries
from assets.telemetry.models import Device, Dirty

log = logging.getLogger("assets.metrics")


def gauges(app: App) -> Iterator[tuple[str, str, float]]:
    """(name, what it is, value) of each gauge; one that is not known yet is left out."""
    now = app.clock()
    with app.telemetry.reading() as session:
        status = queries.ingest_status(session)
        if status is not None:
            yield (
                "assets_ingest_beat_age_seconds",
                "since ingest's last sign of life",
                (now - status.beat_at).total_seconds(),
            )
            yield "assets_ingest_backlog_messages", "messages taken and not committed yet", status.backlog
            if status.last_commit_at is not None:
                age_s = (now - status.last_commit_at).total_seconds()
                yield "assets_ingest_commit_age_seconds", "since the last commit of telemetry", age_s
        stored, aside = session.execute(select(func.sum(Device.stored), func.sum(Device.set_aside))).one()
        yield "assets_samples_stored", "samples stored", stored or 0
        yield "assets_samples_set_aside", "samples and messages set aside", aside or 0
        waiting = session.scalar(select(func.count()).select_from(Dirty)) or 0
        yield "assets_stretches_not_derived", "tracker days that wait for a rebuild", waiting
    with app.reading() as session:
        yield "assets_journal_entries", "entries of the journal", head(session).seq
        failed = sum(1 for run in last_runs(session).values() if run.failed)
        yield "assets_jobs_failing", "jobs whose newest run failed", failed
        unsent = session.scalar(select(func.count()).select_from(OutboxMail).where(OutboxMail.sent_at.is_(None))) or 0
        yield "assets_mail_unsent", "mail that waits in the outbox", unsent


def text(app: App) -> str:
    """All gauges in Prometheus' text form."""
    lines = []
    for name, meaning, value in gauges(app):
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value:g}"]
    return "\n".join([*lines, ""])


class _Handler(BaseHTTPRequestHandler):
    app: ClassVar[App]

    def do_GET(self) -> None:
        """The one page there is."""
        if self.path != "/metrics":
            self.send_error(404)
            return
        try:
            body = text(self.app).encode()
        except DBAPIError:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        log.debug(format, *args)


def make_server(app: App, listen: str) -> ThreadingHTTPServer:
    """A server on `listen`, not running yet."""
    handler = type("Handler", (_Handler,), {"app": app})
    return ThreadingHTTPServer(listen_address("ASSETS_METRICS_LISTEN", listen), handler)
