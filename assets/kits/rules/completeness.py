"""Is a kit complete: what its list asks for against what is in it, line by line, in words that say what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from assets.core.i18n import Message, msg
from assets.labels.token import format_code
from assets.registry.rules.classes import CLASSES
from assets.registry.rules.stock import plain

READY, DUE, BLOCKED, UNKNOWN = "ready", "due", "blocked", "unknown"
INCOMPLETE, PART_UNFIT, LOT_EXPIRED, NEVER_CHECKED = (
    "kit_incomplete", "kit_part_unfit", "kit_lot_expired", "kit_never_checked",
)  # fmt: skip
# A part that is lost, gone for good or not here yet is handed over with nothing.
NEVER_ALONG = frozenset({"expected", "lost", "disposed"})
# Something lacks, is not fit or out of date that the kit can do without: a code of its own, for it forbids nothing.
TO_MEND = "kit_to_mend"
COMPLETE, UNCHECKED, NO_LIST = "complete", "unchecked", "no_list"
STATE_NAMES: dict[str, Message] = {
    COMPLETE: msg("complete"),
    "incomplete": msg("not complete"),
    UNCHECKED: msg("never checked"),
    NO_LIST: msg("no list yet"),
}


@dataclass(frozen=True)
class Line:
    """What belongs in a kit: `number` parts of a class, or of one model of it, or so much of an item kept by lots."""

    class_id: int
    class_code: str
    number: int
    required: bool = True
    model_id: int | None = None
    model_name: str = ""
    item: str = ""

    @property
    def name(self) -> Message | str:
        """What the line is called."""
        return self.item or self.model_name or CLASSES[self.class_code].title


@dataclass(frozen=True)
class Part:
    """An asset in a kit: whether it was missed at a check, is elsewhere, or is not fit, and why not (`why`)."""

    asset_id: int
    code: str
    class_id: int
    class_code: str
    life: str
    condition: str | None
    since: datetime
    model_id: int | None = None
    model_name: str = ""
    missing_since: datetime | None = None
    away: bool = False
    calibrated: bool = False
    fit: bool = True
    why: Message | None = None

    @property
    def must_be_calibrated(self) -> bool:
        """Whether items of its class must hold a valid calibration or verification."""
        return self.calibrated or CLASSES[self.class_code].subject_to_calibration

    @property
    def name(self) -> Message | str:
        return self.model_name or CLASSES[self.class_code].title

    @property
    def is_there(self) -> bool:
        return self.missing_since is None and not self.away


@dataclass(frozen=True)
class Counted:
    """So much of a lot in a kit; `barred`: 'expired', 'recalled' or 'suspect', '' when it may be used."""

    lot_id: int
    class_id: int
    class_code: str
    item: str
    lot_number: str
    counted_in: str
    quantity: Decimal
    barred: str = ""
    short: Decimal = Decimal(0)


@dataclass(frozen=True)
class LineState:
    """A line with the parts and lots that count for it, how many of it are usable, and what is wrong."""

    line: Line
    there: Decimal
    parts: tuple[Part, ...]
    counted: tuple[Counted, ...]
    findings: tuple[Finding, ...]

    @property
    def state(self) -> str:
        """The worst of its findings."""
        return BLOCKED if any(f.state == BLOCKED for f in self.findings) else DUE if self.findings else READY


@dataclass(frozen=True)
class Finding:
    """Why a kit is not simply ready: a stable code, words, and how bad it is ('blocked', 'due', 'unknown')."""

    code: str
    state: str
    message: Message


def _finding(code: str, words: Message, *, blocks: bool) -> Finding:
    return Finding(code, BLOCKED, words) if blocks else Finding(TO_MEND, DUE, words)


@dataclass(frozen=True)
class Contents:
    """A kit's list and what is in it; `checked_at`: when its completeness was last checked."""

    lines: tuple[Line, ...] = ()
    parts: tuple[Part, ...] = ()
    counted: tuple[Counted, ...] = ()
    checked_at: datetime | None = None

    def lines_with_state(self) -> list[LineState]:
        """Each line with its state, in the order of the list."""
        named: set[int | None] = {line.model_id for line in self.lines if line.model_id is not None}
        return [_line_state(line, self, named) for line in self.lines]

    def unlisted(self) -> tuple[list[Part], list[Counted]]:
        """What is in it and not on its list."""
        states = self.lines_with_state()
        parts = {part.asset_id for state in states for part in state.parts}
        lots = {counted.lot_id for state in states for counted in state.counted}
        return (
            [part for part in self.parts if part.asset_id not in parts],
            [counted for counted in self.counted if counted.lot_id not in lots],
        )

    def unfit_inside(self) -> list[Part]:
        """The parts that go with it when it is handed over, and are not fit, on its list or not."""
        return [part for part in self.parts if part.is_there and not part.fit and part.life not in NEVER_ALONG]

    def findings(self) -> tuple[Finding, ...]:
        """All that is wrong with it, worst first; of a kit without a list only what in it is not fit."""
        found = [finding for state in self.lines_with_state() for finding in state.findings]
        listed = {part.asset_id for state in self.lines_with_state() for part in state.parts}
        found += [
            _finding(PART_UNFIT, unfit_words(part.name, part.code, part.why), blocks=False)
            for part in self.unfit_inside()
            if part.asset_id not in listed
        ]
        if self.lines and self.checked_at is None:
            words = msg("It was never checked for completeness: check it against its list.")
            found.append(Finding(NEVER_CHECKED, UNKNOWN, words))
        return tuple(sorted(found, key=lambda finding: (BLOCKED, DUE, UNKNOWN).index(finding.state)))

    @property
    def state(self) -> str:
        """'complete', 'incomplete', 'unchecked' or 'no_list'; what lacks without being required does not count."""
        if not self.lines:
            return NO_LIST
        found = self.findings()
        if any(finding.state == BLOCKED for finding in found):
            return "incomplete"
        return UNCHECKED if self.checked_at is None else COMPLETE


