"""Checks the lines of a round before anything is written: every cell that is wrong is named, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import Conflict, FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.handover.queries import models_by_fold
from assets.handover.rules import LineDraft, check_size, in_row, read_line
from assets.people.models import Organisation, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, EquipmentClass, EquipmentModel
from assets.registry.rules.asset_fields import ASSET_FIELDS
from assets.registry.rules.folding import fold_identifier, fold_text
from assets.registry.rules.values import ValueRefused
from assets.registry.scope import assets_for, require_unit
from assets.registry.service.duplicates import duplicate


@dataclass(frozen=True)
class CheckedLine:
    """A line with the rows that it names; `model` None where the model is new or not given."""

    draft: LineDraft
    equipment_class: EquipmentClass
    model: EquipmentModel | None
    unit: Unit
    agency: Organisation | None

    @property
    def identifier(self) -> str:
        """The field of the asset that its numbers are: a vehicle is known by its VIN."""
        return "vin" if self.equipment_class.is_vehicle else "serial_number"


def check_lines(session: Session, actor: Actor, raw_lines: Sequence[Mapping[str, object]]) -> list[CheckedLine]:
    """The lines, read and looked up.

    `InvalidInput` names every cell that is wrong by its field and row (lines count from 1); `Conflict` (duplicate) when
    nothing is wrong but numbers that another line or the register has; `NotAllowed` for a unit outside the reach.
    """
    errors: list[FieldError] = []
    drafts: list[LineDraft] = []
    for number, raw in enumerate(raw_lines, start=1):
        try:
            drafts.append(read_line(raw, number))
        except InvalidInput as error:
            errors += error.fields
    check_size(sum(draft.quantity for draft in drafts), len(raw_lines))
    found = _Rows(session)
    lines = []
    for draft in drafts:
        line, wrong = found.look_up(draft)
        errors += [in_row(each, draft.number) for each in wrong]
        if line is not None:
            lines.append(line)
    require_unit(actor, Permission.BATCH_WRITE, *(line.unit for line in lines))
    errors += _vin_errors(lines)
    errors += _duplicates(session, actor, lines)
    if errors:
        errors.sort(key=lambda error: error.row or 0)
        kind = Conflict if all(error.code == "duplicate" for error in errors) else InvalidInput
        raise kind(errors[0].message, code=errors[0].code if kind is Conflict else None, fields=errors)
    return lines


class _Rows:
    """Everything that lines may name, read once."""

    def __init__(self, session: Session) -> None:
        self.classes = {row.code: row for row in session.scalars(select(EquipmentClass))}
        self.units = {row.code: row for row in session.scalars(select(Unit).options(joinedload(Unit.region)))}
        self.organisations = {row.code: row for row in session.scalars(select(Organisation))}
        self.models = [(fold_text(row.full_name), fold_text(row.name), row) for row in models_by_fold(session)]

    def look_up(self, draft: LineDraft) -> tuple[CheckedLine | None, list[FieldError]]:
        errors: list[FieldError] = []
        unit = self.units.get(draft.unit)
        if unit is None:
            errors.append(FieldError("unit", msg("No unit has the code %(code)s.", code=draft.unit), "unknown_unit"))
        agency = self.organisations.get(draft.agency)
        if draft.agency and (agency is None or agency.kind != "agency"):
            errors.append(
                FieldError("agency", msg("No agency has the code %(code)s.", code=draft.agency), "not_an_agency")
            )
        of_class = self.classes.get(draft.class_code)
        if draft.class_code and of_class is None:
            words = msg("The class %(code)s is not set up yet.", code=draft.class_code)
            errors.append(FieldError("class", words, "unknown_class"))
            return None, errors
        model = self._model(draft.model, of_class)
        if model is not None and of_class is not None and model.class_id != of_class.id:
            words = msg(
                "%(name)s is a model of the class %(other)s.", name=model.full_name, other=model.equipment_class.code
            )
            errors.append(FieldError("model", words, "model_of_other_class"))
        of_class = of_class or (model.equipment_class if model is not None else None)
        if of_class is None:
            errors.append(FieldError("class", msg("This model is new: say of which class it is."), "required"))
        if errors or unit is None or of_class is None:
            return None, errors
        return CheckedLine(draft, of_class, model, unit, agency), []

    def _model(self, text: str, of_class: EquipmentClass | None) -> EquipmentModel | None:
        """As `model_named` finds it: of the class by full name, then by name; else of any class by full name."""
        wanted = fold_text(text)
        if not wanted:
            return None
        own = [row for row in self.models if of_class is None or row[2].class_id == of_class.id]
        for candidates, place in ((own, 0), (own, 1), (self.models, 0)):
            for row in candidates:
                if row[place] == wanted:
                    return row[2]
        return None


def _vin_errors(lines: Iterable[CheckedLine]) -> Iterable[FieldError]:
    for line in lines:
        for text in line.draft.serials:
            try:
                ASSET_FIELDS[line.identifier].read(text)
            except ValueRefused as error:
                yield in_row(error.for_field("serials"), line.draft.number)


def _duplicates(session: Session, actor: Actor, lines: Sequence[CheckedLine]) -> list[FieldError]:
    """Numbers that stand twice in these lines, or that another item of the register has; look-alikes count as equal."""
    errors: list[FieldError] = []
    first: dict[tuple[str, int, str], tuple[int, str]] = {}
    for line in lines:
        for text in line.draft.serials:
            key = _key(line, text)
            if key in first:
                errors.append(FieldError("serials", _twice(text, *first[key]), "duplicate", line.draft.number))
            else:
                first[key] = (line.draft.number, text)
    known = _known_identifiers(
        session, sorted({line.equipment_class.id for line in lines}),
        [folded for field, _, folded in first if field == "serial_number"],
        [folded for field, _, folded in first if field == "vin"],
        assets_for(actor, Permission.ASSET_READ),
    )  # fmt: skip
    for class_id, serial, vin, code, visible in known:
        for field, key_class, folded in (("serial_number", class_id, serial), ("vin", 0, vin)):
            if (hit := first.get((field, key_class, folded or ""))) is not None:
                row, text = hit
                why = duplicate(field, code if visible else None).message
                errors.append(FieldError("serials", msg("%(text)s: %(why)s", text=text, why=why), "duplicate", row))
    return errors


def _known_identifiers(
    session: Session,
    class_ids: Sequence[int],
    serials: Sequence[str],
    vins: Sequence[str],
    visible: ColumnElement[bool],
) -> list[tuple[int, str | None, str | None, str, bool]]:
    """(class id, folded serial, folded VIN, label code, visible) of items that bear one of these folded numbers."""
    found = []
    for start in range(0, max(len(serials), len(vins)), 500):
        some, others = serials[start : start + 500], vins[start : start + 500]
        rows = session.execute(
            select(Asset.class_id, Asset.serial_folded, Asset.vin_folded, Asset.code, visible.label("visible")).where(
                or_(
                    and_(Asset.class_id.in_(class_ids), Asset.serial_folded.in_(some)),
                    Asset.vin_folded.in_(others),
                )
            )
        )
        found += [(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]
    return found


def _twice(text: str, row: int, other: str) -> Message:
    if text == other:
        return msg("%(text)s stands in line %(row)s already.", text=text, row=row)
    return msg("%(text)s stands in line %(row)s already, as %(other)s.", text=text, row=row, other=other)


def _key(line: CheckedLine, text: str) -> tuple[str, int, str]:
    # A VIN is one of its kind in the world, a serial number one of its class.
    class_id = 0 if line.identifier == "vin" else line.equipment_class.id
    return line.identifier, class_id, fold_identifier(text)
