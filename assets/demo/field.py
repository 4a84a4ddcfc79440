"""What the made-up teams do in the field these days: sheets and loans, shifts, contradictions, and confirmations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.clearance.service import leave
from assets.core.actor import Actor
from assets.core.app import App
from assets.core.clock import local_date
from assets.custody.models import ConflictCase, CustodyEntry, Transfer
from assets.custody.rules.conflicts import RETURN_MISSING
from assets.custody.rules.transfers import DAMAGED, GOOD
from assets.custody.service import handover
from assets.custody.service.confirmation import confirm
from assets.custody.service.conflict_settling import Settlement, settle_conflict
from assets.custody.service.field import FaultTold, check
from assets.custody.service.sheets import Found, receive_together, send_together
from assets.custody.service.transfers import asset_to_move, receive
from assets.demo.setting import Setting, logistics_actor
from assets.fitness.queries import fitness_of
from assets.maintenance.rules.orders import Severity
from assets.people.models import Account, Person, Unit
from assets.registry.models import Asset, EquipmentClass
from assets.registry.rules.classes import CLASSES
from assets.registry.service.timeline import Occurrence, happening_now
from assets.shifts.service import NewItem, create_set, note_issue, start_shift

HOME = "IMT-SU"
"""The team of the logins that act in the field."""
UNTOUCHED_DAYS = 14
"""Only what nobody took for so long: what happens below is then the newest that is known of it."""
DETECTORS = ("search.density_meter", "ident.ims_trace", "ident.raman", "radiation.prd")
GEAR = ("search.videoscope", "search.fiberscope", *DETECTORS, "search.mirror_uvss", "comms.radio")
WORN = ("comms.radio", "protect.armour", "protect.respirator", "radiation.prd", "search.mirror_uvss")


@dataclass
class Field:
    """The programme with its clock; each item is taken for one thing only."""

    app: App
    made: Setting
    now: datetime
    taken: set[int] = field(default_factory=set)

    def keeper(self, unit: str) -> Actor:
        """The logistics officer of a team."""
        return logistics_actor(self.made, self.made.units[unit])

    def ago(self, *, days: float = 0, hours: float = 0) -> datetime:
        """A moment so long before now."""
        return self.now - timedelta(days=days, hours=hours)

    def crew(self, *numbers: int) -> list[Person]:
        """Persons of the team at home, by the end of their number."""
        return [self.made.persons[HOME][number - 1] for number in numbers]

    def take(self, unit: str, classes: Sequence[str], number: int = 1) -> list[Asset]:
        """Items that lie fit in the team's store, of these classes in their order, a class as seldom as can be."""
        with self.app.reading() as session:
            found = [asset for asset in _in_store(session, unit, self.now) if asset.id not in self.taken]
            found.sort(key=lambda asset: (_order(asset, classes), asset.code))
            fitness = fitness_of(session, found, self.now)
            found = [asset for asset in found if fitness[asset.id].fit]
        chosen: list[Asset] = []
        while len(chosen) < number:
            left = [asset for asset in found if asset not in chosen]
            met = {asset.equipment_class.code for asset in chosen}
            chosen.append(next((asset for asset in left if asset.equipment_class.code not in met), left[0]))
        self.taken |= {asset.id for asset in chosen}
        return chosen


def _order(asset: Asset, classes: Sequence[str]) -> int:
    code = asset.equipment_class.code
    return classes.index(code) if code in classes else len(classes)


def _in_store(session: Session, unit: str, now: datetime) -> list[Asset]:
    lately = select(CustodyEntry.asset_id).where(CustodyEntry.at > now - timedelta(days=UNTOUCHED_DAYS))
    statement = (
        select(Asset)
        .join(Unit, Unit.id == Asset.unit_id)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .options(joinedload(Asset.equipment_class), joinedload(Asset.unit).joinedload(Unit.region))
        .where(
            Unit.code == unit, Asset.life == "in_service", Asset.is_kit.is_(None), Asset.in_kit_id.is_(None),
            Asset.custodian_person_id.is_(None), Asset.transit_unit_id.is_(None), Asset.holding_unit_id.is_(None),
            Asset.annulled_at.is_(None), ~EquipmentClass.is_vehicle, EquipmentClass.code != "kit",
            Asset.id.not_in(lately), Asset.registered_at < now - timedelta(days=UNTOUCHED_DAYS),
        )
    )  # fmt: skip
    return list(session.scalars(statement))


def make_field(app: App, made: Setting, now: datetime) -> int:
    """Make transfers, shifts, conflict cases and confirmations, each at its moment before `now`; answers how many.

    A person of another team leaves in ten days, and still holds two things.
    """
    at_work = Field(app, made, now)
    _leaver(at_work)
    return _conflicts(at_work) + _shifts(at_work) + _confirmations(at_work) + _transfers(at_work)


