"""What labels are printed on and with, and what a code is: layouts, printers, donors' lines, void and blank labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.labels.layouts import LAYOUTS, TOO_SMALL, Layout
from assets.labels.sheet import AS_IS, Adjustment
from assets.people.models import Organisation, Unit
from assets.people.rules import Permission, may, reach
from assets.registry.models import Asset, AssetEvent, DonorMark, Grant, HandoverBatch, Label, LabelLayout, LabelPrinter
from assets.registry.rules.label_layouts import LayoutDraft, folded, why_too_small
from assets.registry.scope import reaches_unit, units_within


@dataclass(frozen=True)
class Replaced:
    """A label that was replaced by another and still leads to its asset: when and why, as far as it is known."""

    code: str
    at: datetime | None
    reason: str


def former_codes(session: Session, asset_ids: Collection[int]) -> dict[int, list[str]]:
    """The codes of void labels that these assets had, by asset id; no query for none of them."""
    found: dict[int, list[str]] = {}
    if asset_ids:
        void = select(Label.asset_id, Label.code).where(Label.asset_id.in_(asset_ids), Label.state == "void")
        for asset_id, code in session.execute(void.order_by(Label.code)):
            if asset_id is not None:
                found.setdefault(asset_id, []).append(code)
    return found


def own_layout(row: LabelLayout) -> Layout:
    """The layout that a saved row describes."""
    return draft_of(row).layout()


def draft_of(row: LabelLayout) -> LayoutDraft:
    """The numbers of a saved row."""
    return LayoutDraft(
        name=row.name, media=row.media, page_width_mm=row.page_width_mm, page_height_mm=row.page_height_mm,
        columns=row.columns_count, rows=row.rows_count, label_width_mm=row.label_width_mm,
        label_height_mm=row.label_height_mm, margin_left_mm=row.margin_left_mm, margin_top_mm=row.margin_top_mm,
        gap_x_mm=row.gap_x_mm, gap_y_mm=row.gap_y_mm,
    )  # fmt: skip


def layouts_page(
    session: Session, *, limit: int = 50, after: tuple[object, ...] | None = None, with_retired: bool = False
) -> list[LabelLayout]:
    """Own layouts by name."""
    statement: Any = select(LabelLayout).where(LabelLayout.name_folded > (str(after[0]) if after else ""))
    if not with_retired:
        statement = statement.where(LabelLayout.retired_at.is_(None))
    return list(session.scalars(statement.order_by(LabelLayout.name_folded).limit(limit)))


def printers_page(
    session: Session, *, limit: int = 50, after: tuple[object, ...] | None = None, with_retired: bool = False
) -> list[LabelPrinter]:
    """Printers by name."""
    statement: Any = select(LabelPrinter).where(LabelPrinter.name_folded > (str(after[0]) if after else ""))
    if not with_retired:
        statement = statement.where(LabelPrinter.retired_at.is_(None))
    return list(session.scalars(statement.order_by(LabelPrinter.name_folded).limit(limit)))


def layout_by_id(session: Session, layout_id: int) -> LabelLayout:
    """One own layout, also a retired one."""
    row = session.get(LabelLayout, layout_id)
    if row is None:
        raise NotFound
    return row


def printer_by_id(session: Session, printer_id: int) -> LabelPrinter:
    """One printer, also a retired one."""
    row = session.get(LabelPrinter, printer_id)
    if row is None:
        raise NotFound
    return row


def every_layout(session: Session, *, limit: int = 200) -> list[Layout]:
    """The layouts that come with the product, then at most `limit` own ones."""
    return [*LAYOUTS.values(), *(own_layout(row) for row in layouts_page(session, limit=limit))]


def layout_named(session: Session, name: str) -> Layout:
    """The layout, one of the product's or an own one; `InvalidInput` for `layout` when none can be printed on by it."""
    wanted = folded(name)
    found = {folded(key): layout for key, layout in LAYOUTS.items()}.get(wanted)
    if found is not None:
        return found
    too_small = {folded(key): layout for key, layout in TOO_SMALL.items()}.get(wanted)
    if too_small is not None:
        why = why_too_small(too_small)
        raise invalid(
            "layout", msg("%(name)s: %(why)s Take a wider one.", name=too_small.name, why=why or ""), code="too_small"
        )
    row = session.scalar(select(LabelLayout).where(LabelLayout.name_folded == wanted, LabelLayout.retired_at.is_(None)))
    if row is None:
        names = ", ".join(layout.name for layout in every_layout(session, limit=50))
        raise invalid("layout", msg("A layout is one of: %(names)s.", names=names), code="unknown_layout")
    return own_layout(row)


