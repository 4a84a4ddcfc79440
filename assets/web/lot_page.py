"""The page of one lot: how it stands, who has how much of it, its opened packs, and doing something from it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from assets.core.clock import local_date
from assets.core.errors import Conflict, InvalidInput, RuleViolation
from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.operations.queries import known_codes
from assets.people.models import Person, Unit
from assets.people.rules import Permission
from assets.registry.models import StockIssue, StockLot, StockMovement
from assets.registry.queries.stock import LotRow, code_of, lot_by_id, movements
from assets.registry.queries.stock_issues import MOST_OUT, Out, item_of, out_count, out_of_lot
from assets.registry.queries.stock_packs import PackView, packs_of
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.issuing import CONTROLLED_CLASSES, CONTROLS, COVER_DAYS
from assets.registry.rules.stock import STANDING_NAMES, Standing, plain
from assets.registry.rules.values import Reader, read_fields
from assets.registry.scope import reaches_unit
from assets.registry.service.issuing import ALREADY_COUNTED, UNUSED
from assets.registry.service.packs import CONTROL_FAILED, USED_UP
from assets.registry.service.timeline import Occurrence
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.filters import show_date
from assets.web.forms import field_errors, typed

STATES = {
    Standing.RECALLED: "blocked", Standing.EXPIRED: "blocked", Standing.SUSPECT: "blocked", Standing.WITHIN_30: "due",
    Standing.WITHIN_90: "due", Standing.GOOD: "ready",
}  # fmt: skip
MOVES: dict[str, Message] = {
    "received": msg("Received into stock"),
    "counted": msg("Counted"),
    "written_off": msg("Written off"),
    "annulled": msg("Entered by mistake"),
    "issued": msg("Issued"),
    "returned": msg("Returned unused"),
}
PACK_WORDS: dict[str, Message] = {
    "used": msg("tests used"),
    "counted": msg("tests counted"),
    "went_out": msg("issued"),
    "came_back": msg("returned"),
    "closed": msg("closed"),
}
# What the product itself writes as a reason is said in the reader's language; what people typed stays as it is.
_OWN_REASONS = {str(words_): words_ for words_ in (ALREADY_COUNTED, UNUSED, CONTROL_FAILED, USED_UP)}
PERSON = msg("a person")
OUT_SHOWN, CLOSED_SHOWN = 10, 20

Act = Callable[[Session, StockLot, dict[str, Any]], Message]


def today() -> date:
    """The local day of this request."""
    return local_date(now(), the_app().settings.zone)


def line(row: LotRow) -> dict[str, Any]:
    """A lot as lists and its own page show it."""
    code = row.lot.equipment_class.code
    return {
        "lot": row.lot, "on_hand": plain(row.on_hand), "kind": STATES[row.standing],
        "standing": words(STANDING_NAMES[row.standing]),
        "class_name": words(CLASSES[code].title) if code in CLASSES else code,
    }  # fmt: skip


def reason_words(reason: str) -> str:
    """The reason of a movement in the reader's language, where the product wrote it."""
    return words(_OWN_REASONS.get(reason, reason))


def whose(person: Person | None, unit: Unit, store: Unit) -> str:
    """Whose use it went to; a person by name only for those who may see who has what."""
    if person is None:
        return unit.name
    if not reaches_unit(actor(), Permission.CUSTODY_SEE, store):
        return words(PERSON)
    return person.name or person.number


def lot_page(lot_id: int, values: dict[str, str], errors: dict[str, str], status: int) -> Any:
    """The page of the lot, with what was typed into its forms and what is wrong with it."""
    with reading() as session:
        row = lot_by_id(session, actor(), lot_id, today())
        lot = row.lot
        moves, packs = movements(session, lot), packs_of(session, [lot_id], closed=CLOSED_SHOWN).get(lot_id, [])
        item, code = item_of(session, lot, today()), code_of(session, lot)
        rights = _rights(row, packs)
        # Of a lot that is to be taken back every hand counts; of others the last few are looked at.
        shown = MOST_OUT if rights["is_barred"] or request.args.get("all") == "1" else OUT_SHOWN
        out = out_of_lot(session, lot, shown)
        more_out = out_count(session, lot) - shown if len(out) == shown else 0
        outs = [_out(each, lot.unit) for each in out]
        operations = {entry.operation for view in packs for entry in view.entries if entry.operation}
        known = known_codes(session, actor(), operations)
    answer = render_template(
        "lots/item.html", row=line(row), lot=lot, entries=[_move(move) for move in moves], values=values,
        errors=errors, usable=plain(item.usable), unusable=plain(item.unusable),
        cover=cover_words(item.cover, item.issued, item.counted_in), code=code,
        printed=format_code(code) if code else "", event_id=str(uuid4()), outs=outs, more_out=more_out,
        more_href=f"/lots/{lot_id}?all=1#out" if shown == OUT_SHOWN else f"/lots/issues?lot={lot_id}",
        packs=[_pack(view, known) for view in packs if not view.pack.is_closed],
        closed=[_pack(view, known) for view in packs if view.pack.is_closed], controls=_controls(lot), **rights,
    )  # fmt: skip
    return answer, status


