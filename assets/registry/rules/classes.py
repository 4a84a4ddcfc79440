"""The equipment classes and what each gives by default; every interval is to be confirmed against the maker's manual.

A class gives defaults, a model or an asset overrides them with a reason. Nothing here is a fact about one maker's
item: `INTERVALS_TO_CONFIRM` is shown wherever a plan stands on these figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from assets.core.i18n import Message, msg

INTERVALS_TO_CONFIRM = msg("Default interval: confirm it against the maker's manual.")

CALIBRATION_KINDS = ("calibration", "verification", "functional_check", "none")

WEEK, MONTH, QUARTER, HALF_YEAR, YEAR = 7, 30, 91, 182, 365


@dataclass(frozen=True)
class CheckItem:
    """One thing to look at before use; `code` stands in the recorded check."""

    code: str
    title: Message


@dataclass(frozen=True)
class MaintenancePlanDefault:
    """Periodic care: due by the calendar or by a meter, whichever comes first.

    The severe pair holds where the class (or an asset) is in severe use; without one the usual pair holds for both.
    `meter_interval` is in the meter's unit (km, h, uses).
    """

    code: str
    title: Message
    interval_days: int | None = None
    meter_kind: str | None = None
    meter_interval: Decimal | None = None
    severe_interval_days: int | None = None
    severe_meter_interval: Decimal | None = None

    @property
    def name(self) -> str:
        """The English title, as stored with a plan."""
        return str(self.title)

    def intervals(self, *, severe: bool) -> tuple[int | None, Decimal | None]:
        """(days, meter interval) for severe or usual use."""
        if not severe:
            return self.interval_days, self.meter_interval
        return (
            self.severe_interval_days if self.severe_interval_days is not None else self.interval_days,
            self.severe_meter_interval if self.severe_meter_interval is not None else self.meter_interval,
        )


@dataclass(frozen=True)
class CalibrationPlanDefault:
    """Periodic calibration, verification or functional check."""

    code: str
    kind: str
    title: Message
    interval_days: int | None = None
    meter_kind: str | None = None
    meter_interval: Decimal | None = None

    @property
    def name(self) -> str:
        """The English title, as stored with a plan."""
        return str(self.title)


@dataclass(frozen=True)
class ClassDefaults:
    """What a class gives its assets by default.

    `calibration_kind` is what makes an item of the class fit for measuring or detecting ('none': nothing does);
    `checked_each_shift`: a passed check of the day belongs to a result made with it;
    `usual_use` is what a return proposes with one tap: 'uses' (one), 'hours', or None where telemetry counts.
    """

    code: str
    title: Message
    usage_meter: str = ""
    is_vehicle: bool = False
    severe_use: bool = False
    calibration_kind: str = "none"
    checks: tuple[CheckItem, ...] = ()
    maintenance_plans: tuple[MaintenancePlanDefault, ...] = ()
    calibration_plans: tuple[CalibrationPlanDefault, ...] = ()
    usual_use: str | None = None
    attractive: bool = False
    expected_life_years: int | None = None
    checked_each_shift: bool = False

    @property
    def name(self) -> str:
        """The English title."""
        return str(self.title)

    @property
    def subject_to_calibration(self) -> bool:
        """Whether items count in the in-calibration rate: a calibration or verification must be valid."""
        return self.calibration_kind in {"calibration", "verification"}


def _calendar(code: str, title: Message, days: int) -> MaintenancePlanDefault:
    return MaintenancePlanDefault(code, title, interval_days=days)


def _by_distance(
    code: str, title: Message, usual: tuple[int, int], severe: tuple[int, int] | None = None
) -> MaintenancePlanDefault:
    """Due by days or km; each pair is (days, km)."""
    return MaintenancePlanDefault(
        code, title, usual[0], "odometer_km", Decimal(usual[1]),
        severe[0] if severe else None, Decimal(severe[1]) if severe else None,
    )  # fmt: skip


_VEHICLE_CHECKS = (
    CheckItem("lights", msg("Lights and signals work")),
    CheckItem("tyres", msg("Tyres: pressure and tread")),
    CheckItem("fluids", msg("Oil, coolant, brake fluid: levels")),
    CheckItem("first_aid", msg("First-aid kit complete")),
    CheckItem("extinguisher", msg("Extinguisher present and in date")),
    CheckItem("tracker", msg("Tracker lamp on")),
)
_VEHICLE_PLANS = (
    _by_distance("oil", msg("Engine oil and filter"), (YEAR, 10_000), (HALF_YEAR, 5_000)),
    _by_distance("inspection", msg("Brake inspection"), (YEAR, 20_000), (HALF_YEAR, 10_000)),
    _by_distance("air_filter", msg("Air filter"), (YEAR, 20_000), (HALF_YEAR, 10_000)),
    _by_distance("chassis", msg("Tyres, suspension, driveline"), (YEAR, 20_000), (YEAR, 10_000)),
    _calendar("brake_fluid", msg("Brake fluid"), 2 * YEAR),
    _calendar("battery", msg("Vehicle battery"), 4 * YEAR),
    _calendar("state_inspection", msg("State technical inspection"), YEAR),
    _calendar("insurance", msg("Insurance"), YEAR),
    _calendar("extinguisher", msg("Extinguisher inspection"), YEAR),
    _calendar("season", msg("Change between winter and summer"), HALF_YEAR),
)


def _vehicle(code: str, title: Message, *, severe_use: bool = False) -> ClassDefaults:
    return ClassDefaults(
        code, title, "odometer_km", is_vehicle=True, severe_use=severe_use, checks=_VEHICLE_CHECKS,
        maintenance_plans=_VEHICLE_PLANS, attractive=True, expected_life_years=5,
    )  # fmt: skip


def _scope(code: str, title: Message) -> ClassDefaults:
    return ClassDefaults(
        code, title, "uses", calibration_kind="functional_check",
        checks=(
            CheckItem("cord", msg("Cable or cord without wear")),
            CheckItem("articulation", msg("Tip bends fully both ways")),
            CheckItem("image", msg("Image is clear")),
            CheckItem("light", msg("Light works")),
        ),
        maintenance_plans=(
            _calendar("sheath", msg("Inspect the sheath"), MONTH),
            _calendar("battery", msg("Battery"), 2 * YEAR),
        ),
        calibration_plans=(
            CalibrationPlanDefault(
                "function", "functional_check", msg("Image target, articulation angle, leak"), HALF_YEAR
            ),
        ),
        usual_use="uses", attractive=True, expected_life_years=7,
    )  # fmt: skip


def _xray(code: str, title: Message) -> ClassDefaults:
    return ClassDefaults(
        code, title, "scans", calibration_kind="verification",
        checks=(
            CheckItem("interlock", msg("Interlock stops the beam")),
            CheckItem("warning_lamp", msg("Warning lamp works")),
            CheckItem("step_wedge", msg("Image of the step wedge is good")),
        ),
        maintenance_plans=(_calendar("service", msg("Yearly service"), YEAR),),
        calibration_plans=(
            CalibrationPlanDefault("survey", "verification", msg("Radiation survey"), YEAR),
            CalibrationPlanDefault("image", "functional_check", msg("Image quality test"), MONTH),
        ),
        usual_use="uses", attractive=True, expected_life_years=7,
    )  # fmt: skip


def _spectrometer(code: str, title: Message, care: MaintenancePlanDefault) -> ClassDefaults:
    return ClassDefaults(
        code, title, "scans", calibration_kind="verification",
        checks=(
            CheckItem("self_check", msg("Self-check on polystyrene passed")),
            CheckItem("window", msg("Window or crystal is clean")),
            CheckItem("library", msg("Library version noted")),
        ),
        maintenance_plans=(care, _calendar("maker_service", msg("Maker's service"), 2 * YEAR)),
        calibration_plans=(
            CalibrationPlanDefault("reference", "verification", msg("Verification on a reference sample"), MONTH),
        ),
        usual_use="uses", attractive=True, expected_life_years=5, checked_each_shift=True,
    )  # fmt: skip


_ALL = (
    _vehicle("vehicle.offroad", msg("Off-road vehicle"), severe_use=True),
    _vehicle("vehicle.patrol", msg("Patrol vehicle"), severe_use=True),
    _vehicle("vehicle.investigation", msg("Investigation vehicle")),
    _vehicle("vehicle.forensic_van", msg("Forensic van")),
    _scope("search.videoscope", msg("Videoscope")),
    _scope("search.fiberscope", msg("Fiberscope")),
    ClassDefaults(
        "search.density_meter", msg("Density meter"), "scans", calibration_kind="calibration",
        checks=(
            CheckItem("self_test", msg("Self-test passed")),
            CheckItem("reference", msg("Reading on the reference block is right")),
        ),
        maintenance_plans=(_calendar("clean", msg("Clean, check the battery"), QUARTER),),
        calibration_plans=(
            CalibrationPlanDefault("calibration", "calibration", msg("Calibration"), YEAR),
            CalibrationPlanDefault("leak_test", "verification", msg("Leak (wipe) test of the source"), YEAR),
        ),
        usual_use="uses", attractive=True, expected_life_years=10, checked_each_shift=True,
    ),
    ClassDefaults(
        "search.mirror_uvss", msg("Inspection mirror or under-vehicle camera"), "uses",
        checks=(
            CheckItem("glass", msg("Glass whole and clean")),
            CheckItem("lamp", msg("Lamp works")),
            CheckItem("wheels", msg("Wheels turn")),
        ),
        maintenance_plans=(_calendar("visual", msg("Visual inspection"), HALF_YEAR),),
        usual_use="uses", expected_life_years=5,
    ),
    _xray("search.xray", msg("Portable X-ray")),
    _xray("search.backscatter", msg("Handheld backscatter imager")),
    ClassDefaults(
        "search.gas_probe", msg("Gas or heartbeat detector"), "hours", calibration_kind="calibration",
        checks=(
            CheckItem("zero", msg("Zero in clean air")),
            CheckItem("bump", msg("Bump test passed")),
        ),
        maintenance_plans=(
            _calendar("service", msg("Service"), YEAR),
            _calendar("sensor", msg("Sensor replacement"), 3 * YEAR),
        ),
        calibration_plans=(CalibrationPlanDefault("span", "calibration", msg("Span calibration"), HALF_YEAR),),
        usual_use="hours", attractive=True, expected_life_years=5,
    ),
    _spectrometer("ident.raman", msg("Raman analyser"), _calendar("window", msg("Clean the window"), MONTH)),
    _spectrometer("ident.ftir", msg("FTIR analyser"), _calendar("desiccant", msg("Clean crystal, desiccant"), MONTH)),
    ClassDefaults(
        "ident.ims_trace", msg("Trace detector"), "samples", calibration_kind="verification",
        checks=(
            CheckItem("swab", msg("Verification swab found")),
            CheckItem("blank", msg("Blank is clear")),
        ),
        maintenance_plans=(
            _calendar("desiccant", msg("Desiccant or purifier, filters"), MONTH),
            _calendar("service", msg("Yearly service"), YEAR),
        ),
        calibration_plans=(
            CalibrationPlanDefault("swab", "verification", msg("Verification with a swab"), MONTH),
            CalibrationPlanDefault("leak_test", "verification", msg("Leak (wipe) test of the source"), YEAR),
        ),
        usual_use="uses", attractive=True, expected_life_years=7, checked_each_shift=True,
    ),
    ClassDefaults(
        "ident.xrf", msg("Handheld XRF analyser"), "shots", calibration_kind="calibration",
        checks=(
            CheckItem("coupon", msg("Standard coupon reads right")),
            CheckItem("window", msg("Window film whole")),
        ),
        maintenance_plans=(_calendar("film", msg("Window film"), HALF_YEAR),),
        calibration_plans=(
            CalibrationPlanDefault("calibration", "calibration", msg("Energy calibration"), YEAR),
            CalibrationPlanDefault("leakage", "verification", msg("Leakage survey"), YEAR),
        ),
        usual_use="uses", attractive=True, expected_life_years=7, checked_each_shift=True,
    ),
    ClassDefaults(
        "ident.test_kit", msg("Colour-test kit"), "tests_left",
        checks=(
            CheckItem("seal", msg("Seal whole")),
            CheckItem("colour", msg("Reagents have their colour")),
            CheckItem("expiry", msg("In date")),
        ),
        expected_life_years=2,
    ),
    ClassDefaults(
        "protect.armour", msg("Body armour or helmet"), "wear_days",
        checks=(
            CheckItem("cover", msg("Cover whole, no sign of impact or water")),
            CheckItem("panel", msg("Panels seated")),
        ),
        maintenance_plans=(_calendar("inspection", msg("Inspection"), HALF_YEAR),),
        expected_life_years=5,
    ),
    ClassDefaults(
        "protect.respirator", msg("Respirator mask"), "uses", calibration_kind="functional_check",
        checks=(
            CheckItem("face_seal", msg("Face seal whole")),
            CheckItem("valves", msg("Valves clean")),
        ),
        maintenance_plans=(_calendar("visual", msg("Visual inspection"), MONTH),),
        calibration_plans=(CalibrationPlanDefault("fit", "functional_check", msg("Fit test"), YEAR),),
        usual_use="uses", expected_life_years=10,
    ),
    ClassDefaults(
        "protect.filter", msg("Respirator filter"), "uses",
        checks=(
            CheckItem("cap_seal", msg("Cap seal whole")),
            CheckItem("expiry", msg("In date")),
        ),
        maintenance_plans=(_calendar("visual", msg("Visual inspection"), MONTH),),
        usual_use="uses", expected_life_years=5,
    ),
    ClassDefaults(
        "protect.gloves_suit", msg("Protective gloves or suit"),
        checks=(CheckItem("packaging", msg("Packaging whole")), CheckItem("expiry", msg("In date"))),
        expected_life_years=4,
    ),
    ClassDefaults(
        "radiation.prd", msg("Personal radiation detector"), "hours", calibration_kind="verification",
        checks=(CheckItem("check_source", msg("Answers to the check source")),),
        maintenance_plans=(_calendar("battery", msg("Battery and case"), HALF_YEAR),),
        calibration_plans=(
            CalibrationPlanDefault("state_verification", "verification", msg("State verification"), YEAR),
        ),
        usual_use="hours", attractive=True, expected_life_years=7, checked_each_shift=True,
    ),
    ClassDefaults(
        "comms.radio", msg("Radio"), "hours",
        checks=(
            CheckItem("battery", msg("Battery charged")),
            CheckItem("push_to_talk", msg("Push-to-talk works")),
        ),
        maintenance_plans=(
            _calendar("alignment", msg("Alignment check"), YEAR),
            _calendar("battery", msg("Battery"), 2 * YEAR),
        ),
        attractive=True, expected_life_years=7,
    ),
    ClassDefaults(
        "it.other", msg("Computer or office equipment"),
        maintenance_plans=(_calendar("service", msg("Yearly service"), YEAR),),
        attractive=True, expected_life_years=4,
    ),
    ClassDefaults(
        "kit", msg("Search kit"), "uses",
        checks=(CheckItem("complete", msg("Complete by its checklist")),),
        maintenance_plans=(_calendar("completeness", msg("Completeness"), QUARTER),),
        usual_use="uses", expected_life_years=7,
    ),
)  # fmt: skip

CLASSES: dict[str, ClassDefaults] = {defaults.code: defaults for defaults in _ALL}
