"""Builds the made-up programme: everything goes in through the services that people and trackers use."""

from __future__ import annotations

import logging
import multiprocessing
import random
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from assets.bootstrap import build_app
from assets.core.app import App
from assets.core.clock import day_start, local_date
from assets.demo import (
    care,
    deliveries,
    driving,
    endings,
    field,
    kits,
    operations,
    papers,
    past,
    register,
    reservations,
    setting,
    supplies,
    telemetry,
    use,
    vehicles,
    watching,
)
from assets.demo.programme import HISTORY_DAYS, TELEMETRY_DAYS
from assets.demo.summaries import make_summaries
from assets.metrics.roll_up import roll_up_days
from assets.migrations.run import upgrade
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass
from assets.scheduling.jobs import JOBS
from assets.scheduling.runner import current_slot, run_once
from assets.settings import Settings
from assets.telemetry import broker

SEED = 2018
MARK = "demo"
Say = Callable[[str], None]
log = logging.getLogger("assets.demo")


def is_built(settings: Settings) -> bool:
    """Whether the data directory holds a finished demonstration."""
    return (settings.data_dir / MARK).exists()


def holds_other_data(settings: Settings) -> bool:
    """Whether the data directory holds somebody's own data, which the demonstration must not touch."""
    return not is_built(settings) and (settings.data_dir / "assets.db").exists() and not _is_unfinished(settings)


def _is_unfinished(settings: Settings) -> bool:
    return (settings.data_dir / "demo.unfinished").exists()


def build(settings: Settings, count: int, say: Say) -> None:
    """Make the whole programme, with trackers on the first `count` vehicles."""
    app = build_app(settings)
    try:
        (settings.data_dir / "demo.unfinished").touch()
        # What vehicles of an earlier demonstration kept would let these begin where those ended.
        shutil.rmtree(telemetry.fleet_folder(settings), ignore_errors=True)
        for line in upgrade(app):
            say(line)
        _build(app, count, say)
        (settings.data_dir / MARK).write_text(f"built {app.clock().isoformat()}\n")
        (settings.data_dir / "demo.unfinished").unlink()
    finally:
        app.close()


def _build(app: App, count: int, say: Say) -> None:
    rng = random.Random(SEED)
    now = app.clock()
    zone = app.settings.zone
    today = local_date(now, zone)
    first = today - timedelta(days=HISTORY_DAYS)
    since = day_start(first, zone)
    recent = day_start(today - timedelta(days=TELEMETRY_DAYS), zone)
    say("teams, persons, accounts")
    made = setting.make_setting(app, since)
    say("grants, rounds and the register")
    assets = register.make_register(app, made, since, rng)
    chosen = endings.choose_leaving(assets)
    leaving = endings.used_until(app, chosen, now)
    driven = [a for a in assets if a.equipment_class.is_vehicle and a.id not in leaving]
    on_road, spare = _with_places(app, driven[:count]), _with_places(app, driven[count : count + 1])
    broker.prepare(app)
    vehicles.add_trackers(app, on_road, since, telemetry.credentials_file(app.settings))
    say(f"{TELEMETRY_DAYS} days of telemetry begin to arrive")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        arriving = pool.submit(telemetry.fill, app.settings, recent, now)
        say("15 months of driving, care and use")
        vehicles.make_days(app, on_road, first, local_date(recent, zone), since, rng)
        care.adopt_plans(app, assets, since, now, rng)
        recorded = care.make_care(app, made, assets, since, now, leaving, rng)
        diary = operations.make_operations(app, made, assets, since, now)
        done = use.make_use(app, made, assets, since, now, leaving, diary, rng)
        say(f"{diary.count} operations, {recorded} works and checks, {done} issues, returns and sightings recorded")
        _tell_the_rest(app, made, chosen, now, say)
        say(f"{reservations.make_reservations(app, made, assets, now)} reservations of the forensic van")
        say("waiting for telemetry")
        stored = arriving.result()
    say(f"{stored:,} samples taken in; trips, kilometres and daily figures are derived")
    say(watching.make_watching(app, made, on_road, spare[0] if spare else None, now))
    telemetry.derive(app)
    kept, fills = driving.make_driving(app, made, now)
    say(f"{kept} papers and {fills} fuel fills of vehicles recorded")
    say(f"{field.make_field(app, made, now)} transfers, shifts, conflicts and confirmations of these days")
    roll_up_days(lambda: app.transaction(setting.SETUP, now), now, zone)
    make_summaries(app, made, _last_quarter(today), now)
    for job in JOBS:
        run_once(app, job, current_slot(job, now))


def _tell_the_rest(app: App, made: setting.Setting, chosen: Mapping[str, Asset], now: datetime, say: Say) -> None:
    """Rounds of this year, ends, consumables, lists of before and papers: what the vehicles have no part in."""
    endings.make_endings(app, made, chosen, now)
    batches = deliveries.make_rounds(app, made, now)
    lots, lists = supplies.make_lots(app, made, now), past.make_imports(app, made, now)
    kits.make_kits(app, made, now)
    kept = papers.make_papers(app, made, batches, now)
    say(f"2 rounds, {lots} lots, {lists} imports, {len(chosen)} ends and {kept} papers recorded")


def _with_places(app: App, found: list[Asset]) -> list[Asset]:
    """The same vehicles with their regions, which say where their simulated depots are."""
    with app.reading() as session:
        statement = (
            select(Asset)
            .join(EquipmentClass)
            .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
            .where(Asset.id.in_([asset.id for asset in found]))
            .order_by(Asset.id)
        )
        return list(session.scalars(statement))


def _last_quarter(today: date) -> tuple[date, date]:
    """The newest calendar quarter that ended at least 30 days ago (half-open)."""
    ended = today - timedelta(days=31)
    until = date(ended.year, (ended.month - 1) // 3 * 3 + 1, 1)
    first = date(until.year - 1, 10, 1) if until.month == 1 else date(until.year, until.month - 3, 1)
    return first, until


def top_up(settings: Settings, say: Say) -> None:
    """Let the vehicles catch up with what they would have sent while nothing ran."""
    app = build_app(settings)
    try:
        for line in upgrade(app):
            say(line)
        broker.prepare(app)
        vehicles.point_at_broker(settings, telemetry.credentials_file(settings))
        now = app.clock()
        stored = telemetry.fill(settings, now - timedelta(days=TELEMETRY_DAYS), now)
        say(f"{stored:,} samples since the last time")
    finally:
        app.close()
