"""The made-up rounds of this year: one that was counted in with an item still to come, one that is being counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.app import App
from assets.core.clock import local_date
from assets.demo.setting import Setting, logistics_actor, moment
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.rules import Count
from assets.handover.service.counting import count_item
from assets.handover.service.rounds import RoundDraft, close_count, enter_round
from assets.registry.models import Grant, HandoverBatch
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import change_asset
from assets.registry.service.catalogue import BatchDraft

CLOSED_DAYS_AGO, OPEN_DAYS_AGO = 100, 4
YEN_FOR_A_DOLLAR = Decimal("151.25")


@dataclass(frozen=True)
class Line:
    """A line of the deed: class, model, who gets it, the price of one, and the numbers as printed there."""

    class_code: str
    model: str
    unit: str
    agency: str
    price: int
    serials: tuple[str, ...]

    @property
    def typed(self) -> dict[str, object]:
        """The line as a person types it."""
        return {
            "class": self.class_code, "model": self.model, "quantity": len(self.serials), "unit": self.unit,
            "agency": self.agency, "unit_value": str(self.price), "serials": list(self.serials),
        }  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What was found of an item, where it was not simply received."""

    outcome: str
    serial: str = ""
    note: str = ""
    grade: str | None = None


def _numbers(start: str, first: int, count: int) -> tuple[str, ...]:
    return tuple(f"{start}{first + n}" for n in range(count))


CLOSED_LINES = (
    Line("kit", "Field Search kit", "IMT-QA", "MIA", 2_600, _numbers("SK-26-", 301, 2)),
    Line("kit", "Field Search kit", "IMT-BU", "CUSTOMS", 2_600, _numbers("SK-26-", 303, 2)),
    Line("comms.radio", "Motorola DP4400", "IMT-SU", "SSS", 680, _numbers("871TYB", 4410, 4)),
    Line("comms.radio", "Motorola DP4400", "IMT-XO", "MIA", 680, _numbers("871TYB", 4414, 4)),
    Line("protect.armour", "Mehler Exo 4", "IMT-SU", "MIA", 740, _numbers("EXO4-", 90211, 2)),
)
CLOSED_FOUND: Mapping[str, Found] = {
    "871TYB4413": Found("short", note="Box 3 held three radios and an empty place"),
    "SK-26-304": Found("short", note="Left in the store in Tashkent, to follow"),
}
CAME_LATER = "SK-26-304"

OPEN_LINES = (
    Line("vehicle.offroad", "Mitsubishi L200", "IMT-SU", "MIA", 4_020_000, ("XWBLKTRN026114501", "XWBLKTRN026114502")),
    Line("ident.raman", "Thermo TruNarc", "IMT-SU", "CUSTOMS", 3_250_000, _numbers("TN26-", 2031, 3)),
    Line("search.videoscope", "Coantec C40", "IMT-SU", "SSS", 363_000, _numbers("C40-61", 107, 6)),
    Line("comms.radio", "Motorola DP4400", "IMT-TK", "MIA", 102_900, _numbers("871TYB", 5120, 8)),
    Line("radiation.prd", "Polimaster PM1621", "IMT-FA", "CUSTOMS", 93_800, _numbers("PM-2611", 20, 4)),
)
OPEN_FOUND: Mapping[str, Found] = {
    "TN26-2033": Found("wrong_serial", serial="TN26-2038", note="The case bears the deed's number, the device another"),
    "C40-61110": Found("damaged", note="The tip does not bend to the left; the cable is kinked", grade="C"),
    "C40-61111": Found("short", note="The case is there, the device is not"),
}
NOT_COUNTED = {"C40-61112", *_numbers("871TYB", 5125, 3), *_numbers("PM-2611", 20, 4)}


def make_rounds(app: App, made: Setting, now: datetime) -> tuple[int, int]:
    """Enter, count in and close the one, enter and half count the other; answers the ids of both batches."""
    return _closed(app, made, now), _open(app, made, now)


