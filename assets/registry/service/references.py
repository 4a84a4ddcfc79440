"""Looks up what drafts of assets name by codes: class, unit, model, batch, agency; for many drafts at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import msg
from assets.people.models import Organisation, Unit
from assets.people.queries import organisation_by_code, unit_by_code
from assets.registry.models import Asset, EquipmentClass, EquipmentModel, HandoverBatch
from assets.registry.rules.asset_fields import AssetDraft
from assets.registry.rules.folding import fold_text
from assets.registry.service.catalogue import model_named

Found = TypeVar("Found")


@dataclass(frozen=True)
class References:
    """The rows that a draft names by their codes; None where it names none.

    `new_model` is the text of a model that is not known yet: `Shelf.make_model` makes it.
    """

    equipment_class: EquipmentClass | None
    unit: Unit | None
    model: EquipmentModel | None
    batch: HandoverBatch | None
    agency: Organisation | None
    new_model: str = ""


class Shelf:
    """What some drafts may name, read in a handful of queries: five thousand rows name few units and models."""

    def __init__(self, session: Session, actor: Actor, drafts: Sequence[AssetDraft]) -> None:
        self._session, self._actor = session, actor
        self._classes = self._read(EquipmentClass, EquipmentClass.code, (d.class_code for d in drafts))
        self._units = self._read(Unit, Unit.code, (d.unit for d in drafts), Unit.region)
        self._batches = self._read(HandoverBatch, HandoverBatch.number, (d.batch for d in drafts), HandoverBatch.grant)
        self._agencies = self._read(Organisation, Organisation.code, (d.agency for d in drafts))
        self._models = _Models(session) if any(draft.model for draft in drafts) else None

    def _read(
        self, model: type[Found], key: object, wanted: Iterable[str | None], *related: object
    ) -> dict[str, Found]:
        codes = {text for text in wanted if text}
        if not codes:
            return {}
        column = key  # an InstrumentedAttribute, which mypy cannot name for every model at once
        statement = select(model).where(column.in_(codes))  # type: ignore[attr-defined]  # see above
        for relation in related:
            statement = statement.options(joinedload(relation))  # type: ignore[arg-type]  # a relationship
        name = key.key  # type: ignore[attr-defined]  # see above
        return {getattr(row, name): row for row in self._session.scalars(statement)}

    def unit(self, code: str) -> Unit:
        """The unit with this code; `InvalidInput` otherwise."""
        return self._units.get(code) or unit_by_code(self._session, code)

    def of(self, draft: AssetDraft, asset: Asset | None) -> References:
        """Every row that the draft names; all codes that are unknown are named at once. Nothing is written.

        A model is looked for in the draft's class, or in that of `asset`, which the draft changes.
        """
        errors: list[FieldError] = []
        of_class = self._class(draft.class_code) if draft.class_code else None
        unit = _looked_up(errors, lambda: self.unit(draft.unit or "")) if draft.unit else None
        batch = _looked_up(errors, lambda: self._batch(draft.batch)) if draft.batch else None
        agency = _looked_up(errors, lambda: self._agency(draft.agency)) if draft.agency else None
        wanted = of_class or (asset.equipment_class if asset is not None else None)
        model = None
        if draft.model and wanted is not None:
            model = _looked_up(errors, lambda: self._model(wanted, draft.model))
        if errors:
            raise InvalidInput(errors[0].message, fields=errors)
        new_model = draft.model if draft.model and wanted is not None and model is None else ""
        return References(of_class, unit, model, batch, agency, new_model)

    def make_model(self, of_class: EquipmentClass, text: str) -> EquipmentModel:
        """The model that `text` means, made now when it is still not known."""
        known = self._model(of_class, text)
        # One that was made in a savepoint that was rolled back is no row any more.
        if known is None or known not in self._session:
            known = model_named(self._session, self._actor, of_class, text)
            if self._models is not None:
                self._models.take(known)
        return known

    def _class(self, code: str) -> EquipmentClass:
        return self._classes.get(code) or class_by_code(self._session, code)

    def _batch(self, number: str) -> HandoverBatch:
        return self._batches.get(number) or batch_by_number(self._session, number)

    def _agency(self, code: str) -> Organisation:
        found = self._agencies.get(code) or organisation_by_code(self._session, code, "agency")
        if found.kind != "agency":
            raise invalid("agency", msg("%(code)s is not an agency.", code=code), code="not_an_agency")
        return found

    def _model(self, of_class: EquipmentClass, text: str) -> EquipmentModel | None:
        if self._models is None:
            return None
        found = self._models.of_class(of_class, text)
        other = None if found is not None else self._models.of_any(text)
        if other is not None:
            raise invalid(
                "model",
                msg("%(name)s is a model of the class %(other)s.",
                    name=other.full_name, other=other.equipment_class.code),
                code="model_of_other_class",
            )  # fmt: skip
        return found


class _Models:
    """All models, by what people may write for them."""

    def __init__(self, session: Session) -> None:
        self._by_full: dict[tuple[int, str], EquipmentModel] = {}
        self._by_name: dict[tuple[int, str], EquipmentModel] = {}
        self._anywhere: dict[str, EquipmentModel] = {}
        rows = select(EquipmentModel).options(joinedload(EquipmentModel.equipment_class))
        # Of several that are written alike the oldest, taken last, stays.
        for model in session.scalars(rows.order_by(EquipmentModel.id.desc())):
            self.take(model)

    def take(self, model: EquipmentModel) -> None:
        of_class, full = model.equipment_class.id, fold_text(model.full_name)
        self._by_full[of_class, full] = self._anywhere[full] = model
        self._by_name[of_class, fold_text(model.name)] = model

    def of_class(self, of_class: EquipmentClass, text: str) -> EquipmentModel | None:
        key = of_class.id, fold_text(text)
        return self._by_full.get(key) or self._by_name.get(key)

    def of_any(self, text: str) -> EquipmentModel | None:
        return self._anywhere.get(fold_text(text))


def references(session: Session, actor: Actor, draft: AssetDraft, asset: Asset | None) -> References:
    """Look up every code that one draft gives, and make the model that it names for the first time."""
    shelf = Shelf(session, actor, [draft])
    found = shelf.of(draft, asset)
    of_class = found.equipment_class or (asset.equipment_class if asset is not None else None)
    if not found.new_model or of_class is None:
        return found
    model = shelf.make_model(of_class, found.new_model)
    return References(found.equipment_class, found.unit, model, found.batch, found.agency)


def _looked_up(errors: list[FieldError], look_up: Callable[[], Found]) -> Found | None:
    try:
        return look_up()
    except InvalidInput as error:
        errors.extend(error.fields)
        return None


def class_by_code(session: Session, code: str) -> EquipmentClass:
    """The class with this code; `InvalidInput` for `class` otherwise."""
    found = session.scalar(select(EquipmentClass).where(EquipmentClass.code == code))
    if found is None:
        raise invalid("class", msg("The class %(code)s is not set up yet.", code=code), code="unknown_class")
    return found


def batch_by_number(session: Session, number: str) -> HandoverBatch:
    """The batch with this number; `InvalidInput` for `batch` otherwise."""
    found = session.scalar(
        select(HandoverBatch).options(joinedload(HandoverBatch.grant)).where(HandoverBatch.number == number)
    )
    if found is None:
        raise invalid("batch", msg("No batch has the number %(number)s.", number=number), code="unknown_batch")
    return found
