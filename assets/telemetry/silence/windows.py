"""Silent windows: opened for vehicles, extended, ended early; and the list of them, within scope."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import Conflict, NotFound, invalid
from assets.core.i18n import msg
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, Label
from assets.registry.scope import assets_for
from assets.telemetry.models import SilentWindowRow
from assets.telemetry.silence.asking import UNTIL
from assets.telemetry.silence.rules import State, check_extension, check_going_on, check_window

PERMISSION = Permission.SILENCE_MANAGE
LIVES = ("received", "in_service")
MOST_VEHICLES = 500


@dataclass(frozen=True)
class Wish:
    """From when until when (half-open) and why; `operation` names the one it is for by its code, if any.

    `may_erase`: somebody confirmed that places stored since a beginning in the past are erased for good.
    """

    starts_at: datetime
    ends_at: datetime
    reason: str
    operation: str = ""
    may_erase: bool = False


def vehicles_of(session: Session, actor: Actor, unit_ids: Collection[int]) -> list[int]:
    """The vehicles in use of these units that `actor` may make silent, by id."""
    found = _silenceable(actor).where(Asset.unit_id.in_(unit_ids), Asset.life.in_(LIVES))
    return [asset.id for asset in session.scalars(found.order_by(Asset.id))]


def vehicles_by_code(session: Session, actor: Actor, codes: Collection[str]) -> list[int]:
    """The vehicles that these canonical label codes lead to; `InvalidInput` names one that `actor` cannot silence."""
    rows = session.execute(
        select(Label.code, Label.asset_id)
        .join(Asset, Asset.id == Label.asset_id)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .where(Label.code.in_(codes), EquipmentClass.is_vehicle, assets_for(actor, PERMISSION))
    )
    known = {code: asset_id for code, asset_id in rows if asset_id is not None}
    for code in codes:
        if code not in known:
            raise invalid(
                "vehicles", msg("%(code)s is no vehicle that you may make silent.", code=format_code(code)),
                code="unknown_vehicle",
            )  # fmt: skip
    return sorted(set(known.values()))


def open_windows(
    session: Session, actor: Actor, asset_ids: Collection[int], wish: Wish, now: datetime
) -> list[SilentWindowRow]:
    """Makes vehicles silent, all of them or none; their trackers are told within seconds.

    `InvalidInput` when a vehicle is not within the actor's scope or the wish cannot be met, `Conflict` overlaps when
    one of them is silent in some of that time already.
    """
    check_window(wish.starts_at, wish.ends_at, wish.reason, now, may_erase=wish.may_erase)
    if not 1 <= len(set(asset_ids)) <= MOST_VEHICLES:
        raise invalid("vehicles", msg("Choose 1 to %(n)s vehicles.", n=MOST_VEHICLES), code="required")
    # Locked in one order: of two who open windows for the same vehicle, the second sees what the first did.
    locked = _silenceable(actor).where(Asset.id.in_(asset_ids)).order_by(Asset.id).with_for_update(of=Asset)
    assets = session.scalars(locked).all()
    if len(assets) != len(set(asset_ids)):
        raise invalid(
            "vehicles", msg("Not all of these are vehicles that you may make silent."), code="unknown_vehicle"
        )
    _refuse_overlap(session, assets, wish)
    rows = [
        SilentWindowRow(
            asset=asset,
            starts_at=wish.starts_at,
            ends_at=wish.ends_at,
            reason=wish.reason.strip(),
            operation=wish.operation,
            given_by_id=actor.account_id,
            given_at=now,
        )
        for asset in assets
    ]
    session.add_all(rows)
    session.flush()
    return rows


def extend_window(session: Session, row: SilentWindowRow, ends_at: datetime, now: datetime) -> None:
    """Lets a held window end later; `Conflict` when it is over, or another of this vehicle begins before."""
    check_extension(row.until, ends_at, now)
    following = select(SilentWindowRow).where(
        SilentWindowRow.asset_id == row.asset_id, SilentWindowRow.id != row.id, _overlaps(row.until, ends_at)
    )
    if session.scalar(following) is not None:
        raise Conflict(msg("Another silent window of this vehicle begins before that."), code="overlaps")
    row.ends_at = ends_at
    session.flush()


def end_window(session: Session, actor: Actor, row: SilentWindowRow, now: datetime) -> None:
    """Ends a held window now, or calls it off before it has begun; what was not stored meanwhile stays unknown."""
    check_going_on(row.until, now)
    row.ended_at, row.ended_by_id = now, actor.account_id
    session.flush()


def window_by_id(session: Session, actor: Actor, window_id: int, *, lock: bool = False) -> SilentWindowRow:
    """One window within scope, with its vehicle; `NotFound` otherwise. Locked, with its vehicle's other windows."""
    wanted = _windows(actor).where(SilentWindowRow.id == window_id)
    if lock:
        # The vehicle is what two windows have in common: two who change windows of one wait for each other.
        mine = select(SilentWindowRow.asset_id).where(SilentWindowRow.id == window_id).scalar_subquery()
        session.execute(select(Asset.id).where(Asset.id == mine).with_for_update())
        wanted = wanted.with_for_update(of=SilentWindowRow).execution_options(populate_existing=True)
    row = session.scalar(wanted)
    if row is None:
        raise NotFound(msg("There is no such silent window, or it is not yours to see."))
    return row


