"""How fast readiness answers for a whole programme: the page, the program's call and the coordinator's first page."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from assets.bench.programme import SETUP, fill_register, make_programme, temporary_app
from assets.bench.register import add_account, ask, sign_in
from assets.bench.sizes import size
from assets.calibration import service as calibration
from assets.core.app import App
from assets.fitness.readiness import STATES
from assets.maintenance import service as maintenance
from assets.registry.models import Asset
from assets.web import create_app

ASSETS = 2_000
REQUESTS = 40
AT_ONCE = 200
# Long enough that much of the care is due or late: what is in date is not even read.
PLANS_SINCE = timedelta(days=50)


def measure() -> dict[str, object]:
    """For readiness of `BENCH_ASSETS` items with all plans of their classes: p50 and p95 of `BENCH_REQUESTS` in
    milliseconds, p95 of processor time (which a busy machine changes less), and the most statements that one took."""
    count, requests = size("BENCH_ASSETS", ASSETS), size("BENCH_REQUESTS", REQUESTS)
    with temporary_app() as app:
        now = app.clock()
        made = make_programme(app, now - PLANS_SINCE)
        entered = fill_register(app, made, count, now - PLANS_SINCE)
        adopt_plans(app, [item.id for item in entered])
        token = add_account(app, now)
        signed_in = sign_in(create_app(app))
        by_token = {"headers": {"Authorization": f"Bearer {token}"}}
        unit = entered[0].unit_code
        found: dict[str, object] = {"assets": count, "requests": requests}
        for name, address, expected, options in (
            ("page", "/readiness", "/readiness/items?", {}),
            ("one_unit", f"/readiness?unit={unit}", "/readiness/items?", {}),
            ("items", "/readiness/items?state=blocked", "/assets/", {}),
            ("api", "/api/v1/readiness?limit=500", f'"{STATES[0]}"', by_token),
            ("home", "/", "/readiness?unit=", {}),
        ):
            found |= ask(name, signed_in, app.main.engine, [(address, expected)], requests, options)
    return found


def adopt_plans(app: App, ids: list[int]) -> None:
    """Every item gets the care and calibration of its class, through the services."""
    since = app.clock() - PLANS_SINCE
    for first in range(0, len(ids), AT_ONCE):
        with app.transaction(SETUP, since) as session:
            for asset in session.scalars(select(Asset).where(Asset.id.in_(ids[first : first + AT_ONCE]))):
                maintenance.adopt_default_plans(session, SETUP, asset, since)
                calibration.adopt_default_plans(session, SETUP, asset, since)
