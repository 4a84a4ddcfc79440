"""The inventory of trackers for programs: what is written down of each, its SIM card, its firmware, its state."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from assets.people.rules import Permission
from assets.telemetry import access, provisioning, queries, stock
from assets.telemetry.inventory import INVENTORY_FIELDS
from assets.telemetry.models import Tracker
from assets.telemetry.stock import Wanted
from assets.web.auth import needs
from assets.web.context import actor, reading, the_app, writing
from assets.web.parsing import encode_cursor, page
from assets.web.tracker_figures import tracker_time
from assets.web.views.api_trackers import TrackerPath
from assets.web.views.tracker_inventory import stock_wanted

api = APIBlueprint("api_tracker_inventory", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class InventoryQuery(BaseModel):
    """Paging, filters and order."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""
    query: str = ""
    firmware: str = ""
    vendor: str = ""
    sim_operator: str = ""
    state: str = ""
    sort: str = ""


class InventoryBody(BaseModel):
    """The boxes of `assets.telemetry.inventory`; those left out stay as they are, an empty one empties."""

    model_config = ConfigDict(extra="forbid")
    vendor: str | None = Field(None, max_length=200)
    model: str | None = Field(None, max_length=200)
    serial: str | None = Field(None, max_length=200)
    imei: str | None = Field(None, max_length=200)
    iccid: str | None = Field(None, max_length=200)
    msisdn: str | None = Field(None, max_length=200)
    sim_operator: str | None = Field(None, max_length=200)
    note: str | None = Field(None, max_length=1000)


def _boxes(tracker: Tracker) -> dict[str, str]:
    return {name: getattr(tracker, name) for name in INVENTORY_FIELDS}


@api.get("/tracker-inventory", summary="Trackers with their devices, SIM cards, firmware and state")
@needs(Permission.TRACKER_MANAGE)
def list_inventory(query: InventoryQuery) -> Any:
    """Trackers in reach, filtered and in the order asked for."""
    asked = query.model_dump()
    wanted, order = stock_wanted(asked)
    cursor = page(asked)
    start = cursor.after[0] if cursor.after and isinstance(cursor.after[0], int) and cursor.after[0] > 0 else 0
    with reading() as session, the_app().telemetry.reading() as telemetry:
        everything = stock.stock(session, telemetry, actor(), Wanted(), order, Permission.TRACKER_MANAGE)
    rows = [row for row in everything if stock.is_wanted(row, wanted)]
    items = [
        {
            "id": row.tracker.id, "asset": row.asset_code, "state": row.state, "firmware": row.firmware or None,
            "heard_at": tracker_time(row.heard_at), **_boxes(row.tracker),
        }
        for row in rows[start : start + cursor.limit]
    ]  # fmt: skip
    more = len(rows) > start + cursor.limit
    return jsonify({"items": items, "next": encode_cursor((start + cursor.limit,)) if more else None})


@api.get("/trackers/<tracker>/inventory", summary="What is written down of a tracker")
@needs(Permission.TRACKER_MANAGE)
def show_inventory(path: TrackerPath) -> Any:
    """Its boxes, and since when it is not believed, if so."""
    with reading() as session:
        mounted = access.tracker_for(session, actor(), path.tracker, Permission.TRACKER_MANAGE)
        until = queries.trusted_until(session, path.tracker)
        answer = {"id": path.tracker, **_boxes(mounted.tracker), "untrusted_since": tracker_time(until)}
    return jsonify(answer)


@api.patch("/trackers/<tracker>/inventory", summary="Write down what is known of a tracker")
@needs(Permission.TRACKER_MANAGE)
def change_inventory(path: TrackerPath, body: InventoryBody) -> Any:
    """The boxes that were given are kept; 409 when the IMEI or the SIM card belongs to another tracker."""
    given = {name: text for name, text in body.model_dump().items() if text is not None}
    with writing() as session:
        access.tracker_for(session, actor(), path.tracker, Permission.TRACKER_MANAGE)
        answer = {"id": path.tracker, **_boxes(provisioning.describe_tracker(session, path.tracker, given))}
    return jsonify(answer)