def _closed(app: App, made: Setting, now: datetime) -> int:
    day = moment(app, now, CLOSED_DAYS_AGO)
    on = local_date(day, app.settings.zone)
    batch = _enter(app, made, f"R10-{on:%Y}", on, CLOSED_LINES, day - timedelta(days=3))
    for unit in dict.fromkeys(line.unit for line in CLOSED_LINES):
        _count(app, made, batch, unit, CLOSED_FOUND, day + timedelta(days=1), skip=frozenset())
    coordinator = made.actors["coordinator"]
    at = day + timedelta(days=8)
    with app.transaction(coordinator, at) as session:
        close_count(session, coordinator, session.get_one(HandoverBatch, batch), at)
    unit = next(line.unit for line in CLOSED_LINES if CAME_LATER in line.serials)
    others = frozenset(s for line in CLOSED_LINES for s in line.serials if s != CAME_LATER)
    _count(app, made, batch, unit, {}, day + timedelta(days=23), skip=others)
    _into_service(app, made, batch, day + timedelta(days=26))
    return batch


def _open(app: App, made: Setting, now: datetime) -> int:
    day = moment(app, now, OPEN_DAYS_AGO)
    on = local_date(day, app.settings.zone)
    batch = _enter(
        app, made, f"R11-{on:%Y}", on, OPEN_LINES, day - timedelta(days=2), currency="JPY",
        usd_rate=YEN_FOR_A_DOLLAR, rate_on=on - timedelta(days=2),
        note="Counted in by each team where the boxes are opened",
    )  # fmt: skip
    for n, unit in enumerate(("IMT-SU", "IMT-TK")):
        _count(app, made, batch, unit, OPEN_FOUND, day + timedelta(days=1 + n, hours=1), skip=frozenset(NOT_COUNTED))
    return batch


def _enter(app: App, made: Setting, number: str, on: date, lines: Sequence[Line], at: datetime, **head: object) -> int:
    coordinator = made.actors["coordinator"]
    with app.transaction(coordinator, at) as session:
        grant = session.scalars(select(Grant).where(Grant.code == "JPN-2020")).one()
        draft = BatchDraft(number, grant, on, "Tashkent", **head)  # type: ignore[arg-type]  # its own fields
        return enter_round(session, coordinator, RoundDraft(draft, [line.typed for line in lines]), at).id


def _items(session: Session, batch: int, unit: str = "") -> list[HandoverItem]:
    statement = (
        select(HandoverItem)
        .join(HandoverItem.line)
        .options(joinedload(HandoverItem.line).joinedload(HandoverLine.unit), joinedload(HandoverItem.asset))
        .where(HandoverLine.batch_id == batch)
        .order_by(HandoverLine.number, HandoverItem.number)
    )
    return [item for item in session.scalars(statement) if unit in {"", item.line.unit.code}]


def _count(
    app: App, made: Setting, batch_id: int, unit: str, found: Mapping[str, Found], at: datetime, *, skip: frozenset[str]
) -> None:
    """Each team counts its own, item by item, a few minutes each."""
    actor = logistics_actor(made, made.units[unit])
    with app.transaction(actor, at) as session:
        batch = session.get_one(HandoverBatch, batch_id)
        for n, item in enumerate(_items(session, batch_id, unit)):
            if item.serial_on_paper in skip:
                continue
            said = found.get(item.serial_on_paper, Found("received", grade="A"))
            count = Count(
                str(uuid4()), item.id, said.outcome, said.serial, said.note, said.grade, at + timedelta(minutes=3 * n)
            )
            count_item(session, actor, batch, count, at + timedelta(minutes=3 * n))


def _into_service(app: App, made: Setting, batch_id: int, at: datetime) -> None:
    """What came is marked and put to use; a kit or radio needs no calibration first."""
    with app.transaction(made.actors["coordinator"], at) as session:
        for item in _items(session, batch_id):
            if item.asset.life == "received":
                values = {
                    "life": "in_service", "in_service_on": at.date().isoformat(), "visibility_mark": "applied",
                    "title_status": "title_transferred",
                }  # fmt: skip
                actor = logistics_actor(made, item.line.unit)
                change_asset(session, actor, item.asset, parse_asset(values, partial=True), at)
