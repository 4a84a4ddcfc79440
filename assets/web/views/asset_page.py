"""What the page of one item shows, tab by tab, and what the viewer may do there."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from assets.calibration import queries as calibration
from assets.calibration.rules import STANDING_NAMES
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import msg
from assets.custody.queries import custody_story
from assets.custody.rules import Situation, likely_actions
from assets.custody.service.correction import CORRECTABLE
from assets.disposal import queries as disposal
from assets.documents.queries import photo_ids_of
from assets.kits.queries import checks_of, kit_of_part
from assets.kits.rules.completeness import Contents
from assets.maintenance import queries as maintenance
from assets.people.rules import Permission, Role
from assets.registry.models import Asset, AssetEvent
from assets.registry.queries.timeline import person_numbers, timeline_page
from assets.registry.scope import reaches_asset
from assets.telemetry import queries as telemetry
from assets.telemetry.access import seen_by, trackers_of_asset
from assets.telemetry.alarms.queries import alarms_of_asset
from assets.vehicles.queries.papers import lines_of, papers_of
from assets.vehicles.rules.entries import PaperKind
from assets.web.alarm_words import alarm_cells
from assets.web.check_cells import has_check
from assets.web.confirmation_words import receipts_of
from assets.web.context import actor, now, the_app, words
from assets.web.event_words import timeline_entry
from assets.web.kit_cells import contents_cells, may_on_kit
from assets.web.parsing import Page
from assets.web.presence_words import presence_cells
from assets.web.reservation_words import asset_section
from assets.web.vehicle_cells import paper_cells
from assets.web.views.plans import due_cells
from assets.web.views.scan import ACTIONS, moves

TIMELINE_ENTRIES = 15
ENDING = frozenset({"withdrawn", "lost", "disposed"})
ICONS = {
    "issue": "issue", "return": "return", "sighting": "eye", "fault": "warn", "transfer_send": "arrow",
    "transfer_receive": "check", "check": "check",
}  # fmt: skip
MOVE_ADDRESSES = {
    "transfer_send": "/transfers/new?asset={code}",
    "transfer_receive": "/transfers?show=incoming&asset={code}",
    "check": "/scan?code={code}",
}


def tabs_of(viewer: Actor, asset: Asset, *, is_kit: bool = False) -> list[str]:
    """The tabs of the page that the viewer may open."""
    found = ["overview", *(["kit"] if is_kit else [])]
    if _may(viewer, asset, Permission.WORK_READ) or _may(viewer, asset, Permission.CALIBRATION_READ):
        found.append("care")
    if asset.equipment_class.is_vehicle and _may(viewer, asset, Permission.TRACKER_READ):
        found.append("tracker")
    if _may(viewer, asset, Permission.ASSET_IDENTITY):
        found.append("papers")
    return [*found, "labels"]


def overview(session: Session, viewer: Actor, asset: Asset, wanted: Page) -> dict[str, Any]:
    """Timeline with its photos, meters, a conflict of custody, and issues in spite of unfitness. Five queries."""
    sees = _may(viewer, asset, Permission.CUSTODY_SEE)
    story = custody_story(session, asset.id)
    found = timeline_page(session, asset, limit=min(wanted.limit, TIMELINE_ENTRIES), after=wanted.after)
    named = {event.data["person_id"] for event in found.events if isinstance(event.data.get("person_id"), int)}
    # Only custody names persons, so that its own entries nearly always hold every number.
    numbers = story.numbers if named <= story.numbers.keys() else person_numbers(session, found.events)
    corrected = {event.corrects_id for event in found.events}
    corrects, reads_conflicts = (
        _may(viewer, asset, right) for right in (Permission.CUSTODY_ACT, Permission.CONFLICT_READ)
    )
    photos = photo_ids_of(session, [event.id for event in found.events]) if "papers" in tabs_of(viewer, asset) else {}
    receipts = receipts_of(session, asset, found.events) if sees else {}
    entries = []
    for event in found.events:
        entry = timeline_entry(event, numbers, sees_custody=sees)
        entry["photos"] = photos.get(event.id, [])
        entry["receipt"] = receipts.get(event.id)
        if reads_conflicts and isinstance(event.data.get("case"), str):
            entry["href"] = f"/conflicts/{event.data['case']}"
        if event.id in corrected:
            entry["note"] = words(msg("corrected later"))
        elif corrects and event.kind in CORRECTABLE:
            entry["act"] = _correction(asset, event)
        entries.append(entry)
    return {
        "entries": entries,
        "following": found.after,
        "meters": asset.meters,
        "conflict": story.current.conflict and not reads_conflicts,
        "open_case": story.open_case if reads_conflicts else None,
        "unclear_transfers": sees and bool(asset.transfer_unclear),
        "overrides": story.overrides if sees else [],
        "memo": disposal.asset_memo(session, asset, local_date(now(), the_app().settings.zone)),
        "ending": ending(session, viewer, asset),
        "in_kit": kit_of_part(session, viewer, asset) if asset.in_kit_id is not None else None,
        "reservations": asset_section(session, asset),
    }


def kit_inside(session: Session, viewer: Actor, asset: Asset, contents: Contents | None) -> dict[str, Any]:
    """What is in a kit, line by line, and its checks; what was put in and taken out, its timeline says. One query."""
    return {
        "kit": contents_cells(contents or Contents()),
        "kit_rights": may_on_kit(viewer, asset),
        "kit_checks": checks_of(session, asset),
    }


def vehicle_lines(session: Session, asset: Asset) -> list[dict[str, Any]]:
    """How a vehicle stands with each of its dated papers; empty for what is none. One query."""
    if not asset.equipment_class.is_vehicle:
        return []
    papers = papers_of(session, [asset.id])
    known = {kind.value: papers[asset.id, kind.value] for kind in PaperKind}
    return [paper_cells(line) for line in lines_of(asset, known, local_date(now(), the_app().settings.zone))]


def ending(session: Session, viewer: Actor, asset: Asset) -> list[dict[str, str]]:
    """Where the cases are that an item's end rests on; at most two queries, none for what is in use."""
    if asset.life not in ENDING or not _may(viewer, asset, disposal.CASE_READ):
        return []
    found = []
    loss = disposal.newest_loss_of(session, asset.id) if asset.life != "withdrawn" else None
    if loss is not None:
        found.append({"label": words(msg("Its loss")), "href": f"/losses/{loss.id}"})
    case = disposal.newest_disposal_of(session, asset.id)
    if case is not None:
        found.append({"label": words(msg("Its disposal")), "href": f"/disposals/{case.id}"})
    return found


