"""A vehicle comes into the register once, however its VIN is written and whoever brings it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.exchange.imports import ImportReport, Mode
from assets.registry.models import Asset, Label
from tests.db.exchange.conftest import count, sheet


def vehicle(vin: str, serial: str = "", *, kind: str = "vehicle.patrol", unit: str = "IMT-TK") -> list[object]:
    return [kind, unit, "", serial, vin, "", "", "2021-05-06"]


VIN = "JTEBU3FJ40K012345"


# Cyrillic Т, Е and В, small letters, a space and a hyphen: the same vehicle, as other hands write it.
VIN_AS_OTHERS_WRITE_IT = "jТЕВu3FJ 40k0-12345"


@pytest.mark.parametrize("spelling", [VIN, VIN_AS_OTHERS_WRITE_IT])
@pytest.mark.parametrize("kind", ["vehicle.patrol", "vehicle.offroad"])
def test_one_vin_twice_in_a_sheet_is_named_at_its_row_and_registered_once(
    kind: str, spelling: str, app: App, load: Callable[..., ImportReport]
) -> None:
    content = sheet(vehicle(VIN, "A-1"), vehicle("JTEBU3FJ40K099999"), vehicle(spelling, "B-2", kind=kind))
    for mode, saved in ((Mode.DRY_RUN, 0), (Mode.ALL_OR_NOTHING, 0), (Mode.SAVE_VALID, 2), (Mode.SAVE_VALID, 2)):
        report = load(content, mode)
        (wrong,) = report.errors
        assert (wrong.row, [(e.field, e.code) for e in wrong.errors]) == (4, [("vin", "twice_in_file")])
        assert "Row 2 " in str(wrong.errors[0].message), "the row that had it first is named"
        assert count(app, Asset) == count(app, Label) == saved
    with app.reading() as session:
        assert set(session.scalars(select(Asset.vin))) == {VIN, "JTEBU3FJ40K099999"}


@pytest.mark.parametrize("spelling", [VIN, VIN_AS_OTHERS_WRITE_IT])
def test_vin_of_the_register_makes_a_row_known_or_wrong_and_never_a_second_vehicle(
    spelling: str, app: App, load: Callable[..., ImportReport]
) -> None:
    load(sheet(vehicle(VIN, "A-1"), vehicle("JTEBU3FJ40K099999", "C-3")))
    rows = (
        vehicle(spelling, "A-1"),  # itself
        vehicle("JTEBU3FJ40K088888", "D-4"),  # new
    )
    report = load(sheet(*rows))
    assert [row.status for row in report.rows] == ["known", "new"]
    assert count(app, Asset) == 3
    for row, field, code in (
        (vehicle(spelling, "B-2"), "serial_number", "differs"),
        (vehicle(spelling, kind="vehicle.offroad"), "class", "differs"),
        (vehicle(spelling, "C-3"), "vin", "different_items"),
    ):
        report = load(sheet(row, vehicle("JTEBU3FJ40K077777")), Mode.ALL_OR_NOTHING)
        assert [(n.row, n.status) for n in report.rows] == [(2, "error"), (3, "new")]
        assert (field, code) in {(e.field, e.code) for e in report.rows[0].errors}
        assert count(app, Asset) == 3


def test_vin_of_another_units_vehicle_is_refused_without_saying_whose(
    app: App, load: Callable[..., ImportReport]
) -> None:
    load(sheet(vehicle(VIN, unit="IMT-FA")), login="logistics2")
    report = load(sheet(vehicle(VIN_AS_OTHERS_WRITE_IT)))
    (error,) = report.rows[0].errors
    with app.reading() as session:
        code = session.scalar(select(Asset.code)) or "none"
    assert (report.rows[0].status, error.field, count(app, Asset)) == ("error", "vin", 1)
    assert code[:5] not in str(error.message)
    assert "IMT-FA" not in str(error.message)
