"""The installer's page of a tracker: a checklist that ticks itself off while he stands at the vehicle."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.people.rules import Permission
from assets.telemetry import access, broker
from assets.telemetry.days import to_moment
from assets.telemetry.installing import ATTEMPT_WORDS, Heard, Standing, attempts_of, cuts_itself_off, steps
from assets.telemetry.models import Device
from assets.web.auth import needs
from assets.web.care import asset_title
from assets.web.context import actor, now, reading, the_app, words

pages = Blueprint("tracker_install", __name__)

STANDING_KINDS = {Standing.DONE: "ready", Standing.WAITING: "due", Standing.WRONG: "blocked"}


@pages.get("/trackers/<tracker_id>/install")
@needs(Permission.TRACKER_MANAGE)
def show_install(tracker_id: str) -> str:
    return render_template("trackers/install.html", **_seen(tracker_id))


@pages.get("/trackers/<tracker_id>/install/now")
@needs(Permission.TRACKER_MANAGE)
def show_install_now(tracker_id: str) -> str:
    """The part of the page that changes, for the page that asks again and again."""
    return render_template("trackers/install_now.html", **_seen(tracker_id))


def _seen(tracker_id: str) -> dict[str, Any]:
    moment, app = now(), the_app()
    with reading() as session, app.telemetry.reading() as telemetry:
        mounted = access.tracker_for(session, actor(), tracker_id, Permission.TRACKER_MANAGE)
        tracker, heard = mounted.tracker, _heard(telemetry, tracker_id)
    events = broker.broker_words(app.settings)
    attempts = attempts_of(events, tracker_id, moment)
    # What it sent from the vehicle before, or through the secret before, shows nothing about this installation.
    since = max(filter(None, (tracker.secret_at, min(mounted.since, moment) if mounted.since else None)))
    found = steps(
        heard, attempts, since, revoked=tracker.revoked_at is not None, broker_is_ours=not app.settings.mqtt_url
    )
    return {
        "tracker": tracker, "asset": mounted.asset, "title_of": asset_title, "steps": found, "attempts": attempts,
        "since": since, "done": sum(step.standing is Standing.DONE for step in found), "kinds": STANDING_KINDS,
        "attempt_of": lambda kind: (ATTEMPT_WORDS[kind][0], words(ATTEMPT_WORDS[kind][1])), "words": words,
        "is_flapping": cuts_itself_off(events, tracker_id, moment), "contact": broker.contact(app),
    }  # fmt: skip


def _heard(telemetry: Session, tracker_id: str) -> Heard:
    device = telemetry.scalar(select(Device).where(Device.tracker_id == tracker_id))
    if device is None:
        return Heard()

    def at(ms: int | None) -> Any:
        return None if ms is None else to_moment(ms)

    return Heard(
        at(device.hello_ms), at(device.heard_ms) if device.stored else None, at(device.position_ms), device.vehicle_v,
        device.signal_dbm, device.firmware or "",
    )  # fmt: skip
