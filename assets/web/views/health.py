"""Health: for a load balancer without a token, with the parts for those who hold one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from assets.web.auth import public
from assets.web.context import maybe_actor, now, reading, the_app

pages = Blueprint("health", __name__)


@pages.get("/health")
@public
def health() -> Any:
    """200 ok or degraded, 503 without database."""
    try:
        with reading() as session:
            session.execute(text("SELECT 1"))
    except DBAPIError:
        return jsonify({"status": "down"}), 503
    parts = _parts()
    status = "ok" if all(part.get("ok", True) for part in parts.values()) else "degraded"
    answer: dict[str, Any] = {"status": status}
    if maybe_actor() is not None:
        answer["parts"] = parts
    return jsonify(answer)


def _parts() -> dict[str, dict[str, Any]]:
    app = the_app()
    moment = now()
    _ = (app, moment)
    return {"database": {"ok": True}}
