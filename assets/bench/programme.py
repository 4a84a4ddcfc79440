"""A made-up register of any size in a temporary directory, for what is measured on one.

What people would enter by hand goes through the services. Assets and labels by the ten thousand are written past the
journal, which a throw-away register needs nobody to read; what they hold is folded by the registry's own code.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path

from sqlalchemy.orm import Session

from assets.bootstrap import build_app
from assets.core.actor import system_actor
from assets.core.app import App
from assets.labels.token import new_code
from assets.migrations.run import upgrade
from assets.people import service
from assets.people.models import Organisation, Unit
from assets.registry.models import Asset, EquipmentModel, HandoverBatch
from assets.registry.rules.folding import fold_identifier
from assets.registry.service.catalogue import (
    BatchDraft,
    GrantDraft,
    add_batch,
    add_grant,
    add_model,
    ensure_classes,
)
from assets.registry.service.searching import refresh_search
from assets.settings import Settings

SETUP = system_actor("bench")
SEED = 2018
MODELS_PER_CLASS = 3
BATCHES = 9
ASSETS_AT_ONCE = 5_000
LIVES = ("in_service",) * 8 + ("received", "withdrawn")


@dataclass
class Programme:
    """What assets can refer to: units by code with the region's Cyrillic name, models, batches, the donor."""

    units: dict[str, Unit] = field(default_factory=dict)
    cyrillic: dict[str, str] = field(default_factory=dict)
    models: list[EquipmentModel] = field(default_factory=list)
    batches: list[HandoverBatch] = field(default_factory=list)
    agencies: list[Organisation] = field(default_factory=list)
    donor: Organisation | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """An asset as it was entered, for asking about it."""

    id: int
    code: str
    class_code: str
    unit_code: str
    serial_number: str
    life: str


@contextmanager
def temporary_app(database_url: str = "") -> Iterator[App]:
    """An application with empty, migrated databases, gone at the end of the block: SQLite, unless an address says."""
    with tempfile.TemporaryDirectory(prefix="assets-bench-") as folder:
        settings = Settings(data_dir=Path(folder) / "data", base_url="http://localhost", database_url=database_url)
        app = build_app(settings)
        try:
            upgrade(app)
            yield app
        finally:
            app.close()


def make_programme(app: App, now: datetime) -> Programme:
    """Regions, a team in each, organisations, classes with models, and batches of one donor."""
    made = Programme()
    with app.transaction(SETUP, now) as session:
        _add_places(session, made)
        made.donor = service.add_organisation(session, SETUP, code="DONOR", kind="donor", name="A donor (made up)")
        made.agencies = [
            service.add_organisation(session, SETUP, code=f"AG{n}", kind="agency", name=f"Agency {n} (made up)")
            for n in range(3)
        ]
        for equipment_class in ensure_classes(session, SETUP):
            for n in range(MODELS_PER_CLASS):
                name = f"{equipment_class.code} {n}"
                made.models.append(add_model(session, SETUP, equipment_class, f"Maker {n}", name))
        grant = add_grant(session, SETUP, GrantDraft("G-1", "Made up for measuring", made.donor))
        for n in range(BATCHES):
            on = date(2018, 6, 25) + timedelta(days=100 * n)
            made.batches.append(add_batch(session, SETUP, BatchDraft(f"R{n}", grant, on, value=Decimal(100_000))))
    return made


def _add_places(session: Session, made: Programme) -> None:
    text = resources.files("assets.people").joinpath("data/regions.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        code = row.pop("iso_3166_2")
        values = {**row, "code": code, "lat": float(row["lat"]), "lon": float(row["lon"])}
        region = service.add_region(session, SETUP, **values)
        unit_code = f"IMT-{code.removeprefix('UZ-')}"
        made.units[unit_code] = service.add_unit(
            session, SETUP, code=unit_code, name=f"{row['name_uz']} guruhi", region=region
        )
        made.cyrillic[unit_code] = row["name_uz_cyrl"].split()[0]


def fill_register(app: App, made: Programme, count: int, registered_at: datetime) -> list[Entered]:
    """Enter `count` assets with a label each, spread over units, models and batches; the same ones every time."""
    rng = random.Random(SEED)
    entered: list[Entered] = []
    while len(entered) < count:
        numbers = range(len(entered) + 1, min(count, len(entered) + ASSETS_AT_ONCE) + 1)
        assets = [_asset(made, number, registered_at, rng) for number in numbers]
        _write(app, assets)
        entered += [_entered(made, asset) for asset in assets]
    return entered


def _asset(made: Programme, number: int, registered_at: datetime, rng: random.Random) -> Asset:
    model, unit = rng.choice(made.models), rng.choice(list(made.units.values()))
    serial = f"SN{rng.randrange(10**8):08d}-{number:06d}"
    asset = Asset(
        id=number, code=new_code(rng), class_id=model.class_id, model_id=model.id, unit_id=unit.id,
        custodian_org_id=rng.choice(made.agencies).id, batch_id=rng.choice(made.batches).id,
        serial_number=serial, serial_folded=fold_identifier(serial), vin="",
        plate=f"{rng.randrange(10, 96)} {rng.randrange(1000):03d} ABC", inventory_number=f"INV-{number:06d}",
        life=rng.choice(LIVES), title_status="title_transferred", visibility_mark="applied", exemption_reason="",
        waiver_ref="", value=Decimal(rng.randrange(100, 50_000)), currency="USD", attractive=False,
        note="Заметка о состоянии, as found at the handover", registered_at=registered_at - timedelta(minutes=number),
        condition=rng.choice("AABC"), version=1,
    )  # fmt: skip
    refresh_search(asset)
    return asset


def _write(app: App, assets: Sequence[Asset]) -> None:
    columns = (
        "id", "code", "class_id", "model_id", "unit_id", "custodian_org_id", "batch_id", "serial_number",
        "serial_folded", "vin", "plate", "inventory_number", "life", "title_status", "visibility_mark",
        "exemption_reason", "waiver_ref", "value", "currency", "attractive", "note", "registered_at", "condition",
        "version", "identity_text",
    )  # fmt: skip
    mark = "?" if app.main.dialect == "sqlite" else "%s"
    places = ",".join([mark] * len(columns))
    rows = [tuple(_plain(getattr(asset, column)) for column in columns) for asset in assets]
    labels = [(asset.code, "active", asset.id, _plain(asset.registered_at)) for asset in assets]
    with app.main.engine.execution_options(writer=True).begin() as connection:
        # Only fixed names go into the text of the statement.
        # The names come from our own table, the values are bound; the journal lets no bulk insert through the ORM.
        connection.exec_driver_sql(f"INSERT INTO asset ({','.join(columns)}) VALUES ({places})", rows)  # noqa: S608
        into = "INSERT INTO label (code, state, asset_id, created_at)"
        connection.exec_driver_sql(f"{into} VALUES ({','.join([mark] * 4)})", labels)


def _plain(value: object) -> object:
    """As SQLite's own columns of moments and amounts hold it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return float(value) if isinstance(value, Decimal) else value


def _entered(made: Programme, asset: Asset) -> Entered:
    class_code = next(m.equipment_class.code for m in made.models if m.id == asset.model_id)
    unit_code = next(code for code, unit in made.units.items() if unit.id == asset.unit_id)
    return Entered(asset.id, asset.code, class_code, unit_code, asset.serial_number, asset.life)