def _transfers(at_work: Field) -> int:
    _sheet(
        at_work, ("IMT-TK", HOME), 2, (9, 8), {1: (DAMAGED, "C", "Lid of the case cracked, one strap missing")},
        note="For the exercise at the river crossing",
    )  # fmt: skip
    _sheet(at_work, ("IMT-FA", HOME), 1, (1.1, None), {}, note="In exchange for the set that is in repair")
    _sheet(at_work, (HOME, "IMT-SA"), 1, (12, 11), {}, until=9, note="Until their own is back from the laboratory")
    _sheet(at_work, ("IMT-SI", HOME), 1, (13, 12), {}, until=-3, note="For two weeks of night checkpoints")
    # Its sender has not been online since: it came, and nobody has heard yet from where.
    (asset,) = at_work.take("IMT-QR", GEAR)
    at, actor = at_work.ago(hours=20), at_work.keeper(HOME)
    with at_work.app.transaction(actor, at) as session:
        receive(session, actor, asset_to_move(session, actor, asset.code), happening_now(at), condition="B")
    return 5


def _sheet(
    at_work: Field,
    units: tuple[str, str],
    number: int,
    days_ago: tuple[float, float | None],
    found: dict[int, tuple[str, str, str]],
    *,
    until: int | None = None,
    note: str = "",
) -> None:
    """Send items from one team to another, `until` so many days from now on loan, and receive them."""
    codes = [asset.code for asset in at_work.take(units[0], GEAR, number)]
    actor, sent, sheet_id = at_work.keeper(units[0]), at_work.ago(days=days_ago[0]), str(uuid4())
    back = at_work.now + timedelta(days=until) if until is not None else None
    with at_work.app.transaction(actor, sent) as session:
        to_unit = session.get_one(Unit, at_work.made.units[units[1]].id)
        send_together(session, actor, codes, to_unit, sent, sheet_id, until=back, note=note)
    if days_ago[1] is None:
        return
    actor, came = at_work.keeper(units[1]), at_work.ago(days=days_ago[1])
    with at_work.app.transaction(actor, came) as session:
        statement = select(Transfer).where(Transfer.sheet_id == sheet_id).order_by(Transfer.id)
        transfers = session.scalars(statement.options(joinedload(Transfer.asset), joinedload(Transfer.to_unit))).all()
        told = {each.id: Found(*found.get(place, (GOOD, "B", ""))) for place, each in enumerate(transfers)}
        receive_together(session, actor, transfers, told, came, str(uuid4()))


def _shifts(at_work: Field) -> int:
    vehicle = _vehicle(at_work)
    began, items = at_work.ago(hours=2), at_work.take(HOME, GEAR, 5)
    for asset in items[:2]:
        _check(at_work, asset, began - timedelta(minutes=25))
    (spare,) = at_work.take(HOME, WORN)
    _check(at_work, spare, began - timedelta(minutes=15), fault="Battery lasts a quarter of an hour")
    _go_out(
        at_work, vehicle, at_work.crew(1, 2, 3), items, (began, at_work.now + timedelta(hours=6)), "Night checkpoint"
    )
    ended, went = at_work.ago(days=0.9), at_work.take(HOME, WORN, 3)
    began = ended - timedelta(hours=9)
    _go_out(at_work, None, at_work.crew(2, 4), went, (began, ended), "Search of the lorry park")
    keeper = at_work.keeper(HOME)
    with at_work.app.transaction(keeper, ended) as session:
        for asset in went[:2]:
            back = happening_now(ended - timedelta(minutes=20))
            handover.return_asset(session, keeper, session.get_one(Asset, asset.id), back, condition="B")
    with at_work.app.transaction(keeper, at_work.ago(days=30)) as session:
        unit = session.get_one(Unit, at_work.made.units[HOME].id)
        mine = [NewItem(code=asset.code) for asset in items[:3]]
        create_set(session, keeper, unit, "Checkpoint, night", [*mine, NewItem(class_code="comms.radio", number=2)])
        usual = [NewItem(class_code=code, number=1) for code in ("search.videoscope", "search.density_meter")]
        create_set(session, keeper, unit, "Search of a lorry", [*usual, NewItem(class_code="comms.radio", number=3)])
    return 2


def _vehicle(at_work: Field) -> Asset | None:
    with at_work.app.reading() as session:
        statement = (
            select(Asset)
            .join(Unit, Unit.id == Asset.unit_id)
            .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
            .options(joinedload(Asset.equipment_class), joinedload(Asset.unit).joinedload(Unit.region))
            .where(Unit.code == HOME, EquipmentClass.is_vehicle, Asset.life == "in_service")
            .order_by(Asset.code.desc())
        )
        found = session.scalars(statement).all()
        fitness = fitness_of(session, found, at_work.now)
        return next((vehicle for vehicle in found if fitness[vehicle.id].fit), None)


