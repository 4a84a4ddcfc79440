"""Samples that the version before stored are there after the upgrade, and back again, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.bootstrap import build_app
from assets.core.app import App
from assets.migrations.run import GOES_WITH, move
from assets.settings import Settings
from tests.support.postgres import Cluster

BEFORE = "0001"
DATED_MS, RECEIVED_MS = 1_790_000_000_000, 1_795_000_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> App:
    """Databases of the version before, with three samples of one boot."""
    url = ""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        cluster.psql("DROP DATABASE IF EXISTS carried")
        cluster.psql("CREATE DATABASE carried")
        url = cluster.url("carried")
    app = build_app(Settings(data_dir=tmp_path, database_url=url))
    move("main", app.main, next(main for main, telemetry in GOES_WITH.items() if telemetry == BEFORE))
    move("telemetry", app.telemetry, BEFORE)
    at = "" if request.param == "sqlite" else "telemetry."
    with app.telemetry.engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO {at}device (id, tracker_id, stored) VALUES (1, 'imt-001', 3)")  # noqa: S608
        connection.exec_driver_sql(
            f"INSERT INTO {at}boot (id, device_id, life, boot, stored, aside, gone, given_up, asked, beyond,"  # noqa: S608
            " recovered,"
            " offset_ms, offset_seq, first_heard_ms) VALUES (1, 1, '9f3a01c7', 1, '[[0,2]]', '[]', '[]', '[]', '[]', 2,"
            f" 0, {DATED_MS - 60_000}, 0, {RECEIVED_MS})"
        )
        connection.exec_driver_sql(
            f"INSERT INTO {at}sample (boot_id, seq, device_id, event_ms, dated_by_up, received_ms, up_ms,"  # noqa: S608
            " digest, lat,"
            " battery_v, ignition, can) VALUES"
            f" (1, 0, 1, {DATED_MS}, false, {RECEIVED_MS}, 60000, 7, 41.3, 3.9, true,"
            ' \'{"odo_km":120.5,"rpm":800.0,"dtc":["P0300"]}\'),'
            f" (1, 1, 1, {DATED_MS + 10_000}, true, {RECEIVED_MS}, 70000, 7, NULL, NULL, NULL, NULL),"
            f" (1, 2, 1, NULL, false, {RECEIVED_MS}, 80000, 7, NULL, NULL, NULL, NULL)"
        )
    return app


def _rows(app: App, columns: str) -> list[tuple[object, ...]]:
    at = "" if app.telemetry.dialect == "sqlite" else "telemetry."
    with app.telemetry.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM {at}sample ORDER BY seq")]  # noqa: S608


def test_samples_are_carried_over_and_back(old: App) -> None:
    before = _rows(old, "seq, event_ms, dated_by_up, lat, battery_v, ignition")
    move("telemetry", old.telemetry, "head")
    assert _rows(old, "seq, event_ms, dated, lat, can_odo_km") == [
        (0, DATED_MS, 0, 41.3, 120.5),
        (1, DATED_MS + 10_000, 1, None, None),
        (2, RECEIVED_MS, 2, None, None),
    ]
    ((more,), *others) = _rows(old, "more")
    assert (more, others) == ('{"vbat":3.9,"can":{"rpm":800.0,"dtc":["P0300"]}}', [(None,), (None,)])
    move("telemetry", old.telemetry, BEFORE)
    assert _rows(old, "seq, event_ms, dated_by_up, lat, battery_v, ignition") == [
        *before[:2],
        (2, None, before[1][2], None, None, None),
    ]
    ((can,), *_) = _rows(old, "can")
    assert can == '{"odo_km":120.5,"rpm":800.0,"dtc":["P0300"]}'
    old.close()
