"""The steps of a loss and of a disposal: which follows which, what each needs, and in what words. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import Message, msg

LOSS_STATE_NAMES: dict[str, Message] = {
    "reported": msg("reported"),
    "inquiry": msg("inquiry"),
    "decided": msg("decided"),
}
LOSS_DECISION_NAMES: dict[str, Message] = {
    "found": msg("found"),
    "written_off": msg("written off"),
    "recovered_value": msg("value recovered"),
}
DISPOSAL_STATE_NAMES: dict[str, Message] = {
    "proposed": msg("proposed"),
    "approved": msg("approved"),
    "rejected": msg("rejected"),
    "carried_out": msg("carried out"),
    "reversed": msg("decision reversed"),
}
METHOD_NAMES: dict[str, Message] = {
    "sale": msg("sale"),
    "transfer": msg("transfer to another body"),
    "gift": msg("gift"),
    "destruction": msg("destruction"),
    "write_off": msg("write-off"),
}
# Somebody gets it: the record must say who.
_TO_SOMEBODY = frozenset({"sale", "transfer", "gift"})
FOUND_LIVES = ("in_service", "received", "withdrawn")
CURRENCIES = ("UZS", "USD", "EUR", "JPY")
MAX_AMOUNT = Decimal(10) ** 14


def check_second_person(first: int | None, second: int | None) -> None:
    """`RuleViolation` when who decides is who brought the case: two people see each decision."""
    if first is not None and first == second:
        raise RuleViolation(
            msg("You brought this case yourself: somebody else must enter the decision."), code="second_person"
        )


def check_day(field: str, day: date | None, today: date, *, not_before: date | None = None) -> date:
    """The day; `InvalidInput` when it is missing, in the future, or before the step that it follows."""
    if day is None:
        raise invalid(field, msg("Say on which day."), code="required")
    if day > today:
        raise invalid(field, msg("This day lies in the future."), code="in_future")
    if not_before is not None and day < not_before:
        raise invalid(
            field, msg("This cannot have been before %(day)s.", day=not_before.isoformat()), code="out_of_order"
        )
    return day


def check_words(field: str, text: str, limit: int, *, required: bool = True) -> str:
    """The text without outer spaces; `InvalidInput` when it is missing, too long or holds what is no text."""
    text = text.strip()
    if required and not text:
        raise invalid(field, msg("This must be filled in."), code="required")
    if len(text) > limit:
        raise invalid(field, msg("At most %(n)s characters.", n=limit), code="too_long")
    if any((c < " " and c not in "\n\r\t") or "\ud800" <= c <= "\udfff" for c in text):
        raise invalid(field, msg("This contains characters that are not text."), code="not_text")
    return text


def check_amount(field: str, amount: Decimal | None, *, required: bool) -> Decimal | None:
    """The amount of money, 0 or more with at most two decimals; `InvalidInput` otherwise."""
    if amount is None:
        if required:
            raise invalid(field, msg("Say how much."), code="required")
        return None
    if not amount.is_finite() or not 0 <= amount < MAX_AMOUNT or amount != amount.quantize(Decimal("0.01")):
        raise invalid(field, msg("An amount is 0 or more, with at most two decimals."))
    return amount


def check_currency(currency: str) -> str:
    """A currency code of three letters."""
    currency = currency.strip().upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise invalid("currency", msg("A currency is three letters, such as UZS."))
    return currency


def check_loss_decision(state: str, decision: str, amount: Decimal | None) -> None:
    """`RuleViolation` unless a loss in `state` can be decided so: only what was found needs no inquiry."""
    if decision not in LOSS_DECISION_NAMES:
        raise invalid(
            "decision", msg("This is one of: %(known)s.", known=", ".join(LOSS_DECISION_NAMES)), code="unknown_word"
        )
    if state == "decided":
        raise RuleViolation(msg("This loss is decided already."), code="already_decided")
    if decision != "found" and state != "inquiry":
        raise RuleViolation(
            msg("Nothing is written off without an inquiry: open it first, and say what it found."),
            code="inquiry_missing",
        )
    if decision != "recovered_value" and amount is not None:
        raise invalid("recovered_amount", msg("An amount belongs to a recovered value only."))


def check_proposal(life: str, loss_decision: str | None, trigger: str) -> None:
    """`RuleViolation` unless an item in this life may be proposed for disposal.

    It must be withdrawn, or lost with a loss case that is decided (`loss_decision`; None while there is none).
    """
    if trigger not in {"age", "distance", "condition", "loss", "obsolete", "other"}:
        raise invalid("trigger", msg("Say why it is to be disposed of."), code="unknown_word")
    if life == "lost":
        check_loss_settled(loss_decision)
        if trigger != "loss":
            raise invalid("trigger", msg("It is lost: that is why."), code="trigger_is_loss")
    elif life != "withdrawn":
        raise RuleViolation(msg("Withdraw it from service first, with the reason."), code="not_withdrawn")
    elif trigger == "loss":
        raise invalid("trigger", msg("It is not lost."), code="not_lost")


def check_loss_settled(loss_decision: str | None) -> None:
    """`RuleViolation` while the loss behind a disposal is not decided."""
    if loss_decision not in {"written_off", "recovered_value"}:
        raise RuleViolation(
            msg("It is lost, and the loss is not decided: that comes before a disposal."), code="loss_not_decided"
        )


def check_method(life: str, method: str) -> None:
    """`InvalidInput` for an unknown way out; what is lost can only be written off."""
    if method not in METHOD_NAMES:
        raise invalid("method", msg("Say how it is to go: %(known)s.", known=", ".join(METHOD_NAMES)))
    if life == "lost" and method != "write_off":
        raise invalid("method", msg("What is lost can only be written off."), code="lost_is_written_off")


def check_carried_out(life: str, method: str, recipient: str, proceeds: Decimal | None, *, has_tracker: bool) -> None:
    """`RuleViolation` or `InvalidInput` unless an approved disposal can be recorded as done."""
    if life not in {"withdrawn", "lost"}:
        raise RuleViolation(
            msg("It is not withdrawn any more: withdraw it again, or reverse the decision."), code="not_withdrawn"
        )
    if life == "lost" and method != "write_off":
        raise RuleViolation(
            msg("It was lost after the decision: reverse the decision and decide again."), code="lost_since"
        )
    if has_tracker and life == "withdrawn":
        raise RuleViolation(
            msg("It still carries a tracker, which would go on telling where its next owner is. Take it off first."),
            code="tracker_mounted",
        )
    if method in _TO_SOMEBODY and not recipient:
        raise invalid("recipient", msg("Say who received it."), code="required")
    check_amount("proceeds", proceeds, required=method == "sale")
