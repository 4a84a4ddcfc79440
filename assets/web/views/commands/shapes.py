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


class Sighting(Shape):
    condition: Grade | None = None
    note: Text = ""
    mission: Short = ""


class Issue(Shape):
    """`to` is a person's service number; `until` a day (it counts to its end) or a moment."""

    to: Short
    until: Short = ""
    override_reason: Text = ""

    @field_validator("to", mode="before")
    @classmethod
    def _number_as_text(cls, value: object) -> object:
        # A service number of digits alone may come as a number.
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Return(Shape):
    """`meter` is what the item's usual meter showed, or names another meter."""

    condition: Grade
    meter: Amount | Reading | None = None
    use: Use | None = None
    note: Text = ""


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


class ClaimLabel(Shape):
    """`asset` is a code that leads to the item now; the command's own code is the blank label's."""

    asset: Short


SHAPES: dict[str, type[Shape]] = {
    "sighting": Sighting,
    "issue": Issue,
    "return": Return,
    "condition": Condition,
    "fault": Fault,
    "reading": Reading,
    "use": UseAlone,
    "check": Check,
    "claim_label": ClaimLabel,
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
