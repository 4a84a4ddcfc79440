"""The scan page, and what it asks for: the asset behind a code, and the persons to give it to."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

from flask import Blueprint, Response, json, jsonify, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import NotFound
from assets.core.i18n import Message, msg
from assets.custody import queries
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.queries.labels import blank_label, other_unit_of, replaced_label
from assets.registry.scope import asset_by_code, reaches_asset
from assets.web.auth import needs
from assets.web.context import actor, locale, now, reading, the_app, words
from assets.web.guessing import check_guessing, note_unknown_code
from assets.web.label_codes import read_code
from assets.web.lot_scan import scanned_lot
from assets.web.operation_choice import likely_operations
from assets.web.phone_snapshot import FOREIGN_BLANK, REPLACED, person_line, snapshot
from assets.web.reservation_words import reserved_notices
from assets.web.scanned import check_points, moves, shown, units_to_send_to

__all__ = ["ACTIONS", "moves", "pages"]
pages = Blueprint("scan", __name__)

ACTIONS: dict[str, Message] = {
    "issue": msg("Issue to a person"),
    "return": msg("Take back"),
    "sighting": msg("Seen"),
    "fault": msg("Report a fault"),
    "transfer_receive": msg("Receive it from the other unit"),
    "transfer_send": msg("Send to another unit"),
    "check": msg("Check before use"),
    "kit_check": msg("Check completeness"),
    "kit_put": msg("Put a part in"),
    "kit_take": msg("Take it out of its kit"),
}


@pages.get("/scan")
@needs(Permission.ASSET_READ)
def scan() -> str:
    return render_template("scan.html")


@pages.get("/scan/asset/<path:code>")
@needs(Permission.ASSET_READ)
def scanned_asset(code: str) -> Any:
    """What the scan page shows of an asset; unknown and forbidden codes answer the same."""
    check_guessing()
    canonical = read_code(code, the_app().settings.own_label_bases)
    with reading() as session:
        try:
            asset = asset_by_code(session, actor(), canonical)
        except NotFound:
            if (label := blank_label(session, actor(), canonical)) is not None:
                return jsonify(_blank(canonical, other_unit_of(session, actor(), label)))
            if (lot := scanned_lot(session, canonical)) is not None:
                return jsonify(lot)
            note_unknown_code()
            raise
        notices = [_notice(session, asset, canonical), *reserved_notices(session, asset)]
        return jsonify({**_shown(session, asset), "notice": " ".join(filter(None, notices)) or None})


@pages.get("/scan/persons")
@needs(Permission.CUSTODY_ACT)
def persons() -> Any:
    """At most 20 persons to whom the asker may issue, by a part of the number or name."""
    with reading() as session:
        today = local_date(now(), the_app().settings.zone)
        found = queries.persons_like(session, actor(), request.args.get("q", ""), today)
        items = [person_line(person) for person in found]
    return jsonify({"items": items})


@pages.get("/scan/assets")
@needs(Permission.FIELD_REPORT, Permission.CUSTODY_ACT)
def known_assets() -> Response:
    """All that this person works with, for his phone to answer scans from without a connection (static/known)."""
    with reading() as session:
        told = json.dumps(snapshot(session, ACTIONS), ensure_ascii=False, separators=(",", ":"))
    moment = now().isoformat()
    etag = hashlib.sha256(f"{locale()}\n{told}".encode()).hexdigest()
    response = Response(status=304, headers={"X-As-Of": moment})
    if etag not in request.if_none_match:
        body = f'{{"as_of":{json.dumps(moment)},"locale":{json.dumps(locale())},{told[1:]}'.encode()
        response = Response(body, mimetype="application/json", headers={"X-As-Of": moment})
        if request.accept_encodings["gzip"]:
            response.set_data(gzip.compress(body, 5, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
    response.set_etag(etag)
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    return response


def _notice(session: Session, asset: Asset, code: str) -> str | None:
    """What is to be said of the label that was scanned; None for the one that the item has now."""
    replaced = replaced_label(session, asset, code)
    if replaced is None:
        return None
    return words(msg(REPLACED.text, code=format_code(code), new=format_code(asset.code)))


def _blank(code: str, other: Unit | None) -> dict[str, Any]:
    """A blank label, to be put on an item: the one thing that can be done with it; perhaps made for another unit."""
    return {
        "code": code,
        "title": words(msg("Blank label")),
        "class": words(msg("not on any item yet")),
        "blank": True,
        "notice": words(msg(FOREIGN_BLANK.text, unit=other.name)) if other is not None else None,
        "state": {"kind": "unknown", "text": ""},
        "fit": {"ok": None, "reasons": []},
        "custodian": None,
        "unit": None,
        "meters": [],
        "usual_use": None,
        "operations": None,
        "actions": [{"kind": "claim_label", "label": words(msg("Put it on an item")), "primary": True}],
    }


def _shown(session: Session, asset: Asset) -> dict[str, Any]:
    told = shown(session, [asset])[0]
    actions = [
        {"kind": kind, "label": words(ACTIONS[kind]), "primary": place == 0}
        for place, kind in enumerate(told["actions"])
    ]  # fmt: skip
    return {
        **told,
        "points": check_points(told["class_code"]),
        "operations": _operations(session, asset),
        "actions": actions,
        "units": _units(session, asset, actions),
    }


def _operations(session: Session, asset: Asset) -> list[dict[str, str]] | None:
    """The operations offered at a return, likeliest first; None where this person takes nothing back."""
    if asset.custodian_person_id is None or not reaches_asset(actor(), Permission.CUSTODY_ACT, asset):
        return None
    return [{"code": code, "label": label} for code, label in likely_operations(session, asset)]


def _units(session: Session, asset: Asset, actions: list[dict[str, Any]]) -> list[dict[str, str]] | None:
    """The units that it can be sent to, its owner alone where it is on loan; None where nothing is sent."""
    if not any(action["kind"] == "transfer_send" for action in actions):
        return None
    if asset.holding_unit_id is not None:
        return [{"code": asset.unit.code, "name": asset.unit.name}]
    return [unit for unit_id, unit in units_to_send_to(session) if unit_id != asset.unit_id]
