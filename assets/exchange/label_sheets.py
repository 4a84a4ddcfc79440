"""Prints label sheets: which labels, what stands on them, and the record that they were printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import Message, msg
from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.sheet import LabelText, Sheet, render_sheet
from assets.labels.text import printable
from assets.labels.token import CodeError, parse_code
from assets.labels.zpl import zpl
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, require
from assets.registry.models import Asset, EquipmentClass, Label
from assets.registry.scope import assets_for, require_unit
from assets.registry.service.labels import labels_to_print, print_labels, register_label_blanks
from assets.settings import Settings

MAX_LABELS = 2000
MAX_OWNER_LINE = 60
BARE_REASONS: Mapping[str, Message] = {
    "layout": msg("These labels are too small for an address: their symbols hold the code alone."),
    "does_not_fit": msg("The label address is too long for this layout: the symbols hold the code alone."),
    "no_address": msg("No label address is set (ASSETS_LABEL_BASE_URL): the symbols hold the code alone."),
    "loopback_address": msg(
        "The label address leads to this machine only (ASSETS_LABEL_BASE_URL): the symbols hold the code alone."
    ),
    "unusable_address": msg(
        "The label address (ASSETS_LABEL_BASE_URL) cannot stand in a symbol: the symbols hold the code alone."
    ),
}
_GONE = ("disposed", "lost")


def layout_named(name: str) -> Layout:
    """The layout; `InvalidInput` for `layout` when there is none of this name."""
    found = {key.casefold(): layout for key, layout in LAYOUTS.items()}.get(name.strip().casefold())
    if found is None:
        raise invalid("layout", msg("A layout is one of: %(names)s.", names=", ".join(LAYOUTS)), code="unknown_layout")
    return found


def label_base(settings: Settings) -> str:
    """The address that symbols are to hold; the printing itself refuses what leads nowhere, and says why."""
    return (settings.label_base_url or settings.base_url).rstrip("/")


def print_sheet(
    app: App,
    actor: Actor,
    *,
    unit: str | None = None,
    codes: Sequence[str] | None = None,
    blank: int | None = None,
    layout: str,
    start_cell: int = 1,
    owner_line: str = "",
    now: datetime,
) -> Sheet:
    """A PDF of the labels of a unit's assets, of these codes, or of so many new blank ones; exactly one of the three.

    The labels count as printed once the PDF is made. `owner_line` stands on every label; by default a label says
    nothing but its code. `InvalidInput` names what cannot be printed, `NotAllowed` a unit out of reach.
    """
    chosen = layout_named(layout)
    if not 1 <= start_cell <= chosen.cells:
        raise invalid("start_cell", msg("The sheet has the cells 1 to %(n)s.", n=chosen.cells), code="no_such_cell")
    wanted = choose_labels(app, actor, unit=unit, codes=codes, blank=blank, now=now)
    lines = (printable(owner_line, MAX_OWNER_LINE),) if owner_line.strip() else ()
    sheet = render_sheet([LabelText(code, "", lines) for code in wanted], chosen, start_cell, label_base(app.settings))
    with app.transaction(actor, now) as session:
        print_labels(session, actor, wanted, now)
    return sheet


def print_zpl(
    app: App,
    actor: Actor,
    *,
    unit: str | None = None,
    codes: Sequence[str] | None = None,
    blank: int | None = None,
    label_mm: tuple[float, float],
    dpi: int = 203,
    owner_line: str = "",
    now: datetime,
) -> str:
    """The same for a Zebra label printer, as ZPL II."""
    wanted = choose_labels(app, actor, unit=unit, codes=codes, blank=blank, now=now)
    lines = (printable(owner_line, MAX_OWNER_LINE),) if owner_line.strip() else ()
    try:
        text = zpl([LabelText(code, "", lines) for code in wanted], label_mm, dpi, label_base(app.settings))
    except ValueError as error:
        raise invalid("label_mm", msg("A label of this size is too small for a symbol."), code="too_small") from error
    with app.transaction(actor, now) as session:
        print_labels(session, actor, wanted, now)
    return text


def choose_labels(
    app: App, actor: Actor, *, unit: str | None, codes: Sequence[str] | None, blank: int | None, now: datetime
) -> list[str]:
    """The canonical codes to print, in order; blank labels are made here."""
    require(actor, Permission.LABEL_PRINT)
    if sum(choice is not None for choice in (unit, codes, blank)) != 1:
        raise invalid("choice", msg("Choose a unit, codes, or a number of blank labels."), code="choose_one")
    if blank is not None:
        with app.transaction(actor, now) as session:
            return [label.code for label in register_label_blanks(session, actor, blank, now)]
    if codes is not None:
        canonical = parse_codes(codes)
        with app.reading() as session:
            return [label.code for label in labels_to_print(session, actor, canonical)]
    return _codes_of_unit(app, actor, unit or "")


def parse_codes(texts: Sequence[str]) -> list[str]:
    """Canonical codes, each once, in order; `InvalidInput` for `codes` names each text that is none, by its line."""
    codes: list[str] = []
    errors: list[FieldError] = []
    for line, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        try:
            codes.append(parse_code(text))
        except CodeError as error:
            mistyped = error.reason == "mistyped"
            words = (
                msg("Line %(line)s: %(text)s is mistyped, its check character does not fit.", line=line, text=text[:40])
                if mistyped
                else msg("Line %(line)s: %(text)s is no label code.", line=line, text=text[:40])
            )
            errors.append(FieldError("codes", words, "label_mistyped" if mistyped else "not_a_label", line))
    if not codes and not errors:
        errors.append(FieldError("codes", msg("Give at least one label code."), "required"))
    if len(codes) > MAX_LABELS:
        errors.append(FieldError("codes", msg("At most %(n)s labels are printed at a time.", n=MAX_LABELS), "too_many"))
    if errors:
        raise InvalidInput(errors[0].message, fields=errors, code=errors[0].code)
    return list(dict.fromkeys(codes))


def _codes_of_unit(app: App, actor: Actor, code: str) -> list[str]:
    with app.reading() as session:
        unit = unit_by_code(session, code)
        require_unit(actor, Permission.LABEL_PRINT, unit)
        codes = list(
            session.scalars(
                select(Label.code)
                .join(Asset, Label.asset_id == Asset.id)
                .join(EquipmentClass, Asset.class_id == EquipmentClass.id)
                .where(
                    Label.state == "active",
                    Asset.unit_id == unit.id,
                    Asset.life.not_in(_GONE),
                    assets_for(actor, Permission.LABEL_PRINT),
                )
                .order_by(EquipmentClass.code, Asset.code)
                .limit(MAX_LABELS + 1)
            )
        )
    if not codes:
        raise invalid("unit", msg("This unit has no items to label."), code="nothing_to_print")
    if len(codes) > MAX_LABELS:
        raise invalid("unit", msg("The unit has more than %(n)s items: print by codes.", n=MAX_LABELS), code="too_many")
    return codes
