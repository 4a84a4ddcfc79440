"""Prints label sheets: which labels, what stands on them, and the record that they were printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.app import App
from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import LOCALES, Message, msg, say
from assets.labels.sheet import LabelText, Sheet, render_sheet
from assets.labels.text import printable
from assets.labels.token import CodeError, parse_code
from assets.labels.zpl import zpl
from assets.people.queries import unit_by_code
from assets.people.rules import Permission, require
from assets.registry.models import Asset, EquipmentClass, Label
from assets.registry.queries.labels import adjustment_named, donor_lines, labelled_assets, layout_named
from assets.registry.rules.classes import CLASSES
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


@dataclass(frozen=True)
class Wording:
    """What stands on each label beside its code; by default nothing.

    `class_language`: the name of the class in this language (en, ru, uz); `donor_mark`: the line of the donor who gave
    it, where he has one and the item is not exempt from his mark. On items exempt because of covert use no words at
    all are printed.
    """

    owner_line: str = ""
    class_language: str = ""
    donor_mark: bool = False


NO_WORDS = Wording()


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
    wording: Wording = NO_WORDS,
    printer: str = "",
    now: datetime,
) -> Sheet:
    """A PDF of the labels of a unit's assets, of these codes, or of so many new blank ones; exactly one of the three.

    The labels count as printed once the PDF is made. `printer`: the name of a saved one, for which is made up.
    `InvalidInput` names what cannot be printed, `NotAllowed` a unit out of reach.
    """
    require(actor, Permission.LABEL_PRINT)
    with app.reading() as session:
        chosen, adjustment = layout_named(session, layout), adjustment_named(session, printer)
    if not 1 <= start_cell <= chosen.cells:
        raise invalid("start_cell", msg("The sheet has the cells 1 to %(n)s.", n=chosen.cells), code="no_such_cell")
    _check_language(wording)
    wanted = choose_labels(app, actor, unit=unit, codes=codes, blank=blank, now=now)
    with app.reading() as session:
        texts = _texts(session, wanted, wording)
    sheet = render_sheet(texts, chosen, start_cell, label_base(app.settings), adjustment=adjustment)
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
    wording: Wording = NO_WORDS,
    now: datetime,
) -> str:
    """The same for a Zebra label printer, as ZPL II."""
    _check_language(wording)
    wanted = choose_labels(app, actor, unit=unit, codes=codes, blank=blank, now=now)
    with app.reading() as session:
        texts = _texts(session, wanted, wording)
    try:
        text = zpl(texts, label_mm, dpi, label_base(app.settings))
    except ValueError as error:
        raise invalid("label_mm", msg("A label of this size is too small for a symbol."), code="too_small") from error
    with app.transaction(actor, now) as session:
        print_labels(session, actor, wanted, now)
    return text


def _check_language(wording: Wording) -> None:
    known = [code for code, _ in LOCALES]
    if wording.class_language and wording.class_language not in known:
        words = msg("This is one of: %(known)s.", known=", ".join(known))
        raise invalid("class_language", words, code="unknown_word")


def _texts(session: Session, codes: Sequence[str], wording: Wording) -> list[LabelText]:
    owner = (printable(wording.owner_line, MAX_OWNER_LINE),) if wording.owner_line.strip() else ()
    if not (owner or wording.class_language or wording.donor_mark):
        return [LabelText(code) for code in codes]
    assets = labelled_assets(session, codes)
    marks = {donor.id: line for donor, line in donor_lines(session)} if wording.donor_mark else {}
    texts = []
    for code in codes:
        asset = assets.get(code)
        if asset is None:
            texts.append(LabelText(code, "", owner))
        elif asset.exemption_reason == "covert_use":
            texts.append(LabelText(code))
        else:
            mark = _mark_of(asset, marks)
            lines = (*owner, mark) if mark else owner
            texts.append(LabelText(code, _class_name(asset, wording.class_language), lines))
    return texts


def _class_name(asset: Asset, language: str) -> str:
    return say(CLASSES[asset.equipment_class.code].title, language) if language else ""


def _mark_of(asset: Asset, marks: Mapping[int, str]) -> str:
    if asset.visibility_mark == "exempt" or asset.batch is None:
        return ""
    return marks.get(asset.batch.grant.donor_id, "")


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
