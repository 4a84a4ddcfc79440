"""Imports trackers onto assets; each new one's secret stands in the report, once."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.core.errors import RuleViolation
from assets.core.i18n import msg
from assets.exchange.imports.readings import asset_named, assets_by_code, moment_in
from assets.exchange.imports.work import Outcome, Thing, Work, differences, required
from assets.exchange.tables import SheetRow
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import require_asset
from assets.telemetry import broker
from assets.telemetry.inventory import INVENTORY_FIELDS, UNIQUE, cleaned
from assets.telemetry.models import Tracker, TrackerInstallation
from assets.telemetry.provisioning import add_tracker

COLUMNS = ("id", "asset", "since", "guest", "account", "device", *INVENTORY_FIELDS)
REQUIRED = ("id", "asset")


class Trackers:
    """Takes one row after the other."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.assets = assets_by_code(work, "asset")

    def __call__(self, row: SheetRow) -> Outcome:
        work = self.work
        required(row, *REQUIRED)
        tracker = row.text("id")
        work.first_of("id", row.number, tracker)
        asset = asset_named(self.assets, row, "asset")
        work.first_of("asset", row.number, asset.code)
        require_asset(work.actor, Permission.TRACKER_MANAGE, asset)
        details = {name: row.text(name) for name in INVENTORY_FIELDS if row.text(name)}
        for name in UNIQUE:
            if details.get(name):
                work.first_of(name, row.number, cleaned({name: details[name]})[name])
        known = work.session.get(Tracker, tracker)
        if known is None:
            kind = row.text("guest") or "native"
            since = moment_in(work, row, "since") if row.text("since") else None
            made = add_tracker(
                work.session, tracker, asset, work.now, kind=kind, since=since, details=details,
                account=row.text("account"), device=row.text("device"),
            )  # fmt: skip
            return Outcome("new", tracker, asset.code, secret=made.secret, things=(Thing("tracker", tracker),))
        if known.revoked_at is not None:
            raise RuleViolation(msg("The tracker %(id)s was revoked; give it a new secret first.", id=tracker))
        differences(
            [
                ("asset", format_code(asset.code), _carrier(work.session, tracker)),
                *((name, text, getattr(known, name)) for name, text in cleaned(details).items()),
            ]
        )
        return Outcome("known", tracker, asset.code)


def _carrier(session: Session, tracker: str) -> str:
    code = session.scalar(
        select(Asset.code)
        .join(TrackerInstallation, TrackerInstallation.asset_id == Asset.id)
        .where(TrackerInstallation.tracker_id == tracker, TrackerInstallation.ended_at.is_(None))
    )
    return format_code(code) if code else ""


def tell_broker(app: App) -> None:
    """Let the new trackers in."""
    broker.refresh(app)