def window_page(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    show: str = "",
    asset_id: int | None = None,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> Sequence[SilentWindowRow]:
    """Windows within scope, the latest beginning first; `show` is a `State`, or empty for all."""
    found = _windows(actor).order_by(SilentWindowRow.starts_at.desc(), SilentWindowRow.id.desc()).limit(limit)
    if show:
        found = found.where(_in_state(show, now))
    if asset_id is not None:
        found = found.where(SilentWindowRow.asset_id == asset_id)
    if after is not None:
        starts_at, last_id = _position(after)
        same = and_(SilentWindowRow.starts_at == starts_at, SilentWindowRow.id < last_id)
        found = found.where(or_(SilentWindowRow.starts_at < starts_at, same))
    return session.scalars(found).all()


def next_window(session: Session, asset_id: int, now: datetime) -> SilentWindowRow | None:
    """The window of a vehicle that runs, or the next that is planned. The caller has checked who asks."""
    ahead = select(SilentWindowRow).where(SilentWindowRow.asset_id == asset_id, now < UNTIL)
    return session.scalar(ahead.order_by(SilentWindowRow.starts_at).limit(1))


def window_key(row: SilentWindowRow) -> tuple[object, ...]:
    """What `window_page` takes as `after`."""
    return row.starts_at.isoformat(), row.id


def _windows(actor: Actor) -> Select[SilentWindowRow]:
    vehicle = joinedload(SilentWindowRow.asset)
    return (
        select(SilentWindowRow)
        .join(Asset, Asset.id == SilentWindowRow.asset_id)
        .where(assets_for(actor, PERMISSION))
        .options(
            vehicle.joinedload(Asset.unit).joinedload(Unit.region),
            vehicle.joinedload(Asset.model),
            vehicle.joinedload(Asset.equipment_class),
            joinedload(SilentWindowRow.given_by),
            joinedload(SilentWindowRow.ended_by),
        )
    )


def _silenceable(actor: Actor) -> Select[Asset]:
    return (
        select(Asset)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .where(EquipmentClass.is_vehicle, assets_for(actor, PERMISSION))
    )


def _refuse_overlap(session: Session, assets: Sequence[Asset], wish: Wish) -> None:
    ids = [asset.id for asset in assets]
    overlapping = session.scalars(
        select(SilentWindowRow)
        .where(SilentWindowRow.asset_id.in_(ids), _overlaps(wish.starts_at, wish.ends_at))
        .order_by(SilentWindowRow.starts_at)
    ).all()
    if overlapping:
        codes = sorted({format_code(asset.code) for asset in assets if asset.id in {w.asset_id for w in overlapping}})
        raise Conflict(
            msg("Silent in some of that time already: %(codes)s. Extend that window, or choose another time.",
                codes=", ".join(codes)),
            code="overlaps",
        )  # fmt: skip


def _overlaps(start: datetime, end: datetime) -> ColumnElement[bool]:
    """A window with a moment in [start, end); one that was called off has none."""
    return and_(SilentWindowRow.starts_at < end, start < UNTIL, SilentWindowRow.starts_at < UNTIL)


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    if state == State.ENDED:
        return now >= UNTIL
    if state == State.RUNNING:
        return and_(SilentWindowRow.starts_at <= now, now < UNTIL)
    if state == State.PLANNED:
        return and_(SilentWindowRow.starts_at > now, now < UNTIL)
    raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(State)), code="unknown_word")


def _position(after: tuple[object, ...]) -> tuple[datetime, int]:
    try:
        starts_at, last_id = after
        moment = datetime.fromisoformat(str(starts_at))
        if isinstance(last_id, int) and not isinstance(last_id, bool) and abs(last_id) < 2**31 and moment.tzinfo:
            return moment, last_id
    except ValueError:
        pass
    raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
