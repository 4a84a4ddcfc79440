"""Telemetry over HTTP, for trackers and guests that cannot speak MQTT: the same bodies, the same receipts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy.exc import DBAPIError

from assets.telemetry import guests
from assets.telemetry.ingest.http import HttpIngest
from assets.telemetry.provisioning import is_secret_of
from assets.web.auth import csrf_exempt, public
from assets.web.context import now, reading, the_app
from assets.web.errors import problem

pages = Blueprint("telemetry", __name__)

MAX_BYTES = 65_536


def _door() -> HttpIngest:
    """This process's own, made at its first message."""
    door: HttpIngest | None = current_app.extensions.get("http_ingest")
    if door is None or door.app is not the_app():
        door = current_app.extensions["http_ingest"] = HttpIngest(the_app())
    return door


@pages.post("/api/v1/telemetry/<tracker>")
@public
@csrf_exempt
def receive(tracker: str) -> Any:
    """Take a hello or a report under the tracker's own secret; 503 when nothing was committed."""
    sent = request.authorization
    user, secret = (sent.username, sent.password) if sent is not None and sent.type == "basic" else (None, None)
    with reading() as session:
        known = is_secret_of(session, tracker, secret or "")
    if not known or user != tracker:
        return _unknown()
    if (request.content_length or 0) > MAX_BYTES:
        return _too_large()
    try:
        receipt = _door().receive(tracker, request.get_data(cache=False), now())
    except DBAPIError:
        return problem(503, "not_stored", "Nothing was stored; send it again.")
    return jsonify(receipt)


@pages.post("/owntracks/<tracker>")
@public
@csrf_exempt
def receive_owntracks(tracker: str) -> Any:
    """Take what the OwnTracks app sends in HTTP mode under its login; there is never anything to tell it."""
    account = _guest_login()
    if account is None:
        return _unknown()
    answer = _take_guest(f"owntracks/{account}/{tracker}")
    return answer if isinstance(answer, Response) else jsonify([])


@pages.post("/api/v1/guests/traccar")
@public
@csrf_exempt
def receive_traccar() -> Any:
    """Take a position that a Traccar server forwards (forward.type json) under its login."""
    account = _guest_login()
    with reading() as session:
        topic = guests.topic_of(session, account) if account is not None else None
    if topic is None:
        return _unknown()
    answer = _take_guest(topic)
    return answer if isinstance(answer, Response) else jsonify(answer)


def _guest_login() -> str | None:
    """The login that asks, by its own secret."""
    sent = request.authorization
    if sent is None or sent.type != "basic" or not sent.username:
        return None
    with reading() as session:
        return sent.username if guests.is_secret_of(session, sent.username, sent.password or "") else None


def _take_guest(topic: str) -> dict[str, int] | Response:
    """Stores a guest's message as if it came on this topic; how much was stored, known or set aside, or the refusal."""
    if (request.content_length or 0) > MAX_BYTES:
        return _too_large()
    try:
        return _door().receive_guest(topic, request.get_data(cache=False), now())
    except DBAPIError:
        return problem(503, "not_stored", "Nothing was stored; send it again.")


def _unknown() -> Response:
    answer = problem(401, "tracker_unknown", "The tracker's name and secret do not fit.")
    answer.headers["WWW-Authenticate"] = 'Basic realm="telemetry"'
    return answer


def _too_large() -> Response:
    return problem(413, "too_large", "A body has at most 65,536 bytes.")
