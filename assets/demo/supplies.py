"""The made-up store of consumables: lots in date, soon to expire, expired and recalled, with what was counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.clock import local_date
from assets.demo.setting import Setting, logistics_actor, moment
from assets.registry.models import StockLot
from assets.registry.rules.stock import LotDraft
from assets.registry.service.issuing import Recipient, issue_stock
from assets.registry.service.packs import open_pack, use_tests
from assets.registry.service.stock import count_lot, recall_lot, receive_lot
from assets.registry.service.timeline import happening_now

Step = Callable[[Session, Actor, StockLot, datetime], None]


@dataclass(frozen=True)
class Supply:
    """A kind of consumable: class, name on the pack, and what it is counted in."""

    class_code: str
    item: str
    counted_in: str
    tests_per_pack: int | None = None


@dataclass(frozen=True)
class Planned:
    """A lot: how much came how many days ago, in how many days it expires, and what happened to it since."""

    supply: Supply
    unit: str
    number: str
    quantity: int
    received_days_ago: int
    expires_in_days: int | None
    used: tuple[tuple[int, int], ...] = ()
    """(days ago, how much was taken out) each."""
    counted: tuple[int, int, str] | None = None
    """(days ago, what was there, why it differs)."""
    recalled: tuple[int, str] | None = None
    opened: tuple[tuple[int, str, int], ...] = ()
    """(days ago, result of the positive control, tests used since) of each pack that was opened."""


OPIATES = Supply("ident.test_kit", "Colour test for opiates", "tests")
CANNABIS = Supply("ident.test_kit", "Colour test for cannabis", "tests")
STIMULANTS = Supply("ident.test_kit", "Colour test for amphetamines", "tests")
CASES = Supply("ident.test_kit", "Colour-test case, ten reagents", "packs", tests_per_pack=50)
FILTERS = Supply("protect.filter", "Filter P3 for respirators", "pairs")
GLOVES = Supply("protect.gloves_suit", "Nitrile gloves, size L", "boxes")
SUITS = Supply("protect.gloves_suit", "Protective suit Tychem 2000, size L", "pieces")
SWABS = Supply("ident.ims_trace", "Sampling swabs for the trace detector", "pieces")
USED = "Lay in the vehicle that went out"

LOTS = (
    Planned(OPIATES, "IMT-SU", "OP-2607", 200, 120, 410, ((92, 20), (61, 25), (30, 30), (8, 15))),
    Planned(OPIATES, "IMT-SU", "OP-2511", 100, 300, 21, ((240, 20), (180, 20), (90, 20))),
    Planned(CANNABIS, "IMT-SU", "CN-2512", 150, 280, 74, ((200, 30), (120, 35), (40, 20)), (12, 61, "Four tests torn")),
    Planned(STIMULANTS, "IMT-SU", "AM-2503", 60, 420, -35, ((300, 20), (200, 10))),
    Planned(
        CASES, "IMT-SU", "CT-2604", 12, 100, 260, ((70, 2), (20, 3)),
        opened=((15, "passed", 31), (2, "passed", 6)),
    ),
    Planned(CASES, "IMT-TK", "CT-2511", 6, 290, 52, ((80, 1),), opened=((5, "failed", 0), (4, "passed", 12))),
    Planned(FILTERS, "IMT-SU", "P3-88121", 40, 200, 900, ((100, 8), (20, 6))),
    Planned(GLOVES, "IMT-SU", "NG-L-5530", 24, 90, 1100, ((50, 4), (15, 3)), (3, 16, "Two boxes used, one found")),
    Planned(SWABS, "IMT-SU", "SW-114", 500, 150, None, ((60, 120), (10, 90))),
    Planned(OPIATES, "IMT-FA", "OP-2607", 200, 118, 410, ((70, 30), (20, 20))),
    Planned(
        CANNABIS, "IMT-FA", "CN-2509", 100, 330, 150, ((210, 25),),
        recalled=(16, "Maker's notice 26/31: reagent may stay colourless"),
    ),
    Planned(SUITS, "IMT-FA", "TY-40718", 30, 260, 63, ((130, 4),)),
    Planned(OPIATES, "IMT-TK", "OP-2511", 150, 300, 21, ((250, 40), (150, 40), (60, 30))),
    Planned(STIMULANTS, "IMT-TK", "AM-2606", 100, 140, 380, ((80, 12), (35, 18))),
    Planned(FILTERS, "IMT-TK", "P3-88121", 60, 200, 900, ((90, 10),)),
    Planned(GLOVES, "IMT-SA", "NG-L-5528", 20, 170, 26, ((60, 6),)),
    Planned(CANNABIS, "IMT-QR", "CN-2601", 80, 240, 88, ((100, 15), (30, 10))),
    Planned(FILTERS, "IMT-QR", "P3-79004", 30, 440, -12, ((400, 10),)),
)  # fmt: skip


def make_lots(app: App, made: Setting, now: datetime) -> int:
    """Receive every lot, then use, count and recall it, each on its day; answers how many there are."""
    for planned in LOTS:
        _lot(app, made, planned, now)
    return len(LOTS)


def _lot(app: App, made: Setting, planned: Planned, now: datetime) -> None:
    actor = logistics_actor(made, made.units[planned.unit])
    came = moment(app, now, planned.received_days_ago, hour=14)
    with app.transaction(actor, came) as session:
        lot_id = receive_lot(session, actor, _draft(app, planned, now), came).id
    for days_ago, step in sorted(_steps(planned), key=lambda pair: -pair[0]):
        at = moment(app, now, days_ago, hour=17)
        with app.transaction(actor, at) as session:
            step(session, actor, session.get_one(StockLot, lot_id), at)


def _draft(app: App, planned: Planned, now: datetime) -> LotDraft:
    zone, supply = app.settings.zone, planned.supply
    expires_on = None
    if planned.expires_in_days is not None:
        expires_on = local_date(now, zone) + timedelta(days=planned.expires_in_days)
    return LotDraft(
        supply.class_code, supply.item, planned.number, planned.unit, Decimal(planned.quantity), supply.counted_in,
        tests_per_pack=supply.tests_per_pack, expires_on=expires_on,
        received_on=local_date(moment(app, now, planned.received_days_ago), zone),
    )  # fmt: skip


def _steps(planned: Planned) -> Iterator[tuple[int, Step]]:
    """What is done with the lot: (days ago, the step)."""
    for days_ago, quantity in planned.used:
        yield days_ago, partial(_use, quantity=quantity)
    if planned.counted is not None:
        days_ago, there, why = planned.counted
        yield days_ago, partial(_count, there=there, why=why)
    for days_ago, control, tests in planned.opened:
        yield days_ago, partial(_open, control=control, tests=tests)
    if planned.recalled is not None:
        days_ago, why = planned.recalled
        yield days_ago, partial(_recall, why=why)


def _use(session: Session, actor: Actor, lot: StockLot, at: datetime, *, quantity: int) -> None:
    issue_stock(session, actor, lot, Decimal(quantity), Recipient(lot.unit), happening_now(at), reason=USED)


def _open(session: Session, actor: Actor, lot: StockLot, at: datetime, *, control: str, tests: int) -> None:
    opened = open_pack(session, actor, lot, happening_now(at), control=control)
    if tests:
        use_tests(session, actor, lot, opened.pack.id, tests, happening_now(at))


def _count(session: Session, actor: Actor, lot: StockLot, at: datetime, *, there: int, why: str) -> None:
    count_lot(session, actor, lot, Decimal(there), why, at)


def _recall(session: Session, actor: Actor, lot: StockLot, at: datetime, *, why: str) -> None:
    recall_lot(session, actor, lot, why, at)
