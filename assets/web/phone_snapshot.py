"""What a person works with, for his phone: each item as a scan shows it, to be answered from without a connection.

No positions, no serial numbers, VINs or plates: of each item there is what the scan page shows. Said once and not with
every item: names of actions, units, operations. The phone puts them together again (static/known).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.calibration.models import CalibrationPlan, CalibrationState
from assets.calibration.rules import BINDING
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.fitness.rules import Facts, judge
from assets.kits.rules.completeness import INCOMPLETE
from assets.labels.token import format_code
from assets.operations.queries.usual import usual_operations_of
from assets.people.models import Account, Person
from assets.people.rules import Permission, may, reach
from assets.registry.models import Asset, Label
from assets.registry.rules.plan_titles import plan_title
from assets.registry.scope import assets_for, persons_for, reaches_asset, units_within
from assets.web.context import actor, now, the_app, words
from assets.web.lot_scan import ISSUE, lots_in_reach
from assets.web.operation_choice import operation_words
from assets.web.phone_words import KINDS
from assets.web.scanned import WITH_ALL, check_points, moves, shown, units_to_send_to

MOST_ITEMS, MOST_LOTS, MOST_PERSONS = 2500, 500, 2000
FOREIGN_BLANK = msg("This blank label was made for %(unit)s. It can be used here; the timeline then says so.")
REPLACED = msg("The label %(code)s was replaced. If it is still on the item, take it off; its code is %(new)s now.")
KIT_INCOMPLETE = msg("A part that it cannot be without is not in it: look for it, or put in another.")
CHECK_FAILED = msg("The check before use was not passed. Repair it, or check it again.")
# What makes an item unfit at once when it is recorded on the phone: one of each is judged for its words.
_EXAMPLES = (
    Facts(condition="A", fault_severities=("major",)), Facts(condition="A", fault_severities=("critical",)),
    Facts(condition="D"),
)  # fmt: skip


def snapshot(session: Session, actions: dict[str, Message]) -> dict[str, Any]:
    """All that the actor's phone keeps, but the time of it; `actions` are the names of what a scan offers.

    The same number of queries however many items there are.
    """
    assets = _assets(session)
    units = units_to_send_to(session) if may(actor(), Permission.CUSTODY_ACT) else []
    items = _items(session, assets)
    lots = lots_in_reach(session, MOST_LOTS)
    return {
        "account": actor().name,
        "complete": len(assets) < MOST_ITEMS and len(lots) < MOST_LOTS,
        "labels": {kind: words(name) for kind, name in actions.items()} | {"stock_issue": words(ISSUE)},
        "kinds": {kind: words(name) for kind, name in KINDS.items()},
        "words": _words(),
        "units": [unit for _, unit in units],
        "operations": _operations(session, assets),
        "aliases": _aliases(session, assets),
        "points": {code: check_points(code) for code in sorted({asset.equipment_class.code for asset in assets})},
        "items": items + [_lot(lot) for lot in lots],
        "persons": _persons(session),
    }


def works_with(who: Actor) -> ColumnElement[bool]:
    """A condition on `Asset`: what `who` hands over or reports on, and what is on its way to him."""
    awaited = and_(
        Asset.annulled_at.is_(None),
        Asset.transit_unit_id.is_not(None),
        units_within(reach(who, Permission.CUSTODY_ACT), func.coalesce(Asset.transit_unit_id, 0)),
    )
    return and_(
        or_(assets_for(who, Permission.CUSTODY_ACT), assets_for(who, Permission.FIELD_REPORT), awaited),
        Asset.life != "disposed",
    )


def _assets(session: Session) -> Sequence[Asset]:
    """Those of the actor's own unit first, where not all of them fit."""
    own_unit = (
        select(Person.unit_id)
        .join(Account, Account.person_id == Person.id)
        .where(Account.id == actor().account_id)
        .scalar_subquery()
    )
    return session.scalars(
        select(Asset)
        .options(*WITH_ALL)
        .where(works_with(actor()))
        .order_by(case((Asset.unit_id == own_unit, 0), else_=1), Asset.id)
        .limit(MOST_ITEMS)
    ).all()


