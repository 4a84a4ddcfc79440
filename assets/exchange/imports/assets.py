"""Imports assets with opening balances: known ones are compared, new ones registered, undone ones brought back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assets.core.errors import DomainError, FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.exchange.imports.known import Known, content_of, has_identity, known_assets, registered_like
from assets.exchange.imports.opening import OPENING_COLUMNS, Opening, Openings, parse_opening
from assets.exchange.imports.work import Outcome, Pending, Thing, Work, differences
from assets.exchange.tables import SheetRow
from assets.fitness.service import take_into_care
from assets.labels.token import format_code
from assets.registry.models import Asset
from assets.registry.rules.asset_fields import ASSET_FIELDS, AssetDraft, parse_asset
from assets.registry.rules.folding import fold_identifier, fold_text
from assets.registry.service.registration import Ready, Registration

COLUMNS = (*ASSET_FIELDS, *OPENING_COLUMNS)
REQUIRED = tuple(field.key for field in ASSET_FIELDS.values() if field.required)
# Life, condition and meters go on from what was registered; a later reading is no difference to the sheet.
_COMPARED = (
    "currency", "exemption_reason", "note", "received_on", "in_service_on", "title_status", "value", "visibility_mark",
    "waiver_ref", "warranty_until", "attractive", "inventory_number",
)  # fmt: skip
_BY_CONTENT = msg(
    "Recognised by its content only: give a serial number or an inventory number, so that it can be told apart."
)
_NOT_TAKEN_OVER = msg("Registered already: what the row says of the time before is not taken over again.")


@dataclass(frozen=True)
class Row:
    """A row as it was read: the asset and what was so before us."""

    draft: AssetDraft
    opening: Opening


@dataclass(frozen=True)
class _Checked:
    ready: Ready
    opening: Opening


class Assets:
    """Checks row after row against what was read together, then registers those that passed together."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.rows = {row.number: read_row(row) for row in work.rows}
        read = [row for row in self.rows.values() if isinstance(row, Row)]
        self.drafts = [row.draft for row in read]
        self.known: Known = known_assets(work, self.drafts, with_openings=any(row.opening.is_given for row in read))
        self.openings = Openings(work, [row.opening for row in read])

    @cached_property
    def registration(self) -> Registration:
        """Made when the first new row comes: a file that is known already costs little."""
        return Registration(self.work.session, self.work.actor, self.drafts, self.work.now)

    def check(self, row: SheetRow) -> Outcome | Pending:
        found = self.rows[row.number]
        if isinstance(found, DomainError):
            raise found
        draft, opening = found.draft, found.opening
        label = label_of(draft)
        if not has_identity(draft):
            return self._by_content(row, found, label)
        self._refuse_twice(row, draft)
        asset = self._registered(draft)
        if asset is not None:
            self._compare(draft, asset)
            note = _NOT_TAKEN_OVER if opening.is_given and asset.id not in self.known.taken_over else None
            return Outcome("known", label, asset.code, note)
        return self._pending(row, found, label, self.known.undone(draft))

    def write(self, pending: Sequence[Pending]) -> list[Outcome]:
        checked: list[_Checked] = [one.what for one in pending]
        made = self.registration.write([one.ready for one in checked], self.work.told)
        given = [
            (asset, one.ready.draft, one.opening, one.ready.again is None)
            for asset, one in zip(made, checked, strict=True)
            if one.opening.is_given
        ]
        if given:
            self.openings.take_over(given)
        take_into_care(self.work.session, made, self.work.now)
        return [
            Outcome("new", one.label, asset.code, one.note, things=(Thing("asset", asset.code),))
            for one, asset in zip(pending, made, strict=True)
        ]

    def _pending(
        self, row: SheetRow, found: Row, label: str, again: Asset | None, note: Message | None = None
    ) -> Pending:
        draft, opening = found.draft, found.opening
        if opening.is_given:
            note = self.openings.check(draft, opening) or note
            # What people worked with before us is in service, unless the sheet says otherwise.
            draft = replace(draft, life=draft.life or "in_service")
        ready = self.registration.check(draft, again=again)
        if opening.is_given:
            ready = replace(
                ready, read_at=self.openings.moment(opening.odometer_on),
                judged_at=self.openings.moment(opening.taken_over_on),
            )  # fmt: skip
        return Pending(row, label, _Checked(ready, opening), note)

    def _by_content(self, row: SheetRow, found: Row, label: str) -> Outcome | Pending:
        # The n-th row that says the same is known when n such assets were registered before this file.
        content = content_of(found.draft, self.known.model(found.draft))
        there = registered_like(self.work, content)
        earlier = self.work.seen.get(("content", *content), 0)
        self.work.seen[("content", *content)] = earlier + 1
        if earlier < there.count:
            return Outcome("known", label, note=_BY_CONTENT)
        undone = there.undone[earlier - there.count] if earlier - there.count < len(there.undone) else None
        again = self.work.session.get(Asset, undone) if undone is not None else None
        return self._pending(row, found, label, again, _BY_CONTENT)

    def _refuse_twice(self, row: SheetRow, draft: AssetDraft) -> None:
        keys = [
            ("code", draft.code or ""),
            ("vin", fold_identifier(draft.vin)),
            ("serial_number", fold_identifier(draft.serial_number)),
            ("inventory_number", "" if draft.vin or draft.serial_number else draft.inventory_number),
        ]
        for name, key in keys:
            of_class = draft.class_code or "" if name in {"serial_number", "inventory_number"} else ""
            if key:
                self.work.first_of(name, row.number, of_class, key)

    def _registered(self, draft: AssetDraft) -> Asset | None:
        """The asset that the row means; `InvalidInput` when its numbers are those of different ones."""
        meant = self.known.registered(draft)
        if len({asset.id for asset in meant.values()}) > 1:
            fields = [
                FieldError(name, msg("This is %(code)s.", code=format_code(asset.code)), "different_items")
                for name, asset in meant.items()
            ]
            raise InvalidInput(msg("The row names different registered items."), fields=fields, code="different_items")
        return next(iter(meant.values()), None)

    def _compare(self, draft: AssetDraft, asset: Asset) -> None:
        differences(compared(draft, asset, self.known.model(draft)))


