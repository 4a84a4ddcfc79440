"""Registers assets, one or thousands: checked one by one against what was read together, then written together.

One gate behind the form, the API, the import and the phone. An asset whose registration was undone is the same asset
when it is registered again: same label, same history, with what is said now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.labels.token import format_code
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent, EquipmentClass, Label, Meter, MeterReading
from assets.registry.queries.labels import other_unit_of
from assets.registry.queries.timeline import registration_undone
from assets.registry.rules.asset_fields import AssetDraft, check_together
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.folding import fold_identifier
from assets.registry.rules.life import AT_REGISTRATION
from assets.registry.rules.meters import check_reading
from assets.registry.scope import assets_for, reaches_unit, require_unit
from assets.registry.service.duplicates import duplicate
from assets.registry.service.fields import AT_FIRST, flush_checked, write_plain
from assets.registry.service.labels import free_codes
from assets.registry.service.meters import record_reading
from assets.registry.service.references import References, Shelf
from assets.registry.service.searching import refresh_search
from assets.registry.service.timeline import Occurrence, append, happening_now

READ_AT_ONCE = 400  # below the limit of bound values of older SQLite, three values for each draft


@dataclass(frozen=True)
class Ready:
    """A draft that was checked: what it names, and the undone asset that it brings back.

    `read_at`: when the odometer was read, if not now. `told` is kept in the event's data beside the usual.
    `judged_at`: when the condition was judged, if not now.
    """

    draft: AssetDraft
    refs: References
    equipment_class: EquipmentClass
    unit: Unit
    label: Label | None = None
    again: Asset | None = None
    read_at: datetime | None = None
    judged_at: datetime | None = None


@dataclass(frozen=True)
class _Holder:
    """Who has a serial number or VIN already."""

    id: int
    code: str
    visible: bool
    annulled: bool


class Registration:
    """Registers these drafts in one session; `check` each, then `write` those that passed."""

    def __init__(self, session: Session, actor: Actor, drafts: Sequence[AssetDraft], now: datetime) -> None:
        self._session, self._actor, self._now = session, actor, now
        self._shelf = Shelf(session, actor, drafts)
        self._serials: dict[tuple[int, str], _Holder] = {}
        self._vins: dict[str, _Holder] = {}
        self._labels: dict[str, Label] = {}
        for first in range(0, len(drafts), READ_AT_ONCE):
            self._read_holders(drafts[first : first + READ_AT_ONCE])
        self._undone = self._read_undone()

    def check(self, draft: AssetDraft, *, again: Asset | None = None) -> Ready:
        """Whether the draft can be registered. Nothing is written.

        `InvalidInput` names each field that is wrong, `NotAllowed` a unit outside the actor's scope, `Conflict` a
        serial number or VIN that another item has (look-alike letters count as the same).
        """
        unit = self._shelf.unit(draft.unit or "")
        require_unit(self._actor, Permission.ASSET_WRITE, unit)
        refs = self._shelf.of(draft, None)
        if refs.equipment_class is None:
            raise invalid("class", msg("This must be filled in."), code="required")
        life = draft.life or "received"
        if life not in AT_REGISTRATION:
            raise invalid("life", msg("An item is not registered as %(life)s.", life=life), code="life_at_registration")
        check_meters(refs.equipment_class, draft)
        check_together(
            visibility_mark=draft.visibility_mark or "missing",
            exemption_reason=draft.exemption_reason,
            waiver_ref=draft.waiver_ref,
        )
        again = self._brought_back(draft, refs.equipment_class, again)
        label = self._label(draft, again)
        return Ready(draft, refs, refs.equipment_class, unit, label, again)

    def write(self, ready: Sequence[Ready], told: dict[str, object] | None = None) -> list[Asset]:
        """The assets of these, in their order, each with its label, its event and its opening readings.

        `told` is added to the data of their events. Two at once with one serial number: `Conflict`.
        """
        fresh = sum(1 for one in ready if one.again is None and one.label is None)
        codes = iter(free_codes(self._session, fresh) if fresh else ())
        assets, happenings = [], []
        with self._session.no_autoflush:
            for one in ready:
                asset = self._new(one, codes) if one.again is None else self._again(one.again, one)
                happening = happening_now(self._now)
                self._tell(asset, one, happening, told or {})
                assets.append(asset)
                happenings.append(happening)
        flush_checked(self._session)
        self._write_meters(ready, assets, happenings)
        return assets

    def _new(self, one: Ready, codes: Iterator[str]) -> Asset:
        draft, refs = one.draft, one.refs
        asset = Asset(registered_at=self._now, version=1, **AT_FIRST)
        self._take(asset, one)
        label = one.label
        if label is None:
            label = Label(code=next(codes), state="active", created_at=self._now)
            self._session.add(label)
        label.state, label.asset = "active", asset
        asset.code = label.code
        if refs.batch is not None and "currency" not in draft:
            asset.currency = refs.batch.currency
        self._session.add(asset)
        return asset

    def _again(self, asset: Asset, one: Ready) -> Asset:
        for key, value in AT_FIRST.items():
            setattr(asset, key, value)
        self._take(asset, one)
        asset.currency = one.draft.currency or (one.refs.batch.currency if one.refs.batch is not None else "USD")
        asset.annulled_at = None
        asset.version += 1
        return asset

    def _take(self, asset: Asset, one: Ready) -> None:
        draft, refs = one.draft, one.refs
        model = refs.model
        if refs.new_model:
            model = self._shelf.make_model(one.equipment_class, refs.new_model)
        asset.equipment_class, asset.unit, asset.model = one.equipment_class, one.unit, model
        asset.batch, asset.custodian_org = refs.batch, refs.agency
        asset.life = draft.life or "received"
        asset.attractive = CLASSES[one.equipment_class.code].attractive
        write_plain(asset, draft)
        refresh_search(asset)

    def _tell(self, asset: Asset, one: Ready, happening: Occurrence, told: dict[str, object]) -> None:
        data: dict[str, object] = {"class": one.equipment_class.code, "unit": one.unit.code, "life": asset.life, **told}
        if one.refs.batch is not None:
            data["batch"] = one.refs.batch.number
        if one.label is not None and (other := other_unit_of(self._session, self._actor, one.label)) is not None:
            data["blank_of"] = other.code
        grade = one.draft.condition if one.judged_at is None else None
        if one.again is None:
            append(self._session, self._actor, asset, "registered", happening, data, grade=grade)
            return
        undoing = self._undoing(asset)
        append(
            self._session, self._actor, asset, "reinstated", happening, data, grade=grade,
            corrects_id=undoing.id if undoing is not None else None,
        )  # fmt: skip

    def _undoing(self, asset: Asset) -> AssetEvent | None:
        return self._session.scalar(
            select(AssetEvent)
            .where(AssetEvent.asset_id == asset.id, AssetEvent.kind == "annulled")
            .order_by(AssetEvent.received_at.desc(), AssetEvent.n.desc())
            .limit(1)
        )

    def _write_meters(self, ready: Sequence[Ready], assets: Sequence[Asset], happenings: Sequence[Occurrence]) -> None:
        for one, asset, happening in zip(ready, assets, happenings, strict=True):
            for kind, value, at in _opening_readings(one, self._now):
                if one.again is not None:
                    record_reading(
                        self._session, asset, kind, value, at, self._now, source="registered", event_id=happening.id
                    )
                    continue
                check_reading(value, at, None, None, self._now)
                meter = Meter(asset=asset, kind=kind, value=value, value_at=at)
                self._session.add(
                    MeterReading(meter=meter, value=value, at=at, source="registered", event_id=happening.id)
                )
        self._session.flush()

    def _read_holders(self, drafts: Sequence[AssetDraft]) -> None:
        serials = {fold_identifier(draft.serial_number) for draft in drafts} - {""}
        vins = {fold_identifier(draft.vin) for draft in drafts} - {""}
        codes = {draft.code for draft in drafts if draft.code}
        if codes:
            found = self._session.scalars(select(Label).where(Label.code.in_(codes)).with_for_update())
            self._labels |= {label.code: label for label in found}
        if not serials and not vins:
            return
        statement = select(
            Asset.id, Asset.code, Asset.class_id, Asset.serial_folded, Asset.vin_folded, Asset.annulled_at,
            assets_for(self._actor, Permission.ASSET_READ).label("visible"),
        )  # fmt: skip
        same = [
            column.in_(texts) for column, texts in ((Asset.serial_folded, serials), (Asset.vin_folded, vins)) if texts
        ]
        for row in self._session.execute(statement.where(or_(*same))):
            holder = _Holder(row.id, row.code, row.visible, row.annulled_at is not None)
            if row.serial_folded:
                self._serials[row.class_id, row.serial_folded] = holder
            if row.vin_folded:
                self._vins[row.vin_folded] = holder

    def _read_undone(self) -> dict[int, Asset]:
        ids = {h.id for h in (*self._serials.values(), *self._vins.values()) if h.annulled}
        ids |= {label.asset_id for label in self._labels.values() if label.asset_id is not None}
        found: dict[int, Asset] = {}
        wanted = sorted(ids)
        for first in range(0, len(wanted), READ_AT_ONCE):
            statement = (
                select(Asset)
                .options(joinedload(Asset.unit).joinedload(Unit.region), joinedload(Asset.equipment_class))
                .where(Asset.id.in_(wanted[first : first + READ_AT_ONCE]), registration_undone())
            )
            found |= {asset.id: asset for asset in self._session.scalars(statement)}
        return found

    def _brought_back(self, draft: AssetDraft, of_class: EquipmentClass, again: Asset | None) -> Asset | None:
        """The undone asset that the draft means; `Conflict` when an item that counts has its numbers."""
        serial, vin = fold_identifier(draft.serial_number), fold_identifier(draft.vin)
        held = (
            ("serial_number", self._serials.get((of_class.id, serial)) if serial else None),
            ("vin", self._vins.get(vin) if vin else None),
        )
        label = self._labels.get(draft.code or "")
        if again is None and label is not None and label.asset_id is not None:
            again = self._undone.get(label.asset_id)
        for field, holder in held:
            if holder is None:
                continue
            found = self._undone.get(holder.id)
            if found is None or (again is not None and again is not found):
                raise duplicate(field, holder.code if holder.visible else None)
            again = found
        if again is not None and not reaches_unit(self._actor, Permission.ASSET_WRITE, again.unit):
            raise duplicate("vin" if vin else "serial_number", None)
        return again

    def _label(self, draft: AssetDraft, again: Asset | None) -> Label | None:
        """The blank label that the draft asks for, if it asks for one."""
        if draft.code is None:
            return None
        label = self._labels.get(draft.code)
        if label is None:
            raise invalid("code", msg("No blank label has this code."), code="unknown_label")
        if again is not None:
            if label.asset_id != again.id:
                raise RuleViolation(
                    msg("This item was registered before and has the label %(code)s: leave the code out.",
                        code=format_code(again.code)),
                    code="has_a_label",
                )  # fmt: skip
            return None
        if label.state != "blank":
            raise invalid("code", msg("This label is on an item already."), code="label_taken")
        return label


def check_meters(of_class: EquipmentClass, draft: AssetDraft) -> None:
    """`InvalidInput` for a meter that such equipment does not have."""
    for key, value in (("odometer_km", draft.odometer_km), ("engine_h", draft.engine_h)):
        if value is not None and not of_class.is_vehicle:
            raise invalid(key, msg("Only vehicles have this meter."), code="no_such_meter")


def _opening_readings(one: Ready, now: datetime) -> Iterator[tuple[str, Decimal, datetime]]:
    if one.draft.odometer_km is not None:
        yield "odometer_km", one.draft.odometer_km, one.read_at or now
    if one.draft.engine_h is not None:
        yield "engine_h", one.draft.engine_h, now