def adjustment_of(row: LabelPrinter) -> Adjustment:
    """What makes up for this printer."""
    return Adjustment(float(row.dx_mm), float(row.dy_mm), float(row.scale_x), float(row.scale_y))


def adjustment_named(session: Session, name: str) -> Adjustment:
    """What makes up for the printer of this name; none for no name; `InvalidInput` for `printer` if it is unknown."""
    if not name.strip():
        return AS_IS
    row = session.scalar(
        select(LabelPrinter).where(LabelPrinter.name_folded == folded(name), LabelPrinter.retired_at.is_(None))
    )
    if row is None:
        raise invalid("printer", msg("No printer has the name %(name)s.", name=name[:60]), code="unknown_printer")
    return adjustment_of(row)


def donor_lines(session: Session) -> list[tuple[Organisation, str]]:
    """Every active donor with the line that names him on labels, '' for none; by name."""
    rows = session.execute(
        select(Organisation, DonorMark.line)
        .outerjoin(DonorMark, DonorMark.donor_id == Organisation.id)
        .where(Organisation.kind == "donor", Organisation.active)
        .order_by(Organisation.name)
    )
    return [(donor, line or "") for donor, line in rows]


def labelled_assets(session: Session, codes: Sequence[str]) -> dict[str, Asset]:
    """The assets that active labels of these codes are on, by code, with class, batch, grant and model."""
    rows: dict[str, Asset] = {}
    for start in range(0, len(codes), 400):
        statement = (
            select(Label, Asset)
            .join(Asset, Label.asset_id == Asset.id)
            .options(
                joinedload(Asset.equipment_class),
                joinedload(Asset.batch).joinedload(HandoverBatch.grant).joinedload(Grant.donor),
            )
            .where(Label.code.in_(codes[start : start + 400]))
        )
        rows |= {label.code: asset for label, asset in session.execute(statement)}
    return rows


def blank_label(session: Session, actor: Actor, code: str) -> Label | None:
    """This label, if it is a blank one of ours and `actor` may put it on something; also one of another unit."""
    if not may(actor, Permission.LABEL_PRINT):
        return None
    return session.scalar(select(Label).where(Label.code == code, Label.state == "blank"))


def other_unit_of(session: Session, actor: Actor, label: Label) -> Unit | None:
    """The unit that a blank label was made for, where `actor` prints none for it; None for his own."""
    if label.made_for_unit_id is None:
        return None
    unit = session.get(Unit, label.made_for_unit_id)
    return None if unit is None or reaches_unit(actor, Permission.LABEL_PRINT, unit) else unit


def printing_unit_id(session: Session, actor: Actor) -> int | None:
    """The unit for which he makes what labels need; None when he prints for all. Of several units the first."""
    within = reach(actor, Permission.LABEL_PRINT)
    if within.everything:
        return None
    return session.scalar(select(func.min(Unit.id)).where(units_within(within, Unit.id)))


def replaced_label(session: Session, asset: Asset, code: str) -> Replaced | None:
    """What is known of a void label `code` of this asset; None when it is not void. At most two queries."""
    if code == asset.code:
        return None
    state = session.scalar(select(Label.state).where(Label.code == code, Label.asset_id == asset.id))
    if state != "void":
        return None
    events = session.scalars(
        select(AssetEvent)
        .where(AssetEvent.asset_id == asset.id, AssetEvent.kind == "labelled")
        .order_by(AssetEvent.received_at.desc())
        .limit(100)
    )
    for event in events:
        if event.data.get("replaced") == code:
            reason = event.data.get("reason")
            return Replaced(code, event.occurred_at, reason if isinstance(reason, str) else "")
    return Replaced(code, None, "")