def _correction(asset: Asset, event: AssetEvent) -> dict[str, str]:
    return {"label": words(msg("Correct")), "href": f"/assets/{asset.code}/events/{event.id}/correct"}


def care(session: Session, viewer: Actor, asset: Asset) -> dict[str, Any]:
    """Papers of a vehicle, plans and calibrations with where they stand, and what the viewer may do. Three queries."""
    shown: dict[str, Any] = {"plans": None, "calibrations": None, "vehicle_lines": vehicle_lines(session, asset)}
    if _may(viewer, asset, Permission.WORK_READ):
        shown["plans"] = [due_cells(view) for view in maintenance.plan_views(session, asset, now())]
    if _may(viewer, asset, Permission.CALIBRATION_READ):
        shown["calibrations"] = [
            {
                "view": view,
                "state": {"valid": "ready", "soon": "due"}.get(view.standing.value, "blocked"),
                "standing": words(STANDING_NAMES[view.standing]),
            }
            for view in calibration.views_for(session, [asset.id], now()).get(asset.id, [])
        ]
    return shown | {
        "may_order": _may(viewer, asset, Permission.WORK_WRITE),
        "may_plan": _may(viewer, asset, Permission.PLAN_WRITE),
        "may_calibrate": _may(viewer, asset, Permission.CALIBRATION_WRITE),
    }