def _rights(row: LotRow, packs: list[PackView]) -> dict[str, bool]:
    """What this person may do with this lot as it stands."""
    lot, barred = row.lot, row.standing in {Standing.RECALLED, Standing.EXPIRED}
    may_write, may_use = (
        reaches_unit(actor(), permission, lot.unit)
        for permission in (Permission.STOCK_WRITE, Permission.OPERATION_WRITE)
    )
    has_packs = bool(lot.tests_per_pack or lot.use_within_days or lot.equipment_class.code in CONTROLLED_CLASSES)
    sealed = row.on_hand - sum(view.pack.is_in_store() for view in packs)
    return {
        "is_barred": barred,
        "may_write": may_write,
        "may_use": may_use and not barred,
        "may_print": reaches_unit(actor(), Permission.LABEL_PRINT, lot.unit),
        "may_issue": may_write and not barred and row.standing is not Standing.SUSPECT and row.on_hand > 0,
        "may_open": may_use and not barred and has_packs and sealed >= 1,
    }


def cover_words(cover: Any, issued: Any, counted_in: str) -> str:
    """How long the stock lasts, with what that rests on."""
    if cover is None:
        return words(msg("not known: nothing was issued in the last %(days)s days", days=COVER_DAYS))
    said = msg(
        "%(n)s days, as %(issued)s %(unit)s were issued in the last %(days)s days and the next will be like them",
        n=plain(cover), issued=plain(issued), unit=counted_in, days=COVER_DAYS,
    )  # fmt: skip
    return words(said)


def act_on_lot(
    lot_id: int, prefix: str, fields: dict[str, Reader], do: Act, *, own_values: dict[str, str] | None = None
) -> Any:
    """Do something with the lot; the fields of each form on its page bear a prefix of their own."""
    values = typed()
    given: dict[str, object] = {name: values.get(f"{prefix}{name}", "") for name in fields}
    try:
        with writing() as session:
            row = lot_by_id(session, actor(), lot_id, today())
            said = do(session, row.lot, read_fields(fields, given))
    except (InvalidInput, RuleViolation, Conflict) as error:
        errors = {f"{prefix}{name}" if name else "": text for name, text in field_errors(error).items()}
        return lot_page(lot_id, {**values, **(own_values or {})}, errors, status_of(error))
    flash_words(said, "success")
    return redirect(url_for("lots.show", lot_id=lot_id), 303)


def occurrence_of(values: dict[str, str]) -> Occurrence:
    """What a form does now, under the id that it was shown with: sent twice, it is done once."""
    try:
        event_id = str(UUID(values.get("event_id", "")))
    except ValueError:
        event_id = str(uuid4())
    return Occurrence(now(), now(), event_id)


def _move(move: StockMovement) -> dict[str, Any]:
    sign = "+" if move.quantity > 0 else "−"
    return {
        "move": move, "title": words(MOVES[move.kind]), "quantity": f"{sign}{plain(abs(move.quantity))}",
        "why": reason_words(move.reason),
    }  # fmt: skip


def _out(out: Out, store: Unit) -> dict[str, Any]:
    issue: StockIssue = out.issue
    return {
        "id": issue.movement_id, "who": whose(issue.person, issue.unit, store), "unit": issue.unit.name, "at": out.at,
        "quantity": plain(out.quantity), "is_pack": issue.pack_id is not None,
    }  # fmt: skip


def _pack(view: PackView, known: Collection[str]) -> dict[str, Any]:
    """A pack as the page shows it; an operation that the viewer may not know of is not named."""
    usable = view.pack.may_be_used(today())
    if view.pack.is_closed:
        kind, state = "unknown", reason_words(view.entries[0].reason if view.entries else "")
    elif not usable:
        kind, state = "blocked", words(msg("open for too long"))
    elif view.pack.is_out:
        kind, state = "away", words(msg("out"))
    else:
        kind, state = "ready", words(msg("open, in store"))
    last = view.pack.use_by
    return {
        "row": view.row, "left": view.pack.tests_left, "kind": kind, "state": state, "usable": usable,
        "until": show_date(last) if last else "",
        "control": words(CONTROLS[view.row.control]) if view.row.control else "",
        "entries": [
            {
                "title": words(PACK_WORDS[entry.kind]), "entry": entry, "count": abs(entry.count or 0),
                "why": reason_words(entry.reason),
                "operation": entry.operation if entry.operation in known else "",
            }
            for entry in view.entries
        ],
    }  # fmt: skip


def _controls(lot: StockLot) -> list[tuple[str, str]]:
    if lot.equipment_class.code not in CONTROLLED_CLASSES:
        return []
    return [("passed", words(msg("Passed: it showed"))), ("failed", words(msg("Failed: it did not show")))]
