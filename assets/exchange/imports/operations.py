"""Imports operations, recognised by their code; several rows with one code are several seizures of one operation."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import msg
from assets.exchange.imports.work import Outcome, Thing, Work, differences, required
from assets.exchange.tables import SheetRow
from assets.operations.models import Operation
from assets.operations.queries import known_to
from assets.operations.rules.fields import OPERATION_FIELDS, OperationDraft, parse_operation
from assets.operations.service import record_operation
from assets.operations.service.reinstate import reinstate_operation
from assets.people.rules import Permission
from assets.registry.scope import require_unit

_SEIZURE = ("substance", "quantity", "quantity_unit", "seized_on", "concealment")
COLUMNS = (*OPERATION_FIELDS, *_SEIZURE)
REQUIRED = ("code", "kind", "unit", "starts_on")
_COMPARED = ("kind", "delivery", "starts_on", "ends_on", "arrests", "searches", "finds")


class Operations:
    """Takes one row after the other; the first row with a code brings those that follow it."""

    def __init__(self, work: Work) -> None:
        self.work = work
        groups: dict[str, list[SheetRow]] | None = work.shared.get("operations")
        if groups is None:
            groups = work.shared["operations"] = defaultdict(list)
            for row in work.all_rows:
                groups[row.text("code").upper()].append(row)
        self.groups = groups

    def __call__(self, row: SheetRow) -> Outcome:
        required(row, "code")
        code = row.text("code")
        first, *others = self.groups[code.upper()]
        if row.number != first.number:
            return self._follows(row, first)
        required(row, *REQUIRED)
        draft = parse_operation(self._values(first, others))
        unit = self.work.unit(draft.unit)
        require_unit(self.work.actor, Permission.OPERATION_WRITE, unit)
        known = self._known(code)
        if known is None:
            made = record_operation(self.work.session, self.work.actor, draft, self.work.now)
            self.work.seen["operation", code.upper()] = 1
            return Outcome("new", code, things=(Thing("operation", made.code),))
        _compare(draft, known)
        if known.annulled_at is None:
            self.work.seen["operation", code.upper()] = 0
            return Outcome("known", code)
        reinstate_operation(self.work.session, self.work.actor, known, self.work.now)
        self.work.seen["operation", code.upper()] = 1
        return Outcome("new", code, things=(Thing("operation", known.code),))

    def _follows(self, row: SheetRow, first: SheetRow) -> Outcome:
        """A further row of an operation: taken with its first one, or refused with it."""
        taken = self.work.seen.get(("operation", row.text("code").upper()))
        if taken is None:
            words = msg("Row %(row)s of the same operation has an error.", row=first.number)
            raise InvalidInput(words, fields=[FieldError("code", words, "first_row_refused")])
        differences([(name, row.text(name), first.text(name)) for name in REQUIRED if row.text(name)])
        return Outcome("new" if taken else "known", row.text("code"))

    def _values(self, first: SheetRow, others: list[SheetRow]) -> dict[str, object]:
        values: dict[str, object] = {key: text for key, text in first.cells.items() if text and key not in _SEIZURE}
        seizures = [found for row in (first, *others) if (found := _seizure(row))]
        if seizures and "seizures" in values:
            words = msg(
                "Say seizures in one cell, or in the columns substance, quantity and quantity_unit: not in both."
            )
            raise InvalidInput(words, fields=[FieldError("seizures", words, "given_twice")])
        return values | ({"seizures": seizures} if seizures else {})

    def _known(self, code: str) -> Operation | None:
        """The operation of this code; one that the actor may not know of is not compared: its code is simply taken."""
        return self.work.session.scalar(
            select(Operation)
            .options(joinedload(Operation.unit))
            .where(func.upper(Operation.code) == code.upper(), known_to(self.work.actor))
        )


def _seizure(row: SheetRow) -> dict[str, object]:
    item = {
        name: row.text(column)
        for name, column in (("substance", "substance"), ("quantity", "quantity"), ("unit", "quantity_unit"))
        if row.text(column)
    }
    more = {name: row.text(name) for name in ("seized_on", "concealment") if row.text(name)}
    return {"items": [item], **more} if item or more else {}


def _compare(draft: OperationDraft, known: Operation) -> None:
    pairs: list[tuple[str, object, object]] = [("unit", draft.unit, known.unit.code)]
    pairs += [(name, getattr(draft, name), getattr(known, name)) for name in _COMPARED if name in draft]
    differences(pairs)
