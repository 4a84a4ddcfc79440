"""What the importers of all kinds are given and share: the session, what was seen in the file, look-ups made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import DomainError, FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.exchange.tables import SheetRow
from assets.people.models import Organisation, Region, Unit
from assets.people.queries import organisation_by_code, region_by_code, unit_by_code

Found = TypeVar("Found")


class Memo(Generic[Found]):
    """Looks a thing up once and remembers it, or the refusal: five thousand rows name few units."""

    def __init__(self, find: Callable[[str], Found]) -> None:
        self._find = find
        self._known: dict[str, Found | DomainError] = {}

    def __call__(self, key: str) -> Found:
        if key not in self._known:
            try:
                self._known[key] = self._find(key)
            except DomainError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, DomainError):
            raise found
        return found


@dataclass(frozen=True)
class Thing:
    """What an import brought in: its kind and what finds it again."""

    kind: str
    key: str


@dataclass(frozen=True)
class Outcome:
    """What became of one row that was no error. `things` are what a new one made, so that it can be undone."""

    status: str
    label: str = ""
    code: str = ""
    note: Message | None = None
    secret: str = ""
    things: tuple[Thing, ...] = ()


@dataclass(frozen=True)
class Pending:
    """A row that was checked and waits to be written together with others."""

    row: SheetRow
    label: str
    what: Any
    note: Message | None = None


class RowImporter(Protocol):
    """Takes one row after the other, each in a savepoint of its own."""

    def __call__(self, row: SheetRow) -> Outcome: ...


class BulkImporter(Protocol):
    """Checks row after row without writing, then writes those that passed together."""

    def check(self, row: SheetRow) -> Outcome | Pending: ...

    def write(self, pending: Sequence[Pending]) -> list[Outcome]: ...


@dataclass
class Work:
    """One stretch of rows within one transaction.

    `seen` holds the keys of earlier rows of the whole file, `shared` what was read once for all of it. `run_id` is the
    import run that the rows belong to; `all_rows` are those of the whole file.
    """

    session: Session
    actor: Actor
    now: datetime
    zone: ZoneInfo
    rows: Sequence[SheetRow]
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    run_id: int | None = None
    all_rows: Sequence[SheetRow] = ()

    @property
    def told(self) -> dict[str, object]:
        """What events say of the import that they came with."""
        return {} if self.run_id is None else {"import": self.run_id}

    @cached_property
    def unit(self) -> Memo[Unit]:
        return Memo(lambda code: unit_by_code(self.session, code))

    @cached_property
    def region(self) -> Memo[Region]:
        return Memo(lambda code: region_by_code(self.session, code))

    @cached_property
    def organisation(self) -> Memo[Organisation]:
        return Memo(lambda code: organisation_by_code(self.session, code))

    def first_of(self, field_name: str, row: int, *key: str) -> None:
        """Note that `row` has this key; `InvalidInput` naming the earlier row when the file had it before."""
        earlier = self.seen.setdefault((field_name, *key), row)
        if earlier != row:
            words = msg("Row %(row)s has the same.", row=earlier)
            raise InvalidInput(words, fields=[FieldError(field_name, words, "twice_in_file")], code="twice_in_file")


def differences(pairs: Sequence[tuple[str, object, object]]) -> None:
    """`InvalidInput` naming each (field, in the sheet, recorded) that differs; an import never overwrites."""
    fields = [
        FieldError(
            name,
            msg("Recorded is %(known)s, the sheet says %(given)s. An import changes nothing that is recorded.",
                known=_shown(known), given=_shown(given)),
            "differs",
        )
        for name, given, known in pairs
        if given != known
    ]  # fmt: skip
    if fields:
        raise InvalidInput(fields[0].message, fields=fields, code="differs")


def _shown(value: object) -> object:
    return msg("nothing") if value is None or value == "" else value


def required(row: SheetRow, *columns: str) -> None:
    """`InvalidInput` naming every one of these columns that the row leaves empty."""
    words = msg("This must be filled in.")
    missing = [FieldError(column, words, "required") for column in columns if not row.text(column)]
    if missing:
        raise InvalidInput(words, fields=missing, code="required")
