"""Opening balances: what was so before us (holder, place, last service, calibration), read, checked and taken over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from assets.calibration.service.opening import CalibrationTaken, calibration_plans_of, take_over_calibrations
from assets.core.clock import day_start, local_date
from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import Message, msg
from assets.custody.service.opening import Held, take_over_holders
from assets.exchange.imports.work import Work
from assets.maintenance.rules.due import LastDone
from assets.maintenance.service.opening import Serviced, serviced_plans, take_over_services
from assets.people.models import Person, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.rules.asset_fields import AssetDraft
from assets.registry.rules.meters import MAX_VALUE
from assets.registry.rules.values import Reader, read_date, read_decimal, read_fields, text_field
from assets.registry.scope import persons_for
from assets.registry.service.timeline import Occurrence, append

OPENING_FIELDS: dict[str, Reader] = {
    "holder": text_field(32),
    "place": text_field(200),
    "odometer_on": Reader(read_date),
    "last_service_on": Reader(read_date),
    "last_service_km": Reader(lambda value: read_decimal(value, 3, MAX_VALUE)),
    "calibrated_on": Reader(read_date),
    "calibration_valid_until": Reader(read_date),
    "taken_over_on": Reader(read_date),
}
OPENING_COLUMNS = tuple(OPENING_FIELDS)
OPENING_HINTS: Mapping[str, Message] = {
    "holder": msg("Service number of the person who has it; the item is then in service"),
    "place": msg("Where it is kept, in your words"),
    "odometer_on": msg("Day on which the odometer was read; empty: today"),
    "last_service_on": msg("Day of the last service; care plans count from it"),
    "last_service_km": msg("Odometer at the last service; care by kilometres counts from it"),
    "calibrated_on": msg("Day of the last calibration or verification, done before this register"),
    "calibration_valid_until": msg("Until when its certificate holds; empty: by the interval of the class"),
    "taken_over_on": msg("Day from which all this holds; empty: now"),
}
_FUTURE = msg("This lies in the future.")


@dataclass(frozen=True)
class Opening:
    """What a row says of the time before us; `holder` is the person meant, once looked up."""

    holder: str = ""
    place: str = ""
    odometer_on: date | None = None
    last_service_on: date | None = None
    last_service_km: Decimal | None = None
    calibrated_on: date | None = None
    calibration_valid_until: date | None = None
    taken_over_on: date | None = None

    @property
    def is_given(self) -> bool:
        return self != Opening()

    def told(self, draft: AssetDraft) -> dict[str, object]:
        """What was taken over, for the event: only what was given, and no person by name."""
        said = {
            "place": self.place or None,
            "odometer_km": draft.odometer_km,
            "odometer_on": self.odometer_on,
            "last_service_on": self.last_service_on,
            "last_service_km": self.last_service_km,
            "calibrated_on": self.calibrated_on,
            "calibration_valid_until": self.calibration_valid_until,
            "inventory_number": draft.inventory_number or None,
            "warranty_until": draft.warranty_until,
        }
        return {key: str(value) for key, value in said.items() if value is not None}


def parse_opening(cells: Mapping[str, object]) -> Opening:
    """The opening balance of a row; `InvalidInput` names every cell that cannot be read."""
    return Opening(**read_fields(OPENING_FIELDS, cells))


class Openings:
    """Checks the opening balances of a stretch of rows and takes them over."""

    def __init__(self, work: Work, openings: Iterable[Opening]) -> None:
        self._work = work
        self._today = local_date(work.now, work.zone)
        numbers = {opening.holder for opening in openings if opening.holder}
        self._persons: dict[str, Person] = {}
        if numbers:
            rows = work.session.scalars(
                select(Person)
                .options(joinedload(Person.unit).joinedload(Unit.region))
                .where(Person.number.in_(numbers), persons_for(work.actor, Permission.IMPORT_RUN))
            )
            self._persons = {person.number: person for person in rows}

    def moment(self, day: date | None) -> datetime:
        """The first moment of a day, or now."""
        if day is None or day == self._today:
            return self._work.now if day is None else min(self._work.now, day_start(day, self._work.zone))
        return day_start(day, self._work.zone)

    def check(self, draft: AssetDraft, opening: Opening) -> Message | None:
        """`InvalidInput` naming all that cannot be right; answers what else the reader should know."""
        errors = [*self._dates(opening), *self._holder(draft, opening), *self._service(draft, opening)]
        errors += self._calibration(draft, opening)
        if errors:
            raise InvalidInput(errors[0].message, fields=errors)
        if opening.last_service_on and opening.last_service_km is None and _by_km(draft):
            return msg("The odometer at the last service is not given: care by kilometres counts from the reading now.")
        return None

    def _dates(self, opening: Opening) -> Iterable[FieldError]:
        for name in ("odometer_on", "last_service_on", "calibrated_on", "taken_over_on"):
            day = getattr(opening, name)
            if day is not None and day > self._today:
                yield FieldError(name, _FUTURE, "in_the_future")

    def _holder(self, draft: AssetDraft, opening: Opening) -> Iterable[FieldError]:
        if not opening.holder:
            return
        person = self._persons.get(opening.holder)
        if person is None:
            words = msg("No person of yours has the number %(number)s: import persons first.", number=opening.holder)
            yield FieldError("holder", words, "unknown_person")
            return
        if person.left_on is not None and person.left_on <= (opening.taken_over_on or self._today):
            yield FieldError("holder", msg("This person has left and cannot hold anything."), "person_has_left")
        if draft.life not in {None, "in_service"}:
            words = msg("What a person has is in service: leave the life empty, or the holder.")
            yield FieldError("life", words, "not_in_service")

    def _service(self, draft: AssetDraft, opening: Opening) -> Iterable[FieldError]:
        if opening.odometer_on is not None and draft.odometer_km is None:
            yield FieldError("odometer_km", msg("Give what the odometer showed on that day."), "required")
        if opening.last_service_km is not None and opening.last_service_on is None:
            yield FieldError("last_service_on", msg("Give the day of the last service."), "required")
        if opening.last_service_on is not None and not serviced_plans(draft.class_code or ""):
            yield FieldError("last_service_on", msg("This class has no care plan that could count from it."), "no_plan")
        if opening.last_service_km is not None and not _by_km(draft):
            yield FieldError("last_service_km", msg("This class has no care by kilometres."), "no_such_meter")
        if opening.last_service_km and draft.odometer_km is not None and opening.last_service_km > draft.odometer_km:
            words = msg("This is more than the odometer shows, %(value)s.", value=draft.odometer_km)
            yield FieldError("last_service_km", words, "reading_above_later")

    def _calibration(self, draft: AssetDraft, opening: Opening) -> Iterable[FieldError]:
        done, until = opening.calibrated_on, opening.calibration_valid_until
        if done is None:
            if until is not None:
                yield FieldError("calibrated_on", msg("Give the day of the calibration as well."), "required")
            return
        if not calibration_plans_of(draft.class_code or ""):
            yield FieldError("calibrated_on", msg("This class has no calibration or verification."), "no_plan")
        if until is not None and until < done:
            words = msg("It cannot end before it was done.")
            yield FieldError("calibration_valid_until", words, "out_of_range")

    def take_over(self, given: Sequence[tuple[Asset, AssetDraft, Opening, bool]]) -> None:
        """Write the openings of these assets, each (asset, draft, opening, whether it is new).

        Each gets the event 'taken_over'; holder, plans and calibration go through their own slices.
        """
        work = self._work
        events = []
        for asset, draft, opening, _ in given:
            at = self.moment(opening.taken_over_on)
            data = {**opening.told(draft), **work.told}
            happening = Occurrence(at, work.now, n=1)
            events.append(append(work.session, work.actor, asset, "taken_over", happening, data, grade=draft.condition))
        work.session.flush()
        held = [
            Held(asset, self._persons[opening.holder], Occurrence(self.moment(opening.taken_over_on), work.now, n=2))
            for asset, _, opening, _ in given
            if opening.holder
        ]
        take_over_holders(work.session, work.actor, held, work.told)
        # Without a service on paper they get their plans like any new item, and these count from the start.
        serviced = [
            Serviced(asset, LastDone(opening.last_service_on, opening.last_service_km), is_new)
            for asset, _, opening, is_new in given
            if opening.last_service_on is not None
        ]
        take_over_services(work.session, work.actor, serviced, work.now)
        calibrated = [
            CalibrationTaken(
                asset, event, self.moment(opening.calibrated_on), opening.calibrated_on,
                opening.calibration_valid_until, is_new,
            )
            for (asset, _, opening, is_new), event in zip(given, events, strict=True)
            if opening.calibrated_on is not None
        ]  # fmt: skip
        take_over_calibrations(work.session, work.actor, calibrated, work.now)


def _by_km(draft: AssetDraft) -> bool:
    return any(plan.meter_kind == "odometer_km" for plan in serviced_plans(draft.class_code or ""))