def read_row(row: SheetRow) -> Row | DomainError:
    """The row as a draft and its opening balance, or the refusal that names every cell that is wrong."""
    cells: dict[str, object] = {key: text for key, text in row.cells.items() if text}
    errors: list[FieldError] = []
    draft, opening = AssetDraft(frozenset()), Opening()
    try:
        draft = parse_asset({key: text for key, text in cells.items() if key not in OPENING_COLUMNS})
    except InvalidInput as error:
        errors += error.fields
    try:
        opening = parse_opening({key: text for key, text in cells.items() if key in OPENING_COLUMNS})
    except InvalidInput as error:
        errors += error.fields
    return InvalidInput(errors[0].message, fields=errors) if errors else Row(draft, opening)


def compared(draft: AssetDraft, asset: Asset, model: str) -> list[tuple[str, object, object]]:
    """(field, in the sheet, recorded) of every field that the draft gives; `model` is its folded full name."""
    pairs: list[tuple[str, object, object]] = [
        ("class", draft.class_code, asset.equipment_class.code),
        ("unit", draft.unit, asset.unit.code),
    ]
    if draft.model:
        recorded = asset.model.full_name if asset.model else ""
        pairs.append(("model", recorded if model == fold_text(recorded) else draft.model, recorded))
    for name in ("serial_number", "vin", "plate"):
        given, recorded = getattr(draft, name), getattr(asset, name)
        if given and fold_identifier(given) != fold_identifier(recorded):
            pairs.append((name, given, recorded))
    for name, row in (
        ("batch", asset.batch and asset.batch.number),
        ("agency", asset.custodian_org and asset.custodian_org.code),
    ):
        if getattr(draft, name):
            pairs.append((name, getattr(draft, name), row or ""))
    return pairs + [(name, getattr(draft, name), getattr(asset, name)) for name in _COMPARED if name in draft]


def label_of(draft: AssetDraft) -> str:
    """What the row is about, in few words."""
    number = draft.serial_number or draft.vin or draft.inventory_number or (draft.code and format_code(draft.code))
    return " ".join(part for part in (draft.model or draft.class_code, number) if part)
