"""The shapes of commands: what each kind carries. Unknown keys are refused; nothing is decided here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from assets.core.clock import day_start
from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import msg
from assets.web.parsing import parse_date, parse_moment

MAX_COMMANDS = 500
Text = Annotated[str, Field(max_length=2000)]
Short = Annotated[str, Field(max_length=200)]
Grade = Literal["A", "B", "C", "D"]
Amount = Annotated[Decimal, Field(ge=0, le=9_999_999)]
# Before any of the equipment was there; the first years of the calendar exist in no other zone.
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC))]


class Shape(BaseModel):
    """Texts without blanks at their ends, and no keys but the named."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


AnyShape = TypeVar("AnyShape", bound=Shape)


class Reading(Shape):
    """What a named meter showed."""

    meter: Short
    value: Amount


class Use(Shape):
    """How much it was used: `count` times or `hours`."""

    count: int | None = Field(None, ge=1, le=10_000)
    hours: Decimal | None = Field(None, gt=0, le=1000)
    operation: Short = ""
    contribution: Literal["none", "supported", "decisive"] = "none"


class Signed(Shape):
    """`signature` is the id of the picture that comes after it, one for as many commands as were signed together."""

    signature: UUID | None = None
    signed_on_paper: bool = False


class Confirmed(Shape):
    """The receiver's PIN, sealed for the server: `{"pin", "command", "person"}` under its public key, as base64."""

    sealed: Annotated[str, Field(max_length=2000)]


class Sighting(Shape):
    condition: Grade | None = None
    note: Text = ""
    mission: Short = ""


class Issue(Signed):
    """`to` is a person's service number; `until` a day (it counts to its end) or a moment."""

    to: Short
    until: Short = ""
    override_reason: Text = ""
    confirmed: Confirmed | None = None
    shift: UUID | None = None

    @field_validator("to", mode="before")
    @classmethod
    def _number_as_text(cls, value: object) -> object:
        # A service number of digits alone may come as a number.
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class ShiftStart(Shape):
    """`id` is the shift's own, chosen by the sender; `crew` are service numbers, the first who answers first."""

    id: UUID
    crew: list[Short] = Field(max_length=50)
    ends_at: Short
    vehicle: Short = ""
    note: Text = ""

    @field_validator("crew", mode="before")
    @classmethod
    def _numbers_as_text(cls, value: object) -> object:
        return [str(each) if type(each) is int else each for each in value] if isinstance(value, list) else value


class Return(Signed):
    """`meter` is what the item's usual meter showed, or names another meter."""

    condition: Grade
    meter: Amount | Reading | None = None
    use: Use | None = None
    note: Text = ""
    shift: UUID | None = None


class Condition(Shape):
    grade: Grade
    note: Text = ""


class Fault(Shape):
    severity: Literal["minor", "major", "critical"]
    text: Text


class UseAlone(Shape):
    started_at: Moment
    ended_at: Moment | None = None
    count: int | None = Field(None, ge=1, le=10_000)
    operation: Short = ""


class Check(Shape):
    items: dict[Annotated[str, Field(max_length=80)], Literal["ok", "not"] | bool] = Field(max_length=60)
    reading: Amount | Reading | None = None
    passed: bool
    note: Text = ""
    fault: Fault | None = None


class Difference(Shape):
    """What came otherwise than it was sent."""

    kind: Literal["damaged", "missing", "wrong_item"]
    note: Text = ""


class TransferSend(Signed):
    """`to_unit` is a unit's code; `until` makes it a loan; `sheet` is shared by all that is sent together."""

    to_unit: Short
    until: Short = ""
    note: Text = ""
    sheet: UUID | None = None


class TransferReceive(Signed):
    """`condition` of what came; `to_unit` only from who receives for several units."""

    condition: Grade | None = None
    differences: list[Difference] = Field(default_factory=list, max_length=5)
    note: Text = ""
    to_unit: Short = ""