def _items(session: Session, assets: Sequence[Asset]) -> list[dict[str, Any]]:
    ends = _ends(session, [asset.id for asset in assets])
    return [
        told | _moves(asset) | ({"ends": ends[asset.id]} if asset.id in ends else {})
        for asset, told in zip(assets, shown(session, assets), strict=True)
    ]


def _moves(asset: Asset) -> dict[str, Any]:
    """Where it could be sent while nobody holds it, and whose operations a return of it asks about."""
    found: dict[str, Any] = {"own": asset.unit.code}
    if reaches_asset(actor(), Permission.CUSTODY_ACT, asset):
        found["asks"] = asset.unit.code
        if moves(actor(), asset)["may_send"]:
            lent = asset.holding_unit_id is not None
            found["units"] = [{"code": asset.unit.code, "name": asset.unit.name}] if lent else True
    return found


def _ends(session: Session, asset_ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """The last day on which each asset's calibration is valid, with the reason that follows, where there is one."""
    rows = session.execute(
        select(CalibrationPlan.asset_id, CalibrationPlan.name, CalibrationState.valid_until)
        .join(CalibrationState, CalibrationState.plan_id == CalibrationPlan.id)
        .where(
            CalibrationPlan.asset_id.in_(asset_ids), CalibrationPlan.active, CalibrationPlan.kind.in_(tuple(BINDING)),
            CalibrationState.result == "pass", CalibrationState.valid_until.is_not(None),
        )
        .order_by(CalibrationState.valid_until.desc(), CalibrationPlan.id)
    )  # fmt: skip
    return {
        asset_id: (
            until.isoformat(),
            "calibration_overdue",
            words(msg("%(plan)s: out of date.", plan=plan_title(name))),
        )
        for asset_id, name, until in rows
        if until is not None
    }


def _words() -> dict[str, str]:
    told = {reason.code: words(reason.message) for facts in _EXAMPLES for reason in judge(facts).reasons}
    return told | {"check_failed": words(CHECK_FAILED), INCOMPLETE: words(KIT_INCOMPLETE)}


def _operations(session: Session, assets: Iterable[Asset]) -> dict[str, list[dict[str, str]]]:
    """The likely operations of each unit whose items the actor takes back, by the unit's code."""
    if not may(actor(), Permission.OPERATION_READ) or not may(actor(), Permission.CUSTODY_ACT):
        return {}
    codes = {asset.unit_id: asset.unit.code for asset in assets}
    found = usual_operations_of(session, actor(), codes, now())
    return {
        codes[unit_id]: [{"code": each.code, "label": operation_words(each)} for each in operations]
        for unit_id, operations in found.items()
    }


def _aliases(session: Session, assets: Sequence[Asset]) -> dict[str, tuple[str, str]]:
    """Replaced labels that may still be on an item: its code now, and what is to be said."""
    codes = {asset.id: asset.code for asset in assets}
    rows = session.execute(select(Label.code, Label.asset_id).where(Label.asset_id.in_(codes), Label.state == "void"))
    return {
        code: (codes[asset_id], words(msg(REPLACED.text, code=format_code(code), new=format_code(codes[asset_id]))))
        for code, asset_id in rows
        if asset_id is not None and code != codes[asset_id]
    }


def _lot(lot: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in lot.items() if key != "operations"} | {"own": ""}


def _persons(session: Session) -> list[dict[str, Any]]:
    """Persons to whom the actor may issue, by number; those who have left are left out."""
    if not may(actor(), Permission.CUSTODY_ACT):
        return []
    today = local_date(now(), the_app().settings.zone)
    found = session.scalars(
        select(Person)
        .options(joinedload(Person.unit))
        .where(persons_for(actor(), Permission.CUSTODY_ACT), or_(Person.left_on.is_(None), Person.left_on > today))
        .order_by(Person.number)
        .limit(MOST_PERSONS)
    )
    return [person_line(person) for person in found]


def person_line(person: Person) -> dict[str, Any]:
    """A person as one is chosen on the phone."""
    return {
        "id": person.number,
        "name": person.name or person.number,
        "unit": person.unit.name,
        "note": person.number if person.name else None,
    }
