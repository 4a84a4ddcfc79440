"""The transfer and acceptance act of a round as PDF: what was handed over, what differed, and who signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg, say
from assets.handover.act_words import ACT_LANGUAGES, ActVoice
from assets.handover.models import HandoverCount, HandoverItem, HandoverLine
from assets.handover.queries import ItemFilters, all_items, lines_and_totals, newest_counts
from assets.handover.rules import DIFFERENCES, FOUND, in_usd, total_of
from assets.labels.sheet import vendored_fonts
from assets.labels.token import format_code
from assets.labels.typeset import typeset
from assets.people.models import Organisation
from assets.people.rules import Permission, require
from assets.registry.models import HandoverBatch
from assets.registry.rules.classes import CLASSES

ACT_TEMPLATE = Path(__file__).with_name("act.typ")
_LONGEST_PIECE = 10


@dataclass(frozen=True)
class Act:
    """What an act is made of: the items within the reader's reach, of one agency or of all, and their counts."""

    batch: HandoverBatch
    items: Sequence[HandoverItem]
    counts: dict[int, HandoverCount]
    agency: Organisation | None
    partial: bool


def act_of(session: Session, actor: Actor, batch: HandoverBatch, agency: str = "") -> Act:
    """The act of a round for one agency (by code), or for all.

    `NotAllowed` without the right to see serial numbers, `NotFound` when nothing of it lies within reach. Holds only
    items for whose units the actor has that right, and then says so.
    """
    require(actor, Permission.ASSET_IDENTITY)
    items = list(all_items(session, actor, ItemFilters(batch_id=batch.id), Permission.ASSET_IDENTITY))
    partial = len(items) < lines_and_totals(session, actor, batch)[1].items
    of_agency = None
    if agency:
        of_agency = next((i.line.agency for i in items if i.line.agency and i.line.agency.code == agency), None)
        items = [item for item in items if item.line.agency is not None and item.line.agency is of_agency]
    if not items:
        raise NotFound(msg("There is nothing in this round for such an act."))
    counts = newest_counts(session, [item.id for item in items if item.outcome in DIFFERENCES])
    return Act(batch, items, counts, of_agency, partial)


def act_pdf(act: Act, lang: str) -> bytes:
    """The act as accessible PDF (PDF/UA-1); the same act gives the same bytes. `TypesetError` when it cannot be set."""
    return typeset(ACT_TEMPLATE, act_content(act, lang), vendored_fonts(), standards=("ua-1",))


def act_content(act: Act, lang: str) -> dict[str, Any]:
    """Everything that stands in the act, in words; `InvalidInput` for a language that it is not made in."""
    if lang not in ACT_LANGUAGES:
        raise invalid(
            "lang", msg("The act is made in: %(known)s.", known=", ".join(ACT_LANGUAGES)), code="unknown_word"
        )
    voice, batch = ActVoice(lang), act.batch
    number = f"{batch.number}/{act.agency.code}" if act.agency is not None else batch.number
    day = batch.handed_over_on
    return {
        "lang": lang,
        "date": [day.year, day.month, day.day],
        "title": voice.say("title"),
        "number": voice.filled("number", number),
        "when": [batch.place, voice.date(day)],
        "head": _head(act, voice),
        "opening": voice.say("opening"),
        "notices": _notices(act, voice),
        "columns": [voice.say(key) for key in ("nr", "item", "label", "serial", "unit")]
        + [voice.filled("value", batch.currency)],
        "parts": _parts(act, voice),
        "totals": _totals(act, voice),
        "differences": _differences(act, voice),
        "signatures": _signatures(act, voice),
        "page": voice.say("page"),
    }


def _head(act: Act, voice: ActVoice) -> list[list[str]]:
    grant = act.batch.grant
    agency = grant.implementing_agency
    pairs = [
        ("grant", f"{grant.title} ({grant.code})"),
        ("en_number", " · ".join(filter(None, [grant.en_number, voice.date(grant.en_signed_on).strip("–")]))),
        ("ga_number", " · ".join(filter(None, [grant.ga_number, voice.date(grant.ga_signed_on).strip("–")]))),
        ("donor", grant.donor.name),
        ("implementing", agency.name if agency is not None else ""),
        ("round", act.batch.number),
        ("place", act.batch.place),
        ("date", voice.date(act.batch.handed_over_on)),
        ("receiver", act.agency.name if act.agency is not None else ", ".join(_receivers(act, voice))),
    ]
    return [[voice.say(key), text] for key, text in pairs if text]


def _receivers(act: Act, voice: ActVoice) -> list[str]:
    """The names of the agencies that receive, each once, in the order of the lines."""
    return list(_by_agency(act, voice))


def _notices(act: Act, voice: ActVoice) -> list[str]:
    found = []
    pending = sum(item.outcome == "pending" for item in act.items)
    # Before the first count it is an act to be signed at the delivery, and nothing is missing from it.
    if 0 < pending < len(act.items):
        found.append(voice.filled("not_counted", voice.number(pending)))
    if act.partial:
        units = dict.fromkeys(item.asset.unit.name for item in act.items)
        found.append(voice.filled("partial", ", ".join(units)))
    return found


def _parts(act: Act, voice: ActVoice) -> list[dict[str, Any]]:
    """The table of items, a part for each agency, with its sum."""
    parts = _by_agency(act, voice)
    numbers = _numbers(act, voice)
    return [
        {
            "agency": name,
            "rows": [_row(item, numbers[item.id], act.batch.currency, voice) for item in items],
            "sum": [voice.filled("total", voice.filled("pieces", voice.number(len(items)))), _sum(items, act, voice)],
        }
        for name, items in parts.items()
    ]