def _line_state(line: Line, contents: Contents, named: set[int | None]) -> LineState:
    if line.item:
        lots = tuple(c for c in contents.counted if c.item == line.item and c.class_id == line.class_id)
        usable = sum((c.quantity for c in lots if not c.barred), Decimal(0))
        return LineState(line, usable, (), lots, tuple(_of_counted(line, lots, usable)))
    # A part of a model that has a line of its own counts there, and not for its class: each part has one place.
    parts = tuple(
        part
        for part in contents.parts
        if part.class_id == line.class_id
        and (part.model_id == line.model_id if line.model_id is not None else part.model_id not in named)
    )
    there = Decimal(sum(part.is_there for part in parts))
    return LineState(line, there, parts, (), tuple(_of_parts(line, parts)))


def _of_parts(line: Line, parts: Sequence[Part]) -> Iterator[Finding]:
    there = [part for part in parts if part.is_there]
    if len(there) < line.number:
        words = _lacking(line, len(there), [part for part in parts if not part.is_there])
        yield _finding(INCOMPLETE, words, blocks=line.required)
    fit = sum(part.fit for part in there)
    for part in there:
        if not part.fit:
            # Enough of the others are fit: it is told, and forbids nothing.
            words = unfit_words(part.name, part.code, part.why)
            yield _finding(PART_UNFIT, words, blocks=line.required and fit < line.number)


def unfit_words(name: Message | str, code: str, why: Message | str | None) -> Message:
    """That a part is not fit, why, and what to do; said alike of a kit and at its issue."""
    return msg("%(what)s %(code)s in it is not fit: %(why)s Change it for a fit one.",
               what=name, code=format_code(code), why=why or "")  # fmt: skip


def _lacking(line: Line, there: int, gone: Sequence[Part]) -> Message:
    head = msg("%(what)s: %(there)s of %(number)s in it.", what=line.name, there=there, number=line.number)
    missed = [format_code(part.code) for part in gone if part.missing_since is not None]
    away = [format_code(part.code) for part in gone if part.missing_since is None]
    if missed:
        rest = msg("%(codes)s was not found at the check: look for it and scan it, or put in another.",
                   codes=", ".join(missed))  # fmt: skip
    elif away:
        rest = msg("%(codes)s is not where the kit is: bring it back, or put in another.", codes=", ".join(away))
    else:
        rest = msg("Put in what lacks.")
    return msg("%(head)s %(rest)s", head=head, rest=rest)


def _of_counted(line: Line, lots: Sequence[Counted], usable: Decimal) -> Iterator[Finding]:
    for lot in lots:
        if lot.barred and lot.quantity:
            yield _finding(LOT_EXPIRED, _barred(lot), blocks=line.required)
    if usable < line.number:
        words = msg("%(what)s: %(there)s of %(number)s in it. Fill it up.",
                    what=line.name, there=plain(usable), number=line.number)  # fmt: skip
        yield _finding(INCOMPLETE, words, blocks=line.required)


def _barred(lot: Counted) -> Message:
    what = {"item": lot.item, "lot": lot.lot_number}
    if lot.barred == "recalled":
        return msg("%(item)s, lot %(lot)s, is recalled: take it out and put in another lot.", **what)
    if lot.barred == "suspect":
        return msg("%(item)s, lot %(lot)s, failed its positive control: take it out and put in another lot.", **what)
    return msg("%(item)s, lot %(lot)s, is expired: take it out and put in a lot that is in date.", **what)
