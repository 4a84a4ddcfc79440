"""Ingest on PostgreSQL: samples by COPY into a stage and on into their months, the rest by one array a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from assets.telemetry.ingest.boots import BOOT_COLUMNS
from assets.telemetry.ingest.devices import DEVICE_COLUMNS
from assets.telemetry.ingest.engines.columns import (
    ASIDE,
    ASIDE_AGAIN,
    BOOT,
    DEVICE,
    FRESH_BOOT,
    OCCURRENCE,
    RESULT,
    Rows,
    marks,
    names,
)
from assets.telemetry.ingest.rows import SAMPLE_COLUMNS, Row
from assets.telemetry.months import month_of
from assets.telemetry.partitions import make_months

_EVENT_MS = SAMPLE_COLUMNS.index("event_ms")
_TYPES = {
    "id": "bigint", "device_id": "int", "boot_id": "int", "seq": "bigint", "boot": "int", "life": "text",
    "first_ms": "bigint", "last_ms": "bigint", "day": "date", "first_heard_ms": "bigint", "tracker_id": "text",
    "stored": "bigint", "set_aside": "bigint", "heard_ms": "bigint", "hello_ms": "bigint", "event_ms": "bigint",
    "ignition": "bool", "speed_kmh": "float8", "heading_deg": "float8", "vehicle_v": "float8", "battery_v": "float8",
    "signal_dbm": "float8", "position_ms": "bigint", "lat": "float8", "lon": "float8", "conn": "int",
    "online": "bool", "reset": "text", "firmware": "text", "hardware": "text", "digest": "text",
    "received_at": "timestamptz", "last_received_at": "timestamptz", "topic": "text", "reason": "text",
    "times": "int", "raw": "bytea", "word": "text", "dated": "smallint", "received_ms": "bigint",
    "command_id": "text", "ok": "bool", "why": "text",
}  # fmt: skip
_BOOT_TYPES = dict(
    zip(
        BOOT_COLUMNS,
        ("text", "text", "text", "text", "text", "bigint", "bigint", "bigint", "smallint", "bool", "bool", "bool",
         "bigint"),
        strict=True,
    )
) | {"id": "bigint"}  # fmt: skip


def _arrays(columns: Sequence[str], types: dict[str, str] = _TYPES) -> str:
    """A table of values that travel as one array for each column."""
    return f"unnest({', '.join(f'%s::{types[c]}[]' for c in columns)}) AS v({names(columns)})"


class Postgresql:
    """The statements, on a connection whose transaction has begun."""

    _FEW = 20
    """Below so many rows the stage costs more than it brings (measured)."""

    _LOCK = "SELECT tracker_id, version FROM telemetry.device WHERE tracker_id = ANY(%s) ORDER BY id FOR UPDATE"
    _DEVICES = f"SELECT {names(DEVICE)} FROM telemetry.device WHERE tracker_id = ANY(%s) ORDER BY id FOR UPDATE"  # noqa: S608
    _BOOTS = (
        f"SELECT {names(BOOT)} FROM telemetry.boot WHERE (device_id, life, boot) IN"  # noqa: S608
        f" (SELECT * FROM {_arrays(('device_id', 'life', 'boot'))})"
    )
    _LIFE = (
        f"SELECT {names(BOOT)} FROM telemetry.boot"  # noqa: S608
        " WHERE device_id = %s AND life = %s AND boot <= %s ORDER BY boot"
    )
    _SAMPLES = (
        f"SELECT {names(SAMPLE_COLUMNS)} FROM telemetry.sample WHERE (boot_id, seq) IN"  # noqa: S608
        f" (SELECT * FROM {_arrays(('boot_id', 'seq'))})"
    )
    _ADD = (
        f"INSERT INTO telemetry.sample ({names(SAMPLE_COLUMNS)})"  # noqa: S608
        f" VALUES ({marks(SAMPLE_COLUMNS, '%s')}) ON CONFLICT DO NOTHING"
    )
    _STAGE = (
        "CREATE TEMPORARY TABLE IF NOT EXISTS sample_stage (LIKE telemetry.sample) ON COMMIT DELETE ROWS",
        f"COPY pg_temp.sample_stage ({names(SAMPLE_COLUMNS)}) FROM STDIN",
        (
            f"INSERT INTO telemetry.sample ({names(SAMPLE_COLUMNS)})"  # noqa: S608
            f" SELECT {names(SAMPLE_COLUMNS)} FROM pg_temp.sample_stage ON CONFLICT DO NOTHING"
        ),
    )
    _PUT_DEVICE = (
        f"UPDATE telemetry.device AS d SET version = d.version + 1,"  # noqa: S608
        f" {', '.join(f'{c} = v.{c}' for c in DEVICE_COLUMNS)}"
        f" FROM {_arrays(('id', *DEVICE_COLUMNS))} WHERE d.id = v.id"
    )
    _PUT_BOOT = (
        f"UPDATE telemetry.boot AS b SET {', '.join(f'{c} = v.{c}' for c in BOOT_COLUMNS)}"  # noqa: S608
        f" FROM {_arrays(('id', *BOOT_COLUMNS), _BOOT_TYPES)} WHERE b.id = v.id"
    )
    _SET_ASIDE = (
        f"INSERT INTO telemetry.set_aside ({names(ASIDE)}) SELECT * FROM {_arrays(ASIDE)}"  # noqa: S608
        + ASIDE_AGAIN
    )

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _arrayed(self, statement: str, rows: Rows) -> Rows:
        """Runs a statement whose values are arrays, one for each column of `rows`."""
        if not rows:
            return []
        result = self._connection.exec_driver_sql(statement, tuple(list(column) for column in zip(*rows, strict=True)))
        return [tuple(row) for row in result] if result.returns_rows else []

    def _all(self, statement: str, *values: Any) -> Rows:
        return [tuple(row) for row in self._connection.exec_driver_sql(statement, values)]

    def lock(self, trackers: list[str]) -> Rows:
        return self._all(self._LOCK, trackers)

    def devices(self, trackers: list[str]) -> Rows:
        self._arrayed(
            f"INSERT INTO telemetry.device (tracker_id) SELECT * FROM {_arrays(('tracker_id',))}"  # noqa: S608
            " ON CONFLICT DO NOTHING",
            [(tracker,) for tracker in trackers],
        )
        return self._all(self._DEVICES, trackers)

    def boots(self, keys: Rows, now_ms: int) -> Rows:
        self._arrayed(
            "INSERT INTO telemetry.boot (device_id, life, boot, stored, aside, gone, given_up, asked, beyond,"  # noqa: S608
            " recovered, first_heard_ms) SELECT device_id, life, boot, '[]', '[]', '[]', '[]', '[]', -1, 0,"
            f" first_heard_ms FROM {_arrays(FRESH_BOOT)} ON CONFLICT DO NOTHING",
            [(*key, now_ms) for key in keys],
        )
        return self._arrayed(self._BOOTS, keys)

    def boots_of_life(self, device_id: int, life: str, boot: int) -> Rows:
        return self._all(self._LIFE, device_id, life, boot)

    def samples(self, keys: Rows) -> Rows:
        return self._arrayed(self._SAMPLES, keys)

    def add_samples(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        self._make_months(rows)
        if len(rows) < self._FEW:
            self._connection.exec_driver_sql(self._ADD, list(rows))
            return
        make, copy, move = self._STAGE
        self._connection.exec_driver_sql(make)
        driver = self._connection.connection.cursor()
        try:
            with driver.copy(copy) as target:
                for row in rows:
                    target.write_row(row)
        finally:
            driver.close()
        self._connection.exec_driver_sql(move)

    def _make_months(self, rows: Sequence[Row]) -> None:
        """Makes the months that the rows need."""
        moments = [row[_EVENT_MS] for row in rows]
        months = {month_of(min(moments)), month_of(max(moments))}
        if len(months) > 1:
            months = {month_of(moment) for moment in moments}
        make_months(self._connection, months)

    def put_devices(self, rows: Rows) -> None:
        self._arrayed(self._PUT_DEVICE, rows)

    def put_boots(self, rows: Rows) -> None:
        self._arrayed(self._PUT_BOOT, rows)

    def set_aside(self, rows: Rows) -> None:
        self._arrayed(self._SET_ASIDE, rows)

    def add_occurrences(self, rows: Rows) -> None:
        self._arrayed(
            f"INSERT INTO telemetry.occurrence ({names(OCCURRENCE)}) SELECT * FROM {_arrays(OCCURRENCE)}",  # noqa: S608
            rows,
        )

    def add_results(self, rows: Rows) -> None:
        self._arrayed(
            f"INSERT INTO telemetry.command_result ({names(RESULT)}) SELECT * FROM {_arrays(RESULT)}"  # noqa: S608
            " ON CONFLICT DO NOTHING",
            rows,
        )
