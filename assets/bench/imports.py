"""How long an import of assets takes, with and without opening balances: checked, saved, known already."""

from __future__ import annotations

import itertools
import random
import time
from datetime import datetime, timedelta

from assets.bench.programme import SETUP, Programme, make_programme, temporary_app
from assets.bench.sizes import size
from assets.core.app import App
from assets.exchange.imports import Mode, run_import
from assets.exchange.imports.run import Of
from assets.exchange.tables import Table, read_table, write_csv
from assets.people import service
from assets.people.queries import unit_by_code

ROWS = 5_000
PERSONS = 200
SEED = 2018
PLAIN = (
    "class", "unit", "model", "serial_number", "inventory_number", "batch", "agency", "value", "currency", "condition",
    "life", "odometer_km", "received_on", "note",
)  # fmt: skip
OPENING = ("holder", "place", "last_service_on", "last_service_km", "calibrated_on", "taken_over_on")


def measure() -> dict[str, object]:
    """Seconds for a file of `BENCH_ROWS` assets; `_longest_s` is how long a stretch held the database at most."""
    count = size("BENCH_ROWS", ROWS)
    found: dict[str, object] = {"rows": count}
    for name, columns in (("plain", PLAIN), ("opening", (*PLAIN, *OPENING))):
        with temporary_app() as app:
            now = app.clock()
            made = make_programme(app, now - timedelta(days=400))
            holders = _add_persons(app, made, now - timedelta(days=399))
            content = b"".join(write_csv(columns, _rows(made, holders, columns, count)))
            started = time.perf_counter()
            table = read_table("assets.csv", content)
            found[f"{name}_read_s"] = _spent(started)
            for step, mode in (("checked", Mode.DRY_RUN), ("saved", Mode.ALL_OR_NOTHING), ("known", Mode.SAVE_VALID)):
                found |= _run(app, table, f"{name}_{step}", mode, expected="known" if step == "known" else "new")
    return found


def _run(app: App, table: Table, name: str, mode: Mode, *, expected: str) -> dict[str, object]:
    started, cpu_started = time.perf_counter(), time.process_time()
    moments: list[float] = [started]
    timed = Of(progress=lambda _done, _of: moments.append(time.perf_counter()))
    report = run_import(app, SETUP, "assets", table, mode, app.clock(), timed)
    if report.counts[expected] != len(table.rows):
        first = report.errors[0].errors[0].message if report.errors else report.counts
        raise OSError(f"{name}: {report.counts}, where all rows should have been {expected}: {first}")
    longest = max(b - a for a, b in itertools.pairwise(moments))
    if mode is Mode.ALL_OR_NOTHING:
        longest = time.perf_counter() - started
    return {
        f"{name}_s": _spent(started),
        f"{name}_cpu_s": round(time.process_time() - cpu_started, 1),
        f"{name}_longest_s": round(longest, 2),
    }


def _add_persons(app: App, made: Programme, now: datetime) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {code: [] for code in made.units}
    codes = list(made.units)
    with app.transaction(SETUP, now) as session:
        for n in range(PERSONS):
            code = codes[n % len(codes)]
            service.add_person(session, SETUP, number=f"P-{n:04}", unit=unit_by_code(session, code))
            found[code].append(f"P-{n:04}")
    return found


def _rows(made: Programme, holders: dict[str, list[str]], columns: tuple[str, ...], count: int) -> list[list[object]]:
    rng = random.Random(SEED)
    rows = []
    for n in range(count):
        model, unit = rng.choice(made.models), rng.choice(list(made.units))
        is_vehicle = model.equipment_class.is_vehicle
        given: dict[str, object] = {
            "class": model.equipment_class.code, "unit": unit, "model": model.full_name, "serial_number": f"SN{n:07d}",
            "inventory_number": f"INV-{n}", "batch": rng.choice(made.batches).number,
            "agency": rng.choice(made.agencies).code, "value": rng.randrange(100, 50_000), "currency": "USD",
            "condition": rng.choice("AAB"), "life": "in_service", "odometer_km": 20_000 + n if is_vehicle else "",
            "received_on": "2021-05-06", "note": "made up for measuring",
            "holder": rng.choice(holders[unit]) if n % 2 else "", "place": "store", "taken_over_on": "2025-01-01",
        }  # fmt: skip
        if is_vehicle:
            given |= {"last_service_on": "2024-06-01", "last_service_km": 15_000}
        if model.equipment_class.subject_to_calibration:
            given["calibrated_on"] = "2024-10-01"
        rows.append([given.get(column, "") for column in columns])
    return rows


def _spent(started: float) -> float:
    return round(time.perf_counter() - started, 1)
