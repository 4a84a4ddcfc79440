"""How fast the pages of a large register answer, and with how many statements, through the real application."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

from sqlalchemy import Engine, event

from assets.bench.programme import SETUP, Entered, Programme, fill_register, make_programme, temporary_app
from assets.bench.sizes import size
from assets.core.app import App
from assets.labels.token import format_code
from assets.maintenance.service import adopt_default_plans
from assets.people import service
from assets.people.rules import Role
from assets.registry.models import Asset
from assets.registry.service.timeline import happening_now, record
from assets.web import create_app

ASSETS = 50_000
REQUESTS = 60
SIGHTINGS = 20
LOGIN, PASSWORD = "coordinator", "Oʻlchov-paroli-2026"  # the account lives in a temporary database
_TRANSACTIONS = {"BEGIN", "PRAGMA", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}
_NOT_COUNTED = 2

Asked = tuple[str, str]
"""An address, and what its answer must contain: an empty page would be fast and prove nothing."""


def measure() -> dict[str, object]:
    """For each kind of page of a register of `BENCH_ASSETS`: p50 and p95 of `BENCH_REQUESTS` in milliseconds, p95 of
    processor time (which a busy machine changes less), and the most statements that one of them took."""
    count, requests = size("BENCH_ASSETS", ASSETS), size("BENCH_REQUESTS", REQUESTS)
    with temporary_app() as app:
        now = app.clock()
        made = make_programme(app, now - timedelta(days=400))
        entered = fill_register(app, made, count, now - timedelta(days=399))
        often = entered[:: max(1, count // requests)][:requests]
        _live_with(app, often, now)
        token = add_account(app, now)
        signed_in = sign_in(create_app(app))
        by_token = {"headers": {"Authorization": f"Bearer {token}"}}
        found: dict[str, object] = {"assets": count, "requests": requests}
        for name, asked, options in (
            ("first_page", [("/assets", "/assets/")], {}),
            ("filtered", _filtered(often), {}),
            ("search_serial", _serials(often), {}),
            ("search_cyrillic", _names(made, often), {}),
            ("asset_page", [(f"/assets/{a.code}", format_code(a.code)) for a in often], {}),
            ("api_list", _api(often), by_token),
        ):
            found |= ask(name, signed_in, app.main.engine, asked, requests, options)
    return found


def _filtered(often: Sequence[Entered]) -> list[Asked]:
    return [(f"/assets?class={a.class_code}&unit={a.unit_code}", "/assets/") for a in often]


def _serials(often: Sequence[Entered]) -> list[Asked]:
    # Seven characters out of the middle, with the hyphen that people leave in.
    return [(f"/assets?query={a.serial_number[5:14]}", format_code(a.code)) for a in often]


def _names(made: Programme, often: Sequence[Entered]) -> list[Asked]:
    found = dict.fromkeys(a.unit_code for a in often)
    return [(f"/assets?query={made.cyrillic[code].lower()}", made.units[code].name) for code in found]


def _api(often: Sequence[Entered]) -> list[Asked]:
    whole = [("/api/v1/assets?limit=50", '"code"')]
    return whole + [(f"/api/v1/assets?unit={a.unit_code}&sort=-value&limit=50", a.unit_code) for a in often]


def _live_with(app: App, often: Sequence[Entered], now: datetime) -> None:
    """Plans and a history on those whose pages are opened, through the services, so that the pages have work."""
    with app.transaction(SETUP, now) as session:
        for entered in often:
            asset = session.get_one(Asset, entered.id)
            adopt_default_plans(session, SETUP, asset, now)
            for n in range(SIGHTINGS, 0, -1):
                seen_at = now - timedelta(days=17 * n)
                record(
                    session, SETUP, asset, "sighting", happening_now(seen_at), {"note": "seen"}, grade="B", seen=True
                )


def add_account(app: App, now: datetime) -> str:
    with app.transaction(SETUP, now) as session:
        account = service.add_account(
            session, SETUP, login=LOGIN, password=PASSWORD, role=Role.COORDINATOR, scope=service.Scope(), now=now
        )
        return service.add_token(session, SETUP, account, now=now, expires_at=None)


def sign_in(web: Any) -> Any:
    client = web.test_client()
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/login").get_data(as_text=True))
    form = {"login": LOGIN, "password": PASSWORD, "csrf_token": found.group(1) if found else ""}
    answer = client.post("/login", data=form)
    if answer.status_code != 303:
        raise OSError(f"/login: signing in was answered with {answer.status_code}")
    return client


def ask(
    name: str, client: Any, engine: Engine, asked: Sequence[Asked], requests: int, options: dict[str, Any]
) -> dict[str, object]:
    times_ms: list[float] = []
    cpu_ms: list[float] = []
    most = 0
    with counted(engine) as seen:
        for number, (address, expected) in enumerate(islice(cycle(asked), requests + _NOT_COUNTED)):
            seen.clear()
            started, cpu_started = time.perf_counter(), time.process_time()
            answer = client.get(address, **options)
            text = answer.get_data(as_text=True)
            spent_ms, spent_cpu_ms = (time.perf_counter() - started) * 1000, (time.process_time() - cpu_started) * 1000
            if answer.status_code != 200 or expected not in text:
                raise OSError(f"{address}: answered {answer.status_code}, with {expected!r} not in it")
            # The first ones compile templates and statements, once in the life of a process.
            if number >= _NOT_COUNTED:
                times_ms.append(spent_ms)
                cpu_ms.append(spent_cpu_ms)
                most = max(most, len(seen))
    return {
        f"{name}_p50_ms": round(statistics.median(times_ms), 1),
        f"{name}_p95_ms": round(_p95(times_ms), 1),
        f"{name}_cpu_p95_ms": round(_p95(cpu_ms), 1),
        f"{name}_statements": most,
    }


def _p95(times_ms: Sequence[float]) -> float:
    """The smallest time that 95 % of all do not exceed (nearest rank)."""
    return sorted(times_ms)[-(-95 * len(times_ms) // 100) - 1]


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that the engine runs inside the block, beginning and ending of transactions left out."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(None, 1)[0].upper() not in _TRANSACTIONS:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
