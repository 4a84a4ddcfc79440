"""Which registered assets the rows of a table may mean: by code, VIN, serial or inventory number, else by content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload

from assets.exchange.imports.work import Work
from assets.people.models import Organisation, Unit
from assets.people.rules import Permission, reach
from assets.registry.models import Asset, AssetEvent, EquipmentClass, EquipmentModel, HandoverBatch, Label
from assets.registry.queries.timeline import registration_undone
from assets.registry.rules.asset_fields import AssetDraft
from assets.registry.rules.folding import fold_identifier, fold_text
from assets.registry.scope import assets_for, units_within

Content = tuple[str, ...]
_CHUNK = 200  # drafts; four bound values each


@dataclass
class Identified:
    """Assets by each way to recognise them."""

    by_code: dict[str, Asset] = field(default_factory=dict)
    by_vin: dict[str, Asset] = field(default_factory=dict)
    by_serial: dict[tuple[str, str], Asset] = field(default_factory=dict)
    by_inventory: dict[tuple[str, str], list[Asset]] = field(default_factory=dict)

    def take(self, asset: Asset, code: str | None) -> None:
        of_class = asset.equipment_class.code
        self.by_code[code or asset.code] = asset
        self.by_vin[asset.vin_folded or "-"] = asset
        self.by_serial[of_class, asset.serial_folded or "-"] = asset
        same = self.by_inventory.setdefault((of_class, asset.inventory_number), [])
        if asset not in same:
            same.append(asset)

    def meant(self, draft: AssetDraft) -> dict[str, Asset]:
        """The assets that the draft names, by the field that names them."""
        of_class = draft.class_code or ""
        found = {
            "code": self.by_code.get(draft.code or ""),
            "vin": self.by_vin.get(fold_identifier(draft.vin)),
            "serial_number": self.by_serial.get((of_class, fold_identifier(draft.serial_number))),
            "inventory_number": self._by_inventory(draft),
        }
        return {name: asset for name, asset in found.items() if asset is not None}

    def _by_inventory(self, draft: AssetDraft) -> Asset | None:
        # Agencies number for themselves: the number alone decides only where there is no better one on either side.
        found = [
            asset
            for asset in self.by_inventory.get((draft.class_code or "", draft.inventory_number), [])
            if draft.inventory_number
            and not (draft.serial_number and asset.serial_folded)
            and not (draft.vin and asset.vin_folded)
        ]
        return found[0] if len(found) == 1 else None


@dataclass
class Known:
    """What is registered, what was registered and undone, and which of the former were taken over."""

    counting: Identified = field(default_factory=Identified)
    gone: Identified = field(default_factory=Identified)
    taken_over: frozenset[int] = frozenset()
    models: dict[tuple[str, str], str] = field(default_factory=dict)

    def registered(self, draft: AssetDraft) -> dict[str, Asset]:
        """The registered assets that the draft names, by the field that names them."""
        return self.counting.meant(draft)

    def undone(self, draft: AssetDraft) -> Asset | None:
        """The asset whose registration was undone and that the draft names; None when it names none, or several."""
        found = {asset.id: asset for asset in self.gone.meant(draft).values()}
        return next(iter(found.values())) if len(found) == 1 else None

    def model(self, draft: AssetDraft) -> str:
        """The folded full name of the model that the draft means."""
        text = fold_text(draft.model)
        return self.models.get((draft.class_code or "", text), text)


@dataclass(frozen=True)
class Alike:
    """How many registered assets without any number say the same, and the ids of those that were undone."""

    count: int = 0
    undone: tuple[int, ...] = ()


def has_identity(draft: AssetDraft) -> bool:
    """Whether the row says which item it means."""
    return bool(draft.code or draft.vin or draft.serial_number or draft.inventory_number)


def known_assets(work: Work, drafts: Sequence[AssetDraft], *, with_openings: bool = False) -> Known:
    """The assets within the actor's reach that these drafts may mean; `with_openings`, also who was taken over."""
    known = Known(models=_models(work, drafts))
    for first in range(0, len(drafts), _CHUNK):
        _load(work, drafts[first : first + _CHUNK], known)
    ids = [asset.id for asset in known.counting.by_code.values()] if with_openings else []
    for first in range(0, len(ids), _CHUNK):
        known.taken_over |= frozenset(
            work.session.scalars(
                select(AssetEvent.asset_id).where(
                    AssetEvent.asset_id.in_(ids[first : first + _CHUNK]), AssetEvent.kind == "taken_over"
                )
            )
        )
    return known


