"""What may be written in the list of a kit, and what may be put into it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from assets.core.errors import FieldError, InvalidInput, RuleViolation, invalid
from assets.core.i18n import Message, msg
from assets.registry.rules.stock import MAX_QUANTITY, plain

MAX_LINES = 60
MAX_NUMBER = 10_000
KIT_CLASS = "kit"


@dataclass(frozen=True)
class LineDraft:
    """A line as it was written: a class by code, a model of it by name or an item kept by lots, or neither."""

    class_code: str
    number: int
    required: bool = True
    model: str = ""
    item: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.class_code, self.model.casefold(), self.item.casefold()


def check_list(lines: Sequence[LineDraft]) -> None:
    """`InvalidInput` naming every line that is wrong (`lines.0.number` …): too many, twice the same, a kit in it."""
    if len(lines) > MAX_LINES:
        raise invalid("lines", msg("A list has at most %(n)s lines.", n=MAX_LINES), code="too_long")
    wrong: list[FieldError] = []
    seen: set[tuple[str, str, str]] = set()
    for place, line in enumerate(lines):
        name = f"lines.{place}"
        if not 1 <= line.number <= MAX_NUMBER:
            words = msg("This is a whole number from 1 to %(max)s.", max=MAX_NUMBER)
            wrong.append(FieldError(f"{name}.number", words, "out_of_range"))
        if line.model and line.item:
            words = msg("A line names a model or an item kept by lots, not both.")
            wrong.append(FieldError(f"{name}.item", words, "both"))
        if line.class_code == KIT_CLASS:
            wrong.append(FieldError(f"{name}.class", msg("A kit does not go into a kit."), "kit_in_kit"))
        if line.key in seen:
            wrong.append(FieldError(name, msg("This stands in the list twice: write one line."), "twice"))
        seen.add(line.key)
    if wrong:
        raise InvalidInput(msg("The list cannot be saved like this."), fields=wrong)


@dataclass(frozen=True)
class PutFacts:
    """What putting a part into a kit is judged by; `together`: same unit and same holder as the kit."""

    same_asset: bool
    part_is_kit: bool
    kit_is_part: bool
    life: str
    same_unit: bool
    together: bool
    is_late: bool


def decide_put(facts: PutFacts) -> None:
    """`RuleViolation` with words that say what to do, when the part may not be put into the kit.

    What happened a while ago is kept, but a kit never goes into a kit. Codes: kit_in_kit, not_to_put, other_unit,
    not_together.
    """
    if facts.same_asset or facts.part_is_kit or facts.kit_is_part:
        words = msg("A kit does not go into a kit, and nothing goes into a part of one. Put its parts in one by one.")
        raise RuleViolation(words, code="kit_in_kit")
    if facts.is_late:
        return
    if facts.life in {"expected", "lost", "disposed"}:
        words = msg("It is lost, disposed of or not here yet, so it cannot be put into a kit.")
        raise RuleViolation(words, code="not_to_put", data={"life": facts.life})
    if not facts.same_unit:
        words = msg("It is with another unit than the kit: send it there first.")
        raise RuleViolation(words, code="other_unit")
    if not facts.together:
        words = msg("It and the kit are not with the same person: take back what is issued, or issue both.")
        raise RuleViolation(words, code="not_together")


def check_quantity(quantity: Decimal) -> None:
    """`InvalidInput` for nothing, less than nothing or too much."""
    if not 0 < quantity <= MAX_QUANTITY:
        raise invalid("quantity", msg("Say how much it is: more than nothing."), code="out_of_range")


def check_leaves(there: Decimal, quantity: Decimal, *, is_late: bool) -> None:
    """`InvalidInput` when more would leave than is there; what happened a while ago is kept, and the kit says so."""
    if quantity > there and not is_late:
        raise invalid("quantity", msg("Only %(n)s are in it.", n=plain(there)), code="out_of_range")


def not_in_kit() -> RuleViolation:
    """Something is not in the kit that it is to be taken out of."""
    words: Message = msg("It is not in this kit.")
    return RuleViolation(words, code="not_in_kit")