def _check(at_work: Field, asset: Asset, at: datetime, fault: str = "") -> None:
    """A check before use by the officer; with `fault` the last thing to look at is not in order."""
    officer = at_work.made.actors["officer"]
    looked_at = [item.code for item in CLASSES[asset.equipment_class.code].checks] or ["works"]
    items = {code: not fault or place < len(looked_at) - 1 for place, code in enumerate(looked_at)}
    told = FaultTold(Severity.MAJOR, fault) if fault else None
    with at_work.app.transaction(officer, at) as session:
        found = session.get_one(Asset, asset.id)
        check(session, officer, found, happening_now(at), items=items, passed=not fault, fault=told)


def _go_out(
    at_work: Field,
    vehicle: Asset | None,
    crew: Sequence[Person],
    items: Sequence[Asset],
    span: tuple[datetime, datetime],
    note: str,
) -> None:
    """Begin a shift and issue the items with it: to the crew in turn."""
    keeper, shift_id, zone = at_work.keeper(HOME), str(uuid4()), at_work.app.settings.zone
    at = span[0]
    with at_work.app.transaction(keeper, at) as session:
        first = session.get_one(Asset, (vehicle or items[0]).id)
        start_shift(
            session, keeper, first, happening_now(at), zone, shift_id=shift_id, crew=[each.number for each in crew],
            ends_at=span[1], vehicle=first if vehicle else None, note=note,
        )  # fmt: skip
        for place, asset in enumerate(items):
            person = session.get_one(Person, crew[place % len(crew)].id)
            found = session.get_one(Asset, asset.id)
            event = handover.issue(
                session, keeper, found, person, happening_now(at), zone, until=span[1], shift_id=shift_id
            )
            note_issue(session, keeper, event, shift_id)


def _conflicts(at_work: Field) -> int:
    """Two who were offline each gave the same detector to somebody; of another one it was cleared up."""
    open_one, cleared = at_work.take(HOME, DETECTORS, 2)
    _both_took(at_work, cleared, 9)
    _both_took(at_work, open_one, 2)
    coordinator, at = at_work.made.actors["coordinator"], at_work.ago(days=7)
    with at_work.app.transaction(coordinator, at) as session:
        case = session.scalars(select(ConflictCase).where(ConflictCase.asset_id == cleared.id)).one()
        words = "The first had put it back on the shelf; the return was on the phone that fell into the water."
        settle_conflict(session, coordinator, case, Settlement(RETURN_MISSING, words), at)
    return 2


def _both_took(at_work: Field, asset: Asset, days_ago: int) -> None:
    """The second was offline longer: what he did is heard of an hour after what the first did."""
    zone = at_work.app.settings.zone
    telling = (("logistics", 2, 7, 3), ("commander", 3, 5, 2))
    for login, number, occurred, heard in telling:
        actor, (person,) = at_work.made.actors[login], at_work.crew(number)
        happened, received = (at_work.ago(days=days_ago, hours=hours) for hours in (occurred, heard))
        with at_work.app.transaction(actor, received) as session:
            handover.issue(
                session, actor, session.get_one(Asset, asset.id), session.get_one(Person, person.id),
                Occurrence(happened, received), zone,
            )  # fmt: skip


def _confirmations(at_work: Field) -> int:
    """Three things were given to the officer: he has one, he never saw one, and of the newest he has said nothing."""
    officer, keeper, zone = at_work.made.actors["officer"], at_work.keeper(HOME), at_work.app.settings.zone
    answers: tuple[tuple[float, bool | None, str], ...] = (
        (29, True, ""),
        (28, False, "I was on leave that day; nobody gave me this"),
        (3, None, ""),
    )
    for asset, (hours, has_it, words) in zip(at_work.take(HOME, WORN, len(answers)), answers, strict=True):
        given = at_work.ago(hours=hours)
        with at_work.app.transaction(keeper, given) as session:
            person = session.scalars(
                select(Person).join(Account, Account.person_id == Person.id).where(Account.login == "officer")
            ).one()
            event_id = handover.issue(
                session, keeper, session.get_one(Asset, asset.id), person, happening_now(given), zone
            ).id
        if has_it is not None:
            at = given + timedelta(hours=4)
            with at_work.app.transaction(officer, at) as session:
                confirm(session, officer, event_id, happening_now(at), has_it=has_it, note=words)
    return len(answers)


def _leaver(at_work: Field) -> None:
    """A person of a team was given two things some days ago; that he leaves opens his clearance."""
    unit, given = "IMT-TK", at_work.ago(days=6)
    keeper, zone = at_work.keeper(unit), at_work.app.settings.zone
    number = at_work.made.persons[unit][-1].id
    for asset in at_work.take(unit, WORN, 2):
        with at_work.app.transaction(keeper, given) as session:
            person = session.get_one(Person, number)
            handover.issue(session, keeper, session.get_one(Asset, asset.id), person, happening_now(given), zone)
    with at_work.app.transaction(keeper, at_work.now) as session:
        left_on = local_date(at_work.now, zone) + timedelta(days=10)
        leave(session, keeper, session.get_one(Person, number), left_on, at_work.now)
