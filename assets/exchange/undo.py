"""Undoing an import run: correcting entries for what it brought in, all of it or nothing, never a deletion."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from assets.calibration.service.opening import take_back_calibrations
from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.custody.service.opening import take_back_holder
from assets.exchange.models import ImportedThing, ImportRun
from assets.labels.token import format_code
from assets.maintenance.service.opening import take_back_services
from assets.operations.models import Operation
from assets.operations.service import annul_operation
from assets.people.models import Account, Person, Unit
from assets.people.rules import Permission
from assets.people.service import mark_left
from assets.registry.models import Asset, AssetEvent, StockLot
from assets.registry.scope import require_unit
from assets.registry.service.annulment import annul_assets, annul_readings, happened_since
from assets.registry.service.stock import annul_lots, moved_since
from assets.telemetry.models import TrackerInstallation

MAX_REASON = 300
_CHUNK = 400
UNDOABLE = frozenset({"asset", "person", "reading", "lot", "operation"})


@dataclass(frozen=True)
class Blocked:
    """A thing that the run cannot be undone for: what it is called, what happened to it since, and when."""

    name: str
    why: Message
    at: datetime | None = None
    code: str = ""


@dataclass(frozen=True)
class UndoPlan:
    """What undoing a run would take back, and what stands against it."""

    things: int
    blocked: tuple[Blocked, ...]


def undo_plan(session: Session, run: ImportRun) -> UndoPlan:
    """What undoing the run would come to. `RuleViolation` when nothing of its kind can be undone."""
    keys = _keys(session, run)
    blocked: list[Blocked] = []
    for kind, ids in keys.items():
        if kind not in UNDOABLE:
            raise RuleViolation(
                msg("Units and trackers are not taken back by an undo: end them one by one."), code="not_undoable"
            )
        blocked += _BLOCKERS[kind](session, ids)
    return UndoPlan(sum(len(ids) for ids in keys.values()), tuple(blocked))


def undo_run(session: Session, actor: Actor, run: ImportRun, reason: str, now: datetime) -> int:
    """Take back everything that the run brought in, and say why; answers how many things.

    `RuleViolation` 'used_since' when anything happened to any of them; `NotAllowed` unless the actor may import for
    the units of all. Importing the same file again brings the same things back.
    """
    reason = reason.strip()
    if len(reason) < 5:
        raise invalid("reason", msg("Say the reason in a few words."), code="reason_required")
    if len(reason) > MAX_REASON:
        raise invalid("reason", msg("The reason is too long: at most %(n)s characters.", n=MAX_REASON))
    session.refresh(run, with_for_update={"of": ImportRun})
    if run.state != "done" or not run.rows_saved:
        raise RuleViolation(msg("Nothing of this import is there to be undone."), code="nothing_to_undo")
    plan = undo_plan(session, run)
    if plan.blocked:
        raise RuleViolation(
            msg("Nothing was undone: %(n)s things were used since they were imported.", n=len(plan.blocked)),
            code="used_since",
            data={"blocked": [blocked.name for blocked in plan.blocked[:50]]},
        )
    keys = _keys(session, run)
    for kind in ("operation", "lot", "reading", "asset", "person"):
        if keys[kind]:
            _UNDO[kind](session, actor, run, keys[kind], reason, now)
    for thing in session.scalars(select(ImportedThing).where(ImportedThing.run_id == run.id)):
        thing.undone = True
    run.state, run.undone_at, run.undone_by_id, run.undo_reason = "undone", now, actor.account_id, reason
    session.flush()
    return plan.things


def _keys(session: Session, run: ImportRun) -> dict[str, list[str]]:
    rows = session.execute(
        select(ImportedThing.subject_kind, ImportedThing.subject_id)
        .where(ImportedThing.run_id == run.id, ImportedThing.undone.is_(False))
        .order_by(ImportedThing.row_number, ImportedThing.id)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for kind, key in rows:
        found[kind].append(key)
    return found


def _assets(session: Session, codes: Sequence[str]) -> list[Asset]:
    found: list[Asset] = []
    for first in range(0, len(codes), _CHUNK):
        found += session.scalars(
            select(Asset)
            .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
            .where(Asset.code.in_(codes[first : first + _CHUNK]), Asset.annulled_at.is_(None))
            .order_by(Asset.id)
        )
    return found


def _blocked_assets(session: Session, codes: Sequence[str]) -> list[Blocked]:
    assets = {asset.id: asset for asset in _assets(session, codes)}
    found = [
        Blocked(format_code(assets[s.asset_id].code), event_title(s.kind), s.at, assets[s.asset_id].code)
        for s in happened_since(session, list(assets))
    ]
    ids = list(assets)
    for first in range(0, len(ids), _CHUNK):
        rows = session.execute(
            select(TrackerInstallation.asset_id, TrackerInstallation.started_at)
            .where(TrackerInstallation.asset_id.in_(ids[first : first + _CHUNK]))
            .order_by(TrackerInstallation.asset_id, TrackerInstallation.started_at)
        )
        found += [
            Blocked(format_code(assets[asset_id].code), msg("a tracker was put on"), at, assets[asset_id].code)
            for asset_id, at in rows
        ]
    return found


def event_title(kind: str) -> Message:
    """What happened, by the kind of its event, in the words that pages use where they have some."""
    return msg("%(kind)s", kind=kind.replace("_", " "))


def _undo_assets(
    session: Session, actor: Actor, run: ImportRun, codes: Sequence[str], reason: str, now: datetime
) -> None:
    assets = _assets(session, codes)
    for asset in assets:
        if asset.custodian_person_id is not None:
            take_back_holder(session, actor, asset, reason, now)
    take_back_calibrations(session, actor, assets, now)
    annul_assets(session, actor, assets, reason, now, {"import": run.id})
    take_back_services(session, actor, assets, now)


def _persons(session: Session, ids: Collection[str]) -> list[Person]:
    numbers = [int(key) for key in ids]
    found: list[Person] = []
    for first in range(0, len(numbers), _CHUNK):
        found += session.scalars(
            select(Person)
            .options(joinedload(Person.unit))
            .where(Person.id.in_(numbers[first : first + _CHUNK]))
            .order_by(Person.id)
        )
    return found


def _blocked_persons(session: Session, ids: Sequence[str]) -> list[Blocked]:
    persons = {person.id: person for person in _persons(session, ids)}
    found: list[Blocked] = []
    wanted = list(persons)
    for first in range(0, len(wanted), _CHUNK):
        chunk = wanted[first : first + _CHUNK]
        held = session.execute(
            select(Asset.custodian_person_id, Asset.code)
            .where(Asset.custodian_person_id.in_(chunk), Asset.annulled_at.is_(None))
            .order_by(Asset.custodian_person_id, Asset.code)
        )
        found += [Blocked(persons[i].number, msg("has %(code)s", code=format_code(code))) for i, code in held if i]
        accounts = session.execute(
            select(Account.person_id, Account.login)
            .where(Account.person_id.in_(chunk), Account.active)
            .order_by(Account.person_id, Account.login)
        )
        found += [Blocked(persons[i].number, msg("has the account %(login)s", login=x)) for i, x in accounts if i]
    return found


def _undo_persons(
    session: Session, actor: Actor, _run: ImportRun, ids: Sequence[str], _reason: str, now: datetime
) -> None:
    today = local_date(now, zone_of(session))
    for person in _persons(session, ids):
        require_unit(actor, Permission.IMPORT_RUN, person.unit)
        mark_left(session, actor, person, today)


def _undo_readings(
    session: Session, actor: Actor, _run: ImportRun, ids: Sequence[str], reason: str, now: datetime
) -> None:
    annul_readings(session, actor, ids, reason, now)


def _blocked_readings(session: Session, ids: Sequence[str]) -> list[Blocked]:
    found: list[Blocked] = []
    for first in range(0, len(ids), _CHUNK):
        rows = session.execute(
            select(Asset.code, AssetEvent.occurred_at)
            .join(AssetEvent, AssetEvent.asset_id == Asset.id)
            .where(AssetEvent.corrects_id.in_(ids[first : first + _CHUNK]))
            .order_by(Asset.code, AssetEvent.occurred_at)
        )
        found += [Blocked(format_code(code), msg("was corrected"), at, code) for code, at in rows]
    return found


def _lots(session: Session, ids: Sequence[str]) -> list[StockLot]:
    numbers = [int(key) for key in ids]
    found: list[StockLot] = []
    for first in range(0, len(numbers), _CHUNK):
        found += session.scalars(
            select(StockLot)
            .options(joinedload(StockLot.unit))
            .where(StockLot.id.in_(numbers[first : first + _CHUNK]))
            .order_by(StockLot.id)
        )
    return found


def _blocked_lots(session: Session, ids: Sequence[str]) -> list[Blocked]:
    lots = {lot.id: lot for lot in _lots(session, ids)}
    return [
        Blocked(f"{lots[lot_id].item} {lots[lot_id].lot_number}", words, at)
        for lot_id, words, at in moved_since(session, list(lots.values()))
    ]


def _undo_lots(session: Session, actor: Actor, _run: ImportRun, ids: Sequence[str], reason: str, now: datetime) -> None:
    annul_lots(session, actor, _lots(session, ids), reason, now)


def _operations(session: Session, codes: Sequence[str]) -> list[Operation]:
    found: list[Operation] = []
    for first in range(0, len(codes), _CHUNK):
        found += session.scalars(
            select(Operation)
            .options(joinedload(Operation.unit))
            .where(Operation.code.in_(codes[first : first + _CHUNK]), Operation.annulled_at.is_(None))
            .order_by(Operation.code)
        )
    return found


def _blocked_operations(session: Session, codes: Sequence[str]) -> list[Blocked]:
    earlier = _undone_before(session, codes)
    return [
        Blocked(operation.code, msg("was changed since"), operation.recorded_at)
        for operation in _operations(session, codes)
        if operation.version > _version_as_imported(operation, earlier[operation.code])
    ]


def _version_as_imported(operation: Operation, undone_before: int) -> int:
    """The version that an import alone brings: recorded, perhaps closed at once; each undo before was two steps."""
    closed_at_once = operation.closed_at is not None and operation.closed_at == operation.recorded_at
    return 1 + closed_at_once + 2 * undone_before


def _undone_before(session: Session, codes: Sequence[str]) -> Counter[str]:
    """How often the import of each of these operations was undone."""
    found: Counter[str] = Counter()
    for first in range(0, len(codes), _CHUNK):
        rows = session.execute(
            select(ImportedThing.subject_id, func.count().label("times"))
            .where(
                ImportedThing.subject_kind == "operation", ImportedThing.undone,
                ImportedThing.subject_id.in_(codes[first : first + _CHUNK]),
            )
            .group_by(ImportedThing.subject_id)
        )  # fmt: skip
        found += Counter({row.subject_id: row.times for row in rows})
    return found


def _undo_operations(
    session: Session, actor: Actor, _run: ImportRun, codes: Sequence[str], reason: str, now: datetime
) -> None:
    for operation in _operations(session, codes):
        require_unit(actor, Permission.IMPORT_RUN, operation.unit)
        annul_operation(session, actor, operation, reason, now)


_BLOCKERS: dict[str, Callable[[Session, Sequence[str]], list[Blocked]]] = {
    "asset": _blocked_assets,
    "person": _blocked_persons,
    "reading": _blocked_readings,
    "lot": _blocked_lots,
    "operation": _blocked_operations,
}
_UNDO: dict[str, Callable[[Session, Actor, ImportRun, Sequence[str], str, datetime], None]] = {
    "asset": _undo_assets,
    "person": _undo_persons,
    "reading": _undo_readings,
    "lot": _undo_lots,
    "operation": _undo_operations,
}