def trackers(session: Session, asset: Asset) -> dict[str, Any]:
    """The tracker that the asset carries and how it is heard, its open alarms, and those before it; no places."""
    mounted = trackers_of_asset(session, asset)
    current = [row for row in mounted if row.ended_at is None]
    with the_app().telemetry.reading() as other:
        states = telemetry.tracker_states(session, other, [row.tracker_id for row in current], now()) if current else []
    by_id = {state.tracker: state for state in states}
    lines = []
    for row in current:
        # That it is silent by order is for them to know who may know of orders.
        state = seen_by(actor(), asset, by_id[row.tracker_id])
        kind, text = presence_cells(state)
        lines.append({"row": row, "state": state, "kind": kind, "presence": text})
    # What never carried a tracker has no alarms.
    found = alarms_of_asset(session, actor(), asset.id) if mounted else []
    alarms = [alarm_cells(alarm) for alarm in found]
    return {"trackers": lines, "former": [row for row in mounted if row.ended_at is not None], "alarms": alarms}


def _end_actions(viewer: Actor, asset: Asset) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """What ends or takes up service again: what comes first because of the item's life, and what comes last."""
    base = f"/assets/{asset.code}"
    proposes = _may(viewer, asset, Permission.DISPOSAL_PROPOSE)
    propose = {"label": words(msg("Propose disposal")), "href": f"{base}/propose-disposal", "icon": "box"}
    put_back = {"label": words(msg("Put back into service")), "href": f"{base}/put-back", "icon": "return"}
    if asset.life == "withdrawn":
        first = [put_back, propose] if proposes else []
    elif asset.life == "lost":
        first = [propose] if proposes else []
    else:
        first = []
    last = []
    if asset.life in {"received", "in_service"} and asset.custodian_person_id is None and proposes:
        last.append({"label": words(msg("Withdraw from service")), "href": f"{base}/withdraw", "icon": "block"})
    if asset.life in {"received", "in_service", "withdrawn"} and _may(viewer, asset, Permission.FIELD_REPORT):
        last.append({"label": words(msg("Report as lost")), "href": f"{base}/report-loss", "icon": "warn"})
    return first, last


def actions(viewer: Actor, asset: Asset, *, fit: bool) -> list[dict[str, str]]:
    """What the viewer may do here, the likeliest first; nothing is done with what was disposed of."""
    if asset.life == "disposed":
        return []
    base = f"/assets/{asset.code}"
    situation = Situation(
        in_service=asset.life == "in_service",
        is_held=asset.custodian_person_id is not None,
        is_fit=fit,
        may_hand_over=_may(viewer, asset, Permission.CUSTODY_ACT),
        may_report=_may(viewer, asset, Permission.FIELD_REPORT),
        repairs=Role.TECHNICIAN.value in viewer.roles,
        has_check=has_check(asset),
        **moves(viewer, asset),
    )
    found = [
        {
            "label": words(ACTIONS[kind]),
            "href": MOVE_ADDRESSES.get(kind, "{base}/{kind}").format(base=base, kind=kind, code=asset.code),
            "icon": ICONS[kind],
        }
        for kind in likely_actions(situation)
    ]
    others: tuple[tuple[Permission, dict[str, str]], ...] = (
        (
            Permission.WORK_WRITE,
            {"label": words(msg("New work order")), "href": f"{base}/work-orders/new", "icon": "wrench"},
        ),
        (Permission.ASSET_WRITE, {"label": words(msg("Change")), "href": f"{base}/edit", "icon": "edit"}),
        (
            Permission.LABEL_PRINT,
            {"label": words(msg("Print the label")), "type": "submit", "form": "print-label", "icon": "label"},
        ),
        (Permission.LABEL_PRINT, {"label": words(msg("New label")), "href": f"{base}/new-label", "icon": "label"}),
    )
    if asset.is_kit and _may(viewer, asset, Permission.FIELD_REPORT):
        check = {"label": words(msg("Check completeness")), "href": f"/kits/{asset.code}/check", "icon": "check"}
        found.insert(1, check)
    first, last = _end_actions(viewer, asset)
    return [*first, *found, *(item for permission, item in others if _may(viewer, asset, permission)), *last]


def _may(viewer: Actor, asset: Asset, permission: Permission) -> bool:
    return reaches_asset(viewer, permission, asset)
