"""What the made-up programme consists of: rounds of delivery after the public record, models, and where things went.

The rounds' dates, places and values follow published facts of the programme; every item, number and name below them
is made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

PASSWORD = "Namoyish-2026"  # noqa: S105  # the demo's accounts hold made-up data only
HISTORY_DAYS = 456
"""Fifteen months of use and work."""
TELEMETRY_DAYS = 30

# Which regions had a team from 2018, and the visits' sites of 2019.
FIRST_TEAMS = ("UZ-TK", "UZ-SI", "UZ-FA", "UZ-SU", "UZ-SA", "UZ-QR")

ROLES: tuple[tuple[str, str, str], ...] = (
    # login, role, where ('' everywhere; a region's code: its team; a donor's code)
    ("administrator", "administrator", ""),
    ("coordinator", "coordinator", ""),
    ("approver", "approver", ""),
    ("commander", "commander", "UZ-SU"),
    ("logistics", "logistics_officer", "UZ-SU"),
    ("officer", "officer", "UZ-SU"),
    ("technician", "technician", ""),
    ("monitor", "monitor", ""),
    ("donor", "donor", "JPN"),
    ("auditor", "auditor", ""),
)


@dataclass(frozen=True)
class Model:
    """A model of a class: maker, type, and what one costs in US dollars."""

    maker: str
    name: str
    price: int


MODELS: dict[str, tuple[Model, ...]] = {
    "vehicle.patrol": (Model("Chevrolet", "Lacetti", 13_500), Model("Chevrolet", "Nexia 3", 9_800)),
    "vehicle.offroad": (Model("Toyota", "Land Cruiser 76", 31_000), Model("Mitsubishi", "L200", 26_500)),
    "vehicle.investigation": (Model("Chevrolet", "Cobalt", 11_200),),
    "vehicle.forensic_van": (Model("Mercedes-Benz", "Sprinter 316", 68_000),),
    "search.videoscope": (Model("Olympus", "IPLEX TX", 6_900), Model("Coantec", "C40", 2_400)),
    "search.fiberscope": (Model("Hawkeye", "Classic Slim 24", 3_100),),
    "search.density_meter": (Model("CSECO", "Buster K910B", 8_700),),
    "search.mirror_uvss": (Model("GAMMA", "SM-50", 280),),
    "search.xray": (Model("Scanna", "Scanwedge", 34_000),),
    "search.backscatter": (Model("Viken", "HBI-120", 48_000),),
    "search.gas_probe": (Model("Dräger", "X-am 8000", 3_300),),
    "ident.raman": (Model("Thermo", "TruNarc", 21_500),),
    "ident.ftir": (Model("Smiths", "HazMatID 360", 44_000),),
    "ident.ims_trace": (Model("Smiths", "IONSCAN 500DT", 27_000),),
    "ident.xrf": (Model("Olympus", "Vanta L", 19_800),),
    "ident.test_kit": (Model("UNODC", "Drug identification kit", 900),),
    "protect.armour": (Model("Mehler", "Exo 4", 740),),
    "protect.respirator": (Model("3M", "6800", 190),),
    "protect.filter": (Model("3M", "6035", 40),),
    "protect.gloves_suit": (Model("DuPont", "Tychem 2000", 60),),
    "radiation.prd": (Model("Polimaster", "PM1621", 620),),
    "comms.radio": (Model("Motorola", "DP4400", 680),),
    "it.other": (Model("SMART", "Board MX", 3_900),),
    "kit": (Model("Field", "Search kit", 2_600),),
}


@dataclass(frozen=True)
class Round:
    """A handover: number, day, place, grant, and how many of each class."""

    number: str
    on: date
    place: str
    grant: str
    items: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Promise:
    """A planned value of a grant: which figure, of which class ('' for all), how much, and where that stands."""

    kpi: str
    value: str
    class_code: str = ""
    note: str = ""


@dataclass(frozen=True)
class DemoGrant:
    """A grant of the donor, with the numbers that its papers bear."""

    code: str
    title: str
    en_number: str
    ga_number: str
    signed: date
    amount: Decimal
    currency: str


GRANTS = (
    DemoGrant(
        "JPN-2017", "Interagency mobile teams, phase I", "E/N 2017-UZ-04", "G/A 1760410",
        date(2017, 3, 28), Decimal(263_000_000), "JPY",
    ),
    DemoGrant(
        "JPN-2020", "Border liaison offices and interagency mobile teams, phase II", "E/N 2020-UZ-02",
        "G/A 2060220", date(2020, 3, 12), Decimal(6_800_000), "USD",
    ),
)  # fmt: skip

# What was promised of the equipment of either grant; shares from 0 to 1.
PROMISES = (
    Promise("utilisation_days_rate", "0.5", note="Application, table 4"),
    Promise("availability_rate", "0.9"),
    Promise("verification_rate", "1", note="Each item seen once a quarter"),
    Promise("pm_compliance", "0.9"),
    Promise("in_calibration_rate", "0.95"),
    Promise("distance_per_vehicle_month", "1500"),
    Promise("uses_per_asset_month", "2"),
    Promise("uses_per_asset_month", "3", "ident.raman", "Operators' course, closing report"),
)

ROUNDS = (
    Round("R1-2018", date(2018, 6, 25), "Tashkent", "JPN-2017", (
        ("vehicle.patrol", 18), ("vehicle.offroad", 10), ("vehicle.investigation", 2), ("search.density_meter", 12),
        ("search.fiberscope", 8), ("search.mirror_uvss", 20), ("kit", 14), ("protect.respirator", 20),
        ("radiation.prd", 14),
    )),
    Round("R2-2019", date(2019, 6, 20), "Tashkent", "JPN-2017", (
        ("ident.ims_trace", 10), ("search.videoscope", 12), ("ident.raman", 4),
    )),
    Round("R3-2019", date(2019, 9, 25), "Gulistan", "JPN-2017", (
        ("ident.raman", 6), ("ident.ftir", 4), ("search.density_meter", 8), ("search.gas_probe", 8), ("ident.xrf", 2),
    )),
    Round("R5-2019", date(2019, 12, 10), "Tashkent", "JPN-2017", (("vehicle.offroad", 5),)),
    Round("R6-2020", date(2020, 2, 6), "Tashkent", "JPN-2017", (
        ("vehicle.forensic_van", 1), ("search.videoscope", 33),
    )),
    Round("R7-2021", date(2021, 2, 18), "Tashkent", "JPN-2020", (
        ("vehicle.patrol", 17), ("vehicle.offroad", 6), ("vehicle.investigation", 2), ("search.density_meter", 8),
        ("search.mirror_uvss", 16), ("ident.raman", 4), ("ident.ims_trace", 4), ("comms.radio", 20),
        ("search.backscatter", 3), ("search.xray", 2), ("ident.test_kit", 14), ("protect.filter", 14),
        ("protect.armour", 30),
    )),
    Round("R8-2021", date(2021, 5, 6), "Tashkent", "JPN-2020", (
        ("vehicle.patrol", 2), ("comms.radio", 28), ("it.other", 14), ("kit", 14), ("protect.gloves_suit", 14),
    )),
)  # fmt: skip

FAULTS: dict[str, tuple[tuple[str, str], ...]] = {
    # By the start of the class code; each is a severity with the words of whoever reports it.
    "vehicle": (
        ("major", "Clutch slips under load"),
        ("minor", "Air conditioning does not cool"),
        ("major", "Brakes grind at the front left"),
        ("critical", "Engine overheats on the pass"),
        ("minor", "Rear lamp broken"),
    ),
    "search": (
        ("major", "Image dark, light guide worn"),
        ("minor", "Battery lasts an hour only"),
        ("major", "Tip no longer bends to the left"),
    ),
    "ident": (("major", "Self-check fails"), ("minor", "Screen scratched"), ("major", "Does not start")),
    "": (("minor", "Strap torn"), ("minor", "Case damaged")),
}
