"""Telemetry over HTTP, for trackers that cannot speak MQTT: the same bodies, the same receipts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from sqlalchemy.exc import DBAPIError

from assets.telemetry.ingest import receive_http
from assets.telemetry.provisioning import is_secret_of
from assets.web.auth import csrf_exempt, public
from assets.web.context import now, reading, the_app
from assets.web.errors import problem

pages = Blueprint("telemetry", __name__)

MAX_BYTES = 65_536


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
        answer = problem(401, "tracker_unknown", "The tracker's name and secret do not fit.")
        answer.headers["WWW-Authenticate"] = 'Basic realm="telemetry"'
        return answer
    if (request.content_length or 0) > MAX_BYTES:
        return problem(413, "too_large", "A body has at most 65,536 bytes.")
    try:
        receipt = receive_http(the_app(), tracker, request.get_data(cache=False), now())
    except DBAPIError:
        return problem(503, "not_stored", "Nothing was stored; send it again.")
    return jsonify(receipt)