class Confirm(Shape):
    """`event` is the issue that the sender answers for; the command's own code is the item's."""

    event: UUID
    has_it: bool
    note: Annotated[str, Field(max_length=500)] = ""


class ClaimLabel(Shape):
    """`asset` is a code that leads to the item now; the command's own code is the blank label's."""

    asset: Short


class PartSeen(Shape):
    """A part of a kit by its label code: whether it is there."""

    code: Short
    present: bool


class LotCounted(Shape):
    """So much of a lot, by its id."""

    lot: int = Field(ge=1, le=2_147_483_647)
    quantity: Amount


class KitCheck(Shape):
    """Which parts of the kit are there, and how much of what is counted in it."""

    parts: list[PartSeen] = Field(default_factory=list, max_length=300)
    counted: list[LotCounted] = Field(default_factory=list, max_length=300)
    note: Text = ""


class KitMove(Shape):
    """`kit` is a code that leads to the kit; the command's own code is the part's."""

    kit: Short
    note: Text = ""


class KitPut(KitMove):
    """The part was put into the kit."""


class KitTake(KitMove):
    """The part was taken out of the kit."""


class StockIssue(Shape):
    """`to` is a person's service number or a unit's code; `reason`: why not the lot that goes first."""

    quantity: Amount
    to: Short
    reason: Text = ""

    @field_validator("to", mode="before")
    @classmethod
    def _number_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


SHAPES: dict[str, type[Shape]] = {
    "sighting": Sighting,
    "issue": Issue,
    "shift_start": ShiftStart,
    "return": Return,
    "transfer_send": TransferSend,
    "transfer_receive": TransferReceive,
    "condition": Condition,
    "fault": Fault,
    "reading": Reading,
    "use": UseAlone,
    "check": Check,
    "confirm": Confirm,
    "claim_label": ClaimLabel,
    "stock_issue": StockIssue,
    "kit_check": KitCheck,
    "kit_put": KitPut,
    "kit_take": KitTake,
}


class Batch(Shape):
    """What a phone or program posts; each of `commands` is `{id, n, kind, code, occurred_at, data}`."""

    sent_at: AwareDatetime
    commands: list[Any] = Field(max_length=MAX_COMMANDS)


class Command(Shape):
    """One command. Its `id` is the sender's own; `n` the sender's counter, which breaks ties of time."""

    id: UUID
    n: int = Field(0, ge=0, le=2_147_483_647)
    kind: Short
    code: Short
    occurred_at: AwareDatetime
    data: dict[str, Any] = Field(default_factory=dict)


def read_command(raw: object) -> tuple[Command, Shape]:
    """The command and its data; `InvalidInput` names what is wrong, with code unknown_kind for other kinds."""
    if not _is_text(raw):
        raise InvalidInput(msg("There is a character in it that cannot be stored."), code="not_text")
    command = _read(Command, raw)
    shape = SHAPES.get(command.kind)
    if shape is None:
        raise InvalidInput(
            msg("This kind of command is not offered. There are: %(kinds)s.", kinds=", ".join(SHAPES)),
            code="unknown_kind",
        )
    return command, _read(shape, command.data)


def end_of(until: str, zone: ZoneInfo) -> datetime | None:
    """Until when something is lent: a day counts to its end, a moment as it is; None for ''."""
    if not until:
        return None
    if len(until) == 10:
        return day_start(parse_date(until, "until") + timedelta(days=1), zone)
    return parse_moment(until, zone, "until")


def _read(shape: type[AnyShape], raw: object) -> AnyShape:
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        fields = [
            FieldError(".".join(str(part) for part in item["loc"]), msg("%(what)s", what=item["msg"]))
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        listed = "; ".join(f"{field.field}: {field.message}" for field in fields)[:500]
        raise InvalidInput(msg("%(what)s", what=listed), fields=fields) from error


def _is_text(raw: object) -> bool:
    """Whether every text in it can be stored: no NUL goes into PostgreSQL, half a surrogate pair into no encoding."""
    waiting = [raw]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in part):
            return False
    return True
