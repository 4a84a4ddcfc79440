"""The country's regions and the units of setting up: one mobile team in each and the coordination team, or a file."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib import resources
from pathlib import Path

from sqlalchemy import func, select

from assets.cli.output import command_line_actor
from assets.core.app import App
from assets.core.errors import InvalidInput
from assets.people import queries, service
from assets.people.models import Region, Unit

STANDARD, NONE = "standard", "none"
COORDINATION = ("OCT", "Operational coordination team", "UZ-TK")


def counts(app: App) -> tuple[int, int]:
    """How many regions and units there are."""
    with app.reading() as session:
        regions = session.scalar(select(func.count(Region.id))) or 0
        units = session.scalar(select(func.count(Unit.id))) or 0
    return regions, units


def load_regions(app: App) -> int:
    """The regions that come with the product; answers how many are new."""
    before, _ = counts(app)
    actor = command_line_actor()
    with app.transaction(actor) as session:
        for row in csv.DictReader(_regions().decode().splitlines()):
            code = row.pop("iso_3166_2")
            service.add_region(
                session, actor, **{**row, "code": code, "lat": float(row["lat"]), "lon": float(row["lon"])}
            )
    return counts(app)[0] - before


def _regions() -> bytes:
    return resources.files("assets.people").joinpath("data/regions.csv").read_bytes()


def add_units(app: App, choice: str) -> int:
    """Add the units of `standard` or of a file; known ones stay as they are. Answers how many are new.

    `InvalidInput` with the rows that are wrong; nothing is added then.
    """
    from assets.exchange.imports.run import Mode, run_import
    from assets.exchange.tables import read_table

    _, before = counts(app)
    if choice == NONE:
        return 0
    name, content = ("regions.csv", _regions()) if choice == STANDARD else (choice, Path(choice).read_bytes())
    report = run_import(
        app, command_line_actor(), "units", read_table(Path(name).name, content), Mode.ALL_OR_NOTHING, app.clock()
    )
    if report.errors:
        fields = [replace(error, row=row.row) for row in report.errors for error in row.errors]
        raise InvalidInput(f"{choice}: {len(report.errors)} rows are wrong; no unit was added.", fields=fields)
    if choice == STANDARD:
        _add_coordination(app)
    return counts(app)[1] - before


def _add_coordination(app: App) -> None:
    code, name, region = COORDINATION
    actor = command_line_actor()
    with app.transaction(actor) as session:
        if session.scalar(select(Unit.id).where(Unit.code == code)) is None:
            service.add_unit(
                session, actor, code=code, name=name, region=queries.region_by_code(session, region), kind="oct"
            )
