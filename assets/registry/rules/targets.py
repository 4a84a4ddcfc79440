"""The figures that a grant may promise: which they are, in which unit, and for which classes. Pure.

The codes are those of the figures themselves (domain.md section 2); a test holds the two lists together.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from assets.core.errors import FieldError, InvalidInput, invalid
from assets.core.i18n import Message, msg
from assets.registry.rules.classes import CLASSES

MAX_TARGET = Decimal(9_999_999)


@dataclass(frozen=True)
class TargetKpi:
    """A figure with its unit ('share' from 0 to 1, 'uses' or 'km', both per item and month) and what it is of."""

    code: str
    title: Message
    unit: str
    of: str = "all"  # or 'vehicles', 'items' (everything else), 'instruments' (what is calibrated)


_ALL = (
    TargetKpi("utilisation_days_rate", msg("Days used, of days it could be used"), "share", "vehicles"),
    TargetKpi("availability_rate", msg("Vehicle-days not off the road"), "share", "vehicles"),
    TargetKpi("verification_rate", msg("Items verified by a person in the period"), "share"),
    TargetKpi("pm_compliance", msg("Planned care done on time"), "share"),
    TargetKpi("in_calibration_rate", msg("Instruments with a valid calibration"), "share", "instruments"),
    TargetKpi("uses_per_asset_month", msg("Uses per item and month"), "uses", "items"),
    TargetKpi("distance_per_vehicle_month", msg("Kilometres per vehicle and month"), "km", "vehicles"),
)
TARGET_KPIS: dict[str, TargetKpi] = {kpi.code: kpi for kpi in _ALL}


def check_target(kpi: str, class_code: str, value: Decimal) -> None:
    """`InvalidInput` unless the figure can be planned, suits the class ('' for all) and the value its unit."""
    known = TARGET_KPIS.get(kpi)
    if known is None:
        words = msg("This is one of: %(known)s.", known=", ".join(TARGET_KPIS))
        raise InvalidInput(words, fields=[FieldError("kpi", words, "unknown_word")])
    if class_code and not _suits(known, class_code):
        raise invalid("class", msg("This figure is not one of this class."), code="kpi_not_of_class")
    if not 0 <= value <= (1 if known.unit == "share" else MAX_TARGET):
        words = (
            msg("A share lies between 0 and 1 (0 to 100 percent).")
            if known.unit == "share"
            else msg("This is too large.")
        )
        raise invalid("value", words, code="out_of_range")


def _suits(kpi: TargetKpi, class_code: str) -> bool:
    defaults = CLASSES.get(class_code)
    if defaults is None:
        return False
    if kpi.of == "instruments":
        return defaults.subject_to_calibration
    return kpi.of == "all" or (kpi.of == "vehicles") == defaults.is_vehicle
