"""Ingest on SQLite: one statement with many tuples; a list of keys travels as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from assets.telemetry.ingest.boots import BOOT_COLUMNS
from assets.telemetry.ingest.devices import DEVICE_COLUMNS
from assets.telemetry.ingest.engines.columns import (
    ASIDE,
    ASIDE_AGAIN,
    BOOT,
    DEVICE,
    OCCURRENCE,
    RESULT,
    Rows,
    marks,
    names,
)
from assets.telemetry.ingest.rows import SAMPLE_COLUMNS, Row


class Sqlite:
    """The statements, on a connection whose writing transaction has begun."""

    _LOCK = "SELECT tracker_id, version FROM device WHERE tracker_id IN (SELECT value FROM json_each(?))"
    _DEVICES = f"SELECT {names(DEVICE)} FROM device WHERE tracker_id IN (SELECT value FROM json_each(?))"  # noqa: S608
    _BOOTS = (
        f"SELECT {names(BOOT)} FROM boot WHERE (device_id, life, boot) IN"  # noqa: S608
        " (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))"
    )
    _LIFE = f"SELECT {names(BOOT)} FROM boot WHERE device_id = ? AND life = ? AND boot <= ? ORDER BY boot"  # noqa: S608
    _SAMPLES = (
        f"SELECT {names(SAMPLE_COLUMNS)} FROM sample WHERE (boot_id, seq) IN"  # noqa: S608
        " (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
    )
    _ADD = (
        f"INSERT INTO sample ({names(SAMPLE_COLUMNS)}) VALUES ({marks(SAMPLE_COLUMNS, '?')})"  # noqa: S608
        " ON CONFLICT DO NOTHING"
    )
    _PUT_DEVICE = (
        f"UPDATE device SET version = version + 1, {', '.join(f'{c} = ?' for c in DEVICE_COLUMNS)} WHERE id = ?"  # noqa: S608
    )
    _PUT_BOOT = f"UPDATE boot SET {', '.join(f'{c} = ?' for c in BOOT_COLUMNS)} WHERE id = ?"  # noqa: S608
    _SET_ASIDE = (
        f"INSERT INTO set_aside ({names(ASIDE)}) VALUES ({marks(ASIDE, '?')})"  # noqa: S608
        + ASIDE_AGAIN
    )

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.exec_driver_sql(statement, rows)

    def _all(self, statement: str, *values: Any) -> Rows:
        return [tuple(row) for row in self._connection.exec_driver_sql(statement, values)]

    def lock(self, trackers: list[str]) -> Rows:
        # The whole database is ours: writing transactions begin IMMEDIATE.
        return self._all(self._LOCK, _json(trackers))

    def devices(self, trackers: list[str]) -> Rows:
        self._many(
            "INSERT INTO device (tracker_id) VALUES (?) ON CONFLICT DO NOTHING", [(tracker,) for tracker in trackers]
        )
        return self._all(self._DEVICES, _json(trackers))

    def boots(self, keys: Rows, now_ms: int) -> Rows:
        self._many(
            "INSERT INTO boot (device_id, life, boot, stored, aside, gone, given_up, asked, beyond, recovered,"
            " first_heard_ms) VALUES (?, ?, ?, '[]', '[]', '[]', '[]', '[]', -1, 0, ?) ON CONFLICT DO NOTHING",
            [(*key, now_ms) for key in keys],
        )
        return self._all(self._BOOTS, _json(keys))

    def boots_of_life(self, device_id: int, life: str, boot: int) -> Rows:
        return self._all(self._LIFE, device_id, life, boot)

    def samples(self, keys: Rows) -> Rows:
        return self._all(self._SAMPLES, _json(keys))

    def add_samples(self, rows: Sequence[Row]) -> None:
        self._many(self._ADD, rows)

    def put_devices(self, rows: Rows) -> None:
        self._many(self._PUT_DEVICE, [(*row[1:], row[0]) for row in rows])

    def put_boots(self, rows: Rows) -> None:
        self._many(self._PUT_BOOT, [(*row[1:], row[0]) for row in rows])

    def set_aside(self, rows: Rows) -> None:
        # As the column type writes a moment in SQLite: UTC without a zone.
        moments = [(row[0], *(f"{at:%Y-%m-%d %H:%M:%S.%f}" for at in row[1:3]), *row[3:]) for row in rows]
        self._many(self._SET_ASIDE, moments)

    def add_occurrences(self, rows: Rows) -> None:
        self._many(f"INSERT INTO occurrence ({names(OCCURRENCE)}) VALUES ({marks(OCCURRENCE, '?')})", rows)  # noqa: S608

    def add_results(self, rows: Rows) -> None:
        self._many(
            f"INSERT INTO command_result ({names(RESULT)}) VALUES ({marks(RESULT, '?')}) ON CONFLICT DO NOTHING",  # noqa: S608
            rows,
        )


def _json(values: object) -> str:
    return msgspec.json.encode(values).decode()
