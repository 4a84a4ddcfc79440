"""Imports meter readings, recognised by asset, meter and moment."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from assets.core.clock import day_start
from assets.core.errors import FieldError, InvalidInput, NotFound, invalid
from assets.core.i18n import msg
from assets.custody.service.use import MeterShown, record_meter_reading, usual_meter
from assets.exchange.imports.work import Outcome, Thing, Work, differences, required
from assets.exchange.tables import SheetRow
from assets.labels.token import CodeError, format_code, parse_code
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, Label, Meter, MeterReading
from assets.registry.rules.meters import MAX_VALUE, check_kind
from assets.registry.rules.values import ValueRefused, read_date, read_decimal
from assets.registry.scope import assets_for
from assets.registry.service.timeline import Occurrence

COLUMNS = ("code", "meter", "value", "occurred_at")
REQUIRED = ("code", "value", "occurred_at")


def code_of(row: SheetRow, column: str) -> str:
    """The canonical label code in a cell; `InvalidInput` naming the column otherwise."""
    try:
        return parse_code(row.text(column))
    except CodeError as error:
        if error.reason == "mistyped":
            words = msg("This label code is mistyped: its check character does not fit.")
            raise invalid(column, words, code="label_mistyped") from error
        raise invalid(
            column, msg("This is not a label code; it looks like XXXXX-XXXXX."), code="not_a_label"
        ) from error


def assets_by_code(work: Work, column: str) -> dict[str, Asset]:
    """The assets within reach that the codes of these rows lead to, found in one query."""
    codes: set[str] = set()
    for row in work.rows:
        try:
            codes.add(parse_code(row.text(column)))
        except CodeError:
            continue
    found = work.session.execute(
        select(Label.code, Asset)
        .join(Asset, Label.asset_id == Asset.id)
        .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
        .where(Label.code.in_(codes), assets_for(work.actor, Permission.ASSET_READ))
    )
    return {code: asset for code, asset in found}  # noqa: C416  # rows are no pairs to mypy


def asset_named(known: dict[str, Asset], row: SheetRow, column: str) -> Asset:
    """The asset that a row names; the same words whether it is unknown or out of reach."""
    asset = known.get(code_of(row, column))
    if asset is None:
        words = msg("There is no such item, or it is not yours to see.")
        raise NotFound(words, fields=[FieldError(column, words, "not_found")])
    return asset


class Readings:
    """Takes one row after the other."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.assets = assets_by_code(work, "code")

    def __call__(self, row: SheetRow) -> Outcome:
        work = self.work
        required(row, *REQUIRED)
        asset = asset_named(self.assets, row, "code")
        kind = check_kind(row.text("meter")) if row.text("meter") else usual_meter(asset)
        try:
            value = read_decimal(row.text("value"), 3, MAX_VALUE)
        except ValueRefused as error:
            raise InvalidInput(error.message, fields=[error.for_field("value")]) from error
        at = moment_in(work, row, "occurred_at")
        label = f"{format_code(asset.code)} {kind}"
        work.first_of("occurred_at", row.number, asset.code, kind, at.isoformat())
        recorded = work.session.scalar(
            select(MeterReading.value)
            .join(Meter)
            .where(
                Meter.asset_id == asset.id,
                Meter.kind == kind,
                MeterReading.at == at,
                MeterReading.annulled_at.is_(None),
            )
            .order_by(MeterReading.id.desc())
            .limit(1)
        )
        if recorded is not None:
            differences([("value", value, recorded)])
            return Outcome("known", label, asset.code)
        told = Occurrence(at, work.now, noted=work.told)
        event = record_meter_reading(work.session, work.actor, asset, MeterShown(value, kind), told)
        return Outcome("new", label, asset.code, things=(Thing("reading", event.id),))


def moment_in(work: Work, row: SheetRow, column: str) -> datetime:
    """The cell as a moment: RFC 3339, a local time, or a local day (its first moment); not in the future."""
    text = row.text(column)
    try:
        at = datetime.fromisoformat(text) if len(text) > 10 else day_start(read_date(text), work.zone)
    except ValueRefused as error:
        raise InvalidInput(error.message, fields=[error.for_field(column)]) from error
    except ValueError as error:
        words = msg("%(text)s is not a time; write 2026-11-21T08:30:00Z.", text=text[:40])
        raise invalid(column, words) from error
    at = (at if at.tzinfo else at.replace(tzinfo=work.zone)).astimezone(UTC)
    if at > work.now:
        raise invalid(column, msg("This lies in the future."), code="in_the_future")
    return at
