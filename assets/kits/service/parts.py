"""Putting parts into kits and taking them out; each part keeps its own history."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.kits.models import Kit, KitEntry
from assets.kits.rules.ledger import PUT, TAKE, is_late, stay_at
from assets.kits.rules.lists import KIT_CLASS, PutFacts, decide_put, not_in_kit
from assets.kits.service.entering import (
    beside,
    check_new,
    enter,
    follow_part,
    hold,
    kit_row,
    part_entries,
    plain_note,
)
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import require_asset
from assets.registry.service.timeline import Occurrence, record


@dataclass(frozen=True)
class Moved:
    """A part was put into a kit. `from_kit`: it was in that one until then; `is_there`: it is in the kit today.

    A late entry may be overtaken by what happened since.
    """

    event: AssetEvent
    from_kit: Asset | None
    is_there: bool


def put_part(
    session: Session, actor: Actor, kit: Asset, part: Asset, occurrence: Occurrence, *, note: str = ""
) -> Moved:
    """Put a part into a kit; out of another kit it is moved, and the answer and the events say so.

    The actor must hand out the part, the kit and the kit that it was in. `decide_put` says when not and why.
    """
    require_asset(actor, Permission.CUSTODY_ACT, part)
    require_asset(actor, Permission.CUSTODY_ACT, kit)
    check_new(session, occurrence)
    late = is_late(occurrence.occurred_at, occurrence.received_at)
    hold(session, kit, part)
    decide_put(
        PutFacts(
            kit.id == part.id, _is_kit(session, part), is_part(session, kit), part.life, _same_unit(kit, part),
            kit.custodian_person_id == part.custodian_person_id, late,
        )
    )  # fmt: skip
    kit_row(session, kit)
    before = stay_at(part_entries(session, part.id), occurrence.occurred_at, occurrence.n)
    if before is not None and before.kit_id == kit.id and before.missing_since is None and not late:
        raise RuleViolation(msg("It is in this kit already."), code="already_in_kit")
    old = None
    if before is not None and before.kit_id != kit.id:
        old = session.get_one(Asset, before.kit_id)
        require_asset(actor, Permission.CUSTODY_ACT, old)
    data: dict[str, object] = {"kit": kit.code}
    if old is not None:
        data["from_kit"] = old.code
    event = record(session, actor, part, "kit_put", occurrence, data, seen=True)
    record(session, actor, kit, "kit_part_in", beside(occurrence, "in"), {"part": part.code})
    if old is not None:
        record(session, actor, old, "kit_part_out", beside(occurrence, "out"), {"part": part.code, "kit": kit.code})
    enter(session, actor, kit, part, PUT, occurrence, event, note=plain_note(note))
    stay = follow_part(session, part.id)
    return Moved(event, old, stay is not None and stay.kit_id == kit.id)


def take_part(
    session: Session, actor: Actor, kit: Asset, part: Asset, occurrence: Occurrence, *, note: str = ""
) -> AssetEvent:
    """Take a part out of the kit; `RuleViolation` not_in_kit when it is not there, unless it happened a while ago."""
    require_asset(actor, Permission.CUSTODY_ACT, part)
    require_asset(actor, Permission.CUSTODY_ACT, kit)
    check_new(session, occurrence)
    hold(session, kit, part)
    stay = stay_at(part_entries(session, part.id), occurrence.occurred_at, occurrence.n)
    late = is_late(occurrence.occurred_at, occurrence.received_at)
    if session.get(Kit, kit.id) is None or ((stay is None or stay.kit_id != kit.id) and not late):
        raise not_in_kit()
    event = record(session, actor, part, "kit_take", occurrence, {"kit": kit.code}, seen=True)
    record(session, actor, kit, "kit_part_out", beside(occurrence, "out"), {"part": part.code})
    enter(session, actor, kit, part, TAKE, occurrence, event, note=plain_note(note))
    follow_part(session, part.id)
    return event


def _same_unit(kit: Asset, part: Asset) -> bool:
    return (kit.unit_id, kit.holding_unit_id, kit.transit_unit_id) == (
        part.unit_id, part.holding_unit_id, part.transit_unit_id,
    )  # fmt: skip


def _is_kit(session: Session, asset: Asset) -> bool:
    # Ever, not only today: an entry of yesterday that is heard of tomorrow must not make a kit in a kit.
    return asset.equipment_class.code == KIT_CLASS or session.get(Kit, asset.id) is not None


def is_part(session: Session, asset: Asset) -> bool:
    """Whether the asset is or was a part of a kit: nothing goes into it."""
    return bool(session.scalar(select(exists().where(KitEntry.part_id == asset.id, KitEntry.kind == PUT))))
