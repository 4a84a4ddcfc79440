"""Health: for a load balancer without a token, with the parts for those who hold one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from assets.core.app import App
from assets.core.leases import last_finished
from assets.telemetry import broker, queries
from assets.web.auth import public
from assets.web.context import maybe_actor, now, reading, the_app

pages = Blueprint("health", __name__)

BEAT_LATE = timedelta(seconds=60)
JOB_LATE = timedelta(minutes=10)


@pages.get("/health")
@public
def health() -> Any:
    """200 ok or degraded, 503 without database."""
    app = the_app()
    try:
        with reading() as session:
            session.execute(text("SELECT 1"))
        parts = {"database": {"ok": True}, "ingest": _ingest(app), "scheduler": _scheduler(app), "broker": _broker(app)}
    except DBAPIError:
        return jsonify({"status": "down"}), 503
    status = "ok" if all(part["ok"] for part in parts.values()) else "degraded"
    answer: dict[str, Any] = {"status": status}
    if maybe_actor() is not None:
        answer["parts"] = parts
    return jsonify(answer)


def _ingest(app: App) -> dict[str, Any]:
    """Alive by its beat; `last_commit_age_s` says when it last stored something."""
    with app.telemetry.reading() as session:
        status = queries.ingest_status(session)
    if status is None:
        return {"ok": False, "last_commit_age_s": None, "backlog": None}
    committed = status.last_commit_at
    age_s = round((now() - committed).total_seconds(), 1) if committed is not None else None
    return {"ok": now() - status.beat_at < BEAT_LATE, "last_commit_age_s": age_s, "backlog": status.backlog}


def _scheduler(app: App) -> dict[str, Any]:
    """Alive when some job finished lately; the most frequent one runs every minute."""
    with app.reading() as session:
        finished = last_finished(session)
    return {
        "ok": finished is not None and now() - finished < JOB_LATE,
        "last_run": finished.isoformat() if finished else None,
    }


def _broker(app: App) -> dict[str, Any]:
    if app.settings.mqtt_url:
        return {"ok": True, "host": None, "port": None}
    listening = broker.listening(app.settings)
    if listening is None:
        return {"ok": False, "host": None, "port": None}
    return {"ok": True, "host": listening.host, "port": listening.port}
