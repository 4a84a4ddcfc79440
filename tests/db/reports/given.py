"""What a donor gave, for the tests of summaries: batches, a fleet, instruments, use, care, and secrets to look for."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.maintenance.models import WorkOrder
from assets.operations.models import EquipmentContribution, Operation, Seizure, SeizureItem
from assets.registry.models import Asset, Grant, GrantTarget, HandoverBatch
from tests.db.metrics.days import (
    FIRST,
    SETUP,
    add_asset,
    add_sighting,
    add_standstill,
    add_tracker,
    add_tracker_day,
    add_use,
    local,
    roll_up,
)
from tests.support.snapshots import Snapshot, snapshot_of
from tests.support.world import World

UNTIL = FIRST + timedelta(days=91)
DAYS = 91
AFTER = local(DAYS + 91, 9)
"""A morning on which a summary of the 91 days may be released, without saying why so early."""


_KEPT: dict[tuple[str, datetime], Snapshot] = {}
"""What was entered on each engine for a world of that day."""


def give(app: App, world: World) -> None:
    """Enter everything and build the days, in an application that holds the world and no more."""
    of = app.main.dialect, world.accounts["administrator"].created_at
    if of not in _KEPT:
        _enter(app, world)
        _KEPT[of] = snapshot_of(app)
        return
    with app.reading() as session:
        assert session.scalar(select(func.count(Asset.id))) == 0
    _KEPT[of].put_into(app)


def _enter(app: App, world: World) -> None:
    rng = random.Random(7)
    with app.transaction(SETUP, AFTER) as session:
        donor, agency = world.organisations["JPN"].id, world.organisations["UNODC"].id
        grant = Grant(
            code="JPN-2018", title="Interagency mobile teams, Oʻzbekiston", donor_id=donor,
            implementing_agency_id=agency, en_number="E/N 2018-114", ga_number="G/A 1860250",
        )  # fmt: skip
        other = Grant(code="OTH-1", title="Other", donor_id=world.organisations["OTHER"].id)
        session.add_all([grant, other])
        session.flush()
        batches = [
            HandoverBatch(number=f"R{n}", grant_id=grant.id, handed_over_on=day, value=value)
            for n, day, value in (
                (1, date(2018, 6, 25), Decimal("1900000.00")), (2, date(2019, 9, 25), Decimal("250000.00")),
                (3, date(2021, 5, 6), None),
            )
        ]  # fmt: skip
        session.add_all([*batches, HandoverBatch(number="X1", grant_id=other.id, handed_over_on=date(2020, 1, 1))])
        session.flush()
        _fleet(session, world, batches[0].id, rng)
        _instruments(session, world, [batch.id for batch in batches], rng)
        _targets(session, world, grant.id)
        _operations(session, world, rng)
    roll_up(app, local(DAYS, 9))


def _fleet(session: Session, world: World, batch_id: int, rng: random.Random) -> None:
    kinds = ["vehicle.offroad"] * 6 + ["vehicle.patrol"] * 3 + ["vehicle.investigation"] * 2 + ["vehicle.forensic_van"]
    for n, kind in enumerate(kinds):
        asset = add_asset(
            session, world, kind, unit=["IMT-TK", "OCT", "IMT-FA", "IMT-SU"][n % 4], batch_id=batch_id,
            serial_number=f"SN-VEH-{n:04d}", vin=f"JTEBU3FJ{n:02d}K70{n:04d}", plate=f"01{n:03d}AAB",
            visibility_mark="exempt" if kind == "vehicle.investigation" else "applied",
            exemption_reason="covert_use" if kind == "vehicle.investigation" else "",
        )  # fmt: skip
        tracker = add_tracker(session, asset, local(0, 0))
        for day in range(DAYS):
            if rng.random() < 0.93:
                add_tracker_day(session, asset, tracker, day, 0 if rng.random() < 0.25 else rng.uniform(15, 180))
        if n % 3 == 0:
            start = local(10 + 5 * n, 8)
            add_standstill(session, asset, start, start + timedelta(days=4), "waiting_parts" if n else "failure")
        if n != 5:
            add_sighting(session, asset, local(80, 10), "ABBC"[n % 4])
        session.add(
            WorkOrder(
                asset_id=asset.id, kind="preventive", title="Oil", state="done", opened_at=local(20), done_at=local(21),
                closed_at=local(21), cost=Decimal("120.50"), payer="recipient_budget", plan_id=None,
            )
        )  # fmt: skip


def _instruments(session: Session, world: World, batch_ids: list[int], rng: random.Random) -> None:
    plan = [("search.videoscope", 9, 1), ("ident.raman", 4, 1), ("ident.ims_trace", 5, 2), ("comms.radio", 12, 2),
            ("search.backscatter", 1, 1), ("radiation.prd", 2, 2), ("protect.armour", 8, 0)]  # fmt: skip
    for kind, count, batch in plan:
        for n in range(count):
            asset = add_asset(
                session, world, kind, unit=["IMT-TK", "IMT-FA", "IMT-SU"][n % 3], batch_id=batch_ids[batch],
                serial_number=f"SN-{kind}-{n:03d}", inventory_number=f"INV-{kind}-{n}",
                visibility_mark="missing" if n == 1 else "applied", value=Decimal("2500.00"),
                life="lost" if kind == "comms.radio" and n == 3 else "in_service",
            )  # fmt: skip
            if n % 4 != 3:
                add_sighting(session, asset, local(70 + n, 9), rng.choice("AAAB"))
            for _ in range(rng.randrange(2, 30) if kind.startswith(("search", "ident")) else 0):
                add_use(session, asset, local(rng.randrange(DAYS), 14))


def _targets(session: Session, world: World, grant_id: int) -> None:
    for kpi, value in (("utilisation_days_rate", "0.6"), ("availability_rate", "0.9"), ("verification_rate", "1")):
        session.add(GrantTarget(grant_id=grant_id, kpi=kpi, value=Decimal(value), set_at=local(0)))
    raman = world.classes["ident.raman"].id
    session.add(
        GrantTarget(grant_id=grant_id, kpi="uses_per_asset_month", class_id=raman, value=Decimal(4), set_at=local(0))
    )


OPEN_NOTE = "The courier waits at the Guliston market on Thursday"


def _operations(session: Session, world: World, rng: random.Random) -> None:
    """Closed ones with seizures, and an open one whose words and results must reach nobody outside."""
    kinds = ["joint_operation"] * 9 + ["patrol"] * 6 + ["checkpoint"] * 4 + ["search"] + ["controlled_delivery"] * 2
    for n, kind in enumerate(kinds):
        day = FIRST + timedelta(days=3 + 4 * n)
        held = Operation(
            code=f"OP-TK-{n:04d}", kind=kind, delivery="internal" if kind == "controlled_delivery" else "",
            unit_id=world.units["IMT-TK"].id, region_id=world.regions["UZ-TK"].id, starts_on=day, ends_on=day,
            arrests=n % 3, searches=5, finds=2, note=f"free text of case {n}", recorded_at=local(3 + 4 * n),
            closed_at=local(4 + 4 * n), closed_by_id=world.accounts["commander"].id,
            units=[session.merge(world.units["IMT-TK"])],
        )  # fmt: skip
        if n % 4 != 3:
            _seizure(held, world, day, n, rng)
        session.add(held)
    open_one = Operation(
        code="OP-FA-9999", kind="joint_operation", unit_id=world.units["IMT-FA"].id, note=OPEN_NOTE,
        region_id=world.regions["UZ-FA"].id, starts_on=FIRST + timedelta(days=20), recorded_at=local(20), arrests=777,
        units=[session.merge(world.units["IMT-FA"])],
    )  # fmt: skip
    mdma = SeizureItem(
        substance="mdma", quantity=Decimal(7654321), unit="g", kg=Decimal("7654.321"), conversion_version="2026-1"
    )
    open_one.seizures.append(Seizure(seized_on=FIRST + timedelta(days=21), items=[mdma]))
    session.add(open_one)


def _seizure(held: Operation, world: World, day: date, n: int, rng: random.Random) -> None:
    """The first weighs twenty kilogrammes, the others little; videoscopes helped."""
    seizure = Seizure(seized_on=day, concealment="fuel tank")
    for substance in ["heroin", "cannabis_resin"] if n % 3 else ["opium"]:
        grams = Decimal(rng.randrange(50, 4000)) if n else Decimal(20032)
        seizure.items.append(
            SeizureItem(substance=substance, quantity=grams, unit="g", kg=grams / 1000, conversion_version="2026-1")
        )
    held.seizures.append(seizure)
    for code, said in (("search.videoscope", "decisive" if n % 2 else "supported"), ("ident.raman", "none")):
        held.contributions.append(
            EquipmentContribution(class_id=world.classes[code].id, contribution=said, note="secret note")
        )


def secrets(session: Session) -> set[str]:
    """Texts that must stand in nothing that a donor gets, from the database itself."""
    found: set[str] = set()
    for asset in session.query(Asset):
        found |= {asset.serial_number, asset.vin, asset.plate, asset.inventory_number, asset.code}
    return found - {""}
