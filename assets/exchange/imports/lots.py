"""Imports lots of consumables, recognised by unit, class, item and lot number."""

from __future__ import annotations

from assets.core.clock import local_date
from assets.exchange.imports.work import Outcome, Thing, Work, differences
from assets.exchange.tables import SheetRow
from assets.people.rules import Permission
from assets.registry.rules.stock import LOT_FIELDS, check_days, parse_lot
from assets.registry.scope import require_unit
from assets.registry.service.references import class_by_code
from assets.registry.service.stock import lot_of, receive_lot

COLUMNS = tuple(LOT_FIELDS)
REQUIRED = tuple(name for name, field in LOT_FIELDS.items() if field.required)
_COMPARED = ("counted_in", "expires_on", "received_on")


class Lots:
    """Takes one row after the other. How much is left now is no difference to the sheet."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def __call__(self, row: SheetRow) -> Outcome:
        work = self.work
        draft = parse_lot({key: text for key, text in row.cells.items() if text})
        label = f"{draft.item} {draft.lot_number}"
        unit = work.unit(draft.unit)
        require_unit(work.actor, Permission.STOCK_WRITE, unit)
        check_days(draft, local_date(work.now, work.zone))
        work.first_of("lot_number", row.number, unit.code, draft.class_code, draft.item, draft.lot_number)
        lot = lot_of(work.session, unit.id, class_by_code(work.session, draft.class_code), draft)
        if lot is not None and lot.annulled_at is None:
            given = [(name, getattr(draft, name), getattr(lot, name)) for name in _COMPARED if row.text(name)]
            differences(given)
            return Outcome("known", label)
        lot = receive_lot(work.session, work.actor, draft, work.now)
        return Outcome("new", label, things=(Thing("lot", str(lot.id)),))
