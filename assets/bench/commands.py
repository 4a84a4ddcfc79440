"""How long a phone's queue takes to be recorded: issues and returns of a night, sent all at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from assets.bench.ingest.postgresql import running_cluster
from assets.bench.programme import SETUP, Entered, fill_register, make_programme, temporary_app
from assets.bench.readiness import adopt_plans
from assets.bench.register import add_account, counted
from assets.bench.sizes import size
from assets.core.app import App
from assets.people import service
from assets.web import create_app

ASSETS = 2_000
COMMANDS = 500
ROUNDS = 3
PERSON = "P-1"
OVERDUE = "Needed tonight"
"""Much of the register is late with its care: such an item goes out with a reason."""
PLANS_SINCE = timedelta(days=50)
_NOT_COUNTED = 10


def measure() -> dict[str, object]:
    """Seconds for `BENCH_COMMANDS` commands in one batch (median of `BENCH_ROUNDS`), and of them processor time, with
    the most statements that one command took: on SQLite and on PostgreSQL (None where it is not installed)."""
    found: dict[str, object] = {
        "assets": size("BENCH_ASSETS", ASSETS),
        "commands": size("BENCH_COMMANDS", COMMANDS, least=2),
        "rounds": size("BENCH_ROUNDS", ROUNDS),
    }
    with temporary_app() as app:
        found |= _flushed("sqlite", app)
    with running_cluster() as cluster:
        if cluster is None:
            return found | dict.fromkeys(("postgresql_seconds", "postgresql_cpu_seconds", "postgresql_statements"))
        with temporary_app(cluster.create("commands")) as app:
            found |= _flushed("postgresql", app)
    return found


def _flushed(engine: str, app: App) -> dict[str, object]:
    count, rounds = size("BENCH_COMMANDS", COMMANDS, least=2), size("BENCH_ROUNDS", ROUNDS)
    now = app.clock()
    items = _in_service(app, now)
    headers = {"Authorization": f"Bearer {add_account(app, now)}"}
    client = create_app(app).test_client()
    spent, spent_cpu, most = [], [], 0
    # The first ones compile their statements, once in the life of a process.
    _send(client, headers, _night(items, 0, _NOT_COUNTED, now))
    for number in range(rounds):
        batch = _night(items, _NOT_COUNTED + number * count, count, app.clock())
        started, cpu_started = time.perf_counter(), time.process_time()
        _send(client, headers, batch)
        spent.append(time.perf_counter() - started)
        spent_cpu.append(time.process_time() - cpu_started)
    with counted(app.main.engine) as seen:
        for one in _night(items, _NOT_COUNTED + rounds * count, 2, app.clock()):
            seen.clear()
            _send(client, headers, [one])
            most = max(most, len(seen))
    return {
        f"{engine}_seconds": round(statistics.median(spent), 2),
        f"{engine}_cpu_seconds": round(statistics.median(spent_cpu), 2),
        f"{engine}_statements": most,
    }


def _in_service(app: App, now: datetime) -> list[Entered]:
    """The register with all its plans; of it what can be issued."""
    made = make_programme(app, now - PLANS_SINCE)
    entered = fill_register(app, made, size("BENCH_ASSETS", ASSETS), now - PLANS_SINCE)
    adopt_plans(app, [item.id for item in entered])
    with app.transaction(SETUP, now) as session:
        unit = session.merge(next(iter(made.units.values())))
        service.add_person(session, SETUP, number=PERSON, unit=unit, name="Made up for measuring")
    return [item for item in entered if item.life == "in_service"]


def _night(items: Sequence[Entered], first: int, count: int, now: datetime) -> list[dict[str, Any]]:
    """Issued in the evening, brought back in the morning: so many commands, each two of an item of their own."""
    taken = [items[(first + number) % len(items)] for number in range(-(-count // 2))]
    evening, morning = now - timedelta(hours=10), now - timedelta(hours=1)
    out: dict[str, Any] = {"to": PERSON, "override_reason": OVERDUE}
    back: dict[str, Any] = {"condition": "B", "use": {"count": 2}, "note": "Cleaned"}
    commands = [
        {
            "id": str(uuid4()), "n": number, "kind": kind, "code": item.code, "data": data,
            "occurred_at": (at + timedelta(seconds=number)).isoformat(),
        }
        for kind, at, data in (("issue", evening, out), ("return", morning, back))
        for number, item in enumerate(taken)
    ]  # fmt: skip
    return commands[:count]


def _send(client: Any, headers: dict[str, str], batch: Sequence[dict[str, Any]]) -> None:
    body = {"sent_at": datetime.now(UTC).isoformat(), "commands": batch}
    answer = client.post("/api/v1/commands", json=body, headers=headers)
    if answer.status_code != 200:
        raise OSError(f"/api/v1/commands: answered {answer.status_code}")
    refused = [result for result in answer.get_json()["results"] if result["status"] != "accepted"]
    if refused:
        raise OSError(f"/api/v1/commands: {len(refused)} of {len(batch)} were refused, the first: {refused[0]}")