def _models(work: Work, drafts: Sequence[AssetDraft]) -> dict[tuple[str, str], str]:
    if not any(draft.model for draft in drafts):
        return {}
    rows = work.session.execute(
        select(EquipmentClass.code, EquipmentModel).join(EquipmentClass, EquipmentModel.class_id == EquipmentClass.id)
    ).all()
    names = {(of_class, fold_text(model.name)): fold_text(model.full_name) for of_class, model in rows}
    return names | {(c, fold_text(model.full_name)): fold_text(model.full_name) for c, model in rows}


def _load(work: Work, drafts: Sequence[AssetDraft], known: Known) -> None:
    codes = {draft.code for draft in drafts if draft.code}
    wanted = [
        column.in_(texts)
        for column, texts in (
            (Asset.serial_folded, {fold_identifier(draft.serial_number) for draft in drafts} - {""}),
            (Asset.vin_folded, {fold_identifier(draft.vin) for draft in drafts} - {""}),
            (Asset.inventory_number, {draft.inventory_number for draft in drafts} - {""}),
        )
        if texts
    ]
    if not codes and not wanted:
        return
    found = work.session.execute(
        select(Asset, Label.code)
        .outerjoin(Label, (Label.asset_id == Asset.id) & Label.code.in_(codes))
        .options(
            joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class),
            joinedload(Asset.model), joinedload(Asset.batch), joinedload(Asset.custodian_org),
        )
        .where(_within(work), or_(Label.code.is_not(None), *wanted))
    )  # fmt: skip
    for asset, code in found:
        (known.counting if asset.annulled_at is None else known.gone).take(asset, code)


def _within(work: Work) -> ColumnElement[bool]:
    """What counts within the actor's reach, and what was undone where he may register."""
    undone = and_(registration_undone(), units_within(reach(work.actor, Permission.ASSET_WRITE), Asset.unit_id))
    return or_(assets_for(work.actor, Permission.ASSET_READ), undone)


def registered_like(work: Work, content: Content) -> Alike:
    """The assets without any number that say the same, as they were before this file; read once for each class."""
    by_class: dict[str, dict[Content, Alike]] = work.shared.setdefault("content", {})
    if content[0] not in by_class:
        by_class[content[0]] = _registered_content(work, content[0])
    return by_class[content[0]].get(content, Alike())


def _registered_content(work: Work, class_code: str) -> dict[Content, Alike]:
    """The unit is the one at registration: where the item is now is no difference to the sheet."""
    rows = work.session.execute(
        select(
            Asset.id, Asset.annulled_at, Unit.code.label("unit"), EquipmentModel.maker, EquipmentModel.name,
            HandoverBatch.number, Organisation.code.label("agency"), Asset.value, Asset.received_on, Asset.plate,
            Asset.note,
        )
        .join(EquipmentClass, Asset.class_id == EquipmentClass.id)
        .join(
            AssetEvent, (AssetEvent.asset_id == Asset.id) & AssetEvent.kind.in_(("registered", "reinstated"))
        )
        .join(Unit, AssetEvent.unit_id == Unit.id)
        .outerjoin(EquipmentModel, Asset.model_id == EquipmentModel.id)
        .outerjoin(HandoverBatch, Asset.batch_id == HandoverBatch.id)
        .outerjoin(Organisation, Asset.custodian_org_id == Organisation.id)
        .where(
            _within(work), EquipmentClass.code == class_code,
            Asset.serial_folded.is_(None), Asset.vin_folded.is_(None), Asset.inventory_number == "",
        )
        .order_by(Asset.id, AssetEvent.received_at, AssetEvent.n)
    )  # fmt: skip
    # The last registration of an asset that came back is the one that counts.
    newest = {row.id: row for row in rows}
    found: dict[Content, Alike] = {}
    for row in newest.values():
        content = _content_of(class_code, row)
        there = found.get(content, Alike())
        found[content] = (
            Alike(there.count + 1, there.undone)
            if row.annulled_at is None
            else Alike(there.count, (*there.undone, row.id))
        )
    return found


def _content_of(class_code: str, row: Any) -> Content:
    model = f"{row.maker or ''} {row.name or ''}".strip()
    return _content(
        class_code, row.unit, fold_text(model), row.number, row.agency, row.value, row.received_on, row.plate, row.note
    )


def content_of(draft: AssetDraft, model: str) -> Content:
    """What a row without any number says, to be compared; `model` is the folded full name of what it means."""
    return _content(
        draft.class_code, draft.unit, model, draft.batch, draft.agency, draft.value, draft.received_on, draft.plate,
        draft.note,
    )  # fmt: skip


def _content(*parts: Any) -> Content:
    of_class, unit, model, batch, agency, value, received_on, plate, note = parts
    amount = "" if value is None else f"{value:.2f}"
    texts: Iterable[str] = (of_class or "", unit or "", model, batch or "", agency or "")
    return (*texts, amount, str(received_on or ""), fold_identifier(plate or ""), note or "")