def _by_agency(act: Act, voice: ActVoice) -> dict[str, list[HandoverItem]]:
    parts: dict[str, list[HandoverItem]] = {}
    for item in act.items:
        name = item.line.agency.name if item.line.agency is not None else voice.say("no_agency")
        parts.setdefault(name, []).append(item)
    return parts


def _numbers(act: Act, voice: ActVoice) -> dict[int, int]:
    """The running number of each item (by id), in the order in which the act lists them."""
    ordered = [item for items in _by_agency(act, voice).values() for item in items]
    return {item.id: place for place, item in enumerate(ordered, start=1)}


def _row(item: HandoverItem, number: int, currency: str, voice: ActVoice) -> list[str]:
    return [
        str(number),
        breakable(name_of(item, voice.lang)),
        format_code(item.asset.code),
        breakable(number_of(item)) or "–",
        breakable(item.asset.unit.name),
        voice.money(item.line.unit_value, currency),
    ]


def name_of(item: HandoverItem, lang: str) -> str:
    """Maker and model, or the class where no model was given."""
    return line_name(item.line, lang)


def line_name(line: HandoverLine, lang: str) -> str:
    """The same of a line."""
    if line.model is not None:
        return line.model.full_name
    code = line.equipment_class.code
    return say(CLASSES[code].title, lang) if code in CLASSES else line.equipment_class.name


def number_of(item: HandoverItem) -> str:
    """The serial number, or VIN, that the item bears now; '' when it has none."""
    return item.asset.serial_number or item.asset.vin


def _sum(items: Sequence[HandoverItem], act: Act, voice: ActVoice) -> str:
    return voice.money(total_of((1, item.line.unit_value) for item in items), act.batch.currency)


def _totals(act: Act, voice: ActVoice) -> list[list[str]]:
    batch = act.batch
    here = [item for item in act.items if item.outcome in FOUND]
    rows = []
    counted = any(item.outcome != "pending" for item in act.items)
    for key, items in (("total", act.items), *([("received", here)] if counted else [])):
        words = voice.filled(key, voice.filled("pieces", voice.number(len(items))))
        rows.append([words, f"{_sum(items, act, voice)} {batch.currency}"])
    value = total_of((1, item.line.unit_value) for item in act.items)
    if batch.currency != "USD" and value is not None:
        rows.append([voice.say("in_usd"), _usd(value, batch, voice)])
    without = sum(item.line.unit_value is None for item in act.items)
    if without:
        rows.append([voice.filled("no_value", voice.number(without)), ""])
    return rows


def _usd(value: Decimal, batch: HandoverBatch, voice: ActVoice) -> str:
    usd = in_usd(value, batch.currency, batch.usd_rate)
    if usd is None or batch.usd_rate is None:
        return voice.say("no_rate")
    rate = batch.usd_rate.normalize()
    exponent = rate.as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    places = {
        "value": f"{voice.money(usd, 'USD')} USD", "rate": voice.number(rate, decimals),
        "currency": batch.currency, "date": voice.date(batch.rate_on),
    }  # fmt: skip
    return voice.filled("rate", places)


def _differences(act: Act, voice: ActVoice) -> dict[str, Any]:
    numbers = _numbers(act, voice)
    rows = []
    for item in sorted(act.items, key=lambda item: numbers[item.id]):
        if item.outcome in DIFFERENCES:
            count = act.counts[item.id]
            words = voice.say(item.outcome)
            if item.outcome == "damaged":
                words = words % (count.grade or "–")
            rows.append(
                [
                    str(numbers[item.id]), breakable(name_of(item, voice.lang)), format_code(item.asset.code), words,
                    _remark(item, count, voice),
                ]
            )  # fmt: skip
    columns = [voice.say(key) for key in ("nr", "item", "label", "difference", "remark")]
    return {
        "title": voice.say("differences"), "columns": columns, "rows": rows,
        "none": "" if rows or all(item.outcome == "pending" for item in act.items) else voice.say("no_differences"),
    }  # fmt: skip


def _remark(item: HandoverItem, count: HandoverCount, voice: ActVoice) -> str:
    said = []
    paper = breakable(item.serial_on_paper) or voice.say("paper_blank")
    if item.outcome not in FOUND or count.serial_found:
        said.append(voice.filled("paper_number", paper))
    if count.serial_found:
        said.append(voice.filled("found_number", breakable(count.serial_found)))
    return ". ".join([*said, breakable(count.note)] if count.note else said)


def _signatures(act: Act, voice: ActVoice) -> dict[str, Any]:
    grant = act.batch.grant
    giver = grant.implementing_agency or grant.donor
    return {
        "title": voice.say("signatures"),
        "fields": [voice.say(key) for key in ("position", "name", "signature", "signed_on")],
        "seal": voice.say("seal"),
        "sides": [[voice.say("gave"), giver.name], *([voice.say("took"), name] for name in _receivers(act, voice))],
        "copies": voice.say("copies"),
    }


def breakable(text: str) -> str:
    """Long words may break anywhere: a serial number of 80 characters stays within its column."""
    return " ".join(
        word if len(word) <= _LONGEST_PIECE * 2
        else "\u200b".join(word[start : start + _LONGEST_PIECE] for start in range(0, len(word), _LONGEST_PIECE))
        for word in text.split(" ")
    )  # fmt: skip
