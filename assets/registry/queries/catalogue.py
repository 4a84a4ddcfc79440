"""Lists of what assets refer to: grants, batches, models, and the choices of forms and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.people.models import Organisation, Person, Region, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentModel, Grant, GrantTarget, HandoverBatch
from assets.registry.scope import assets_for, persons_for, units_for


@dataclass(frozen=True)
class Choices:
    """What forms and filters offer: (value, words), in the order of the words."""

    units: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    grants: list[tuple[str, str]]
    batches: list[tuple[str, str]]
    agencies: list[tuple[str, str]]


def asset_choices(session: Session, actor: Actor, permission: Permission, *, language: str = "en") -> Choices:
    """The units for which `actor` holds `permission` with their regions, and all batches, grants and agencies.

    Regions are named in `language`. One query.
    """
    region_name = {"ru": Region.name_ru, "uz": Region.name_uz}.get(language, Region.name_en)
    parts: list[Select[Any, Any, Any, Any, Any]] = [
        select(_kind("unit"), Unit.code, Unit.name, Region.code, region_name)
        .join(Region, Unit.region_id == Region.id)
        .where(units_for(actor, permission)),
        select(_kind("batch"), HandoverBatch.number, Grant.code, Grant.code, Grant.title).join(
            Grant, HandoverBatch.grant_id == Grant.id
        ),
        select(_kind("agency"), Organisation.code, Organisation.name, Organisation.code, Organisation.name).where(
            Organisation.kind == "agency", Organisation.active
        ),
    ]
    found: dict[str, dict[str, str]] = {name: {} for name in ("unit", "region", "batch", "grant", "agency")}
    for name, code, words, other_code, other_words in session.execute(union_all(*parts)):
        if name == "batch":
            found["batch"][code] = f"{code} · {words}"
            found["grant"][other_code] = f"{other_code} · {other_words}"
        else:
            found[name][code] = words
        if name == "unit":
            found["region"][other_code] = other_words
    ordered = {name: sorted(items.items(), key=lambda item: item[1]) for name, items in found.items()}
    return Choices(ordered["unit"], ordered["region"], ordered["grant"], ordered["batch"], ordered["agency"])


def _kind(name: str) -> ColumnElement[str]:
    return literal_column(f"'{name}'")


def model_names(session: Session) -> list[str]:
    """The full names of all models, for a form to suggest."""
    return sorted(model.full_name for model in session.scalars(select(EquipmentModel)))


def models_page(session: Session, *, limit: int = 50, after: tuple[object, ...] | None = None) -> list[EquipmentModel]:
    """Models with their class, by id; give `limit` one more than shown to know whether there are more."""
    statement = select(EquipmentModel).options(joinedload(EquipmentModel.equipment_class))
    statement = statement.where(EquipmentModel.id > _id_after(after))
    return list(session.scalars(statement.order_by(EquipmentModel.id).limit(limit)))


def grants_page(session: Session, *, limit: int = 50, after: tuple[object, ...] | None = None) -> list[Grant]:
    """Grants with donor and implementing agency, by id."""
    statement = select(Grant).options(joinedload(Grant.donor), joinedload(Grant.implementing_agency))
    return list(session.scalars(statement.where(Grant.id > _id_after(after)).order_by(Grant.id).limit(limit)))


def batches_page(
    session: Session, *, grant: str = "", limit: int = 50, after: tuple[object, ...] | None = None
) -> list[HandoverBatch]:
    """Batches with their grant, donor and recipients, by id."""
    statement = select(HandoverBatch).options(
        joinedload(HandoverBatch.grant).joinedload(Grant.donor), selectinload(HandoverBatch.recipients)
    )
    if grant:
        statement = statement.where(
            HandoverBatch.grant_id == select(Grant.id).where(Grant.code == grant).scalar_subquery()
        )
    statement = statement.where(HandoverBatch.id > _id_after(after)).order_by(HandoverBatch.id).limit(limit)
    return list(session.scalars(statement))


def grant_by_code(session: Session, code: str, field: str = "grant") -> Grant:
    """The grant with this code; `InvalidInput` naming `field` otherwise."""
    found = session.scalar(select(Grant).options(joinedload(Grant.donor)).where(Grant.code == code.strip()))
    if found is None:
        raise invalid(field, msg("No grant has the code %(code)s.", code=code), code="unknown_grant")
    return found


def targets_in_force(session: Session, grant_ids: Sequence[int], at: datetime) -> list[GrantTarget]:
    """The planned values of these grants that held at this moment, with grant and class, by grant, figure and class.

    A plan holds from `set_at` (inclusive) to `ended_at` (exclusive), so that there is at most one for each figure of a
    grant and a class (or, with no class, of all its equipment).
    """
    statement = (
        select(GrantTarget)
        .options(joinedload(GrantTarget.grant), joinedload(GrantTarget.equipment_class))
        .where(
            GrantTarget.grant_id.in_(grant_ids),
            GrantTarget.set_at <= at,
            or_(GrantTarget.ended_at.is_(None), GrantTarget.ended_at > at),
        )
        .order_by(GrantTarget.grant_id, GrantTarget.kpi, GrantTarget.class_id, GrantTarget.id)
    )
    return list(session.scalars(statement))


def targets_of(session: Session, grant: Grant) -> list[GrantTarget]:
    """Every planned value that a grant ever had, the newest first: its history."""
    statement = (
        select(GrantTarget)
        .options(joinedload(GrantTarget.equipment_class))
        .where(GrantTarget.grant_id == grant.id)
        .order_by(GrantTarget.set_at.desc(), GrantTarget.id.desc())
    )
    return list(session.scalars(statement))


def grant_by_id(session: Session, grant_id: int) -> Grant:
    """The grant with donor and implementing agency; `NotFound` otherwise."""
    statement = select(Grant).options(joinedload(Grant.donor), joinedload(Grant.implementing_agency))
    found = session.scalar(statement.where(Grant.id == grant_id))
    if found is None:
        raise NotFound(msg("There is no such grant."))
    return found


def assets_in_batches(session: Session, actor: Actor, batch_ids: list[int]) -> dict[int, int]:
    """How many assets of each batch `actor` may read."""
    rows = session.execute(
        select(Asset.batch_id, func.count())
        .where(Asset.batch_id.in_(batch_ids), assets_for(actor, Permission.ASSET_READ))
        .group_by(Asset.batch_id)
    )
    return {batch_id: count for batch_id, count in rows if batch_id is not None}


def units_page(session: Session, *, limit: int = 50, after: tuple[object, ...] | None = None) -> list[Unit]:
    """All units with their region, by id: names of places, not of what is there."""
    statement = select(Unit).options(joinedload(Unit.region)).where(Unit.id > _id_after(after))
    return list(session.scalars(statement.order_by(Unit.id).limit(limit)))


def organisations_page(
    session: Session, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[Organisation]:
    """All organisations, by id."""
    statement = select(Organisation).where(Organisation.id > _id_after(after))
    return list(session.scalars(statement.order_by(Organisation.id).limit(limit)))


def persons_page(
    session: Session, actor: Actor, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[Person]:
    """The persons of the units that `actor` may see persons of, by id."""
    statement = select(Person).options(joinedload(Person.unit), joinedload(Person.organisation))
    statement = statement.where(persons_for(actor, Permission.PERSON_READ), Person.id > _id_after(after))
    return list(session.scalars(statement.order_by(Person.id).limit(limit)))


def _id_after(after: tuple[object, ...] | None) -> int:
    if after is None:
        return 0
    if len(after) == 1 and isinstance(after[0], int) and not isinstance(after[0], bool) and abs(after[0]) < 2**31:
        return after[0]
    raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))


def organisations_of_kind(session: Session, kind: str) -> list[tuple[str, str]]:
    """(code, name) of the active organisations of a kind, for a form."""
    rows = session.execute(
        select(Organisation.code, Organisation.name)
        .where(Organisation.kind == kind, Organisation.active)
        .order_by(Organisation.name)
    )
    return [(row.code, row.name) for row in rows]
