"""Imports assets, recognised by label code, VIN, serial number or inventory number, else by what the row says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from assets.core.errors import DomainError, FieldError, InvalidInput
from assets.core.i18n import msg
from assets.exchange.imports.work import Outcome, Work, differences
from assets.exchange.tables import SheetRow
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, EquipmentClass, EquipmentModel, HandoverBatch, Label
from assets.registry.rules.asset_fields import ASSET_FIELDS, AssetDraft, parse_asset
from assets.registry.rules.folding import fold_identifier, fold_text
from assets.registry.scope import assets_for
from assets.registry.service.assets import register_asset

COLUMNS = tuple(ASSET_FIELDS)
REQUIRED = tuple(field.key for field in ASSET_FIELDS.values() if field.required)
# Life, condition and meters go on from what was registered; a later reading is no difference to the sheet.
_COMPARED = (
    "currency", "exemption_reason", "note", "received_on", "in_service_on", "title_status", "value", "visibility_mark",
    "waiver_ref", "warranty_until", "attractive", "inventory_number",
)  # fmt: skip
_BY_CONTENT = msg(
    "Recognised by its content only: give a serial number or an inventory number, so that it can be told apart."
)
Content = tuple[str, ...]


@dataclass
class _Known:
    """The registered assets that rows of this stretch may mean, by each way to recognise them."""

    by_code: dict[str, Asset]
    by_vin: dict[str, Asset]
    by_serial: dict[tuple[str, str], Asset]
    by_inventory: dict[tuple[str, str], list[Asset]]
    by_content: Counter[Content]


class Assets:
    """Takes one row after the other."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.drafts: dict[int, AssetDraft | DomainError] = {}
        for row in work.rows:
            given: dict[str, object] = {key: text for key, text in row.cells.items() if text}
            try:
                self.drafts[row.number] = parse_asset(given)
            except InvalidInput as error:
                self.drafts[row.number] = error
        drafts = [draft for draft in self.drafts.values() if isinstance(draft, AssetDraft)]
        self.models = self._models(drafts)
        self.known = self._load(drafts)

    def __call__(self, row: SheetRow) -> Outcome:
        draft = self.drafts[row.number]
        if isinstance(draft, DomainError):
            raise draft
        label = _label(draft)
        if not _identity(draft):
            return self._by_content(draft, label)
        self._refuse_twice(row, draft)
        asset = self._registered(draft)
        if asset is not None:
            self._compare(draft, asset)
            return Outcome("known", label, asset.code)
        asset = register_asset(self.work.session, self.work.actor, draft, self.work.now)
        return Outcome("new", label, asset.code)

    def _by_content(self, draft: AssetDraft, label: str) -> Outcome:
        # The n-th row that says the same is known when n such assets are registered already.
        content = self._content(draft)
        earlier = self.work.seen.get(("content", *content), 0)
        if earlier < self.known.by_content[content]:
            outcome = Outcome("known", label, note=_BY_CONTENT)
        else:
            asset = register_asset(self.work.session, self.work.actor, draft, self.work.now)
            outcome = Outcome("new", label, asset.code, _BY_CONTENT)
        self.work.seen[("content", *content)] = earlier + 1
        return outcome

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
        known, of_class = self.known, draft.class_code or ""
        found = {
            "code": known.by_code.get(draft.code or ""),
            "vin": known.by_vin.get(fold_identifier(draft.vin)),
            "serial_number": known.by_serial.get((of_class, fold_identifier(draft.serial_number))),
            "inventory_number": self._by_inventory(draft),
        }
        meant = {name: asset for name, asset in found.items() if asset is not None}
        if len({asset.id for asset in meant.values()}) > 1:
            fields = [
                FieldError(name, msg("This is %(code)s.", code=format_code(asset.code)), "different_items")
                for name, asset in meant.items()
            ]
            raise InvalidInput(msg("The row names different registered items."), fields=fields, code="different_items")
        return next(iter(meant.values()), None)

    def _by_inventory(self, draft: AssetDraft) -> Asset | None:
        # Agencies number for themselves: the number alone decides only where there is no better one on either side.
        found = [
            asset
            for asset in self.known.by_inventory.get((draft.class_code or "", draft.inventory_number), [])
            if not (draft.serial_number and asset.serial_folded) and not (draft.vin and asset.vin_folded)
        ]
        return found[0] if len(found) == 1 else None

    def _compare(self, draft: AssetDraft, asset: Asset) -> None:
        pairs: list[tuple[str, object, object]] = [
            ("class", draft.class_code, asset.equipment_class.code),
            ("unit", draft.unit, asset.unit.code),
        ]
        if draft.model:
            recorded = asset.model.full_name if asset.model else ""
            same = self._model(draft) == fold_text(recorded)
            pairs.append(("model", recorded if same else draft.model, recorded))
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
        pairs += [(name, getattr(draft, name), getattr(asset, name)) for name in _COMPARED if name in draft]
        differences(pairs)

    def _content(self, draft: AssetDraft) -> Content:
        return (
            draft.class_code or "", draft.unit or "", self._model(draft), draft.batch, draft.agency,
            _amount(draft.value), str(draft.received_on or ""), fold_identifier(draft.plate), draft.note,
        )  # fmt: skip

    def _model(self, draft: AssetDraft) -> str:
        """The folded full name of the model that the draft means."""
        text = fold_text(draft.model)
        return self.models.get((draft.class_code or "", text), text)

    def _models(self, drafts: list[AssetDraft]) -> dict[tuple[str, str], str]:
        if not any(draft.model for draft in drafts):
            return {}
        rows = self.work.session.execute(
            select(EquipmentClass.code, EquipmentModel).join(
                EquipmentClass, EquipmentModel.class_id == EquipmentClass.id
            )
        ).all()
        names = {(of_class, fold_text(model.name)): fold_text(model.full_name) for of_class, model in rows}
        return names | {(c, fold_text(model.full_name)): fold_text(model.full_name) for c, model in rows}

    def _load(self, drafts: list[AssetDraft]) -> _Known:
        codes = {draft.code for draft in drafts if draft.code}
        serials = {fold_identifier(draft.serial_number) for draft in drafts} - {""}
        vins = {fold_identifier(draft.vin) for draft in drafts} - {""}
        inventory = {draft.inventory_number for draft in drafts} - {""}
        known = _Known({}, {}, {}, {}, self._registered_content(drafts))
        if not (codes or serials or vins or inventory):
            return known
        found = self.work.session.execute(
            select(Asset, Label.code)
            .outerjoin(Label, (Label.asset_id == Asset.id) & Label.code.in_(codes))
            .options(
                joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class),
                joinedload(Asset.model), joinedload(Asset.batch), joinedload(Asset.custodian_org),
            )
            .where(
                assets_for(self.work.actor, Permission.ASSET_READ),
                or_(
                    Label.code.is_not(None), Asset.serial_folded.in_(serials), Asset.vin_folded.in_(vins),
                    Asset.inventory_number.in_(inventory),
                ),
            )
        )  # fmt: skip
        for asset, code in found:
            of_class = asset.equipment_class.code
            known.by_code[code or asset.code] = asset
            known.by_vin[asset.vin_folded or "-"] = asset
            known.by_serial[of_class, asset.serial_folded or "-"] = asset
            same = known.by_inventory.setdefault((of_class, asset.inventory_number), [])
            if asset not in same:
                same.append(asset)
        return known

    def _registered_content(self, drafts: list[AssetDraft]) -> Counter[Content]:
        """How many registered assets without any number say the same; the unit is the one at registration."""
        classes = {draft.class_code for draft in drafts if not _identity(draft)}
        if not classes:
            return Counter()
        found = self.work.session.execute(
            select(Asset, Unit.code)
            .join(EquipmentClass, Asset.class_id == EquipmentClass.id)
            .join(AssetEvent, (AssetEvent.asset_id == Asset.id) & (AssetEvent.kind == "registered"))
            .join(Unit, AssetEvent.unit_id == Unit.id)
            .outerjoin(HandoverBatch, Asset.batch_id == HandoverBatch.id)
            .options(
                joinedload(Asset.equipment_class), joinedload(Asset.model), joinedload(Asset.batch),
                joinedload(Asset.custodian_org),
            )
            .where(
                assets_for(self.work.actor, Permission.ASSET_READ), EquipmentClass.code.in_(classes),
                Asset.serial_folded.is_(None), Asset.vin_folded.is_(None), Asset.inventory_number == "",
            )
        )  # fmt: skip
        return Counter(_content_of(asset, unit) for asset, unit in found)


def _content_of(asset: Asset, unit: str) -> Content:
    return (
        asset.equipment_class.code, unit, fold_text(asset.model.full_name) if asset.model else "",
        asset.batch.number if asset.batch else "", asset.custodian_org.code if asset.custodian_org else "",
        _amount(asset.value), str(asset.received_on or ""), fold_identifier(asset.plate), asset.note,
    )  # fmt: skip


def _amount(value: object) -> str:
    return "" if value is None else f"{value:.2f}"


def _identity(draft: AssetDraft) -> bool:
    """Whether the row says which item it means."""
    return bool(draft.code or draft.vin or draft.serial_number or draft.inventory_number)


def _label(draft: AssetDraft) -> str:
    number = draft.serial_number or draft.vin or draft.inventory_number or (draft.code and format_code(draft.code))
    return " ".join(part for part in (draft.model or draft.class_code, number) if part)
