"""How conflict cases are said: in lists, side by side on their page, and what the viewer may do about one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from assets.core.i18n import Message, msg
from assets.custody.models import ConflictCase
from assets.custody.queries.confirmations import proofs_of
from assets.custody.queries.conflicts import Side, is_party
from assets.custody.queries.sight import sees_then
from assets.custody.rules.conflicts import DENIED, KIND_NAMES, LEFT, MOOT, ONE, OPEN, RETURN_MISSING, SETTLED
from assets.documents.queries import photo_ids_of
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import AssetEvent
from assets.registry.rules.asset_fields import CONDITION_NAMES
from assets.registry.scope import reaches_asset
from assets.web import care
from assets.web.confirmation_words import person_name, proof_words
from assets.web.context import actor, words
from assets.web.event_words import TITLES
from assets.web.filters import show_datetime

STATE_NAMES: Mapping[str, tuple[str, Message]] = {
    OPEN: ("blocked", msg("open")),
    SETTLED: ("ready", msg("settled")),
    MOOT: ("unknown", msg("no conflict any more")),
}
OUTCOME_NAMES: Mapping[str, Message] = {
    ONE: msg("one of the entries was right"),
    RETURN_MISSING: msg("both were right: a return was missing"),
    LEFT: msg("left as it is"),
}
_SECONDS_IN_MINUTE = 60


def case_cells(case: ConflictCase) -> dict[str, Any]:
    """A case as lists show it."""
    kind, state = STATE_NAMES[case.state]
    return {
        "id": case.id,
        "code": case.asset.code,
        "printed": format_code(case.asset.code),
        "title": care.asset_title(case.asset),
        "unit": case.asset.unit.name,
        "about": words(KIND_NAMES[case.kind]),
        "kind": kind,
        "state": words(state),
        "opened_at": case.opened_at,
        "outcome": words(OUTCOME_NAMES[case.outcome]) if case.outcome else "",
        "settled_at": case.settled_at,
        "settled_by": case.settled_by.login if case.settled_by is not None else "",
        "note": case.note,
    }


def side_cells(session: Session, found: list[Side], *, sees_papers: bool) -> list[dict[str, Any]]:
    """The entries side by side: who said what, by which clock, heard when, with what to show for it. Two queries."""
    ids = [side.event.id for side in found]
    proofs = proofs_of(session, ids)
    seen = sees_then(session, actor(), [each for each in ids if each in proofs])
    photos = photo_ids_of(session, ids) if sees_papers else {}
    shown = []
    for side in found:
        event, proof = side.event, proofs.get(side.event.id)
        title, icon = TITLES[event.kind]
        shown.append(
            {
                "id": event.id, "title": words(title), "icon": icon, "says": says(side), "by": event.actor_name,
                "at": event.occurred_at, "heard_at": event.received_at, "clock": clock_words(event),
                "condition": words(CONDITION_NAMES[event.grade]) if event.grade else "",
                "note": str(event.data.get("note") or event.data.get("override_reason") or ""),
                "photos": photos.get(event.id, []), "signed": proof_words(proof) if proof is not None else "",
                "signature": f"/signatures/{event.id}"
                if proof is not None and proof.has_picture and event.id in seen else "",
                "transfer": f"/transfers/{side.transfer.sheet_id}" if side.transfer is not None else "",
                "may_be_right": side.is_custody or side.transfer is not None or event.kind == "custody_denied",
            }
        )  # fmt: skip
    return shown


def says(side: Side) -> str:
    """What an entry says in one line."""
    if side.entry is not None:
        person, unit = side.entry.person, side.entry.unit
        whose = person_name(person) if person is not None else "–"
        number = f" ({person.number})" if person is not None and person.name else ""
        return f"{whose}{number}{' · ' + unit.name if unit is not None else ''}"
    if side.transfer is not None:
        sender = side.transfer.from_unit.name if side.transfer.from_unit is not None else words(msg("not known"))
        return f"{sender} → {side.transfer.to_unit.name}"
    return ""


def clock_words(event: AssetEvent) -> str:
    """What is known of the clock of the device by which it was told; '' where it was right, or nothing was noted."""
    data, found = event.data, []
    if isinstance(data.get("device_time"), str):
        found.append(
            words(msg("its clock showed %(at)s", at=show_datetime(datetime.fromisoformat(data["device_time"]))))
        )
    if isinstance(data.get("clock_offset_s"), int | float):
        found.append(words(_offset(float(data["clock_offset_s"]))))
    if data.get("clock_clamped"):
        found.append(words(msg("its time made no sense, so that the time of receipt stands for it")))
    return "; ".join(found)


def _offset(seconds: float) -> Message:
    minutes = round(abs(seconds) / _SECONDS_IN_MINUTE)
    if minutes == 0:
        return msg("%(n)s seconds off", n=round(abs(seconds)))
    return msg("%(n)s minutes slow", n=minutes) if seconds > 0 else msg("%(n)s minutes fast", n=minutes)


def choices_of(case: ConflictCase, shown: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """How the case can be settled, as (value, words): `one:` with the entry that is right, or another outcome."""
    sending = {side["id"] for side in shown if side["transfer"]}
    found = []
    for side in shown:
        others = {other["id"] for other in shown} - {side["id"]}
        # A sending is never struck out here, so that nothing else can be the only one that is right.
        if side["may_be_right"] and not others & sending:
            text = msg("Only this is right: %(title)s, %(at)s. %(says)s",
                       title=side["title"], at=show_datetime(side["at"]), says=side["says"])  # fmt: skip
            found.append((f"{ONE}:{side['id']}", words(text)))
    if case.kind != DENIED and shown and not shown[0]["transfer"]:
        found.append((RETURN_MISSING, words(msg("Both are right: it came back in between, and nobody recorded it"))))
    found.append((LEFT, words(msg("Leave both as they are"))))
    return found


def may_settle(session: Session, case: ConflictCase) -> tuple[bool, bool]:
    """(whether the viewer may settle the case, whether he may not only because he is a party of it)."""
    if case.state == MOOT or not reaches_asset(actor(), Permission.CONFLICT_SETTLE, case.asset):
        return False, False
    if reaches_asset(actor(), Permission.CONFLICT_SETTLE_ANY, case.asset):
        return True, False
    party = is_party(session, actor(), case)
    return not party, party


def story_cells(case: ConflictCase) -> list[dict[str, Any]]:
    """What was said of the case itself, the newest first, for the timeline part."""
    found = []
    for row in sorted(case.events, key=lambda row: row.event.received_at, reverse=True):
        if row.role == "story":
            event, data = row.event, row.event.data
            title, icon = TITLES[event.kind]
            text = [words(OUTCOME_NAMES[data["outcome"]])] if data.get("outcome") in OUTCOME_NAMES else []
            text += [data["note"]] if isinstance(data.get("note"), str) else []
            found.append(
                {"at": show_datetime(event.received_at), "title": words(title), "icon": icon,
                 "text": " · ".join(text), "actor": event.actor_name}
            )  # fmt: skip
    return found
